"""Grids of small pictures: the filters of a convolution, and the maps that it returns."""

from __future__ import annotations

import math

import numpy as np

from ..autograd.as_array import as_array
from ..errors import bad_argument, check_rank, integer
from .page import INK, check_flag, dressed, without_frame

GAP = 0.12  # between tiles, as a share of a tile's shorter side
INCHES = 6.0  # width of new axes; at least this much for a grid of many tiles
LARGEST_TILE = 1.1  # inches


def draw_filters(weight, *, filters: int | None = None, channels: int | None = None, columns: int | None = None,
                 ax=None):  # fmt: skip
    """Draw the filters of a convolution, all on one scale: grey is 0, white the largest absolute value, black minus it.

    With three input channels, a filter is a coloured picture: red where it likes red. With one, it is a grey one.
    With others, each filter is a row of grey pictures, one for each input channel.

    Parameters
    ----------
    weight : Tensor or ndarray (F, C, KH, KW)
        ``conv.weight``.
    filters, channels : int, optional
        Draw the first so many only. Channels are always all drawn where there are three or one.
    columns : int, optional
        Filters in a row of the grid (with three channels, or one). By default the grid is about as wide as twice its
        height.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
        Its title says what is seen, and the scale.
    """
    op = "draw_filters"
    weight = as_array(op, "weight", weight).astype(np.float64)
    check_rank(op, "weight", weight, 4, letters="(F, C, KH, KW)")
    _check_finite(op, "weight", weight)
    count, depth = weight.shape[:2]
    shown = weight[: count if filters is None else integer(op, "filters", filters, low=1)]
    largest = np.abs(shown).max()
    tiles = 0.5 + shown / (2 * largest if largest else 1.0)  # (F, C, KH, KW) in [0, 1]
    scale = f"black {-largest:.3g}, white {largest:.3g}"
    first = f"{len(shown)} of {count}" if len(shown) < count else f"{count}"
    if depth in (1, 3):
        pictures = np.broadcast_to(tiles, (len(tiles), 3, *tiles.shape[2:])).transpose(0, 2, 3, 1)
        ax = _draw_grid(op, pictures, _columns(op, columns, len(pictures), *weight.shape[2:]), ax)
        ax.set_title(f"{first} filters, {scale}", fontsize=9, color=INK)
        return ax
    tiles = tiles[:, : depth if channels is None else integer(op, "channels", channels, low=1)]
    pictures = np.repeat(tiles.reshape(-1, *tiles.shape[2:])[..., None], 3, axis=-1)
    ax = _draw_grid(op, pictures, tiles.shape[1], ax)
    ax.set_xlabel("input channel" + (f" ({tiles.shape[1]} of {depth})" if tiles.shape[1] < depth else ""))
    ax.set_ylabel("filter")
    ax.set_title(f"{first} filters, {scale}", fontsize=9, color=INK)
    return ax


def draw_features(features, *, channels: int | None = None, columns: int | None = None, common_scale: bool = True,
                  names: bool = True, cmap: str = "viridis", ax=None):  # fmt: skip
    """Draw the feature maps of one image.

    Parameters
    ----------
    features : Tensor or ndarray (C, H, W) or (1, C, H, W)
    channels : int, optional
        Draw the first so many only.
    columns : int, optional
        Maps in a row of the grid. By default the grid is about as wide as twice its height.
    common_scale : bool
        One scale for all maps, so that they can be compared. Otherwise each runs from its least to its largest value.
    names : bool
        Write the number of its channel on each map.
    cmap : str
        A colour map of matplotlib's; the default is even in lightness, for colour-blind eyes too.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
        Its title says what is seen, and the scale.
    """
    import matplotlib

    op = "draw_features"
    maps = as_array(op, "features", features).astype(np.float64)
    if maps.ndim == 4 and len(maps) == 1:
        maps = maps[0]
    check_rank(op, "features", maps, 3, letters="(C, H, W), of one image")
    _check_finite(op, "features", maps)
    common_scale, names = check_flag(op, "common_scale", common_scale), check_flag(op, "names", names)
    if not isinstance(cmap, str) or cmap not in matplotlib.colormaps:
        raise bad_argument(op, "cmap", f"is {cmap!r}", "the name of one of matplotlib's colour maps")
    shown = maps[: len(maps) if channels is None else integer(op, "channels", channels, low=1)]
    low, high = shown.min((1, 2), keepdims=True), shown.max((1, 2), keepdims=True)  # (C, 1, 1)
    if common_scale:
        low, high = low.min(keepdims=True), high.max(keepdims=True)
    span = np.where(high > low, high - low, 1.0)
    pictures = matplotlib.colormaps[cmap]((shown - low) / span)[..., :3]  # (C, H, W, 3)
    columns = _columns(op, columns, len(pictures), *maps.shape[1:])
    ax = _draw_grid(op, pictures, columns, ax, [str(i) for i in range(len(pictures))] if names else None)
    first = f"{len(shown)} of {len(maps)}" if len(shown) < len(maps) else f"{len(maps)}"
    scale = f"{low.min():.3g} to {high.max():.3g}" if common_scale else "each on its own scale"
    ax.set_title(f"{first} channels of {maps.shape[1]} x {maps.shape[2]}, {scale}", fontsize=9, color=INK)
    return ax


def _check_finite(op: str, argument: str, array: np.ndarray) -> None:
    if not array.size:
        raise bad_argument(op, argument, f"has shape {array.shape}", "at least one number")
    if not np.isfinite(array).all():
        raise bad_argument(op, argument, "contains NaN or infinity", "finite numbers: they have no colour")


def _columns(op: str, columns: int | None, count: int, height: int, width: int) -> int:
    if columns is None:
        columns = max(1, round(math.sqrt(2 * count * height / width)))
    return min(integer(op, "columns", columns, low=1), count)


def _draw_grid(op: str, pictures: np.ndarray, columns: int, ax, names: list[str] | None = None):
    """Draw pictures (T, H, W, 3) in [0, 1] row by row, framed, with nothing painted between them."""
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Rectangle

    finer = math.ceil(1 / (GAP * min(pictures.shape[1:3])))  # so that a gap is a pixel at least
    pictures = pictures.repeat(finer, axis=1).repeat(finer, axis=2)
    count, height, width = pictures.shape[:3]
    gap = round(GAP * min(height, width))
    rows = -(-count // columns)
    total = columns * (width + gap) - gap, rows * (height + gap) - gap
    inches = min(INCHES, LARGEST_TILE * columns)
    ax = dressed(op, ax, (inches, inches * total[1] / total[0] + 0.35))
    corners = [((i % columns) * (width + gap), (i // columns) * (height + gap)) for i in range(count)]
    mosaic = np.zeros((total[1], total[0], 4))  # transparent
    for (left, top), picture in zip(corners, pictures, strict=True):
        mosaic[top : top + height, left : left + width] = np.dstack([picture, np.ones((height, width))])
    ax.imshow(mosaic, extent=(0, total[0], total[1], 0), interpolation="nearest")
    frames = [Rectangle(corner, width, height) for corner in corners]
    ax.add_collection(PatchCollection(frames, facecolor="none", edgecolor=INK, linewidth=0.6))
    ground = {"boxstyle": "square,pad=0.15", "facecolor": "#111111", "alpha": 0.65, "linewidth": 0}
    for (left, top), name in zip(corners, names or [], strict=False):
        ax.annotate(name, (left, top), (2.5, -2.5), textcoords="offset points", fontsize=6, color="white", va="top",
                    bbox=ground)  # fmt: skip
    margin = gap / 2
    ax.set(xlim=(-margin, total[0] + margin), ylim=(total[1] + margin, -margin), aspect="equal")
    without_frame(ax)
    return ax
