"""Pictures of labels: each class a colour, beside or over the image."""

from __future__ import annotations

import colorsys

import numpy as np

from ..autograd import Tensor
from ..errors import bad_argument


def palette(num_classes: int) -> np.ndarray:
    """Return (K, 3) uint8 colours that differ from their neighbours; class 0 is near black.

    Hues step by the golden ratio, so that any number of classes is spread over the circle.
    """
    hues = [(0.02 + 0.618034 * k) % 1.0 for k in range(max(num_classes - 1, 0))]
    colours = [colorsys.hsv_to_rgb(hue, 0.65 if k % 2 else 0.9, 0.95) for k, hue in enumerate(hues)]
    return (255 * np.array([(0.12, 0.12, 0.14), *colours][:num_classes])).round().astype(np.uint8)


def as_picture(image) -> np.ndarray:
    """Turn an image (3, H, W) in [0, 1] into (H, W, 3) uint8."""
    image = image.detach().numpy() if isinstance(image, Tensor) else np.asarray(image)
    if image.ndim != 3 or image.shape[0] != 3:
        raise bad_argument("as_picture", "image", f"has shape {image.shape}", "(3, H, W)")
    return (np.clip(image, 0, 1).transpose(1, 2, 0) * 255).round().astype(np.uint8)


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


def plot_predictions(images, truths, predictions, class_names, colours, ignore_index: int | None = None):
    """Draw input, truth and prediction side by side, one row for each image, with a legend of the classes.

    Returns
    -------
    matplotlib.figure.Figure
        On a transparent ground with grey text, which reads on light and dark pages.
    """
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    grey = "#808080"
    height, width = np.shape(truths[0])
    rows = len(images)
    figure = Figure(figsize=(7.5, 0.9 + rows * 2.3 * height / width), dpi=110, layout="constrained")
    figure.patch.set_alpha(0)
    grid = figure.subplots(rows, 3, squeeze=False)
    for axes, title in zip(grid[0], ("input", "truth", "prediction"), strict=True):
        axes.set_title(title, color=grey)
    for row, image, truth, prediction in zip(grid, images, truths, predictions, strict=True):
        pictures = (
            as_picture(image),
            colour_labels(truth, colours, ignore_index),
            colour_labels(prediction, colours, ignore_index),
        )
        for axes, picture in zip(row, pictures, strict=True):
            axes.imshow(picture, interpolation="nearest")
            axes.set_axis_off()
    patches = [Patch(color=tuple(colour / 255), label=name) for colour, name in zip(colours, class_names, strict=True)]
    figure.legend(handles=patches, loc="outside lower center", ncols=6, frameon=False, labelcolor=grey, fontsize=8)
    return figure
