"""The folder of a training run: written after every epoch, continued, and opened again to use its model."""

from __future__ import annotations

import contextlib
import os
import pathlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ..errors import bad_argument, integer
from ..nn.parameter import at_most
from ..serialization import Checkpoint, FolderLock, load_checkpoint, save_checkpoint
from ..serialization.lock import folder_path, holder, is_held
from .recipe import Recipe
from .tasks import Task, Where, completed, task_for

IDENTITY = ("recipe", "seed", "epochs", "facts")  # what has to be the same for a run to go on
LOCK = "training.lock"


class RunFolder:
    """Checkpoints of one run. From :meth:`begin` or :meth:`resume` to the end of the context, no other run may write.

    >>> with RunFolder("runs/segnet") as run:
    ...     run.begin()
    ...     run.save(about, state, model, optimizer, scheduler)
    """

    def __init__(self, folder: str | os.PathLike):
        self.folder = folder_path("RunFolder", folder)
        why = "two trainings would replace each other's checkpoints; wait, stop the other, or use another --out"
        self._lock = FolderLock(self.folder, LOCK, "train", why)

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(self, *exc_info) -> None:
        self._lock.release()

    def begin(self) -> None:
        """Start a new run: nothing to go on from. The first checkpoint replaces an earlier run's.

        Raises
        ------
        BlockingIOError
            Another training writes to the folder.
        """
        self._lock.acquire()

    def save(self, about: dict, state: dict, model, optimizer=None, scheduler=None) -> None:
        """Write a checkpoint: weights, optimiser, schedule, and what ``fit`` needs.

        A state that has ``"unfinished"`` is of a model that is of no use yet: :func:`open_run` says so.
        """
        parts = [None if part is None else part.state_dict() for part in (optimizer, scheduler)]
        save_checkpoint(self.folder, model.state_dict(), parts[0], {**about, "scheduler": parts[1], "fit": state})

    def resume(self, about: dict, model, optimizer=None, scheduler=None) -> dict:
        """Load the last checkpoint into the three, as far as they are given, and return ``fit``'s state.

        Raises
        ------
        BlockingIOError
            Another training writes to the folder.
        FileNotFoundError
            If there is no checkpoint.
        ValueError
            If it is damaged, or belongs to another run: other recipe, seed, epochs or facts of the data.
        """
        _check_is_run("resume", self.folder)
        self._lock.acquire()
        checkpoint = load_checkpoint(self.folder)
        info = checkpoint.info
        for key in IDENTITY:
            before, now = facts_of(info) if key == "facts" else info.get(key), plain(about[key])
            if key == "recipe":
                before = _with_defaults(before)
            if before != now:
                why = "a run goes on only as it was begun; use another --out for another run"
                raise bad_argument("resume", f"{key} of {self.folder}", f"is {_short(before)}", f"{now}", why)
        with _understood("resume", self.folder):
            state = _fit_state(info["fit"])
            model.load_state_dict(checkpoint.model)
            for part, saved in ((optimizer, checkpoint.optimizer), (scheduler, info["scheduler"])):
                if part is not None:
                    part.load_state_dict(saved)
        return state


def _check_is_run(op: str, folder: pathlib.Path) -> None:
    """Raise ``FileNotFoundError`` unless there is a run in ``folder``; say so if it is being written."""
    if os.path.lexists(folder / "run.json"):
        return
    if is_held(folder / LOCK):
        what, why = "has no checkpoint yet", f"{holder(folder / LOCK)} trains in it; the first comes after an epoch"
    elif not folder.exists():
        what, why = "is not there, so there is no run.json", "`minidet train` makes one"
    elif not folder.is_dir():
        what, why = "is no folder, and has no run.json", "`minidet train` makes one"
    else:
        there = sorted(item.name for item in folder.iterdir())
        what = f"has no run.json, but {', '.join(there[:8])}" if there else "is empty: it has no run.json"
        why = "`minidet train` makes one"
    raise bad_argument(op, "run", f"{folder} {what}", "the folder of a training run", why, FileNotFoundError)


@contextlib.contextmanager
def _understood(op: str, folder: pathlib.Path) -> Iterator[None]:
    """Translate what a checkpoint of another form makes the code inside raise; every kind of error means that here."""
    try:
        yield
    except Exception as error:
        why = f"{error} is missing" if isinstance(error, KeyError) else f"{error}"
        expected = "a training run of this minidet"
        was = "is damaged or of another kind"
        why = f"{_short(why, 2000)}; copy the folder again, or train anew"
        raise bad_argument(op, f"run.json in {folder}", was, expected, why) from error


def _fit_state(state: dict) -> dict:
    """Return ``fit``'s state, every part checked: epoch, history, rng."""
    if not isinstance(state["history"], list) or not all(isinstance(record, dict) for record in state["history"]):
        raise bad_argument("fit", "history", f"is {_short(state['history'])}", "a list of records", error=TypeError)
    integer("fit", "epoch", state["epoch"])
    np.random.default_rng(0).bit_generator.state = state["rng"]  # raises what random.set_rng_state would
    return state


def _short(value, length: int = 200) -> str:
    text = str(value)
    return text if len(text) <= length else f"{text[:length]} ..."


def _with_defaults(recipe):
    """Return a recipe of a checkpoint with the fields that are newer than it; as it is if it is of another kind."""
    try:
        return plain(completed(Recipe.from_dict(recipe)).as_dict())
    except (KeyError, TypeError, ValueError):
        return recipe


def plain(value):
    """Return ``value`` as it comes back from JSON: tuples become lists."""
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    return [plain(part) for part in value] if isinstance(value, (list, tuple)) else value


def facts_of(info: dict) -> dict:
    """Return what a run's model knows of its data set.

    Classes and colours stood beside the recipe when segmentation was all that could be learnt.
    """
    return info["facts"] if "facts" in info else {name: info[name] for name in ("classes", "palette") if name in info}


def recorded_epochs(folder: str | os.PathLike) -> int:
    """Return how many epochs the run in ``folder`` is to have."""
    folder = folder_path("resume", folder)
    _check_is_run("resume", folder)
    with _understood("resume", folder):
        return integer("resume", "epochs", load_checkpoint(folder).info["epochs"], 1)


@dataclass(frozen=True)
class Recorded:
    """What a run folder says of its run: what it was begun with, and whether it is at its end."""

    recipe: Recipe
    seed: int
    finished: bool


def recorded(folder: str | os.PathLike) -> Recorded | None:
    """Return what is recorded of the run in ``folder``; None where there is none."""
    folder = folder_path("open_run", folder)
    if not os.path.lexists(folder / "run.json"):
        return None
    checkpoint = load_checkpoint(folder)
    with _understood("open_run", folder):
        recipe, seed, _, _ = _read(checkpoint)
        state, epochs = checkpoint.info["fit"], integer("open_run", "epochs", checkpoint.info["epochs"], 1)
        return Recorded(recipe, seed, state["epoch"] >= epochs and not state.get("unfinished"))


@dataclass(frozen=True)
class OpenedRun:
    """A trained model, and the task that it learned, which evaluates it and draws what it sees."""

    model: object
    task: Task
    history: list[dict]

    @property
    def recipe(self) -> Recipe:
        """What it was trained with."""
        return self.task.recipe


def open_run(folder: str | os.PathLike, *, where: Where | None = None, quick: bool = False,
             changes: dict | None = None) -> OpenedRun:  # fmt: skip
    """Read a run folder and build its model, in evaluation mode.

    Parameters
    ----------
    folder : path
    where : Where, optional
        Where the data set lies.
    quick : bool
        Open few samples of it.
    changes : dict, optional
        Options of the task that are to be others than those of training: how sure a detector has to be, for example.

    Raises
    ------
    FileNotFoundError
        There is no run in the folder.
    ValueError
        It is damaged, or was interrupted before its model was of any use. A model that is larger than the weights
        beside it is not built.
    """
    folder = folder_path("open_run", folder)
    _check_is_run("open_run", folder)
    checkpoint = load_checkpoint(folder)
    _check_is_finished(folder, checkpoint.info)
    with _understood("open_run", folder):
        recipe, seed, facts, history = _read(checkpoint)
        model = _build(task_for(recipe, facts=facts), checkpoint.model)
    if changes:
        recipe = replace(recipe, options={**recipe.options, **changes})
    return OpenedRun(model, task_for(recipe, where=where, seed=seed, quick=quick, facts=facts), history)


def _check_is_finished(folder: pathlib.Path, info: dict) -> None:
    """Raise if a run's model is of no use yet: it learns one part after the other, and some have learnt nothing."""
    state = info.get("fit")
    if isinstance(state, dict) and state.get("unfinished"):
        was, why = f"{folder} is in the middle of its training", "the command that began it goes on with --resume"
        raise bad_argument("open_run", "run", was, "a run that is finished", why)


def _read(checkpoint: Checkpoint) -> tuple[Recipe, int, dict, list]:
    info = checkpoint.info
    recipe = completed(Recipe.from_dict(info["recipe"]))
    seed, history = integer("open_run", "seed", info["seed"]), _fit_state(info["fit"])["history"]
    return recipe, seed, facts_of(info), history


def _build(task: Task, weights: dict):
    """Build a model for saved weights; every width and depth in its arguments is one of their numbers at least.

    Weights that training began with are not read again: those beside it replace them.
    """
    count = sum(array.size for array in weights.values())
    _check_sizes(task.recipe.model_args, max(count, 4096))
    with at_most(2 * count):  # some layers replace their first weights
        model = task.build(pretrained=False)
    model.load_state_dict(weights)
    return model.eval()


def _check_sizes(value, most: int) -> None:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for part in value:
            _check_sizes(part, most)
    elif isinstance(value, (int, float)) and not abs(value) <= most:
        raise bad_argument("open_run", "model_args", f"contains {_short(value, 30)}", f"at most {most}",
                           "the weights beside it are no more numbers")  # fmt: skip
