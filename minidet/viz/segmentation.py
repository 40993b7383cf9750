"""Pictures of labels: each class a colour, beside or over the image."""

from __future__ import annotations

import colorsys

import numpy as np

from ..autograd import Tensor
from ..errors import bad_argument, check_integer, check_rank, number
from .image import as_picture, on_image
from .page import INK, as_array


def palette(num_classes: int) -> np.ndarray:
    """Return (K, 3) uint8 colours that differ from their neighbours; class 0 is near black.

    Hues step by the golden ratio, so that any number of classes is spread over the circle.
    """
    hues = [(0.02 + 0.618034 * k) % 1.0 for k in range(max(num_classes - 1, 0))]
    colours = [colorsys.hsv_to_rgb(hue, 0.65 if k % 2 else 0.9, 0.95) for k, hue in enumerate(hues)]
    return (255 * np.array([(0.12, 0.12, 0.14), *colours][:num_classes])).round().astype(np.uint8)


def colour_labels(labels, colours, ignore_index: int | None = None) -> np.ndarray:
    """Paint integer labels (H, W) in their colours: (H, W, 3) uint8. Ignored pixels are white."""
    labels = labels.detach().numpy() if isinstance(labels, Tensor) else np.asarray(labels)
    colours = np.asarray(colours, np.uint8)
    ignored = labels == ignore_index if ignore_index is not None else np.zeros(labels.shape, bool)
    known = np.where(ignored, 0, labels)
    if known.size and not 0 <= known.min() <= known.max() < len(colours):
        raise bad_argument(
            "colour_labels", "labels", f"reach from {known.min()} to {known.max()}", f"0 to {len(colours) - 1}"
        )
    return np.where(ignored[..., None], np.uint8(255), colours[known])


def overlay_labels(image, labels, colours, alpha: float = 0.5, ignore_index: int | None = None) -> np.ndarray:
    """Lay the colours of ``labels`` (H, W) over an image (3, H, W): (H, W, 3) uint8."""
    picture = as_picture(image).astype(np.float32)
    painted = colour_labels(labels, colours, ignore_index).astype(np.float32)
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
    present = np.unique(labels[labels != ignore_index] if ignore_index is not None else labels)
    count = len(class_names) if class_names is not None else int(present.max(initial=0)) + 1
    colours = palette(count) if colours is None else np.asarray(colours, np.uint8)
    painted = colour_labels(labels, colours, ignore_index) / 255  # (H, W, 3)
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

    height, width = np.shape(truths[0])
    rows = len(images)
    figure = Figure(figsize=(7.5, 0.9 + rows * 2.3 * height / width), dpi=110, layout="constrained")
    figure.patch.set_alpha(0)
    grid = figure.subplots(rows, 3, squeeze=False)
    for axes, title in zip(grid[0], ("input", "truth", "prediction"), strict=True):
        axes.set_title(title, color=INK)
    for row, image, truth, prediction in zip(grid, images, truths, predictions, strict=True):
        pictures = (
            as_picture(image),
            colour_labels(truth, colours, ignore_index),
            colour_labels(prediction, colours, ignore_index),
        )
        for axes, picture in zip(row, pictures, strict=True):
            axes.imshow(picture, interpolation="nearest")
            axes.set_axis_off()
    patches = [
        Patch(facecolor=tuple(colour / 255), edgecolor=INK, label=name)
        for colour, name in zip(colours, class_names, strict=True)
    ]
    figure.legend(handles=patches, loc="outside lower center", ncols=6, frameon=False, labelcolor=INK, fontsize=8)
    return figure
