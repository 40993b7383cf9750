"""The picture at the top of README.md is the one that the notebook has drawn."""

import base64
import json
import pathlib

import pytest

from benchmarks import story

ROOT = pathlib.Path(__file__).parents[2]


def notebook(path, *cells):
    """Write a notebook of code cells: (source, the pictures that it has drawn)."""
    rows = [{"cell_type": "code", "source": source.splitlines(keepends=True),
             "outputs": [{"text": "words"}, *({"data": {"image/png": base64.b64encode(png).decode()}} for png in drawn)]}
            for source, drawn in cells]  # fmt: skip
    path.write_text(json.dumps({"cells": [{"cell_type": "markdown", "source": ["draw_tasks(3)"]}, *rows]}))
    return path


def test_the_page_shows_what_the_notebook_has_drawn():
    png = (ROOT / "docs/images/story.png").read_bytes()
    assert png == story.picture(), "python -m benchmarks.story --write docs/images/story.png"
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert len(png) < 300_000


def test_the_picture_is_that_of_the_cell_that_draws_it(tmp_path):
    path = notebook(tmp_path / "a.ipynb", ("plot()", [b"first"]), ("x = 1\ndraw_tasks(3)\n", [b"second"]))
    assert story.picture(path) == b"second"


@pytest.mark.parametrize("cells, words", [
    ([("plot()", [b"first"])], "a.ipynb has 0 cells that call draw_tasks"),
    ([("draw_tasks(1)", [b"1"]), ("draw_tasks(2)", [b"2"])], "has 2 cells"),
    ([("draw_tasks(1)", [])], "has drawn 0 pictures.*--write 00_the_story"),
])  # fmt: skip
def test_what_is_missing_is_an_error(tmp_path, cells, words):
    with pytest.raises(ValueError, match=words):
        story.picture(notebook(tmp_path / "a.ipynb", *cells))


def test_the_command_writes_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(story, "picture", lambda: b"1234567")
    story.main(["--write", str(tmp_path / "new.png")])
    assert (tmp_path / "new.png").read_bytes() == b"1234567"
    assert capsys.readouterr().out == "7 bytes\n"
