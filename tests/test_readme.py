"""The documents are right: their Python runs, and what they point at is there."""

import pathlib
import re

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(path, language):
    return re.findall(rf"^```{language}\n(.*?)^```", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def document(path):
    return str(path.relative_to(ROOT))


def test_the_first_example_learns(capsys):
    names = {}
    exec(compile(blocks(ROOT / "README.md", "python")[0], "README.md", "exec"), names)
    loss, percent = re.fullmatch(r"loss ([\d.]+), (\d+)% of the pixels are right\n", capsys.readouterr().out).groups()
    assert float(loss) < 0.1
    assert int(percent) >= 95
    assert names["loss"].item() < 0.1 < np.log(2)


def test_the_first_example_has_twenty_lines():
    lines = [line for line in blocks(ROOT / "README.md", "python")[0].splitlines() if line.strip()]
    assert len(lines) <= 20


def test_the_second_example_is_checked_and_would_fail_if_wrong():
    code = blocks(ROOT / "README.md", "python")[1]
    assert "assert gradcheck" in code
    exec(compile(code, "README.md", "exec"), {})
    with pytest.raises(AssertionError, match="input 0 of shape"):
        exec(compile(code.replace("2 * x * grad", "3 * x * grad"), "README.md", "exec"), {})


@pytest.mark.parametrize("path", DOCUMENTS, ids=document)
def test_links_lead_somewhere(path):
    text = path.read_text(encoding="utf-8")
    links = [target.partition("#")[0] for target in re.findall(r"\]\(([^)]+)\)", text) if "://" not in target]
    missing = [target for target in links if target and not (path.parent / target).exists()]
    assert not missing


@pytest.mark.parametrize("path", DOCUMENTS, ids=document)
def test_files_that_are_named_exist(path):
    text = path.read_text(encoding="utf-8")
    named = re.findall(r"`((?:minidet|tests|docs|benchmarks)/[\w/.]+)`", text)
    assert not [name for name in named if not (ROOT / name).exists()]


@pytest.mark.parametrize("path", DOCUMENTS, ids=document)
def test_make_targets_that_are_named_exist(path):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z]+)", path.read_text(encoding="utf-8"), re.MULTILINE))
    assert named <= targets


def test_architecture_shows_the_floors_of_setup_cfg():
    """The same layers in the same order as the contract that is tested."""
    config = (ROOT / "setup.cfg").read_text(encoding="utf-8")
    contract = re.search(r"^layers =\n((?:    .+\n)+)", config, re.MULTILINE)[1]
    floors = [re.findall(r"\w+", line) for line in contract.splitlines()]
    drawing = blocks(ROOT / "docs" / "architecture.md", "")[0].splitlines()
    assert len(drawing) == len(floors)
    for line, rooms in zip(drawing, floors, strict=True):
        assert re.match(r"\s*\|\s*".join(rooms) + r"\s", line), line
