"""What stands for ``minidet.models.backbones.contract`` in the twin: the real one reads arrays, which PyTorch has not.

The layers of a backbone are its file's own; here is what runs them one after the other, without checks, with the
weights that PyTorch draws.
"""

from __future__ import annotations

import torch

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Backbone(torch.nn.Module):
    """Layers in a row, some of whose results are returned: one map for each stride."""

    def set_levels(self, levels, strides=None) -> None:
        """Say which steps end a level: ``{stride: (step, channels)}``; what comes later belongs to a head."""
        self._trunk = [name for name, _ in self.named_children()]
        self.levels = dict(levels)
        self.choose(tuple(levels)[-3:] if strides is None else strides)

    def choose(self, strides) -> None:
        """Say which maps ``forward`` returns."""
        self.strides = tuple(strides)
        self.channels = {stride: self.levels[stride][1] for stride in strides}

    def forward(self, images):
        """Map images (N, 3, H, W) to ``{stride: map}``."""
        mean, std = (images.new_tensor(values).reshape(3, 1, 1) for values in (MEAN, STD))
        x, maps = (images - mean) / std, {}
        wanted = {self.levels[stride][0]: stride for stride in self.strides}
        for name in self._trunk:
            child = getattr(self, name)
            steps = child.named_children() if name == "features" else [("", child)]
            for index, step in steps:
                x = step(x)
                path = f"{name}.{index}" if index else name
                if path in wanted:
                    maps[wanted[path]] = x
        return maps


def keep_weights(module) -> None:
    """Leave the weights as PyTorch drew them: speed does not depend on them."""


start_convolutions = start_linear = keep_weights
