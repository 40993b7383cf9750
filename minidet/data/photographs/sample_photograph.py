"""Two photographs that come with scikit-learn: for a look at something real, without a download."""

from __future__ import annotations

import numpy as np

from ...errors import bad_argument, check_choice, number

#: File, photographer and licence of each.
PHOTOGRAPHS = {
    "china": ("china.jpg", "danielbuechele, flickr.com/photos/danielbuechele, CC BY 2.0"),
    "flower": ("flower.jpg", "vultilion, flickr.com/photos/vultilion, CC BY 2.0"),
}


def sample_photograph(name: str = "china", scale: float = 1.0) -> np.ndarray:
    """Return a photograph: float32 (3, H, W) in [0, 1]; (3, 427, 640) at its own size.

    "china" is a temple under trees by danielbuechele, "flower" a blossom by vultilion (both flickr.com), released under
    Creative Commons BY 2.0 (https://creativecommons.org/licenses/by/2.0/). They are a part of scikit-learn.

    Parameters
    ----------
    name : {"china", "flower"}
    scale : float
        Size of the picture, as a share of its own: in (0, 1]. Pillow's box filter makes it smaller.

    Raises
    ------
    ImportError
        If scikit-learn is not installed.
    """
    check_choice("sample_photograph", "name", name, tuple(PHOTOGRAPHS))
    scale = number("sample_photograph", "scale", scale, 0, 1)
    try:
        from sklearn.datasets import load_sample_image  # only here: it takes a second to import
    except ImportError as error:
        why = "scikit-learn, which has it, is not installed"
        raise ImportError(f"sample_photograph: {why}: pip install scikit-learn.") from error
    from PIL import Image

    picture = Image.fromarray(load_sample_image(PHOTOGRAPHS[name][0]))
    size = tuple(round(scale * length) for length in picture.size)
    if min(size) < 1:
        raise bad_argument("sample_photograph", "scale", f"is {scale}", f"at least {1 / min(picture.size):.2g}")
    if size != picture.size:
        picture = picture.resize(size, Image.Resampling.BOX)
    return np.asarray(picture, np.float32).transpose(2, 0, 1) / np.float32(255)
