"""Two layers, two heads."""

import numpy as np

import minidet
from minidet.models.detection import FastRCNNPredictor, TwoMLPHead


def test_keys_are_torchvisions():
    assert list(TwoMLPHead(8, 4).state_dict()) == ["fc6.weight", "fc6.bias", "fc7.weight", "fc7.bias"]
    predictor = FastRCNNPredictor(4, 3).state_dict()
    assert list(predictor) == ["cls_score.weight", "cls_score.bias", "bbox_pred.weight", "bbox_pred.bias"]
    assert predictor["bbox_pred.weight"].shape == (12, 4)


def test_a_region_goes_through_both_layers(rng):
    head = TwoMLPHead(8, 4)
    x = rng.normal(size=(5, 2, 2, 2)).astype(np.float32)
    w6, b6, w7, b7 = (value.numpy() for value in head.state_dict().values())
    expected = np.maximum(np.maximum(x.reshape(5, 8) @ w6.T + b6, 0) @ w7.T + b7, 0)
    np.testing.assert_allclose(head(minidet.tensor(x)).detach().numpy(), expected, rtol=1e-4, atol=1e-6)
    assert head(minidet.zeros(0, 2, 2, 2)).shape == (0, 4)


def test_all_classes_are_nearly_alike_at_the_start(rng):
    scores, deltas = FastRCNNPredictor(16, 5)(minidet.tensor(rng.random((9, 16), dtype=np.float32)))
    assert scores.shape == (9, 5)
    assert deltas.shape == (9, 20)
    assert np.abs(scores.detach().numpy()).max() < 0.3
    assert np.abs(deltas.detach().numpy()).max() < 0.03
