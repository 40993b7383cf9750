"""The folder of a training run: written after every epoch, continued, and opened again to use its model."""

from __future__ import annotations

import os
import pathlib
from dataclasses import dataclass

import numpy as np

from ..errors import bad_argument
from ..models import MODELS
from ..serialization import load_checkpoint, save_checkpoint
from .recipes import Recipe

IDENTITY = ("recipe", "seed", "epochs", "classes")  # what has to be the same for a run to go on


class RunFolder:
    """Checkpoints of one run."""

    def __init__(self, folder: str | os.PathLike):
        self.folder = pathlib.Path(folder)

    def begin(self) -> None:
        """Start a new run: nothing to go on from. The first checkpoint replaces an earlier run's."""

    def save(self, about: dict, state: dict, model, optimizer, scheduler) -> None:
        """Write a checkpoint: weights, optimiser, schedule, and what ``fit`` needs."""
        info = {**about, "scheduler": scheduler.state_dict(), "fit": state}
        save_checkpoint(self.folder, model.state_dict(), optimizer.state_dict(), info)

    def resume(self, about: dict, model, optimizer, scheduler) -> dict:
        """Load the last checkpoint into the three, and return ``fit``'s state.

        Raises
        ------
        FileNotFoundError
            If there is no checkpoint.
        ValueError
            If it belongs to another run: other recipe, seed, epochs or classes.
        """
        checkpoint = load_checkpoint(self.folder)
        for key in IDENTITY:
            before, now = checkpoint.info.get(key), _plain(about[key])
            if key == "recipe":
                before = _with_defaults(before)
            if before != now:
                why = "a run goes on only as it was begun; use another --out for another run"
                raise bad_argument("resume", f"{key} of {self.folder}", f"is {before}", f"{now}", why)
        model.load_state_dict(checkpoint.model)
        optimizer.load_state_dict(checkpoint.optimizer)
        scheduler.load_state_dict(checkpoint.info["scheduler"])
        return checkpoint.info["fit"]


def _with_defaults(recipe):
    """Return a recipe of a checkpoint with the fields that are newer than it; as it is if it is of another kind."""
    try:
        return _plain(Recipe.from_dict(recipe).as_dict())
    except (KeyError, TypeError):
        return recipe


def _plain(value):
    """Return ``value`` as it comes back from JSON: tuples become lists."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, (list, tuple)) else value


@dataclass(frozen=True)
class OpenedRun:
    """A trained model, and what its classes are called and coloured."""

    model: object
    recipe: Recipe
    seed: int
    classes: list[str]
    colours: np.ndarray  # (K, 3) uint8
    history: list[dict]


def open_run(folder: str | os.PathLike) -> OpenedRun:
    """Read a run folder and build its model, in evaluation mode."""
    checkpoint = load_checkpoint(folder)
    info = checkpoint.info
    try:
        recipe = Recipe.from_dict(info["recipe"])
        model = MODELS[recipe.model](len(info["classes"]), **recipe.model_args)
        opened = OpenedRun(model, recipe, info["seed"], info["classes"], np.array(info["palette"], np.uint8),
                           info["fit"]["history"])  # fmt: skip
    except KeyError as error:
        why = f"{error} is missing"
        raise bad_argument("open_run", f"run.json in {folder}", "is of another kind", "a training run", why) from error
    model.load_state_dict(checkpoint.model)
    model.eval()
    return opened
