"""Classifiers whose weights are published: how each is built, what pictures it was trained on, and its classes."""

from __future__ import annotations

import importlib.resources
from collections.abc import Callable
from dataclasses import dataclass

from ... import nn
from ...errors import check_choice
from .mobilenetv1 import mobilenet_v1
from .mobilenetv2 import mobilenet_v2
from .pretrained import load_pretrained
from .resnet import resnet18, resnet34, resnet50
from .resnet_cifar import resnet20
from .squeezenet import squeezenet1_0, squeezenet1_1
from .vgg import vgg11, vgg11_bn, vgg16, vgg16_bn

#: In the order of the scores of a network that was trained on CIFAR-10.
CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def imagenet_classes() -> tuple[str, ...]:
    """Return the names of ImageNet's 1000 classes, in the order of the networks' scores."""
    text = importlib.resources.files(__package__).joinpath("imagenet_classes.txt").read_text(encoding="utf-8")
    return tuple(line for line in text.splitlines() if not line.startswith("#"))


@dataclass(frozen=True)
class Classifier:
    """One row of :data:`CLASSIFIERS`.

    A picture is made so small that its shorter side has ``resize`` pixels, and its middle of ``crop`` x ``crop`` pixels
    is looked at.
    """

    build: Callable[[], nn.Module]
    resize: int = 256
    crop: int = 224
    classes: Callable[[], tuple[str, ...]] = imagenet_classes


#: name -> how to use it; the names are those of ``PRETRAINED``
CLASSIFIERS = {
    "mobilenet_v1_025": Classifier(lambda: mobilenet_v1(width=0.25), 146, 128),
    "mobilenet_v2": Classifier(mobilenet_v2),
    "resnet18": Classifier(resnet18),
    "resnet20": Classifier(resnet20, 32, 32, lambda: CIFAR10_CLASSES),
    "resnet34": Classifier(resnet34),
    "resnet50": Classifier(resnet50),
    "squeezenet1_0": Classifier(squeezenet1_0),
    "squeezenet1_1": Classifier(squeezenet1_1),
    "vgg11": Classifier(vgg11),
    "vgg11_bn": Classifier(vgg11_bn),
    "vgg16": Classifier(vgg16),
    "vgg16_bn": Classifier(vgg16_bn),
}


def pretrained_classifier(name: str) -> nn.Module:
    """Build a classifier with its published weights, ready to classify: in evaluation mode.

    Parameters
    ----------
    name : str
        A row of :data:`CLASSIFIERS`.

    Raises
    ------
    DownloadError, FileNotFoundError, ValueError
        See :func:`load_pretrained`.
    """
    check_choice("pretrained_classifier", "name", name, tuple(CLASSIFIERS))
    weights = load_pretrained(name)  # before a large network is built for nothing
    model = CLASSIFIERS[name].build()
    model.load_state_dict(weights)
    return model.eval()
