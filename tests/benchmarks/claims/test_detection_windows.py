"""The sliding window on a backbone with padding: each window's answer is that of the window by itself."""

import numpy as np
import pytest

from benchmarks.claims.detection_windows import EveryWindow
from minidet import nn, no_grad, random, tensor
from minidet.data import DigitScenes
from minidet.models import backbones
from minidet.models.detection.rcnn.warp import warp
from minidet.models.detection.sliding_window.window_pyramid import WindowPyramid
from minidet.nn import functional as F

WINDOWS = {"window": 28, "stride": 8, "smallest": 16, "scales_per_octave": 1, "aspect_ratios": (1.5,)}
SCENES = [DigitScenes("train", 48, 2, seed=4).load(i) for i in range(2)]
IMAGES = [image for image, _ in SCENES]
TARGETS = [{name: target[name] for name in ("boxes", "labels")} for _, target in SCENES]


def small(**options) -> EveryWindow:
    random.manual_seed(3)
    model = EveryWindow(11, backbones.backbone("resnet20", (4,), False), WINDOWS, crop_size=24, context=3, grid=1,
                        width=8, batch=(6, 10), **options)  # fmt: skip
    nn.init.normal_(model.network.cls_score.weight, std=0.2)  # so that windows differ
    return model


def test_its_regions_are_all_windows_of_the_pyramid():
    wide = np.zeros((3, 48, 96), np.float32)
    first, second = small().propose([IMAGES[0], wide])
    assert np.array_equal(first, WindowPyramid(**WINDOWS).boxes((48, 48)))
    assert np.array_equal(second, WindowPyramid(**WINDOWS).boxes((48, 96)))
    assert len(first) < len(second)


def test_a_window_has_the_scores_that_it_has_alone():
    model = small(score_thresh=0.0, nms_thresh=1.0, detections_per_img=10**6).eval()
    (answer,) = model([IMAGES[0]], all_scores=True)
    boxes = np.clip(WindowPyramid(**WINDOWS).boxes((48, 48)), 0, 48)
    boxes = boxes[(boxes[:, 2:] > boxes[:, :2]).all(1)].astype(np.float32)
    assert len(answer["boxes"]) == 10 * len(boxes)  # each of them once for each class
    for number in (0, 7, len(boxes) - 1):
        crop = warp(IMAGES[0], boxes[number : number + 1], 24, 3, model.padding_colour())
        with no_grad():
            alone = F.softmax(model.network(tensor(crop)), 1).numpy()[0]
        mine = (answer["boxes"].numpy() == boxes[number]).all(1)
        assert sorted(answer["labels"].numpy()[mine].tolist()) == list(range(1, 11))
        for label, score, every in zip(*(answer[k].numpy()[mine] for k in ("labels", "scores", "all_scores")),
                                       strict=True):  # fmt: skip
            assert score == pytest.approx(alone[label], abs=1e-5)
            assert np.allclose(every, alone, atol=1e-5)


def test_of_two_windows_of_a_class_the_lower_one_goes():
    model = small().eval()
    pool5 = np.float32([[0.0] * 64, [1.0] * 64, [0.0] * 64])
    probabilities = np.zeros((3, 11), np.float32)
    probabilities[:, 4] = 0.6, 0.9, 0.7
    model.probabilities = lambda given: probabilities
    boxes = np.float32([[0, 0, 20, 30], [2, 0, 22, 30], [28, 10, 48, 40]])
    found = model.best(pool5, boxes, (48, 48))
    assert found["boxes"].numpy().tolist() == [boxes[1].tolist(), boxes[2].tolist()]
    assert found["labels"].numpy().tolist() == [4, 4]
    assert found["scores"].numpy().tolist() == pytest.approx([0.9, 0.7])


@pytest.mark.slow
def test_it_learns_two_scenes():
    from minidet.optim import AdamW

    model = small()
    optimizer = AdamW(model.parameters(), lr=3e-3)
    losses = []
    for _ in range(60):
        loss = model(IMAGES, TARGETS)["loss_classifier"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert np.mean(losses[-5:]) < 0.3 * np.mean(losses[:5])
