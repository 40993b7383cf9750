"""Arguments at the ends of their range: they are answered at once, as PyTorch does, or refused."""

import numpy as np
import pytest

import minidet
from minidet.nn import functional as F

IMAGE = np.random.default_rng(0).standard_normal((2, 3, 8, 8)).astype("f")
HUGE = 2**31 - 1
WINDOWS = {
    "kernel": {"kernel_size": HUGE},
    "kernel and padding": {"kernel_size": 2**30, "padding": 2**29},
    "stride": {"kernel_size": 3, "stride": HUGE},
    "one axis": {"kernel_size": (2**30, 3), "stride": (5, 2), "padding": (2**29, 1)},
    "small steps": {"kernel_size": 1000, "padding": 500, "stride": 1},
}


@pytest.mark.parity
@pytest.mark.parametrize("pool", ["max_pool2d", "avg_pool2d"])
@pytest.mark.parametrize("name", WINDOWS)
def test_a_window_far_larger_than_the_image(name, pool):
    torch = pytest.importorskip("torch")
    ours = getattr(F, pool)(IMAGE, ceil_mode=True, **WINDOWS[name])
    theirs = getattr(torch.nn.functional, pool)(torch.tensor(IMAGE), ceil_mode=True, **WINDOWS[name])
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), 1e-4, 1e-12, strict=True)


@pytest.mark.parametrize("dilation", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 2, 5])
@pytest.mark.parametrize("stride", [1, 4, 9])
@pytest.mark.parametrize("kernel", [10, 13, 40])
def test_taps_outside_the_image_change_nothing(kernel, stride, padding, dilation):
    """Beside the windows written out, position by position; minus infinity everywhere finds the first pixel."""
    span = (kernel - 1) * dilation + 1
    image = IMAGE[0, 0].copy()
    image[:4] = -np.inf
    count = -(-(8 + 2 * padding - span) // stride) + 1
    count -= (count - 1) * stride >= 8 + padding
    if count < 1:
        with pytest.raises(ValueError, match="max_pool2d: input has shape"):
            F.max_pool2d(image[None], kernel, stride, padding, dilation, ceil_mode=True)
        return
    values, indices = F.max_pool2d(image[None], kernel, stride, padding, dilation, True, True)
    assert values.shape == (1, count, count)
    for i in range(count):
        for j in range(count):
            rows, columns = (
                [p for p in range(at * stride - padding, at * stride - padding + span, dilation) if 0 <= p < 8]
                for at in (i, j)
            )
            window = image[np.ix_(rows, columns)]
            a, b = np.unravel_index(window.argmax(), window.shape)
            assert values.numpy()[0, i, j] == window.max()
            assert indices.numpy()[0, i, j] == rows[a] * 8 + columns[b]


@pytest.mark.parametrize("name", ["kernel_size", "stride", "dilation"])
def test_what_no_integer_of_32_bits_holds_is_refused(name):
    options = {"kernel_size": 1, name: 2**31}
    with pytest.raises(ValueError, match=f"max_pool2d: {name} is .2147483648"):
        F.max_pool2d(IMAGE, ceil_mode=True, **options)


def test_a_padding_that_would_be_walked_through_is_refused():
    with pytest.raises(ValueError, match="max_pool2d: padding is"):
        F.max_pool2d(IMAGE, 2**30, 2**29, 2**29, ceil_mode=True)


@pytest.mark.parametrize("call", [
    lambda: F.adaptive_avg_pool2d(IMAGE, 2**40),
    lambda: F.adaptive_max_pool2d(IMAGE, (1, 2**40)),
    lambda: F.bed_of_nails2d(IMAGE, 2**40),
    lambda: F.max_unpool2d(IMAGE, np.zeros(IMAGE.shape, int), 2**40),
    lambda: F.max_unpool2d(IMAGE, np.zeros(IMAGE.shape, int), 2, 2**40, output_size=(2**40, 2**40)),
])  # fmt: skip
def test_a_result_that_no_memory_holds_is_refused(call):
    with pytest.raises(ValueError, match="2d: (output_size|stride) is"):
        call()


@pytest.mark.parametrize("size", [0, (0, 3), (3, 0)])
@pytest.mark.parametrize("pool", [F.adaptive_avg_pool2d, F.adaptive_max_pool2d])
def test_adaptive_pooling_to_nothing(pool, size):
    x = minidet.tensor(IMAGE, requires_grad=True)
    out = pool(x, size)
    assert out.shape == (2, 3, *(size if size else (0, 0)))
    out.sum().backward()
    assert not x.grad.numpy().any()


@pytest.mark.parametrize("beta", [0, 1e-50, 1e-45, 1e-40])
def test_smooth_l1_of_a_beta_too_small_to_be_divided_by(beta):
    x = minidet.tensor([0.0, 1e-39, 1.0, -2.0], requires_grad=True)
    loss = F.smooth_l1_loss(x, minidet.zeros(4), beta=beta, reduction="none")
    loss.sum().backward()
    np.testing.assert_allclose(loss.tolist(), [0, 1e-39, 1, 2], 1e-6)
    assert x.grad.tolist() == [0, 1, 1, -1]


@pytest.mark.parametrize(
    "name",
    [
        "cross_entropy",
        "nll_loss",
        "multi_margin_loss",
        "mse_loss",
        "dice_loss",
        "binary_cross_entropy",
        "binary_cross_entropy_with_logits",
        "sigmoid_focal_loss",
    ],
)
@pytest.mark.parametrize("value", [None, "a", object()])
def test_a_target_that_is_no_tensor(name, value):  # fmt: skip
    with pytest.raises(TypeError, match=f"^{name}: targets? "):
        getattr(F, name)(np.ones((2, 3)), value)


def test_what_is_ignored_has_no_gradient_whatever_its_scores():
    x = minidet.tensor([[np.inf, 1.0], [np.nan, 1.0], [0.0, 0.0]], requires_grad=True)
    F.cross_entropy(x, np.array([-100, -100, 1])).backward()
    assert x.grad.tolist() == [[0, 0], [0, 0], [0.5, -0.5]]
