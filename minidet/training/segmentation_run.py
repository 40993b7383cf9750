"""One segmentation training run from a recipe: data, model, optimiser, checkpoints."""

from __future__ import annotations

import pathlib

from .. import random
from ..data import DataLoader, collate_semantic
from ..models import MODELS
from ..optim import AdamW, CosineAnnealingLR, LinearLR, SequentialLR
from .fit import fit
from .recipes import Recipe
from .runs import RunFolder
from .segmentation import SegmentationTask, colours_of, recipe_weights, training_data


def train_segmentation(recipe: Recipe, folder: pathlib.Path, *, root=None, seed: int = 0, resume: bool = False,
                       workers: int = 0, quick: bool = False, progress: bool = True):  # fmt: skip
    """Train a model, keep checkpoints in ``folder``, and return the model.

    Parameters
    ----------
    recipe : Recipe
    folder : path
        The run folder. One that holds a run is only continued (``resume``), or replaced by a new run.
    root : path, optional
        Folder of the data set.
    seed : int
        Initial weights, order, augmentation and generated scenes follow from it.
    resume : bool
        Go on from the last checkpoint; the weights at the end are those of an uninterrupted run, bit for bit.
    workers : int
        Threads that prepare batches.
    quick : bool
        The same code with the recipe's few quick steps.
    """
    random.manual_seed(seed)
    epochs = recipe.quick_epochs if quick else recipe.epochs
    dataset = training_data(recipe, root=root, seed=seed, quick=quick)
    model = MODELS[recipe.model](len(dataset.classes), **recipe.model_args)
    loader = DataLoader(dataset, recipe.batch_size, shuffle=True, num_workers=workers, collate_fn=collate_semantic,
                        drop_last=len(dataset) >= recipe.batch_size)  # fmt: skip
    optimizer = AdamW(parameter_groups(model, recipe.weight_decay), lr=recipe.lr)
    scheduler = warmup_then_cosine(optimizer, epochs * len(loader), recipe.warmup_steps)
    weights = recipe_weights(recipe, dataset)
    ignore_index = getattr(dataset, "ignore_index", None)
    task = SegmentationTask(len(dataset.classes), ignore_index, weights)
    about = {
        "recipe": recipe.as_dict(),
        "seed": seed,
        "epochs": epochs,
        "classes": list(dataset.classes),
        "palette": colours_of(dataset).tolist(),
    }
    with RunFolder(folder) as run:
        start = run.resume(about, model, optimizer, scheduler) if resume else run.begin()
        fit(model, task, loader, optimizer, scheduler, epochs, max_norm=recipe.max_norm, start=start, progress=progress,
            checkpoint=lambda state: run.save(about, state, model, optimizer, scheduler))  # fmt: skip
    return model


def parameter_groups(model, weight_decay: float) -> list[dict]:
    """Split the parameters: weights decay; biases and the scales and shifts of normalisation (one axis) do not."""
    parameters = list(model.parameters())
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]


def warmup_then_cosine(optimizer, steps: int, warmup: int) -> SequentialLR:
    """Raise the learning rate linearly over ``warmup`` steps, then let it fall to 0 along a cosine."""
    warmup = max(1, min(warmup, steps // 4))
    parts = [
        LinearLR(optimizer, start_factor=1 / (warmup + 1), total_iters=warmup),
        CosineAnnealingLR(optimizer, T_max=max(1, steps - warmup)),
    ]
    return SequentialLR(optimizer, parts, milestones=[warmup])
