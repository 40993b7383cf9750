"""Masks as run lengths, in COCO's form: written, read, measured and compared without making pixels of them.

A mask of H rows and W columns is read column by column. ``counts`` says how many pixels in a row do not belong to the
object, then how many do, and so on, from the first pixel to the last::

    0 1 1                         columns: 0 0 | 1 1 | 1 0
    0 1 0      {"size": [2, 3], "counts": [2, 3, 1]}         no, yes, no

The numbers may be packed into text (COCO calls that compressed): from the fourth on, each is written as its difference
to the one two places before, in pieces of five bits, the lowest first. A character is 48 + the piece, + 32 if another
piece follows; the last piece's highest bit is the sign.

Here masks are kept as runs: where an object's pixels begin and end, counted column by column.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..autograd.as_array import as_array, shortened
from ..errors import bad_argument, check_rank, integers
from ..kernels import rle as kernels

MOST_PIXELS = 2**31  # of one mask
FINER = 5  # polygons are drawn on a grid of so many lines a pixel


@dataclass(frozen=True)
class Runs:
    """N masks: the runs ``first[n]`` to ``first[n + 1]`` are those of mask n.

    Parameters
    ----------
    starts, ends : ndarray int64 (R,)
        A run's first pixel, and the one after its last; those of one mask ascend and do not overlap.
    first : ndarray int64 (N + 1,)
    sizes : ndarray int64 (N, 2)
        Rows and columns of each mask.
    """

    starts: np.ndarray
    ends: np.ndarray
    first: np.ndarray
    sizes: np.ndarray

    def __len__(self) -> int:
        return len(self.sizes)

    @classmethod
    def join(cls, masks: list[tuple[np.ndarray, np.ndarray, tuple[int, int]]]) -> Runs:
        """Put masks together: of each its starts, its ends and its size (H, W)."""
        nothing = [np.zeros(0, np.int64)]
        starts, ends = (np.concatenate(nothing + [mask[i] for mask in masks]) for i in (0, 1))
        first = np.cumsum([0] + [len(mask[0]) for mask in masks])
        return cls(starts, ends, first.astype(np.int64), np.array([mask[2] for mask in masks], np.int64).reshape(-1, 2))

    def take(self, which: np.ndarray) -> Runs:
        """Return the masks of these numbers, in this order."""
        parts = [slice(self.first[n], self.first[n + 1]) for n in which.tolist()]
        return Runs.join([(self.starts[part], self.ends[part], tuple(self.sizes[n]))
                          for part, n in zip(parts, which.tolist(), strict=True)])  # fmt: skip

    def areas(self) -> np.ndarray:
        """Return the number of pixels of each mask, int64 (N,)."""
        total = np.append(0, np.cumsum(self.ends - self.starts))
        return np.diff(total[self.first])

    def shared(self, other: Runs, mine: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Return how many pixels the masks ``mine[p]`` and ``others[p]`` share, int64 (P,); sizes are equal."""
        return kernels.shared_pixels(self.starts, self.ends, self.first, other.starts, other.ends, other.first,
                                     mine.astype(np.int64), others.astype(np.int64))  # fmt: skip


def rle_encode(masks):
    """Write masks as run lengths.

    Parameters
    ----------
    masks : Tensor or ndarray
        (H, W), or (N, H, W): bool or integers, everything but 0 belongs to the object.

    Returns
    -------
    dict, or list of dict
        ``{"size": [H, W], "counts": str}``, as COCO's tools read it; for (N, H, W) one for each.
    """
    masks = as_array("rle_encode", "masks", masks, "biu")
    check_rank("rle_encode", "masks", masks, 2, 3, letters="(H, W) or (N, H, W)")
    if 0 in masks.shape[-2:]:
        why = "no reader of run lengths knows masks without any"
        raise bad_argument("rle_encode", "masks", f"has shape {masks.shape}", "at least one pixel", why)
    if masks.ndim == 3:
        return [rle_encode(mask) for mask in masks]
    return written(*runs_of_mask(masks), masks.shape)


def rle_decode(rle) -> np.ndarray:
    """Make pixels of run lengths.

    Parameters
    ----------
    rle : dict, or list of dict
        ``{"size": [H, W], "counts": numbers, text or bytes}``.

    Returns
    -------
    ndarray uint8
        (H, W); for a list (N, H, W), which have to be of one size.
    """
    if isinstance(rle, (list, tuple)):
        masks = [rle_decode(one) for one in rle]
        if len({mask.shape for mask in masks}) != 1:
            raise bad_argument("rle_decode", "rle", f"has the sizes {shortened([mask.shape for mask in masks])}", "one")
        return np.stack(masks)
    return pixels_of(*read_rle("rle_decode", "rle", rle))


def rle_area(rles) -> np.ndarray:
    """Return the number of pixels of each mask, int64 (N,); ``rles`` as for :func:`rle_iou`."""
    return _read_all("rle_area", "rles", rles).areas()


def rle_iou(rles1, rles2, iscrowd=None) -> np.ndarray:
    """Return the intersection over union of each mask of one list with each of another.

    Parameters
    ----------
    rles1, rles2 : list of dict
        N and M masks of one size: ``{"size": [H, W], "counts": ...}``.
    iscrowd : (M,), optional
        Where it is not 0, ``rles2`` is a region of which a mask may cover any part: the intersection is divided by the
        area of the mask of ``rles1`` alone.

    Returns
    -------
    ndarray float64 (N, M)
        0 where no pixel is shared.
    """
    op = "rle_iou"
    first, second = _read_all(op, "rles1", rles1), _read_all(op, "rles2", rles2)
    sizes = np.unique(np.concatenate([first.sizes, second.sizes]), axis=0)
    if len(sizes) > 1:
        raise bad_argument(op, "rles2", f"has masks of {sizes.tolist()[:4]} pixels", "one size for all of both lists")
    crowd = np.zeros(len(second), bool) if iscrowd is None else as_array(op, "iscrowd", iscrowd, "biu") != 0
    if crowd.shape != (len(second),):
        raise bad_argument(op, "iscrowd", f"has shape {crowd.shape}", f"({len(second)},), one for each of rles2")
    mine, others = (index.ravel() for index in np.indices((len(first), len(second))))
    return mask_ious(first, second, crowd, mine, others).reshape(len(first), len(second))


def mask_ious(first: Runs, second: Runs, crowd: np.ndarray, mine: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the IoU of the masks ``mine[p]`` and ``others[p]``, whose sizes are equal, float64 (P,).

    ``crowd`` is bool, one for each of ``second``; see :func:`rle_iou`.
    """
    shared = first.shared(second, mine, others)
    areas, other_areas = first.areas()[mine], second.areas()[others]
    whole = np.where(crowd[others], areas, areas + other_areas - shared)
    return shared / np.where(shared > 0, whole, 1)


def rle_from_polygons(polygons, size) -> dict:
    """Return the mask that polygons cover together, drawn as COCO's tools draw it.

    Parameters
    ----------
    polygons : list of list of float
        Each ``[x1, y1, x2, y2, ...]`` in pixels, closed by a line from the last point to the first. One of two points
        covers nothing. (COCO's own tools take four numbers for a box.)
    size : (int, int)
        Rows and columns of the mask.

    Returns
    -------
    dict
        ``{"size": [H, W], "counts": str}``
    """
    op = "rle_from_polygons"
    size = checked_size(op, "size", size)
    return written(*read_polygons(op, "polygons", polygons, size), size)


def _read_all(op: str, argument: str, rles) -> Runs:
    if not isinstance(rles, (list, tuple)):
        raise bad_argument(op, argument, f"is a {type(rles).__name__}", "a list of masks", error=TypeError)
    return Runs.join([read_rle(op, argument, rle) for rle in rles])


def checked_size(op: str, argument: str, size) -> tuple[int, int]:
    """Return (H, W) as two integers from 1, or raise."""
    size = integers(op, argument, list(size) if isinstance(size, np.ndarray) else size, 2, 1)
    if size[0] * size[1] > MOST_PIXELS:
        raise bad_argument(op, argument, f"is {size}", f"at most {MOST_PIXELS} pixels")
    return size


def runs_of_mask(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where the runs of a mask (H, W) start and end, column by column."""
    flat = np.zeros(mask.size + 2, np.int8)
    flat[1:-1] = (mask != 0).ravel(order="F")
    edges = np.flatnonzero(np.diff(flat))
    return edges[::2], edges[1::2]


def pixels_of(starts: np.ndarray, ends: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return the mask (H, W), uint8, of one object's runs."""
    steps = np.zeros(size[0] * size[1] + 1, np.int8)
    np.add.at(steps, starts, 1)
    np.add.at(steps, ends, -1)
    return np.ascontiguousarray(np.cumsum(steps[:-1], dtype=np.int8).reshape(size[::-1]).T).view(np.uint8)


def written(starts: np.ndarray, ends: np.ndarray, size) -> dict:
    """Write one object's runs in COCO's form, as text."""
    edges = np.stack([starts, ends], 1).ravel()
    counts = np.diff(np.concatenate([[0], edges, [size[0] * size[1]]])).tolist()
    if len(counts) > 1 and counts[-1] == 0:  # the last pixel belongs to the object: nothing follows
        counts.pop()
    text = []
    for i, count in enumerate(counts):
        number = count - counts[i - 2] if i > 2 else count
        while True:
            piece, number = number & 31, number >> 5
            last = number == (-1 if piece & 16 else 0)
            text.append(chr(48 + piece + (0 if last else 32)))
            if last:
                break
    return {"size": [int(size[0]), int(size[1])], "counts": "".join(text)}


def read_rle(op: str, argument: str, rle) -> tuple[np.ndarray, np.ndarray, tuple[int, int]]:
    """Return starts, ends and size of one mask in COCO's form, or raise unless its numbers fill its size."""
    if not isinstance(rle, dict) or not {"size", "counts"} <= rle.keys():
        raise bad_argument(op, argument, f"contains {shortened(rle)}", "{'size': [H, W], 'counts': ...}",
                           error=TypeError)  # fmt: skip
    size = checked_size(op, f"{argument}' size", rle["size"])
    counts = rle["counts"]
    if isinstance(counts, (str, bytes)):
        numbers = _unpacked(op, argument, counts)
    else:
        numbers = as_array(op, f"{argument}' counts", counts, "iuf")
        if numbers.ndim != 1 or (numbers.dtype.kind == "f" and numbers.size):
            raise bad_argument(op, f"{argument}' counts", f"is {shortened(counts)}", "integers, text or bytes",
                               error=TypeError)  # fmt: skip
    if numbers.size and (numbers.min() < 0 or numbers.max() > MOST_PIXELS):
        raise bad_argument(
            op, f"{argument}' counts", f"contains {numbers.min()} to {numbers.max()}", "numbers of pixels"
        )
    edges = np.cumsum(numbers.astype(np.int64))
    total = int(edges[-1]) if edges.size else 0
    if total != size[0] * size[1]:
        raise bad_argument(
            op, f"{argument}' counts", f"is of {total} pixels", f"{size[0] * size[1]}", f"size is {size}"
        )
    starts, ends = edges[0 : len(edges) - 1 : 2], edges[1::2]
    some = ends > starts
    return starts[some], ends[some], size


def _unpacked(op: str, argument: str, text: str | bytes) -> np.ndarray:
    """Return the numbers that text stands for, int64."""
    packed = text.encode(errors="replace") if isinstance(text, str) else text
    pieces = np.frombuffer(packed, np.uint8).astype(np.int64) - 48
    if pieces.size == 0 or pieces.min() < 0 or pieces.max() > 63 or pieces[-1] & 32:
        raise bad_argument(op, f"{argument}' counts", f"is {shortened(text)}", "run lengths, packed as COCO packs them")
    last = np.flatnonzero(pieces & 32 == 0)
    first = np.append(0, last[:-1] + 1)
    place = 5 * (np.arange(len(pieces)) - np.repeat(first, last - first + 1))
    if place.max() > 40:
        raise bad_argument(op, f"{argument}' counts", f"is {shortened(text)}", f"numbers below {MOST_PIXELS}")
    numbers = np.add.reduceat((pieces & 31) << place, first)
    numbers -= np.where(pieces[last] & 16, np.int64(1) << (place[last] + 5), 0)
    numbers[1::2] = np.cumsum(numbers[1::2])
    numbers[2::2] = np.cumsum(numbers[2::2])
    return numbers


def read_polygons(op: str, argument: str, polygons, size) -> tuple[np.ndarray, np.ndarray]:
    """Return starts and ends of the runs that polygons cover together, or raise unless they are lists of numbers."""
    if not isinstance(polygons, (list, tuple)):
        was = f"is a {type(polygons).__name__}"
        raise bad_argument(op, argument, was, "a list of polygons [x1, y1, x2, y2, ...]", error=TypeError)
    edges = []
    for polygon in polygons:
        points = as_array(op, argument, polygon, "iuf")
        if points.ndim != 1 or len(points) % 2 or len(points) < 4:
            was = f"contains {shortened(polygon)}"
            raise bad_argument(op, argument, was, "polygons [x1, y1, x2, y2, ...] of two points or more")
        if not (np.abs(points) < 1e6).all():  # nan is not, either
            raise bad_argument(op, argument, f"contains {shortened(polygon)}", "pixels")
        edges.append(_outline(points.astype(np.float64).reshape(-1, 2), size))
    if not edges:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    starts, ends = (np.concatenate([edge[i::2] for edge in edges]) for i in (0, 1))
    return _together(starts, ends)


def _together(starts: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the runs that cover the same pixels as these, which may overlap, touch, or be empty."""
    places = np.concatenate([starts, ends])
    steps = np.repeat([1, -1], len(starts))
    order = np.argsort(places, kind="stable")
    places, depth = places[order], np.cumsum(steps[order])
    final = np.append(places[1:] != places[:-1], True) if len(places) else np.zeros(0, bool)
    places, covered = places[final], depth[final] > 0
    change = np.append(covered[:1], covered[1:] != covered[:-1])
    edges = places[change.astype(bool)]
    return edges[::2], edges[1::2]


def _outline(points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return where a polygon (P, 2) is entered and left, column by column, int64, ascending.

    As ``rleFrPoly`` of COCO's tools does, number by number: the outline is drawn on a grid of five lines a pixel, each
    edge point by point; where it passes the middle of a column, the first row's centre below is a place where
    belonging begins or ends.
    """
    height, width = size
    fine = (FINER * points + 0.5).astype(np.int64)  # toward 0, as C does
    begin, end = fine, np.roll(fine, -1, 0)
    length = np.abs(end - begin)  # (P, 2)
    flat = length[:, 0] >= length[:, 1]
    along = np.where(flat, 0, 1)
    edge = np.arange(len(fine))
    backward = begin[edge, along] > end[edge, along]
    low, high = np.where(backward[:, None], end, begin), np.where(backward[:, None], begin, end)
    steps = length.max(1)
    slope = (high - low)[edge, 1 - along] / np.maximum(steps, 1)
    of = np.repeat(edge, steps + 1)
    number = np.arange(len(of)) - np.repeat(np.cumsum(steps + 1) - steps - 1, steps + 1)
    number = np.where(backward[of], steps[of] - number, number)
    straight = number + low[of, along[of]]
    across = (low[of, 1 - along[of]] + slope[of] * number + 0.5).astype(np.int64)
    x, y = np.where(flat[of], straight, across), np.where(flat[of], across, straight)
    moved = x[1:] != x[:-1]
    column = (np.where(x[1:] < x[:-1], x[1:], x[1:] - 1)[moved] + 0.5) / FINER - 0.5
    row = np.ceil(np.clip((np.minimum(y[1:], y[:-1])[moved] + 0.5) / FINER - 0.5, 0, height))
    inside = (np.floor(column) == column) & (column >= 0) & (column <= width - 1)
    places = np.sort(column[inside].astype(np.int64) * height + row[inside].astype(np.int64))
    return np.append(places, height * width) if len(places) % 2 else places
