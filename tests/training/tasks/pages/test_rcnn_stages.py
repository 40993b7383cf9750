"""The page of an R-CNN: regions, crops, features, margins, boxes; also where there is no region."""

import numpy as np

from minidet.training.tasks.detection import detect
from minidet.training.tasks.pages.rcnn_stages import CROPS, rcnn_stages
from minidet.viz.explain import record
from tests.models.detection.cases import build, grid, spots

CLASSES = ["background", "red", "green"]
IMAGES, _ = spots()


def stages(model):
    calls, _ = record(model, lambda: detect(model, IMAGES[:1]))
    return {stage.title: stage for stage in rcnn_stages(calls[0], CLASSES)}


def test_every_stage_tells_of_all_regions_and_draws_the_best():
    model = build("rcnn")
    found, regions = stages(model), len(grid((64, 64)))
    assert list(found) == [
        "proposals",
        "warped regions",
        "features of regions",
        "margins",
        "regions moved",
        "final boxes",
    ]
    assert found["proposals"].gives == f"({regions}, 4)"
    assert found["features of regions"].gives == f"({regions}, {model.network.cells})"
    assert found["margins"].gives == f"({regions}, 2)"
    assert found["regions moved"].gives == f"({regions}, 2, 4)"
    assert len(found["warped regions"].pictures) == CROPS
    assert "stretched to 24 x 24 pixels, with 4 on each side" in found["warped regions"].words
    pixels = found["warped regions"].pictures[0].pixels
    assert pixels.shape == (24, 24, 3)
    best = [bars.values for bars in found["margins"].pictures]
    assert [max(values) for values in best] == sorted([max(values) for values in best], reverse=True)
    assert all(bars.names == ["red", "green"] for bars in found["margins"].pictures)
    scores = model.svms.scores(model.network.features_of(model.pool5_of(IMAGES[0], grid((64, 64)))))
    np.testing.assert_allclose(max(best[0]), scores.max(), rtol=1e-5)
    assert [picture.caption for picture in found["final boxes"].pictures][1].startswith("after NMS: ")


def test_a_picture_without_regions():
    model = build("rcnn")
    model.propose = lambda images: [np.zeros((0, 4), np.float32) for _ in images]
    found = stages(model)
    assert found["warped regions"].pictures == found["margins"].pictures == []
    assert found["final boxes"].pictures[1].caption == "after NMS: 0"
