"""minidet's model files, run on PyTorch: the same source, with ``torch.nn`` in the place of ``minidet.nn``.

It works because the names, arguments and defaults are PyTorch's; and where it did not, they would not be.
"""

from __future__ import annotations

import importlib
import pathlib
import sys
import types

import minidet


def twin(module: str):
    """Import ``minidet.<module>`` on top of PyTorch, for example ``twin("models.segmentation.segnet")``."""
    import torch

    from minidet import errors

    root = pathlib.Path(minidet.__file__).parent
    if "torch_twin" not in sys.modules:
        package = types.ModuleType("torch_twin")
        package.__path__ = []
        package.nn = torch.nn
        sys.modules.update(
            {
                "torch_twin": package,
                "torch_twin.nn": torch.nn,
                "torch_twin.nn.functional": torch.nn.functional,
                "torch_twin.errors": errors,
                "torch_twin.autograd": torch,
            }
        )
        package.errors = errors
    parts = module.split(".")
    for depth in range(1, len(parts)):
        name = ".".join(["torch_twin", *parts[:depth]])
        if name not in sys.modules:  # an empty package over the same folder: its own __init__ would import everything
            folder = types.ModuleType(name)
            folder.__path__ = [str(root.joinpath(*parts[:depth]))]
            sys.modules[name] = folder
    return importlib.import_module(f"torch_twin.{module}")
