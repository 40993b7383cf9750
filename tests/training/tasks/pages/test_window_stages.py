"""The page of a sliding-window detector: a map of scores for every size of windows."""

import numpy as np

from minidet.training.tasks.detection import detect
from minidet.training.tasks.pages.window_stages import window_stages
from minidet.viz.explain import record
from tests.models.detection.cases import build, spots

IMAGES, _ = spots()


def test_every_size_has_its_map():
    model = build("sliding_window")
    calls, (seen,) = record(model, lambda: detect(model, IMAGES[:1]))
    windows, scores, final = window_stages(calls[0], ["background", "red", "green"])
    levels = model.windows.levels((64, 64))
    assert windows.words.startswith(
        f"The picture in {len(levels)} sizes; a window of 12 x 12 pixels, 4 pixels from the next"
    )
    assert windows.pictures[0].caption == f"{len(model.windows.boxes((64, 64)))} windows"
    assert len(scores.pictures) == len(levels)
    for picture, level in zip(scores.pictures, levels, strict=True):
        assert picture.pixels.shape[:2] == (level.rows, level.columns)
    assert scores.pictures[0].caption.startswith("boxes of 12 x 12: 0.")
    assert final.pictures[0].caption == f"after NMS: {len(seen['boxes'])}"
    assert np.isfinite(scores.seconds)
