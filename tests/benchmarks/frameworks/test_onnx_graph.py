"""ONNX Runtime is asked for what minidet computes."""

import numpy as np
import pytest

from benchmarks.frameworks.backends import Minidet
from benchmarks.frameworks.weights import drawn_pictures
from minidet import nn, no_grad

pytestmark = pytest.mark.parity
onnxruntime = pytest.importorskip("onnxruntime", reason="needs onnxruntime")
pytest.importorskip("onnx", reason="needs onnx")


@pytest.mark.parametrize(
    ("module", "name", "narrow"),
    [
        ("models.backbones.mobilenetv2", "mobilenet_v2", {"width_mult": 0.25}),
        ("models.backbones.resnet", "resnet18", {"width": 8}),
    ],
    ids=["mobilenet_v2", "resnet18"],
)
def test_the_graph_gives_minidets_scores(module, name, narrow):
    from benchmarks.frameworks.onnx_graph import onnx_model

    model, images = Minidet().classifier(module, name, num_classes=10, **narrow), drawn_pictures((2, 3, 40, 56))
    with no_grad():
        expected = model(images).numpy()
    graph = onnx_model(model, images.shape).SerializeToString()
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    scores = session.run(None, {"images": images})[0]
    assert expected.std() > 0.05  # of zeros there would be nothing to see
    np.testing.assert_allclose(scores, expected, atol=1e-5, rtol=1e-4)


def test_an_unknown_layer():
    from benchmarks.frameworks.onnx_graph import Graph

    with pytest.raises(TypeError, match="no node for Sigmoid"):
        Graph().layer(nn.Sigmoid(), "images")
