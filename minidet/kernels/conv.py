"""Two-dimensional convolution and its three gradients: which loops compute what.

::

    conv2d, conv2d_input_grad    pixels x filters, summed over taps:
                                   conv_winograd   3 x 3, stride 1, dilation 1 or 2, at least 16 channels and filters
                                   conv_direct     at most 32 filters per group
                                   conv_phases     input gradient with a stride
                                   conv_tiles      all others
    conv2d_weight_grad           taps x filters, summed over pixels:
                                   conv_winograd_weight   3 x 3, stride 1, no dilation, at least 16 channels, 24 filters
                                   conv_weight            all others

An input gradient is a convolution too: each of the stride's phases of the input is a small convolution of grad.
``conv_geometry`` computes the tables of offsets that make them all look alike.
"""

import numpy as np

from . import conv_direct, conv_gather, conv_phases, conv_tiles, conv_weight, conv_winograd, workspace
from . import conv_geometry as geometry
from . import conv_winograd_weight as winograd_weight
from .simd import (
    DENSE_LANES,
    DENSE_ROWS,
    DIRECT_PIECES,
    DIRECT_ROWS,
    DOT_ROWS,
    INDEXED_LANES,
    INDEXED_ROWS,
    NARROW_ROWS,
    SINGLE_PIECES,
)
from .tasks import THREADS, launch

#: Shares of the work to aim at, at least and at most; a share of this much work is worth what it takes to begin it.
FEWEST, TASKS, SHARE = 8, 64, 1 << 16
#: Most weights of which each thread packs a copy of its own.
OWN = 1 << 18


def plain(*arrays):
    """Return the arrays contiguous, aligned and writable: each other kind would be compiled anew."""
    return [a if a.flags.carray else np.require(a, requirements="CAW") for a in arrays]


def _padded(x, layout, starts, slack=0):
    """Return the padded, phase-split copy of x (N, C, H, W), or x itself if it needs none; and ``slack`` elements."""
    n, c, h, w = x.shape
    if layout.phases == 1 and (h, w) == (layout.rows, layout.columns) and not starts.any() and not slack:
        return x
    size = n * c * layout.plane + slack
    image = workspace.take("image", size, x.dtype)
    launch(conv_tiles.pad, n * c, x, None, None, image, starts.reshape(-1), (*layout, h, w), size)
    return image


def _correlate(x, weight, weight_steps, rows, bias, plan, groups, out):
    """Compute what a plan describes: pad, pack, multiply."""
    n, channels = x.shape[:2]
    if groups == 1 and min(channels, rows) >= conv_winograd.LEAST:
        window = geometry.window(plan, channels)
        if window:
            _winograd(x, weight, weight_steps[1], rows, bias, plan.dilation, window, out)
            return
    phases = plan.phase_at is not None and plan.phase_at.size > 2
    direct = phases or rows <= conv_direct.MOST_ROWS
    tile_rows = (1 if rows == 1 and not phases else DIRECT_ROWS) if direct else DENSE_ROWS
    packed = _Packed(weight, weight_steps, rows, tile_rows, bias, plan, groups)
    if not direct:
        _multiply(x, packed, plan, rows, bias is not None, groups, out)
        return
    columns = plan.qw if phases else plan.long[1]
    narrow = columns < geometry.PIECE  # then the last piece's excess lies behind the image
    image = _padded(x, plan.image, plan.starts, geometry.PIECE if narrow else 0)
    steps = (channels * plan.image.plane, channels // groups * plan.image.plane)
    multiply = _multiply_phases if phases else _multiply_directly
    multiply(n, image, steps, packed, plan, rows, groups, out)


class _Packed:
    """Weights in the order in which tiles read them: a copy for each thread, which makes it, or one for all.

    A thread's own copy needs no launch, and is in its own caches.
    """

    def __init__(self, weight, weight_steps, rows, tile_rows, bias, plan, groups):
        tiles, taps, filters = groups * -(-rows // tile_rows), plan.source_at.size, groups * rows
        size = tiles * (taps + 1) * tile_rows
        own = size <= OWN
        whole = size * (THREADS if own else 1) + filters
        self.weight, self.array = weight, workspace.take("weights", whole, weight.dtype)[:whole]
        biases = self.array[whole - filters :]
        biases[:] = 0 if bias is None else bias
        numbers = (rows, tile_rows, *weight_steps)
        self.numbers = (*numbers, groups, taps, size if own else 0)
        self.before = conv_tiles.pack_own if own else None
        if not own:
            launch(conv_tiles.pack, tiles, weight, biases, None, self.array, plan.weight_at, numbers, size)

    def launch(self, task, count, image, out, table, numbers, work):
        """Launch a kernel that reads the packed weights."""
        launch(task, count, image, self.weight, self.array, out, table, (*numbers, *self.numbers), work, self.before)


def _work(out, plan):
    """Return the work of a product, as ``tasks.launch`` counts it."""
    return out.size * plan.source_at.size // 16


def _shares(out, plan):
    """Return how many tasks to cut a product into."""
    return min(TASKS, max(FEWEST, _work(out, plan) // SHARE))


def _winograd(x, weight, row_step, rows, bias, dilation, window, out):
    """Compute a plan with fewer multiplications."""
    count, corner, tap_at, channel_step = window
    (n, c, h, w), (oh, ow) = x.shape, out.shape[2:]
    row_tiles = -(-rows // DENSE_ROWS)
    size = 16 * row_tiles * DENSE_ROWS * c
    packed = workspace.take("weights", size, x.dtype)
    numbers = (rows, c, row_step, channel_step)
    launch(conv_winograd.transform_weights, row_tiles, weight, None, None, packed, tap_at, numbers, size)
    numbers = (n, c, rows, oh, ow, *dilation, h, w, *corner)
    launch(conv_winograd.correlate, -(-n * count // DENSE_LANES), x, packed, bias, out, None, numbers)


def _multiply(x, packed, plan, rows, has_bias, groups, out):
    """Multiply with panels: many filters and channels per group."""
    n, channels, h, w = x.shape
    qh, qw = plan.qh, plan.qw
    if plan.offsets == ((0, 0),) and (qh, qw) == (h, w):  # one long row
        qh, qw, h, w = 1, qh * qw, 1, h * w
    tiles = -(-n * qh * qw // conv_gather.WIDE)
    chunks = min(tiles, max(1, _shares(out, plan) // groups))
    sizes = (n, channels, channels // groups, h, w)
    out_steps = (out[0].size, out[0, 0].size)
    if channels // groups < conv_tiles.FEW_CHANNELS and min(plan.offsets) < (0, 0):
        frame, starts, table = geometry.framed(plan)
        x, sizes = _padded(x, frame, starts, geometry.PIECE), (*sizes[:3], frame.rows, frame.columns)
    else:
        table = geometry.tiles_table(plan)
    numbers = (qh, qw, plan.image.sh, plan.image.sw, *sizes, rows, has_bias, *out_steps, chunks)
    packed.launch(conv_tiles.correlate, groups * chunks, x, out, table, numbers, _work(out, plan))


def _multiply_directly(n, image, steps, packed, plan, rows, groups, out):
    """Multiply without panels: few filters per group."""
    multiple = SINGLE_PIECES if rows == 1 else DIRECT_PIECES
    table, pieces, width = geometry.direct_table(plan, multiple)
    chunk = multiple * max(1, pieces * n * groups // _shares(out, plan) // multiple)
    chunks = -(-pieces // chunk)
    numbers = (plan.source_at.size, pieces, width, groups, rows, *steps, out[0].size, out[0, 0].size, chunk, chunks)
    packed.launch(conv_direct.correlate, n * groups * chunks, image, out, table, numbers, _work(out, plan))


def _multiply_phases(n, image, steps, packed, plan, rows, groups, out):
    """Multiply all phases of a result with strides."""
    table, pieces, width = geometry.phases_table(plan, DIRECT_PIECES)
    chunk = DIRECT_PIECES * max(1, pieces * n * groups // _shares(out, plan) // DIRECT_PIECES)
    chunks = -(-pieces // chunk)
    h, w = out.shape[2:]
    numbers = (plan.source_at.size, pieces, width, groups, rows, *steps, h, w, *plan.stride, chunk, chunks)
    packed.launch(conv_phases.correlate, n * groups * chunks, image, out, table, numbers, _work(out, plan))


def conv2d(x, weight, bias, stride, padding, dilation, groups):
    """Return the convolution of x (N, C, H, W) with weight (F, C/groups, KH, KW): (N, F, OH, OW).

    ``out[n, f, oh, ow] = bias[f] + sum over c, i, j of
    weight[f, c, i, j] * padded[n, c, oh * sh + i * dh, ow * sw + j * dw]``
    """
    x, weight = plain(x, weight)
    n, _, h, w = x.shape
    f, cg, kh, kw = weight.shape
    oh = (h + 2 * padding[0] - dilation[0] * (kh - 1) - 1) // stride[0] + 1
    ow = (w + 2 * padding[1] - dilation[1] * (kw - 1) - 1) // stride[1] + 1
    out = np.empty((n, f, oh, ow), x.dtype)
    if out.size == 0:
        return out
    bias = None if bias is None else plain(bias)[0]
    plan = geometry.forward(cg, (kh, kw), (oh, ow), stride, padding, dilation)
    _correlate(x, weight, (f // groups * cg * kh * kw, cg * kh * kw), f // groups, bias, plan, groups, out)
    return out


def conv2d_input_grad(grad, weight, input_size, stride, padding, dilation, groups, out=None):
    """Return the gradient for x (N, C, H, W), given the gradient (N, F, OH, OW) for the result; write it to ``out``.

    ``out[n, c, h, w]`` sums ``grad[n, f, oh, ow] * weight[f, c, i, j]`` over the windows and taps that met the pixel:
    ``h = oh * sh + i * dh - ph``, and the same for w. It is also the transposed convolution of ``grad``.
    """
    grad, weight = plain(grad, weight)
    n, f, _, _ = grad.shape
    _, cg, kh, kw = weight.shape
    h, w = input_size
    plan = geometry.input_grad(f // groups, cg, (kh, kw), (h, w), stride, padding, dilation)
    out = np.empty((n, cg * groups, h, w), grad.dtype) if out is None else out
    if grad.size == 0 or plan.source_at.size == 0:
        out[...] = 0
    elif out.size:
        steps = (f // groups * cg * kh * kw, kh * kw)
        _correlate(grad, weight, steps, cg, None, plan, groups, out)
    return out


def conv2d_weight_grad(grad, x, kernel_size, stride, padding, dilation, groups):
    """Return the gradient for weight (F, C/groups, KH, KW), given the gradient (N, F, OH, OW) for the result.

    ``out[f, c, i, j] = sum over n, oh, ow of grad[n, f, oh, ow] * padded[n, c, oh * sh + i * dh, ow * sw + j * dw]``
    """
    grad, x = plain(grad, x)
    n, f, oh, ow = grad.shape
    c = x.shape[1]
    cg = c // groups
    out = np.empty((f, cg, *kernel_size), grad.dtype)
    if grad.size == 0 or out.size == 0:
        return np.zeros_like(out)
    if cg == 1:
        _depthwise_weight_grad(grad, x, kernel_size, stride, padding, dilation, groups, out)
        return out
    if groups == 1 and dilation == (1, 1) and c >= conv_winograd.LEAST and f >= winograd_weight.LEAST:
        plan = geometry.forward(c, kernel_size, (oh, ow), stride, padding, dilation)
        window = geometry.window(plan, c, geometry.LITTLE_WASTE)
        if window:
            _winograd_weight_grad(grad, x, window, out)
            return out
    lanes = conv_weight.tile_lanes(f // groups)
    rows = INDEXED_ROWS if lanes == INDEXED_LANES else NARROW_ROWS
    layout, starts, row_at = geometry.weight_grad(cg, kernel_size, (oh, ow), stride, padding, dilation, rows)
    tiles = groups * -(-(f // groups) // lanes)
    shares = max(1, min(conv_weight.TASKS // tiles, n * oh * ow // conv_weight.DEPTH))
    partial = workspace.take("partial", tiles * shares * row_at.size * lanes, x.dtype)
    numbers = (n, f, oh, ow, groups, stride[0] * layout.columns, stride[1], c * layout.plane, shares, lanes)
    launch(
        conv_weight.share,
        tiles * shares,
        grad,
        _padded(x, layout, starts),
        None,
        partial,
        row_at,
        numbers,
        grad.size * row_at.size // 16,
    )
    _combine(partial, f // groups, tiles, shares, lanes, row_at, out)
    return out


def _combine(partial, filters, tiles, shares, lanes, row_at, out):
    """Add the shares of a weight gradient."""
    taps = out[0].size
    chunk = max(1, taps * tiles // TASKS)
    chunks = -(-taps // chunk)
    numbers = (filters, taps, shares, chunk, chunks, lanes)
    launch(conv_weight.combine, tiles * chunks, partial, None, None, out, row_at, numbers, out.size * shares)


def _winograd_weight_grad(grad, x, window, out):
    """Compute the weight gradient with fewer multiplications."""
    count, corner, _, _ = window
    (n, f, oh, ow), c = grad.shape, x.shape[1]
    lanes, most, windows = INDEXED_LANES, winograd_weight.WINDOWS, n * count
    tiles = -(-f // lanes)
    chunks, blocks = -(-tiles // winograd_weight.TILES) * -(-c // winograd_weight.CHANNELS), -(-windows // most)
    shares = max(1, min(conv_weight.TASKS // chunks, max(blocks // 2, min(blocks, 4))))
    partial = workspace.take("partial", tiles * shares * c * 9 * lanes, x.dtype)
    numbers = (n, f, c, oh, ow, shares, *x.shape[2:], *corner)
    launch(winograd_weight.share, shares * chunks, grad, x, None, partial, geometry.count(most), numbers)
    _combine(partial, f, tiles, shares, lanes, geometry.count(c * 9), out)


def _depthwise_weight_grad(grad, x, kernel_size, stride, padding, dilation, groups, out):
    """Compute the weight gradient where each filter sees one channel."""
    n, f, oh, ow = grad.shape
    plan = geometry.forward(1, kernel_size, (oh, ow), stride, padding, dilation)
    table, pieces = geometry.single_table(plan, DOT_ROWS)
    taps = plan.source_at.size
    slots, image = table.size - 2 * pieces, _padded(x, plan.image, plan.starts)
    numbers = (n, f, oh, ow, groups, taps, slots, pieces, plan.image.columns, plan.image.plane)
    launch(conv_weight.single, f, grad, image, None, out, table, numbers, grad.size * slots // 16)


def conv2d_bias_grad(grad):
    """Return the gradient for bias (F,): the sum of grad (N, F, OH, OW) over images and pixels."""
    (grad,) = plain(grad)
    out = np.empty(grad.shape[1], grad.dtype)
    numbers = (*grad.shape[:2], grad.shape[2] * grad.shape[3])
    launch(conv_weight.bias_grad, out.size, grad, None, None, out, None, numbers, grad.size)
    return out
