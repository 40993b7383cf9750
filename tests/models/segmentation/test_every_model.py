"""What every segmentation model has to do. The files run on PyTorch too (benchmarks/frameworks/torch_twin.py): same source,
same weights, so the same numbers."""

import numpy as np
import pytest

import minidet
from minidet import optim
from minidet.models import MODELS
from minidet.nn import functional as F

from .cases import CASES, ON_BACKBONE, blocks, build, disturb


def pair(case, rng):
    """Build a model in both libraries, with equal weights in float64."""
    torch = pytest.importorskip("torch")
    from benchmarks.frameworks.torch_twin import twin

    mine = disturb(build(case, 5), rng)
    module = type(mine).__module__.removeprefix("minidet.")
    theirs = getattr(twin(module), type(mine).__name__)(5, **CASES[case][1])
    state = {key: torch.from_numpy(value.numpy().copy()) for key, value in mine.state_dict().items()}
    theirs.load_state_dict(state)
    return mine.double(), theirs.double(), torch


def test_every_model_has_a_case():
    assert {name for name, _ in CASES.values()} == {name for name, row in MODELS.items() if row.task == "segmentation"}


@pytest.mark.parity
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("size", [pytest.param((32, 32), marks=pytest.mark.slow), (37, 45)])
def test_scores_gradients_and_running_statistics(case, size, rng):
    mine, theirs, torch = pair(case, rng)
    images = rng.random((2, 3, *size))
    labels = rng.integers(0, 5, (2, *size))
    labels[:, :3] = -100
    scores = mine(minidet.tensor(images))
    expected = theirs(torch.from_numpy(images))
    assert scores.detach().numpy().std() > 1e-3
    np.testing.assert_allclose(scores.detach().numpy(), expected.detach().numpy(), rtol=1e-9, atol=1e-11)
    F.cross_entropy(scores, minidet.tensor(labels)).backward()
    torch.nn.functional.cross_entropy(expected, torch.from_numpy(labels)).backward()
    theirs_by_name = dict(theirs.named_parameters())
    for key, parameter in mine.named_parameters():
        assert parameter.requires_grad == theirs_by_name[key].requires_grad, key
        if parameter.requires_grad:
            gradient = theirs_by_name[key].grad.numpy()
            np.testing.assert_allclose(parameter.grad.numpy(), gradient, rtol=1e-6, atol=1e-9, err_msg=key)
    for key, value in theirs.state_dict().items():
        np.testing.assert_allclose(mine.state_dict()[key].numpy(), value.numpy(), rtol=1e-9, atol=1e-11, err_msg=key)


@pytest.mark.slow
@pytest.mark.parity
@pytest.mark.parametrize("case", CASES)
def test_training_goes_the_same_way(case, rng):
    mine, theirs, torch = pair(case, rng)
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


@pytest.mark.parametrize("case", [*CASES, *ON_BACKBONE])
@pytest.mark.parametrize("size", [(32, 32), (33, 47), (45, 64)])
def test_every_size_from_32_keeps_its_size(case, size, rng):
    model = disturb(build(case, 7), rng)
    scores = model(minidet.tensor(rng.random((2, 3, *size), dtype=np.float32)))
    assert scores.shape == (2, 7, *size)
    assert scores.dtype == np.float32
    F.cross_entropy(scores, minidet.tensor(rng.integers(0, 7, (2, *size)))).backward()
    for key, parameter in model.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None, key
            assert np.isfinite(parameter.grad.numpy()).all(), key
            assert parameter.grad.numpy().any(), f"{key} has no influence"


@pytest.mark.parametrize("name", [name for name, row in MODELS.items() if row.task == "segmentation"])
def test_the_default_takes_the_smallest_image(name, rng):
    model = MODELS[name].network(7).eval()
    with minidet.no_grad():
        scores = model(minidet.tensor(rng.random((1, 3, 32, 33), dtype=np.float32)))
    assert scores.shape == (1, 7, 32, 33)
    assert np.isfinite(scores.numpy()).all()


COARSE = {"fcn32s": {"size": 64, "count": 2}, "fcn16s": {"size": 64, "count": 4}}  # blocks as large as the cells
COARSE |= {f"{name} on a backbone": coarse for name, coarse in COARSE.items()}


@pytest.mark.slow
@pytest.mark.parametrize("case", [*CASES, *ON_BACKBONE])
def test_overfits_one_batch(case, rng):
    images, labels = blocks(rng, 4, **COARSE.get(case, {}))
    model = build(case, 4)
    optimizer = optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=2e-2)
    losses = []
    for _ in range(75):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(minidet.tensor(images)), minidet.tensor(labels))
        losses.append(loss.item())
        loss.backward()
        optimizer.step()
    assert losses[0] == pytest.approx(np.log(4), abs=0.8)
    assert losses[-1] < 0.35
