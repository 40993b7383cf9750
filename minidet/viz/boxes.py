"""Boxes over an image, with class names and scores: on axes, or painted into the picture's own pixels."""

from __future__ import annotations

import numpy as np

from ..errors import bad_argument, integer, number
from .image import HALO, above, as_picture, captions, on_image, rows_of, write_tag
from .page import colour

#: A letter's height and a line's width, as parts of a picture's side, which is the root of its area.
LETTERS, LINE = 32, 250
SMALLEST_LETTER, NARROWEST_LETTER = 9.0, 6.0  # pixels: of a usual name, and of one that is too long for the picture
PALE = 0.19  # luminance: letters on lighter grounds are dark, on darker ones white; there, both have the same contrast


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
    boxes, labels, texts = _read(op, target, class_names)
    drawn = above(op, target, len(boxes), threshold)
    ax = on_image(op, image, ax)
    for i in drawn:
        x1, y1, x2, y2 = boxes[i]
        mark = colour(int(labels[i]))
        ax.add_patch(Rectangle((x1, y1), x2 - x1, y2 - y1, fill=False, edgecolor=mark, linewidth=2.0, zorder=3,
                               path_effects=[Stroke(linewidth=3.4, foreground=HALO, alpha=0.6), Normal()]))  # fmt: skip
        write_tag(ax, x1, y1, texts[i], mark)
    return ax


def overlay_boxes(image, target: dict, class_names=None, *, threshold: float = 0.0, alpha: float = 1.0,
                  min_side: int = 1) -> np.ndarray:  # fmt: skip
    """Paint boxes and their names over an image, one colour per class.

    Lines and letters grow with the image. A name stands on a plate of its class's colour, above its box where there is
    room, inside the picture everywhere, and where it hides least of the names of boxes that score higher.

    Parameters
    ----------
    image : Tensor or ndarray (3, H, W)
        RGB, in [0, 1].
    target : dict
        As for :func:`draw_boxes`.
    class_names : sequence of str, optional
        Written at the boxes; without them, the labels are.
    threshold : float
        Boxes that score less are not painted.
    alpha : float
        How strongly they cover the image, 0 to 1.
    min_side : int
        A smaller image is enlarged by a whole factor first, to about this longer side, so that names hide less of it.

    Returns
    -------
    ndarray uint8 (H, W, 3)
        Larger than the image where it was enlarged.
    """
    from PIL import Image, ImageDraw

    op = "overlay_boxes"
    picture, alpha = as_picture(image, op), number(op, "alpha", alpha, 0, 1)
    boxes, labels, texts = _read(op, target, class_names)
    finer = max(1, round(integer(op, "min_side", min_side, 1, 2**14) / max(picture.shape[:2])))
    picture = picture.repeat(finer, 0).repeat(finer, 1)
    height, width = picture.shape[:2]
    boxes = np.clip(np.round(boxes * finer), 0, [width, height] * 2).astype(int)
    side = np.sqrt(height * width)
    letter = max(SMALLEST_LETTER, min(side / LETTERS, min(height, width) / 6))
    line = max(1, round(side / LINE))
    painted = Image.fromarray(picture)
    pen = ImageDraw.Draw(painted)
    drawn = above(op, target, len(boxes), threshold)
    for i in drawn:
        x1, y1, x2, y2 = boxes[i].tolist()
        corners = [min(x1, x2), min(y1, y2), max(x1, x2 - 1, 0), max(y1, y2 - 1, 0)]  # the last pixel is inside
        halo = line // 2  # a dark seam on both sides of the line
        pen.rectangle([corners[0] - halo, corners[1] - halo, corners[2] + halo, corners[3] + halo],
                      outline=HALO, width=line + 2 * halo)  # fmt: skip
        pen.rectangle(corners, outline=colour(int(labels[i])), width=line)
    named = [(i, *_fitted(texts[i], letter, width)) for i in drawn if texts[i]]
    sizes = [_plate(text, font) for _, text, font in named]
    places = plate_places([boxes[i] for i, *_ in named][::-1], sizes[::-1], height, width)[::-1]
    for (i, text, font), (wide, high), (x, y) in zip(named, sizes, places, strict=True):
        mark, (left, top, *_) = colour(int(labels[i])), font.getbbox(text)
        margin = _margin(font)
        pen.rectangle([x, y, x + wide - 1, y + high - 1], fill=mark)
        pen.text((x + margin - left, y + margin - top), text, fill=ink_on(mark), font=font)
    mixed = (1 - alpha) * picture + alpha * np.asarray(painted, np.float64)
    return mixed.round().astype(np.uint8)


def _read(op: str, target: dict, class_names) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return boxes (N, 4), labels (N,) and what is written at each box."""
    boxes = rows_of(op, target, "boxes", (4,)).astype(np.float64)
    if not np.isfinite(boxes).all():
        raise bad_argument(op, "target['boxes']", "contains NaN or infinity", "pixels")
    labels = rows_of(op, target, "labels", ()) if "labels" in target else np.ones(len(boxes), int)
    return boxes, labels, captions(op, target, len(boxes), class_names)


def _fitted(text: str, letter: float, width: int):
    """Return a text and a font with which it is no wider than the picture: smaller first, then shorter."""
    from PIL import ImageFont

    font = ImageFont.load_default(letter)
    while _plate(text, font)[0] > width and font.size > NARROWEST_LETTER:
        font = ImageFont.load_default(max(NARROWEST_LETTER, font.size * 0.9))
    while _plate(text, font)[0] > width and text:
        text = text[:-1]
    return text, font


def _margin(font) -> int:
    return max(1, round(font.size / 6))


def _plate(text: str, font) -> tuple[int, int]:
    """Return width and height of the plate behind a text."""
    left, top, right, bottom = font.getbbox(text)
    return int(np.ceil(right - left)) + 2 * _margin(font), int(np.ceil(bottom - top)) + 2 * _margin(font)


def plate_places(boxes: list, sizes: list, height: int, width: int) -> list[tuple[int, int]]:
    """Return the left upper corner of each box's plate, of ``sizes`` (w, h); earlier ones choose first."""
    corners, taken = [], np.zeros((0, 4))
    for (x1, y1, x2, y2), (wide, high) in zip(boxes, sizes, strict=True):
        spots = np.array(
            [(x1, y1 - high), (x1, y1), (x1, y2), (x2 - wide, y1 - high), (x2 - wide, y2), (x1, y2 - high)]
        )
        if y1 < high:  # no room above
            spots[[0, 3]] = spots[1]
        spots = np.clip(spots, 0, np.maximum([width - wide, height - high], 0))
        rims = np.concatenate([spots, spots + np.array([wide, high])], 1)[:, None]  # (6, 1, 4)
        shared = np.minimum(rims[..., 2:], taken[:, 2:]) - np.maximum(rims[..., :2], taken[:, :2])
        best = int(shared.clip(0).prod(-1).sum(1).argmin())  # of equal ones, the first
        taken = np.concatenate([taken, rims[best]])
        corners.append(tuple(spots[best].tolist()))
    return corners


def ink_on(ground: str) -> str:
    """Return the colour of letters on a ``#rrggbb`` ground: white or nearly black, whichever has more contrast."""
    rgb = np.array([int(ground[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return HALO if linear @ [0.2126, 0.7152, 0.0722] > PALE else "#ffffff"
