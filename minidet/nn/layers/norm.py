"""Normalisation layers: the functions of ``functional.norm``, with their parameters and running statistics."""

from __future__ import annotations

import numpy as np

from ...autograd.from_data import read_tensor
from ...autograd.tensor import wrap
from ...errors import bad_argument, check_rank, check_room, flag, integer, number
from ..functional.norm import batch_norm, batch_norm_within, group_norm, l2_norm, local_response_norm
from ..module import Module
from ..parameter import Parameter


def _constant(size: int, value: float):
    return wrap(np.full(size, value, np.float32))


class _BatchNorm(Module):
    """What BatchNorm1d and BatchNorm2d share: everything but the ranks they take."""

    ranks: tuple[int, ...]
    letters: str
    _may_be_absent = ("num_batches_tracked",)  # PyTorch counts batches since 0.4.1; the weights of ImageNet are older

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True,
                 track_running_stats: bool = True, *, bias: bool = True):  # fmt: skip
        """Check the options; start at weight 1, bias 0, mean 0 and variance 1, or None for what is switched off."""
        super().__init__()
        op = type(self).__name__
        self.num_features = integer(op, "num_features", num_features, 1)
        check_room(op, "num_features", f"is {num_features}", num_features)
        self.eps = number(op, "eps", eps, 0.0)
        self.momentum = None if momentum is None else number(op, "momentum", momentum)
        self.affine = affine = flag(op, "affine", affine)
        self.track_running_stats = track_running_stats = flag(op, "track_running_stats", track_running_stats)
        bias = flag(op, "bias", bias)
        self.register_parameter("weight", Parameter(_constant(num_features, 1)) if affine else None)
        self.register_parameter("bias", Parameter(_constant(num_features, 0)) if affine and bias else None)
        self.register_buffer("running_mean", _constant(num_features, 0) if track_running_stats else None)
        self.register_buffer("running_var", _constant(num_features, 1) if track_running_stats else None)
        self.register_buffer("num_batches_tracked", wrap(np.zeros((), np.int64)) if track_running_stats else None)

    def reset_running_stats(self) -> None:
        """Forget the statistics."""
        if self.track_running_stats:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Forget everything: weight 1, bias 0, and no statistics."""
        self.reset_running_stats()
        for param, value in ((self.weight, 1), (self.bias, 0)):
            if param is not None:
                param._write_array()[...] = value

    def forward(self, input):
        """Normalise by the running statistics in evaluation, if there are any, else by the batch's; training moves the
        running ones, and counts the batches.
        """
        input = self._checked(input)
        training = self.training or self.running_mean is None
        follows = self.training and self.track_running_stats
        momentum = self.momentum
        if follows:
            seen = int(self.num_batches_tracked._array) + 1
            if momentum is None:
                momentum = 1 / seen  # the mean of all batches
        statistics = (self.running_mean, self.running_var) if follows or not training else (None, None)
        out = batch_norm(input, *statistics, self.weight, self.bias, training, momentum or 0.0, self.eps)
        if follows:
            self.num_batches_tracked._write_array()[...] = seen
        return out

    def forward_within(self, input, low: float, high: float, other=None):
        """Return ``clamp(self(input) + other, low, high)`` by the running statistics, in one pass, without gradient."""
        statistics = self.running_mean, self.running_var
        affine = self.weight, self.bias, self.eps
        return batch_norm_within(self._checked(input), *statistics, *affine, low, high, other)

    def _checked(self, input):
        op = type(self).__name__
        input = read_tensor(op, "input", input)
        check_rank(op, "input", input, *self.ranks, letters=self.letters)
        if input.shape[1] != self.num_features:
            raise bad_argument(op, "input", f"has shape {input.shape}", f"{self.num_features} channels")
        return input

    def extra_repr(self) -> str:
        return (f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
                f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}")  # fmt: skip


class BatchNorm1d(_BatchNorm):
    """Batch normalisation of vectors (N, C) or rows (N, C, L). Arguments as in :class:`BatchNorm2d`."""

    ranks = 3, 2
    letters = "(N, C[, L])"


class BatchNorm2d(_BatchNorm):
    """Normalise each channel over the batch: (N, C, H, W); see :func:`functional.batch_norm`.

    Parameters
    ----------
    num_features : int
        C.
    eps : float
        Added to the variance.
    momentum : float or None
        Weight of a new batch in the running statistics; None averages over all batches.
    affine : bool
        Whether there are a weight and a bias.
    track_running_stats : bool
        False normalises by the batch's own statistics in evaluation too.
    bias : bool
        False: a weight only.

    Attributes
    ----------
    weight, bias : Parameter or None
        (C,).
    running_mean, running_var, num_batches_tracked : Tensor or None
        (C,), (C,) and an int64.
    """

    ranks = (4,)
    letters = "(N, C, H, W)"


class FrozenBatchNorm2d(Module):
    """Batch normalisation whose statistics, weight and bias are all fixed: buffers, which no optimiser sees.

    ``out = (input - running_mean) / sqrt(running_var + eps) * weight + bias``: for backbones that are fine-tuned with
    one or two images at a time.

    Parameters
    ----------
    num_features : int
        C.
    eps : float
        Added to the variance.
    """

    _may_be_unused = ("num_batches_tracked",)  # that of the BatchNorm2d which was trained

    def __init__(self, num_features: int, eps: float = 1e-5):
        super().__init__()
        self.num_features = integer("FrozenBatchNorm2d", "num_features", num_features, 1)
        check_room("FrozenBatchNorm2d", "num_features", f"is {num_features}", num_features)
        self.eps = number("FrozenBatchNorm2d", "eps", eps, 0.0)
        for name, value in (("weight", 1), ("bias", 0), ("running_mean", 0), ("running_var", 1)):
            self.register_buffer(name, _constant(num_features, value))

    def forward(self, input):
        input = read_tensor("FrozenBatchNorm2d", "input", input)
        check_rank("FrozenBatchNorm2d", "input", input, 4, letters="(N, C, H, W)")
        if input.shape[1] != self.num_features:
            was, expected = f"has shape {input.shape}", f"{self.num_features} channels"
            raise bad_argument("FrozenBatchNorm2d", "input", was, expected)
        return batch_norm(input, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps)

    def extra_repr(self) -> str:
        return f"{self.num_features}, eps={self.eps}"


class GroupNorm(Module):
    """Normalise each image over groups of channels: (N, C, ...); see :func:`functional.group_norm`.

    Parameters
    ----------
    num_groups, num_channels : int
        G, a divisor of C, and C.
    eps : float
        Added to the variance.
    affine : bool
        Whether there are a weight and a bias, (C,) each.
    """

    def __init__(self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True, *,
                 bias: bool = True):  # fmt: skip
        super().__init__()
        self.num_groups = integer("GroupNorm", "num_groups", num_groups, 1)
        self.num_channels = integer("GroupNorm", "num_channels", num_channels, 1)
        check_room("GroupNorm", "num_channels", f"is {num_channels}", num_channels)
        if num_channels % num_groups:
            raise bad_argument("GroupNorm", "num_groups", f"is {num_groups}", f"a divisor of {num_channels}")
        self.eps = number("GroupNorm", "eps", eps, 0.0)
        self.affine = affine = flag("GroupNorm", "affine", affine)
        bias = flag("GroupNorm", "bias", bias)
        self.register_parameter("weight", Parameter(_constant(num_channels, 1)) if affine else None)
        self.register_parameter("bias", Parameter(_constant(num_channels, 0)) if affine and bias else None)

    def forward(self, input):
        return group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        end = f"affine={self.affine}, bias={self.bias is not None}"
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, {end}"


class LocalResponseNorm(Module):
    """Divide by the activity of neighbouring channels, AlexNet's; see :func:`functional.local_response_norm`.

    Parameters
    ----------
    size : int
        Channels in the window.
    alpha, beta, k : float
        ``out = input / (k + alpha * mean of squares) ** beta``.
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0):
        super().__init__()
        self.size = integer("LocalResponseNorm", "size", size, 1)
        self.alpha = number("LocalResponseNorm", "alpha", alpha)
        self.beta = number("LocalResponseNorm", "beta", beta)
        self.k = number("LocalResponseNorm", "k", k)

    def forward(self, input):
        return local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


class L2Norm(Module):
    """Scale the channels of every pixel to length one, times a weight: SSD's conv4_3; see :func:`functional.l2_norm`.

    Parameters
    ----------
    num_channels : int
        C.
    scale : float
        Initial value of the weight; 20 in SSD (Liu et al. 2016, section 3.1).
    eps : float
        Keeps a pixel of zeros from a division by zero.

    Attributes
    ----------
    weight : Parameter
        (C,).
    """

    def __init__(self, num_channels: int, scale: float = 20.0, eps: float = 1e-10):
        super().__init__()
        self.num_channels = integer("L2Norm", "num_channels", num_channels, 1)
        check_room("L2Norm", "num_channels", f"is {num_channels}", num_channels)
        self.scale = number("L2Norm", "scale", scale)
        self.eps = number("L2Norm", "eps", eps, 0.0)
        self.weight = Parameter(_constant(num_channels, scale))

    def forward(self, input):
        return l2_norm(input, self.weight, self.eps)

    def extra_repr(self) -> str:
        return f"{self.num_channels}, scale={self.scale}, eps={self.eps}"
