"""A whole detector: a training step, and what it sees in evaluation."""

from __future__ import annotations

import numpy as np

from . import inputs

CLASSES, IMAGES, OBJECTS, PROPOSALS = 4, 2, 6, 500
SIZE = (240, 320)


def detector(kind: str, training: bool):
    """Return what builds a step, or an evaluation, of :class:`FasterRCNN` or :class:`FastRCNN` with its defaults.

    Forward, losses, backward, SGD with momentum; proposals of Fast R-CNN are given.
    """

    def build(backend):
        rng, array = np.random.default_rng(0), backend.array
        model = _model(kind, backend)
        images = backend.pictures((IMAGES, 3, *SIZE))
        targets = [
            {"boxes": array(inputs.boxes(OBJECTS, rng, SIZE)), "labels": array(rng.integers(1, CLASSES, OBJECTS))}
            for _ in range(IMAGES)
        ]
        given = {}
        if kind == "FastRCNN":
            given["proposals"] = [array(inputs.boxes(PROPOSALS, rng, SIZE)) for _ in range(IMAGES)]
        model.train(training)
        if not training:
            return backend.without_grad(lambda: model(images, **given))
        optimizer = backend.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)

        def run():
            optimizer.zero_grad()
            loss = sum(model(images, targets, **given).values())
            loss.backward()
            optimizer.step()
            return loss

        return run

    return build


def _model(kind: str, backend):
    if backend.name == "minidet":
        return getattr(backend.model_file("models.detection"), kind)(CLASSES)
    from .torch_rcnn import RCNN

    return RCNN(kind, CLASSES, backend.ops)
