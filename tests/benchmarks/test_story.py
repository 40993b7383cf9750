"""The picture at the top of README.md: a column for each run, its test picture above what its network sees."""

import pathlib
import types

import numpy as np
import pytest

from benchmarks import story
from minidet.training.tasks.detection import Detection
from minidet.training.tasks.segmentation import Segmentation

ROOT = pathlib.Path(__file__).parents[2]


def run(kind=Detection, model="ssd", masks=False, value=0.5):
    """Return what looks like an opened run, whose network paints everything red."""
    task = types.new_class("Stub", (kind,))
    task.__init__ = lambda self: None
    task.__name__ = kind.__name__
    one = task()
    one.options = types.SimpleNamespace(masks=masks)
    one.open = lambda split: [(np.full((3, 8, 9), number / 10, np.float32), {}) for number in range(3)]
    one.draw = lambda model, image: (np.full((8, 9, 3), (255, 0, 0), np.uint8), "words")
    return types.SimpleNamespace(task=one, model=None, recipe=types.SimpleNamespace(model=model))


@pytest.mark.parametrize("opened, words", [
    (run(Segmentation, "unet"), "a class for each pixel"),
    (run(), "a box for each object"),
    (run(model="mask_rcnn", masks=True), "a mask for each object"),
    (run(model="mask_rcnn"), "joints of everybody"),
])  # fmt: skip
def test_titles(opened, words):
    assert story.title(opened) == words


def test_the_picture_that_was_asked_for_and_the_answer():
    ((_, picture, answer),) = story.columns([run()], 2)
    assert picture.shape == (8, 9, 3)
    np.testing.assert_allclose(picture, 0.2)
    assert answer[0, 0].tolist() == [255, 0, 0]


def test_the_command_writes_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(story, "open_run", lambda folder: run())
    story.main(["a", "b", "--picture", "1", "--write", str(tmp_path / "new.png")])
    png = (tmp_path / "new.png").read_bytes()
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert capsys.readouterr().out == f"{len(png):,} bytes\n"


def test_the_page_shows_it():
    assert "docs/images/story.png" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert (ROOT / "docs/images/story.png").stat().st_size < 400_000
