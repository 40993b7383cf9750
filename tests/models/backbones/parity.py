"""One comparison with PyTorch for all networks."""

import copy

import numpy as np

import minidet
from minidet.nn import functional as F

from .cases import disturb


def assert_as_in_pytorch(mine, theirs, constants, rng, size=(64, 64)):
    """Compare logits (in training and evaluation), gradients and running statistics of one network in two libraries.

    ``theirs`` takes images that are normalised already, and has the same names.
    """
    import torch

    disturb(mine, rng)
    state = {key: torch.from_numpy(value.numpy().copy()) for key, value in mine.state_dict().items()}
    theirs.load_state_dict(state, strict=True)
    assert list(theirs.state_dict()) == list(state)
    mean, std = (torch.tensor(values, dtype=torch.float64).reshape(3, 1, 1) for values in constants)
    images = rng.random((2, 3, *size))
    normalised = (torch.from_numpy(images) - mean) / std

    with minidet.no_grad(), torch.no_grad():
        scores = mine.eval()(minidet.tensor(images.astype(np.float32))).numpy()
        expected = theirs.eval()(normalised.float()).numpy()
    assert scores.dtype == np.float32
    assert expected.std() > 1e-3
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())

    mine, theirs = copy.deepcopy(mine).double().train(), theirs.double().train()
    labels = rng.integers(0, 10, 2)
    scores, expected = mine(minidet.tensor(images)), theirs(normalised)
    np.testing.assert_allclose(scores.detach().numpy(), expected.detach().numpy(), rtol=1e-7, atol=1e-9)
    F.cross_entropy(scores, minidet.tensor(labels)).backward()
    torch.nn.functional.cross_entropy(expected, torch.from_numpy(labels)).backward()
    gradients = dict(theirs.named_parameters())
    for key, parameter in mine.named_parameters():
        gradient = gradients[key].grad.numpy()
        np.testing.assert_allclose(parameter.grad.numpy(), gradient, rtol=1e-5, atol=1e-8 + 1e-7 * np.abs(gradient).max(),
                                   err_msg=key)  # fmt: skip
    state = mine.state_dict()
    for key, value in theirs.state_dict().items():
        np.testing.assert_allclose(state[key].numpy(), value.numpy(), rtol=1e-7, atol=1e-9, err_msg=key)
