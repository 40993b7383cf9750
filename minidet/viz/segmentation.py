"""Pictures of labels: each class a colour, beside or over the image."""

from __future__ import annotations

import colorsys

import numpy as np

from ..autograd.as_array import as_array
from ..errors import bad_argument, check_index_range, check_integer, check_rank, integer, number
from .image import as_picture, on_image
from .page import INK, check_names, is_list

MOST_COLOURS = 2**16  # more classes are a mistake


def palette(num_classes: int) -> np.ndarray:
    """Return (K, 3) uint8 colours that differ from their neighbours; class 0 is near black.

    Hues step by the golden ratio, so that any number of classes is spread over the circle.
    """
    num_classes = integer("palette", "num_classes", num_classes)
    if num_classes > MOST_COLOURS:
        raise bad_argument("palette", "num_classes", f"is {num_classes}", f"an integer <= {MOST_COLOURS}")
    hues = [(0.02 + 0.618034 * k) % 1.0 for k in range(max(num_classes - 1, 0))]
    colours = [colorsys.hsv_to_rgb(hue, 0.65 if k % 2 else 0.9, 0.95) for k, hue in enumerate(hues)]
    return (255 * np.array([(0.12, 0.12, 0.14), *colours][:num_classes]).reshape(-1, 3)).round().astype(np.uint8)


def colour_labels(labels, colours, ignore_index: int | None = None) -> np.ndarray:
    """Paint integer labels (H, W) in their colours: (H, W, 3) uint8. Ignored pixels are white."""
    return _painted("colour_labels", labels, colours, ignore_index)


def _painted(op: str, labels, colours, ignore_index) -> np.ndarray:
    labels = as_array(op, "labels", labels)
    if labels.dtype.kind == "b":
        labels = labels.astype(np.uint8)
    check_integer(op, "labels", labels)
    check_rank(op, "labels", labels, 2, letters="(H, W)")
    colours = _colours(op, colours)
    if ignore_index is not None:
        integer(op, "ignore_index", ignore_index, -(2**63))
    ignored = labels == ignore_index if ignore_index is not None else np.zeros(labels.shape, bool)
    known = np.where(ignored, labels.dtype.type(0), labels)
    if known.size and not 0 <= known.min() <= known.max() < len(colours):
        raise bad_argument(op, "labels", f"reach from {known.min()} to {known.max()}", f"0 to {len(colours) - 1}")
    return np.where(ignored[..., None], np.uint8(255), colours[known.astype(np.intp)])


def _colours(op: str, colours) -> np.ndarray:
    """Return colours as uint8 (K, 3)."""
    array = as_array(op, "colours", colours, "iu")
    if array.ndim != 2 or array.shape[1] != 3 or not len(array):
        raise bad_argument(op, "colours", f"has shape {array.shape}", "(K, 3)")
    check_index_range(op, "colours", array, 0, 256)
    return array.astype(np.uint8)


def overlay_labels(image, labels, colours, alpha: float = 0.5, ignore_index: int | None = None) -> np.ndarray:
    """Lay the colours of ``labels`` (H, W) over an image (3, H, W): (H, W, 3) uint8."""
    op = "overlay_labels"
    alpha = number(op, "alpha", alpha, 0.0, 1.0)
    picture = as_picture(image, op).astype(np.float32)
    painted = _painted(op, labels, colours, ignore_index).astype(np.float32)
    if picture.shape != painted.shape:
        raise bad_argument(op, "labels", f"has shape {painted.shape[:2]}", f"{picture.shape[:2]}, the image's")
    return ((1 - alpha) * picture + alpha * painted).round().astype(np.uint8)


def draw_labels(image, labels, class_names=None, colours=None, *, alpha: float = 0.5, ignore_index: int | None = None,
                ax=None):  # fmt: skip
    """Draw the classes of all pixels over an image, with a legend of those that are there.

    Parameters
    ----------
    image : Tensor or ndarray (3, H, W), or None
        RGB, in [0, 1]. With None, the colours alone are drawn.
    labels : Tensor or ndarray, int (H, W)
    class_names : sequence of str, optional
        Without them there is no legend.
    colours : ndarray uint8 (K, 3), optional
        A data set's palette; :func:`palette` unless given.
    alpha : float
        How strongly the colours cover, 0 to 1.
    ignore_index : int, optional
        Pixels with this label are white.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    from matplotlib.patches import Patch

    op = "draw_labels"
    labels = as_array(op, "labels", labels)
    check_rank(op, "labels", labels, 2, letters="(H, W)")
    check_integer(op, "labels", labels)
    class_names = check_names(op, "class_names", class_names)
    if ignore_index is not None:
        integer(op, "ignore_index", ignore_index, -(2**63))
    present = np.unique(labels[labels != ignore_index] if ignore_index is not None else labels)
    count = len(class_names) if class_names is not None else int(present.max(initial=0)) + 1
    if colours is None and not 1 <= count <= MOST_COLOURS:
        raise bad_argument(op, "labels", f"reach up to {count - 1}", f"class_names, or labels below {MOST_COLOURS}")
    colours = palette(count) if colours is None else _colours(op, colours)
    painted = _painted(op, labels, colours, ignore_index) / 255  # (H, W, 3)
    if class_names is not None and len(present):
        check_index_range(op, "labels", present, 0, len(class_names), "class_names has one name for each")
    if image is not None:
        picture = as_picture(image, op) / 255
        if picture.shape != painted.shape:
            raise bad_argument(op, "labels", f"has shape {labels.shape}", f"{picture.shape[:2]}, the image's")
        alpha = number(op, "alpha", alpha, 0.0, 1.0)
        painted = (1 - alpha) * picture + alpha * painted
    ax = on_image(op, painted.transpose(2, 0, 1), ax)
    if class_names is not None:
        handles = [Patch(facecolor=tuple(colours[k] / 255), edgecolor=INK, label=class_names[k]) for k in present]
        ax.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=4, frameon=False,
                  labelcolor=INK, fontsize=8, handlelength=1.0, columnspacing=1.2)  # fmt: skip
    return ax


def plot_predictions(images, truths, predictions, class_names, colours, ignore_index: int | None = None):
    """Draw input, truth and prediction side by side, one row for each image, with a legend of the classes.

    Returns
    -------
    matplotlib.figure.Figure
        On a transparent ground with grey text, which reads on light and dark pages.
    """
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    op = "plot_predictions"
    for argument, values in (("images", images), ("truths", truths), ("predictions", predictions)):
        if not is_list(values):
            raise bad_argument(op, argument, f"is a {type(values).__name__}", "a sequence of arrays", error=TypeError)
        if not 1 <= len(values) == len(images):
            raise bad_argument(op, argument, f"has length {len(values)}", "at least one, and as many as images")
    colours = _colours(op, colours)
    class_names = check_names(op, "class_names", () if class_names is None else class_names, len(colours))
    rows = len(images)
    painted = [[_painted(op, labels, colours, ignore_index) for labels in pair]
               for pair in zip(truths, predictions, strict=True)]  # fmt: skip
    height, width = painted[0][0].shape[:2]
    figure = Figure(figsize=(7.5, 0.9 + rows * 2.3 * height / width), dpi=110, layout="constrained")
    figure.patch.set_alpha(0)
    grid = figure.subplots(rows, 3, squeeze=False)
    for axes, title in zip(grid[0], ("input", "truth", "prediction"), strict=True):
        axes.set_title(title, color=INK)
    for row, image, pair in zip(grid, images, painted, strict=True):
        pictures = (as_picture(image, op), *pair)
        for axes, picture in zip(row, pictures, strict=True):
            axes.imshow(picture, interpolation="nearest")
            axes.set_axis_off()
    patches = [
        Patch(facecolor=tuple(colour / 255), edgecolor=INK, label=name)
        for colour, name in zip(colours, class_names, strict=True)
    ]
    figure.legend(handles=patches, loc="outside lower center", ncols=6, frameon=False, labelcolor=INK, fontsize=8)
    return figure
