"""The losses as layers; each calls the function of its name in ``functional``."""

from __future__ import annotations

from ..autograd.tensor import as_tensor
from ..errors import check_choice
from . import functional as F
from .functional.reduction import REDUCTIONS
from .module import Module


class _Loss(Module):
    """A checked ``reduction``, and class weights that move with the module, as PyTorch keeps them."""

    def __init__(self, reduction: str):
        super().__init__()
        check_choice(type(self).__name__, "reduction", reduction, REDUCTIONS)
        self.reduction = reduction

    def _keep(self, **weights) -> None:
        for name, weight in weights.items():
            self.register_buffer(name, None if weight is None else as_tensor(weight))


class CrossEntropyLoss(_Loss):
    """:func:`~minidet.nn.functional.cross_entropy` of scores (N, K, ...) and classes (N, ...)."""

    def __init__(self, weight=None, ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0):
        super().__init__(reduction)
        self._keep(weight=weight)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input, target):
        return F.cross_entropy(input, target, self.weight, self.ignore_index, self.reduction, self.label_smoothing)


class NLLLoss(_Loss):
    """:func:`~minidet.nn.functional.nll_loss` of log probabilities (N, K, ...) and classes (N, ...)."""

    def __init__(self, weight=None, ignore_index: int = -100, reduction: str = "mean"):
        super().__init__(reduction)
        self._keep(weight=weight)
        self.ignore_index = ignore_index

    def forward(self, input, target):
        return F.nll_loss(input, target, self.weight, self.ignore_index, self.reduction)


class MultiMarginLoss(_Loss):
    """:func:`~minidet.nn.functional.multi_margin_loss` of scores (N, K) and classes (N,): the hinge loss."""

    def __init__(self, p: int = 1, margin: float = 1.0, weight=None, reduction: str = "mean"):
        super().__init__(reduction)
        check_choice("MultiMarginLoss", "p", p, (1, 2))
        self._keep(weight=weight)
        self.p = p
        self.margin = margin

    def forward(self, input, target):
        return F.multi_margin_loss(input, target, self.p, self.margin, self.weight, self.reduction)
