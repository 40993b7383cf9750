"""minidet's model files, run on PyTorch: the same source, with ``torch.nn`` in the place of ``minidet.nn``.

It works because the names, arguments and defaults are PyTorch's; and where it did not, they would not be.
"""

from __future__ import annotations

import importlib
import importlib.util
import pathlib
import sys
import types


def _given(backbone, strides=None, pretrained=False):
    """Stand in for ``minidet.models.backbones.backbone``: a module of PyTorch's with ``channels`` is one."""
    return backbone


def twin(module: str):
    """Import ``minidet.<module>`` on top of PyTorch, for example ``twin("models.segmentation.segnet")``."""
    import torch

    from . import torch_backbone, torch_fused

    # minidet itself is not imported: it sets up the memory of its process as it likes, which would be PyTorch's too
    root = pathlib.Path(importlib.util.find_spec("minidet").origin).parent
    if "torch_twin" not in sys.modules:
        package = types.ModuleType("torch_twin")
        package.__path__ = [str(root)]
        package.nn = torch.nn
        backbones = types.ModuleType("torch_twin.models.backbones")  # the real ones read arrays, which torch has not
        backbones.__path__ = [str(root.joinpath("models", "backbones"))]
        backbones.Backbone, backbones.backbone = torch_backbone.Backbone, _given
        sys.modules.update(
            {
                "torch_twin": package,
                "torch_twin.nn": torch.nn,
                "torch_twin.nn.functional": torch.nn.functional,
                "torch_twin.nn.fused": torch_fused,
                "torch_twin.autograd": torch,
                "torch_twin.models.backbones": backbones,
                "torch_twin.models.backbones.contract": torch_backbone,
            }
        )
    parts = module.split(".")
    for depth in range(1, len(parts)):
        name = ".".join(["torch_twin", *parts[:depth]])
        if name not in sys.modules:  # an empty package over the same folder: its own __init__ would import everything
            folder = types.ModuleType(name)
            folder.__path__ = [str(root.joinpath(*parts[:depth]))]
            sys.modules[name] = folder
    return importlib.import_module(f"torch_twin.{module}")
