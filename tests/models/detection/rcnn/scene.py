"""A small R-CNN, pictures, and proposals for them."""

import numpy as np

import minidet
from minidet.models.detection import RCNN

from ..cases import Trunk, spots


class Sparse(Trunk):
    """The small trunk, with one map."""

    def __init__(self):
        super().__init__(8, (8,))


def small(num_classes=3, seed=2, **options):
    minidet.manual_seed(seed)
    options = {"crop_size": 24, "context": 4, "grid": 3, "width": 16, "batch": (8, 24), **options}
    return RCNN(num_classes, Sparse(), **options)


def pictures(seed=0, count=5, objects=2):
    """Return samples, and proposals: near the objects, and anywhere."""
    images, targets = spots(seed, count, (48, 48), objects)
    rng = np.random.default_rng(seed)
    proposals = []
    for target in targets:
        near = np.repeat(target["boxes"], 12, 0)
        near = near + rng.uniform(-3, 3, near.shape)
        corner, size = rng.uniform(0, 34, (40, 2)), rng.uniform(6, 24, (40, 2))
        proposals.append(np.concatenate([near, np.concatenate([corner, corner + size], 1)]).astype(np.float32))
    return list(zip(images, targets, strict=True)), proposals


def state(model):
    return {name: value.numpy().copy() for name, value in model.state_dict().items()}
