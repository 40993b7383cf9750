"""Pieces that several segmentation networks are built from."""

from __future__ import annotations

from itertools import pairwise

from ... import nn


class ConvBNReLU(nn.Sequential):
    """Convolution that keeps the size, batch normalisation, ReLU.

    The convolution has no bias: batch normalisation subtracts the mean, and a bias with it.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 3):
        super().__init__(
            nn.Conv2d(in_channels, out_channels, kernel_size, padding=kernel_size // 2, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
        )


class DeconvBNReLU(nn.Sequential):
    """Transposed convolution of stride 1 that keeps the size, batch normalisation, ReLU."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 3):
        super().__init__(
            nn.ConvTranspose2d(in_channels, out_channels, kernel_size, padding=kernel_size // 2, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
        )


class EncoderStage(nn.Module):
    """Convolutions, then 2 x 2 max pooling that remembers where each maximum was (its switches)."""

    def __init__(self, in_channels: int, out_channels: int, convs: int):
        super().__init__()
        widths = [in_channels] + [out_channels] * convs
        self.convs = nn.Sequential(*[ConvBNReLU(a, b) for a, b in pairwise(widths)])
        self.pool = nn.MaxPool2d(2, return_indices=True)

    def forward(self, x):
        """Return the pooled features, the switches, and the size before pooling."""
        x = self.convs(x)  # (N, F, H, W)
        pooled, switches = self.pool(x)  # both (N, F, H // 2, W // 2)
        return pooled, switches, x.shape[-2:]


def normalise(images):
    """Move images from [0, 1] to about [-2, 2]: zero mean and unit variance for mid-grey photographs."""
    return (images - 0.5) * 4.0
