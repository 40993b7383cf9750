"""Rows for x[...], gather, cat, stack, split, unbind, pad."""

import numpy as np

import minidet
from minidet.nn import functional as F

from .arithmetic import pair, t
from .row import Bad, Row, both, torch

a345 = pair((3, 4, 5))


def item(variant, index, shape=(3, 4, 5), empty=None, bad=(), reference=None):
    """Make a row of x[index]; ``reference`` where PyTorch and NumPy disagree."""
    return Row("Tensor.__getitem__", variant=variant, call=lambda x: x[index], torch=lambda x: x[_for_torch(index)],
               inputs=pair(shape), reference=reference or (lambda x: x[index]),
               empty=None if empty is None else pair(empty), bad=bad)  # fmt: skip


def _for_torch(index):
    if isinstance(index, tuple):
        return tuple(_for_torch(part) for part in index)
    return torch().from_numpy(index.copy()) if isinstance(index, np.ndarray) else index


rows = np.array([2, 0, 2, 2, -1])
columns = np.array([3, 1, 3, 0, 1])
block = np.array([[0, 2], [1, 1]])
mask = np.array([[True, False, True, False], [False] * 4, [True] * 4])
v = minidet.arange(3)

ROWS = [
    item("integer", 1, empty=(2, 0), bad=(
        Bad(lambda: t[2], IndexError, "getitem: index is 2, expected an integer in \\[-2, 2\\)"),
        Bad(lambda: t[0, 0, 0], IndexError, "getitem: index has 3 parts, expected at most 2"),
        Bad(lambda: t[..., ...], IndexError, "getitem: index has several"),
        Bad(lambda: t["a"], TypeError, "getitem: index is a str"),
        Bad(lambda: t[0.5], TypeError, "getitem: index is a float"),
        Bad(lambda: t[True], TypeError, "getitem: index is a bool"))),
    item("slices, ..., None", (slice(1, None), None, ..., slice(None, None, 2)), empty=(0, 4, 5), bad=(
        Bad(lambda: t[::-1], ValueError, "getitem: index has step -1, expected a positive step: use flip"),
        Bad(lambda: t[::0], ValueError, "getitem: index has step 0"))),
    item("one element", (1, -2, 3)),
    item("an axis of integers", rows, empty=(3, 0), bad=(
        Bad(lambda: t[minidet.tensor([0, 2])], IndexError,
            "getitem: index contains 2, expected integers in \\[-2, 2\\)"),
        Bad(lambda: t[minidet.tensor([0.0])], IndexError, "getitem: index has dtype float32"),
        Bad(lambda: t[np.zeros(2, np.uint8)], IndexError, "getitem: index has dtype uint8"))),
    item("a list", [0, 2, 0], empty=(3, 0)),
    item("the same three times", [1, 1, 1]),
    item("integers on the last axis", (..., columns)),
    item("integers in the middle", (slice(None), columns), empty=(0, 4)),
    item("a block of integers", (slice(None), block)),
    item("two axes of integers", (rows, columns), bad=(
        Bad(lambda: t[v[:2], v[:3]], IndexError, "getitem: index has shapes \\(2,\\) and \\(3,\\)"),)),
    item("two axes that broadcast", (rows[:, None], block[0])),
    item("integers on either side of a slice", (rows, slice(1, 3), columns)),
    item("neighbours in the middle", (slice(None), rows, columns), (2, 3, 4, 5), empty=(0, 3, 4, 5)),
    item("blocks of neighbours", (..., block, block[0]), (2, 3, 3), empty=(0, 3, 3)),
    item("integers apart, behind a slice", (slice(None), rows, slice(1, 3), columns), (2, 3, 4, 5), empty=(0, 3, 4, 5)),
    item("a number beside integers", (0, slice(None), columns[:3]), reference=lambda x: x[0][:, columns[:3]]),
    item("a number between integers", (rows, 1, columns), reference=lambda x: x[:, 1][rows, columns]),
    item("None beside integers", (None, rows, slice(2)), reference=lambda x: x[rows, :2][None]),
    item("a full mask", np.arange(60).reshape(3, 4, 5) % 3 == 0, bad=(
        Bad(lambda: t[minidet.ones(3, dtype=bool)], IndexError,
            "getitem: mask has shape \\(3,\\), expected \\(2,\\)"),)),
    item("a mask of the first axes", mask),
    item("a mask of the last axis", (..., np.array([True, False, True, True, False]))),
    item("a mask and integers", (mask[:, 0], columns[:2])),
    item("a mask that is false everywhere", np.zeros(3, bool)),
    item("no index at all", ..., empty=(0, 3)),
    item("an empty list", [], reference=lambda x: x[:0]),
    Row("minidet.gather", **both(lambda lib, x, i: lib.gather(x, 1, i)),
        inputs=lambda rng: [rng.uniform(-1, 1, (3, 4)), rng.integers(0, 4, (3, 6))],
        reference=lambda x, i: np.stack([x[n, i[n]] for n in range(3)]),
        empty=lambda rng: [np.zeros((0, 4)), np.zeros((0, 6), np.int64)],
        bad=(Bad(lambda: t.gather(1, minidet.tensor([[3]])), IndexError, "gather: index contains 3"),
             Bad(lambda: t.gather(1, minidet.tensor([[-1]])), IndexError, "gather: index contains -1"),
             Bad(lambda: t.gather(1, t), TypeError, "gather: index has dtype float32"),
             Bad(lambda: t.gather(1, v), ValueError, "gather: index has shape \\(3,\\), expected 2 axes"),
             Bad(lambda: t.gather(1, minidet.zeros(3, 1).long()), ValueError, "gather: index has shape \\(3, 1\\)"),
             Bad(lambda: t.gather(2, v), IndexError, "gather: dim is 2"),
             Bad(lambda: t.gather(0, [0]), TypeError, "gather: index is a list"))),
    Row("minidet.gather", variant="fewer rows", **both(lambda lib, x, i: x.gather(-2, i)),
        inputs=lambda rng: [rng.uniform(-1, 1, (2, 3, 4)), rng.integers(0, 3, (1, 5, 2))],
        reference=lambda x, i: np.array([[[x[0, i[0, r, c], c] for c in range(2)] for r in range(5)]]),
        empty=lambda rng: [np.zeros((2, 3, 4)), np.zeros((0, 3, 4), np.int64)]),
    Row("minidet.cat", **both(lambda lib, a, b: lib.cat((a, b))), inputs=pair((2, 3), (1, 3)),
        reference=lambda a, b: np.array([*a, *b]), empty=pair((0, 3), (1, 3)),
        bad=(Bad(lambda: minidet.cat([]), ValueError, "cat: tensors is empty"),
             Bad(lambda: minidet.cat(t), TypeError, "cat: tensors is a Tensor, expected a tuple or list"),
             Bad(lambda: minidet.cat([t, "x"]), TypeError, "cat: tensors\\[1\\] is a str"),
             Bad(lambda: minidet.cat([t, t[:, :2]]), ValueError, "cat: tensors\\[1\\] has shape \\(2, 2\\)"),
             Bad(lambda: minidet.cat([t, t[0]], 1), ValueError, "cat: tensors\\[1\\] has shape \\(3,\\)"),
             Bad(lambda: minidet.cat([t, t], 2), IndexError, "cat: dim is 2"),
             Bad(lambda: minidet.cat([t.sum()]), ValueError, "cat: tensors\\[0\\] has shape \\(\\)"))),
    Row("minidet.cat", variant="dim, three", **both(lambda lib, a, b, c: lib.cat([a, b, c], -1)),
        inputs=pair((2, 3), (2, 1), (2, 2)), reference=lambda a, b, c: np.block([a, b, c]),
        empty=pair((0, 3), (0, 1), (0, 2))),
    Row("minidet.cat", variant="with one that is empty", **both(lambda lib, a, b: lib.cat([a, b])),
        inputs=pair((0,), (2, 3)), reference=lambda a, b: b, empty=pair((0,), (0, 3))),
    Row("minidet.cat", variant="the same twice", **both(lambda lib, a: lib.cat([a, a], 1)), inputs=pair((2, 3)),
        reference=lambda a: np.tile(a, 2), empty=pair((0, 3))),
    Row("minidet.concatenate", **both(lambda lib, a, b: lib.concatenate((a, b), 1)), inputs=pair((2, 3), (2, 1)),
        reference=lambda a, b: np.block([a, b]), empty=pair((0, 3), (0, 1)),
        bad=(Bad(lambda: minidet.concatenate([]), ValueError, "concatenate: tensors is empty"),)),
    Row("minidet.stack", **both(lambda lib, a, b: lib.stack([a, b])), inputs=pair((2, 3), (2, 3)),
        reference=lambda a, b: np.array([a, b]), empty=pair((0, 3), (0, 3)),
        bad=(Bad(lambda: minidet.stack([]), ValueError, "stack: tensors is empty"),
             Bad(lambda: minidet.stack([t, t[0]]), ValueError, "stack: tensors\\[1\\] has shape \\(3,\\)"),
             Bad(lambda: minidet.stack([t], 3), IndexError, "stack: dim is 3"),
             Bad(lambda: minidet.stack([1.0, None]), TypeError, "stack: tensors\\[1\\] is a NoneType"))),
    Row("minidet.stack", variant="last", **both(lambda lib, a, b: lib.stack((a, b), -1)), inputs=pair((2, 3), (2, 3)),
        reference=lambda a, b: np.array([a, b]).transpose(1, 2, 0), empty=pair((0, 3), (0, 3))),
    Row("minidet.split", **both(lambda lib, x: lib.split(x, 2)), inputs=pair((5, 2)),
        reference=lambda x: (x[:2], x[2:4], x[4:]), empty=pair((0, 2)),
        bad=(Bad(lambda: minidet.split(t, 0), ValueError, "split: split_size_or_sections is 0"),
             Bad(lambda: minidet.split(t, (1, 2)), ValueError, "split: split_size_or_sections is \\(1, 2\\)"),
             Bad(lambda: minidet.split(t, (-1, 3)), ValueError, "split: split_size_or_sections is \\(-1, 3\\)"),
             Bad(lambda: minidet.split(t, 1.5), TypeError, "split: split_size_or_sections is 1.5"),
             Bad(lambda: minidet.split(t, 1, 2), IndexError, "split: dim is 2"),
             Bad(lambda: minidet.split(t.sum(), 1), ValueError, "split: tensor has shape \\(\\)"))),
    Row("minidet.split", variant="sections", **both(lambda lib, x: x.split([1, 0, 3], dim=-1)), inputs=pair((2, 4)),
        reference=lambda x: (x[:, :1], x[:, 1:1], x[:, 1:]), empty=pair((0, 4))),
    Row("minidet.split", variant="only one piece used", **both(lambda lib, x: x.split(2)[1] * 2), inputs=pair((5, 2)),
        reference=lambda x: 2 * x[2:4], empty=None),  # nothing to split
    Row("minidet.chunk", **both(lambda lib, x: lib.chunk(x, 3, 1)), inputs=pair((2, 7)),
        reference=lambda x: (x[:, :3], x[:, 3:6], x[:, 6:]), empty=pair((0, 3)),
        bad=(Bad(lambda: minidet.chunk(t, 0), ValueError, "chunk: chunks is 0"),
             Bad(lambda: minidet.chunk(t, 2, 5), IndexError, "chunk: dim is 5"),
             Bad(lambda: minidet.chunk(t.sum(), 2), ValueError, "chunk: input has shape \\(\\)"))),
    Row("minidet.unbind", **both(lambda lib, x: lib.unbind(x)), inputs=pair((3, 2)),
        reference=lambda x: tuple(x[i] for i in range(3)), empty=pair((3, 0)),
        bad=(Bad(lambda: minidet.unbind(t, 2), IndexError, "unbind: dim is 2"),
             Bad(lambda: minidet.unbind(t.sum()), ValueError, "unbind: input has shape \\(\\)"))),
    Row("minidet.unbind", variant="by iteration", **both(lambda lib, x: tuple(x)), inputs=pair((3, 2)),
        reference=lambda x: tuple(x[i] for i in range(3)), empty=pair((3, 0))),
    Row("minidet.unbind", variant="last", **both(lambda lib, x: x.unbind(-1)), inputs=pair((2, 4)),
        reference=lambda x: tuple(x[:, i] for i in range(4)), empty=pair((0, 4))),
    Row("F.pad", variant="last axis", call=lambda x: F.pad(x, (1, 2)),
        torch=lambda x: torch().nn.functional.pad(x, (1, 2)),
        inputs=pair((2, 3)), reference=lambda x: np.block([np.zeros((2, 1)), x, np.zeros((2, 2))]), empty=pair((0, 3)),
        bad=(Bad(lambda: F.pad(t, (1, 2, 3)), ValueError, "pad: pad is \\(1, 2, 3\\), expected one pair of integers"),
             Bad(lambda: F.pad(t, (1,) * 6), ValueError, "pad: pad is"),
             Bad(lambda: F.pad(t, 1), TypeError, "pad: pad is 1, expected pairs"),
             Bad(lambda: F.pad(t, (1.5, 1)), TypeError, "pad: pad is 1.5"),
             Bad(lambda: F.pad(t, (-2, -2)), ValueError, "pad: pad cuts -2, -2"),
             Bad(lambda: F.pad(t, (1, 1), value="0"), TypeError, "pad: value is a str"),
             Bad(lambda: F.pad(t, (1, 1), "reflect"), ValueError, "pad: mode is 'reflect'"))),
    Row("F.pad", variant="two axes, a value", call=lambda x: F.pad(x, (1, 0, 0, 2), value=7.0),
        torch=lambda x: torch().nn.functional.pad(x, (1, 0, 0, 2), value=7.0), inputs=pair((2, 2, 3)),
        reference=lambda x: np.pad(x, ((0, 0), (0, 2), (1, 0)), constant_values=7.0), empty=pair((0, 2, 3))),
    Row("F.pad", variant="cut in front", call=lambda x: F.pad(x, (-1, 0)),
        torch=lambda x: torch().nn.functional.pad(x, (-1, 0)), inputs=pair((4,)), reference=lambda x: x[1:]),
    Row("F.pad", variant="cut at the end", call=lambda x: F.pad(x, (0, -1)),
        torch=lambda x: torch().nn.functional.pad(x, (0, -1)), inputs=pair((4,)), reference=lambda x: x[:-1]),
    Row("F.pad", variant="negative", call=lambda x: F.pad(x, (-1, 2, 1, -1)),
        torch=lambda x: torch().nn.functional.pad(x, (-1, 2, 1, -1)), inputs=pair((3, 4)),
        reference=lambda x: np.pad(x[:2, 1:], ((1, 0), (0, 2))), empty=None),
]  # fmt: skip
