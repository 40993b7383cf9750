"""Calls of what detection does with boxes: what overlaps, stays and matches; codes, anchors, samples.

Some calls are illegal: a box that is not finite, lists of different lengths, thresholds outside of [0, 1]. The reference refuses them.
"""

import math
from dataclasses import replace

import numpy as np

from minidet import ops
from minidet.kernels.reference.regions import nms
from tests.table.boxes import best_pairs, greedy

from .operation import Operation

FORMATS = ("xyxy", "xywh", "cxcywh")


# what is drawn -----------------------------------------------------------------------------------------------------


def boxes(d, count=None, **options):
    """Draw boxes: of any numbers, or of whole ones, where some are alike, some touch, some have no area; few are not finite."""
    kind = d.pick("boxes", "boxes", "whole boxes") if not d.maybe(4) else "special"
    dtype = d.pick("float64", "float32") if d.maybe(80) or kind == "special" else d.pick("int64", "int32", "uint8")
    return d.array((d.below(12) if count is None else count, 4), dtype, kind, **options)


def scores(d, count, special=True):
    """Draw one score for each box, ties among them; rarely of a wrong number."""
    kind = d.pick("uniform", "uniform", "whole") if not (special and d.maybe(6)) else "special"
    return d.array((count + d.maybe(3),), d.float(), kind, low=0, high=1 + (kind == "whole"), grad=False)


def threshold(d):
    return d.pick(0.5, 0.3, 0.0, 1.0, 1 / 3, 0.7) if not d.maybe(3) else d.pick(-0.1, 1.5)


def two_lists(d, count=None, other=None):
    """Draw two lists of boxes. Floats are of one dtype: beside float64, what is summed in float32 has its rounding."""
    first, second = boxes(d, count), boxes(d, other)
    both = first.dtype.startswith("float") and second.dtype.startswith("float")
    return first, replace(second, dtype=first.dtype) if both else second


# what is right -----------------------------------------------------------------------------------------------------


def must(condition):
    """Refuse what minidet has to refuse."""
    if not condition:
        raise ValueError("illegal")


def legal(b):
    """Return boxes as floats, or refuse them."""
    must(b.ndim == 2 and b.shape[1] == 4 and np.isfinite(b).all())
    return b if b.dtype.kind == "f" else b.astype(np.float64)


def area(b):
    return (legal(b)[:, 2:] - legal(b)[:, :2]).prod(1)


def iou(a, b):
    a, b = legal(a), legal(b)
    return np.array([nms.overlaps(box, b) for box in a]).reshape(len(a), len(b))


def giou(a, b):
    a, b = legal(a), legal(b)
    around = (np.maximum(a[:, None, 2:], b[:, 2:]) - np.minimum(a[:, None, :2], b[:, :2])).prod(2)
    shared = np.maximum(np.minimum(a[:, None, 2:], b[:, 2:]) - np.maximum(a[:, None, :2], b[:, :2]), 0).prod(2)
    union = area(a)[:, None] + area(b) - shared
    return shared / np.where(union == 0, 1, union) - (around - union) / np.where(around == 0, 1, around)


def clip(d):
    return (boxes(d), (d.pick(6, 0, 1, 9), d.pick(8, 0, 1, 5))), {}


def clipped(b, size):
    found = np.clip(legal(b), 0, [size[1], size[0]] * 2)
    return found.astype(b.dtype)


def small(d):
    return (boxes(d), d.pick(1, 0, 2.5, -1, 0.3, 1e30)), {}


def large_ones(b, least):
    return np.flatnonzero((legal(b)[:, 2:] - legal(b)[:, :2] >= least).all(1))


def conversion(d):
    return (boxes(d), d.pick(*FORMATS), d.pick(*FORMATS)), {}


def converted(b, before, after):
    x, y, z, t = legal(b).T
    if before == "xywh":
        z, t = x + z, y + t
    if before == "cxcywh":
        x, y, z, t = x - z / 2, y - t / 2, x + z / 2, y + t / 2
    found = {"xyxy": (x, y, z, t), "xywh": (x, y, z - x, t - y), "cxcywh": ((x + z) / 2, (y + t) / 2, z - x, t - y)}
    return np.stack(found[after], 1)


def suppression(d):
    b = boxes(d, grad=False)
    return (b, scores(d, b.shape[0]), threshold(d)), {}


def kept(b, s, limit):
    must(s.shape == (len(b),) and not np.isnan(s).any() and 0 <= limit <= 1)
    return greedy(legal(b).astype(np.float64), s, limit)


def suppression_by_class(d):
    (b, s, limit), _ = suppression(d)
    return (b, s, d.array((b.shape[0],), d.pick("int64", "int32"), "whole", low=-2, high=2), limit), {}


def kept_by_class(b, s, classes, limit):
    kept(b, s, limit)  # refuses what is illegal
    each = [np.flatnonzero(classes == k) for k in np.unique(classes)]
    found = np.sort(np.concatenate([np.zeros(0, np.int64), *(rows[kept(b[rows], s[rows], limit)] for rows in each)]))
    return found[np.argsort(-s[found], kind="stable")]


def soft(d):
    (b, s, limit), _ = suppression(d)
    options = {"iou_threshold": limit} if d.maybe(50) else {}
    options |= {"method": d.pick("linear", "gaussian")} if d.maybe(70) else {}
    options |= {"sigma": d.pick(0.5, 1.0, 1e-3, 100.0)} if d.maybe(30) else {}
    return (b, s), options | ({"score_threshold": d.pick(0.001, 0.0, 0.5)} if d.maybe(30) else {})


def softened(b, s, iou_threshold=0.3, sigma=0.5, score_threshold=0.001, method="linear"):
    must(s.shape == (len(b),) and np.isfinite(s).all() and (s >= 0).all() and 0 <= iou_threshold <= 1)
    options = iou_threshold, sigma, score_threshold, method == "gaussian"
    return nms.soft_nms(legal(b).astype(np.float64), s.astype(np.float64), *options)


def pasting(d):
    b = boxes(d, grad=False)
    shape = b.shape[0] + d.maybe(3), 1, d.between(1, 5), d.between(1, 5)
    return (d.array(shape, d.float(), "uniform", low=0, high=1, grad=False), b, (d.below(9), d.below(9))), {}


def pasted(masks, b, size):
    must(len(masks) == len(b))
    images = np.zeros((len(b), 1, *size))
    for (mask,), box, (image,) in zip(masks, legal(b).astype(np.float64), images, strict=True):
        (x1, y1, x2, y2), (bins, _) = box, mask.shape
        if x2 <= x1 or y2 <= y1:
            continue
        rows, columns = (np.arange(length) + 0.5 for length in size)
        down = y1 + (np.arange(bins) + 0.5) * (y2 - y1) / bins
        across = x1 + (np.arange(mask.shape[1]) + 0.5) * (x2 - x1) / mask.shape[1]
        wide = np.array([np.interp(columns, across, row) for row in mask])  # (M, W)
        tall = np.array([np.interp(rows, down, column) for column in wide.T]).reshape(len(columns), len(rows)).T
        inside = ((rows >= y1) & (rows < y2))[:, None] & ((columns >= x1) & (columns < x2))
        image[...] = np.where(inside, tall, 0)
    return images


# matching and sampling -------------------------------------------------------------------------------------------


def quality(d):
    """Draw overlaps of M objects with N anchors, ties and zeros among them."""
    kind = d.pick("uniform", "uniform", "whole") if not d.maybe(4) else "special"
    return d.array((d.below(6), d.below(9)), d.float(), kind, low=0, high=1 + (kind == "whole"), grad=False)


def pairs(q):
    must(not np.isnan(q).any())
    return best_pairs(q) if q.size else np.full(len(q), -1)


def matching(d):
    low, high = d.pick((0.3, 0.7), (0.5, 0.5), (0.0, 0.0), (0.4, 1.0))
    return (high, low, d.maybe(50), quality(d)), {}


def matched(high, low, to_each, q):
    """Ask every anchor for its object, one by one."""
    must(not np.isnan(q).any())
    found = np.full(q.shape[1], -1)
    best = q.max(1) if q.size else np.zeros(len(q))
    for anchor in range(q.shape[1] if len(q) else 0):
        one, overlap = q[:, anchor].argmax(), q[:, anchor].max()
        if overlap > 0 and overlap >= low:
            found[anchor] = one if overlap >= high else -2
        wanted = [i for i in range(len(q)) if to_each and 0 < best[i] == q[i, anchor]]
        if wanted:
            found[anchor] = max(wanted, key=lambda i: (best[i], i))
    if to_each:
        for one, anchor in enumerate(pairs(q)):
            if anchor >= 0:
                found[anchor] = one
    return found


def sampling(d):
    shapes = [(d.below(30),) for _ in range(d.between(1, 3))]
    marks = [d.array(shape, d.pick("int64", "int32"), "whole", low=-1, high=3) for shape in shapes]
    reserve = [d.array(shape, "bool") for shape in shapes] if d.maybe(40) else None
    return (d.pick(8, 1, 5, 64), d.pick(0.5, 0.25, 0.0, 1.0), marks, reserve), {}


def counted(size, fraction, marks, reserve):
    """Draw a sample, and count positives, negatives, those in reserve, and what is neither."""
    rng = np.random.default_rng(0)
    drawn = ops.BalancedPositiveNegativeSampler(size, fraction, rng)(marks, reserve)
    found = []
    for i, (positive, negative) in enumerate(zip(*drawn, strict=True)):
        mark, p, n = marks[i].numpy(), positive.numpy(), negative.numpy()
        last = n & reserve[i].numpy() if reserve else n & False
        wrong = (p & (mark <= 0)) | (n & (mark != 0))
        found.append(np.array([p.sum(), n.sum() - last.sum(), last.sum(), wrong.sum()]))
    return found


def counts(size, fraction, marks, reserve):
    found = []
    for i, mark in enumerate(marks):
        late = reserve[i] if reserve else np.zeros(mark.shape, bool)
        p = min(int(size * fraction), np.count_nonzero(mark > 0))
        n = min(size - p, np.count_nonzero((mark == 0) & ~late))
        found.append(np.array([p, n, min(size - p - n, np.count_nonzero((mark == 0) & late)), 0]))
    return found


def mining(d):
    shape = d.below(4), d.below(9)
    loss = d.array(shape, d.float(), d.values(), grad=False)
    marks = d.array((shape[0], shape[1] + d.maybe(3)), "int64", "whole", low=-1, high=2)
    return (loss, marks, d.pick(3.0, 1.0, 0.0, 1.5), d.pick(0, 1, 4)), {}


def hardest(loss, marks, ratio, least):
    must(loss.shape == marks.shape and not np.isnan(loss).any())
    found = np.zeros(loss.shape, bool)
    for row, values, mark in zip(found, loss, marks, strict=True):
        order = sorted(np.flatnonzero(mark == 0), key=lambda j, values=values: (-values[j], j))
        row[order[: max(int(ratio * np.count_nonzero(mark > 0)), least)]] = True
    return found


# codes and anchors -----------------------------------------------------------------------------------------------

WEIGHTS = ((1.0, 1.0, 1.0, 1.0), (10.0, 10.0, 5.0, 5.0), (1.0, 2.0, 3.0, 0.5))


def encoding(d):
    count = d.below(8)
    return (d.pick(*WEIGHTS), *two_lists(d, count, count + d.maybe(3))), {}


def middle(b):
    size = b[:, 2:] - b[:, :2]
    return b[:, :2] + size / 2, size


def encoded(weights, b, proposals):
    must(b.shape == proposals.shape)
    (c, size), (old_c, old_size) = middle(legal(b)), middle(legal(proposals))
    must((size > 0).all() and (old_size > 0).all())
    return np.concatenate([(c - old_c) / old_size, np.log(size / old_size)], 1) * weights


def decoding(d):
    count = d.below(8)
    codes = d.array((count + d.maybe(3), 4 * d.pick(1, 2, 0, 3)), d.float(), d.values())
    return (d.pick(*WEIGHTS), codes, boxes(d, count)), {}


def decoded(weights, codes, b):
    c, size = middle(legal(b).astype(codes.dtype))
    must(len(codes) == len(b))
    codes = codes.reshape(len(codes), codes.shape[1] // 4, 4) / np.array(weights, codes.dtype)
    c = codes[..., :2] * size[:, None] + c[:, None]
    half = 0.5 * (np.exp(np.minimum(codes[..., 2:], math.log(1000 / 16))) * size[:, None])
    return np.concatenate([c - half, c + half], 2).reshape(len(codes), 4 * codes.shape[1])


def anchoring(d):
    strides = (8,) if d.maybe(50) else (4, 16)
    sizes = tuple(tuple(d.pick(16, 8, 30.5, 1) for _ in range(d.between(1, 2))) for _ in strides)
    ratios = tuple(tuple(d.pick(1.0, 0.5, 2.0, 0.7) for _ in range(d.between(1, 3))) for _ in strides)
    return (sizes, ratios, {stride: (d.below(5), d.below(5)) for stride in strides}), {}


def anchors(sizes, ratios, maps):
    found = []
    for (stride, (height, width)), of_map, shapes in zip(maps.items(), sizes, ratios, strict=True):
        rows = [(x * stride, y * stride, np.float32(size), np.sqrt(np.float32(ratio)))
                for y in range(height) for x in range(width) for ratio in shapes for size in of_map]  # fmt: skip
        sides = [(x, y, np.round(1 / tall * size / 2), np.round(tall * size / 2)) for x, y, size, tall in rows]
        found.append(np.array([(x - w, y - h, x + w, y + h) for x, y, w, h in sides]).reshape(-1, 4))
    return found


def operation(name, draw, reference, call=None, **options):
    """Describe one of them: PyTorch has no twin, and ``call`` makes objects first."""
    return Operation(f"ops.{name}", draw, reference, None, call, **options)


OPERATIONS = [
    operation("box_area", lambda d: ((boxes(d),), {}), area),
    operation("box_iou", lambda d: (two_lists(d), {}), iou),
    operation("generalized_box_iou", lambda d: (two_lists(d), {}), giou),
    operation("clip_boxes_to_image", clip, clipped),
    operation("remove_small_boxes", small, large_ones, steps=True),
    operation("box_convert", conversion, converted),
    operation("nms", suppression, kept),
    operation("paste_masks_in_image", pasting, pasted),
    operation("batched_nms", suppression_by_class, kept_by_class),
    operation("soft_nms", soft, softened),
    operation("bipartite_match", lambda d: ((quality(d),), {}), pairs),
    operation("Matcher.__call__", matching, matched, lambda high, low, each, q: ops.Matcher(high, low, each)(q)),
    operation("BalancedPositiveNegativeSampler.__call__", sampling, counts, counted),
    operation("hard_negative_mining", mining, hardest),
    operation("BoxCoder.encode_single", encoding, encoded, lambda w, b, p: ops.BoxCoder(w).encode_single(b, p)),
    operation("BoxCoder.decode_single", decoding, decoded, lambda w, c, b: ops.BoxCoder(w).decode_single(c, b)),
    operation("AnchorGenerator.__call__", anchoring, anchors, lambda s, r, maps: ops.AnchorGenerator(s, r)(maps)),
]
