"""From a list of samples to one batch."""

from __future__ import annotations

import collections.abc
import copy
import numbers

import numpy as np

from ..autograd.as_array import as_array, shortened
from ..autograd.tensor import Tensor, wrap
from ..errors import bad_argument


def default_collate(samples: list):
    """Stack what all samples have in common, as PyTorch's function of this name does.

    Arrays become one Tensor with a new first axis, numbers a Tensor (N,); tuples (named ones too), lists and dicts are
    gone through entry by entry; text stays a list.

    Raises
    ------
    ValueError
        If arrays differ in shape: give the loader ``collate_fn=collate_detection`` where the numbers of objects differ.
        If samples differ in form.
    TypeError
        If samples are anything else, objects of a class of your own for example: give the loader a ``collate_fn``.
    """
    return _collate(_listed("default_collate", samples), "samples")


def _collate(samples: list, where: str):
    """Make one batch of what lies at one place of all samples; ``where`` names it, as ``"samples[:]['boxes'][0]"``."""
    op, first = "default_collate", samples[0]
    if isinstance(first, (str, bytes)):
        return samples
    for kind in ((Tensor, np.ndarray), (numbers.Number, np.generic), collections.abc.Mapping, collections.abc.Sequence):
        if isinstance(first, kind):
            break
    else:
        why = "give the loader a collate_fn that makes a batch of them"
        expected = "arrays, numbers, text, tuples, lists or dicts"
        raise bad_argument(op, where, f"contains a {type(first).__name__}", expected, why, TypeError)
    for sample in samples:
        if not isinstance(sample, kind) or isinstance(sample, (str, bytes)):
            was = f"contains a {type(first).__name__} and a {type(sample).__name__}"
            raise bad_argument(op, where, was, "samples of one form", error=TypeError)
    if kind is collections.abc.Mapping:
        return _collate_dicts(samples, where)
    if kind is collections.abc.Sequence:
        return _collate_sequences(samples, where)
    if kind == (Tensor, np.ndarray):
        return _stack(op, where, samples)
    single = np.float32 if isinstance(first, float) and not isinstance(first, np.generic) else None
    return wrap(as_array(op, where, samples).astype(single, copy=False) if single else as_array(op, where, samples))


def _collate_dicts(samples: list, where: str):
    first = samples[0]
    for sample in samples:
        if sample.keys() != first.keys():
            was = f"has entries {shortened(list(first))} and {shortened(list(sample))}"
            raise bad_argument("default_collate", where, was, "the same in all samples")
    batch = {key: _collate([sample[key] for sample in samples], f"{where}[:][{key!r}]") for key in first}
    if type(first) is dict:
        return batch
    try:  # keeps what else a class of dicts has
        clone = copy.copy(first)
        clone.update(batch)
    except (TypeError, AttributeError):
        return batch
    return clone


def _collate_sequences(samples: list, where: str):
    first = samples[0]
    lengths = sorted({len(sample) for sample in samples})
    if len(lengths) > 1:
        raise bad_argument("default_collate", where, f"has lengths {shortened(lengths)}", "one length")
    parts = [_collate([sample[i] for sample in samples], f"{where}[:][{i}]") for i in range(len(first))]
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return type(first)(*parts)
    try:
        return type(first)(parts)
    except TypeError:  # range, for example, holds nothing but its ends
        return parts


def collate_semantic(samples: list) -> tuple[Tensor, Tensor]:
    """Return images float32 (N, 3, H, W) and the targets' ``"semantic"`` labels int64 (N, H, W)."""
    op = "collate_semantic"
    samples = _pairs(op, samples)
    for _, target in samples:
        if not isinstance(target, dict) or "semantic" not in target:
            was = f"contains a target {shortened(target)}"
            raise bad_argument(op, "samples", was, "(image, {'semantic': labels})", error=TypeError)
    images = _stack(op, "samples", [image for image, _ in samples])
    return images, _stack(op, "samples", [target["semantic"] for _, target in samples])


def collate_detection(samples: list) -> tuple[list, list]:
    """Return the list of images and the list of targets: sizes and numbers of objects may differ."""
    samples = _pairs("collate_detection", samples)
    return [image for image, _ in samples], [target for _, target in samples]


def _listed(op: str, samples) -> list:
    """Return the samples as a list, or raise unless there is at least one."""
    if not isinstance(samples, (list, tuple)) or not samples:
        was = "is empty" if isinstance(samples, (list, tuple)) else f"is a {type(samples).__name__}"
        raise bad_argument(op, "samples", was, "a list of at least one sample", error=TypeError)
    return list(samples)


def _pairs(op: str, samples) -> list:
    samples = _listed(op, samples)
    for sample in samples:
        if not isinstance(sample, (tuple, list)) or len(sample) != 2:
            raise bad_argument(op, "samples", f"contains {shortened(sample)}", "pairs (image, target)", error=TypeError)
    return samples


def _stack(op: str, where: str, samples: list) -> Tensor:
    arrays = [as_array(op, where, sample) for sample in samples]
    shapes = sorted({array.shape for array in arrays})
    if len(shapes) > 1:
        was = f"has arrays of shapes {', '.join(map(str, shapes))}"
        why = "a batch is one array; crop or resize first, or pass collate_fn=collate_detection"
        raise bad_argument(op, where, was, "one shape", why)
    return wrap(np.stack(arrays))
