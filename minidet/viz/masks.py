"""Instance masks over an image: each object its own colour, translucent, with an outline."""

from __future__ import annotations

import numpy as np

from ..autograd.as_array import as_array
from ..errors import bad_argument, number
from .image import HALO, above, as_picture, captions, on_image, rows_of, write_tag
from .page import colour


def draw_masks(image, target: dict, class_names=None, *, threshold: float = 0.0, mask_threshold: float = 0.5,
               alpha: float = 0.45, ax=None):  # fmt: skip
    """Draw instance masks, one colour per object.

    Parameters
    ----------
    image : Tensor or ndarray (3, H, W), or None
        RGB, in [0, 1]. None draws over what ``ax`` shows.
    target : dict
        ``"masks"`` (N, H, W) of 0 and 1, or (N, 1, H, W) of probabilities as detectors return them, and if they are
        there ``"labels"`` (N,) and ``"scores"`` (N,).
    class_names : sequence of str, optional
        Written at the masks, with the scores; without them, the labels are.
    threshold : float
        Masks of objects that score less are not drawn.
    mask_threshold : float
        A pixel is part of an object if its probability is at least this.
    alpha : float
        How strongly the colours cover, 0 to 1.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    from matplotlib.colors import to_rgb

    op = "draw_masks"
    alpha = number(op, "alpha", alpha, 0.0, 1.0)
    masks = mask_rows(op, target) >= number(op, "mask_threshold", mask_threshold)  # (N, H, W)
    texts = captions(op, target, len(masks), class_names)
    drawn = [i for i in above(op, target, len(masks), threshold) if masks[i].any()]
    height, width = masks.shape[1:]
    if image is not None and len(masks):
        size = as_picture(image, op).shape[:2]
        if size != (height, width):
            why = "a mask has the size of its image"
            raise bad_argument(op, "target['masks']", f"has shape {masks.shape}", f"(N, {size[0]}, {size[1]})", why)
    ax = on_image(op, image, ax)
    if drawn:
        cover = np.zeros((height, width, 4))
        for i in drawn:
            cover[masks[i]] = (*to_rgb(colour(i)), alpha)
        limits = ax.get_xlim(), ax.get_ylim()
        ax.imshow(cover, extent=(0, width, height, 0), interpolation="nearest", zorder=1)
        ax.set(xlim=limits[0], ylim=limits[1])
    for i in drawn:
        _draw_outline(ax, masks[i], colour(i))
        rows = np.flatnonzero(masks[i].any(1))
        write_tag(ax, float(np.flatnonzero(masks[i][rows[0]])[0]), float(rows[0]), texts[i], colour(i))
    return ax


def mask_rows(op: str, target) -> np.ndarray:
    """Return the masks as numbers (N, H, W)."""
    if isinstance(target, dict) and "masks" in target:
        masks = as_array(op, "target['masks']", target["masks"])
        if masks.ndim == 4 and masks.shape[1] == 1:
            target = {"masks": masks[:, 0]}
    return rows_of(op, target, "masks", (None, None)).astype(np.float32)


def _draw_outline(ax, mask: np.ndarray, mark: str) -> None:
    """Draw the line between the pixels of a mask and the others, also where the object ends at the image's rim."""
    from matplotlib.collections import LineCollection
    from matplotlib.patheffects import Normal, Stroke

    padded = np.pad(mask, 1)
    below = np.argwhere(padded[1:] != padded[:-1])  # a line under pixel (row, column) of the padded mask
    right = np.argwhere(padded[:, 1:] != padded[:, :-1])  # a line to its right
    rows = [((column - 1, row), (column, row)) for row, column in below]
    columns = [((column, row - 1), (column, row)) for row, column in right]
    effects = [Stroke(linewidth=2.8, foreground=HALO, alpha=0.6), Normal()]
    lines = LineCollection(rows + columns, colors=mark, linewidths=1.6, capstyle="projecting", path_effects=effects)
    ax.add_collection(lines).set_zorder(2)
