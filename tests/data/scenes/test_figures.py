"""Generated people, one a picture."""

import numpy as np
import pytest

from minidet.data import FigurePoses
from minidet.data.transforms import RandomHorizontalFlip


@pytest.fixture(scope="module")
def people():
    figures = FigurePoses(size=64, length=40)
    return [figures[index] for index in range(40)]


def test_form(people):
    for image, target in people:
        assert (image.shape, image.dtype) == ((3, 64, 64), np.float32)
        assert 0 <= image.min() <= image.max() <= 1
        shapes = {key: (value.shape, value.dtype.name) for key, value in target.items()}
        assert shapes == {"boxes": ((1, 4), "float32"), "labels": ((1,), "int64"), "keypoints": ((1, 14, 3), "float32")}


def test_the_person_is_in_the_middle_and_its_joints_in_its_box(people):
    for _, target in people:
        x1, y1, x2, y2 = target["boxes"][0]
        joints = target["keypoints"][0]
        places = joints[joints[:, 2] > 0, :2]
        assert len(places) >= 10
        assert (places >= [x1 - 1e-3, y1 - 1e-3]).all()
        assert (places <= [x2 + 1e-3, y2 + 1e-3]).all()
        assert max(x2 - x1, y2 - y1) == pytest.approx(64 / 1.3, abs=0.01)
        assert (x1 + x2, y1 + y2) == pytest.approx((64, 64), abs=0.01)
        assert not joints[joints[:, 2] == 0].any()


def test_all_visibilities_are_there(people):
    seen = np.concatenate([target["keypoints"][..., 2] for _, target in people])
    shares = [(seen == v).mean() for v in (0, 1, 2)]
    assert 0 < shares[0] < 0.1
    assert 0.05 < shares[1] < 0.3
    assert shares[2] > 0.7


def test_a_picture_follows_from_seed_split_and_index():
    first, second = FigurePoses(size=32, length=3), FigurePoses(size=32, length=3, fresh=True)
    np.testing.assert_array_equal(first.load(1)[0], second.load(1)[0])
    assert not np.array_equal(first.load(1)[0], first.load(2)[0])
    for other in (FigurePoses("val", 32, 3), FigurePoses(size=32, length=3, seed=1)):
        assert not np.array_equal(first.load(1)[0], other.load(1)[0])
    assert not np.array_equal(second.sample(1, np.random.default_rng(5))[0], first.load(1)[0])


def test_a_mirror_swaps_left_and_right():
    flip = RandomHorizontalFlip(1.0, FigurePoses.keypoint_pairs)
    straight, turned = FigurePoses(size=32, length=1)[0][1], FigurePoses(size=32, length=1, transform=flip)[0][1]
    left, right = FigurePoses.keypoint_names.index("left knee"), FigurePoses.keypoint_names.index("right knee")
    x, y, v = straight["keypoints"][0, left]
    assert v > 0
    np.testing.assert_allclose(turned["keypoints"][0, right], [32 - x, y, v], rtol=1e-6)


def test_errors():
    with pytest.raises(ValueError, match="FigurePoses: split is 'all', expected one of 'train', 'val', 'test'"):
        FigurePoses("all")
    with pytest.raises(ValueError, match="FigurePoses: size is 8"):
        FigurePoses(size=8)
