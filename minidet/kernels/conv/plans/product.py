"""What the kernels need to know of a convolution or an input gradient: found once for its shapes, then kept.

Most of a small convolution's time would be spent on finding it again. A product is pixels x filters, summed over taps:
``make`` chooses the kernel, and one function for each says what it is given, as the text of that kernel explains.
"""

import itertools

import numpy as np

from ...launch.tasks import THREADS
from ...simd.tiles import DENSE_LANES, DENSE_ROWS, DIRECT_PIECES, DIRECT_ROWS, MOVE, STRIDED_LANES
from .. import direct as conv_direct
from .. import few, gather, pointwise
from .. import phases as conv_phases
from .. import tiles as conv_tiles
from ..winograd import strided as winograd_strided
from ..winograd import unstrided as winograd
from . import near, planes, tables
from .launches import FEWEST, Few, Groups, Packing, Panels, Phases, Product, Windows, pads, tasks_for

#: Pixels of a padded copy that is not split, for one of the image: large strides over padding need more.
MOST_FRAMED = 16
#: Most pixels of all images for which pieces of several images share a tile.
MOST_TOGETHER = 512
#: Most regions of an image, and the share of the products that they may leave.
MOST_REGIONS, SAVED = 9, 0.8


def make(size, weight_steps, rows, out_size, has_bias, plan, groups, is_strided_grad=False, is_kept=False):
    """Choose the kernel for a plan.

    Parameters
    ----------
    size, out_size : tuple of int
        Shape of x, and of the result.
    weight_steps : (int, int)
        From one group's weights to the next one's, and from one row to the next.
    rows : int
        Of a group's result.
    is_strided_grad : bool
        It is the input gradient of a 3 x 3 convolution with stride 2, padding 1, no dilation.
    is_kept : bool
        What is made of the weights serves later calls, too: it costs nothing.
    """
    channels = size[1]
    if rows == 1 and groups == channels:
        product = planes.product(size, out_size, weight_steps[0], plan)
        if product is not None:
            return product
    pixels, weights = size[0] * plan.qh * plan.qw, rows * plan.source_at.size
    is_few = groups == 1 and plan.source_at.size >= few.TAPS and few.is_worth_it(pixels, weights)
    is_heavy = is_few and weights >= few.HEAVY and not is_kept
    is_turned = weight_steps[1] < plan.source_at.size  # an input gradient's row has its weights far apart
    if groups == 1 and min(channels, rows) >= winograd.LEAST and not (is_heavy and is_turned):
        window, strided = tables.window(plan, channels), None
        if not (window or is_heavy):
            strided = (
                tables.strided_grad_window(out_size[2:], rows)
                if is_strided_grad
                else tables.strided_window(plan, channels)
            )
        least = few.LEAST_WINDOWS if is_heavy else winograd.LEAST_WINDOWS
        windows = size[0] * (window or strided or (0,))[0]
        if windows >= least or (window and is_kept and winograd.saves(windows, pixels)):
            return _winograd(size, weight_steps[1], rows, out_size, plan, window, strided, is_strided_grad)
    if is_few:
        return _few(size, rows, out_size, weight_steps[1], plan)
    if groups > 1 and min(channels // groups, rows) >= winograd.LEAST:
        one = (1, channels // groups, *size[2:]), weight_steps, rows, (1, rows, *out_size[2:])
        product = make(*one, has_bias, plan, 1, is_strided_grad)
        if product.kernel in (winograd.correlate, winograd_strided.correlate):
            return Groups(product, groups)
    if _is_long(size, plan) and pointwise.is_worth_it(channels // groups, plan.qh * plan.qw, rows):
        return _pointwise(size, weight_steps, rows, has_bias, plan, groups)
    phases = plan.is_phased
    is_direct = conv_direct.is_worth_it(rows, plan.long[1], channels // groups, len(plan.offsets), plan.image.phases)
    if rows > conv_phases.most_rows(plan.qw) if phases else not is_direct:
        return _tiles(size, weight_steps, rows, out_size, has_bias, plan, groups)
    work = int(np.prod(out_size)) * plan.source_at.size // 16
    tile_rows = DIRECT_ROWS if phases else conv_direct.tile_rows(rows)
    packing = _packing(rows, tile_rows, weight_steps, groups, plan.weight_at)
    return (_phases if phases else _direct)(size, rows, out_size, plan, groups, packing, work)


def _is_long(size, plan):
    """Tell whether every pixel meets itself only: an image is then one long row."""
    itself = (((0, 0),), (1, 1), size[2:])
    return (plan.offsets, (plan.image.sh, plan.image.sw), (plan.qh, plan.qw)) == itself and not plan.is_phased


def _packing(rows, tile_rows, weight_steps, groups, weight_at):
    """Return how weights are packed for tiles of so many rows."""
    tiles, taps = groups * -(-rows // tile_rows), weight_at.size
    numbers = (rows, tile_rows, *weight_steps, groups, tables.is_in_order(weight_at), taps)
    size = tiles * (taps + 1) * tile_rows
    return Packing(conv_tiles.pack, conv_tiles.pack_own, tiles, size, groups * rows, numbers, weight_at)


def shared_out(tiles, units):
    """Return how many tasks have up to ``units`` tiles, which use weights from memory together: each thread as many."""
    return min(tiles, -(-tiles // units // THREADS) * THREADS)


def _each_phase(channels, out_pixels, plan):
    """List the phases of an input gradient that a tap meets: pixels, the taps' distances, ``weight_at``, and ``grid``.

    A convolution is one phase, whose pixels are one long row in the result. See ``tiles.scatter`` for the grid. Also
    return whether there are pixels in no phase.
    """
    pixels = plan.qh, plan.qw
    if not plan.is_phased:
        count = plan.qh * plan.qw
        return [(pixels, plan.offsets, plan.weight_at, (count, 1, count, 1, 1, 0, 0))], False
    phases, (top, left) = [], plan.starts[0]
    for begin, first, last in zip(itertools.product(*plan.phases), plan.phase_at[:-1], plan.phase_at[1:], strict=True):
        rows, columns = np.divmod(plan.source_at[first : first + (last - first) // channels], plan.image.columns)
        offsets = tuple(zip((rows + top).tolist(), (columns + left).tolist(), strict=True))
        if offsets:
            phases.append((pixels, offsets, plan.weight_at[first:last], (plan.qw, *out_pixels, *plan.stride, *begin)))
    return phases, plan.has_gaps or len(phases) < len(plan.phases[0]) * len(plan.phases[1])


def _regions(size, plan):
    """List the regions of a convolution's pixels that meet the same taps, as phases; None if that saves too little."""
    if plan.is_phased:
        return None
    steps, weight_at = (plan.image.sh, plan.image.sw), plan.weight_at.reshape(size[1], -1)
    axes = []
    for axis, (length, step, count) in enumerate(zip(size[2:], steps, (plan.qh, plan.qw), strict=True)):
        met = [tuple(0 <= step * q + there[axis] < length for there in plan.offsets) for q in range(count)]
        axes.append([(kept, len(list(run))) for kept, run in itertools.groupby(met)])
    if len(axes[0]) * len(axes[1]) > MOST_REGIONS:
        return None
    regions, products, top = [], 0, 0
    for kept_rows, height in axes[0]:
        left = 0
        for kept_columns, width in axes[1]:
            kept = np.flatnonzero(np.logical_and(kept_rows, kept_columns))
            offsets = tuple((plan.offsets[k][0] + steps[0] * top, plan.offsets[k][1] + steps[1] * left) for k in kept)
            grid = width, plan.qh, plan.qw, 1, 1, top, left
            regions.append(((height, width), offsets, weight_at[:, kept].reshape(-1), grid))
            products += -(-size[0] * height * width // MOVE) * len(kept)
            left += width
        top += height
    whole = -(-size[0] * plan.qh * plan.qw // MOVE) * len(plan.offsets)
    return regions if all(taps for _, taps, _, _ in regions) and products < SAVED * whole else None


def _few(size, rows, out_size, row_step, plan):
    """Use panels of all pixels, and the weights where they lie."""
    regions, tasks = _regions(size, plan), min(-(-rows // DENSE_ROWS), FEWEST)
    phases, has_gaps = (regions, False) if regions else _each_phase(size[1], out_size[2:], plan)
    panels, entries, units, work, at, table_at = [], [], 0, 0, 0, few.ENTRY * len(phases)
    for pixels, offsets, weight_at, grid in phases:
        count = pixels[0] * pixels[1]
        panels.append(Panels(size, pixels, (plan.image.sh, plan.image.sw), offsets))
        entries.append((count, len(offsets), at, table_at, *grid))
        at, table_at, units = at + panels[-1].size, table_at + weight_at.size, units - (-size[0] * count // DENSE_LANES)
        work += size[0] * count * rows * weight_at.size // 16
    table = np.concatenate((np.array(entries, np.int64).reshape(-1), *(phase[2] for phase in phases)))
    block = max(1, few.DEPTH // max(entry[1] for entry in entries))
    numbers = (size[0], size[1], rows, row_step, tasks, len(phases), units, block)
    return Few(panels, tasks, table, numbers, work, has_gaps)


def _winograd(size, row_step, rows, out_size, plan, window, strided, is_strided_grad):
    """Use fewer multiplications."""
    kernel, lanes = (winograd, DENSE_LANES) if window else (winograd_strided, STRIDED_LANES)
    count, corner, tap_at, channel_step = window or strided
    n, c, h, w = size
    row_tiles = -(-rows // DENSE_ROWS)
    numbers, whole = (
        (not window, rows, c, row_step, channel_step),
        16 * (row_tiles * DENSE_ROWS * c + winograd.APART),
    )
    packing = Packing(winograd.transform_weights, winograd.transform_all, row_tiles, whole, rows, numbers, tap_at)
    numbers = (n, c, rows, *out_size[2:], h, w, *corner, *(plan.dilation if window else (is_strided_grad,)))
    tasks, prepare = -(-n * count // lanes), None
    if window:
        units, groups, chunks, block = tasks, tasks, 1, winograd.TILES
        if whole >= winograd.VAST or units < 2 * THREADS:
            groups, block = -(-units // winograd.UNITS), winograd.MORE_TILES
            if groups >= THREADS:
                groups = shared_out(units, winograd.UNITS)
            else:  # the filters are shared out, too
                chunks = min(-(-THREADS // groups), row_tiles)
        numbers, tasks = (*numbers, groups, chunks, chunks > 1, min(block, row_tiles)), groups * chunks
        prepare = Windows(units, c, numbers).fill if chunks > 1 else None
    return Product(kernel.correlate, tasks, numbers, tap_at, packing, int(np.prod(out_size)) * c, prepare)


def _tiles(size, weight_steps, rows, out_size, has_bias, plan, groups):
    """Use panels: many filters and channels per group."""
    n, channels, h, w = size
    products, pixels = [], out_size[2] * out_size[3]
    steps, is_long = (plan.image.sh, plan.image.sw), _is_long(size, plan)
    phases, has_gaps = _each_phase(channels // groups, out_size[2:], plan)
    for (qh, qw), offsets, weight_at, grid in phases:
        h, w, prepare, taps = *size[2:], None, weight_at.size
        packing = _packing(rows, DENSE_ROWS, weight_steps, groups, weight_at)
        work, table = n * qh * qw * groups * rows * taps // 16, tables.tiles_table(offsets, weight_at)
        if is_long:
            qh, qw, h, w = 1, qh * qw, 1, h * w
        tiles = -(-n * qh * qw // gather.WIDE)
        units = conv_tiles.UNITS if rows * taps >= conv_tiles.VAST else 1
        chunks = min(tiles, max(1, tasks_for(work) // groups)) if units == 1 else shared_out(tiles, units)
        if channels // groups < conv_tiles.FEW_CHANNELS and min(offsets) < (0, 0):
            layout, starts, framed = tables.framed(plan, offsets, weight_at)
            if layout.plane <= MOST_FRAMED * max(h * w, near.FAR):
                table, h, w = framed, layout.rows, layout.columns
                prepare = pads(size, layout, starts, tables.PIECE)
        numbers = (qh, qw, *steps, n, channels, channels // groups, h, w, rows, has_bias,
                   out_size[1] * pixels, pixels, chunks, units, *grid)  # fmt: skip
        products.append(Product(conv_tiles.correlate, groups * chunks, numbers, table, packing, work, prepare))
    return Phases(products, has_gaps) if plan.is_phased else products[0]


def _pointwise(size, weight_steps, rows, has_bias, plan, groups):
    """Multiply all pixels with one matrix."""
    n, channels, h, w = size
    packing, work = _packing(rows, DENSE_ROWS, weight_steps, groups, plan.weight_at), n * h * w * rows * channels // 16
    chunks = min(n * (h * w // DENSE_LANES), max(1, tasks_for(work) // groups))
    numbers = (n, h * w, groups, channels // groups, rows, has_bias, chunks)
    return Product(pointwise.correlate, groups * chunks, numbers, plan.weight_at, packing, work)


def _chunks(n, pieces, multiple, groups, work):
    """Return how many pieces go into a task, and how many tasks an image is then cut into."""
    chunk = multiple * max(1, pieces * n * groups // tasks_for(work) // multiple)
    return chunk, -(-pieces // chunk)


def _frame(size, groups, plan, has_excess):
    """Return what pads x, if anything does, and the steps from an image and from a group to the next one.

    The last piece's excess may lie behind the image, and so does padding that rows share.
    """
    slack = tables.PIECE + max(0, -int(plan.starts[0, 1])) if has_excess else 0
    steps = size[1] * plan.image.plane, size[1] // groups * plan.image.plane
    return pads(size, plan.image, plan.starts, slack), steps


def _direct(size, rows, out_size, plan, groups, packing, work):
    """Use no panels: few filters per group."""
    multiple, pixels, n = DIRECT_PIECES, out_size[2] * out_size[3], size[0]
    columns, taps = plan.long[1], plan.source_at.size
    straight = conv_direct.is_straight(rows, columns, taps)
    plan = plan if straight else tables.shared_padding(plan, size[1] // groups, size[3])
    steps, out_image = size[1] * plan.image.plane, out_size[1] * pixels
    images = n if groups == 1 and n * pixels <= MOST_TOGETHER else 1
    table, pieces, across = tables.direct_table(plan, multiple, straight, images, (steps, out_image))
    prepare, steps = _frame(size, groups, plan, across > columns)
    n = n // images
    chunk, chunks = _chunks(n, pieces, multiple, groups, work)
    numbers = (taps, pieces, columns, groups, rows, *steps, out_image, pixels, chunk, chunks, across,
               straight)  # fmt: skip
    return Product(conv_direct.correlate, n * groups * chunks, numbers, table, packing, work, prepare)


def _phases(size, rows, out_size, plan, groups, packing, work):
    """Compute all phases of a result with strides."""
    table, pieces, width = tables.phases_table(plan, DIRECT_PIECES)
    n, (prepare, steps) = size[0], _frame(size, groups, plan, width < tables.PIECE)
    chunk, chunks = _chunks(n, pieces, DIRECT_PIECES, groups, work)
    numbers = (plan.source_at.size, pieces, width, groups, rows, *steps, *out_size[2:], *plan.stride,
               *map(len, plan.phases), chunk, chunks)  # fmt: skip
    return Product(conv_phases.correlate, n * groups * chunks, numbers, table, packing, work, prepare, plan.has_gaps)
