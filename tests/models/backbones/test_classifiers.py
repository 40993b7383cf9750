"""Classifiers with published weights: one row each, and the classes' names in the order of the scores."""

import pytest

from minidet.models.backbones import BACKBONES, classifiers
from minidet.models.backbones.classifiers import CIFAR10_CLASSES, CLASSIFIERS, imagenet_classes, pretrained_classifier
from minidet.models.backbones.pretrained import PRETRAINED


def test_the_names_of_imagenet():
    names = imagenet_classes()
    assert len(names) == len(set(names)) == 1000
    assert all(name == name.strip() != "" for name in names)
    known = {0: "tench", 134: "crane bird", 285: "Egyptian cat", 517: "crane", 639: "maillot tank suit", 665: "moped",
             967: "espresso", 999: "toilet tissue"}  # fmt: skip
    assert {k: names[k] for k in known} == known


def test_every_network_with_weights_has_a_row():
    assert set(CLASSIFIERS) == set(PRETRAINED) - {"resnet20_cifar10"}
    assert set(CLASSIFIERS) <= set(BACKBONES)


@pytest.mark.parametrize("name", ["mobilenet_v1_025", "mobilenet_v2", "resnet20", "squeezenet1_1"])
def test_as_many_scores_as_classes(name):
    spec = CLASSIFIERS[name]
    sizes = [parameter.shape for parameter in spec.build().parameters()]
    assert sizes[-1] == (len(spec.classes()),)
    assert spec.crop <= spec.resize


def test_weights_come_before_the_network(monkeypatch):
    """A network of half a gigabyte is not built to be told that its weights are missing."""
    monkeypatch.setattr(classifiers, "load_pretrained", lambda name: {}[name])
    with pytest.raises(KeyError):
        pretrained_classifier("vgg16")
    with pytest.raises(ValueError, match="pretrained_classifier: name is 'alexnet'"):
        pretrained_classifier("alexnet")


@pytest.mark.data
@pytest.mark.parametrize("name", ["mobilenet_v1_025", "mobilenet_v2", "resnet20", "squeezenet1_0"])
def test_published_weights_fit(name):
    model = pretrained_classifier(name)
    assert not model.training
    assert len(CIFAR10_CLASSES) == 10
