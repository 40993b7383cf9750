"""What runs a convolution, once found for its shapes: a launch of a kernel, and what it needs before and after."""

import numpy as np

from ...launch import workspace
from ...launch.tasks import THREADS, launch
from ...simd.tiles import DENSE_LANES, MOVE
from .. import few, gather
from .. import tiles as conv_tiles
from ..winograd import unstrided as winograd

#: Fewest shares to cut work into, and most to aim at; a share of this much work is worth what it takes to begin it.
FEWEST, TASKS, SHARE = 8, 64, 1 << 16
#: Most ways in which one layer's weights are kept packed: images of other sizes may need another one.
MOST_KEPT = 2
#: Most weights of which each thread packs a copy of its own.
OWN = 1 << 18


def pads(size, layout, starts, slack=0):
    """Return what makes the padded, phase-split copy of an image of this size, with ``slack`` zeros behind it.

    None if the image is that already.
    """
    (h, w), places = size[2:], starts.reshape(-1)
    is_whole = (h, w) == (layout.rows, layout.columns) and (layout.sh == 1 or h == 1) and (layout.sw == 1 or w == 1)
    if layout.phases == 1 and is_whole and not starts.any() and not slack:
        return None
    planes, numbers = size[0] * size[1], np.array((*layout, h, w), np.int64)
    count = planes * layout.plane

    def pad(x):
        image = workspace.take("image", count + slack, x.dtype)
        image[count : count + slack] = 0
        launch(conv_tiles.pad, planes, x, None, None, image, places, numbers, count + slack)
        return image

    return pad


def tasks_for(work):
    """Return how many tasks to cut a product into."""
    return min(TASKS, max(FEWEST, work // SHARE))


class Launch:
    """A kernel's tasks, numbers and table."""

    def __init__(self, kernel, count, table, numbers, work):
        self.kernel, self.count, self.table, self.work = kernel, count, table, work
        self.numbers = np.array(numbers, np.int64)

    def run(self, a, b, out, c=None):
        """Compute ``out``."""
        launch(self.kernel, self.count, a, b, c, out, self.table, self.numbers, self.work)


class Order(tuple):
    """A tuple that computes its hash once: with hundreds of numbers, that takes as long as a small launch."""

    def __init__(self, _parts):
        self.hash = tuple.__hash__(self)

    def __hash__(self):
        return self.hash


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
    taps : (K,) int64 array
        Where the taps lie in the weight.
    """

    def __init__(self, tile, tiles, count, size, filters, numbers, taps):
        own = size <= OWN
        self.key = Order((tile, numbers, taps.tobytes()))  # packed for one size of images, they serve others
        self.tile, self.tiles, self.count, self.filters = tile, tiles if own else None, count, filters
        self.copies, first = size * (THREADS if own else 1), -(-filters // 16) * 16
        self.size = first + self.copies
        self.numbers, self.shared = (*numbers, first, size if own else 0), first + size


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

    def fill(self, x, panels):
        """Fill the panels, of ``size`` numbers."""
        launch(few.fill, self.count, x, None, None, panels, self.table, self.numbers, self.size)


class Windows:
    """A launch that fills Winograd's panels of all windows, for shares of the filters."""

    def __init__(self, count, channels, numbers):
        self.count, self.size = count, count * 16 * (channels * DENSE_LANES + MOVE)
        self.numbers = np.array(numbers, np.int64)

    def fill(self, x):
        """Return the panels."""
        panels = workspace.take("image", self.size, x.dtype)
        launch(winograd.fill, self.count * winograd.PARTS, x, None, None, panels, None, self.numbers, self.size)
        return panels


class Few:
    """A launch of ``few`` for all phases, whose weights lie where they are; if it ``has_gaps``, they are not all."""

    kernel = few.correlate

    def __init__(self, panels, count, table, numbers, work, has_gaps):
        self.panels, self.count, self.table, self.work = panels, count, table, work
        self.numbers, self.has_gaps = np.array(numbers, np.int64), has_gaps

    def run(self, x, weight, bias, out, kept=None):
        """Compute ``out``."""
        if self.has_gaps:
            out[...] = 0
        gathered, first = workspace.take("image", sum(panels.size for panels in self.panels), x.dtype), 0
        for panels in self.panels:
            panels.fill(x, gathered[first : first + panels.size])
            first += panels.size
        launch(self.kernel, self.count, gathered, weight, bias, out, self.table, self.numbers, self.work)


class Phases:
    """The launches of ``tiles`` for every phase of a result; if it ``has_gaps``, they do not write all of it."""

    def __init__(self, phases, has_gaps):
        self.phases, self.kernel, self.has_gaps = phases, phases[0].kernel, has_gaps

    def run(self, x, weight, bias, out, kept=None):
        """Compute ``out``."""
        if self.has_gaps:
            out[...] = 0
        for phase in self.phases:
            phase.run(x, weight, bias, out, kept)


class Product:
    """A launch of a kernel: its tasks, numbers and table, how weights are packed, and what ``prepare`` makes of x.

    ``numbers`` ends with those of the packing. If the result ``has_gaps``, the kernel does not write all of it.
    """

    def __init__(self, kernel, count, numbers, table, packing, work, prepare=None, has_gaps=False):
        self.kernel, self.count, self.table, self.work, self.prepare = kernel, count, table, work, prepare
        self.has_gaps = has_gaps
        self.packing, self.numbers = packing, np.array((*numbers, *packing.numbers), np.int64)
        self.shared_numbers = self.numbers.copy()
        self.shared_numbers[-1] = 0  # all threads have one copy

    def run(self, x, weight, bias, out, kept=None):
        """Compute ``out``."""
        packing = self.packing
        if self.has_gaps:
            out[...] = 0
        if self.prepare is not None:
            x = self.prepare(x)
        if kept is not None:
            packed = self._kept(weight, bias, kept)
            launch(self.kernel, self.count, x, weight, packed, out, self.table, self.shared_numbers, self.work)
            return
        packed = workspace.take("weights", packing.size, x.dtype)
        packed[: packing.filters] = 0 if bias is None else bias
        if packing.tiles is None:
            launch(packing.tile, packing.count, None, weight, packed, packed, self.table, self.numbers, packing.copies)
        launch(self.kernel, self.count, x, weight, packed, out, self.table, self.numbers, self.work, packing.tiles)

    def _kept(self, weight, bias, kept):
        """Return the packed weights, which are made once: one copy, for all threads."""
        packing = self.packing
        packed = kept.get(packing.key)
        if packed is None:
            if len(kept) >= MOST_KEPT:
                kept.clear()
            packed = np.empty(packing.shared, weight.dtype)
            packed[: packing.filters] = 0 if bias is None else bias
            work, numbers = packing.shared, self.shared_numbers
            launch(packing.tile, packing.count, None, weight, packed, packed, self.table, numbers, work)
            kept[packing.key] = packed
        return packed


class Spread:
    """An input gradient of a 1 x 1 kernel with strides: a product for the pixels that were met, zeros between them."""

    has_gaps = True

    def __init__(self, product, size, stride):
        self.product, self.kernel, self.size, self.stride = product, product.kernel, size, stride

    def run(self, x, weight, bias, out, kept=None):
        """Compute ``out``."""
        met = np.empty(self.size, out.dtype)
        self.product.run(x, weight, bias, met)
        out[...] = 0
        out[:, :, :: self.stride[0], :: self.stride[1]] = met


class Groups:
    """A product for every group of every image, whose numbers lie side by side, as Winograd's kernels need them."""

    def __init__(self, product, groups):
        self.product, self.kernel, self.groups = product, product.kernel, groups

    def run(self, x, weight, bias, out, kept=None):
        """Compute ``out``."""
        groups = self.groups
        weights = weight.reshape(groups, -1)
        biases = [None] * groups if bias is None else bias.reshape(groups, -1)
        images, results = (a.reshape(a.shape[0], groups, 1, a.shape[1] // groups, *a.shape[2:]) for a in (x, out))
        for image, result in zip(images, results, strict=True):
            for group in zip(image, weights, biases, result, strict=True):
                self.product.run(*group)
