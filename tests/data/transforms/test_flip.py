"""Random flips."""

import numpy as np

import minidet.data.transforms as T


def test_flip_happens_with_its_probability(rng):
    image = np.arange(12, dtype=np.float32).reshape(3, 1, 4)
    for p, low, high in ((0.0, 0, 0), (1.0, 200, 200), (0.3, 40, 80)):
        flips = sum(T.RandomHorizontalFlip(p)(image, {}, rng)[0][0, 0, 0] == 3 for _ in range(200))
        assert low <= flips <= high


def test_vertical_flip_is_a_horizontal_one_of_the_picture_on_its_side(rng):
    """Everything moves: boxes, masks, joints, and joints that are not there stay."""
    image = rng.random((3, 6, 8)).astype(np.float32)
    masks = rng.random((1, 6, 8)) > 0.5
    target = {"boxes": np.array([[1, 2, 5, 3]], np.float32), "labels": np.array([1]), "masks": masks,
              "keypoints": np.array([[[2.5, 0.5, 2], [7.5, 4, 1], [0, 0, 0]]], np.float32)}  # fmt: skip
    out, moved = T.RandomVerticalFlip(1.0, keypoint_pairs=[(0, 1)])(image, target, rng)
    np.testing.assert_array_equal(out, image[:, ::-1])
    np.testing.assert_array_equal(moved["masks"], masks[:, ::-1])
    assert moved["boxes"].tolist() == [[1, 3, 5, 4]]
    assert moved["keypoints"].tolist() == [[[7.5, 2, 1], [2.5, 5.5, 2], [0, 0, 0]]]
    assert target["boxes"].tolist() == [[1, 2, 5, 3]]
    again, back = T.RandomVerticalFlip(1.0, keypoint_pairs=[(0, 1)])(out, moved, rng)
    np.testing.assert_array_equal(again, image)
    np.testing.assert_array_equal(back["keypoints"], target["keypoints"])
    assert T.RandomVerticalFlip(0.0)(image, target, rng)[0] is image
