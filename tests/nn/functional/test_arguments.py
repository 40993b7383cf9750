"""What is no tensor is refused with the operation's name and the argument's, by every function."""

import numpy as np
import pytest

import minidet
from minidet import nn
from minidet.nn import functional as F

WEIGHT = minidet.ones(1, 1, 1, 1)
IMAGE = minidet.ones(1, 1, 2, 2)
MORE = {
    "adaptive_avg_pool2d": (1,), "adaptive_max_pool2d": (1,), "avg_pool2d": (1,), "batch_norm": (None, None),
    "bed_of_nails2d": (2,), "binary_cross_entropy": (IMAGE,), "binary_cross_entropy_with_logits": (IMAGE,),
    "conv1d": (WEIGHT[0],), "conv2d": (WEIGHT,), "conv_transpose1d": (WEIGHT[0],), "conv_transpose2d": (WEIGHT,),
    "cross_entropy": ([0],), "dice_loss": (IMAGE,), "group_norm": (1,), "huber_loss": (IMAGE,), "interpolate": (2,),
    "l1_loss": (IMAGE,), "l2_norm": (IMAGE[0, 0, 0],), "linear": (WEIGHT[0, 0],), "local_response_norm": (1,),
    "max_pool2d": (1,), "max_unpool2d": (IMAGE, 2), "mse_loss": (IMAGE,), "multi_margin_loss": ([0],),
    "nll_loss": ([0],), "pad": ((1, 1),), "sigmoid_focal_loss": (IMAGE,), "smooth_l1_loss": (IMAGE,),
}  # fmt: skip


@pytest.mark.parametrize("name", F.__all__)
def test_the_input(name):
    argument = "tensor" if name == "one_hot" else "input"
    for value, was in (
        (None, "is a NoneType"), (object(), "is a object"), ("image", "is a str"), (np.ones((1, 1, 2, 2)) * 1j, "is|has"),
    ):  # fmt: skip
        with pytest.raises(TypeError, match=f"{name}: {argument} ({was})"):
            getattr(F, name)(value, *MORE.get(name, ()))


@pytest.mark.parametrize("call, message", [
    (lambda: F.conv2d(IMAGE, None), "conv2d: weight is a NoneType, expected a tensor"),
    (lambda: F.linear(IMAGE, WEIGHT[0, 0], "b"), "linear: bias is a str, expected a tensor"),
    (lambda: F.mse_loss(IMAGE, None), "mse_loss: target is a NoneType, expected a tensor"),
    (lambda: F.batch_norm(IMAGE, object(), None), "batch_norm: running_mean is a object, expected a tensor"),
    (lambda: F.max_unpool2d(IMAGE, None, 2), "max_unpool2d: indices is a NoneType, expected a tensor"),
    (lambda: F.cross_entropy(IMAGE[0, 0], ["a", "b"]), "cross_entropy: target has dtype <U1, expected float32"),
    (lambda: nn.BatchNorm2d(1)(None), "BatchNorm2d: input is a NoneType, expected a tensor"),
    (lambda: nn.FrozenBatchNorm2d(1)(None), "FrozenBatchNorm2d: input is a NoneType, expected a tensor"),
    (lambda: nn.CrossEntropyLoss(object()), "CrossEntropyLoss: weight is a object, expected a tensor"),
])  # fmt: skip
def test_other_arguments(call, message):
    with pytest.raises(TypeError, match=message):
        call()


def test_ragged_lists():
    with pytest.raises(ValueError, match="linear: input is ragged, expected nested lists of equal lengths"):
        F.linear([[1.0], [1.0, 2.0]], WEIGHT[0, 0])
