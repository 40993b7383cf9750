"""Maps that one head can work on, and anchors for them."""

import pytest

from minidet.models import backbones
from minidet.models.detection.trunk import build_anchors, build_trunk

from .cases import Trunk


def test_one_map_of_stride_16_or_the_coarsest():
    assert build_trunk("test", "mobilenet_v1_025").strides == (16,)
    assert build_trunk("test", "resnet20").strides == (4,)
    assert build_trunk("test", "mobilenet_v1_025", strides=(8,)).strides == (8,)


def test_pyramids():
    trunk = build_trunk("test", "mobilenet_v1_025", strides=(8, 16), pyramid=12)
    assert trunk.channels == {8: 12, 16: 12}
    given = backbones.FeaturePyramid("mobilenet_v1_025", 12)
    assert build_trunk("test", given) is given
    with pytest.raises(ValueError, match=r"strides is \(8, 16\), expected one stride without a pyramid"):
        build_trunk("test", "mobilenet_v1_025", strides=(8, 16))


def test_anchors_of_every_map():
    trunk = Trunk()
    assert build_anchors("test", trunk).num_anchors_per_location() == [6, 6]
    single = Trunk(strides=(16,))
    default, papers = build_anchors("test", single), build_anchors("test", single, ((128, 256, 512),))
    assert default.num_anchors_per_location() == papers.num_anchors_per_location() == [9]
    assert build_anchors("test", trunk, (8, 16)).num_anchors_per_location() == [3, 3]
    for sizes, error in ((8, "a tuple"), (((8,),), "each of the 2 maps"), (((8,), (8, 16)), "equally many")):
        with pytest.raises((ValueError, TypeError), match=error):
            build_anchors("test", trunk, sizes)
