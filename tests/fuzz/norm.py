"""Calls of normalisation, and of dropout."""

import numpy as np

import minidet
from minidet.kernels.reference import norm
from minidet.nn import functional as F

from .operation import Operation, torch


def channels_first(d, low=2, high=5):
    """Draw a batch with channels on the second axis: its shape and dtype."""
    shape = (
        d.pick(2, 1, 3, 5),
        d.pick(1, 2, 3, 4, 6, 16, 17),
        *(d.size() for _ in range(d.between(low, min(high, 4)) - 2)),
    )
    if d.maybe(5):
        shape = (0, *shape[1:])
    return shape if np.prod(shape) < 20000 else shape[:3], d.float()


def affine(d, channels, dtype):
    """Draw weight and bias, or neither."""
    if d.maybe(30):
        return None, None
    return d.array((channels,), dtype), d.array((channels,), dtype) if not d.maybe(15) else None


def batch_norm(d):
    shape, dtype = channels_first(d)
    weight, bias = affine(d, shape[1], dtype)
    training = d.maybe(60)
    running = (None, None)
    if not training or d.maybe(50):
        running = (d.array((shape[1],), dtype, grad=False, layout=False),
                   d.array((shape[1],), dtype, "uniform", grad=False, layout=False, low=0.1, high=3))  # fmt: skip
    options = {"training": True} if training else {}
    if d.maybe(20):
        options["eps"] = d.pick(1e-3, 0.1)
    if d.maybe(20):
        options["momentum"] = d.pick(0.3, 0.0, 1.0)
    return (d.array(shape, dtype, d.pick("normal", "normal", "whole")), *running, weight, bias), options


def of_channels(values, x, default):
    return np.full(x.shape[1], default) if values is None else values


def batch_norm_reference(x, mean, var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    """Return the result, and what the running statistics become."""
    flat = x.reshape(*x.shape[:2], -1) if x.size else np.zeros((*x.shape[:2], 0))
    weight, bias = of_channels(weight, x, 1.0), of_channels(bias, x, 0.0)
    count = flat.shape[0] * flat.shape[2]
    if not training:
        return norm.batch_norm_eval(x, mean, var, weight, bias, eps), mean, var
    if count == 1:
        raise ValueError("one value per channel")
    if count == 0:
        return (x, mean, var) if mean is not None else (x,)
    out, batch_mean, variance = norm.batch_norm(flat, weight, bias, eps)
    if mean is None:
        return (out.reshape(x.shape),)
    unbiased = variance * (count / max(count - 1, 1))
    return out.reshape(x.shape), mean + momentum * (batch_mean - mean), var + momentum * (unbiased - var)


def with_running(copy, function):
    """Call with copies of the running statistics, which change, and return those too."""

    def call(x, mean, var, *args, **options):
        if mean is None:
            return (function(x, None, None, *args, **options),)
        mean, var = copy(mean), copy(var)
        return function(x, mean, var, *args, **options), mean, var

    return call


def group_norm(d):
    shape, dtype = channels_first(d, 2)
    groups = d.pick(*(g for g in range(1, shape[1] + 1) if shape[1] % g == 0))
    weight, bias = affine(d, shape[1], dtype)
    return (d.array(shape, dtype), groups, weight, bias), {"eps": 0.1} if d.maybe(20) else {}


def group_norm_reference(x, groups, weight=None, bias=None, eps=1e-5):
    if x.shape[0] * x.shape[1] // groups * int(np.prod(x.shape[2:])) == 1:
        raise ValueError("one value per group")
    flat = x.reshape(*x.shape[:2], int(np.prod(x.shape[2:])))
    weight, bias = of_channels(weight, x, 1.0), of_channels(bias, x, 0.0)
    return norm.group_norm(flat, groups, weight, bias, eps)[0].reshape(x.shape)


def local_response(d):
    shape, dtype = channels_first(d, 3, 4)
    options = {} if d.maybe(40) else {"alpha": d.pick(0.5, 1e-4, 2.0), "beta": d.pick(0.75, 0.5, 1.0, 0.6),
                                      "k": d.pick(1.0, 2.0, 0.5)}  # fmt: skip
    return (d.array(shape, dtype), d.pick(1, 2, 3, 4, 5, 8)), options


def local_response_reference(x, size, alpha=1e-4, beta=0.75, k=1.0):
    flat = x.reshape(*x.shape[:2], int(np.prod(x.shape[2:])))
    return norm.local_response_norm(flat, size, alpha, beta, k)[0].reshape(x.shape)


def l2_norm(d):
    shape = (d.pick(1, 2, 0), d.pick(1, 2, 3, 16, 17), d.size(), d.size())
    dtype = d.float()
    x = d.array(shape, dtype, "uniform", low=0.3, high=2)  # a vector of length 0 has a kink
    return (x, d.array(shape[1:2], dtype)), {"eps": 0.1} if d.maybe(20) else {}


def l2_norm_reference(x, weight, eps=1e-10):
    return x / np.sqrt(np.square(x).sum(1, keepdims=True) + eps) * weight[:, None, None]


def normalize(d):
    shape = d.shape(1, 4)
    options = {"p": d.pick(2.0, 1.0, 3.0, 1.5), "dim": d.dim(shape)}
    if d.maybe(20):
        options["eps"] = d.pick(0.5, 1e-6)
    return (d.array(shape, d.float(), d.pick("uniform", "uniform", "whole"), low=d.pick(0.2, -1.0), high=3),), options


def normalize_reference(x, p=2.0, dim=1, eps=1e-12):
    return x / np.maximum((np.abs(x) ** p).sum(dim, keepdims=True) ** (1 / p), eps)


def dropout(low):
    def draw(d):
        x = d.array(d.shape(low, 4), d.float(), "uniform", low=0.5, high=2)
        return (x, d.pick(0.5, 0.0, 0.2, 0.9, 1.0), not d.maybe(20)), {}

    return draw


def masked(function, planes):
    """Drop from x and, with the same seed, from ones: the first is the second times x."""

    def call(x, p, training):
        mask = function(minidet.ones_like(x), p, training, rng=np.random.default_rng(3))
        out = function(x, p, training, rng=np.random.default_rng(3))
        scale = 1 / (1 - p) if p < 1 and training else 1.0
        kept = mask.numpy()
        right = np.isclose(kept, 0) | np.isclose(kept, scale)
        if planes and kept.ndim > 2 and kept.size:
            right &= kept == kept.reshape(*kept.shape[:-2], -1)[..., :1][..., None]
        if not training or p == 0:
            right &= kept == 1
        return out - x * mask, bool(right.all())

    return call


OPERATIONS = [
    Operation("F.batch_norm", batch_norm, batch_norm_reference,
              with_running(lambda x: x.clone(), lambda *a, **o: torch.nn.functional.batch_norm(*a, **o)),
              with_running(lambda x: x.clone(), F.batch_norm), loose=100),
    Operation("F.group_norm", group_norm, group_norm_reference, loose=100),
    Operation("F.local_response_norm", local_response, local_response_reference),
    Operation("F.l2_norm", l2_norm, l2_norm_reference, None),
    Operation("F.normalize", normalize, normalize_reference, loose=10),
    Operation("F.dropout", dropout(0), lambda x, p, training: (x * 0, True), None, masked(F.dropout, False)),
    Operation("F.dropout2d", dropout(4), lambda x, p, training: (x * 0, True), None, masked(F.dropout2d, True)),
]  # fmt: skip
