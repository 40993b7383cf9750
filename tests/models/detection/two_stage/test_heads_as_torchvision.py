"""An RPN and RoI heads as wholes: with torchvision's weights, they propose, learn and find what torchvision's do.

The inputs fall under none of the deviations that the docstrings list, and both learn from the same anchors and regions.
"""

import math

import numpy as np
import pytest

import minidet
from minidet.models.detection import (
    FastRCNNPredictor,
    MultiScaleRoIPool,
    RegionProposalNetwork,
    RoIHeads,
    RPNHead,
    TwoMLPHead,
)
from minidet.models.detection.truth import read_target
from minidet.ops import AnchorGenerator
from tests.fixtures import torchvision_heads

from ..cases import total

FOUND = torchvision_heads()
SIZES = [(96, 112), (88, 80)]
OBJECTS = (
    {"boxes": [[9, 13, 31, 34], [50.5, 22, 99, 61.25]], "labels": [2, 1]},
    {"boxes": [[40, 30, 71, 77], [4, 5, 23.5, 17], [11, 52, 30, 81]], "labels": [3, 1, 3]},
)
TRUTHS = [read_target("test", one, 4) for one in OBJECTS]
PROPOSALS = [FOUND[f"heads proposals {i}"] for i in range(2)]


class Drawn:
    """A sampler that draws what torchvision's drew, image by image."""

    def __init__(self, name):
        self.left = [FOUND[f"{name} drawn {i}"] for i in range(2)]

    def __call__(self, marks, reserve=None):
        drawn = [self.left.pop(0) for _ in marks]
        for mark, chosen in zip(marks, drawn, strict=True):
            assert (mark.numpy()[chosen == 1] == 1).all(), "torchvision took it for an object"
            assert (mark.numpy()[chosen == -1] == 0).all(), "torchvision took it for background"
        return [[minidet.tensor(chosen == sign) for chosen in drawn] for sign in (1, -1)]


def with_weights(module, name):
    """Give a module the weights that torchvision's had."""
    start = f"{name}/"
    module.load_state_dict({key[len(start) :]: value for key, value in FOUND.items() if key.startswith(start)})
    return module


def maps(grad=False):
    return {stride: minidet.tensor(FOUND[f"map {stride}"], requires_grad=grad) for stride in (8, 16)}


def rpn():
    anchors = AnchorGenerator(((10, 18), (28, 45)), ((0.5, 1.0, 2.0),) * 2)
    network = RegionProposalNetwork(anchors, with_weights(RPNHead(6, 6), "rpn"), fg_iou_thresh=0.5,
                                    pre_nms_top_n=(80, 30), post_nms_top_n=(50, 60), nms_thresh=0.6, min_size=1e-3,
                                    allowed_border=math.inf)  # fmt: skip
    network.sampler = Drawn("rpn")
    return network


def heads():
    pooler = MultiScaleRoIPool(3, canonical_scale=32, aligned=False)
    parts = RoIHeads(pooler, TwoMLPHead(54, 12), FastRCNNPredictor(12, 4), 4, beta=1 / 9, score_thresh=0.1,
                     nms_thresh=0.4, detections_per_img=32)  # fmt: skip
    parts.sampler = Drawn("heads")
    return with_weights(parts, "heads")


@pytest.mark.parametrize("training", [False, True])
def test_proposals(training):
    network = rpn().train(training)
    proposals, _ = network(maps(), SIZES, TRUTHS if training else None)
    for i, boxes in enumerate(proposals):
        expected = FOUND[f"rpn {'training' if training else 'proposals'} {i}"]
        np.testing.assert_allclose(boxes, expected, rtol=1e-5, atol=1e-4)


def assert_losses(losses, x, name):
    """Compare losses, and what their sum changes on each map."""
    for key, value in losses.items():
        assert value.item() == pytest.approx(FOUND[key].item(), rel=1e-5), key
    total(losses).backward()
    for i, one in enumerate(x.values()):
        np.testing.assert_allclose(one.grad.numpy(), FOUND[f"{name} gradient {i}"], rtol=1e-4, atol=1e-6)


def test_losses_of_the_proposals():
    x = maps(grad=True)
    _, losses = rpn()(x, SIZES, TRUTHS)
    assert set(losses) == {"loss_objectness", "loss_rpn_box_reg"}
    assert_losses(losses, x, "rpn")


def test_losses_of_the_regions():
    x = maps(grad=True)
    losses = heads().losses(x, PROPOSALS, TRUTHS)
    assert set(losses) == {"loss_classifier", "loss_box_reg"}
    assert_losses(losses, x, "heads")


def test_detections():
    for i, found in enumerate(heads().eval().detections(maps(), PROPOSALS, SIZES)):
        np.testing.assert_array_equal(found["labels"].numpy(), FOUND[f"heads labels {i}"])
        np.testing.assert_allclose(found["scores"].numpy(), FOUND[f"heads scores {i}"], rtol=1e-5)
        np.testing.assert_allclose(found["boxes"].numpy(), FOUND[f"heads boxes {i}"], rtol=1e-5, atol=1e-4)
        assert set(found["labels"].tolist()) == {1, 2, 3}
