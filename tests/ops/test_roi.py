"""Features of regions: by hand, torchvision's, empty lists, gradients that add up."""

import numpy as np
import pytest

from minidet import ops, tensor
from minidet.autograd.gradcheck import GradcheckError, gradcheck
from minidet.kernels import roi as compiled
from tests.fixtures import torchvision

OPERATIONS = pytest.mark.parametrize("operation", [ops.roi_pool, ops.roi_align])
IMAGE = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4)


def test_pooling_by_hand():
    rois = np.array([[0, 0, 0, 3, 3], [0, 0, 0, 0, 0], [0, 2.5, 0.5, 3, 1.49], [0, -2, -2, 1, 1], [0, 9, 9, 12, 12]])
    found = ops.roi_pool(IMAGE, rois, 2).numpy()[:, 0]
    expected = [
        [[5, 7], [13, 15]],
        [[0, 0], [0, 0]],
        [[7, 7], [7, 7]],  # 2.5 and 0.5 go up, 1.49 down: one cell
        [[0, 0], [0, 5]],  # three of the bins lie outside: 0
        [[0, 0], [0, 0]],
    ]
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(
        ops.roi_pool(IMAGE, rois[:1], (1, 3)).numpy()[0, 0], [[13, 14, 15]]
    )  # overlapping bins


def test_aligning_by_hand():
    """On a ramp, the mean of samples is the value in the bin's middle: cell i has its middle at i + 0.5."""
    rois = np.array([[0, 1, 1, 3, 3]], np.float32)
    aligned = ops.roi_align(IMAGE, rois, 2, aligned=True).numpy()[0, 0]
    np.testing.assert_allclose(aligned, [[5, 6], [9, 10]])
    shifted = ops.roi_align(IMAGE, rois, 2).numpy()[0, 0]
    np.testing.assert_allclose(shifted, np.array([[5, 6], [9, 10]]) + 0.5 * 4 + 0.5)
    small = np.array([[0, 1, 1, 1.5, 1.5]], np.float32)
    np.testing.assert_allclose(ops.roi_align(IMAGE, small, 1).numpy(), [[[[7.5]]]])  # not aligned: at least a cell
    np.testing.assert_allclose(ops.roi_align(IMAGE, small, 1, aligned=True).numpy(), [[[[3.75]]]])  # at (0.75, 0.75)


def test_the_same_as_torchvision():
    recorded = torchvision()
    image, rois, cotangent = (recorded[name] for name in ("image", "rois", "cotangent"))
    calls = {"roi_pool": lambda x: ops.roi_pool(x, rois, (2, 3), 0.25)}
    for options in ((-1, False), (-1, True), (2, False), (2, True)):
        calls["roi_align {} {}".format(*options)] = lambda x, o=options: ops.roi_align(x, rois, (2, 3), 0.25, *o)
    for name, call in calls.items():
        x = tensor(image, requires_grad=True)
        out = call(x)
        out.backward(tensor(cotangent))
        np.testing.assert_allclose(out.detach().numpy(), recorded[name], 1e-5, 1e-5, err_msg=name, strict=True)
        gradient = recorded[f"{name} gradient"]
        np.testing.assert_allclose(x.grad.numpy(), gradient, 1e-5, 1e-5, err_msg=name, strict=True)


@OPERATIONS
def test_a_list_of_boxes_is_regions_with_numbers(operation, rng):
    image = rng.normal(0, 1, (3, 2, 5, 6))
    boxes = np.array([[0, 0, 9, 9], [2, 3, 8, 6], [1, 1, 4, 4.0]])
    numbered = np.concatenate([[[0], [0], [2]], boxes], 1)
    found = operation(image, [boxes[:2], boxes[:0], boxes[2:].astype(np.float32)], 2, 0.5).numpy()
    np.testing.assert_array_equal(found, operation(image, numbered, 2, 0.5).numpy())
    swapped = operation(image, numbered[::-1], 2, 0.5).numpy()  # images in no order
    np.testing.assert_array_equal(found, swapped[::-1])


@OPERATIONS
@pytest.mark.parametrize("boxes", [[np.zeros((0, 4), np.float32)] * 2, np.zeros((0, 5), np.float32)])
def test_no_regions(operation, boxes):
    x = tensor(np.ones((2, 3, 4, 4), np.float32), requires_grad=True)
    out = operation(x, boxes, (2, 5))
    assert (out.shape, out.dtype) == ((0, 3, 2, 5), np.float32)
    out.sum().backward()
    assert x.grad.shape == x.shape
    assert not x.grad.numpy().any()


@OPERATIONS
def test_no_images_and_no_channels(operation):
    assert operation(np.zeros((0, 3, 4, 4), np.float32), [], 2).shape == (0, 3, 2, 2)
    assert operation(np.zeros((1, 0, 4, 4), np.float32), [np.zeros((1, 4))], 2).shape == (1, 0, 2, 2)


@OPERATIONS
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_regions_that_share_cells_add_up(operation, dtype):
    """The same region three times: three times the gradient. Who overwrites has it once."""
    rois = np.array([[0, 0, 0, 3, 3]])
    grads = []
    for count in (1, 3):
        x = tensor(IMAGE.astype(dtype), requires_grad=True)
        operation(x, np.repeat(rois, count, 0), 3).sum().backward()
        grads.append(x.grad.numpy())
    assert grads[0].sum() == pytest.approx(9)
    np.testing.assert_allclose(grads[1], 3 * grads[0], rtol=1e-6)


@OPERATIONS
def test_a_mistake_in_the_gradient_is_found(operation, rng, monkeypatch):
    """Overwriting instead of adding, in the kernel's stead."""
    x, rois = tensor(rng.normal(0, 1, (1, 1, 4, 4)), requires_grad=True), np.array([[0, 0, 0, 3, 3], [0, 1, 1, 3, 3]])
    assert gradcheck(lambda x: operation(x, rois, 2), (x,))
    name = f"{operation.__name__}_grad"
    right = getattr(compiled, name)

    def last_wins(grad, rois, *rest):
        out = np.zeros((1, 1, 4, 4))
        for r in range(len(rois)):
            indices = (rest[0][r : r + 1],) if operation is ops.roi_pool else ()
            one = right(grad[r : r + 1], rois[r : r + 1], *indices, *rest[len(indices) :])
            out = np.where(one != 0, one, out)
        return out

    monkeypatch.setattr(compiled, name, last_wins)
    with pytest.raises((AssertionError, GradcheckError)):
        gradcheck(lambda x: operation(x, rois, 2), (x,))


def test_nan_wins_in_its_bin_only():
    image = IMAGE.copy()
    image[0, 0, 0, 1] = np.nan
    image[0, 0, 2:, 2:] = -np.inf
    found = ops.roi_pool(image, np.array([[0, 0, 0, 3, 3]]), 2).numpy()[0, 0]
    np.testing.assert_array_equal(found, [[np.nan, 7], [13, -np.inf]])


@OPERATIONS
def test_boxes_that_are_far_larger_than_the_map(operation):
    """As many samples as the bin has cells would be 10^29; only those on the map are taken."""
    found = operation(IMAGE, np.array([[0, -1e30, -1e30, 1e30, 1e30], [0, 0, 0, 1e9, 1e9]]), 2).numpy()
    assert np.isfinite(found).all()
    assert found[1, 0, 0, 0] == (15 if operation is ops.roi_pool else pytest.approx(0, abs=1e-6))


@OPERATIONS
def test_corners_in_the_wrong_order_are_a_region_of_one_cell(operation):
    """torchvision's, for aligned=False: at least one cell."""
    found = operation(IMAGE, np.array([[0, 3, 3, 1, 1], [0, 3, 3, 3, 3]]), 1).numpy()
    np.testing.assert_array_equal(found[0], found[1])
    assert not ops.roi_align(IMAGE, np.array([[0, 3, 3, 1, 1]]), 1, aligned=True).numpy().any()
