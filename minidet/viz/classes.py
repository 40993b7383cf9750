"""What a classifier says about pictures: each beside the bars of its likeliest classes."""

from __future__ import annotations

import numpy as np

from ..autograd.as_array import as_array
from ..errors import bad_argument, integer
from .image import on_image
from .page import BLUE, INK, check_names, is_list, subplots

HIGH = 2.6  # inches of one picture


def plot_classes(images, probabilities, class_names=None, top: int = 5, titles=None):
    """Draw pictures one below the other, and at the right of each its likeliest classes.

    Parameters
    ----------
    images : sequence of Tensor or ndarray (3, H, W)
        In [0, 1]; sizes may differ.
    probabilities : Tensor or ndarray (N, K)
        Of every picture; in [0, 1].
    class_names : sequence of str, optional
        K names; the numbers of the classes unless given.
    top : int
        How many classes are shown, at most K.
    titles : sequence of str, optional
        One for every picture.

    Returns
    -------
    matplotlib.figure.Figure
    """
    if not (is_list(images) and len(images)):
        raise bad_argument(
            "plot_classes", "images", f"is a {type(images).__name__}", "one image or more", error=TypeError
        )
    probabilities = as_array("plot_classes", "probabilities", probabilities)
    if probabilities.ndim != 2 or len(probabilities) != len(images):
        was = f"has shape {probabilities.shape}"
        raise bad_argument(
            "plot_classes", "probabilities", was, f"({len(images)}, K)", f"there are {len(images)} images"
        )
    wrong = probabilities[~((probabilities >= 0) & (probabilities <= 1))]
    if wrong.size:
        raise bad_argument("plot_classes", "probabilities", f"contains {wrong[0]:g}", "numbers in [0, 1]")
    names = check_names("plot_classes", "class_names", class_names, probabilities.shape[1])
    names = list(map(str, range(probabilities.shape[1]))) if names is None else names
    titles = check_names("plot_classes", "titles", titles, len(images)) or [""] * len(images)
    top = integer("plot_classes", "top", top, 1, probabilities.shape[1])
    high = max(HIGH, 0.28 * top)
    figure, axes = subplots(len(images), 2, figsize=(7.0, high * len(images)))
    for (left, right), image, row, title in zip(np.reshape(axes, (-1, 2)), images, probabilities, titles, strict=True):
        on_image("plot_classes", image, left).set_title(title, fontsize=10, parse_math=False)
        best = np.argsort(-row, kind="stable")[:top]
        right.barh(range(top), row[best], color=BLUE)
        for at, share in enumerate(row[best]):
            inside = share > 0.75
            right.text(share + (-0.02 if inside else 0.02), at, f"{share:.1%}", va="center", fontsize=9,
                       ha="right" if inside else "left", color="white" if inside else INK)  # fmt: skip
        right.set_yticks(range(top), [names[k] for k in best], fontsize=9, parse_math=False)
        right.set(xlim=(0, 1), ylim=(top - 0.4, -0.6), xticks=[])
        for side in ("top", "right", "bottom"):
            right.spines[side].set_visible(False)
    return figure
