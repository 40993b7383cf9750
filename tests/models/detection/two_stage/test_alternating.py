"""Four steps: who learns when, and that the backbone is shared at the end."""

import numpy as np
import pytest

import minidet
from minidet import optim
from minidet.models import backbones
from minidet.models.detection import train_in_four_steps

from ..cases import FINE, Trunk, fast, faster, spots, total

IMAGES, TARGETS = spots()
PARTS = ("backbone", "rpn", "roi_heads")


def snapshot(model):
    return {key: value.numpy().copy() for key, value in model.state_dict().items()}


def changed(before, after):
    """Return which parts of a detector differ."""
    return {key.split(".")[0] for key in before if (before[key] != after[key]).any()}


@pytest.mark.parametrize("backbone", ["own", "mobilenet_v1_025", "pyramid"])
def test_each_step_changes_what_it_should(backbone):
    built, states, names = [], [], []

    def build():
        trunk = {
            "own": lambda: Trunk(strides=(8,)),
            "mobilenet_v1_025": lambda: backbones.backbone("mobilenet_v1_025", (8,)),
            "pyramid": lambda: backbones.FeaturePyramid("mobilenet_v1_025", 8, strides=(8,)),
        }[backbone]()
        built.append(faster(3, trunk, anchor_sizes=(FINE,)))
        return built[-1]

    def learn(step, parameters, losses):
        optimizer = optim.SGD(parameters, lr=0.05)
        found = losses(IMAGES, TARGETS)
        names.append(set(found))
        total(found).backward()
        optimizer.step()
        states.append([snapshot(model) for model in built])

    minidet.manual_seed(0)
    model = train_in_four_steps(build, learn)
    first, second = ([state[i] for state in states] for i in range(2))
    rpn, heads = {"loss_objectness", "loss_rpn_box_reg"}, {"loss_classifier", "loss_box_reg"}
    assert names == [rpn, heads, rpn, heads]
    assert changed(first[0], first[3]) == set()  # after step 1, the first network stays
    assert changed(second[0], second[1]) == {"backbone", "roi_heads"}
    assert changed(second[1], second[2]) == {"rpn"}
    assert changed(second[2], second[3]) == {"roi_heads"}
    moved = {key for key in first[0] if key.startswith("rpn.") and (second[2][key] != first[0][key]).any()}
    assert moved
    assert all(np.abs(second[2][key] - first[0][key]).max() < 0.2 for key in moved)
    assert model is built[1]
    assert model.training
    assert all(p.requires_grad for p in model.parameters())
    assert model.eval()(IMAGES)


def test_only_a_faster_rcnn_has_four_steps():
    with pytest.raises(TypeError, match="build returned a GridFastRCNN"):
        train_in_four_steps(fast, lambda *arguments: None)
