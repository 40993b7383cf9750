"""Frozen, then fine-tuned: which layers learn in which epoch."""

from dataclasses import replace

import numpy as np
import pytest

from minidet.models import UNet
from minidet.models.backbones import FeaturePyramid
from minidet.training.recipes import recipe_for, with_backbone
from minidet.training.tasks import Segmentation
from minidet.training.tasks.freezing import freeze_first
from minidet.training.train import train

SMALL = "mobilenet_v1_025"


def learning(model):
    """Return the backbone's parameters that learn."""
    return [name for name, parameter in model.backbone.named_parameters() if parameter.requires_grad]


@pytest.mark.parametrize("trunk", [SMALL, lambda: FeaturePyramid(SMALL, 4, strides=(8, 16, 32))])
def test_a_backbone_is_frozen_then_learns_behind_a_stride(trunk):
    model = UNet(3, width=4, backbone=trunk if isinstance(trunk, str) else trunk())
    everything = learning(model)
    options = Segmentation.Options(frozen_epochs=2, frozen_until=8)
    found = []
    for epoch in range(4):
        freeze_first(model, epoch, options)
        found.append(learning(model))
    own = [name for name in everything if "blocks" in name]  # the pyramid's layers always learn
    assert found[0] == found[1] == own
    assert found[2] == found[3]
    assert found[2][0].endswith("dw6.weight")  # what comes after the map of stride 8
    freeze_first(model, 2, Segmentation.Options(frozen_epochs=2))
    assert learning(model) == everything


def test_nothing_is_touched_unless_asked_for():
    model = UNet(3, width=4, backbone=SMALL)
    model.backbone.freeze(4)
    before = learning(model)
    freeze_first(model, 5, Segmentation.Options())
    assert learning(model) == before


@pytest.mark.parametrize("name, value, expected", [("frozen_epochs", 1, "0"), ("frozen_until", 8, "None")])
def test_a_model_without_a_backbone_says_so(name, value, expected):
    options = Segmentation.Options(**{name: value})
    with pytest.raises(ValueError, match=f"train: {name} is {value}, expected {expected}: this UNet has no backbone"):
        freeze_first(UNet(3, width=4), 0, options)


@pytest.mark.parametrize("name, value", [("frozen_epochs", -1), ("frozen_epochs", 0.5), ("frozen_until", 0)])
def test_bad_options(name, value):
    with pytest.raises((ValueError, TypeError), match=f"train: {name} is"):
        Segmentation.Options(**{name: value})


def test_training_begins_with_the_decoder(tmp_path):
    """An epoch with a frozen backbone leaves it as it was built, statistics included; the other layers learn."""
    recipe = with_backbone(recipe_for("unet", "shapes", on_backbone=True), SMALL, False)
    recipe = replace(recipe, quick_samples=4, batch_size=2)
    states = {}
    for name, frozen, lr in (("frozen", 1, 3e-3), ("still", 1, 1e-30), ("free", 0, 3e-3)):
        chosen = replace(recipe, options={"frozen_epochs": frozen}, lr=lr, weight_decay=0.0)
        states[name] = train(chosen, tmp_path / name, quick=True, progress=False).state_dict()
    for key, value in states["frozen"].items():
        same = np.array_equal(value.numpy(), states["still"][key].numpy())
        assert same == (key.startswith("backbone.") or "num_batches" in key), key
        if key.startswith("backbone.") and key.endswith("weight"):
            assert not np.array_equal(value.numpy(), states["free"][key].numpy()), key
