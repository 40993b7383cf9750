"""An image on axes, and what the drawings over it share: marks that show on any photograph, and their names."""

from __future__ import annotations

import numpy as np

from ..autograd.as_array import as_array
from ..errors import bad_argument, check_integer, number
from .page import check_axes, check_names, dressed, without_frame

HALO = "#111111"  # around marks: they have to show before sky and before asphalt
WIDEST, HIGHEST = 6.0, 6.0  # inches, of new axes


def as_picture(image, op: str = "as_picture") -> np.ndarray:
    """Turn an image (3, H, W) in [0, 1] into (H, W, 3) uint8."""
    image = as_array(op, "image", image)
    if image.ndim != 3 or image.shape[0] != 3:
        raise bad_argument(op, "image", f"has shape {image.shape}", "(3, H, W)")
    if not image.size or not np.isfinite(image).all():
        was = "contains NaN or infinity" if image.size else f"has shape {image.shape}"
        raise bad_argument(op, "image", was, "at least one pixel, of finite numbers")
    return (np.clip(image, 0, 1).transpose(1, 2, 0) * 255).round().astype(np.uint8)


def draw_image(image, ax=None):
    """Show an image; pixel column j covers j <= x < j + 1, as the coordinates of boxes and joints have it.

    Parameters
    ----------
    image : Tensor or ndarray (3, H, W)
        RGB, in [0, 1].
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    return on_image("draw_image", image, ax)


def on_image(op: str, image, ax):
    """Return axes that show the image. Without one, those that were given, to draw over what is there."""
    if image is None:
        if ax is None:
            raise bad_argument(op, "image", "is None, and so is ax", "an image, or axes that show one")
        return check_axes(op, ax)
    picture = as_picture(image, op)
    height, width = picture.shape[:2]
    inches = min(WIDEST, HIGHEST * width / height)
    ax = dressed(op, ax, (inches, inches * height / width))
    ax.imshow(picture, extent=(0, width, height, 0), interpolation="nearest")
    ax.set(xlim=(0, width), ylim=(height, 0))
    without_frame(ax)
    return ax


def rows_of(op: str, target, name: str, shape: tuple[int | None, ...]) -> np.ndarray:
    """Return an entry of a target, or raise unless it has one row per object of this shape (None: any length)."""
    if not isinstance(target, dict) or name not in target:
        was = f"is a {type(target).__name__}" if not isinstance(target, dict) else f"has the entries {list(target)}"
        raise bad_argument(op, "target", was, f"a dict with {name!r}")
    array = as_array(op, f"target[{name!r}]", target[name])
    if array.size == 0 and array.ndim <= 1:
        array = array.reshape(0, *(length or 0 for length in shape))  # an empty list has no axes to tell
    if array.ndim != len(shape) + 1 or any(
        want not in (None, got) for want, got in zip(shape, array.shape[1:], strict=True)
    ):
        axes = ", ".join(["N", *("*" if length is None else str(length) for length in shape)])
        raise bad_argument(op, f"target[{name!r}]", f"has shape {array.shape}", f"({axes})")
    return array


def captions(op: str, target: dict, count: int, class_names) -> list[str]:
    """Return what is written at each object: the name or number of its class, and its score."""
    labels = rows_of(op, target, "labels", ()) if "labels" in target else None
    scores = rows_of(op, target, "scores", ()) if "scores" in target else None
    class_names = check_names(op, "class_names", class_names)
    if labels is not None and labels.size:
        check_integer(op, "target['labels']", labels)
    for name, values in (("labels", labels), ("scores", scores)):
        if values is not None and len(values) != count:
            raise bad_argument(op, f"target[{name!r}]", f"has length {len(values)}", f"{count}, one for each object")
    words = [[] for _ in range(count)]
    for i in range(count):
        if labels is not None:
            words[i].append(_class_name(op, int(labels[i]), class_names))
        if scores is not None:
            words[i].append(f"{scores[i]:.2f}")
    return [" ".join(parts) for parts in words]


def _class_name(op: str, label: int, class_names) -> str:
    if class_names is None:
        return str(label)
    if not 0 <= label < len(class_names):
        raise bad_argument(op, "target['labels']", f"contains {label}", f"integers in [0, {len(class_names)})",
                           "class_names has one name for each", IndexError)  # fmt: skip
    return str(class_names[label])


def above(op: str, target: dict, count: int, threshold: float) -> list[int]:
    """Return the numbers of the objects that score ``threshold`` or more, the best last, so that it lies on top."""
    threshold = number(op, "threshold", threshold)
    if "scores" not in target:
        return list(range(count))
    scores = rows_of(op, target, "scores", ())
    return [i for i in np.argsort(scores, kind="stable").tolist() if scores[i] >= threshold]


def write_tag(ax, x: float, y: float, text: str, colour: str) -> None:
    """Write white letters on a ground of this colour; the lower left corner is at (x, y), inside of the picture.

    At the upper rim the text goes below y instead, at the right one it ends at x.
    """
    if not text:
        return
    (left, right), (bottom, top) = sorted(ax.get_xlim()), sorted(ax.get_ylim(), reverse=True)
    low, late = y - top < 0.07 * (bottom - top), x > left + 0.75 * (right - left)
    ground = {"boxstyle": "square,pad=0.2", "facecolor": colour, "edgecolor": "none", "alpha": 0.9}
    ax.annotate(text, (x, y), (-2 if late else 2, -3 if low else 3), textcoords="offset points", fontsize=8,
                weight="bold", color="white", ha="right" if late else "left", va="top" if low else "bottom",
                bbox=ground, zorder=5)  # fmt: skip
