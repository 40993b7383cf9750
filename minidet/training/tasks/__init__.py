"""What can be learnt: one task a file, one row a task."""

from dataclasses import replace

from ...errors import bad_argument, check_choice, shown
from ...models import MODELS
from ..recipe import Recipe
from .detection import Detection
from .localization import Localization
from .pose import Pose
from .segmentation import Segmentation
from .task import Source, Task, Where

#: The names that rows of minidet.models.MODELS use.
TASKS = {
    "pose": Pose,
    "segmentation": Segmentation,
    "localization": Localization,
    "detection": Detection,
}

__all__ = [
    "TASKS",
    "Detection",
    "Localization",
    "Pose",
    "Segmentation",
    "Source",
    "Task",
    "Where",
    "check_fit",
    "completed",
    "data_sets",
    "models_of",
    "task_for",
    "task_of",
]


def task_of(model: str) -> type[Task]:
    """Return the task that a model learns."""
    check_choice("train", "model", model, MODELS)
    return TASKS[MODELS[model].task]


def models_of(task: str) -> list[str]:
    """Return the names of the models that learn a task."""
    return sorted(name for name, row in MODELS.items() if row.task == task)


def data_sets() -> dict[str, list[str]]:
    """Return every data set that ``--data`` knows, and the tasks that it serves: those that a model learns."""
    learnt = {name: task for name, task in TASKS.items() if models_of(name)}
    names = sorted({name for task in learnt.values() for name in task.sources})
    return {name: [task for task in learnt if name in learnt[task].sources] for name in names}


def check_fit(model: str, data: str) -> type[Task]:
    """Return the task that a model learns; raise unless the data set serves it, and say which do."""
    task = task_of(model)
    if not isinstance(data, str) or data not in task.sources:
        serves = data_sets().get(data) if isinstance(data, str) else None
        was = f"is {shown(data)}" + (f", which serves {' and '.join(serves)}" if serves else "")
        expected = f"one of {', '.join(sorted(task.sources))}"
        why = f"{model} learns {task.name}"
        if serves:
            why += f"; {', '.join(name for other in serves for name in models_of(other))} fit {data}"
        raise bad_argument("train", "data", was, expected, why)
    return task


def task_for(recipe: Recipe, **options) -> Task:
    """Return the task of a run; ``options`` are those of :class:`Task`."""
    return check_fit(recipe.model, recipe.data)(recipe, **options)


def completed(recipe: Recipe) -> Recipe:
    """Return a recipe whose options are all there: those that it leaves out have their defaults."""
    return replace(recipe, options=task_for(recipe).recipe.options)
