"""Rows for views and copies in another shape."""

import numpy as np

import minidet

from .arithmetic import pair, t
from .row import Bad, Row, both


def f(call, inputs, reference, empty):
    """Gather what every row of this file has."""
    return {**both(call), "inputs": inputs, "reference": reference, "empty": empty}


def no_tensor(name, *args):
    """A list is no tensor."""
    return Bad(lambda: getattr(minidet, name)([1.0], *args), TypeError, f"{name}: input is a list")


a23 = pair((2, 3))
a234 = pair((2, 3, 4))

ROWS = [
    Row("minidet.reshape", **f(lambda lib, x: lib.reshape(x, (3, -1)), a23, lambda x: x.ravel().reshape(3, 2),
                               pair((0, 3))),
        bad=(Bad(lambda: t.reshape(4, 2), ValueError, "reshape: shape is \\(4, 2\\), expected 6 elements"),
             Bad(lambda: t.reshape(4, -1), ValueError, "reshape: shape is \\(4, -1\\), expected 6 elements"),
             Bad(lambda: t.reshape(-1, -1), ValueError, "reshape: shape is \\(-1, -1\\), expected at most one -1"),
             Bad(lambda: t.reshape(-2, 3), ValueError, "reshape: shape is \\(-2, 3\\)"),
             Bad(lambda: t.reshape(1.5), TypeError, "reshape: shape is \\(1.5,\\)"),
             no_tensor("reshape", (1,)))),
    Row("minidet.reshape", variant="of a transpose", **f(lambda lib, x: x.t().reshape(2, 3), a23,
                                                         lambda x: x.ravel("F").reshape(2, 3), None)),
    Row("minidet.reshape", variant="to 0-d", **f(lambda lib, x: x.reshape(()), pair((1, 1)), lambda x: x[0, 0], None)),
    Row("Tensor.view", **f(lambda lib, x: x.view(-1, 2), a23, lambda x: x.ravel().reshape(3, 2), pair((0, 2))),
        bad=(Bad(lambda: t.T.view(6), ValueError, "view: shape is \\(6,\\), expected a shape that fits the strides"),
             Bad(lambda: t.view(5), ValueError, "view: shape is \\(5,\\), expected 6 elements"))),
    Row("Tensor.view_as", **f(lambda lib, x: x.view_as(lib.ones(3, 2)), a23, lambda x: x.ravel().reshape(3, 2), None)),
    Row("minidet.flatten", **f(lambda lib, x: lib.flatten(x), a234, lambda x: x.ravel(), pair((0, 3))),
        bad=(Bad(lambda: t.flatten(1, 0), ValueError, "flatten: end_dim is 0, expected an axis not before start_dim"),
             Bad(lambda: t.flatten(2), IndexError, "flatten: start_dim is 2"), no_tensor("flatten"))),
    Row("minidet.flatten", variant="from 1", **f(lambda lib, x: lib.flatten(x, 1), a234, lambda x: x.reshape(2, 12),
                                                 pair((0, 3, 4)))),
    Row("minidet.flatten", variant="in the middle", **f(lambda lib, x: x.flatten(start_dim=1, end_dim=2),
                                                        pair((2, 3, 2, 2)), lambda x: x.reshape(2, 6, 2),
                                                        pair((0, 3, 2, 2)))),
    Row("minidet.flatten", variant="0-d", **f(lambda lib, x: lib.flatten(x), pair(()), lambda x: x[None], pair((0,)))),
    Row("minidet.squeeze", **f(lambda lib, x: lib.squeeze(x), pair((1, 3, 1)), lambda x: x[0, :, 0], pair((0, 1))),
        bad=(Bad(lambda: t.squeeze(2), IndexError, "squeeze: dim is 2"), no_tensor("squeeze"))),
    Row("minidet.squeeze", variant="dim", **f(lambda lib, x: lib.squeeze(x, -1), pair((1, 3, 1)), lambda x: x[..., 0],
                                              pair((0, 1)))),
    Row("minidet.squeeze", variant="an axis that stays", **f(lambda lib, x: x.squeeze((0, 1)), pair((1, 3, 1)),
                                                             lambda x: x[0], pair((0, 1)))),
    Row("minidet.unsqueeze", **f(lambda lib, x: lib.unsqueeze(x, 1), a23, lambda x: x[:, None], pair((0, 3))),
        bad=(Bad(lambda: t.unsqueeze(3), IndexError, "unsqueeze: dim is 3, expected an integer in \\[-3, 2\\]"),
             Bad(lambda: t.unsqueeze(None), TypeError, "unsqueeze: dim is None"), no_tensor("unsqueeze", 0))),
    Row("minidet.unsqueeze", variant="last", **f(lambda lib, x: x.unsqueeze(-1), a23, lambda x: x[..., None],
                                                 pair((0, 3)))),
    Row("minidet.permute", **f(lambda lib, x: lib.permute(x, (2, 0, 1)), a234, lambda x: np.einsum("ijk->kij", x),
                               pair((0, 3, 4))),
        bad=(Bad(lambda: t.permute(0, 0), ValueError, "permute: dims is \\(0, 0\\), expected every one of the 2 axes"),
             Bad(lambda: t.permute(0), ValueError, "permute: dims is \\(0,\\)"),
             Bad(lambda: t.permute(0, 2), IndexError, "permute: dims is 2"), no_tensor("permute", (0,)))),
    Row("minidet.permute", variant="method, negative", **f(lambda lib, x: x.permute(-1, 0, 1), a234,
                                                           lambda x: np.einsum("ijk->kij", x), pair((0, 3, 4)))),
    Row("minidet.transpose", **f(lambda lib, x: lib.transpose(x, 0, -1), a234, lambda x: np.einsum("ijk->kji", x),
                                 pair((0, 3, 4))),
        bad=(Bad(lambda: t.transpose(0, 2), IndexError, "transpose: dim1 is 2"),
             Bad(lambda: t.transpose("x", 0), TypeError, "transpose: dim0 is 'x'"), no_tensor("transpose", 0, 0))),
    Row("minidet.t", **f(lambda lib, x: lib.t(x), a23, lambda x: np.einsum("ij->ji", x), pair((0, 3))),
        bad=(Bad(lambda: minidet.t(minidet.ones(1, 2, 3)), ValueError, "t: input has shape \\(1, 2, 3\\)"),
             no_tensor("t"))),
    Row("minidet.t", variant="T", **f(lambda lib, x: x.T, a23, lambda x: np.einsum("ij->ji", x), pair((0, 3)))),
    Row("minidet.t", variant="of a vector", **f(lambda lib, x: x.t(), pair((3,)), lambda x: x, pair((0,)))),
    Row("Tensor.mT", **f(lambda lib, x: x.mT, a234, lambda x: np.einsum("ijk->ikj", x), pair((0, 3, 4)))),
    Row("minidet.broadcast_to", **f(lambda lib, x: lib.broadcast_to(x, (2, 3, 4)), pair((3, 1)),
                                    lambda x: x + np.zeros((2, 3, 4)), None),
        bad=(Bad(lambda: t.expand(2, 4), ValueError, "expand: shape is \\(2, 4\\)"),
             Bad(lambda: t.expand(3), ValueError, "expand: shape is \\(3,\\)"),
             Bad(lambda: t.expand(-1, 2, 3), ValueError, "expand: shape is \\(-1, 2, 3\\)"),
             no_tensor("broadcast_to", (1,)))),
    Row("Tensor.expand", **f(lambda lib, x: x.expand(2, -1, 4), pair((3, 1)), lambda x: x + np.zeros((2, 3, 4)),
                             pair((0, 1)))),
    Row("Tensor.expand_as", **f(lambda lib, x: x.expand_as(lib.ones(2, 3)),
        pair((3,)), lambda x: np.stack([x, x]), None)),
    Row("minidet.flip", **f(lambda lib, x: lib.flip(x, (0, -1)), a234, lambda x: x[::-1, :, ::-1], pair((0, 3))),
        bad=(Bad(lambda: t.flip(2), IndexError, "flip: dim is 2"),
             Bad(lambda: t.flip(0, 0), ValueError, "flip: dim is \\(0, 0\\), expected different axes"),
             no_tensor("flip", (0,)))),
    Row("minidet.clone", **f(lambda lib, x: lib.clone(x), a23, lambda x: x + 0, pair((0, 3))),
        bad=(no_tensor("clone"),)),
    Row("Tensor.contiguous", **f(lambda lib, x: x.T.contiguous(), a23, lambda x: np.einsum("ij->ji", x), pair((0, 3)))),
    Row("Tensor.to", **f(lambda lib, x: (x.to(lib.float32) * 1).to(lib.float64), lambda rng: [np.array([[0.5, 1.25]])],
                         lambda x: x, pair((0, 3))),
        differentiable=False,  # finite differences drown in float32; gradients are in tests/autograd/operations/test_promotion.py
        bad=(Bad(lambda: t.to("float16"), TypeError, "to: dtype is 'float16'"),
             Bad(lambda: t.to("cuda"), TypeError, "to: dtype is 'cuda'"),
             Bad(lambda: t.to(None), TypeError, "to: dtype is None"),
             Bad(lambda: t.to(np.complex64), TypeError, "to: dtype is")),
        ),
]  # fmt: skip
