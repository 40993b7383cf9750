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
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

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


def channel_offsets(channels, step, taps):
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
    source_at = channel_offsets(channels, image.plane, taps)
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
    return channel_offsets(filters, image.plane, source), channel_offsets(filters, channels * kh * kw, weight)


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
    offsets = channel_offsets(channels, image.plane, taps)
    row_at = np.zeros(-(-offsets.size // multiple) * multiple, np.int64)
    row_at[: offsets.size] = offsets
    return image, np.array([[-padding[0], -padding[1]]], np.int64), row_at


def split_weight_grad(plan, multiple):
    """Return the same for the image as a convolution's plan splits it: without what lies between distant windows."""
    row_at = np.zeros(-(-plan.source_at.size // multiple) * multiple, np.int64)
    row_at[: plan.source_at.size] = plan.source_at
    return plan.image, plan.starts, row_at


@functools.lru_cache(maxsize=512)
def count(size):
    """Return 0, 1, 2, ..."""
    return np.arange(size, dtype=np.int64)
