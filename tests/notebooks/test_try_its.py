"""Every "Try it" of every notebook is tried, and its answer is folded below it."""

import importlib
import importlib.util
import re

import pytest

from notebooks import __main__ as runner

from .try_its.edit import Edit, assert_comes_out, cells_of

TRY_IT = re.compile(r"\*\*Try it")


def edits_of(name):
    """Return the edits of a notebook: by the number of the Try it."""
    number = name.split("_")[0]
    module = f"tests.notebooks.try_its.edits_{number}"
    return importlib.import_module(module).EDITS if importlib.util.find_spec(module) else {}


def markdown_of(name):
    """Return the Markdown of a notebook's source as one text."""
    lines = (runner.FOLDER / f"{name}.py").read_text(encoding="utf-8").splitlines()
    return "\n".join(line.removeprefix("#").removeprefix(" ") for line in lines if line.startswith("#"))


def places(name):
    """Return what stands from each "Try it" to the next one; the sentence in the head that announces them is none."""
    parts = TRY_IT.split(markdown_of(name))
    return [part for part, before in zip(parts[1:], parts, strict=False) if not before.rstrip().endswith("Look for")]


@pytest.mark.parametrize("name", runner.names())
def test_every_try_it_has_edits_and_a_folded_answer(name):
    found = places(name)
    assert sorted(edits_of(name)) == list(range(1, len(found) + 1))
    for number, part in enumerate(found, 1):
        assert edits_of(name)[number], f"Try it {number} has no edit"
        fold = part.find("<details>")
        assert 0 <= fold < 1500, f"Try it {number} has no answer folded below it: {part[:80]!r}"


def tried():
    """List all edits: (name of the notebook, number of the Try it, number of the edit, edit)."""
    return [pytest.param(name, edit, id=f"{name.split('_')[0]}-{number}-{place}") for name in runner.names()
            for number, edits in edits_of(name).items() for place, edit in enumerate(edits)]  # fmt: skip


@pytest.mark.parametrize("name, edit", tried())
def test_the_texts_of_an_edit_are_there(name, edit):
    pytest.importorskip("jupytext")
    cells, first = cells_of(name, edit)
    assert 0 <= first < len(cells)


@pytest.mark.notebooks
@pytest.mark.slow
@pytest.mark.parametrize("name, edit", tried())
def test_try_it(name, edit, tmp_path):
    pytest.importorskip("jupytext")
    assert_comes_out(name, edit, tmp_path)


@pytest.fixture
def toy(monkeypatch):
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("jupytext")
    sources = "x = 2\nprint('x', x)", "assert x == 2, 'not two'", "print('end')"

    def read(name):
        return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])

    monkeypatch.setattr(runner, "read", read)


@pytest.mark.slow
@pytest.mark.parametrize("edit", [
    Edit((("x = 2", "x = 3"),), prints="^x 3\n$"),
    Edit((("x = 2", "x = 3"),), until="assert", raises="AssertionError: not two"),
    Edit((("x = 2", "x = 3"),), until="'end'", without=("assert",), prints="x 3\nend"),
    Edit(until="print('x'", add="print(x + 5)", prints="^7\n$"),
])  # fmt: skip
def test_edits_that_come_out_as_they_say_pass(toy, edit, tmp_path):
    assert_comes_out("toy", edit, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("edit", [
    Edit((("x = 2", "x = 3"),), prints="^x 2"),
    Edit((("x = 2", "x = 3"),), until="assert"),
    Edit((("x = 2", "x = 2.0"),), until="assert", raises="AssertionError"),
    Edit((("x = 2", "x = y"),), until="assert", raises="NameError"),  # another cell than the last raises it
])  # fmt: skip
def test_edits_that_come_out_otherwise_fail(toy, edit, tmp_path):
    with pytest.raises(AssertionError):
        assert_comes_out("toy", edit, tmp_path)


def test_texts_that_are_not_unique_are_errors(toy):
    for edit in (Edit((("print", "y"),)), Edit((("nothing", "y"),)), Edit(until="nothing"), Edit()):
        with pytest.raises(ValueError, match="toy: "):
            cells_of("toy", edit)
