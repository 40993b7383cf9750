"""The losses as layers; each calls the function of its name in ``functional``.

Where PyTorch's constructor has its outdated ``size_average`` and ``reduce``, what follows is by keyword only.
"""

from __future__ import annotations

from ...autograd.from_data import read_tensor
from ...errors import check_choice
from .. import functional as F
from ..functional.reduction import REDUCTIONS
from ..module import Module


class _Loss(Module):
    """A checked ``reduction``, and class weights that move with the module, as PyTorch keeps them."""

    def __init__(self, reduction: str):
        super().__init__()
        check_choice(type(self).__name__, "reduction", reduction, REDUCTIONS)
        self.reduction = reduction

    def _keep(self, **weights) -> None:
        for name, weight in weights.items():
            self.register_buffer(name, None if weight is None else read_tensor(type(self).__name__, name, weight))


class CrossEntropyLoss(_Loss):
    """:func:`~minidet.nn.functional.cross_entropy` of scores (N, K, ...) and classes (N, ...)."""

    def __init__(self, weight=None, *, ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0):
        super().__init__(reduction)
        self._keep(weight=weight)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input, target):
        return F.cross_entropy(
            input,
            target,
            self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


class NLLLoss(_Loss):
    """:func:`~minidet.nn.functional.nll_loss` of log probabilities (N, K, ...) and classes (N, ...)."""

    def __init__(self, weight=None, *, ignore_index: int = -100, reduction: str = "mean"):
        super().__init__(reduction)
        self._keep(weight=weight)
        self.ignore_index = ignore_index

    def forward(self, input, target):
        return F.nll_loss(input, target, self.weight, ignore_index=self.ignore_index, reduction=self.reduction)


class MultiMarginLoss(_Loss):
    """:func:`~minidet.nn.functional.multi_margin_loss` of scores (N, K) and classes (N,): the hinge loss."""

    def __init__(self, p: int = 1, margin: float = 1.0, weight=None, *, reduction: str = "mean"):
        super().__init__(reduction)
        check_choice("MultiMarginLoss", "p", p, (1, 2))
        self._keep(weight=weight)
        self.p = p
        self.margin = margin

    def forward(self, input, target):
        return F.multi_margin_loss(input, target, self.p, self.margin, self.weight, reduction=self.reduction)


class BCELoss(_Loss):
    """:func:`~minidet.nn.functional.binary_cross_entropy` of probabilities and targets of one shape."""

    def __init__(self, weight=None, *, reduction: str = "mean"):
        super().__init__(reduction)
        self._keep(weight=weight)

    def forward(self, input, target):
        return F.binary_cross_entropy(input, target, self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(_Loss):
    """:func:`~minidet.nn.functional.binary_cross_entropy_with_logits` of logits and targets of one shape."""

    def __init__(self, weight=None, *, reduction: str = "mean", pos_weight=None):
        super().__init__(reduction)
        self._keep(weight=weight, pos_weight=pos_weight)

    def forward(self, input, target):
        return F.binary_cross_entropy_with_logits(
            input, target, self.weight, reduction=self.reduction, pos_weight=self.pos_weight
        )


class MSELoss(_Loss):
    """:func:`~minidet.nn.functional.mse_loss`: ``(input - target)^2``."""

    def __init__(self, *, reduction: str = "mean"):
        super().__init__(reduction)

    def forward(self, input, target):
        return F.mse_loss(input, target, reduction=self.reduction)


class L1Loss(_Loss):
    """:func:`~minidet.nn.functional.l1_loss`: ``|input - target|``."""

    def __init__(self, *, reduction: str = "mean"):
        super().__init__(reduction)

    def forward(self, input, target):
        return F.l1_loss(input, target, reduction=self.reduction)


class SmoothL1Loss(_Loss):
    """:func:`~minidet.nn.functional.smooth_l1_loss`: a parabola up to ``beta``, then a line of slope 1."""

    def __init__(self, *, reduction: str = "mean", beta: float = 1.0):
        super().__init__(reduction)
        self.beta = beta

    def forward(self, input, target):
        return F.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class HuberLoss(_Loss):
    """:func:`~minidet.nn.functional.huber_loss`: a parabola up to ``delta``, then a line of slope ``delta``."""

    def __init__(self, reduction: str = "mean", delta: float = 1.0):
        super().__init__(reduction)
        self.delta = delta

    def forward(self, input, target):
        return F.huber_loss(input, target, self.reduction, self.delta)
