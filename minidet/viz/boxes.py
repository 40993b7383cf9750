"""Boxes over an image, with class names and scores."""

from __future__ import annotations

import numpy as np

from ..errors import bad_argument
from .image import HALO, above, captions, on_image, rows_of, write_tag
from .page import colour


def draw_boxes(image, target: dict, class_names=None, *, threshold: float = 0.0, ax=None):
    """Draw boxes, one colour per class.

    Parameters
    ----------
    image : Tensor or ndarray (3, H, W), or None
        RGB, in [0, 1]. None draws over what ``ax`` shows.
    target : dict
        ``"boxes"`` (N, 4) as ``(x1, y1, x2, y2)`` in pixels, and if they are there ``"labels"`` (N,) and ``"scores"``
        (N,): a data set's target, or a detector's result.
    class_names : sequence of str, optional
        Written at the boxes; without them, the labels are.
    threshold : float
        Boxes that score less are not drawn.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    from matplotlib.patches import Rectangle
    from matplotlib.patheffects import Normal, Stroke

    op = "draw_boxes"
    boxes = rows_of(op, target, "boxes", (4,)).astype(np.float64)
    if not np.isfinite(boxes).all():
        raise bad_argument(op, "target['boxes']", "contains NaN or infinity", "pixels")
    texts = captions(op, target, len(boxes), class_names)
    labels = rows_of(op, target, "labels", ()) if "labels" in target else np.ones(len(boxes), int)
    drawn = above(op, target, len(boxes), threshold)
    ax = on_image(op, image, ax)
    for i in drawn:
        x1, y1, x2, y2 = boxes[i]
        mark = colour(int(labels[i]))
        ax.add_patch(Rectangle((x1, y1), x2 - x1, y2 - y1, fill=False, edgecolor=mark, linewidth=2.0, zorder=3,
                               path_effects=[Stroke(linewidth=3.4, foreground=HALO, alpha=0.6), Normal()]))  # fmt: skip
        write_tag(ax, x1, y1, texts[i], mark)
    return ax
