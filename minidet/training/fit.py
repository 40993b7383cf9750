"""The training loop: one for every model of every chapter."""

from __future__ import annotations

import functools
import math
import operator
import time

from tqdm import tqdm

from .. import random
from ..errors import bad_argument, integer, number
from ..nn import Module
from ..optim import LRScheduler, Optimizer, clip_grad_norm_
from .nonfinite import first_nonfinite

MOST_EPOCHS = 10**6


def fit(model, task, loader, optimizer, scheduler, epochs: int, *, max_norm: float | None = None, checkpoint=None,
        start: dict | None = None, progress: bool = True, on_epoch=None) -> list[dict]:  # fmt: skip
    """Train ``model`` until ``epochs`` passes over ``loader`` are done.

    Parameters
    ----------
    model : Module
    task : object
        Says what is learnt: ``task.loss(model, batch)`` returns a scalar tensor, or a dict of scalars by name, whose
        sum is minimised; ``task.status()`` what the progress bar shows beside it; ``task.start_epoch()`` forgets the
        running figures.
    loader : DataLoader
        Setting ``loader.epoch`` makes an epoch's order and augmentation depend on the seed and the epoch alone.
    optimizer, scheduler : Optimizer, LRScheduler
        The scheduler steps after every batch.
    epochs : int
        Passes in all, those before ``start`` included.
    max_norm : float, optional
        Clip the norm of the gradient.
    checkpoint : callable, optional
        ``checkpoint(state)`` is called after every epoch with what :func:`fit` needs to go on: epoch, history, rng.
    start : dict, optional
        A state that ``checkpoint`` was given: training goes on as if it had not been interrupted.
    on_epoch : callable, optional
        ``on_epoch(model, record)`` may add figures to the epoch's record, a held-out score for example.

    Returns
    -------
    list of dict
        One record per epoch: epoch, loss and its parts if they have names, seconds, and what ``on_epoch`` added.

    Raises
    ------
    FloatingPointError
        The loss is NaN or infinite; the message names the first layer where that happened.
    """
    _check(model, task, loader, optimizer, scheduler)
    epochs = integer("fit", "epochs", epochs, 1)
    if epochs > MOST_EPOCHS:
        raise bad_argument("fit", "epochs", f"is {epochs}", f"at most {MOST_EPOCHS}")
    if not len(loader):
        raise bad_argument("fit", "loader", "has no batch", "at least one", "nothing would be learnt")
    if max_norm is not None:
        number("fit", "max_norm", max_norm, 0)
    start = _checked_start(start)
    history = list(start["history"]) if start else []
    if start:
        random.set_rng_state(start["rng"])
    first = start["epoch"] if start else 0
    steps = len(loader)
    bar = tqdm(total=epochs * steps, initial=first * steps, disable=not progress, unit="step", dynamic_ncols=True)
    with bar:
        for epoch in range(first, epochs):
            bar.set_description(f"epoch {epoch + 1}/{epochs}")
            record = {
                "epoch": epoch + 1,
                **train_epoch(model, task, loader, optimizer, scheduler, epoch, max_norm, bar),
            }
            if on_epoch is not None:
                on_epoch(model, record)
            history.append(record)
            if checkpoint is not None:
                checkpoint({"epoch": epoch + 1, "history": history, "rng": random.get_rng_state()})
    return history


def _check(model, task, loader, optimizer, scheduler) -> None:
    """Raise ``TypeError`` unless everything that a run consists of is what it should be."""
    fit_for = {
        "model": (isinstance(model, Module), "a Module"),
        "task": (all(hasattr(task, name) for name in ("loss", "status", "start_epoch")), "a task"),
        "loader": (all(hasattr(loader, name) for name in ("__iter__", "__len__", "epoch")), "a DataLoader"),
        "optimizer": (isinstance(optimizer, Optimizer), "an Optimizer"),
        "scheduler": (isinstance(scheduler, LRScheduler), "an LRScheduler"),
    }
    given = (model, task, loader, optimizer, scheduler)
    for value, (name, (fits, expected)) in zip(given, fit_for.items(), strict=True):
        if not fits:
            raise bad_argument("fit", name, f"is a {type(value).__name__}", expected, error=TypeError)


def _checked_start(start: dict | None) -> dict | None:
    """Return a state that ``checkpoint`` was given, or raise."""
    if start is None:
        return None
    if not isinstance(start, dict) or not {"epoch", "history", "rng"} <= start.keys():
        raise bad_argument("fit", "start", f"is a {type(start).__name__} of another form",
                           "what checkpoint was given", error=TypeError)  # fmt: skip
    integer("fit", "epoch", start["epoch"])
    return start


def train_epoch(model, task, loader, optimizer, scheduler, epoch: int, max_norm: float | None, bar) -> dict:
    """Go through the loader once; return the mean loss, those of its parts if it has any, and the seconds."""
    model.train()
    loader.epoch = epoch
    task.start_epoch()
    totals, begin = {}, time.perf_counter()
    steps = 0
    for batch in loader:
        try:
            values = train_step(model, task, batch, optimizer, max_norm)
        except NonFiniteLoss as error:
            bar.close()
            raise FloatingPointError(f"fit: the loss is {error} in epoch {epoch + 1}, step {steps + 1}: "
                                     f"{first_nonfinite(model, batch[0], lambda batch=batch: task.loss(model, batch))}."
                                     ) from None  # fmt: skip
        scheduler.step()
        steps += 1
        for name, value in values.items():
            totals[name] = totals.get(name, 0.0) + value
        bar.set_postfix({**{name: f"{value:.3f}" for name, value in values.items()}, **task.status()}, refresh=False)
        bar.update()
    means = {name: total / steps for name, total in totals.items()} or {"loss": 0.0}
    return {**means, "seconds": time.perf_counter() - begin}


class NonFiniteLoss(ArithmeticError):
    """The loss of a step is NaN or infinite; the parameters have not been changed."""


def train_step(model, task, batch, optimizer, max_norm: float | None) -> dict[str, float]:
    """Change the parameters once; return the loss, and its parts if the task names them."""
    loss = task.loss(model, batch)
    values = {}
    if isinstance(loss, dict):
        values = {name: part.item() for name, part in loss.items()}
        loss = functools.reduce(operator.add, loss.values())
    values = {"loss": loss.item(), **values}
    if not math.isfinite(values["loss"]):
        raise NonFiniteLoss(values["loss"])
    optimizer.zero_grad()
    loss.backward()
    if max_norm is not None:
        clip_grad_norm_(model.parameters(), max_norm, error_if_nonfinite=True)
    optimizer.step()
    return values
