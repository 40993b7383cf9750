"""Rows of the nonlinearities."""

import numpy as np
import scipy.special

import minidet.nn.functional as F
from minidet import nn, tensor

from .row import Bad, Row, away_from, torch

INTEGERS = np.arange(6).reshape(2, 3)
WORDS = np.array(["a", "b"])


def away_from_zero(rng):
    return [away_from(rng, (2, 3, 4), 0.0)]


def away_from_zero_and_six(rng, shape=(2, 3, 5)):
    return [away_from(rng, shape, 0.0, 6.0, low=-4, high=10)]


def plain(rng):
    return [rng.standard_normal((2, 3, 4))]


def empty(rng):
    return [np.zeros((0, 3, 4))]


def need_float(name, function):
    """Bad input that every elementwise operation has in common."""
    return (
        Bad(lambda: function(tensor(INTEGERS)), TypeError, f"{name}: input has dtype int64"),
        Bad(lambda: function(WORDS), TypeError, "dtype"),
    )


def softmax_bad(name, function):
    return (
        *need_float(name, lambda x: function(x, 1)),
        Bad(lambda: function(tensor(np.ones((2, 3)))), ValueError, f"{name}: dim is None"),
        Bad(lambda: function(tensor(np.ones((2, 3))), 2), IndexError, f"{name}: dim is 2"),
        Bad(lambda: function(tensor(np.ones((2, 3))), 0.5), TypeError, f"{name}: dim is 0.5"),
    )


def softplus(x, beta=1.0, threshold=20.0):
    scaled = beta * x
    return np.where(scaled > threshold, x, np.log(1 + np.exp(np.minimum(scaled, threshold))) / beta)


def leaky(slope):
    return lambda x: np.where(x > 0, x, slope * x)


FUNCTIONS = [
    Row("F.relu", F.relu, away_from_zero, lambda x: x * (x > 0), lambda x: torch().relu(x), empty=empty,
        bad=need_float("relu", F.relu)),
    Row("F.relu", F.relu, lambda rng: [np.array(1.5)], lambda x: x, lambda x: torch().relu(x), "0-d"),
    Row("F.relu", F.relu, lambda rng: [away_from(rng, (128, 129), 0.0)], lambda x: x * (x > 0),
        lambda x: torch().relu(x), "many numbers"),  # so many that the compiled loop takes over
    Row("F.relu6", F.relu6, away_from_zero_and_six, lambda x: np.minimum(x * (x > 0), 6),
        lambda x: torch().nn.functional.relu6(x), empty=empty, bad=need_float("relu6", F.relu6)),
    Row("F.relu6", F.relu6, lambda rng: [np.array(1.5)], lambda x: x, lambda x: torch().nn.functional.relu6(x), "0-d"),
    Row("F.relu6", F.relu6, lambda rng: away_from_zero_and_six(rng, (128, 129)), lambda x: np.minimum(x * (x > 0), 6),
        lambda x: torch().nn.functional.relu6(x), "many numbers"),
    Row("F.leaky_relu", F.leaky_relu, away_from_zero, leaky(0.01), lambda x: torch().nn.functional.leaky_relu(x),
        empty=empty, bad=(*need_float("leaky_relu", F.leaky_relu),
                          Bad(lambda: F.leaky_relu(np.ones(2), "0.1"), TypeError, "negative_slope"))),
    Row("F.leaky_relu", lambda x: F.leaky_relu(x, -0.5), away_from_zero, leaky(-0.5),
        lambda x: torch().nn.functional.leaky_relu(x, -0.5), "negative slope", empty=empty),
    Row("F.sigmoid", F.sigmoid, plain, scipy.special.expit, lambda x: torch().sigmoid(x), empty=empty,
        bad=(Bad(lambda: F.sigmoid(WORDS), TypeError, "dtype"),)),
    Row("F.tanh", F.tanh, plain, lambda x: 2 / (1 + np.exp(-2 * x)) - 1, lambda x: torch().tanh(x), empty=empty,
        bad=(Bad(lambda: F.tanh(WORDS), TypeError, "dtype"),)),
    Row("F.softplus", F.softplus, plain, softplus, lambda x: torch().nn.functional.softplus(x), empty=empty,
        bad=(*need_float("softplus", F.softplus),
             Bad(lambda: F.softplus(np.ones(2), 0), ValueError, "softplus: beta is 0"))),
    Row("F.softplus", lambda x: F.softplus(x, 3.0, 2.0), lambda rng: [away_from(rng, (2, 3, 4), 2 / 3)],
        lambda x: softplus(x, 3.0, 2.0), lambda x: torch().nn.functional.softplus(x, 3.0, 2.0), "beta 3, threshold 2",
        empty=empty),
    Row("F.softmax", lambda x: F.softmax(x, 1), plain, lambda x: scipy.special.softmax(x, 1),
        lambda x: torch().softmax(x, 1), "dim 1", empty=empty, bad=softmax_bad("softmax", F.softmax)),
    Row("F.softmax", lambda x: F.softmax(x, -1), plain, lambda x: scipy.special.softmax(x, -1),
        lambda x: torch().softmax(x, -1), "dim -1", empty=empty),
    Row("F.softmax", lambda x: F.softmax(x, 0), lambda rng: [np.array(1.5)], np.ones_like,
        lambda x: torch().softmax(x, 0), "0-d"),
    Row("F.log_softmax", lambda x: F.log_softmax(x, -1), lambda rng: [np.array(1.5)], np.zeros_like,
        lambda x: torch().log_softmax(x, -1), "0-d"),
    Row("F.log_softmax", lambda x: F.log_softmax(x, 1), plain, lambda x: scipy.special.log_softmax(x, 1),
        lambda x: torch().log_softmax(x, 1), "dim 1", empty=empty, bad=softmax_bad("log_softmax", F.log_softmax)),
    Row("F.log_softmax", lambda x: F.log_softmax(x, -1), plain, lambda x: scipy.special.log_softmax(x, -1),
        lambda x: torch().log_softmax(x, -1), "dim -1", empty=empty),
]  # fmt: skip

LAYERS = [
    Row("nn.ReLU", None, away_from_zero, lambda x: x * (x > 0), empty=empty, module=nn.ReLU,
        torch_module=lambda: torch().nn.ReLU(), bad=need_float("relu", nn.ReLU())),
    Row("nn.ReLU6", None, away_from_zero_and_six, lambda x: np.minimum(x * (x > 0), 6), empty=empty, module=nn.ReLU6,
        torch_module=lambda: torch().nn.ReLU6(), bad=need_float("relu6", nn.ReLU6())),
    Row("nn.LeakyReLU", None, away_from_zero, leaky(0.2), empty=empty, module=lambda: nn.LeakyReLU(0.2),
        torch_module=lambda: torch().nn.LeakyReLU(0.2), bad=need_float("leaky_relu", nn.LeakyReLU())),
    Row("nn.Sigmoid", None, plain, scipy.special.expit, empty=empty, module=nn.Sigmoid,
        torch_module=lambda: torch().nn.Sigmoid(), bad=(Bad(lambda: nn.Sigmoid()(WORDS), TypeError, "dtype"),)),
    Row("nn.Tanh", None, plain, np.tanh, empty=empty, module=nn.Tanh,
        torch_module=lambda: torch().nn.Tanh(), bad=(Bad(lambda: nn.Tanh()(WORDS), TypeError, "dtype"),)),
    Row("nn.Softplus", None, plain, lambda x: softplus(x, 2.0), empty=empty, module=lambda: nn.Softplus(2.0),
        torch_module=lambda: torch().nn.Softplus(2.0), bad=need_float("softplus", nn.Softplus())),
    Row("nn.Softmax", None, plain, lambda x: scipy.special.softmax(x, 1), empty=empty, module=lambda: nn.Softmax(1),
        torch_module=lambda: torch().nn.Softmax(1),
        bad=(Bad(nn.Softmax, ValueError, "Softmax: dim is None"), *need_float("softmax", nn.Softmax(1)))),
    Row("nn.LogSoftmax", None, plain, lambda x: scipy.special.log_softmax(x, 1), empty=empty,
        module=lambda: nn.LogSoftmax(1), torch_module=lambda: torch().nn.LogSoftmax(1),
        bad=(Bad(nn.LogSoftmax, ValueError, "LogSoftmax: dim is None"), *need_float("log_softmax", nn.LogSoftmax(1)))),
]  # fmt: skip

ROWS = FUNCTIONS + LAYERS
