"""What every backbone does, so that every model that needs features can take any of them.

    images (N, 3, H, W) -- normalise -- step -- step -- step -- step -- step -- (head: class scores)
                                         |               |               |
                                         2               4               8      {stride: map}

``backbone(images)`` takes RGB images with values in [0, 1] and returns ``{stride: map}``; a map of stride s has
ceil(H / s) rows and ceil(W / s) columns. ``backbone.strides`` and ``backbone.channels[stride]`` say what comes, and
``backbone.freeze(until=stride)`` keeps pretrained layers as they are. A classifier is a backbone with a head.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ... import kernels, nn
from ...autograd import tensor
from ...autograd.from_data import read_tensor
from ...errors import bad_argument, check_float, check_rank, shown
from ...nn import functional as F
from ...nn import init
from ...nn.fused import fused

#: Of the images of ImageNet in [0, 1]: red, green, blue.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class Backbone(nn.Module):
    """Layers one after the other (the steps), some of whose results are returned: one map for each stride.

    A network's class assigns its layers in the order that data flow, then calls :meth:`set_levels`. A step is an
    attribute, or a layer inside the one called ``features``, as torchvision calls layers in a row.

    Attributes
    ----------
    mean, std : tuple of float
        Subtracted from the red, green and blue values, and what they are divided by then.
    strides : tuple of int
        Of the maps that are returned, the finest first.
    channels : dict of int to int
        Channels of the map of each stride.
    levels : dict of int to (str, int)
        For every stride there is, the last step of this stride and its channels.
    """

    mean = IMAGENET_MEAN
    std = IMAGENET_STD

    def __init__(self):
        super().__init__()
        self._trunk, self._frozen = (), frozenset()

    def set_levels(self, levels: dict[int, tuple[str, int]], strides=None) -> None:
        """Say which steps end a level: ``{stride: (step, channels)}``. What is assigned later belongs to a head."""
        self._trunk = tuple(name for name, _ in self.named_children())
        self.levels = dict(levels)
        self.choose(tuple(levels)[-3:] if strides is None else strides)

    def choose(self, strides) -> None:
        """Say which maps ``forward`` returns."""
        self.strides = checked_strides(type(self).__name__, strides, self.levels)
        self.channels = {stride: self.levels[stride][1] for stride in self.strides}

    def steps(self) -> Iterator[tuple[str, nn.Module]]:
        """Yield the layers in the order that data flow, with their paths, without the head."""
        for name in self._trunk:
            child = getattr(self, name)
            if name == "features":
                yield from ((f"{name}.{index}", layer) for index, layer in child.named_children())
            else:
                yield name, child

    def forward(self, images):
        """Map images (N, 3, H, W) in [0, 1] to ``{stride: (N, C, ceil(H / stride), ceil(W / stride))}``."""
        x = normalise(check_images(type(self).__name__, images), self.mean, self.std)
        wanted = {self.levels[stride][0]: stride for stride in self.strides}
        maps = {}
        for path, call in fused(self.steps(), apart=wanted):
            x = call(x)
            if path in wanted:
                maps[wanted[path]] = x
            if len(maps) == len(wanted):
                break  # what is deeper is not computed
        return maps

    def part(self, strides=None) -> Backbone:
        """Return a backbone of these layers (the same, not copies) without the head and what is deeper than needed.

        Parameters
        ----------
        strides : sequence of int, optional
            Of the maps that it returns; the three coarsest by default.
        """
        strides = tuple(self.levels)[-3:] if strides is None else strides
        strides = checked_strides(type(self).__name__, strides, self.levels)
        part = Backbone()
        part.mean, part.std = self.mean, self.std
        for path, step in self.steps():
            name, _, index = path.partition(".")
            if index and name not in dict(part.named_children()):
                part.add_module(name, nn.Sequential())
            (getattr(part, name) if index else part).add_module(index or name, step)
            if path == self.levels[strides[-1]][0]:
                break
        part.set_levels({stride: level for stride, level in self.levels.items() if stride <= strides[-1]}, strides)
        part._frozen = self._frozen.intersection(path for path, _ in part.steps())
        return part.train(self.training)

    # keeping layers as they are ----------------------------------------------------------------------------------

    def freeze(self, until: int | None = None) -> Backbone:
        """Keep the layers up to a map as they are, and return the backbone: no gradients, no running statistics.

        The layers stay in evaluation mode, also when this backbone or a model that contains it is switched by
        ``train()``: batch normalisation goes on normalising by the statistics that it was pretrained with.

        Parameters
        ----------
        until : int, optional
            A stride: all up to this map. None: all but a head.
        """
        if until is not None:
            checked_strides(type(self).__name__, (until,), self.levels, "until")
        last = None if until is None else self.levels[until][0]
        for path, step in self.steps():
            self._frozen |= {path}
            step.requires_grad_(False)
            if path == last:
                break
        return self.train(self.training)

    def unfreeze(self) -> Backbone:
        """Let every layer learn again, and return the backbone."""
        self._frozen = frozenset()
        self.requires_grad_(True)
        return self.train(self.training)

    def train(self, mode: bool = True) -> Backbone:
        """Switch to training, but for what is frozen; return the backbone."""
        super().train(mode)
        for path, step in self.steps():
            if path in self._frozen:
                step.eval()
        return self


def checked_strides(op: str, strides, available, argument: str = "strides") -> tuple[int, ...]:
    """Return strides as a sorted tuple, or raise unless each of them is available."""
    known = ", ".join(map(str, available))
    if not isinstance(strides, (tuple, list)) or not strides or any(stride not in available for stride in strides):
        was = shown(strides[0] if argument == "until" else strides)
        raise bad_argument(op, argument, f"is {was}", f"one or several of {known}" if argument != "until" else known)
    return tuple(sorted(set(strides)))


def check_images(op: str, images):
    """Return images as a tensor, or raise unless they are float, (N, 3, H, W), and in [0, 1] (nearly)."""
    images = read_tensor(op, "images", images)
    check_rank(op, "images", images, 4, letters="(N, 3, H, W)")
    if images.shape[1] != 3:
        raise bad_argument(op, "images", f"has shape {images.shape}", "(N, 3, H, W)", "images are red, green, blue")
    if images.dtype == np.uint8:
        why = "divide by 255, as minidet.data does"
        raise bad_argument(op, "images", "has dtype uint8", "float32 with values in [0, 1]", why, TypeError)
    check_float(op, images=images)
    values = np.ascontiguousarray(images.detach().numpy())
    if kernels.outside.outside(values, -0.5, 1.5):  # augmentation may go a little beyond [0, 1]
        for value in (np.fmin.reduce(values, axis=None), np.fmax.reduce(values, axis=None)):
            if -0.5 <= value <= 1.5:
                continue
            why = "models normalise inside; pictures of 0 to 255 have to be divided by 255"
            raise bad_argument(op, "images", f"contains {value:g}", "values in [0, 1]", why)
    return images


def normalise(images, mean, std):
    """Return ``(images - mean) / std``, channel by channel, in one pass: (N, 3, H, W)."""
    mean, variance = (tensor(np.array(values, images.dtype)) for values in (mean, np.square(std)))
    return F.batch_norm(images, mean, variance, eps=0.0)


def start_convolutions(module: nn.Module) -> None:
    """Draw the weights of convolutions from N(0, 2 / fan_out) (He et al., 2015, eq. 14), and set their biases to 0."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            if layer.bias is not None:
                init.zeros_(layer.bias)


def start_linear(module: nn.Module) -> None:
    """Draw the weights of linear layers from N(0, 0.01^2), and set their biases to 0."""
    for layer in module.modules():
        if isinstance(layer, nn.Linear):
            init.normal_(layer.weight, std=0.01)
            init.zeros_(layer.bias)
