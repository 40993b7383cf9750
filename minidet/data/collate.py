"""From a list of samples to one batch."""

from __future__ import annotations

import numbers

import numpy as np

from ..autograd.tensor import Tensor, wrap
from ..errors import bad_argument


def default_collate(samples: list):
    """Stack what all samples have in common, as PyTorch's function of this name does.

    Arrays become one Tensor with a new first axis, numbers a Tensor (N,); tuples, lists and dicts are gone through
    entry by entry; everything else (strings) stays a list.

    Raises
    ------
    ValueError
        If arrays differ in shape: give the loader ``collate_fn=collate_detection`` where the numbers of objects differ.
    """
    first = samples[0]
    if isinstance(first, (Tensor, np.ndarray)):
        return _stack([np.asarray(getattr(sample, "_array", sample)) for sample in samples])
    if isinstance(first, (numbers.Number, np.generic)):
        kind = np.float32 if isinstance(first, float) and not isinstance(first, np.generic) else None
        return wrap(np.asarray(samples, kind))
    if isinstance(first, dict):
        return {key: default_collate([sample[key] for sample in samples]) for key in first}
    if isinstance(first, (tuple, list)):
        return type(first)(default_collate(list(entries)) for entries in zip(*samples, strict=True))
    return samples


def collate_semantic(samples: list) -> tuple[Tensor, Tensor]:
    """Return images float32 (N, 3, H, W) and the targets' ``"semantic"`` labels int64 (N, H, W)."""
    images = _stack([image for image, _ in samples])
    return images, _stack([target["semantic"] for _, target in samples])


def collate_detection(samples: list) -> tuple[list, list]:
    """Return the list of images and the list of targets: sizes and numbers of objects may differ."""
    return [image for image, _ in samples], [target for _, target in samples]


def _stack(arrays: list) -> Tensor:
    shapes = sorted({array.shape for array in arrays})
    if len(shapes) > 1:
        was = f"has arrays of shapes {', '.join(map(str, shapes))}"
        why = "a batch is one array; crop or resize first, or pass collate_fn=collate_detection"
        raise bad_argument("collate", "samples", was, "one shape", why)
    return wrap(np.stack(arrays))
