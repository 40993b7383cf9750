"""Who is compared: each detector trained by its recipe with the same budget, or loaded from a run that is there."""

from __future__ import annotations

import inspect
import pathlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ...errors import bad_argument, check_choice
from ...models import MODELS
from ..recipe import Recipe
from ..recipes import recipe_for, takes, with_backbone
from ..runs import OpenedRun, open_run, plain, recorded
from ..tasks import Detection, Task, Where, completed, models_of, task_for
from ..train import Run, seconds_per_epoch, train

OP = "compare"


@dataclass(frozen=True)
class Plan:
    """What was asked for.

    Parameters
    ----------
    data : str
        A source of detection.
    models : list of str
        Names of detectors; the others are compared with the first.
    folder : Path
        Its folders of the models' names hold the runs; quick ones end in ``-quick``.
    runs : list of Path
        Runs that are there: each in the place of one that would be trained.
    epochs, minutes : int, float, optional
        The budget of each; see :func:`budget`.
    where, seed, workers, quick
        As for :func:`~minidet.training.train.train`.
    backbone, pretrained, options
        Changes of every recipe.
    """

    data: str
    models: list[str]
    folder: pathlib.Path
    runs: list[pathlib.Path] = field(default_factory=list)
    epochs: int | None = None
    minutes: float | None = None
    where: Where = field(default_factory=Where)
    seed: int = 0
    workers: int = 0
    quick: bool = False
    backbone: str | None = None
    pretrained: bool = False
    options: dict = field(default_factory=dict)

    def recipe(self, model: str, epochs: int | None, minutes: float | None) -> Recipe:
        """Return what a model is trained with."""
        on_backbone = self.backbone is not None or self.pretrained
        recipe = recipe_for(model, self.data, on_backbone=on_backbone, epochs=epochs, minutes=minutes,
                            options=self.options)  # fmt: skip
        return completed(with_backbone(recipe, self.backbone, self.pretrained))

    def run(self, model: str) -> pathlib.Path:
        """Return the folder of a model's run."""
        return self.folder / f"{model}{'-quick' * self.quick}"


@dataclass(frozen=True)
class Entrant:
    """One detector, ready to be measured; ``task`` looks at the pictures that all are measured on."""

    model: str
    folder: pathlib.Path
    opened: OpenedRun
    task: Task

    @property
    def minutes(self) -> float:
        """How long training took."""
        return sum(epoch["seconds"] for epoch in self.opened.history) / 60

    @property
    def backbone(self) -> str | None:
        """The name of its backbone; None for a network that has none to choose."""
        if not takes(self.model, "backbone"):
            return None
        default = inspect.signature(MODELS[self.model].network).parameters["backbone"].default
        return str(self.opened.recipe.model_args.get("backbone", default))


def enter(plan: Plan, say: Callable[[str], None] = print) -> tuple[list[Entrant], str]:
    """Train what is not there, go on with what was interrupted, load what is finished.

    Parameters
    ----------
    plan : Plan
    say : callable
        Is told what is going on, line by line.

    Returns
    -------
    list of Entrant, str
        The detectors in the order of the plan, and their budget in words.

    Raises
    ------
    ValueError
        Fewer than two detectors, or such as do not fit: of another task or data set, a run of another training.
    """
    check_choice(OP, "data", plan.data, sorted(Detection.sources))
    given = _given(plan)
    names = list(dict.fromkeys([*plan.models, *given]))
    detectors = models_of(Detection.name)
    for name in names:
        if name not in detectors:
            raise bad_argument(OP, "model", f"is {name!r}", f"some of {', '.join(detectors)}", "boxes are compared")
    if len(names) < 2:
        raise bad_argument(OP, "models", f"is {', '.join(names) or 'nothing'} alone", "at least two")
    missing = [name for name in names if name not in given]
    epochs, minutes, words = budget(plan, missing, given)
    recipes = {name: plan.recipe(name, epochs, minutes) for name in missing}
    states = {name: _state(plan, name, recipe) for name, recipe in recipes.items()}  # before any is trained
    opened = dict(given)
    for name, recipe in recipes.items():
        folder = plan.run(name)
        if states[name] != "finished":
            say(f"{name}: {'goes on' if states[name] == 'begun' else 'training'} in {folder}, {words}")
            train(recipe, folder, where=plan.where, seed=plan.seed, resume=states[name] == "begun",
                  workers=plan.workers, quick=plan.quick)  # fmt: skip
        else:
            say(f"{name}: trained before, in {folder}")
        opened[name] = folder, open_run(folder, where=plan.where, quick=plan.quick)
    return _on_one_ground(plan, {name: opened[name] for name in names}), words


def _given(plan: Plan) -> dict[str, tuple[pathlib.Path, OpenedRun]]:
    """Open the runs that were named."""
    given = {}
    for folder in plan.runs:
        opened = open_run(folder, where=plan.where, quick=plan.quick)
        recipe = opened.recipe
        if recipe.data != plan.data:
            raise bad_argument(OP, "--run", f"is {folder}, trained on {recipe.data}", f"one trained on {plan.data}")
        if recipe.model in given:
            was = f"is {folder} beside {given[recipe.model][0]}"
            raise bad_argument(OP, "--run", was, "one run of each model", f"both are {recipe.model}")
        given[recipe.model] = folder, opened
    return given


def budget(plan: Plan, missing: list[str], given: dict) -> tuple[int | None, float | None, str]:
    """Return the epochs or the minutes that each detector is trained for, and the same in words.

    What was asked for; else what the runs in the folder were begun with; else what a run that was named took; else the
    time that the first detector's recipe takes on this machine, from a few of its steps.
    """
    if plan.epochs is not None and plan.minutes is not None:
        raise bad_argument(OP, "--minutes", "is given beside --epochs", "one of the two")
    if not missing:
        return None, None, "what each run had"
    if plan.quick:
        return None, None, "a few steps each"
    epochs, minutes, why = plan.epochs, plan.minutes, ""
    if epochs is None and minutes is None:
        begun = [run.recipe for run in (recorded(plan.run(name)) for name in missing) if run is not None]
        if begun:
            minutes, epochs = begun[0].minutes, begun[0].epochs if begun[0].minutes is None else None
        else:
            _check_by_minutes(missing, "is not given")
            if given:
                (name, (_, run)) = next(iter(given.items()))
                minutes, why = _rounded(sum(epoch["seconds"] for epoch in run.history)), f", as {name} had"
            else:
                minutes, why = _measured(plan, missing[0]), f", as the recipe of {missing[0]} takes here"
    if minutes is not None:
        _check_by_minutes(missing, f"is {minutes:g}")
        return None, minutes, f"{minutes:g} minutes each{why}"
    return epochs, None, f"{epochs} epochs each"


def _check_by_minutes(models: list[str], was: str) -> None:
    """Raise if how long one of the models learns is known only afterwards."""
    for name in models:
        if hasattr(MODELS[name].network, "fit"):
            why = f"{name} is trained stage by stage, and how long the later ones take is not known before"
            raise bad_argument(OP, "--minutes", was, "--epochs", why)


def _measured(plan: Plan, model: str) -> float:
    """Return the minutes that a model's recipe takes."""
    recipe = plan.recipe(model, None, None)
    if recipe.minutes is not None:
        return recipe.minutes
    run = Run(recipe, plan.where, plan.seed, plan.workers, plan.quick)
    run.task.before(run.loader.dataset)
    return _rounded(recipe.epochs * seconds_per_epoch(run))


def _rounded(seconds: float) -> float:
    """Return minutes with two digits."""
    return max(float(f"{seconds / 60:.2g}"), 0.01)


def _state(plan: Plan, name: str, recipe: Recipe) -> str:
    """Return whether a model's run is ``"finished"``, ``"begun"`` or ``"missing"``; raise if it is of another kind."""
    run, folder = recorded(plan.run(name)), plan.run(name)
    if run is None:
        return "missing"
    before, now = ({**one.as_dict(), "seed": seed} for one, seed in ((run.recipe, run.seed), (recipe, plan.seed)))
    for key, wanted in plain(now).items():
        was = plain(before[key])
        if was != wanted:
            why = "another --out is for another comparison; --run takes a run as it is"
            raise bad_argument(OP, f"the run in {folder}", f"has {key} {was}", f"{wanted}", why)
    return "finished" if run.finished else "begun"


def _on_one_ground(plan: Plan, opened: dict) -> list[Entrant]:
    """Let all look at the same test pictures: those of the plan's seed, as many as the recipe with the fewest has."""
    recipes = [run.recipe for _, run in opened.values()]
    tests = [recipe.test_samples for recipe in recipes if recipe.test_samples is not None]
    fewest = {"test_samples": min(tests, default=None), "quick_samples": min(one.quick_samples for one in recipes)}
    made = []
    for name, (folder, run) in opened.items():
        task = task_for(replace(run.recipe, **fewest), where=plan.where, seed=plan.seed, quick=plan.quick,
                        facts=run.task.facts)  # fmt: skip
        made.append(Entrant(name, folder, run, task))
    return made
