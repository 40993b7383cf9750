"""Where everything lies: a convolution, its input gradient and its weight gradient as sums over tables of offsets.

An image is padded once. For stride s it is also split into its s x s phases, so that the pixels that a tap meets
while its window steps over the image are neighbours in memory::

    x, stride 2:  a b a b a b     phase a: aaa     phase b: bbb
                  c d c d c d              aaa              bbb
                  a b a b a b     phase c: ccc     phase d: ddd
                  c d c d c d              ccc              ddd

Then every tap (c, i, j) is one constant distance from a pixel's place: ``source_at[k]``.
"""

import functools
import itertools
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from ..simd.tiles import MOVE as PIECE
from .windows import MOST_DILATED

#: Pixels in Winograd's windows, for one of the result: with more, what it saves is lost. A weight gradient saves less.
WASTE, LITTLE_WASTE = 1.6, 1.25
#: Up to this stride, a phase that no tap meets is summed like the others, over nothing; above it, it is left out.
FEW_PHASES = 4


class Image(NamedTuple):
    """A padded, phase-split copy.

    ``image[n, c, phase, r, t] = x[n, c, sh * r + row[phase], sw * t + column[phase]]``
    """

    phases: int
    rows: int
    columns: int
    sh: int
    sw: int

    @property
    def plane(self):
        """Elements of one plane, all phases."""
        return self.phases * self.rows * self.columns


@dataclass(frozen=True, eq=False)
class Plan:
    """A convolution as a matrix product over pixels (qh, qw).

    ``out[row, pixel] = sum over k of weight[row, weight_at[k]] * image[pixel + source_at[k]]``

    Attributes
    ----------
    image : Image
    starts : (phases, 2) array
        The image's phases' first row and column in x.
    qh, qw : int
    source_at, weight_at : (K,) arrays
    offsets : tuple of (int, int)
        The taps' distances from a pixel's place (sh * qh, sw * qw) in x; of an input gradient, those of phase (0, 0).
    stride : (int, int)
        Of an input gradient: pixels of the result from one q to the next.
    phase_at : (phases of the result + 1,) array, or None
        Where the taps of each phase of an input gradient start.
    phases : (list of int, list of int)
        Rows and columns where the phases of an input gradient begin, without those that no tap meets.
    is_phased : bool
        Whether a pixel of the result is not simply q.
    has_gaps : bool
        Whether phases were left out.
    dilation : (int, int)
    """

    image: Image
    starts: np.ndarray
    qh: int
    qw: int
    source_at: np.ndarray
    weight_at: np.ndarray
    offsets: tuple[tuple[int, int], ...]
    stride: tuple[int, int] = (1, 1)
    phase_at: np.ndarray | None = None
    phases: tuple[list[int], list[int]] = ((0,), (0,))
    is_phased: bool = False
    has_gaps: bool = False
    dilation: tuple[int, int] = (1, 1)

    @property
    def long(self):
        """The pixels (rows, columns); they are one long row where the image is not wider."""
        return (1, self.qh * self.qw) if self.qw == self.image.columns else (self.qh, self.qw)


def _channel_offsets(channels, step, taps):
    """Return ``channel * step + tap`` for every channel and tap: (channels * taps,)."""
    offsets = np.arange(channels, dtype=np.int64)[:, None] * step + np.asarray(taps, np.int64)[None, :]
    return np.ascontiguousarray(offsets.reshape(-1))


@functools.lru_cache(maxsize=512)
def forward(channels, kernel_size, out_size, stride, padding, dilation):
    """Plan a convolution.

    Parameters
    ----------
    channels : int
        Input channels of one group.
    """
    (kh, kw), (oh, ow), (sh, sw), (ph, pw), (dh, dw) = kernel_size, out_size, stride, padding, dilation
    row_phases = sorted({i * dh % sh for i in range(kh)})
    column_phases = sorted({j * dw % sw for j in range(kw)})
    rows, columns = oh + (kh - 1) * dh // sh, ow + (kw - 1) * dw // sw
    image = Image(len(row_phases) * len(column_phases), rows, columns, sh, sw)
    starts = np.array([(a - ph, b - pw) for a in row_phases for b in column_phases], np.int64)
    taps = []
    for i in range(kh):
        for j in range(kw):
            phase = row_phases.index(i * dh % sh) * len(column_phases) + column_phases.index(j * dw % sw)
            taps.append((phase * rows + i * dh // sh) * columns + j * dw // sw)
    source_at = _channel_offsets(channels, image.plane, taps)
    weight_at = np.arange(source_at.size, dtype=np.int64)
    offsets = tuple((i * dh - ph, j * dw - pw) for i in range(kh) for j in range(kw))
    return Plan(image, starts, oh, ow, source_at, weight_at, offsets, dilation=dilation)


def _axis_phases(size, kernel, stride, padding, dilation):
    """List for each phase a: a and its taps ``(i, t)``: pixel q meets ``grad[q + t]`` through tap i.

    What this takes depends on the taps, not on the stride.
    """
    taps = {a: [] for a in range(min(stride, size))} if stride <= FEW_PHASES else {}
    for i in range(kernel):
        a = (i * dilation - padding) % stride
        if a < size:
            taps.setdefault(a, []).append((i, (a + padding - i * dilation) // stride))
    return sorted(taps.items())


def _places(filters, channels, kernel_size, image, low, row_taps, column_taps):
    """Return source_at and weight_at of the taps ``(i, r)`` and ``(j, t)`` of one phase of an input gradient."""
    kh, kw = kernel_size
    source = [(r - low[0]) * image.columns + t - low[1] for _, r in row_taps for _, t in column_taps]
    weight = [i * kw + j for i, _ in row_taps for j, _ in column_taps]
    return _channel_offsets(filters, image.plane, source), _channel_offsets(filters, channels * kh * kw, weight)


def _reach(phases, count):
    """Return the first and one past the last place of grad that ``count`` pixels of the phases meet."""
    steps = [t for _, taps in phases for _, t in taps]
    return (min(steps), max(steps) + count) if steps else (0, 0)


@functools.lru_cache(maxsize=512)
def input_grad(filters, channels, kernel_size, size, stride, padding, dilation):
    """Plan an input gradient; the taps of all phases of the input, one phase after the other.

    ``x[h]`` with ``h = a + s * q`` was met by tap i in the window ``oh = q + (a + p - i * d) / s`` if that is a whole
    number. So each phase a is a small stride-1 convolution of ``grad`` with the taps that divide. All phases are given
    the same pixels q: some of the last may lie outside the input.

    Parameters
    ----------
    filters, channels : int
        Output and input channels of one group.
    """
    axes = [_axis_phases(*axis) for axis in zip(size, kernel_size, stride, padding, dilation, strict=True)]
    qh, qw = (-(-length // step) for length, step in zip(size, stride, strict=True))
    (top, bottom), (left, right) = _reach(axes[0], qh), _reach(axes[1], qw)
    image = Image(1, bottom - top, right - left, 1, 1)
    places = [_places(filters, channels, kernel_size, image, (top, left), rows, columns)
              for _, rows in axes[0] for _, columns in axes[1]]  # fmt: skip
    phase_at = np.cumsum([0] + [source.size for source, _ in places])
    tables = (np.concatenate([np.zeros(0, np.int64), *tables]) for tables in zip(*places, strict=True))
    source_at, weight_at = tables if places else np.zeros((2, 0), np.int64)
    first = (taps[0][1] if taps else [] for taps in axes)
    offsets = tuple(itertools.product(*([t for _, t in taps] for taps in first)))
    phases = tuple([a for a, _ in taps] for taps in axes)
    counts = [min(step, length) for step, length in zip(stride, size, strict=True)]
    has_gaps = [len(starts) for starts in phases] != counts
    starts = np.array([[top, left]], np.int64)
    return Plan(image, starts, qh, qw, source_at, weight_at, offsets, stride, phase_at, phases, counts != [1, 1],
                has_gaps, dilation)  # fmt: skip


def unsplit(kernel_size, out_size, stride, dilation):
    """Return the image from the first pixel that a window meets to the last one."""
    axes = zip(kernel_size, out_size, stride, dilation, strict=True)
    return Image(1, *((o - 1) * s + (k - 1) * d + 1 for k, o, s, d in axes), 1, 1)


@functools.lru_cache(maxsize=512)
def weight_grad(channels, kernel_size, out_size, stride, padding, dilation, multiple):
    """Plan a weight gradient: the padded image (not split), and where each of its K taps starts, K rounded up."""
    (kh, kw), (dh, dw) = kernel_size, dilation
    image = unsplit(kernel_size, out_size, stride, dilation)
    columns = image.columns
    taps = [i * dh * columns + j * dw for i in range(kh) for j in range(kw)]
    offsets = _channel_offsets(channels, image.plane, taps)
    row_at = np.zeros(-(-offsets.size // multiple) * multiple, np.int64)
    row_at[: offsets.size] = offsets
    return image, np.array([[-padding[0], -padding[1]]], np.int64), row_at


def split_weight_grad(plan, multiple):
    """Return the same for the image as a convolution's plan splits it: without what lies between distant windows."""
    row_at = np.zeros(-(-plan.source_at.size // multiple) * multiple, np.int64)
    row_at[: plan.source_at.size] = plan.source_at
    return plan.image, plan.starts, row_at


def _pieces(rows, columns, multiple):
    """Cut pixels (rows, columns) into pieces of at most 8 neighbours in a row: return their rows and columns.

    The last piece of a row ends where the row ends, and overlaps the one before it. Their number is rounded up by
    repeating the last one.
    """
    starts = np.arange(0, max(1, columns - PIECE + 1), PIECE)
    if columns > PIECE and columns % PIECE:
        starts = np.append(starts, columns - PIECE)
    row, column = (axis.reshape(-1) for axis in np.meshgrid(np.arange(rows), starts, indexing="ij"))
    extra = -row.size % multiple
    return np.pad(row, (0, extra), mode="edge"), np.pad(column, (0, extra), mode="edge")


@functools.lru_cache(maxsize=512)
def count(size):
    """Return 0, 1, 2, ..."""
    return np.arange(size, dtype=np.int64)


def is_in_order(weight_at):
    """Tell whether the taps come as the weight's numbers do, every single one."""
    return np.array_equal(weight_at, np.arange(weight_at.size))


def tiles_table(offsets, weight_at):
    """Return ``tiles``'s table: the taps' distances from a pixel's place, rows and columns; then weight_at."""
    return np.concatenate((np.array(offsets, np.int64).T.flatten(), weight_at))


def framed(plan, offsets, weight_at):
    """Return the padded image in which all taps exist, not split, its start in x, and ``tiles``'s table."""
    taps = np.array(offsets, np.int64)
    start, reach = taps.min(0), np.ptp(taps, axis=0)
    rows, columns = ((size - 1) * step + more + 1 for size, step, more in
                     zip((plan.qh, plan.qw), (plan.image.sh, plan.image.sw), reach, strict=True))  # fmt: skip
    return Image(1, int(rows), int(columns), 1, 1), start[None], tiles_table(taps - start, weight_at)


def _long(plan):
    """Return how many pieces the rows of the padded image are, as one long row, up to the result's last pixel."""
    return -(-((plan.qh - 1) * plan.image.columns + plan.qw) // PIECE)


@functools.lru_cache(maxsize=512)
def shared_padding(plan, channels, width):
    """Return the plan in which a row's padding is that of the next one, too, if rows as one long row then pay."""
    image, left = plan.image, -int(plan.starts[0, 1])
    right = image.columns - left - width
    if image.phases > 1 or (image.sh, image.sw) != (1, 1) or min(left, right) <= 0:
        return plan
    image = image._replace(columns=width + max(left, right))
    taps = np.array(plan.offsets, np.int64) - plan.starts[0]
    source_at = _channel_offsets(channels, image.plane, taps[:, 0] * image.columns + taps[:, 1])
    shared = replace(plan, image=image, source_at=source_at)
    pays = plan.qw < image.columns and _long(shared) < plan.qh * -(-plan.qw // PIECE)
    return shared if pays else plan


@functools.lru_cache(maxsize=512)
def direct_table(plan, multiple, straight):
    """Return ``direct``'s table, the number of pieces, and the lanes from a row of the result to the next one.

    Unless the pieces go ``straight`` to the result, they may run over from one row to the next, or behind the image.
    """
    (rows, columns), across, long = plan.long, plan.image.columns, _long(plan)
    row, column = _pieces(rows, columns, multiple)
    if not straight and long < rows * -(-columns // PIECE):
        places = targets = np.minimum(np.arange(long + -long % multiple), long - 1) * PIECE
    else:
        places, across = row * across + column, max(columns, PIECE)
        targets = row * across + column
    table = np.concatenate((plan.source_at, places, targets, np.arange(multiple) * PIECE, plan.weight_at))
    return table, places.size, across


@functools.lru_cache(maxsize=512)
def phases_table(plan, multiple):
    """Return ``phases``'s table, the number of pieces and their width."""
    row, column = _pieces(plan.qh, plan.qw, multiple)
    places, aside = row * plan.image.columns + column, np.arange(multiple) * PIECE
    table = np.concatenate((plan.source_at, places, row, column, aside, *plan.phases, plan.phase_at, plan.weight_at))
    return table, row.size, min(plan.qw, PIECE)


def board(plan, room, most):
    """Return how many rows ``depthwise`` computes at once, how many more it reads, and the taps' places on its board.

    None where one row alone is more than ``most`` numbers, with what it reads.
    """
    image, results = plan.image, len(plan.phases[0]) * len(plan.phases[1])
    reach = image.rows - plan.qh
    row, more = (image.phases + results) * image.columns, image.phases * reach * image.columns
    if row + more > most:
        return None
    band = max(1, min(plan.qh, (room - more) // row))
    phase, place = np.divmod(plan.source_at, image.rows * image.columns)
    return band, reach, phase * (band + reach) * image.columns + place


@functools.lru_cache(maxsize=512)
def window(plan, channels, waste=WASTE):
    """Return where the 9 taps of a 3 x 3 window and its next channel lie in the weight, or None if that is no window.

    How many windows there are in an image, and where the first one starts in it, come with them. Where many of the last
    windows' pixels would be outside, they do not pay.
    """
    image, (dh, dw), count = plan.image, plan.dilation, plan.source_at.size // channels
    if dw > MOST_DILATED:
        return None
    at = [i * dh * image.columns + j * dw for i in range(3) for j in range(3)]
    one_phase = image.phases == 1 and not plan.is_phased
    if count != 9 or not one_phase or sorted(plan.source_at[:9]) != at or image.columns != plan.qw + 2 * dw:
        return None
    th, tw = ((size + 2 * step - 1) // (2 * step) for size, step in ((plan.qh, dh), (plan.qw, dw)))
    if 4 * th * tw * dh * dw > waste * plan.qh * plan.qw:
        return None
    corner, tap_at = plan.starts[0].tolist(), plan.weight_at[:9][np.argsort(plan.source_at[:9])]
    return th * tw * dh * dw, corner, tap_at, int(plan.weight_at[9] - plan.weight_at[0])


@functools.lru_cache(maxsize=512)
def strided_window(plan, channels):
    """Return the same for windows of 5 x 5, whose 3 x 3 taps have stride 2."""
    image, count = plan.image, plan.source_at.size // channels
    if (image.sh, image.sw) != (2, 2) or count != 9:
        return None
    top, left = plan.offsets[0]
    if plan.offsets != tuple((top + i, left + j) for i in range(3) for j in range(3)):
        return None
    th, tw = (plan.qh + 1) // 2, (plan.qw + 1) // 2
    if 4 * th * tw > LITTLE_WASTE * plan.qh * plan.qw:
        return None
    return th * tw, (top, left), plan.weight_at[:9], 9


def strided_grad_window(size, channels):
    """Return the same for an input gradient (N, channels, *size): windows of 3 x 3 make 4 x 4 pixels."""
    th, tw = ((length + 3) // 4 for length in size)
    if 16 * th * tw > LITTLE_WASTE * size[0] * size[1]:
        return None
    return th * tw, (0, 0), count(9), 9 * channels
