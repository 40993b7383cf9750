"""What a network costs: its multiply-adds, counted while it runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from .. import nn
from ..autograd import no_grad, tensor


@contextmanager
def counting(model: nn.Module) -> Iterator[list[int]]:
    """Count the multiply-adds of every layer that is called inside the ``with`` block: one number per call.

    >>> with counting(model) as counts:
    ...     model(images)
    >>> sum(counts)

    Counted are ``Conv2d``, ``ConvTranspose2d`` and ``Linear``, as in :func:`multiply_adds`.
    """
    counts: list[int] = []
    counted = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)
    layers = [module for module in model.modules() if isinstance(module, counted)]
    handles = [layer.register_forward_hook(lambda *call: counts.append(_count(*call))) for layer in layers]
    try:
        yield counts
    finally:
        for handle in handles:
            handle.remove()


def _count(layer: nn.Module, args: tuple, output) -> int:
    """Return positions times weights: every weight is used once at every position.

    Positions are those of the output; of the input for a transposed convolution, which distributes its pixels.
    """
    if isinstance(layer, nn.ConvTranspose2d):
        positions = args[0].numel() // layer.in_channels
    elif isinstance(layer, nn.Conv2d):
        positions = output.numel() // layer.out_channels
    else:
        positions = output.numel() // layer.out_features
    return positions * layer.weight.numel()


def multiply_adds(model: nn.Module, input_shape: tuple[int, ...]) -> int:
    """Count the multiply-adds of one forward pass, by running it on zeros in evaluation mode.

    A product and its addition to a sum count as one. Counted are the layers ``Conv2d``, ``ConvTranspose2d`` and
    ``Linear``; biases, normalisation, pooling and resizing are small beside them, and left out. Products with the zeros
    of the padding count, and so do those whose results are cropped.

    Parameters
    ----------
    model : Module
        Called once, without the tape. Each of its modules is in its old mode afterwards.
    input_shape : tuple of int
        (N, 3, H, W); the count is for all N images.

    Returns
    -------
    int
    """
    modes = {module: module.training for module in model.modules()}
    dtype = next((parameter.dtype for parameter in model.parameters()), np.dtype(np.float32))
    try:
        model.eval()
        with counting(model) as counts, no_grad():
            model(tensor(np.zeros(input_shape, dtype)))
    finally:
        for module, mode in modes.items():
            module.training = mode
    return sum(counts)
