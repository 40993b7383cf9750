"""Two-dimensional convolution and its three gradients: which loops compute what.

::

    conv2d, conv2d_input_grad    pixels x filters, summed over taps:
                                   conv_winograd   3 x 3, stride 1, at least 32 channels and filters
                                   conv_direct     at most 32 filters per group
                                   conv_tiles      all others
    conv2d_weight_grad           conv_weight       taps x filters, summed over pixels

An input gradient is a convolution too: each of the stride's phases of the input is a small convolution of grad.
``conv_geometry`` computes the tables of offsets that make them all look alike.
"""

import numpy as np

from . import conv_direct, conv_tiles, conv_weight, conv_winograd, workspace
from . import conv_geometry as geometry
from .simd import DENSE_LANES, DENSE_ROWS, DIRECT_PIECES, DOT_ROWS, INDEXED_LANES, INDEXED_ROWS, SINGLE_PIECES
from .tasks import launch

#: Shares of the work to aim at.
TASKS = 64


def _plain(*arrays):
    """Return the arrays contiguous, aligned and writable: each other kind would be compiled anew."""
    return [a if a.flags.carray else np.require(a, requirements="CAW") for a in arrays]


def _padded(x, layout, starts, slack=0):
    """Return the padded, phase-split copy of x (N, C, H, W), or x itself if it needs none; and ``slack`` elements."""
    n, c, h, w = x.shape
    if layout.phases == 1 and (h, w) == (layout.rows, layout.columns) and not starts.any() and not slack:
        return x
    image = workspace.take("image", n * c * layout.plane + slack, x.dtype)
    launch(conv_tiles.pad, n * c, x, None, None, image, starts.reshape(-1), (*layout, h, w))
    return image


def _correlate(x, weight, weight_steps, rows, bias, plan, groups, out):
    """Compute every product of a plan: pad, pack, multiply."""
    layout, starts, products = plan
    n = x.shape[0]
    if _suits_winograd(plan, x.shape[1], rows, groups):
        _winograd(x, weight, weight_steps[1], rows, bias, plan, out)
        return
    direct = rows <= conv_direct.MOST_ROWS
    tile_rows = 1 if rows == 1 else DENSE_ROWS
    tiles = groups * -(-rows // tile_rows)
    image = _padded(x, layout, starts, geometry.PIECE if direct else 0)
    for product in products:
        packed = workspace.take("weights", tiles * (product.source_at.size + 1) * tile_rows, x.dtype)
        numbers = (rows, tile_rows, *weight_steps)
        launch(conv_tiles.pack, tiles, weight, bias, None, packed, product.weight_at, numbers)
        grid = product.grid
        if grid.qw == layout.columns and (grid.out_row, grid.out_column) == (grid.qw, 1):
            grid = grid._replace(qh=1, qw=grid.qh * grid.qw, out_row=grid.qh * grid.qw)  # one long row
        multiply = _multiply_directly if direct else _multiply
        multiply(n, image, layout, x.shape[1], packed, product, grid, rows, bias is not None, groups, out)


def _suits_winograd(plan, channels, rows, groups):
    """Tell whether a plan is one 3 x 3 convolution of stride 1 with enough channels."""
    layout, _, products = plan
    if groups > 1 or min(channels, rows) < conv_winograd.LEAST or len(products) > 1 or layout.phases > 1:
        return False
    taps = products[0].source_at[: products[0].source_at.size // channels]
    window = [i * layout.columns + j for i in range(3) for j in range(3)]
    return taps.size == 9 and sorted(taps) == window and layout.columns == products[0].grid.qw + 2


def _winograd(x, weight, row_step, rows, bias, plan, out):
    """Compute a plan's only product with fewer multiplications."""
    _, starts, (product,) = plan
    (n, c), (oh, ow) = x.shape[:2], out.shape[2:]
    split = geometry.Image(4, (oh + 1) // 2 + 1, (ow + 1) // 2 + 1, 2, 2)
    phases = starts + np.array([(0, 0), (0, 1), (1, 0), (1, 1)])
    image = _padded(x, split, phases, geometry.PIECE)
    order = np.argsort(product.source_at[:9])
    tap_at, channel_step = product.weight_at[:9][order], product.weight_at[9] - product.weight_at[0]
    row_tiles = -(-rows // DENSE_ROWS)
    packed = workspace.take("weights", 16 * row_tiles * DENSE_ROWS * c, x.dtype)
    numbers = (rows, c, row_step, channel_step)
    launch(conv_winograd.transform_weights, row_tiles * c, weight, None, None, packed, tap_at, numbers)
    windows = n * (split.rows - 1) * (split.columns - 1)
    launch(conv_winograd.correlate, -(-windows // DENSE_LANES), image, packed, bias, out, None, (n, c, rows, oh, ow))


def _multiply(n, image, layout, channels, packed, product, grid, rows, has_bias, groups, out):
    """Compute one product with panels: many filters per group."""
    tiles = -(-n * grid.qh * grid.qw // DENSE_LANES)
    chunk = max(1, tiles * groups // TASKS)
    chunks = -(-tiles // chunk)
    steps = (channels * layout.plane, channels // groups * layout.plane)
    numbers = (*grid, n, layout.columns, *steps, rows, has_bias, out[0].size, out[0, 0].size, chunk, chunks)
    launch(conv_tiles.correlate, groups * chunks, image, packed, None, out, product.source_at, numbers)


def _multiply_directly(n, image, layout, channels, packed, product, grid, rows, has_bias, groups, out):
    """Compute one product without panels: few filters per group."""
    multiple = SINGLE_PIECES if rows == 1 else DIRECT_PIECES
    places, targets = geometry.pieces(grid, layout.columns, multiple)
    aside = np.arange(multiple) * geometry.PIECE
    table = np.concatenate((product.source_at, places, targets, aside))
    width = min(grid.qw, geometry.PIECE)
    chunk = multiple * max(1, places.size * n * groups // TASKS // multiple)
    chunks = -(-places.size // chunk)
    steps = (channels * layout.plane, channels // groups * layout.plane)
    numbers = (product.source_at.size, places.size, width, grid.out_column, groups, rows, *steps, out[0].size,
               out[0, 0].size, chunk, chunks)  # fmt: skip
    launch(conv_direct.correlate, n * groups * chunks, image, packed, None, out, table, numbers)


def conv2d(x, weight, bias, stride, padding, dilation, groups):
    """Return the convolution of x (N, C, H, W) with weight (F, C/groups, KH, KW): (N, F, OH, OW).

    ``out[n, f, oh, ow] = bias[f] + sum over c, i, j of
    weight[f, c, i, j] * padded[n, c, oh * sh + i * dh, ow * sw + j * dw]``
    """
    x, weight = _plain(x, weight)
    n, _, h, w = x.shape
    f, cg, kh, kw = weight.shape
    oh = (h + 2 * padding[0] - dilation[0] * (kh - 1) - 1) // stride[0] + 1
    ow = (w + 2 * padding[1] - dilation[1] * (kw - 1) - 1) // stride[1] + 1
    out = np.empty((n, f, oh, ow), x.dtype)
    if out.size == 0:
        return out
    bias = None if bias is None else _plain(bias)[0]
    plan = geometry.forward(cg, (kh, kw), (oh, ow), stride, padding, dilation)
    _correlate(x, weight, (f // groups * cg * kh * kw, cg * kh * kw), f // groups, bias, plan, groups, out)
    return out


def conv2d_input_grad(grad, weight, input_size, stride, padding, dilation, groups):
    """Return the gradient for x (N, C, H, W), given the gradient (N, F, OH, OW) for the result.

    ``out[n, c, h, w]`` sums ``grad[n, f, oh, ow] * weight[f, c, i, j]`` over the windows and taps that met the pixel:
    ``h = oh * sh + i * dh - ph``, and the same for w. It is also the transposed convolution of ``grad``.
    """
    grad, weight = _plain(grad, weight)
    n, f, _, _ = grad.shape
    _, cg, kh, kw = weight.shape
    h, w = input_size
    plan = geometry.input_grad(f // groups, cg, (kh, kw), (h, w), stride, padding, dilation)
    covered = all(product.source_at.size for product in plan[2])
    out = (np.empty if covered else np.zeros)((n, cg * groups, h, w), grad.dtype)
    if out.size == 0 or grad.size == 0:
        return np.zeros_like(out)
    plan = (*plan[:2], tuple(product for product in plan[2] if product.source_at.size))
    steps = (f // groups * cg * kh * kw, kh * kw)
    _correlate(grad, weight, steps, cg, None, plan, groups, out)
    return out


def conv2d_weight_grad(grad, x, kernel_size, stride, padding, dilation, groups):
    """Return the gradient for weight (F, C/groups, KH, KW), given the gradient (N, F, OH, OW) for the result.

    ``out[f, c, i, j] = sum over n, oh, ow of grad[n, f, oh, ow] * padded[n, c, oh * sh + i * dh, ow * sw + j * dw]``
    """
    grad, x = _plain(grad, x)
    n, f, oh, ow = grad.shape
    c = x.shape[1]
    cg = c // groups
    out = np.empty((f, cg, *kernel_size), grad.dtype)
    if grad.size == 0 or out.size == 0:
        return np.zeros_like(out)
    if cg == 1:
        _depthwise_weight_grad(grad, x, kernel_size, stride, padding, dilation, groups, out)
        return out
    plan = geometry.weight_grad(cg, kernel_size, (oh, ow), stride, padding, dilation, INDEXED_ROWS)
    layout, starts, row_at = plan
    tiles = groups * -(-(f // groups) // INDEXED_LANES)
    shares = max(1, min(conv_weight.TASKS // tiles, n * oh * ow // conv_weight.DEPTH))
    partial = workspace.take("partial", tiles * shares * row_at.size * INDEXED_LANES, x.dtype)
    numbers = (n, f, oh, ow, groups, stride[0] * layout.columns, stride[1], c * layout.plane, shares)
    launch(conv_weight.share, tiles * shares, grad, _padded(x, layout, starts), None, partial, row_at, numbers)
    launch(conv_weight.combine, f, partial, None, None, out, row_at, (f // groups, out[0].size, shares))
    return out


def _depthwise_weight_grad(grad, x, kernel_size, stride, padding, dilation, groups, out):
    """Compute the weight gradient where each filter sees one channel."""
    n, f, oh, ow = grad.shape
    layout, starts, (product,) = geometry.forward(1, kernel_size, (oh, ow), stride, padding, dilation)
    taps = product.source_at
    slots = -(-taps.size // DOT_ROWS) * DOT_ROWS
    places, targets = geometry.whole_pieces((oh, ow), layout.columns)
    table = np.concatenate((np.resize(taps, slots), places, targets))
    numbers = (n, f, oh, ow, groups, taps.size, slots, places.size, layout.columns, layout.plane)
    launch(conv_weight.single, f, grad, _padded(x, layout, starts), None, out, table, numbers)


def conv2d_bias_grad(grad):
    """Return the gradient for bias (F,): the sum of grad (N, F, OH, OW) over images and pixels."""
    (grad,) = _plain(grad)
    out = np.empty(grad.shape[1], grad.dtype)
    launch(
        conv_weight.bias_grad, out.size, grad, None, None, out, None, (*grad.shape[:2], grad.shape[2] * grad.shape[3])
    )
    return out
