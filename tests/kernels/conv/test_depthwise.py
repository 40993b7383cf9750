"""Every channel by itself: rows and long rows, groups of any kind, the ends of the arrays, and what is not finite."""

import numpy as np
import pytest

from minidet.kernels.launch import jit

if not jit.ENABLED:
    pytest.skip("numba is absent or switched off", allow_module_level=True)

from minidet import kernels
from minidet.kernels.conv import depthwise
from minidet.kernels.conv.plans import geometry, launches, planes
from minidet.kernels.reference import conv as reference
from minidet.kernels.simd.rows import ANY, LIKE, ONE
from minidet.kernels.simd.tiles import MOVE
from tests.fuzz.convolutions import paths

from .plans.test_product import ONES, pairs, reached, walk

SHAPES = {
    "7 x 7": ((7, 7), (3, 3), (1, 1), (1, 1), (1, 1)),
    "stride 2": ((15, 14), (3, 3), (2, 2), (1, 1), (1, 1)),
    "5 x 5": ((17, 40), (5, 5), (1, 1), (2, 2), (1, 1)),
    "dilated": ((19, 23), (3, 3), (1, 1), (2, 2), (2, 2)),
    "one column, stride 2": ((5, 1), (3, 3), (1, 2), (1, 1), (1, 1)),
    "stride with gaps": ((20, 21), (2, 2), (6, 5), (0, 0), (1, 1)),
}


@pytest.fixture
def forget():
    """Forget which kernel was chosen for which shapes, before and after."""
    chosen = kernels.conv.dispatch._forward, kernels.conv.dispatch._input_grad, kernels.conv.dispatch._weight_grad
    for known in chosen:
        known.cache_clear()
    yield
    for known in chosen:
        known.cache_clear()


def three(module, x, weight, grad, options):
    return (
        module.conv2d(x, weight, None, *options),
        module.conv2d_input_grad(grad, weight, x.shape[2:], *options),
        module.conv2d_weight_grad(grad, x, weight.shape[2:], *options),
    )


def problem(rng, size, kernel, stride, padding, dilation, images=3, channels=5, multiplier=1):
    options = (stride, padding, dilation, channels)
    x = rng.standard_normal((images, channels, *size)).astype(np.float32)
    weight = rng.standard_normal((channels * multiplier, 1, *kernel)).astype(np.float32)
    out = reference.conv2d(x, weight, None, *options)
    return x, weight, rng.standard_normal(out.shape).astype(np.float32), options


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("tasks", [1, 7, 1000])
def test_any_number_of_tasks(shape, tasks, rng, monkeypatch, forget):
    """Tasks begin and end within planes, too; what one writes beside its rows would be wrong in another's."""
    monkeypatch.setattr(launches, "FEWEST", tasks)
    monkeypatch.setattr(launches, "TASKS", tasks)
    x, weight, grad, options = problem(rng, *shape)
    for got, right in zip(three(kernels.conv, x, weight, grad, options),
                          three(reference, x, weight, grad, options), strict=True):  # fmt: skip
        np.testing.assert_allclose(got, right, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("most", [0, planes.MOST])
def test_planes_with_too_many_masks_are_left_to_others(most, rng, monkeypatch, forget):
    monkeypatch.setattr(planes, "MOST", most)
    x, weight, grad, options = problem(rng, *SHAPES["7 x 7"])
    for got, right in zip(three(kernels.conv, x, weight, grad, options),
                          three(reference, x, weight, grad, options), strict=True):  # fmt: skip
        np.testing.assert_allclose(got, right, rtol=1e-4, atol=1e-4)
    chosen = kernels.conv.dispatch._forward(x.shape, weight.shape, False, *options)[1]
    assert (chosen.kernel is depthwise.correlate) == (most > 0)


def rows_of(size, kernel, stride, padding, dilation):
    """Return the rows of a convolution."""
    out_size = reference.conv2d(np.empty((1, 1, *size)), np.empty((1, 1, *kernel)), None, stride, padding, dilation, 1)
    plan = geometry.forward(1, kernel, out_size.shape[2:], stride, padding, dilation)
    return planes.rows_of(size, np.array(plan.offsets), stride, out_size.shape[2:], True)


def test_each_choice_is_made_on_both_sides():
    """Short and long pieces, a plane as one long row, larger strides, and groups of each kind."""
    one, three_, two = (1, 1), (3, 3), (2, 2)
    widths = {width: rows_of((9, width), three_, one, one, one) for width in range(1, 50)}
    is_long = [width for width, rows in widths.items() if rows.steps == (MOVE, MOVE)]
    assert is_long == list(range(1, MOVE + 1))  # the last one is a row
    assert widths[MOVE - 1].lanes == MOVE
    assert {rows.lanes for rows in widths.values()} == {planes.SHORT, MOVE}
    assert rows_of((9, 9), three_, (1, 3), one, one) is None
    kinds = [group[1] for group in planes._groups(rows_of((16, 40), three_, two, one, one))]
    assert kinds == [ANY, LIKE]  # 8 rows: the first one meets padding
    kinds = [group[1] for group in planes._groups(rows_of((11, 40), three_, one, one, one))]
    assert kinds == [ANY, LIKE, ANY]  # 11 rows: the last group begins in the second
    kinds = [group[1] for group in planes._groups(rows_of((9, 40), three_, one, one, one))]
    assert kinds == [ANY, LIKE, ONE]


@pytest.mark.slow
def test_small_shapes_around_a_vector():
    """Rows of one number up to more than a vector, strides, gaps, kernels larger than the image."""
    sizes = [(1, 1), (2, 7), (5, 8), (3, 9), (4, 15), (3, 16), (6, 17), (2, 33)]
    cases = walk(sizes, [(1, 1), (3, 3), (2, 5)], pairs(1, 2), [(0, 0), (1, 2)], ONES, [(3, 3)], (2,), groups=3)
    cases += walk(
        sizes, [(3, 3)], [(3, 1), (1, 3), (5, 6)], [(1, 1)], [(1, 1), (2, 3)], [(3, 3), (3, 6)], (2,), groups=3
    )
    counts = reached(cases)
    assert min(counts["depthwise.correlate"], counts["depthwise.weight_grad"]) > 100
    assert {name for case in cases for name in paths(case)} >= {"depthwise.correlate", "depthwise.weight_grad"}


@pytest.mark.parametrize("in_grad", [False, True])
@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("where", [(0, 0), (0, -1), (-1, 0), (-1, -1), (3, 2)])
def test_what_is_not_finite_reaches_only_what_sees_it(bad, where, in_grad, rng):
    """Pieces meet pixels that no window of theirs has; they must not make nan of a finite sum."""
    x, weight, grad, options = problem(rng, *SHAPES["7 x 7"], multiplier=2)
    if in_grad:
        grad[1, 5][where] = bad
    else:
        x[1, 2][where] = bad
    grad[(grad > 1) & np.isfinite(grad)] = 0  # nothing times infinity is nan, in both
    with np.errstate(invalid="ignore"):
        for got, right in zip(three(kernels.conv, x, weight, grad, options),
                              three(reference, x, weight, grad, options), strict=True):  # fmt: skip
            np.testing.assert_allclose(got, right, rtol=1e-4, atol=1e-4)


def test_it_writes_nothing_but_its_result(rng):
    """Whole vectors are written over the ends of rows, and never over the end of the result."""
    for size in [(1, 1), (2, 3), (7, 7), (5, 16), (9, 31)]:
        x, weight, grad, options = problem(rng, size, (3, 3), (1, 1), (1, 1), (1, 1), images=1, channels=2)
        space = np.full(grad.size + 200, 7, np.float32)
        inside = space[100 : 100 + grad.size].reshape(x.shape)
        kernels.conv.conv2d_input_grad(grad, weight, size, *options, out=inside)
        assert (space[:100] == 7).all()
        assert (space[100 + grad.size :] == 7).all()
        np.testing.assert_allclose(inside, reference.conv2d_input_grad(grad, weight, size, *options), 1e-4, 1e-4)
