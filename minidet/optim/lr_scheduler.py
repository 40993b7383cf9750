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
from .optimizer import Optimizer, finite, listed

_MOST = 2**53  # steps: beyond it floats do not count one by one


def _count(op: str, argument: str, value, low: int = 0) -> int:
    value = integer(op, argument, value, low)
    if value > _MOST:
        raise bad_argument(op, argument, f"is an integer of {value.bit_length()} bits", f"at most {_MOST}")
    return value


def _check_optimizer(op: str, optimizer) -> None:
    if not isinstance(optimizer, Optimizer):
        raise bad_argument(op, "optimizer", f"is a {type(optimizer).__name__}", "an Optimizer", error=TypeError)


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
        _check_optimizer(type(self).__name__, optimizer)
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
        self._check_groups(rates)
        for group, lr in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = lr
        self._last_lr = list(rates)

    def _check_groups(self, known: list) -> None:
        """Raise if the optimiser has got groups that the schedule knows nothing about."""
        groups = len(self.optimizer.param_groups)
        if groups != len(known):
            why = "a group added later has no first rate here; make the schedule anew"
            raise bad_argument(f"{type(self).__name__}.step", "optimizer", f"has {groups} groups", f"{len(known)}",
                               why, RuntimeError)  # fmt: skip

    def _rates(self) -> list[float]:
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict:
        """Return everything but the optimiser (and functions): numbers and lists, which JSON can hold."""
        return {key: value for key, value in vars(self).items() if key not in ("optimizer", "lr_lambdas")}

    def load_state_dict(self, state_dict: dict) -> None:
        """Continue from what :meth:`state_dict` returned. The rates themselves are in the optimiser's state.

        Raises
        ------
        ValueError, TypeError
            An entry is missing, or is of another kind than the schedule's own. Nothing has been changed then.
        """
        op = f"{type(self).__name__}.load_state_dict"
        check_state(op, state_dict, self.state_dict())
        for key in state_dict:
            if hasattr(type(self), key) or key in ("optimizer", "lr_lambdas"):
                raise bad_argument(op, "state_dict", f"has a key {key!r}", "what state_dict() returned")
        vars(self).update(state_dict)


def check_state(op: str, state_dict, own: dict) -> None:
    """Raise unless ``state_dict`` has the keys of ``own``, with values of the same kinds (lists: as long)."""
    if not isinstance(state_dict, dict) or not all(isinstance(key, str) for key in state_dict):
        was = f"is a {type(state_dict).__name__} of another form"
        raise bad_argument(op, "state_dict", was, "what state_dict() returned", error=TypeError)
    for key, mine in own.items():
        if key not in state_dict:
            raise bad_argument(op, "state_dict", f"has no {key!r}", "what state_dict() returned")
        _check_like(op, key, state_dict[key], mine)


def _check_like(op: str, key: str, value, mine) -> None:
    if isinstance(mine, bool) or mine is None:
        return
    if isinstance(mine, int):
        _count(op, key, value, -1)
    elif isinstance(mine, float):
        finite(op, key, value)
    elif isinstance(mine, (list, tuple)):
        if not isinstance(value, (list, tuple)) or len(value) != len(mine):
            raise bad_argument(op, key, f"is {str(value)[:80]}", f"{len(mine)} values", error=TypeError)
        for theirs, part in zip(value, mine, strict=True):
            _check_like(op, key, theirs, part)


class StepLR(LRScheduler):
    """Multiply the rate by ``gamma`` every ``step_size`` steps."""

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1):
        self.step_size = _count("StepLR", "step_size", step_size, 1)
        self.gamma = finite("StepLR", "gamma", gamma)
        super().__init__(optimizer)

    def get_lr(self):
        """Return the rate of each group at ``last_epoch``."""
        due = self.last_epoch > 0 and self.last_epoch % self.step_size == 0
        return [lr * self.gamma if due else lr for lr in self._rates()]


class MultiStepLR(LRScheduler):
    """Multiply the rate by ``gamma`` at each of the ``milestones``; one that is listed twice counts twice."""

    def __init__(self, optimizer: Optimizer, milestones, gamma: float = 0.1):
        self.milestones = sorted(
            _count("MultiStepLR", "milestones", milestone)
            for milestone in listed("MultiStepLR", "milestones", milestones, "integers")
        )
        self.gamma = finite("MultiStepLR", "gamma", gamma)
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
        self.T_max = _count("CosineAnnealingLR", "T_max", T_max, 1)
        self.eta_min = finite("CosineAnnealingLR", "eta_min", eta_min)
        super().__init__(optimizer)

    def get_lr(self):
        """Return the rate of each group at ``last_epoch``."""
        t, period = self.last_epoch, self.T_max
        if t == 0:
            return self._rates()
        self._check_groups(self.base_lrs)
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
        start_factor = finite("LinearLR", "start_factor", start_factor)
        end_factor = finite("LinearLR", "end_factor", end_factor)
        if not 0 < start_factor <= 1:
            raise bad_argument("LinearLR", "start_factor", f"is {start_factor}", "a number in (0, 1]")
        if not 0 <= end_factor <= 1:
            raise bad_argument("LinearLR", "end_factor", f"is {end_factor}", "a number in [0, 1]")
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = _count("LinearLR", "total_iters", total_iters, 1)
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
        _check_optimizer("LambdaLR", optimizer)
        groups = len(optimizer.param_groups)
        self.lr_lambdas = list(lr_lambda) if isinstance(lr_lambda, (list, tuple)) else [lr_lambda] * groups
        if len(self.lr_lambdas) != groups:
            raise bad_argument(
                "LambdaLR", "lr_lambda", f"has {len(self.lr_lambdas)} functions", f"one per group: {groups}"
            )
        for factor in self.lr_lambdas:
            if not callable(factor):
                raise bad_argument("LambdaLR", "lr_lambda", f"is {factor!r}", "a function of the step, or a list",
                                   error=TypeError)  # fmt: skip
        super().__init__(optimizer)

    def get_lr(self):
        """Return the rate of each group at ``last_epoch``."""
        self._check_groups(self.base_lrs)
        factors = [finite("LambdaLR", "lr_lambda's result", factor(self.last_epoch)) for factor in self.lr_lambdas]
        return [base * factor for base, factor in zip(self.base_lrs, factors, strict=True)]


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
        _check_optimizer("SequentialLR", optimizer)
        schedulers = listed("SequentialLR", "schedulers", schedulers, "schedules")
        milestones = listed("SequentialLR", "milestones", milestones, "integers")
        if not schedulers or any(getattr(scheduler, "optimizer", None) is not optimizer for scheduler in schedulers):
            raise bad_argument(
                "SequentialLR", "schedulers", "has another optimizer or is empty", "schedules of this one"
            )
        self.milestones = [_count("SequentialLR", "milestones", milestone, 1) for milestone in milestones]
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
        op = "SequentialLR.load_state_dict"
        check_state(op, state_dict, {"last_epoch": 0, "milestones": self.milestones, "schedulers": self.schedulers})
        for scheduler, part in zip(self.schedulers, state_dict["schedulers"], strict=True):
            if not isinstance(scheduler, SequentialLR):
                check_state(op, part, scheduler.state_dict())
        self.last_epoch = state_dict["last_epoch"]
        self.milestones = list(state_dict["milestones"])
        for scheduler, part in zip(self.schedulers, state_dict["schedulers"], strict=True):
            scheduler.load_state_dict(part)
