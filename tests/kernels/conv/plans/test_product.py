"""Every predicate that chooses a path, walked on both sides: all small shapes around it, all three products."""

import collections
import functools
import itertools

import numpy as np
import pytest

from minidet.kernels.launch import jit

if not jit.ENABLED:
    pytest.skip("numba is absent or switched off", allow_module_level=True)

from minidet import kernels
from minidet.kernels.conv import direct as conv_direct
from minidet.kernels.conv import pointwise
from minidet.kernels.conv.plans import geometry, launches, tables
from minidet.kernels.conv.plans import near as conv_near
from minidet.kernels.conv.plans import product as conv_product
from minidet.kernels.simd.tiles import MOVE
from tests.fuzz.convolutions import Case, check, paths

ONES = [(1, 1)]


def pairs(*numbers):
    return list(itertools.product(numbers, repeat=2))


def walk(sizes, kernels_, strides=ONES, paddings=((0, 0),), dilations=ONES, channels=((1, 1),), images=(1,), groups=1):
    """Check every combination, of which most are float32, and return the valid ones; ``channels`` are (c, f)."""
    valid = []
    for case in itertools.product(images, channels, sizes, kernels_, strides, paddings, dilations):
        n, (c, f), size, kernel, stride, padding, dilation = case
        dtype = "float64" if len(valid) % 4 == 3 else "float32"
        one = Case(n, c, size, f, kernel, stride, padding, dilation, groups, True, (0, 0), dtype, 50 * len(valid) + 1)
        if one.is_valid:
            valid.append(one)
            assert check(one) is None, (check(one), one)
    return valid


@pytest.fixture
def answers(monkeypatch):
    """Count what ``module.name`` answers: watch(module, name, of=bool)."""

    def watch(module, name, of=bool):
        counts, function = collections.Counter(), getattr(module, name)

        @functools.wraps(function)
        def watched(*args):
            answer = function(*args)
            counts[of(answer)] += 1
            return answer

        monkeypatch.setattr(module, name, watched)
        for known in (
            kernels.conv.dispatch._forward,
            kernels.conv.dispatch._input_grad,
            kernels.conv.dispatch._weight_grad,
        ):
            known.cache_clear()
        return counts

    return watch


def reached(cases):
    """Count the kernels that compute the cases."""
    return collections.Counter(name for case in cases for name in paths(case))


def test_taps_in_order(monkeypatch):
    """Whole tiles of rows are packed in vectors where weight_at is 0, 1, 2, ..., every single entry."""
    counts, found = collections.Counter(), tables.is_in_order

    def watched(weight_at):
        answer = found(weight_at)
        right = weight_at.tolist() == list(range(weight_at.size))
        assert answer == right
        ends = weight_at.size > 1 and weight_at[1] == 1 and weight_at[-1] == weight_at.size - 1
        counts[answer, bool(ends)] += 1
        return answer

    monkeypatch.setattr(tables, "is_in_order", watched)
    shapes = pairs(1, 2, 3, 4)
    walk([(7, 9)], shapes, pairs(1, 2, 3), [(0, 0)], [(1, 1), (1, 2)], channels=[(4, 1), (8, 2)])
    assert counts[False, True] > 0  # in order at its ends, but not between
    assert min(counts[True, True], counts[False, False]) > 100


def test_one_long_row(answers):
    """With one tap, no padding and no stride, all pixels of an image are one row of a dense product."""
    dense = answers(conv_product, "_tiles", lambda made: int(getattr(made, "phases", [made])[0].numbers[0]) == 1)
    channels = [(4, 40), (9, 33), (40, 4)]
    walk(pairs(1, 2, 5), [(1, 1), (1, 2)], pairs(1, 2, 3), [(0, 0), (1, 0)], channels=channels, images=(1, 2))
    assert min(dense.values()) > 50


def test_direct_tiles_over_one_long_row():
    """Where the image is not wider than the result, pieces of 8 run on from row to row."""
    sizes = [(h, w) for h in (1, 2, 3) for w in range(1, 19)]
    cases = walk(sizes, [(1, 1), (2, 1), (1, 2), (3, 3)], [(1, 1), (2, 1), (1, 2)], [(0, 0), (1, 1)], channels=[(2, 3)])
    plans = [geometry.forward(2, one.kernel, one.out_size, one.stride, one.padding, one.dilation) for one in cases]
    long = [plan.long != (plan.qh, plan.qw) for plan in plans]
    assert 20 < sum(long) < len(long) - 20


def test_rows_that_share_their_padding():
    """The rows of a padded image are one long row where that fills more lanes, with any padding on both sides."""
    sizes = [(3, w) for w in (1, MOVE - 3, MOVE + 4)]
    kernels_, paddings, dilations = [(1, 3), (2, 5)], [(0, 1), (1, 2), (1, 3)], [(1, 1), (1, 2)]
    cases = walk(sizes, kernels_, paddings=paddings, dilations=dilations, channels=[(2, 3), (50, 9)], images=(2,))
    shared = []
    for one in cases:
        plan = geometry.forward(one.c, one.kernel, one.out_size, one.stride, one.padding, one.dilation)
        shared.append(tables.shared_padding(plan, one.c, one.size[1]) is not plan)
    assert 5 < sum(shared) < len(shared) - 5


@pytest.mark.slow
def test_winograd_windows(answers):
    """Nine taps are a 3 x 3 window only where every one of them lies as in one."""
    found = answers(tables, "window")
    sizes = [(14, 14), (13, 15), (9, 22)]
    nine = [(3, 3), (1, 9), (9, 1)]
    cases = walk(sizes, nine, pairs(1, 2), [(1, 1), (0, 2), (4, 4)], pairs(1, 2, 3), channels=[(16, 16)])
    assert min(found.values()) > 20
    assert {"winograd.unstrided.correlate", "direct.correlate"} <= set(reached(cases))


@pytest.mark.slow
def test_winograd_from_so_many_windows_and_channels():
    sizes = pairs(12, 13, 14, 15)
    cases = walk(sizes, [(3, 3)], paddings=[(1, 1)], channels=[(15, 16), (16, 15), (16, 16), (17, 17)])
    assert min(reached(cases)[name] for name in ("winograd.unstrided.correlate", "direct.correlate")) > 20


@pytest.mark.slow
def test_winograd_with_stride(answers):
    """A stride of 2, no dilation; the input gradient with padding 1 only."""
    forward, backward = answers(tables, "strided_window"), answers(tables, "strided_grad_window")
    sizes = pairs(26, 27, 28)
    kernels_ = [(3, 3), (1, 9)]
    cases = walk(sizes, kernels_, [(2, 2), (2, 1)], [(1, 1), (0, 1), (2, 2)], [(1, 1), (2, 1)], channels=[(16, 17)])
    assert min(forward.values()) > 20
    assert backward[True] > 4
    assert {"winograd.strided.correlate", "phases.correlate"} <= set(reached(cases))


def test_pointwise(answers):
    """A 1 x 1 convolution with some filters, not too many channels, and pixels that are mostly whole vectors."""
    worth = answers(pointwise, "is_worth_it")
    sizes = [(1, w) for w in range(44, 60)] + [(7, w) for w in range(5, 12)] + [(11, 13)]
    most = pointwise.DEPTH
    walk(sizes, ONES, channels=[(1, 33), (127, 33), (33, 40), (20, 15), (20, 16), (20, 17)], images=(1, 2))
    walk([(5, 10), (5, 13)], ONES, channels=[(most, 17), (most + 1, 17)])
    walk([(6, 8)], ONES, channels=[(34, 34)], groups=2)
    assert min(worth.values()) > 20


def test_few_channels_are_framed():
    """Dense tiles of fewer than 8 channels read a padded copy, unless it were much larger than the image."""
    walk(
        [(3, 5), (1, 9), (4, 4)], pairs(1, 2, 3), [(1, 1), (2, 3)], pairs(0, 1, 2), channels=[(1, 33), (7, 33), (8, 33)]
    )
    cases = walk([(3, 5)], [(2, 3)], pairs(1, 30, 99), pairs(0, 60), channels=[(2, 33)])
    kept = [
        kernels.conv.dispatch._forward((1, 2, 3, 5), (33, 2, 2, 3), True, one.stride, one.padding, (1, 1), 1)[1]
        for one in cases
    ]
    frames = [product.prepare is None for product in kept]
    assert 0 < sum(frames) < len(frames)


def test_direct_or_dense():
    """So many filters per group are summed where the image lies."""
    channels = [(2 * c, 2 * f) for c in (1, 3) for f in (1, 2, 3, 4, 5, 15, 16, 17, 31, 32, 33, 36)]
    cases = walk([(5, 9), (2, 3)], [(1, 1), (3, 2), (3, 3)], [(1, 1), (2, 1)], [(1, 1)], channels=channels, groups=2)
    counts = reached(cases)
    assert min(counts["direct.correlate"], counts["tiles.correlate"]) > 20


def test_first_layers(answers):
    """Few channels, taps that are near, whole tiles and pieces: sums go straight to the result, in long runs."""
    worth = answers(conv_direct, "is_worth_it")
    sizes = [(5, 3 * MOVE - 1), (5, 2 * MOVE), (4, 2 * MOVE + 1), (6, MOVE - 2)]
    channels = [(3, 40), (3, 44), (8, 40), (9, 40), (3, 96), (3, 104), (6, 64), (7, 64)]
    cases = walk(sizes, [(3, 3), (5, 5), (1, 1)], [(1, 1), (2, 2)], [(1, 1)], channels=channels, images=(1, 2))
    cases += walk([(130, 6 * MOVE)], [(3, 3)], paddings=[(1, 1)], channels=[(3, 40)])
    counts = reached(cases)
    assert min(*worth.values(), counts["direct.correlate"], counts["tiles.correlate"]) > 20


def test_phases():
    """An input gradient with strides: phases with and without taps, the first one too, and result of one pixel."""
    cases = walk(pairs(1, 2, 7), [(1, 1), (2, 3), (3, 3)], pairs(1, 2, 4, 5, 7), [(0, 0), (1, 1)], channels=[(2, 5)])
    assert reached(cases)["phases.correlate"] > 100
    products = [
        kernels.conv.dispatch._input_grad(
            (1, 5, *one.out_size), (5, 2, *one.kernel), one.size, one.stride, one.padding, (1, 1), 1
        )[1]
        for one in cases
    ]
    gaps = [product.has_gaps for product in products if product]
    assert 100 < sum(gaps) < len(gaps) - 100
    assert None in products  # no tap meets the image


def test_phases_in_panels():
    """Many rows, and rows of pixels that are short beside a vector: every phase is a product of panels."""
    sizes = [(5, w) for w in range(2 * MOVE - 9, 2 * MOVE + 2, 3)]
    options = [(2, 2), (3, 2), (5, 5)], [(1, 1), (0, 1)]
    cases = walk(sizes, [(3, 3), (1, 2)], *options, channels=[(33, 4), (32, 4)], images=(2,))
    cases += walk([(7, 8)], [(3, 2)], *options, channels=[(66, 4)], images=(2,), groups=2)
    counts = collections.Counter(paths(one)[1] for one in cases)
    assert min(counts["tiles.correlate"], counts["phases.correlate"]) > 10


def test_phases_with_vectors():
    """Strides of 1 and 2 along a row are shuffled together, as far as whole vectors fit."""
    sizes = [(h, w) for h in (2, 3) for w in range(12, 37)]
    assert walk(sizes, [(2, 2), (3, 3)], [(2, 1), (1, 2), (2, 2), (2, 3)], [(1, 1)], channels=[(1, 2)])


@pytest.mark.slow
def test_gathered_pieces():
    """Pieces inside of the image, at its border, at both ends of the array, of 1 to 8 pixels, with steps 1 to 3."""
    sizes = [(h, w) for h in (1, 2, 3) for w in range(1, 34)]
    walk(sizes, [(1, 2), (3, 3)], [(1, 1), (2, 2), (1, 3)], [(0, 0), (1, 1)], channels=[(8, 33)], images=(1,))
    assert walk(
        pairs(3, 8, 15, 24), [(3, 3)], pairs(1, 2), [(1, 1), (2, 0)], channels=[(8, 33), (33, 8)], images=(2, 3)
    )


def test_padded_copies():
    """Rows are copied in vectors where steps of 1, 2 or 4 and the ends of the arrays allow it."""
    sizes = [(h, w) for h in (1, 4) for w in range(1, 36)]
    assert walk(sizes, [(1, 2), (2, 3)], [(1, 1), (1, 2), (1, 3), (2, 4), (1, 5)], [(0, 0), (1, 1)], channels=[(2, 1)])


@pytest.mark.parametrize("far", [conv_near.FAR, 4])
def test_taps_that_only_meet_padding(monkeypatch, far):
    """Kernels that reach far beyond the image lose them, in all three products; others keep them."""
    monkeypatch.setattr(conv_near, "FAR", far)
    for known in (
        kernels.conv.dispatch._forward,
        kernels.conv.dispatch._input_grad,
        kernels.conv.dispatch._weight_grad,
    ):
        known.cache_clear()
    steps = (1, 2, 3, 5) if far == 4 else (127, 128, 255, 256)
    paddings = pairs(0, 2, 5) if far == 4 else [(0, 0), (128, 0), (256, 256)]
    cases = walk(
        [(1, 4), (3, 5)], [(1, 1), (2, 3), (3, 2)], [(1, 1), (2, 3)], paddings, pairs(*steps), channels=[(2, 3)]
    )
    left_out = [
        conv_near.near(one.size, one.kernel, one.out_size, one.stride, one.padding, one.dilation)[0] for one in cases
    ]
    assert 10 < sum(index is not None for index in left_out) < len(cases) - 10
    for known in (
        kernels.conv.dispatch._forward,
        kernels.conv.dispatch._input_grad,
        kernels.conv.dispatch._weight_grad,
    ):
        known.cache_clear()


def test_weight_gradients_by_filters_and_pixels():
    """Narrow or wide tiles; one share or several; depthwise; the image split where windows lie far apart."""
    assert len(walk([(3, 5)], [(2, 2)], channels=[(2, f) for f in range(1, 52)], paddings=[(1, 1)])) == 51
    walk([(h, w) for h in (15, 16, 17) for w in (31, 32, 33)], [(2, 2), (1, 1)], channels=[(2, 3)], images=(1, 2, 3))
    walk([(h, w) for h in (1, 3) for w in range(1, 20)], [(1, 1), (2, 3)], [(1, 1), (2, 2)], [(0, 0), (1, 1)],
         channels=[(3, 3), (3, 6)], groups=3)  # fmt: skip


def test_split_image_of_a_weight_gradient(answers):
    split = answers(geometry, "split_weight_grad")
    cases = walk(pairs(3, 20, 40), [(1, 1), (2, 3), (9, 9)], pairs(1, 8, 9, 17), [(0, 0), (3, 3)], channels=[(2, 3)])
    assert 20 < split[True] < len(cases) - 20


@pytest.mark.slow
def test_winograd_weight_gradients():
    sizes = pairs(26, 27, 28)
    cases = walk(
        sizes, [(3, 3)], paddings=[(1, 1)], dilations=[(1, 1), (2, 1)], channels=[(16, 23), (15, 24), (16, 24)]
    )
    counts = reached(cases)
    assert min(counts["winograd.weight.share"], counts["weight.share"]) > 3


def test_empty_images_see_the_bias_only():
    x, weight, bias = np.zeros((1, 2, 0, 5), np.float32), np.ones((3, 2, 3, 3), np.float32), np.arange(3, dtype="f")
    options = (1, 1), (2, 2), (1, 1), 1
    out = kernels.conv.conv2d(x, weight, bias, *options)
    np.testing.assert_array_equal(out, np.broadcast_to(bias[:, None, None], (1, 3, 2, 7)))
    assert kernels.conv.conv2d_input_grad(out, weight, (0, 5), *options).shape == x.shape
    np.testing.assert_array_equal(kernels.conv.conv2d_weight_grad(out, x, (3, 3), *options), np.zeros_like(weight))


def test_groups_are_products_of_their_own_where_winograd_pays():
    sizes = [(11, 14), (14, 14), (28, 27)]
    few = walk(sizes, [(3, 3)], [(1, 1), (2, 2)], [(1, 1)], ONES, [(30, 34), (32, 30)], (1, 3), groups=2)
    assert {"winograd.unstrided.correlate", "winograd.strided.correlate"}.isdisjoint(reached(few))
    many = walk(sizes, [(3, 3)], [(1, 1), (2, 2)], [(1, 1)], ONES, [(32, 34)], (1, 3), groups=2)
    many += walk(sizes, [(3, 3)], paddings=[(1, 1)], channels=[(48, 51)], groups=3)
    assert reached(many)["winograd.unstrided.correlate"] > 5


def test_strided_kernels_of_one_tap_are_spread(monkeypatch):
    """Pixels between the strides are 0; where the image is longer or shorter than the steps, and with output padding."""
    spread = []
    run = launches.Spread.run
    monkeypatch.setattr(launches.Spread, "run", lambda self, *args: spread.append(1) or run(self, *args))
    sizes = [(1, 1), (1, 6), (7, 8), (12, 13)]
    walk(
        sizes,
        [(1, 1)],
        [(2, 2), (2, 1), (1, 3), (5, 7)],
        [(0, 0), (1, 0)],
        [(1, 1), (70, 70)],
        [(2, 3), (20, 40)],
        (1, 2),
    )
    walk(sizes, [(1, 1)], [(2, 2), (6, 1)], channels=[(4, 6)], groups=2)
    walk([(9, 9)], [(3, 3)], [(2, 2)], [(70, 70), (0, 0)], [(70, 70)], [(4, 5)])
    assert len(spread) > 50
