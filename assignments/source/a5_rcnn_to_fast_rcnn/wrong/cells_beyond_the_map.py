"""Cells beyond the map are treated as the other rules do: they count as 0, or they do not count."""

import numpy as np


def LOSES(variants):  # a maximum has no such cells
    return {"q7": () if variants["q7"] == "centres" else ("outside", "shared")}


def edges(first, last, bins):
    return [(first + i * (last - first) / bins, first + (i + 1) * (last - first) / bins) for i in range(bins)]


def weights(kind, shape, box, bins, scale):
    """Return for each bin the weights of the cells, (P, P, H, W); for the maximum, the cells themselves."""
    x1, y1, x2, y2 = box * scale
    out = np.zeros((bins, bins, *shape[1:]))
    for i, (top, bottom) in enumerate(edges(y1, y2, bins)):
        for j, (left, right) in enumerate(edges(x1, x2, bins)):
            cells = np.outer(line(kind, top, bottom, shape[1]), line(kind, left, right, shape[2]))
            count = np.prod([np.ceil(end) - np.floor(begin) for begin, end in ((top, bottom), (left, right))])
            whole = total(kind, cells, count)
            out[i, j] = cells / whole if whole > 0 else 0
    return out


def line(kind, begin, end, length):
    r = np.arange(length)
    if kind == "centres":
        return 1.0 * ((begin <= r + 0.5) & (r + 0.5 < end))
    common = np.maximum(np.minimum(end, r + 1) - np.maximum(begin, r), 0)
    return common if kind == "area" else 1.0 * (common > 0)


def total(kind, cells, count):
    return {"centres": 1, "touched": count, "area": cells.sum()}[kind]


def winner(cells, plane):
    """Return weights that have the first of the largest cells only."""
    masked = np.where(cells > 0, plane, -np.inf)
    return 1.0 * (np.arange(plane.size) == masked.argmax()).reshape(plane.shape) * (cells > 0).any()


def of_kind(kind):
    def pool_regions(features, boxes, bins, scale):
        out = np.zeros((len(boxes), len(features), bins, bins))
        for r, c, i, j in np.ndindex(*out.shape):
            cells = weights(kind, features.shape, boxes[r], bins, scale)[i, j]
            cells = winner(cells, features[c]) if kind == "centres" else cells
            out[r, c, i, j] = (cells * features[c]).sum()
        return out

    def pool_regions_grad(grad, features, boxes, bins, scale):
        out = np.zeros(features.shape)
        for (r, c, i, j), value in np.ndenumerate(grad):
            cells = weights(kind, features.shape, boxes[r], bins, scale)[i, j]
            cells = winner(cells, features[c]) if kind == "centres" else cells
            out[c] += cells * value
        return out

    return {"pool_regions": pool_regions, "pool_regions_grad": pool_regions_grad}


VARIANTS_OF = {"q7": {kind: of_kind(kind) for kind in ("centres", "touched", "area")}}
