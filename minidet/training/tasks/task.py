"""The contract of every task: what is learnt, from the data to the picture."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace

from ...autograd import Tensor
from ...data import default_collate
from ...errors import bad_argument
from ...models import MODELS
from ...viz import as_picture
from ...viz.explain import Call, Picture, Stage, record, shape_of, source_of, stages_of
from ..recipe import Recipe


@dataclass(frozen=True)
class Source:
    """A data set that serves a task.

    Parameters
    ----------
    open : callable
        ``open(task, split, training)`` returns the data set of a split; see :meth:`Task.open`.
    recipes : str, optional
        A data set whose recipes serve for this one too, where it has none of its own.
    needs : tuple of str
        What the user has to say: ``"root"``, the folder, or ``"annotations"``, the file.
    """

    open: Callable
    recipes: str | None = None
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Where:
    """Where a data set lies: its folder, and the file of its annotations where that is elsewhere."""

    root: str | os.PathLike | None = None
    annotations: str | os.PathLike | None = None


class Task:
    """What one run learns. A task of a new chapter is a subclass, and a row of ``TASKS``.

    Parameters
    ----------
    recipe : Recipe
        Its ``options`` are completed with the defaults of the task's ``Options``.
    where : Where
        Asked only when a data set is opened.
    seed : int
        Generated scenes follow from it.
    quick : bool
        Open few samples.
    facts : dict, optional
        What the model has to know of the data set that it was trained on, as a run folder kept it. :meth:`prepare`
        finds it out.

    Attributes
    ----------
    name : str
        As in ``TASKS``.
    headline : str
        The figure of :meth:`evaluate` that says how good a model is.
    Options : type
        A dataclass of what only this task's recipes choose; it checks its values.
    sources : dict of str, Source
        The data sets that serve it, by the name that ``--data`` takes.
    alpha : float
        How strongly what is drawn covers a picture, unless it was said.
    collate
        Makes a batch of a list of samples.
    """

    name: str
    headline: str
    sources: dict[str, Source]
    alpha: float = 0.5
    collate = staticmethod(default_collate)

    @dataclass(frozen=True)
    class Options:
        """Nothing to choose."""

    def __init__(self, recipe: Recipe, *, where: Where | None = None, seed: int = 0, quick: bool = False,
                 facts: dict | None = None):  # fmt: skip
        self.options = self._checked_options(recipe.options)
        self.recipe = replace(recipe, options=asdict(self.options))
        self.where, self.seed, self.quick = where or Where(), seed, quick
        self.facts = None if facts is None else self.checked_facts(facts)

    @classmethod
    def _checked_options(cls, values: dict):
        known = [field.name for field in fields(cls.Options)]
        for name in values:
            if name not in known:
                expected = f"one of {', '.join(known)}" if known else "none"
                raise bad_argument("train", "option", f"is {name!r}", expected, f"that is what {cls.name} has")
        return cls.Options(**values)

    @property
    def samples(self) -> dict[str, int | None]:
        """How many scenes are generated for training and for testing; None for the data set's own number."""
        if self.quick:
            return dict.fromkeys(("train", "test"), self.recipe.quick_samples)
        return {"train": self.recipe.train_samples, "test": self.recipe.test_samples}

    def open(self, split: str, training: bool = False):
        """Return the data set of a split: ``"train"``, ``"val"`` or ``"test"``.

        With ``training``, it is what a model learns from: augmented, and generated scenes are new at every visit. Else
        samples are as they are, and generated scenes are none that training draws.
        """
        source = self.sources[self.recipe.data]
        for name in source.needs:
            if getattr(self.where, name) is None:
                raise bad_argument(self.recipe.data, f"--{name}", "is missing", "a path", "where this data set lies")
        return source.open(self, split, training)

    def prepare(self, dataset) -> None:
        """Look at the data set that is about to be learnt, once: afterwards ``facts`` are known."""
        self.facts = self.checked_facts(self.describe(dataset))

    def describe(self, dataset) -> dict:
        """Return what a model has to know of the data set, as JSON can hold it: names of classes, for example."""
        return {"classes": list(dataset.classes)}

    @classmethod
    def checked_facts(cls, facts: dict) -> dict:
        """Return the facts that :meth:`describe` returned; raise if they are not of its form: they come from a file."""
        classes = facts["classes"]
        if not isinstance(classes, list) or not classes or not all(isinstance(name, str) for name in classes):
            raise bad_argument("open_run", "classes", f"is {str(classes)[:200]}", "a list of names")
        return facts

    @property
    def classes(self) -> list[str]:
        """The names of the classes, in the order of the labels."""
        return self.facts["classes"]

    def build(self, pretrained: bool = True):
        """Return a new model, as the recipe and the facts ask for it; its backbone untrained unless ``pretrained``."""
        arguments = self.recipe.model_args
        if not pretrained and "pretrained" in arguments:
            arguments = {**arguments, "pretrained": False}
        return MODELS[self.recipe.model].network(len(self.classes), **arguments)

    def before(self, dataset, progress: bool = True) -> None:
        """Do what is needed once, before the first step, and takes long: it says so if ``progress``."""

    def trainer(self, model) -> Callable | None:
        """Return what trains a model that has a training of its own; None, and the loop of epochs does.

        It is called as ``trainer(dataset, folder, epochs=, resume=, progress=)``. It keeps in ``folder``, which is its
        own, what it needs to go on after an interruption (``resume``); else it begins anew, whatever is there. It
        changes the model, and returns the run's history: dicts with ``"epoch"``, how many were done by then, and
        ``"seconds"``. A model whose time cannot be told from a few steps is not trained by ``--minutes``.
        """
        return None

    def stage(self, model, epoch: int) -> None:
        """Say which parts of a model learn in an epoch, counted from 0: asked before each of them."""

    def start_epoch(self) -> None:
        """Forget what :meth:`status` shows."""

    def loss(self, model, batch) -> Tensor | dict[str, Tensor]:
        """Return what is minimised: a scalar, or several by name, which are added up."""
        raise NotImplementedError(f"{type(self).__name__}: loss is missing: it returns a scalar, or a dict of them.")

    def status(self) -> dict[str, str]:
        """Return what the progress line shows beside the loss: figures of this epoch's batches."""
        return {}

    def evaluate(self, model, split: str = "test"):
        """Return the :class:`~minidet.training.tasks.figures.Figures` of a model on a split."""
        raise NotImplementedError(f"{type(self).__name__}: evaluate is missing: it returns Figures.")

    def look(self, model, image):
        """Return what a model sees in a picture, float32 (3, H, W), in pixels of it, whatever size it learned."""
        raise NotImplementedError(f"{type(self).__name__}: look is missing: it returns what is seen in a picture.")

    def paint(self, image, seen, alpha: float):
        """Draw what was seen: ndarray uint8 (H, W, 3), and a few words."""
        raise NotImplementedError(f"{type(self).__name__}: paint is missing: it returns a picture and words.")

    def draw(self, model, image, alpha: float | None = None):
        """Draw what a model sees in a picture.

        Parameters
        ----------
        model : Module
        image : ndarray float32 (3, H, W)
        alpha : float, optional
            How strongly what is drawn covers the picture.

        Returns
        -------
        ndarray uint8 (H, W, 3), str
            The picture, and what is seen, in a few words.
        """
        return self.paint(image, self.look(model, image), self.alpha if alpha is None else alpha)

    def explain(self, model, image) -> list[Stage]:
        """Return what happens to a picture on its way through a model: the picture, the stages, what is seen.

        It is looked at twice: the first time, kernels may have to be compiled, and memory to be found.
        """
        self.look(model, image)
        calls, seen = record(model, lambda: self.look(model, image))
        drawn, words = self.paint(image, seen, self.alpha)
        shape = f"({', '.join(map(str, image.shape))})"
        first = Stage(
            "the picture",
            "RGB, in [0, 1], in the size that it has.",
            gives=shape,
            pictures=[Picture(as_picture(image), f"{image.shape[2]} x {image.shape[1]} pixels", large=True)],
        )
        last = Stage(
            "the answer",
            words,
            gives=shape_of(seen),
            seconds=sum(call.seconds for call in calls),
            source=source_of(type(self).paint),
            pictures=[Picture(drawn, words, large=True)],
        )
        return [first, *self.stages(calls[0], image), last] if calls else [first, last]

    def stages(self, call: Call, image) -> list[Stage]:
        """Return what happens inside a model's call; a task adds drawings of what only its models have."""
        return stages_of(call, self.facts.get("classes", ()))

    def records(self, seen) -> list[dict] | None:
        """Return what was seen as COCO's results have it, without an image id; None where nothing has a box."""
        return None
