"""Skeletons painted into a picture's pixels."""

import numpy as np
import pytest

from minidet.viz import overlay_joints
from minidet.viz.joints import SIDES, side_of


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
