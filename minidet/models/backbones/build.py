"""A backbone by its name, or out of a module: what every model does with its ``backbone=`` and ``pretrained=``."""

from __future__ import annotations

from collections.abc import Mapping

from ... import nn
from ...errors import bad_argument, check_choice, flag, shown
from ...nn.parameter import uncounted
from .contract import Backbone
from .mobilenetv1 import MobileNetV1
from .mobilenetv2 import MobileNetV2
from .pretrained import load_pretrained
from .resnet import RESNET18, RESNET34, RESNET50, ResNet
from .resnet_cifar import CIFARResNet
from .squeezenet import SqueezeNet
from .vgg import VGG, VGG11, VGG16

#: Every network, without its head.
BACKBONES = {
    "mobilenet_v1": lambda: MobileNetV1(),
    "mobilenet_v1_025": lambda: MobileNetV1(0.25),
    "mobilenet_v2": lambda: MobileNetV2(),
    "resnet18": lambda: ResNet(*RESNET18),
    "resnet20": lambda: CIFARResNet(3),
    "resnet34": lambda: ResNet(*RESNET34),
    "resnet50": lambda: ResNet(*RESNET50),
    "squeezenet1_0": lambda: SqueezeNet("1_0"),
    "squeezenet1_1": lambda: SqueezeNet("1_1"),
    "vgg11": lambda: VGG(VGG11),
    "vgg11_bn": lambda: VGG(VGG11, batch_norm=True),
    "vgg11_bn_0375": lambda: VGG(VGG11, batch_norm=True, width=24),  # for small pictures, from untrained weights
    "vgg16": lambda: VGG(VGG16),
    "vgg16_bn": lambda: VGG(VGG16, batch_norm=True),
}


def backbone(backbone, strides=None, pretrained=False) -> nn.Module:
    """Return a backbone: images in, ``{stride: map}`` out.

    >>> trunk = backbone("mobilenet_v1_025", strides=(8, 16))
    >>> {stride: features.shape for stride, features in trunk(minidet.zeros(1, 3, 97, 131)).items()}
    {8: (1, 64, 13, 17), 16: (1, 128, 7, 9)}

    Parameters
    ----------
    backbone : str or Module
        A name of :data:`BACKBONES`; a classifier, whose layers it is made of (the same, not copies); a backbone; or any
        other module with ``channels``, a dict of strides and channels, that maps images to ``{stride: map}``.
    strides : sequence of int, optional
        Of the maps; by default the three coarsest of a network, those that a backbone has now, all of any other
        module. Layers that are deeper than the deepest of them are left out: ``state_dict()`` has the classifier's
        keys, for the part that is there.
    pretrained : bool or dict
        True: the published weights of a network that is given by its name (:func:`load_pretrained`). A dict: a
        classifier's weights by their names. Those of the layers that are there are copied, and none may be missing.

    Returns
    -------
    Module
        With ``strides``, ``channels``, ``freeze(until)`` and ``unfreeze()``, if it is a :class:`Backbone`.
    """
    if isinstance(backbone, str):
        check_choice("backbone", "backbone", backbone, BACKBONES)
        with uncounted():  # a run of its first layers alone has fewer weights than are made here
            found = BACKBONES[backbone]().part(strides)
    elif isinstance(backbone, Backbone):
        is_cut = type(backbone) is Backbone  # else a classifier, which has a head and returns one map
        found = backbone.part(backbone.strides if strides is None and is_cut else strides)
    elif isinstance(backbone, nn.Module) and isinstance(getattr(backbone, "channels", None), Mapping):
        found = backbone
        if strides is not None and set(strides) != set(backbone.channels):
            why = f"a {type(backbone).__name__} is given its strides when it is built"
            raise bad_argument("backbone", "strides", f"is {shown(strides)}", f"{tuple(backbone.channels)}", why)
    else:
        expected = f"a name ({', '.join(BACKBONES)}) or a module with channels = {{stride: C}}"
        raise bad_argument("backbone", "backbone", f"is {shown(backbone)}", expected, error=TypeError)
    if isinstance(pretrained, Mapping):
        _load_part(found, pretrained)
    elif flag("backbone", "pretrained", pretrained):
        if not isinstance(backbone, str):
            why = "only a network's name says which weights"
            raise bad_argument("backbone", "pretrained", "is True beside a module", "False, or a dict of weights", why)
        _load_part(found, load_pretrained(backbone))
    return found


def _load_part(module: nn.Module, state: Mapping) -> None:
    """Copy from a classifier's weights those that the module has; those of the head and deeper layers stay unused."""
    own = module.state_dict()
    module.load_state_dict({name: value for name, value in state.items() if name in own})
