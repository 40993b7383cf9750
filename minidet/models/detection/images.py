"""From images of any sizes to batches, and boxes back to each image.

    images, (3, h, w) each -- resize (only if asked) -- those of one size together --> batches (N, 3, H, W)

Beside a larger image, a smaller one needs padding, and padding is seen: a convolution at the image's border would meet
colour where it meets zeros in the image alone. So in evaluation images share a batch only if they have one size, and
an image gives what it gives alone, but for the rounding of sums. In training all images are one batch, because batch
normalisation means it as one: smaller ones are padded on the right and below, with the colour that becomes 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...autograd import Tensor, pad, stack
from ...autograd.from_data import read_tensor
from ...errors import bad_argument, check_float, check_rank
from ...nn import functional as F
from ..backbones.contract import check_images


@dataclass(frozen=True)
class Batch:
    """Images that go through the network together.

    Attributes
    ----------
    numbers : list of int
        Where each of them stands among the images that were given.
    images : Tensor
        (N, 3, H, W), in [0, 1].
    sizes : list of (int, int)
        (h, w) of each image in it, the padding left out.
    given : list of (int, int)
        (h, w) of each image as it was given: other numbers where it was resized.
    """

    numbers: list[int]
    images: Tensor
    sizes: list[tuple[int, int]]
    given: list[tuple[int, int]]

    def __len__(self) -> int:
        return len(self.numbers)

    def scale(self, i: int) -> np.ndarray:
        """Return what takes boxes of the i-th image as it was given to boxes of the batch: (4,)."""
        (height, width), (old_height, old_width) = self.sizes[i], self.given[i]
        return np.array([width / old_width, height / old_height] * 2)


def read_images(op: str, images) -> list[Tensor]:
    """Return the images as tensors (3, h, w), or raise unless they are float, RGB, in [0, 1] (nearly), at least one."""
    if not isinstance(images, (list, tuple)):
        images = check_images(op, images)  # one look at all of them
        if 0 in images.shape:
            raise bad_argument(op, "images", f"has shape {images.shape}", "at least one image of at least one pixel")
        return [images[i] for i in range(len(images))]
    if not images:
        raise bad_argument(op, "images", "is empty", "at least one image")
    images = [read_tensor(op, "images", image) for image in images]
    for image in images:
        check_rank(op, "images", image, 3, letters="(3, H, W)")
        check_images(op, image[None])
        check_float(op, images=images[0], image=image)
        if 0 in image.shape:
            raise bad_argument(op, "images", f"has shape {image.shape}", "at least one pixel")
    return images


def make_batches(images: list[Tensor], colour, together: bool, min_size: int | None = None,
                 max_size: int | None = None) -> list[Batch]:  # fmt: skip
    """Make batches of images.

    Parameters
    ----------
    images : list of Tensor
        (3, h, w).
    colour : sequence of float
        Red, green and blue of what is padded.
    together : bool
        One batch of all, padded; else one for each size.
    min_size, max_size : int, optional
        As for :func:`resized`.
    """
    given = [image.shape[1:] for image in images]
    images = [resized(image, min_size, max_size) for image in images]
    sizes = [image.shape[1:] for image in images]
    if together:
        groups = [list(range(len(images)))]
    else:
        groups = [[i for i, other in enumerate(sizes) if other == size] for size in dict.fromkeys(sizes)]
    return [
        Batch(group, padded([images[i] for i in group], colour), [sizes[i] for i in group], [given[i] for i in group])
        for group in groups
    ]


def resized(image: Tensor, min_size: int | None, max_size: int | None = None) -> Tensor:
    """Scale an image so that its shorter side is ``min_size`` and its longer one at most ``max_size``, bilinearly.

    With ``min_size=None`` it is only made smaller, and only if its longer side is above ``max_size``.
    """
    short, long = sorted(image.shape[1:])
    factor = 1.0 if min_size is None else min_size / short
    if max_size is not None:
        factor = min(factor, max_size / long)
    size = tuple(max(1, int(side * factor + 1e-6)) for side in image.shape[1:])  # rounded down, as torchvision does
    return image if size == image.shape[1:] else F.interpolate(image[None], size, mode="bilinear")[0]


def padded(images: list[Tensor], colour) -> Tensor:
    """Return one tensor (N, 3, H, W): smaller images have ``colour`` on the right and below."""
    height, width = np.max([image.shape[1:] for image in images], 0).tolist()
    colour = np.array(colour, images[0].dtype).reshape(3, 1, 1)
    return stack([_padded(image, height, width, colour) for image in images], 0)


def _padded(image: Tensor, height: int, width: int, colour: np.ndarray) -> Tensor:
    below, right = height - image.shape[1], width - image.shape[2]
    return image if not (below or right) else pad(image - colour, (0, right, 0, below)) + colour
