"""What the kernels need to know of a convolution or an input gradient: found once for its shapes, then kept.

Most of a small convolution's time would be spent on finding it again. A product is pixels x filters, summed over taps:
``make`` chooses the kernel, and one function for each says what it is given, as the text of that kernel explains.
"""

import itertools

import numpy as np

from ..launch import workspace
from ..launch.tasks import THREADS, launch
from ..simd.tiles import DENSE_LANES, DENSE_ROWS, DIRECT_PIECES, DIRECT_ROWS, SINGLE_PIECES, STRIDED_LANES
from . import depthwise, few, gather, geometry, near, pointwise, winograd, winograd_strided
from . import direct as conv_direct
from . import phases as conv_phases
from . import tiles as conv_tiles

#: Shares of the work to aim at, at least and at most; a share of this much work is worth what it takes to begin it.
FEWEST, TASKS, SHARE = 8, 64, 1 << 16
#: Most weights of which each thread packs a copy of its own.
OWN = 1 << 18
#: Pixels of a padded copy that is not split, for one of the image: large strides over padding need more.
MOST_FRAMED = 16


def padded(x, layout, starts, slack=0):
    """Return the padded, phase-split copy of x (N, C, H, W), or x itself if it needs none; and ``slack`` elements."""
    n, c, h, w = x.shape
    is_whole = (h, w) == (layout.rows, layout.columns) and (layout.sh == 1 or h == 1) and (layout.sw == 1 or w == 1)
    if layout.phases == 1 and is_whole and not starts.any() and not slack:
        return x
    size = n * c * layout.plane + slack
    image = workspace.take("image", size, x.dtype)
    launch(conv_tiles.pad, n * c, x, None, None, image, starts.reshape(-1), (*layout, h, w), size)
    return image


class Packing:
    """Weights in the order in which tiles read them, behind the biases: a copy per thread, which makes it, or one.

    A thread's own copy needs no launch, and is in its own caches.

    Parameters
    ----------
    tile, tiles : Task
        Packs one tile of rows; packs all of them, for a thread.
    count : int
        Tiles.
    size : int
        Numbers in a copy.
    filters : int
    numbers : tuple of int
        What the tasks need to know.
    """

    def __init__(self, tile, tiles, count, size, filters, numbers):
        own = size <= OWN
        self.tile, self.tiles, self.count, self.filters = tile, tiles if own else None, count, filters
        self.copies, first = size * (THREADS if own else 1), -(-filters // 16) * 16
        self.size = first + self.copies
        self.numbers = (*numbers, first, size if own else 0)


class Planes:
    """A launch of ``depthwise``, which needs no padded copy and no packed weights."""

    def __init__(self, count, numbers, table, work, has_gaps):
        self.kernel, self.count, self.table, self.work = depthwise.correlate, count, table, work
        self.numbers, self.has_gaps = np.array(numbers, np.int64), has_gaps

    def run(self, x, weight, bias, out):
        """Compute ``out``."""
        if self.has_gaps:
            out[...] = 0
        launch(self.kernel, self.count, x, weight, bias, out, self.table, self.numbers, self.work)


class Panels:
    """A launch that gathers the taps of all pixels into panels: of few pixels, for ``few``."""

    def __init__(self, size, pixels, steps, offsets):
        n, channels, h, w = size
        if (offsets, steps, pixels) == (((0, 0),), (1, 1), (h, w)):  # every pixel meets itself: one long row
            pixels, h, w = (1, h * w), 1, h * w
        units, chunks, self.taps = -(-n * pixels[0] * pixels[1] // gather.WIDE), min(channels, FEWEST), len(offsets)
        self.count, self.size = units * chunks, units * gather.WIDE * channels * self.taps
        self.table = np.array(offsets, np.int64).T.flatten()
        self.numbers = np.array((*pixels, *steps, n, channels, h, w, self.taps, chunks), np.int64)

    def fill(self, x):
        """Return the panels."""
        panels = workspace.take("image", self.size, x.dtype)
        launch(few.fill, self.count, x, None, None, panels, self.table, self.numbers, self.size)
        return panels


class Few:
    """A launch of ``few``, whose weights lie where they are."""

    def __init__(self, panels, count, table, numbers, work):
        self.kernel, self.panels, self.count, self.table, self.work = few.correlate, panels, count, table, work
        self.numbers = np.array(numbers, np.int64)

    def run(self, x, weight, bias, out):
        """Compute ``out``."""
        panels = self.panels.fill(x)
        launch(self.kernel, self.count, panels, weight, bias, out, self.table, self.numbers, self.work)


class FewPhases:
    """The launches of ``few`` for every phase of a result; if it ``has_gaps``, they do not write all of it."""

    kernel = few.correlate

    def __init__(self, phases, has_gaps):
        self.phases, self.has_gaps = phases, has_gaps

    def run(self, x, weight, bias, out):
        """Compute ``out``."""
        if self.has_gaps:
            out[...] = 0
        for phase in self.phases:
            phase.run(x, weight, bias, out)


class Product:
    """A launch of a kernel: its tasks, numbers and table, how weights are packed, and x padded if ``frame`` says so.

    ``numbers`` ends with those of the packing. If the result ``has_gaps``, the kernel does not write all of it.
    """

    def __init__(self, kernel, count, numbers, table, packing, work, frame=None, has_gaps=False):
        self.kernel, self.count, self.table, self.work, self.frame = kernel, count, table, work, frame
        self.has_gaps = has_gaps
        self.packing, self.numbers = packing, np.array((*numbers, *packing.numbers), np.int64)

    def run(self, x, weight, bias, out):
        """Compute ``out``."""
        packing = self.packing
        if self.has_gaps:
            out[...] = 0
        if self.frame is not None:
            x = padded(x, *self.frame)
        packed = workspace.take("weights", packing.size, x.dtype)
        packed[: packing.filters] = 0 if bias is None else bias
        if packing.tiles is None:
            launch(packing.tile, packing.count, None, weight, packed, packed, self.table, self.numbers, packing.copies)
        launch(self.kernel, self.count, x, weight, packed, out, self.table, self.numbers, self.work, packing.tiles)


class Spread:
    """An input gradient of a 1 x 1 kernel with strides: a product for the pixels that were met, zeros between them."""

    has_gaps = True

    def __init__(self, product, size, stride):
        self.product, self.kernel, self.size, self.stride = product, product.kernel, size, stride

    def run(self, x, weight, bias, out):
        """Compute ``out``."""
        met = np.empty(self.size, out.dtype)
        self.product.run(x, weight, bias, met)
        out[...] = 0
        out[:, :, :: self.stride[0], :: self.stride[1]] = met


class Groups:
    """A product for every group of every image, whose numbers lie side by side, as Winograd's kernels need them."""

    def __init__(self, product, groups):
        self.product, self.kernel, self.groups = product, product.kernel, groups

    def run(self, x, weight, bias, out):
        """Compute ``out``."""
        groups = self.groups
        weights = weight.reshape(groups, -1)
        biases = [None] * groups if bias is None else bias.reshape(groups, -1)
        images, results = (a.reshape(a.shape[0], groups, 1, a.shape[1] // groups, *a.shape[2:]) for a in (x, out))
        for image, result in zip(images, results, strict=True):
            for group in zip(image, weights, biases, result, strict=True):
                self.product.run(*group)


def make(size, weight_steps, rows, out_size, has_bias, plan, groups, is_strided_grad=False):
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
    """
    channels = size[1]
    if rows == 1 and groups == channels:
        planes = _depthwise(size, out_size, weight_steps[0], plan)
        if planes is not None:
            return planes
    pixels, weights = size[0] * plan.qh * plan.qw, rows * plan.source_at.size
    is_few = groups == 1 and plan.source_at.size >= few.TAPS and few.is_worth_it(pixels, weights)
    if groups == 1 and min(channels, rows) >= winograd.LEAST and not (is_few and weights >= few.HEAVY):
        window = geometry.window(plan, channels)
        strided = (
            geometry.strided_grad_window(out_size[2:], rows)
            if is_strided_grad
            else geometry.strided_window(plan, channels)
        )
        if (window or strided) and size[0] * (window or strided)[0] >= winograd.LEAST_WINDOWS:
            return _winograd(size, weight_steps[1], rows, out_size, plan, window, strided, is_strided_grad)
    if is_few:
        return _few(size, rows, out_size, weight_steps[1], plan)
    if groups > 1 and min(channels // groups, rows) >= winograd.LEAST:
        one = (1, channels // groups, *size[2:]), weight_steps, rows, (1, rows, *out_size[2:])
        product = make(*one, has_bias, plan, 1, is_strided_grad)
        if product.kernel in (winograd.correlate, winograd_strided.correlate):
            return Groups(product, groups)
    work = int(np.prod(out_size)) * plan.source_at.size // 16
    phases = plan.is_phased
    direct = phases or rows <= conv_direct.MOST_ROWS
    tile_rows = (1 if rows == 1 and not phases else DIRECT_ROWS) if direct else DENSE_ROWS
    tiles, taps = groups * -(-rows // tile_rows), plan.source_at.size
    numbers = (rows, tile_rows, *weight_steps, groups, plan.is_in_order, taps)
    packing = Packing(
        conv_tiles.pack, conv_tiles.pack_own, tiles, tiles * (taps + 1) * tile_rows, groups * rows, numbers
    )
    if not direct:
        return _tiles(size, rows, out_size, has_bias, plan, groups, packing, work)
    columns = plan.qw if phases else plan.long[1]
    narrow = columns < geometry.PIECE  # then the last piece's excess lies behind the image
    frame = plan.image, plan.starts, geometry.PIECE if narrow else 0
    steps = (channels * plan.image.plane, channels // groups * plan.image.plane)
    return (_phases if phases else _direct)(size[0], steps, rows, out_size, plan, groups, packing, work, frame)


def tasks_for(work):
    """Return how many tasks to cut a product into."""
    return min(TASKS, max(FEWEST, work // SHARE))


def _depthwise(size, out_size, weight_step, plan):
    """Take every plane by itself."""
    sizes, image, taps = geometry.board(plan, depthwise.ROOM, depthwise.MOST), plan.image, plan.source_at.size
    if sizes is None:
        return None
    band, reach, places = sizes
    planes, bands, work = size[0] * size[1], -(-plan.qh // band), int(np.prod(out_size)) * taps // 16
    tasks, phase_at = min(planes * bands, tasks_for(work)), (0, taps) if plan.phase_at is None else plan.phase_at
    table = np.concatenate((places, plan.weight_at, phase_at, *plan.phases, plan.starts.reshape(-1)))
    numbers = (planes, size[1], *size[2:], *out_size[2:], plan.qh, band, reach, image.columns, image.phases, image.sh,
               image.sw, *plan.stride, *map(len, plan.phases), taps, weight_step, tasks)  # fmt: skip
    return Planes(tasks, numbers, table, work, plan.has_gaps)


def _few(size, rows, out_size, row_step, plan):
    """Use panels of all pixels, and the weights where they lie; an input gradient's phases come one after the other."""
    channels, image, (top, left) = size[1], plan.image, plan.starts[0]
    if not plan.is_phased:
        return FewPhases(
            [_few_phase(size, plan, rows, row_step, plan.offsets, plan.weight_at, out_size[2:], (0, 0))], False
        )
    phases, begins = [], list(itertools.product(*plan.phases))
    for begin, first, last in zip(begins, plan.phase_at[:-1], plan.phase_at[1:], strict=True):
        rows_, columns = np.divmod(plan.source_at[first : first + (last - first) // channels], image.columns)
        offsets = tuple(zip((rows_ + top).tolist(), (columns + left).tolist(), strict=True))
        if offsets:
            weight_at = plan.weight_at[first:last]
            phases.append(_few_phase(size, plan, rows, row_step, offsets, weight_at, out_size[2:], begin))
    return FewPhases(phases, plan.has_gaps or len(phases) < len(begins))


def _few_phase(size, plan, rows, row_step, offsets, weight_at, out_pixels, begin):
    """Return one phase's launches: a plain product is one phase, whose pixels are one long row in the result."""
    count, tasks = plan.qh * plan.qw, min(-(-rows // DENSE_ROWS), FEWEST)
    panels = Panels(size, (plan.qh, plan.qw), (plan.image.sh, plan.image.sw), offsets)
    pixels = (plan.qh, plan.qw) if plan.is_phased else (1, count)
    places = (*out_pixels, *plan.stride, *begin) if plan.is_phased else (1, count, 1, 1, 0, 0)
    numbers = (size[0], *pixels, rows, row_step, weight_at.size, tasks, *places)
    return Few(panels, tasks, weight_at, numbers, size[0] * count * rows * weight_at.size // 16)


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
    packing = Packing(winograd.transform_weights, winograd.transform_all, row_tiles, whole, rows, numbers)
    numbers = (n, c, rows, *out_size[2:], h, w, *corner, *(plan.dilation if window else (is_strided_grad,)))
    work = int(np.prod(out_size)) * c
    return Product(kernel.correlate, -(-n * count // lanes), numbers, tap_at, packing, work)


def _tiles(size, rows, out_size, has_bias, plan, groups, packing, work):
    """Use panels: many filters and channels per group."""
    n, channels, h, w = size
    qh, qw, frame, table = plan.qh, plan.qw, None, geometry.tiles_table(plan)
    steps = plan.image.sh, plan.image.sw
    if (plan.offsets, steps, (qh, qw)) == (((0, 0),), (1, 1), (h, w)):  # every pixel meets itself: one long row
        if pointwise.is_worth_it(channels // groups, h * w):
            return _pointwise(size, rows, has_bias, groups, packing, work, table)
        qh, qw, h, w = 1, qh * qw, 1, h * w
    tiles = -(-n * qh * qw // gather.WIDE)
    chunks = min(tiles, max(1, tasks_for(work) // groups))
    if channels // groups < conv_tiles.FEW_CHANNELS and min(plan.offsets) < (0, 0):
        layout, starts, framed = geometry.framed(plan)
        if layout.plane <= MOST_FRAMED * max(h * w, near.FAR):
            table, frame, h, w = framed, (layout, starts, geometry.PIECE), layout.rows, layout.columns
    pixels = out_size[2] * out_size[3]
    numbers = (qh, qw, *steps, n, channels, channels // groups, h, w, rows, has_bias,
               out_size[1] * pixels, pixels, chunks)  # fmt: skip
    return Product(conv_tiles.correlate, groups * chunks, numbers, table, packing, work, frame)


def _pointwise(size, rows, has_bias, groups, packing, work, table):
    """Multiply all pixels with one matrix."""
    n, channels, h, w = size
    chunks = min(n * -(-h * w // gather.WIDE), max(1, tasks_for(work) // groups))
    numbers = (n, h * w, groups, channels // groups, rows, has_bias, chunks)
    return Product(pointwise.correlate, groups * chunks, numbers, table, packing, work)


def _chunks(n, pieces, multiple, groups, work):
    """Return how many pieces go into a task, and how many tasks an image is then cut into."""
    chunk = multiple * max(1, pieces * n * groups // tasks_for(work) // multiple)
    return chunk, -(-pieces // chunk)


def _direct(n, steps, rows, out_size, plan, groups, packing, work, frame):
    """Use no panels: few filters per group."""
    multiple, pixels = SINGLE_PIECES if rows == 1 else DIRECT_PIECES, out_size[2] * out_size[3]
    table, pieces, width = geometry.direct_table(plan, multiple)
    chunk, chunks = _chunks(n, pieces, multiple, groups, work)
    numbers = (plan.source_at.size, pieces, width, groups, rows, *steps, out_size[1] * pixels, pixels, chunk, chunks)
    return Product(conv_direct.correlate, n * groups * chunks, numbers, table, packing, work, frame)


def _phases(n, steps, rows, out_size, plan, groups, packing, work, frame):
    """Compute all phases of a result with strides."""
    table, pieces, width = geometry.phases_table(plan, DIRECT_PIECES)
    chunk, chunks = _chunks(n, pieces, DIRECT_PIECES, groups, work)
    numbers = (plan.source_at.size, pieces, width, groups, rows, *steps, *out_size[2:], *plan.stride,
               *map(len, plan.phases), chunk, chunks)  # fmt: skip
    return Product(conv_phases.correlate, n * groups * chunks, numbers, table, packing, work, frame, plan.has_gaps)
