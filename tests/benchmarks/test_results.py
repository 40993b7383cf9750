"""The table of results: read from files, complete, and honest about what is missing."""

import json
import pathlib
import shlex
from types import SimpleNamespace

import pytest

from benchmarks import results
from benchmarks.claims.report import marks
from benchmarks.results import FOLDER, HEADER, ROWS, cells
from minidet.cli import build_parser
from minidet.data.scenes.shapes_outline import SHAPES
from minidet.training.recipes import recipe_for
from minidet.training.tasks import Detection

ROOT = pathlib.Path(__file__).parents[2]


def test_a_row_is_read_from_its_file(tmp_path):
    row = ROWS[0]
    record = {"figures": {row.figure: row.goal + 0.01}, "baseline": {row.figure: 0.1}, "baseline_name": "simple",
              "epochs": 3, "seconds": 90.0}  # fmt: skip
    (tmp_path / f"{row.file}.json").write_text(json.dumps(record))
    found = dict(zip(HEADER, cells(row, tmp_path), strict=True))
    assert found["reached"] == f"**{row.goal + 0.01:.3f}**"
    assert found["baseline"] == "0.100 (simple)"
    assert found["training"] == "3 epochs, 1.5 min"
    record["figures"][row.figure], record["idle_seconds"] = row.goal - 0.01, 60.0
    (tmp_path / f"{row.file}.json").write_text(json.dumps(record))
    assert cells(row, tmp_path)[HEADER.index("reached")] == f"{row.goal - 0.01:.3f}"
    assert cells(row, tmp_path)[HEADER.index("training")] == "3 epochs, 1.0 min"


def test_the_time_is_added_to_the_file_of_its_run(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "open_run", lambda run: SimpleNamespace(recipe=SimpleNamespace(model="a", data="b")))
    monkeypatch.setattr(results, "Run", lambda recipe, where, seed, workers, quick: (recipe, seed))
    monkeypatch.setattr(results, "seconds_per_epoch", lambda run: 2.5)
    path = tmp_path / "a-b.json"
    path.write_text(json.dumps({"model": "a", "data": "b", "seed": 0, "epochs": 4}))
    results.main(["--time", "runs/a-b", str(path)])
    assert json.loads(path.read_text())["idle_seconds"] == 10
    path.write_text(json.dumps({"model": "c", "data": "b", "seed": 0, "epochs": 4}))
    with pytest.raises(ValueError, match="is about c on b"):
        results.main(["--time", "runs/a-b", str(path)])


def test_what_was_not_measured_says_so(tmp_path):
    assert cells(ROWS[0], tmp_path)[HEADER.index("reached")] == "not measured"


@pytest.mark.parametrize("row", [row for row in ROWS if row.command[0] != "("], ids=lambda row: row.file)
def test_the_commands_are_commands(row):
    words = shlex.split(row.command)
    assert words[0] == "minidet"
    build_parser(words[1]).parse_args(words[1:])


def test_the_page_shows_what_the_files_say():
    page = (ROOT / "docs/results.md").read_text(encoding="utf-8")
    begin, end = marks("results")
    part = page[page.index(begin) : page.index(end)]
    for row in ROWS:
        assert f"| {' | '.join(cells(row, ROOT / FOLDER))} |" in part


def test_the_baseline_is_added_to_the_file_of_a_detector(tmp_path, monkeypatch):
    recipe = recipe_for("ssd", "shapes")
    monkeypatch.setattr(Detection, "baseline", lambda task, split: {"AP": 0.25, "APl": float("nan"), "at": task.seed})
    record = {"model": "ssd", "data": "shapes", "options": recipe.options, "seed": 3, "split": "test",
              "images": recipe.test_samples, "classes": list(SHAPES), "baseline_name": "baseline", "baseline": {}}  # fmt: skip
    path = tmp_path / "ssd-shapes.json"
    path.write_text(json.dumps(record))
    results.main(["--baseline", str(path)])
    expected = {"baseline_name": "selective search", "baseline": {"AP": 0.25, "APl": None, "at": 3}}
    assert json.loads(path.read_text()) == {**record, **expected}
    assert [item.name for item in tmp_path.iterdir()] == [path.name]
    for change, words in (({"images": 7}, "is about 7 pictures of"), ({"classes": ["a"]}, "pictures of background, a,"),
                          ({"model": "localization", "options": {}}, "is about localization")):  # fmt: skip
        path.write_text(json.dumps({**record, **change}))
        with pytest.raises(ValueError, match=words):
            results.main(["--baseline", str(path)])
        assert json.loads(path.read_text())["baseline"] == {}
