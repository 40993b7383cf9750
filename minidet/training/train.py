"""One training run from a recipe: data, model, optimiser, checkpoints."""

from __future__ import annotations

import pathlib
import time

import numpy as np

from .. import random
from ..data import DataLoader
from ..errors import bad_argument
from ..optim import AdamW
from .fit import MOST_EPOCHS, fit, train_step
from .optimiser import parameter_groups, warmup_then_cosine
from .recipe import Recipe
from .runs import RunFolder, recorded_epochs
from .tasks import Where, task_for

WARM_STEPS, TIMED_STEPS = 2, 6  # the first ones compile, and are left out
STAGES = "stages"  # the folder in a run's where a model that has a training of its own keeps what it needs to go on


def train(recipe: Recipe, folder: pathlib.Path, *, where: Where | None = None, seed: int = 0, resume: bool = False,
          workers: int = 0, quick: bool = False, progress: bool = True):  # fmt: skip
    """Train a model, keep checkpoints in ``folder``, and return the model.

    Parameters
    ----------
    recipe : Recipe
    folder : path
        The run folder. One that holds a run is only continued (``resume``), or replaced by a new run.
    where : Where, optional
        Where the data set lies.
    seed : int
        Initial weights, order, augmentation and generated scenes follow from it.
    resume : bool
        Go on from the last checkpoint; the weights at the end are those of an uninterrupted run, bit for bit.
    workers : int
        Threads that prepare batches.
    quick : bool
        The same code with the recipe's few quick steps.
    """
    run = Run(recipe, where, seed, workers, quick)
    trainer = run.task.trainer(run.model)
    if trainer is not None and recipe.minutes is not None:
        why = f"{recipe.model} is trained stage by stage, and how long the later ones take is not known before"
        raise bad_argument("train", "--minutes", f"is {recipe.minutes:g}", "--epochs", why)
    run.task.before(run.loader.dataset, progress)
    epochs = recipe.quick_epochs if quick else recipe.epochs
    if trainer is not None:
        return train_by_itself(trainer, run, folder, epochs, resume, progress)
    if recipe.minutes is not None and not quick:
        epochs = recorded_epochs(folder) if resume else epochs_within(recipe.minutes, run)
        run = Run(recipe, where, seed, workers, quick)
    task, model, loader, optimizer = run.task, run.model, run.loader, run.optimizer
    scheduler = warmup_then_cosine(optimizer, epochs * len(loader), recipe.warmup_steps)
    about = run.about(epochs)
    with RunFolder(folder) as kept:
        start = kept.resume(about, model, optimizer, scheduler) if resume else kept.begin()
        task.stage(model, start["epoch"] if start else 0)
        fit(model, task, loader, optimizer, scheduler, epochs, max_norm=recipe.max_norm, start=start, progress=progress,
            on_epoch=lambda model, record: task.stage(model, record["epoch"]),
            checkpoint=lambda state: kept.save(about, state, model, optimizer, scheduler))  # fmt: skip
    return model


def train_by_itself(trainer, run: Run, folder: pathlib.Path, epochs: int, resume: bool, progress: bool):
    """Train a model that has a training of its own, see :meth:`Task.trainer`; return the model.

    The run folder says from the start whose run it is, so that only the same one goes on in it.
    """
    about, model = run.about(epochs), run.model
    with RunFolder(folder) as kept:
        state = kept.resume(about, model) if resume else kept.begin()
        if state is None:
            state = {"epoch": 0, "history": [], "rng": random.get_rng_state(), "unfinished": True}
            kept.save(about, state, model)
        if state.get("unfinished"):
            random.set_rng_state(state["rng"])
            stages = kept.folder / STAGES
            history = trainer(run.loader.dataset, stages, epochs=epochs, resume=resume, progress=progress)
            kept.save(about, {"epoch": epochs, "history": history, "rng": random.get_rng_state()}, model)
    return model


class Run:
    """What a run consists of, before its first step; all of it follows from the recipe and the seed."""

    def __init__(self, recipe: Recipe, where: Where | None, seed: int, workers: int, quick: bool):
        random.manual_seed(seed)
        self.task = task_for(recipe, where=where, seed=seed, quick=quick)
        dataset = self.task.open("train", training=True)
        self.task.prepare(dataset)
        self.model = self.task.build()
        self.loader = DataLoader(dataset, recipe.batch_size, shuffle=True, num_workers=workers,
                                 collate_fn=self.task.collate, drop_last=len(dataset) >= recipe.batch_size)  # fmt: skip
        share = recipe.pretrained_lr if recipe.model_args.get("pretrained") else 1.0
        groups = parameter_groups(self.model, recipe.weight_decay, recipe.lr, share)
        self.optimizer = AdamW(groups, lr=recipe.lr)

    def about(self, epochs: int) -> dict:
        """Return what has to be the same for the run to go on."""
        return {"recipe": self.task.recipe.as_dict(), "seed": self.task.seed, "epochs": epochs,
                "facts": self.task.facts}  # fmt: skip


def epochs_within(minutes: float, run: Run) -> int:
    """Time a few steps of ``run``, which is then of no further use, and return the epochs that ``minutes`` allow.

    At least one, however long it takes. A schedule has to know its end: stopping when the time is over would leave the
    learning rate high.
    """
    return int(np.clip(minutes * 60 / seconds_per_epoch(run), 1, MOST_EPOCHS))


def seconds_per_epoch(run: Run) -> float:
    """Time a few steps of ``run``, which is then of no further use, and return what an epoch takes."""
    model, task, loader = run.model.train(), run.task, run.loader
    task.stage(model, MOST_EPOCHS)  # what learns at the end: at most as fast as with more of it frozen
    task.start_epoch()
    seconds = []
    start = time.perf_counter()
    for batch in loader:
        train_step(model, task, batch, run.optimizer, run.task.recipe.max_norm)
        now = time.perf_counter()
        seconds.append(now - start)  # with the preparation of the batch
        start = now
        if len(seconds) == WARM_STEPS + TIMED_STEPS:
            break
    return float(np.median(seconds[WARM_STEPS:] or seconds)) * len(loader)
