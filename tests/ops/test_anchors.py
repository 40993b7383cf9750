"""Anchors: sizes, shapes, order, odd maps, borders."""

import numpy as np
import pytest

from minidet import nn, ops, tensor
from minidet.models import backbones
from tests.fixtures import torchvision


def test_anchors_by_hand():
    generator = ops.AnchorGenerator(((16, 32),), ((1.0, 4.0),))
    assert generator.num_anchors_per_location() == [4]
    cell = [[-8, -8, 8, 8], [-16, -16, 16, 16], [-4, -16, 4, 16], [-8, -32, 8, 32]]  # 4: four times as high as wide
    assert generator.cell_anchors[0].tolist() == cell
    (found,) = generator({8: (2, 3)})
    assert (found.shape, found.dtype) == ((2 * 3 * 4, 4), np.float32)
    shaped = found.numpy().reshape(2, 3, 4, 4)  # rows, columns, anchors
    np.testing.assert_array_equal(shaped[0, 0], cell)
    np.testing.assert_array_equal(shaped[0, 2], np.add(cell, [16, 0, 16, 0]))
    np.testing.assert_array_equal(shaped[1, 0], np.add(cell, [0, 8, 0, 8]))


def test_one_number_is_a_level_with_one_size():
    generator = ops.AnchorGenerator((32, 64), (0.5, 1, 2))
    assert generator.sizes == ((32,), (64,))
    assert generator.num_anchors_per_location() == [3, 3]
    assert repr(generator).startswith("AnchorGenerator(sizes=((32.0,), (64.0,))")


def test_the_same_as_torchvision():
    recorded = torchvision()
    generator = ops.AnchorGenerator(((18, 30.5), (44, 62, 128)), ((0.7, 1.0, 1.4), (0.5, 2.0)))
    for stride, cell in zip((8, 16), generator.cell_anchors, strict=True):
        np.testing.assert_array_equal(cell, recorded[f"anchors {stride}"], strict=True)
    # torchvision divides 80 columns by 5 and by 9: strides 16 and 8
    found = np.concatenate([level.numpy() for level in generator({8: (12, 9), 16: (6, 5)})])
    np.testing.assert_array_equal(found, recorded["anchors"], strict=True)


@pytest.mark.parametrize("size", [(97, 131), (32, 32), (1, 1)])
def test_as_many_anchors_as_a_head_has_outputs(size):
    """Sizes are rounded up at every stride: 97 rows have 13 rows of stride 8, and torchvision's stride would be 7."""
    body = backbones.backbone("mobilenet_v2", strides=(8, 16, 32)).eval()
    maps = body(tensor(np.zeros((2, 3, *size), np.float32)))
    generator = ops.AnchorGenerator(((16, 24), (32,), (64,)), ((0.5, 1, 2),) * 3)
    found = generator(maps)
    for anchors, (stride, map_), count in zip(found, maps.items(), generator.num_anchors_per_location(), strict=True):
        head = nn.Conv2d(map_.shape[1], count, 1)
        scores = head(map_)
        assert anchors.shape == (scores.numel() // 2, 4)
        last = anchors.numpy()[-count:].reshape(-1, 2, 2).mean(1)
        np.testing.assert_array_equal(last, [[(map_.shape[3] - 1) * stride, (map_.shape[2] - 1) * stride]] * count)


def test_what_lies_across_the_border():
    boxes = np.array([[0, 0, 20, 10], [-1, 0, 5, 5], [0, -0.5, 5, 5], [15, 0, 21, 5], [0, 5, 5, 10.5], [3, 3, 4, 4]])
    found = ops.AnchorGenerator.inside(boxes, (10, 20))
    assert found.dtype == np.bool_
    assert found.numpy().tolist() == [True, False, False, False, False, True]
    assert ops.AnchorGenerator().inside(np.zeros((0, 4)), (10, 20)).shape == (0,)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: ops.AnchorGenerator(()), ValueError, r"sizes is \(\), expected a tuple with a tuple for each map"),
        (lambda: ops.AnchorGenerator(((),)), ValueError, "sizes"),
        (lambda: ops.AnchorGenerator(((0,),)), ValueError, "sizes contains 0"),
        (lambda: ops.AnchorGenerator((("x",),)), TypeError, "sizes is 'x'"),
        (lambda: ops.AnchorGenerator((8, 16), ((1,),)), ValueError, "aspect_ratios has entries for 1 maps, expected 2"),
        (lambda: ops.AnchorGenerator(8), ValueError, "sizes is 8"),
        (lambda: ops.AnchorGenerator()([np.zeros((1, 1, 4, 4))]), TypeError, "feature_maps is a list"),
        (lambda: ops.AnchorGenerator()({8: (2, 2), 16: (1, 1)}), ValueError, "feature_maps has 2 maps, expected 1"),
        (lambda: ops.AnchorGenerator()({8: np.zeros((4, 4, 4))}), ValueError, r"feature_maps has a map \(4, 4, 4\)"),
        (lambda: ops.AnchorGenerator()({8.5: (2, 2)}), TypeError, "stride is 8.5"),
        (lambda: ops.AnchorGenerator()({8: (2**30, 2**30)}), ValueError, "feature_maps has a map of"),
        (lambda: ops.AnchorGenerator.inside(np.full((1, 4), np.nan), (4, 4)), ValueError, "anchors contains NaN"),
        (lambda: ops.AnchorGenerator.inside(np.zeros((1, 4)), 4), ValueError, "image_size is 4"),
    ],
)
def test_what_is_refused(call, error, words):
    with pytest.raises(error, match=f"AnchorGenerator.*{words}"):
        call()
