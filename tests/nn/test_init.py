"""Initial values: their distributions, and PyTorch's defaults for each layer."""

import math

import numpy as np
import pytest
import scipy.stats

import minidet
import minidet.nn.functional as F
from minidet import nn, tensor
from minidet.nn import init


def blank(*shape):
    return tensor(np.zeros(shape, np.float32))


WEIGHT = (64, 32, 3, 3)  # fan_in 288, fan_out 576
RELU_BOUND = (6 / 288) ** 0.5


@pytest.mark.parametrize(
    "fill, distribution",
    [
        (lambda w: init.uniform_(w, -1, 3), scipy.stats.uniform(-1, 4)),
        (lambda w: init.normal_(w, 2, 0.5), scipy.stats.norm(2, 0.5)),
        (lambda w: init.trunc_normal_(w, 1, 2, 0, 4), scipy.stats.truncnorm(-0.5, 1.5, 1, 2)),
        (lambda w: init.xavier_uniform_(w, 2), scipy.stats.uniform(-2 * (6 / 864) ** 0.5, 4 * (6 / 864) ** 0.5)),
        (lambda w: init.xavier_normal_(w), scipy.stats.norm(0, (2 / 864) ** 0.5)),
        (lambda w: init.kaiming_uniform_(w, nonlinearity="relu"), scipy.stats.uniform(-RELU_BOUND, 2 * RELU_BOUND)),
        (lambda w: init.kaiming_normal_(w, 0.1, "fan_out"), scipy.stats.norm(0, (2 / 1.01 / 576) ** 0.5)),
    ],
)  # fmt: skip
def test_distribution(fill, distribution):
    weight = blank(*WEIGHT)
    assert fill(weight) is weight
    assert weight.dtype == np.float32
    assert scipy.stats.kstest(weight.numpy().ravel(), distribution.cdf).pvalue > 1e-3


def test_seeds():
    minidet.manual_seed(3)
    first = init.normal_(blank(4)).tolist()
    minidet.manual_seed(3)
    assert init.normal_(blank(4)).tolist() == first
    assert init.normal_(blank(4), rng=np.random.default_rng(3)).tolist() == first
    assert init.normal_(blank(4)).tolist() != first


def test_constants():
    assert init.constant_(blank(2), 3).tolist() == [3, 3]
    assert init.ones_(blank(2)).tolist() == [1, 1]
    assert init.zeros_(init.ones_(blank(2))).tolist() == [0, 0]


def test_parameters_may_require_grad():
    assert init.ones_(nn.Parameter(np.zeros(2))).requires_grad


@pytest.mark.parity
def test_gains_are_pytorchs():
    torch = pytest.importorskip("torch")
    for name in init.GAINS:
        assert init.calculate_gain(name) == torch.nn.init.calculate_gain(name)
    assert init.calculate_gain("leaky_relu", 0.3) == torch.nn.init.calculate_gain("leaky_relu", 0.3)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: init.calculate_gain("swish"), "calculate_gain: nonlinearity is 'swish'"),
        (lambda: init.kaiming_normal_(blank(3)), r"kaiming_normal_: tensor has shape \(3,\), expected at least 2 axes"),
        (lambda: init.xavier_uniform_(blank(3)), "xavier_uniform_: tensor has shape"),
        (lambda: init.kaiming_uniform_(blank(3, 3), mode="fan"), "kaiming_uniform_: mode is 'fan'"),
        (lambda: init.uniform_(blank(3), 1, 0), "uniform_: b is 0"),
        (lambda: init.normal_(blank(3), 0, -1), "normal_: std is -1"),
        (lambda: init.trunc_normal_(blank(3), std=0), "trunc_normal_: std is 0"),
        (lambda: init.trunc_normal_(blank(3), a=1, b=1), "trunc_normal_: b is 1"),
        (lambda: init.bilinear_(blank(3, 2, 4, 4)), "bilinear_: tensor has shape"),
        (lambda: init.bilinear_(blank(3, 3, 4)), "bilinear_: tensor has shape"),
    ],
)
def test_refuses(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("stride", [2, 3, 4])
@pytest.mark.parametrize("groups", [1, 3])
def test_bilinear_enlarges_a_ramp_into_a_ramp(stride, groups):
    size = 2 * stride - stride % 2
    layer = nn.ConvTranspose2d(3, 3, size, stride, (size - stride) // 2, groups=groups, bias=False)
    init.bilinear_(layer.weight)
    rows, columns = np.mgrid[:6, :5].astype(np.float32)
    images = np.stack([rows, columns, rows + 2 * columns + 1])[None]
    out = layer(tensor(images)).detach().numpy()
    assert out.shape == (1, 3, 6 * stride, 5 * stride)
    offset = (stride - 1) / 2  # pixel centres
    inside = slice(stride, -stride)
    rows, columns = ((np.mgrid[: 6 * stride, : 5 * stride] - offset) / stride)[:, inside, inside]
    expected = np.stack([rows, columns, rows + 2 * columns + 1])
    np.testing.assert_allclose(out[0, :, inside, inside], expected, atol=1e-5)


@pytest.mark.parametrize(
    "build",
    [
        lambda nn: nn.Linear(200, 150),
        lambda nn: nn.Conv2d(16, 60, 5, groups=2),
        lambda nn: nn.Conv1d(30, 100, 7),
        lambda nn: nn.ConvTranspose2d(40, 60, 3),
        lambda nn: nn.ConvTranspose1d(40, 120, 5, groups=4),
    ],
)
@pytest.mark.parity
def test_defaults_are_pytorchs(build):
    torch = pytest.importorskip("torch")
    ours, theirs = build(nn), build(torch.nn)
    for name, parameter in theirs.state_dict().items():
        values, expected = ours.state_dict()[name].numpy(), parameter.numpy()
        assert values.shape == expected.shape
        bound = np.abs(expected).max()
        assert math.isclose(np.abs(values).max(), bound, rel_tol=0.1)
        assert scipy.stats.kstest(values.ravel(), expected.ravel()).pvalue > 1e-3


def test_kaiming_keeps_the_size_of_activations():
    x = tensor(np.random.default_rng(1).standard_normal((256, 512)).astype(np.float32))
    for _ in range(10):
        x = F.relu(F.linear(x, init.kaiming_normal_(blank(512, 512), nonlinearity="relu")))
    assert 0.5 < (x.numpy() ** 2).mean() < 2


@pytest.mark.parametrize("fill", [init.zeros_, init.normal_, init.kaiming_uniform_, lambda w: init.constant_(w, 3)])
def test_refuses_what_is_no_tensor(fill):
    with pytest.raises(TypeError, match="_: tensor is a ndarray, expected a tensor"):
        fill(np.zeros((2, 2)))


@pytest.mark.parametrize("fill", [init.normal_, init.uniform_, init.xavier_normal_, init.bilinear_])
def test_random_numbers_are_not_rounded_to_integers(fill):
    with pytest.raises(TypeError, match="_: tensor has dtype int64, expected float32 or float64"):
        fill(minidet.ones(1, 1, 2, 2, dtype=minidet.int64))
    assert init.ones_(minidet.zeros(2, dtype=minidet.int64)).tolist() == [1, 1]
