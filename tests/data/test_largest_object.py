"""Of many objects, the one with the largest box."""

import numpy as np
import pytest

from minidet.data import Dataset, LargestObject, ShapeScenes
from minidet.data.largest_object import largest
from minidet.data.transforms import Pad


def boxes(*sides):
    return np.array([[1, 2, 1 + w, 2 + h] for w, h in sides], np.float32)


@pytest.mark.parametrize(
    ("target", "row"),
    [
        ({"boxes": boxes((2, 3), (4, 4), (9, 1))}, [1]),
        ({"boxes": boxes((2, 3), (3, 2))}, [0]),  # of equals the first
        ({"boxes": boxes((2, 3), (4, 4)), "difficult": [False, True]}, [0]),
        ({"boxes": boxes((2, 3), (4, 4)), "iscrowd": np.array([0, 1])}, [0]),
        ({"boxes": boxes((2, 3)), "difficult": [True]}, []),
        ({"boxes": boxes((2, 0), (0, 9))}, []),
        ({"boxes": boxes((-4, -4), (1, 1))}, [1]),
        ({"boxes": np.zeros((0, 4), np.float32)}, []),
        ({"boxes": []}, []),
    ],
)
def test_which_it_is(target, row):
    found = largest({**target, "labels": np.arange(len(target["boxes"]))})
    assert found.dtype == np.int64
    assert found.tolist() == row


class Two(Dataset):
    classes = ["background", "small", "large"]

    def __len__(self):
        return 3

    def load(self, index):
        target = {"boxes": boxes((1, 1), (2 + index, 2)), "labels": np.array([1, 2]), "masks": np.ones((2, 8, 8))}
        return np.zeros((3, 8, 8), np.float32), target


def test_a_view_of_another_data_set():
    view = LargestObject(Two(Pad(1)), transform=Pad(2))
    assert (len(view), view.classes) == (3, Two.classes)
    image, target = view.load(1)  # before both transforms
    assert image.shape == (3, 8, 8)
    assert target.keys() == {"boxes", "labels"}
    assert (target["boxes"].tolist(), target["labels"].tolist()) == ([[1, 2, 4, 4]], [2])
    image, target = view[1]  # after both
    assert image.shape == (3, 14, 14)
    assert target["boxes"].tolist() == [[4, 5, 7, 7]]


def test_new_scenes_stay_new():
    view = LargestObject(ShapeScenes(length=2, size=32, objects=(2, 3), fresh=True))
    assert not np.array_equal(view.sample(0, np.random.default_rng(1))[0], view.sample(0, np.random.default_rng(2))[0])
    assert np.array_equal(view.load(0)[0], view.load(0)[0])


@pytest.mark.parametrize("samples", [[3], [(np.zeros(3), {"boxes": []})], [(np.zeros(3), None)]])
def test_what_has_no_boxes(samples):
    with pytest.raises(TypeError, match="LargestObject: dataset has "):
        LargestObject(samples).load(0)
