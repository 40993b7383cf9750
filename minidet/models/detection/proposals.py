"""Proposals from outside: what R-CNN and Fast R-CNN look at, as selective search finds it.

A picture has the same proposals in the same order whenever it is looked at: the random numbers of the order (section
4.1 of selective search) follow from its pixels. So they may be kept, see :mod:`minidet.training.tasks.proposals`.
"""

from __future__ import annotations

import zlib

import numpy as np

from ... import ops
from ...errors import bad_argument
from .images import Batch, read_images

MODES = ("single", "fast", "quality")


def search(image: np.ndarray, mode: str) -> np.ndarray:
    """Return the proposals of a picture (3, H, W): boxes float32 (P, 4), the best first."""
    seed = zlib.crc32(np.ascontiguousarray(image, np.float32).data)
    return ops.selective_search(image, mode, rng=np.random.default_rng(seed)).numpy()


def search_all(op: str, images, mode: str) -> list[np.ndarray]:
    """Return the proposals of each image."""
    return [search(image.detach().numpy(), mode) for image in read_images(op, images)]


def proposals_of(targets) -> list | None:
    """Return what targets have under ``"proposals"``, or None unless all of them do."""
    if not isinstance(targets, (list, tuple)) or not targets:
        return None
    if not all(isinstance(target, dict) and "proposals" in target for target in targets):
        return None
    return [target["proposals"] for target in targets]


def clipped(proposals, batch: Batch) -> list[np.ndarray]:
    """Clip proposals to the images of a batch, and leave out those without area."""
    if proposals is None:
        raise bad_argument("FastRCNN", "proposals", "is None", "boxes for each image of the batch")
    found = []
    for boxes, size in zip(proposals, batch.sizes, strict=True):
        boxes = ops.clip_boxes_to_image(boxes, size).numpy()
        found.append(boxes[(boxes[:, 2:] > boxes[:, :2]).all(1)])
    return found
