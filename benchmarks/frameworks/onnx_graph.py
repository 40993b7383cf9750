"""A classifier of minidet's as an ONNX graph: the yardstick ONNX Runtime reads nothing else.

    python -m benchmarks.frameworks.onnx_graph MODULE NAME N,3,H,W FILE

A node for every layer, in the order that data flow, as an exporter would write it. The runtime itself joins batch
normalisation with the convolution before it, when it opens the file.
"""

from __future__ import annotations

import sys

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

from minidet import nn
from minidet.models.backbones.mobilenetv2 import InvertedResidual
from minidet.models.backbones.resnet import BasicBlock

from .backends import Minidet

OPSET, IR_VERSION = 17, 8  # of 2022: every runtime of today reads them


class Graph:
    """Nodes and constants; a value is known by its name."""

    def __init__(self):
        self.nodes, self.constants = [], []

    def constant(self, value) -> str:
        """Keep an array, float32."""
        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value, np.float32), name))
        return name

    def node(self, op: str, *inputs: str, **attributes) -> str:
        """Add a node, and return the name of its result."""
        name = f"value{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], **attributes))
        return name

    def layer(self, module, x: str) -> str:
        """Add what a layer does with ``x``, by the first of its classes that is known here."""
        for kind in type(module).__mro__:
            if kind in LAYERS:
                return LAYERS[kind](self, module, x)
        raise TypeError(
            f"onnx_graph: has no node for {type(module).__name__}, only for what the measured networks have."
        )


def _numbers(parameter) -> np.ndarray:
    return parameter.detach().numpy()


def _window(module) -> dict:
    """Attributes of a convolution, or of pooling: the padding of each side is said apart."""
    pads = _pair(module.padding) * 2
    return {"kernel_shape": _pair(module.kernel_size), "strides": _pair(module.stride), "pads": pads,
            "dilations": _pair(module.dilation)}  # fmt: skip


def _pair(value) -> list[int]:
    return [value, value] if isinstance(value, int) else list(value)


def _conv(graph, module, x):
    bias = [] if module.bias is None else [graph.constant(_numbers(module.bias))]
    weight = graph.constant(_numbers(module.weight))
    return graph.node("Conv", x, weight, *bias, group=module.groups, **_window(module))


def _batch_norm(graph, module, x):
    values = module.weight, module.bias, module.running_mean, module.running_var
    return graph.node("BatchNormalization", x, *(graph.constant(_numbers(v)) for v in values), epsilon=module.eps)


def _linear(graph, module, x):
    return graph.node("Gemm", x, *(graph.constant(_numbers(v)) for v in (module.weight, module.bias)), transB=1)


def _in_a_row(graph, module, x):
    for child in module.children():
        x = graph.layer(child, x)
    return x


def _inverted_residual(graph, module, x):
    out = graph.layer(module.conv, x)
    return graph.node("Add", x, out) if module.adds else out


def _basic_block(graph, module, x):
    out = graph.node("Relu", graph.layer(module.bn1, graph.layer(module.conv1, x)))
    out = graph.layer(module.bn2, graph.layer(module.conv2, out))
    shortcut = x if module.downsample is None else graph.layer(module.downsample, x)
    return graph.node("Relu", graph.node("Add", out, shortcut))


LAYERS = {
    nn.Conv2d: _conv,
    nn.BatchNorm2d: _batch_norm,
    nn.Linear: _linear,
    nn.ReLU: lambda graph, module, x: graph.node("Relu", x),
    nn.ReLU6: lambda graph, module, x: graph.node("Clip", x, graph.constant(0.0), graph.constant(6.0)),
    nn.MaxPool2d: lambda graph, module, x: graph.node("MaxPool", x, **_window(module)),
    nn.Dropout: lambda graph, module, x: x,  # evaluation
    nn.Sequential: _in_a_row,
    InvertedResidual: _inverted_residual,
    BasicBlock: _basic_block,
}


def onnx_model(model, shape):
    """Return the ONNX form of a classifier in evaluation mode: "images" of ``shape`` in [0, 1] to "scores" (N, K)."""
    graph = Graph()
    mean, std = (graph.constant(np.reshape(values, (3, 1, 1))) for values in (model.mean, model.std))
    x = graph.node("Div", graph.node("Sub", "images", mean), std)
    for _, step in model.steps():
        x = graph.layer(step, x)
    x = graph.node("Flatten", graph.node("GlobalAveragePool", x))
    *_, head = model.children()
    x = graph.layer(head, x)
    ends = [helper.make_tensor_value_info("images", TensorProto.FLOAT, shape)]
    scores = [helper.make_tensor_value_info(x, TensorProto.FLOAT, [shape[0], None])]
    whole = helper.make_graph(graph.nodes, type(model).__name__, ends, scores, graph.constants)
    made = helper.make_model(whole, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    checker.check_model(made, full_check=True)
    return made


def main() -> None:
    """Write the network that the rows measure, with the weights that all of them get."""
    module, name, shape, path = sys.argv[1:]
    save(onnx_model(Minidet().classifier(module, name), [int(side) for side in shape.split(",")]), path)


if __name__ == "__main__":
    main()
