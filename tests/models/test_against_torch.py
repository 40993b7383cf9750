"""The model files run on PyTorch too (benchmarks/torch_twin.py): same source, same weights, so the same numbers."""

import numpy as np
import pytest

import minidet
from minidet import nn, optim
from minidet.models import MODELS
from minidet.nn import functional as F

SMALL = {
    "segnet": {"widths": (4, 6, 8), "convs": (1, 2, 1)},
    "deconvnet": {"widths": (4, 6, 8), "convs": (1, 2, 1), "hidden": 10},
}


def pair(name, dtype=np.float64):
    """Build a model in both libraries, with equal weights."""
    torch = pytest.importorskip("torch")
    from benchmarks.torch_twin import twin

    mine = MODELS[name](5, **SMALL[name])
    theirs = getattr(twin(f"models.segmentation.{name}"), type(mine).__name__)(5, **SMALL[name])
    state = {key: torch.from_numpy(value.numpy().copy()) for key, value in mine.state_dict().items()}
    theirs.load_state_dict(state)
    return mine.to(dtype), theirs.to(torch.float64 if dtype == np.float64 else torch.float32), torch


@pytest.mark.parity
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("size", [(32, 32), (37, 45)])
def test_scores_gradients_and_running_statistics(name, size):
    mine, theirs, torch = pair(name)
    rng = np.random.default_rng(0)
    images = rng.random((2, 3, *size))
    labels = rng.integers(0, 5, (2, *size))
    labels[:, :3] = -100
    scores = mine(minidet.tensor(images))
    expected = theirs(torch.from_numpy(images))
    np.testing.assert_allclose(scores.detach().numpy(), expected.detach().numpy(), rtol=1e-9, atol=1e-11)
    F.cross_entropy(scores, minidet.tensor(labels)).backward()
    torch.nn.functional.cross_entropy(expected, torch.from_numpy(labels)).backward()
    gradients = {key: parameter.grad.numpy() for key, parameter in theirs.named_parameters()}
    for key, parameter in mine.named_parameters():
        np.testing.assert_allclose(parameter.grad.numpy(), gradients[key], rtol=1e-6, atol=1e-9, err_msg=key)
    for key, value in theirs.state_dict().items():
        np.testing.assert_allclose(mine.state_dict()[key].numpy(), value.numpy(), rtol=1e-9, atol=1e-11, err_msg=key)


@pytest.mark.slow
@pytest.mark.parity
@pytest.mark.parametrize("name", MODELS)
def test_training_goes_the_same_way(name):
    mine, theirs, torch = pair(name)
    rng = np.random.default_rng(1)
    images, labels = rng.random((4, 3, 32, 32)), rng.integers(0, 5, (4, 32, 32))
    ours = optim.AdamW(mine.parameters(), lr=1e-2)
    other = torch.optim.AdamW(theirs.parameters(), lr=1e-2)
    for _ in range(5):
        ours.zero_grad()
        loss = F.cross_entropy(mine(minidet.tensor(images)), minidet.tensor(labels))
        loss.backward()
        ours.step()
        other.zero_grad()
        expected = torch.nn.functional.cross_entropy(theirs(torch.from_numpy(images)), torch.from_numpy(labels))
        expected.backward()
        other.step()
        assert loss.item() == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("size", [(32, 32), (33, 47), (64, 40)])
def test_every_size_from_32_keeps_its_size(name, size):
    model = MODELS[name](7).eval()
    with minidet.no_grad():
        scores = model(minidet.zeros(2, 3, *size))
    assert scores.shape == (2, 7, *size)
    assert np.isfinite(scores.numpy()).all()


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.slow
def test_overfits_one_batch(name):
    minidet.manual_seed(0)
    rng = np.random.default_rng(0)
    labels = np.kron(rng.integers(0, 4, (2, 4, 4)), np.ones((8, 8), int))  # (2, 32, 32) blocks
    colours = rng.random((4, 3))
    images = colours[labels].transpose(0, 3, 1, 2).astype(np.float32)
    model = MODELS[name](4, **SMALL[name])
    optimizer = optim.AdamW(model.parameters(), lr=2e-2)
    first = None
    for _ in range(150):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(minidet.tensor(images)), minidet.tensor(labels))
        first = first or loss.item()
        loss.backward()
        optimizer.step()
    assert first == pytest.approx(np.log(4), abs=0.8)
    assert loss.item() < 0.15


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_paper_size_is_one_argument_away(name):
    model = MODELS[name](21, **MODELS[name].PAPER)
    convolutions = [m for m in model.encoder.modules() if isinstance(m, nn.Conv2d)]
    assert len(convolutions) == 13  # VGG16's


@pytest.mark.parametrize("name", MODELS)
def test_bad_sizes_are_named(name):
    with pytest.raises(ValueError, match="convs is"):
        MODELS[name](3, widths=(4, 4), convs=(1,))
