"""Skeletons, masks and boxes painted into a picture's pixels."""

import numpy as np
import pytest

from minidet.viz import overlay_boxes, overlay_joints, overlay_objects
from minidet.viz.joints import SIDES, side_of
from minidet.viz.overlay import CLOUD, clouded
from minidet.viz.page import colour


def test_overlay_joints_paints_limbs_in_their_colours():
    """A limb from knee to ankle on black: red for the right leg, blue for the left; nothing elsewhere."""
    keypoints = np.zeros((14, 3))
    keypoints[[0, 1, 4, 5]] = [[5.5, 35, 2], [5.5, 5, 2], [30.5, 5, 1], [30.5, 35, 1]]
    picture = overlay_joints(np.zeros((3, 40, 40), np.float32), {"keypoints": keypoints})
    assert (picture.shape, picture.dtype) == ((40, 40, 3), np.uint8)
    for column, joint in ((5, 0), (30, 4)):
        expected = [int(SIDES[side_of(joint)][at : at + 2], 16) for at in (1, 3, 5)]
        assert picture[20, column].tolist() == expected
    assert not picture[:, 12:24].any()
    half = overlay_joints(np.zeros((3, 40, 40), np.float32), {"keypoints": keypoints[None]}, alpha=0.5)
    np.testing.assert_allclose(half[20, 5], picture[20, 5] / 2, atol=1.5)
    nobody = overlay_joints(np.full((3, 4, 6), 0.5, np.float32), {"keypoints": np.zeros((0, 14, 3))})
    assert (nobody == nobody[0, 0]).all()


def test_overlay_joints_lies_where_the_joint_is():
    keypoints = np.zeros((1, 14, 3))
    keypoints[0, 12] = 10.5, 6.5, 2  # the middle of pixel (6, 10)
    picture = overlay_joints(np.zeros((3, 20, 20), np.float32), {"keypoints": keypoints}).sum(2).astype(float)
    rows, columns = np.mgrid[:20, :20] + 0.5
    centre = [(picture * axis).sum() / picture.sum() for axis in (columns, rows)]
    assert centre == pytest.approx([10.5, 6.5], abs=0.2)


NONE = ["", "", ""]  # no names


def objects():
    """Two masks that overlap, their boxes, and one person."""
    masks = np.zeros((2, 1, 30, 40), np.float32)
    masks[0, 0, 5:20, 5:20] = 0.9
    masks[1, 0, 10:25, 10:35] = 0.7
    boxes = np.array([[5, 5, 20, 20], [10, 10, 35, 25]], np.float32)
    return {"boxes": boxes, "labels": np.array([1, 2]), "scores": np.array([0.9, 0.4]), "masks": masks}


def test_masks_have_colours_of_their_own_and_the_first_is_on_top():
    dark, masks = np.zeros((30, 40, 3), np.uint8), objects()["masks"][:, 0] > 0
    picture = clouded(dark, masks, CLOUD)
    inks = [np.array([int(colour(i)[at : at + 2], 16) for at in (1, 3, 5)]) for i in (0, 1)]
    np.testing.assert_allclose(picture[22, 30], CLOUD * inks[1], atol=1)
    np.testing.assert_allclose(picture[17, 16], CLOUD * inks[1] + CLOUD * (inks[0] - CLOUD * inks[1]), atol=1)
    assert not picture[~masks.any(0)].any()
    assert (picture[10, 30] > picture[12, 30]).any()  # a seam


def test_overlay_objects_paints_boxes_over_masks():
    dark, plain = np.zeros((3, 30, 40), np.float32), objects()
    del plain["masks"]
    below = clouded(np.zeros((30, 40, 3), np.uint8), objects()["masks"][:, 0] > 0, CLOUD)
    expected = overlay_boxes(np.moveaxis(below, 2, 0) / np.float32(255), plain)
    np.testing.assert_array_equal(overlay_objects(dark, objects()), expected)
    np.testing.assert_array_equal(overlay_objects(dark, plain), overlay_boxes(dark, plain))
    assert not overlay_objects(dark, objects(), NONE, threshold=0.5)[15, 25:31].any()
    assert overlay_objects(dark, objects(), min_side=80).shape == (60, 80, 3)


def test_overlay_objects_paints_joints_where_they_are_in_an_enlarged_picture():
    person = np.zeros((2, 14, 3))
    person[0, 12] = 10.5, 6.5, 1
    target = {**objects(), "boxes": np.zeros((2, 4)), "keypoints": person}
    del target["masks"]
    small = overlay_objects(np.zeros((3, 20, 20), np.float32), target, ["", "", ""])
    large = overlay_objects(np.zeros((3, 20, 20), np.float32), target, ["", "", ""], min_side=60)
    assert large.shape == (60, 60, 3)
    assert small[6, 10].any()
    assert large[19, 31].any()


def test_overlay_objects_names_what_does_not_fit():
    with pytest.raises(ValueError, match="masks'\\] has shape"):
        overlay_objects(np.zeros((3, 20, 20), np.float32), objects())
