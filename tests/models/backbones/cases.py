"""Every classifier in a small size, and what its images are normalised by."""

import numpy as np
import pytest

from minidet.models import backbones

IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
TENSORFLOW = (128 / 255,) * 3, (128 / 255,) * 3

CLASSIFIERS = {
    "mobilenet_v1": lambda: backbones.mobilenet_v1(10, width=0.25),
    "mobilenet_v1, batch norm": lambda: backbones.mobilenet_v1(10, width=0.25, batch_norm=True),
    "mobilenet_v2": lambda: backbones.mobilenet_v2(10, width_mult=0.25, dropout=0.0),
    "resnet18": lambda: backbones.resnet18(10, width=8),
    "resnet20": lambda: backbones.resnet20(10, width=4),
    "resnet20, option B": lambda: backbones.resnet20(10, width=4, option="B"),
    "resnet34": lambda: backbones.resnet34(10, width=8),
    "resnet50": lambda: backbones.resnet50(10, width=8),
    "squeezenet1_0": lambda: backbones.squeezenet1_0(10, dropout=0.0),
    "squeezenet1_1": lambda: backbones.squeezenet1_1(10, dropout=0.0),
    "vgg11": lambda: backbones.vgg11(10, width=8, hidden=16, dropout=0.0),
    "vgg11_bn": lambda: backbones.vgg11_bn(10, width=8, hidden=16, dropout=0.0),
    "vgg16": lambda: backbones.vgg16(10, width=8, hidden=16, dropout=0.0),
    "vgg16_bn": lambda: backbones.vgg16_bn(10, width=8, hidden=16, dropout=0.0),
}

#: Variants of others: for `make test`, not for `make check`.
SLOW = {"mobilenet_v1, batch norm", "resnet20, option B", "resnet34", "squeezenet1_0", "vgg11", "vgg11_bn", "vgg16"}


def rows(cases):
    """Return cases as parameters of a test, the variants marked slow."""
    return [pytest.param(case, marks=pytest.mark.slow) if case in SLOW else case for case in cases]


def constants(case: str):
    """Return mean and standard deviation of a network's images."""
    return TENSORFLOW if case.startswith("mobilenet_v1") else IMAGENET


def disturb(model, rng):
    """Move biases and statistics away from 0 and 1, so that each of them takes part."""
    for key, value in {**dict(model.named_parameters()), **dict(model.named_buffers())}.items():
        if key.endswith(("bias", "running_mean")):
            value._write_array()[...] = rng.normal(0.0, 0.1, value.shape)
        elif key.endswith("running_var") or value.ndim == 1:
            value._write_array()[...] = rng.uniform(0.7, 1.3, value.shape)
    return model


def maps_of(size, strides):
    """Return the sizes of the maps: rounded up."""
    return {stride: tuple(-(-length // stride) for length in size) for stride in strides}


def to_numpy(maps):
    """Return a dict of maps as arrays."""
    return {stride: np.asarray(features.detach().numpy()) for stride, features in maps.items()}
