"""Adam, and AdamW, which decays weights beside the gradient and not through it."""

from __future__ import annotations

import math

from .. import kernels
from ..errors import bad_argument, integer
from .optimizer import Optimizer, finite


class Adam(Optimizer):
    """Adam: every number has a step size of its own, from running means of its gradient and of the gradient's square.

    ::

        d = grad + weight_decay * param
        m = beta1 * m + (1 - beta1) * d
        v = beta2 * v + (1 - beta2) * d * d
        param -= lr * (m / (1 - beta1 ** t)) / (sqrt(v / (1 - beta2 ** t)) + eps)         t = 1, 2, ...

    Parameters
    ----------
    params : iterable of Tensor, or of dict
    lr : float
        Learning rate: about the largest change of a number in one step.
    betas : (float, float)
        How much of the two running means is kept, in [0, 1).
    eps : float
        Keeps the quotient finite.
    weight_decay : float
        L2 penalty, part of the gradient.
    amsgrad : bool
        Divide by the largest ``v`` so far.
    maximize : bool
        Go uphill.

    References
    ----------
    Kingma and Ba, Adam: A Method for Stochastic Optimization, ICLR 2015 (arXiv 1412.6980), algorithm 1.
    Reddi et al., On the Convergence of Adam and Beyond, ICLR 2018 (AMSGrad).
    """

    _decoupled = False

    def __init__(
        self,
        params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ):
        """Make the options the defaults of every group; they are checked group by group."""
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "eps": eps,
                "weight_decay": weight_decay,
                "amsgrad": amsgrad,
                "maximize": maximize,
            },
        )

    def _check_options(self, group):
        self._check_not_negative(group, "lr", "eps", "weight_decay")
        self._check_switches(group, "amsgrad", "maximize")
        betas = group["betas"]
        whole = isinstance(betas, (tuple, list)) and len(betas) == 2
        if not whole or not all(0 <= finite(self._name, "betas", beta) < 1 for beta in betas):
            raise bad_argument(self._name, "betas", f"is {betas!r}", "two numbers in [0, 1)")

    def _check_state(self, op, state, group):
        if state:
            integer(op, "step", state.get("step"))
            keys = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq") if group["amsgrad"] else ("exp_avg", "exp_avg_sq")
            self._check_arrays(op, state, *keys)

    def _update(self, param, grad, state, group, shape):
        """Take one step of the class's formula on a flat ``param``; AdamW decays by ``shrink``, Adam by ``l2``."""
        if not state:
            state["step"] = 0
            state["exp_avg"] = self._zeros(param, shape)
            state["exp_avg_sq"] = self._zeros(param, shape)
            if group["amsgrad"]:
                state["max_exp_avg_sq"] = self._zeros(param, shape)
        state["step"] += 1
        arrays = [state[key]._write_array().reshape(-1) for key in ("exp_avg", "exp_avg_sq")]
        largest = state["max_exp_avg_sq"]._write_array().reshape(-1) if group["amsgrad"] else None
        lr, (beta1, beta2), decay = float(group["lr"]), group["betas"], float(group["weight_decay"])
        l2, shrink = (0.0, 1.0 - lr * decay) if self._decoupled else (decay, 1.0)
        correction = math.sqrt(1.0 - beta2 ** state["step"])
        sign = -1.0 if group["maximize"] else 1.0
        kernels.optim.adam(
            param, grad, *arrays, largest, lr / (1.0 - beta1 ** state["step"]), float(beta1), float(beta2),
            float(group["eps"]), l2, shrink, correction, sign,
        )  # fmt: skip


class AdamW(Adam):
    """Adam with weight decay beside the gradient: ``param *= 1 - lr * weight_decay`` before each step.

    The penalty is then the same for every number, whatever its gradient's size. Everything else is as in :class:`Adam`.

    References
    ----------
    Loshchilov and Hutter, Decoupled Weight Decay Regularization, ICLR 2019 (arXiv 1711.05101), algorithm 2; multiplied
    by ``lr``, as in PyTorch.
    """

    _decoupled = True

    def __init__(
        self,
        params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ):
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize)
