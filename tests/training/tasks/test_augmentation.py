"""What is done to pictures for a detector, one after the other."""

import types

import numpy as np
import pytest

from minidet.training.tasks.augmentation import sized, varied

PLAIN = {"augmentation": "plain", "size": None, "min_size": None, "scale": (1.0, 1.0), "flip": 0.5,
         "vertical_flip": 0.0, "zoom_out": 2.0}  # fmt: skip
WINDOW = ["RandomPhotometricDistort", "RandomZoomOut", "RandomIoUCrop", "Resize", "RandomHorizontalFlip"]


def options(**changes):
    return types.SimpleNamespace(**{**PLAIN, **changes})


def names(changes):
    return [type(change).__name__ for change in changes]


def test_pictures_have_the_size_that_is_asked_for():
    assert sized(options()) == []
    image = np.zeros((3, 40, 60), np.float32)
    for asked, shape in (({"size": (20, 20)}, (3, 20, 20)), ({"min_size": 80}, (3, 80, 120))):
        (change,) = sized(options(**asked))
        once, _ = change(image, {})
        assert once.shape == change(once, {})[0].shape == shape  # a second time it does nothing
        assert varied(options(**asked))[0](image, {})[0].shape == shape


@pytest.mark.parametrize(
    ("changes", "scene", "expected"),
    [
        ({}, None, ["RandomScale", "RandomHorizontalFlip", "ColorJitter"]),
        ({"vertical_flip": 0.5}, None, ["RandomScale", "RandomHorizontalFlip", "RandomVerticalFlip", "ColorJitter"]),
        ({"min_size": 80}, None, ["Resize", "RandomScale", "RandomHorizontalFlip", "ColorJitter"]),
        ({"size": (20, 20)}, None, ["Resize", "RandomAffineCrop", "ColorJitter"]),
        ({"augmentation": "ssd", "size": (20, 20)}, None, WINDOW),
        ({"augmentation": "ssd"}, (64, 64), WINDOW),
        ({}, (64, 64), []),
    ],
)
def test_changes_for_training(changes, scene, expected):
    assert names(varied(options(**changes), scene)) == expected


def test_scenes_are_never_mirrored():
    assert varied(options(augmentation="ssd"), (64, 64))[-1].p == 0
    assert varied(options(augmentation="ssd", size=(64, 64)))[-1].p == 0.5
    with pytest.raises(ValueError, match="train: augmentation is ssd without a size, expected a size"):
        varied(options(augmentation="ssd"))
