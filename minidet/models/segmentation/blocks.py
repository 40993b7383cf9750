"""Pieces that several segmentation networks are built from."""

from __future__ import annotations

from itertools import pairwise

from ... import nn
from ...errors import bad_argument
from ...nn import functional as F


class ConvBNReLU(nn.Sequential):
    """Convolution that keeps the size, batch normalisation, ReLU.

    The convolution has no bias: batch normalisation subtracts the mean, and a bias with it.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 3, stride: int = 1):
        """Build the three layers; a stride s divides the size by s, rounded up."""
        super().__init__(
            nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding=kernel_size // 2, bias=False),
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


def crop(x, size, offset: int = 0):
    """Cut the window of ``size`` (H, W) out of maps (N, C, H', W'): it begins in row and column ``offset``."""
    height, width = size
    if tuple(x.shape[-2:]) == (height, width):
        return x
    return x[:, :, offset : offset + height, offset : offset + width]  # (N, C, H, W)


def pixel_shuffle(x, factor: int):
    """Turn channels into pixels: every s s channels become a block of s x s pixels (Shi et al., CVPR 2016, eq. 4).

    ``out[n, c, i s + a, j s + b] = x[n, c s s + a s + b, i, j]``: (N, C s s, H, W) to (N, C, H s, W s), s = ``factor``.
    """
    n, channels, height, width = x.shape
    x = x.reshape(n, channels // factor**2, factor, factor, height, width)  # (N, C, a, b, H, W)
    x = x.permute(0, 1, 4, 2, 5, 3)  # (N, C, H, a, W, b)
    return x.reshape(n, channels // factor**2, height * factor, width * factor)


def bed_of_nails(x, size):
    """Put each value into the top left corner of a block of 2 x 2 pixels; zeros elsewhere.

    ``out[n, c, 2 i, 2 j] = x[n, c, i, j]``: (N, C, h, w) to (N, C, H, W), ``size`` = (H, W), H = 2 h or 2 h + 1.
    """
    n, channels, h, w = x.shape
    height, width = size
    x = F.pad(x.reshape(n, channels, h, 1, w, 1), (0, 1, 0, 0, 0, 1))  # (N, C, h, 2, w, 2)
    return F.pad(x.reshape(n, channels, 2 * h, 2 * w), (0, width - 2 * w, 0, height - 2 * h))


def check_size(op: str, images, smallest: int, why: str) -> None:
    """Raise unless images (N, C, H, W) have at least ``smallest`` rows and columns."""
    if min(images.shape[-2:]) < smallest:
        expected = f"(N, C, H, W) with H and W at least {smallest}"
        raise bad_argument(op, "images", f"has shape {tuple(images.shape)}", expected, why)
