"""Stochastic gradient descent."""

from __future__ import annotations

from .. import kernels
from ..errors import bad_argument
from .optimizer import Optimizer, finite


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum.

    ::

        d = grad + weight_decay * param
        v = momentum * v + (1 - dampening) * d      (v = d at the first step)
        param -= lr * v                             (Nesterov: lr * (d + momentum * v))

    Parameters
    ----------
    params : iterable of Tensor, or of dict
    lr : float
        Learning rate.
    momentum : float
        How much of the last step's direction is kept; 0 keeps no state.
    dampening : float
        How much of the new direction is held back.
    weight_decay : float
        Pulls parameters towards 0, as the gradient of ``weight_decay / 2 * param ** 2`` would.
    nesterov : bool
        Look ahead by one step of momentum. Needs momentum, and no dampening.
    maximize : bool
        Go uphill.

    References
    ----------
    Sutskever et al., On the importance of initialization and momentum in deep learning, ICML 2013; the placement of
    ``lr`` outside of ``v`` is PyTorch's.
    """

    def __init__(
        self,
        params,
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ):
        """Make the options the defaults of every group; they are checked group by group."""
        super().__init__(
            params,
            {
                "lr": lr,
                "momentum": momentum,
                "dampening": dampening,
                "weight_decay": weight_decay,
                "nesterov": nesterov,
                "maximize": maximize,
            },
        )

    def _check_options(self, group):
        self._check_not_negative(group, "lr", "momentum", "weight_decay")
        finite("SGD", "dampening", group["dampening"])
        self._check_switches(group, "nesterov", "maximize")
        if group["nesterov"] and (group["momentum"] <= 0 or group["dampening"] != 0):
            was = f"is True with momentum {group['momentum']} and dampening {group['dampening']}"
            raise bad_argument("SGD", "nesterov", was, "momentum > 0 and dampening 0")

    def _check_state(self, op, state, group):
        if state.get("momentum_buffer") is not None:
            self._check_arrays(op, state, "momentum_buffer")

    def _update(self, param, grad, state, group, shape):
        """Take one step of the class's formula on a flat ``param``; at the first one ``v = d``, not dampened."""
        momentum = group["momentum"]
        buffer, decay, gain = None, 0.0, 1.0
        if momentum:
            kept = state.get("momentum_buffer")
            if kept is None:
                kept = state["momentum_buffer"] = self._zeros(param, shape)
            else:
                decay, gain = momentum, 1.0 - group["dampening"]
            buffer = kept._write_array().reshape(-1)
        kernels.optim.sgd(
            param, grad, buffer, float(group["lr"]), float(group["weight_decay"]), float(momentum), float(decay),
            float(gain), bool(group["nesterov"]), -1.0 if group["maximize"] else 1.0,
        )  # fmt: skip
