"""Boxes and skeletons painted into a picture's pixels."""

import numpy as np
import pytest

from minidet.viz import overlay_boxes, overlay_joints
from minidet.viz.joints import SIDES, side_of
from minidet.viz.page import COLOURS

GREY = np.full((3, 60, 80), 0.5, np.float32)


def found(*boxes, labels=None, scores=None):
    target = {"boxes": np.array(boxes, np.float32).reshape(-1, 4)}
    target["labels"] = np.ones(len(target["boxes"]), int) if labels is None else np.array(labels)
    return target if scores is None else {**target, "scores": np.array(scores, np.float32)}


def rgb(label):
    text = COLOURS[label].lstrip("#")
    return [int(text[i : i + 2], 16) for i in (0, 2, 4)]


def test_a_box_lies_on_its_pixels():
    picture = overlay_boxes(GREY, found((20, 30, 50, 45)), ["background", "a"])
    assert (picture.shape, picture.dtype) == ((60, 80, 3), np.uint8)
    for row, column in ((30, 49), (44, 20), (44, 49), (40, 20), (40, 49), (44, 35)):
        assert picture[row, column].tolist() == rgb(1), (row, column)
    for row, column in ((40, 35), (46, 35), (40, 51)):
        assert picture[row, column].tolist() == [128] * 3, (row, column)


def test_alpha_mixes_and_the_threshold_leaves_out():
    target = found((20, 30, 50, 45), scores=[0.4])
    assert (overlay_boxes(GREY, target, threshold=0.5) == 128).all()
    half = overlay_boxes(GREY, target, alpha=0.5)[44, 35]
    np.testing.assert_allclose(half, (128 + np.array(rgb(1))) / 2, atol=1)
    assert (overlay_boxes(GREY, target, alpha=0) == 128).all()


@pytest.mark.parametrize("box", [(0, 0, 80, 60), (-9, -9, 200, 200), (79, 59, 80, 60), (80, 60, 80, 60), (5, 5, 5, 5)])
def test_boxes_at_and_beyond_the_border(box):
    assert (overlay_boxes(GREY, found(box)) != 128).any()


def test_no_box_and_nan():
    assert (overlay_boxes(GREY, found()) == 128).all()
    with pytest.raises(ValueError, match=r"overlay_boxes: target\['boxes'\] contains NaN"):
        overlay_boxes(GREY, found((np.nan, 0, 1, 1)))
    with pytest.raises(ValueError, match="overlay_boxes: alpha is 2"):
        overlay_boxes(GREY, found(), alpha=2)


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
