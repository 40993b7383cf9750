"""Networks that look at images: classifiers, and the maps of features that other models are built on."""

from .build import BACKBONES, backbone
from .classifiers import CLASSIFIERS, imagenet_classes, pretrained_classifier
from .contract import Backbone
from .mobilenetv1 import mobilenet_v1
from .mobilenetv2 import mobilenet_v2
from .pretrained import PRETRAINED, load_pretrained
from .pyramid import FeaturePyramid
from .resnet import resnet18, resnet34, resnet50
from .resnet_cifar import resnet20
from .squeezenet import squeezenet1_0, squeezenet1_1
from .vgg import vgg11, vgg11_bn, vgg16, vgg16_bn

__all__ = [
    "BACKBONES",
    "CLASSIFIERS",
    "PRETRAINED",
    "Backbone",
    "FeaturePyramid",
    "backbone",
    "imagenet_classes",
    "load_pretrained",
    "mobilenet_v1",
    "mobilenet_v2",
    "pretrained_classifier",
    "resnet18",
    "resnet20",
    "resnet34",
    "resnet50",
    "squeezenet1_0",
    "squeezenet1_1",
    "vgg11",
    "vgg11_bn",
    "vgg16",
    "vgg16_bn",
]
