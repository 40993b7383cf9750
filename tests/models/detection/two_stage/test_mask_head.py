"""The mask head: its layers, and a loss that only the true class of positive regions has."""

import numpy as np
import pytest

from minidet import tensor
from minidet.models.detection import MaskRCNNHeads, MaskRCNNPredictor
from minidet.models.detection.two_stage.mask_head import mask_loss, mask_probabilities


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_layers_have_torchvisions_names_and_enlarge_twice():
    head, predictor = MaskRCNNHeads(6, (4, 5)), MaskRCNNPredictor(5, 7, 3)
    assert set(head.state_dict()) == {f"{i}.0.{name}" for i in (0, 1) for name in ("weight", "bias")}
    assert set(predictor.state_dict()) == {f"{layer}.{name}" for layer in ("conv5_mask", "mask_fcn_logits")
                                           for name in ("weight", "bias")}  # fmt: skip
    assert predictor(head(tensor(np.ones((2, 6, 7, 7), np.float32)))).shape == (2, 3, 14, 14)
    assert predictor(head(tensor(np.ones((0, 6, 7, 7), np.float32)))).shape == (0, 3, 14, 14)


def test_only_the_true_class_learns(rng):
    logits, labels = rng.normal(size=(3, 4, 5, 5)), np.array([2, 1, 3])
    targets = rng.random((3, 5, 5))
    x = tensor(logits, requires_grad=True)
    loss = mask_loss(x, targets, labels)
    chosen = logits[np.arange(3), labels]
    expected = -(targets * np.log(sigmoid(chosen)) + (1 - targets) * np.log(1 - sigmoid(chosen)))
    assert loss.item() == pytest.approx(expected.mean())
    loss.backward()
    learnt = np.abs(x.grad.numpy()).max((2, 3)) > 0
    np.testing.assert_array_equal(learnt, np.eye(4, dtype=bool)[labels])
    np.testing.assert_allclose(x.grad.numpy()[0, 2], (sigmoid(chosen[0]) - targets[0]) / 75, rtol=1e-9)


def test_one_mask_for_all_classes_and_classes_that_compete(rng):
    logits, labels, targets = rng.normal(size=(2, 1, 5, 5)), np.array([2, 1]), rng.random((2, 5, 5))
    twice = np.repeat(logits, 3, 1)
    assert mask_loss(tensor(logits), targets, labels).item() == mask_loss(tensor(twice), targets, labels).item()
    np.testing.assert_array_equal(mask_probabilities(tensor(logits), labels).numpy(), sigmoid(logits))
    logits = rng.normal(size=(2, 3, 5, 5))
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    truth = np.where(targets >= 0.5, labels[:, None, None], 0)
    expected = -np.log(np.take_along_axis(shares, truth[:, None], 1)).mean()
    assert mask_loss(tensor(logits), targets, labels, "softmax").item() == pytest.approx(expected)
    found = mask_probabilities(tensor(logits), labels, "softmax").numpy()
    np.testing.assert_allclose(found[:, 0], shares[np.arange(2), labels], rtol=1e-12)
    with pytest.raises(ValueError, match="kind is 'softmax' with one mask"):
        mask_loss(tensor(logits[:, :1]), targets, labels, "softmax")


def test_no_positive_region_gives_0_with_a_graph():
    x = tensor(np.ones((0, 3, 5, 5)), requires_grad=True)
    loss = mask_loss(x, np.zeros((0, 5, 5)), np.zeros(0, np.int64))
    loss.backward()
    assert loss.item() == 0
    assert x.grad.shape == (0, 3, 5, 5)
    assert mask_probabilities(x, np.zeros(0, np.int64)).shape == (0, 1, 5, 5)
