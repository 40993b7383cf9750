"""minidet and PyTorch behind the same few names, for ``benchmarks.cases``, and ONNX Runtime, which only infers.

A process imports one of them.
"""

from __future__ import annotations

import importlib
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

from .weights import drawn_pictures, drawn_weights


class Minidet:
    """The library that is measured."""

    name = "minidet"

    def __init__(self):
        import minidet
        from minidet import nn, optim

        self._tensor, self._no_grad = minidet.tensor, minidet.no_grad
        self.nn, self.functional, self.optim = nn, nn.functional, optim
        self._rng = np.random.default_rng(0)

    @property
    def ops(self):
        """The operations of detection; what does not need them does not load them."""
        return importlib.import_module("minidet.ops")

    def array(self, values):
        """Make a tensor of an array."""
        return self._tensor(values)

    def random(self, shape, grad: bool = False):
        """Standard normal float32 values."""
        return self._tensor(self._rng.standard_normal(shape, np.float32), requires_grad=grad)

    def pictures(self, shape):
        """Uniform float32 values in [0, 1): what networks that normalise their input take."""
        return self._tensor(self._rng.random(shape, np.float32))

    def integers(self, high: int, shape):
        """Uniform int64 labels below ``high``."""
        return self._tensor(self._rng.integers(high, size=shape))

    def without_grad(self, function):
        """Run ``function`` without recording."""
        return self._no_grad()(function)

    def model_file(self, module: str):
        """The module that defines a model."""
        return importlib.import_module(f"minidet.{module}")

    def classifier(self, module: str, name: str, **arguments):
        """A network in evaluation mode, with the weights that it has in every backend."""
        model = getattr(self.model_file(module), name)(**arguments)
        state = dict(model.state_dict())
        drawn = drawn_weights({key: tuple(value.shape) for key, value in state.items()})
        model.load_state_dict({**state, **{key: self._tensor(value) for key, value in drawn.items()}})
        return model.eval()

    def scores(self, module: str, name: str, shape):
        """Inference of the same network on the same pictures in every backend: returns a callable."""
        model, images = self.classifier(module, name), self._tensor(drawn_pictures(shape))
        return self.without_grad(lambda: model(images))


class Torch(Minidet):
    """The yardstick, in eager mode."""

    name = "torch"

    def __init__(self):
        import torch

        self._no_grad = torch.no_grad
        self._tensor = lambda array, requires_grad=False: torch.from_numpy(array).requires_grad_(requires_grad)
        self.nn, self.functional, self.optim = torch.nn, torch.nn.functional, torch.optim
        self._rng = np.random.default_rng(0)

    def model_file(self, module: str):
        """The same source on top of PyTorch."""
        from .torch_twin import twin

        return twin(module)


class OnnxRuntime:
    """A runtime for inference alone. Another process writes the graph, so that this one's threads are all its own."""

    name = "onnx"

    def scores(self, module: str, name: str, shape):
        """Inference of the same network on the same pictures in every backend: returns a callable."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS", "1"))  # as ``measure.Worker`` sets it
        options.inter_op_num_threads = 1
        with tempfile.TemporaryDirectory() as folder:
            path = str(pathlib.Path(folder, "graph.onnx"))
            sides = ",".join(map(str, shape))
            subprocess.run([sys.executable, "-m", f"{__package__}.onnx_graph", module, name, sides, path], check=True)
            session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        feed = {"images": drawn_pictures(shape)}
        return lambda: session.run(None, feed)[0]


BACKENDS = {"minidet": Minidet, "torch": Torch, "onnx": OnnxRuntime}
TITLES = {"minidet": "minidet", "torch": "PyTorch", "onnx": "ONNX Runtime"}
