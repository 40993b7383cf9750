"""Every argument of every function is given what it is not made for: an error in our voice, or a result, and soon."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import minidet.nn.functional as F
from minidet import Tensor, tensor

#: What people pass by mistake, and what overflows.
WRONG = (
    None, "x", b"x", 2.5, float("nan"), float("inf"), -1, 0, 2**31, 2**62, 2**100, -(2**100), True, 1j, object(), [], (),
    {}, [None], ["x", 2], [[1.0], [1.0, 2.0]], (1, 2, 3, 4, 5), (2**100, 1), slice(3), len, np.zeros(0), np.float32(2.5),
    np.array(3), np.array(["x"]), np.array([None]), np.zeros((2, 3), complex), np.zeros((1, 2, 6, 6), np.float16),
    np.zeros((1, 2, 6, 6), np.int64), np.full((1, 2, 6, 6), np.nan), np.zeros((1, 1, 1, 1, 1, 1)),
)  # fmt: skip


def image(*shape):
    """Return a float64 array of values in (0, 1)."""
    return (np.arange(np.prod(shape, dtype=int), dtype=float).reshape(shape) + 0.5) / np.prod(shape)


MAP, LABELS = image(1, 2, 6, 6), np.zeros((1, 6, 6), np.int64)
PAIR = {"input": MAP, "target": image(1, 2, 6, 6)}

#: A right call of each function. What is not named keeps its default.
RIGHT = {
    "adaptive_avg_pool2d": {"input": MAP, "output_size": 2},
    "adaptive_max_pool2d": {"input": MAP, "output_size": 2},
    "avg_pool2d": {"input": MAP, "kernel_size": 2},
    "batch_norm": {"input": MAP, "running_mean": np.zeros(2), "running_var": np.ones(2), "weight": np.ones(2),
                   "bias": np.zeros(2)},
    "bed_of_nails2d": {"input": MAP, "kernel_size": 2},
    "binary_cross_entropy": PAIR | {"weight": image(1, 2, 6, 6)},
    "binary_cross_entropy_with_logits": PAIR | {"weight": image(1, 2, 6, 6), "pos_weight": image(6)},
    "conv1d": {"input": MAP[0], "weight": image(4, 6, 3)[:, :6], "bias": image(4)},
    "conv2d": {"input": MAP, "weight": image(4, 2, 3, 3), "bias": image(4)},
    "conv_transpose1d": {"input": MAP[0], "weight": image(6, 4, 3), "bias": image(4)},
    "conv_transpose2d": {"input": MAP, "weight": image(2, 4, 3, 3), "bias": image(4)},
    "cross_entropy": {"input": MAP, "target": LABELS, "weight": np.ones(2)},
    "dice_loss": PAIR,
    "dropout": {"input": MAP},
    "dropout2d": {"input": MAP},
    "group_norm": {"input": MAP, "num_groups": 2, "weight": np.ones(2), "bias": np.zeros(2)},
    "huber_loss": PAIR,
    "interpolate": {"input": MAP, "size": 3},
    "l1_loss": PAIR,
    "l2_norm": {"input": MAP, "weight": np.ones(2)},
    "leaky_relu": {"input": MAP},
    "linear": {"input": MAP, "weight": image(3, 6), "bias": image(3)},
    "local_response_norm": {"input": MAP, "size": 3},
    "log_softmax": {"input": MAP, "dim": 1},
    "max_pool2d": {"input": MAP, "kernel_size": 2},
    "max_unpool2d": {"input": image(1, 2, 3, 3), "indices": np.zeros((1, 2, 3, 3), np.int64), "kernel_size": 2},
    "mse_loss": PAIR,
    "multi_margin_loss": {"input": image(2, 3), "target": np.array([0, 2]), "weight": np.ones(3)},
    "nll_loss": {"input": MAP, "target": LABELS, "weight": np.ones(2)},
    "normalize": {"input": MAP},
    "one_hot": {"tensor": LABELS},
    "pad": {"input": MAP, "pad": (1, 1)},
    "relu": {"input": MAP},
    "relu6": {"input": MAP},
    "sigmoid": {"input": MAP},
    "sigmoid_focal_loss": {"inputs": MAP, "targets": image(1, 2, 6, 6)},
    "smooth_l1_loss": PAIR,
    "softmax": {"input": MAP, "dim": 1},
    "softplus": {"input": MAP},
    "tanh": {"input": MAP},
}  # fmt: skip


def functions():
    """List the names of all public functions."""
    return [name for name in F.__all__ if inspect.isfunction(getattr(F, name))]


def test_every_function_has_a_right_call():
    assert set(functions()) == set(RIGHT)


@pytest.mark.parametrize("name", functions())
def test_right_calls_are_right(name):
    result = getattr(F, name)(**RIGHT[name])
    assert isinstance(result, Tensor)


def shown(value) -> str:
    """Write a value in one short line."""
    return f"array {value.shape} {value.dtype}" if isinstance(value, (np.ndarray, Tensor)) else repr(value)[:40]


@pytest.mark.parametrize("name", functions())
def test_wrong_arguments_are_named(name):
    function, strangers = getattr(F, name), set()
    for argument in inspect.signature(function).parameters:
        for wrong in WRONG:
            for value in (wrong, tensor(wrong)) if isinstance(wrong, np.ndarray) and wrong.dtype == float else (wrong,):
                try:
                    function(**RIGHT[name] | {argument: value})
                except (ValueError, TypeError, IndexError, RuntimeError, NotImplementedError) as error:
                    if not str(error).startswith(f"{name}: "):
                        strangers.add(f"{argument}={shown(value)}: {type(error).__name__}: {error!s:.160}")
                except MemoryError:  # NumPy says how much it was asked for
                    pass
                except (AttributeError, KeyError, OverflowError, ZeroDivisionError) as error:
                    strangers.add(f"{argument}={shown(value)}: {type(error).__name__}: {error!s:.160}")
    assert not strangers, "\n".join(sorted(strangers))
