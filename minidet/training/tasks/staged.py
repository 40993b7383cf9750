"""Training a detector that has a training of its own: stages, each of which keeps what it made."""

from __future__ import annotations

import sys

import numpy as np
from tqdm import tqdm

LAST_STEPS = 20  # of fine-tuning, whose mean loss is kept


def train_in_stages(task, model, dataset, folder, *, epochs: int, resume: bool, progress: bool) -> list[dict]:
    """Train a model that has ``fit``: what :meth:`Task.trainer` returns.

    An epoch of fine-tuning is as many batches of regions as there are batches of pictures.
    """
    recipe = task.recipe
    task.stage(model, 0)
    steps = epochs * max(1, len(dataset) // recipe.batch_size)
    record = model.fit(dataset, folder=folder, steps=steps, lr=recipe.lr, weight_decay=recipe.weight_decay,
                       resume=resume, progress=progress)  # fmt: skip
    if progress:
        size = record["features"]["bytes"]
        tqdm.write(f"features of all regions: {size / 1e9:.2f} GB in {folder}, of no further use", sys.stderr)
    history = [{"epoch": epochs, "stage": name, **about} for name, about in record.items()]
    for about in history:
        if "loss" in about:
            about["loss"] = float(np.mean(about["loss"][-LAST_STEPS:])) if about["loss"] else 0.0
    return history
