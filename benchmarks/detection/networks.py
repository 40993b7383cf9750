"""A whole detector: a training step, and what it sees in evaluation."""

from __future__ import annotations

import numpy as np

from ..frameworks.weights import drawn_weights
from . import inputs

CLASSES, IMAGES, OBJECTS, PROPOSALS = 4, 2, 6, 500
SIZE = (240, 320)
ONE_STAGE = ("SSD", "YOLOv1")
KINDS = ("FasterRCNN", "FastRCNN", "MaskRCNN", *ONE_STAGE)


def detector(kind: str, training: bool):
    """Return what builds a step, or an evaluation, of a detector of minidet's with its defaults.

    Forward, losses, backward, SGD with momentum; proposals of Fast R-CNN are given. Without training, SSD and YOLO have
    drawn weights, the same in every backend: an untrained YOLO says that there is nothing, and NMS has nothing to do.
    """

    def build(backend):
        rng, array = np.random.default_rng(0), backend.array
        model = _model(kind, backend)
        images = backend.pictures((IMAGES, 3, *SIZE))
        targets = [_target(kind, rng, array) for _ in range(IMAGES)]
        given = {}
        if kind == "FastRCNN":
            given["proposals"] = [array(inputs.boxes(PROPOSALS, rng, SIZE)) for _ in range(IMAGES)]
        model.train(training)
        if not training and kind in ONE_STAGE:
            load_drawn(model, backend)
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


def _target(kind: str, rng, array) -> dict:
    """Draw the objects of an image."""
    boxes, labels = inputs.boxes(OBJECTS, rng, SIZE), rng.integers(1, CLASSES, OBJECTS)
    target = {"boxes": array(boxes), "labels": array(labels)}
    return {**target, "masks": array(inputs.ellipses(boxes, SIZE))} if kind == "MaskRCNN" else target


def _model(kind: str, backend):
    if backend.name == "minidet":
        return getattr(backend.model_file("models.detection"), kind)(CLASSES)
    return torch_detector(kind, CLASSES, backend.ops)


def load_drawn(model, backend) -> None:
    """Give a network the weights that it has in every backend."""
    state = dict(model.state_dict())
    drawn = drawn_weights({key: tuple(value.shape) for key, value in state.items()})
    model.load_state_dict({**state, **{key: backend.array(value) for key, value in drawn.items()}})


def torch_detector(kind: str, classes: int, ops):
    """Return the same network in PyTorch; ``ops`` is torchvision's, or has its functions, as ``torch_ops``."""
    if kind in ONE_STAGE:
        from . import torch_one_stage

        return getattr(torch_one_stage, kind)(classes, ops)
    if kind == "MaskRCNN":
        from .torch_masks import MaskRCNN

        return MaskRCNN(classes, ops)
    from .torch_rcnn import RCNN

    return RCNN(kind, classes, ops)
