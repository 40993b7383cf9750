"""Few pixels and many weights: panels of all pixels, and the weights where they lie."""

import numpy as np
import pytest

from minidet.kernels.launch import jit

if not jit.ENABLED:
    pytest.skip("numba is absent or switched off", allow_module_level=True)

from minidet import kernels
from minidet.kernels.conv import few
from minidet.kernels.conv.gather import WIDE
from minidet.kernels.conv.plans import product as conv_product
from minidet.kernels.conv.winograd import unstrided
from minidet.kernels.simd.tiles import DENSE_LANES, DENSE_ROWS, MOVE
from tests.fuzz.convolutions import Case, check, paths

from .plans.test_product import ONES, answers, pairs, reached, walk  # noqa: F401


@pytest.fixture
def always(monkeypatch, answers):  # noqa: F811
    """Take the kernel for any number of weights, and count what it was asked."""
    monkeypatch.setattr(few, "WEIGHTS", 1)
    monkeypatch.setattr(few, "HEAVY", 1)
    monkeypatch.setattr(few, "TAPS", 1)
    return answers(few, "is_worth_it")


def test_few_pixels_of_all_kinds(always):
    """Images, strides, dilations, padding, one filter up to more than a tile, whole images in one panel and not."""
    sizes = [(1, 1), (3, 2), (7, 7), (5, 9)]
    filters = [(1, 1), (3, DENSE_ROWS), (2, 2 * DENSE_ROWS + 1)]
    cases = walk(sizes, [(1, 1), (3, 3)], pairs(1, 2), [(0, 0), (1, 1)], ONES, filters, (1, 3))
    cases += walk(sizes, [(3, 2)], [(3, 1), (2, 5)], [(1, 1)], [(1, 1), (2, 1)], filters, (2,))
    counts = reached(cases)
    assert min(counts["few.correlate"], counts["few.weight_grad"]) > 200


@pytest.mark.parametrize("width", [1, DENSE_LANES - 1, DENSE_LANES, WIDE, WIDE + 1, 2 * WIDE + 17, few.PIXELS])
def test_any_number_of_panels(always, width):
    for channels in (2, 3, 9):
        one = Case(1, channels, (1, width), 5, (1, 3), (1, 1), (0, 1), (1, 1), 1, True, (0, 0), "float32", channels)
        assert paths(one) == ["few.correlate", "few.correlate", "few.weight_grad"]
        assert check(one) is None
    assert always[True]


def test_regions_that_meet_the_same_taps(always, answers):  # noqa: F811
    """Taps that only meet padding are left out where that saves enough: dilations and paddings of all kinds."""
    regions = answers(conv_product, "_regions")
    options = [(4, 4), (1, 1)], [(4, 4), (1, 1)]
    cases = walk([(8, 8), (8, 9), (12, 12)], [(3, 3)], ONES, *options, [(3, DENSE_ROWS + 1)], (1, 2))
    cases += walk([(9, 8)], [(3, 1)], [(2, 1)], *options, channels=[(2, 3)], images=(2,))
    assert min(regions.values()) > 8
    assert reached(cases)["few.correlate"] > 15


def test_what_is_too_much_is_left_to_others(always):
    one = Case(1, 3, (1, few.PIXELS + 1), 5, (1, 1), (1, 1), (0, 0), (1, 1), 1, True, (0, 0), "float32", 1)
    assert paths(one)[0] != "few.correlate"
    assert check(one) is None
    assert always[False]


def test_weights_decide(answers):  # noqa: F811
    """A layer with few weights packs them; Winograd's transforms pay where there are many, not very many."""
    counts = answers(few, "is_worth_it")

    def chosen(size, channels, filters):
        one = Case(2, channels, size, filters, (3, 3), (1, 1), (1, 1), (1, 1), 1, True, (0, 0), "float32", 1)
        assert check(one) is None
        return paths(one)[0]

    assert chosen((7, 7), 16, 24) == "tiles.correlate" or DENSE_ROWS == 4
    assert chosen((7, 7), 72, 112) == "few.correlate"
    assert chosen((7, 7), 14, 600) == "tiles.correlate"  # 126 taps
    assert chosen((11, 11), 72, 112) == "winograd.unstrided.correlate"
    assert chosen((11, 11), 480, 488) == "winograd.unstrided.correlate"
    assert chosen((5, 5), 480, 488) == "few.correlate"  # 18 windows
    assert counts[True]
    assert counts[False]


def test_weights_that_are_kept_decide_otherwise():
    """What is transformed once costs nothing: Winograd's, where that saves vectors; its threads share the filters."""

    def chosen(size, channels, filters, is_kept):
        shapes = (1, channels, *size), (filters, channels, 3, 3)
        return kernels.conv.dispatch._forward(*shapes, True, (1, 1), (1, 1), (1, 1), 1, None, is_kept)[1].kernel

    assert chosen((7, 7), 128, 130, False) is few.correlate
    assert chosen((7, 7), 128, 130, True) is unstrided.correlate  # 16 windows for 49 pixels
    assert chosen((5, 5), 128, 130, True) is few.correlate or MOVE == 4  # 9 windows for 25 pixels
    for one in (Case(1, 128, (7, 7), 130, (3, 3), (1, 1), (1, 1), (1, 1), 1, True, (0, 0), "float32", 3 * seed)
                for seed in range(3)):  # fmt: skip
        assert check(one) is None


def test_long_sums_are_sums_of_short_ones(always):
    """4608 products: the error is that of blocks of DEPTH, not of one long sum."""
    rng = np.random.default_rng(0)
    x, weight = rng.random((1, 4608, 1, 3), np.float32), rng.random((2, 4608, 1, 1), np.float32)
    from minidet import kernels

    got = kernels.conv.conv2d(x, weight, None, (1, 1), (0, 0), (1, 1), 1)
    exact = kernels.conv.conv2d(*(a.astype(np.float64) for a in (x, weight)), None, (1, 1), (0, 0), (1, 1), 1)
    np.testing.assert_allclose(got, exact, rtol=2e-6)
    assert always[True]
