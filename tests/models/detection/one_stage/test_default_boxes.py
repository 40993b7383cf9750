"""SSD's default boxes: the paper's numbers, its formula written down in loops, and where they lie."""

import math

import numpy as np
import pytest

from minidet.models.detection import DefaultBoxGenerator
from minidet.models.detection.one_stage.default_boxes import paper_scales

SSD300 = {8: (38, 38), 16: (19, 19), 32: (10, 10), 64: (5, 5), 100: (3, 3), 300: (1, 1)}


def by_loops(maps, size, scales, ratios):
    """Write section 2.2 down; ``scales`` has one more than there are maps."""
    found, side = [], min(size)
    for k, (stride, (h, w)) in enumerate(maps.items()):
        for i in range(h):
            for j in range(w):
                shapes = [(scales[k], 1.0), (math.sqrt(scales[k] * scales[k + 1]), 1.0)]
                for ratio in ratios[k]:
                    shapes += [(scales[k], ratio), (scales[k], 1 / ratio)]
                for scale, ratio in shapes:
                    x, y = (j + 0.5) * stride, (i + 0.5) * stride
                    w2, h2 = scale * math.sqrt(ratio) * side / 2, scale / math.sqrt(ratio) * side / 2
                    found.append([x - w2, y - h2, x + w2, y + h2])
    return np.array(found)


def test_ssd300_has_8732_boxes_of_the_paper_s_scales():
    generator = DefaultBoxGenerator(6)
    assert generator.scales == [(0.1,), (0.2,), (0.375,), (0.55,), (0.725,), (0.9,)]
    boxes = generator(SSD300, (300, 300))
    assert boxes.shape == (8732, 4)
    ratios = ((2,), (2, 3), (2, 3), (2, 3), (2,), (2,))
    scales = [*paper_scales(6), 0.9 + 0.175]
    np.testing.assert_allclose(boxes, by_loops(SSD300, (300, 300), scales, ratios), rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize("size", [(97, 131), (32, 32), (40, 20)])
def test_boxes_of_any_image_by_loops(size):
    maps = {stride: tuple(-(-side // stride) for side in size) for stride in (8, 16, 32)}
    generator = DefaultBoxGenerator(3, (0.2, 0.4, 0.5), ((3,), (), (1.5,)))
    expected = by_loops(maps, size, (0.2, 0.4, 0.5, 0.6), ((3,), (), (1.5,)))
    np.testing.assert_allclose(generator(maps, size), expected, rtol=1e-12, atol=1e-9)


def test_fewer_shapes_and_fewer_maps():
    assert [len(cell) for cell in DefaultBoxGenerator(6).cells] == [4, 6, 6, 6, 4, 4]
    assert [len(cell) for cell in DefaultBoxGenerator(2).cells] == [4, 4]
    assert [len(cell) for cell in DefaultBoxGenerator(3, aspect_ratios=()).cells] == [2, 2, 2]
    assert [len(cell) for cell in DefaultBoxGenerator(3, aspect_ratios=(2,)).cells] == [4, 4, 4]
    assert [len(cell) for cell in DefaultBoxGenerator(3, aspect_ratios=(), extra_square=False).cells] == [1, 1, 1]
    one = DefaultBoxGenerator(1, aspect_ratios=())  # a single map has the scales of six
    np.testing.assert_allclose(one.cells[0][::2, 0], [0.1, 0.2, 0.375, 0.55, 0.725, 0.9])


def test_an_image_in_a_larger_batch_has_the_boxes_that_it_has_alone():
    generator, size = DefaultBoxGenerator(2, aspect_ratios=()), (20, 33)
    alone = generator({8: (3, 5), 16: (2, 3)}, size)
    larger = {8: (6, 8), 16: (3, 4)}
    inside = generator.inside(larger, size)
    np.testing.assert_array_equal(generator(larger, size)[inside], alone)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: DefaultBoxGenerator(0), "maps is 0"),
        (lambda: DefaultBoxGenerator(2, (0.1,)), "scales has 1 entries, expected 2, one for each map"),
        (lambda: DefaultBoxGenerator(2, (0.2, 0.1)), "scales is .*, expected rising numbers"),
        (lambda: DefaultBoxGenerator(2, (0.2, 0)), "scales is .*, expected positive numbers"),
        (lambda: DefaultBoxGenerator(2, (0.2, ())), "scales is .*, expected positive numbers"),
        (lambda: DefaultBoxGenerator(2, 0.2), "scales is 0.2, expected 2, one for each map"),
        (lambda: DefaultBoxGenerator(2, aspect_ratios=((2,),)), "aspect_ratios has 1 entries"),
        (lambda: DefaultBoxGenerator(2, aspect_ratios=(0,)), "aspect_ratios is .*, expected positive numbers"),
    ],
)
def test_bad_arguments(make, words):
    with pytest.raises(ValueError, match=f"DefaultBoxGenerator: {words}"):
        make()
