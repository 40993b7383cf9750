"""Learning rates that change while training goes on.

Call ``scheduler.step()`` after ``optimizer.step()``: once per epoch or once per batch, whatever the schedule counts. As
in PyTorch, a schedule changes the optimiser's present rate step by step, and does not set it from a formula; so two
schedules on one optimiser multiply, a warm-up and a decay for example.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter

from ..errors import bad_argument, integer
from .optimizer import Optimizer


class LRScheduler:
    """The base class: a subclass says in ``get_lr`` what the rates are at ``last_epoch``, given those before it.

    Parameters
    ----------
    optimizer : Optimizer
        Its groups' ``"lr"`` are the first rates; kept as ``"initial_lr"`` in each group.

    Attributes
    ----------
    last_epoch : int
        How often ``step()`` was called.
    base_lrs : list of float
        The first rates.
    """

    def __init__(self, optimizer: Optimizer):
        if not isinstance(optimizer, Optimizer):
            raise bad_argument(type(self).__name__, "optimizer", f"is a {type(optimizer).__name__}", "an Optimizer",
                               error=TypeError)  # fmt: skip
        self.optimizer = optimizer
        for group in optimizer.param_groups:
            group.setdefault("initial_lr", group["lr"])
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = -1
        self.step()

    def get_lr(self) -> list[float]:
        """Return the rate of each group at ``last_epoch``."""
        raise NotImplementedError(f"{type(self).__name__}: get_lr is missing: it returns the rate of each group.")

    def get_last_lr(self) -> list[float]:
        """Return the rate of each group that was set last."""
        return list(self._last_lr)

    def step(self) -> None:
        """Go one step further, and set the optimiser's rates."""
        self.last_epoch += 1
        self._set(self.get_lr())

    def restart(self) -> None:
        """Go back to the start: :class:`SequentialLR` begins each schedule so."""
        self.last_epoch = 0
        self._set(self.base_lrs)
        self._set(self.get_lr())

    def _set(self, rates: list[float]) -> None:
        for group, lr in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = lr
        self._last_lr = list(rates)

    def _rates(self) -> list[float]:
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict:
        """Return everything but the optimiser (and functions): numbers and lists, which JSON can hold."""
        return {key: value for key, value in vars(self).items() if key not in ("optimizer", "lr_lambdas")}

    def load_state_dict(self, state_dict: dict) -> None:
        """Continue from what :meth:`state_dict` returned. The rates themselves are in the optimiser's state."""
        vars(self).update(state_dict)


class StepLR(LRScheduler):
    """Multiply the rate by ``gamma`` every ``step_size`` steps."""

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1):
        self.step_size = integer("StepLR", "step_size", step_size, 1)
        self.gamma = gamma
        super().__init__(optimizer)

    def get_lr(self):
        """Return the rate of each group at ``last_epoch``."""
        due = self.last_epoch > 0 and self.last_epoch % self.step_size == 0
        return [lr * self.gamma if due else lr for lr in self._rates()]


class MultiStepLR(LRScheduler):
    """Multiply the rate by ``gamma`` at each of the ``milestones``; one that is listed twice counts twice."""

    def __init__(self, optimizer: Optimizer, milestones, gamma: float = 0.1):
        self.milestones = sorted(integer("MultiStepLR", "milestones", milestone) for milestone in milestones)
        self.gamma = gamma
        super().__init__(optimizer)

    def get_lr(self):
        """Return the rate of each group at ``last_epoch``."""
        times = Counter(self.milestones)[self.last_epoch]
        return [lr * self.gamma**times for lr in self._rates()]


class CosineAnnealingLR(LRScheduler):
    """Lower the rate to ``eta_min`` along half a cosine in ``T_max`` steps (and raise it again in the next ``T_max``).

    lr(t) = eta_min + (lr(0) - eta_min) * (1 + cos(pi * t / T_max)) / 2

    References
    ----------
    Loshchilov and Hutter, SGDR, ICLR 2017 (arXiv 1608.03983), without the restarts.
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0):
        self.T_max = integer("CosineAnnealingLR", "T_max", T_max, 1)
        self.eta_min = eta_min
        super().__init__(optimizer)

    def get_lr(self):
        """Return the rate of each group at ``last_epoch``."""
        t, period = self.last_epoch, self.T_max
        if t == 0:
            return self._rates()
        if (t - 1 - period) % (2 * period) == 0:  # the step away from the bottom, where the quotient below is 0 / 0
            rise = (1 - math.cos(math.pi / period)) / 2
            return [lr + (base - self.eta_min) * rise for lr, base in zip(self._rates(), self.base_lrs, strict=True)]
        ratio = (1 + math.cos(math.pi * t / period)) / (1 + math.cos(math.pi * (t - 1) / period))
        return [ratio * (lr - self.eta_min) + self.eta_min for lr in self._rates()]


class LinearLR(LRScheduler):
    """Lead the rate in ``total_iters`` equal steps from ``start_factor`` to ``end_factor`` times itself: a warm-up."""

    def __init__(
        self, optimizer: Optimizer, start_factor: float = 1.0 / 3, end_factor: float = 1.0, total_iters: int = 5
    ):
        if not 0 < start_factor <= 1:
            raise bad_argument("LinearLR", "start_factor", f"is {start_factor}", "a number in (0, 1]")
        if not 0 <= end_factor <= 1:
            raise bad_argument("LinearLR", "end_factor", f"is {end_factor}", "a number in [0, 1]")
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = integer("LinearLR", "total_iters", total_iters, 1)
        super().__init__(optimizer)

    def get_lr(self):
        """Return the rate of each group at ``last_epoch``."""
        if self.last_epoch == 0:
            return [lr * self.start_factor for lr in self._rates()]
        if self.last_epoch > self.total_iters:
            return self._rates()
        rise = self.end_factor - self.start_factor
        before = self.total_iters * self.start_factor + (self.last_epoch - 1) * rise
        return [lr * (1.0 + rise / before) for lr in self._rates()]


class LambdaLR(LRScheduler):
    """Set the rate to the first rate times a function of the number of steps; functions are not part of ``state_dict``.

    Parameters
    ----------
    optimizer : Optimizer
    lr_lambda : callable, or a list of one per group
    """

    def __init__(self, optimizer: Optimizer, lr_lambda):
        groups = len(optimizer.param_groups)
        self.lr_lambdas = list(lr_lambda) if isinstance(lr_lambda, (list, tuple)) else [lr_lambda] * groups
        if len(self.lr_lambdas) != groups:
            raise bad_argument(
                "LambdaLR", "lr_lambda", f"has {len(self.lr_lambdas)} functions", f"one per group: {groups}"
            )
        super().__init__(optimizer)

    def get_lr(self):
        """Return the rate of each group at ``last_epoch``."""
        return [base * factor(self.last_epoch) for base, factor in zip(self.base_lrs, self.lr_lambdas, strict=True)]


class SequentialLR(LRScheduler):
    """Follow one schedule after the other: schedule ``i + 1`` starts, at its own step 0, after ``milestones[i]`` steps.

    Parameters
    ----------
    optimizer : Optimizer
    schedulers : list of LRScheduler
        All made for this optimiser.
    milestones : list of int
        Increasing; one fewer than schedules.
    """

    def __init__(self, optimizer: Optimizer, schedulers: list[LRScheduler], milestones: list[int]):
        """Check the schedules, and set the rates of the first: each one, when it was made, had set its own."""
        if not schedulers or any(scheduler.optimizer is not optimizer for scheduler in schedulers):
            raise bad_argument(
                "SequentialLR", "schedulers", "has another optimizer or is empty", "schedules of this one"
            )
        self.milestones = [integer("SequentialLR", "milestones", milestone, 1) for milestone in milestones]
        if len(milestones) != len(schedulers) - 1 or self.milestones != sorted(set(self.milestones)):
            raise bad_argument(
                "SequentialLR", "milestones", f"is {milestones}", f"{len(schedulers) - 1} rising numbers"
            )
        self.schedulers = list(schedulers)
        self.optimizer = optimizer
        self.last_epoch = 0
        self.schedulers[0].restart()

    def get_last_lr(self):
        """Return the rate of each group that was set last."""
        return self._active().get_last_lr()

    def _active(self) -> LRScheduler:
        return self.schedulers[bisect_right(self.milestones, self.last_epoch)]

    def restart(self):
        """Go back to the start of the first schedule."""
        self.last_epoch = 0
        self.schedulers[0].restart()

    def step(self):
        """Go one step further in the schedule whose turn it is."""
        self.last_epoch += 1
        if self.last_epoch in self.milestones:
            self._active().restart()
        else:
            self._active().step()

    def state_dict(self):
        """Return the state of every schedule."""
        parts = [scheduler.state_dict() for scheduler in self.schedulers]
        return {"last_epoch": self.last_epoch, "milestones": list(self.milestones), "schedulers": parts}

    def load_state_dict(self, state_dict):
        """Continue from what :meth:`state_dict` returned."""
        self.last_epoch = state_dict["last_epoch"]
        self.milestones = list(state_dict["milestones"])
        for scheduler, part in zip(self.schedulers, state_dict["schedulers"], strict=True):
            scheduler.load_state_dict(part)
