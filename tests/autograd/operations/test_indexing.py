"""x[...] = PyTorch's x[...], over random indices; and writing through an index."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

import minidet
from minidet.autograd import gradcheck
from minidet.autograd.operations.indexing import add_rows


@st.composite
def basic_parts(draw, length):
    """Draw an integer or a slice with a positive step."""
    if draw(st.booleans()):
        return draw(st.integers(-length, length - 1))
    bound = st.none() | st.integers(-length - 1, length + 1)
    return slice(draw(bound), draw(bound), draw(st.none() | st.integers(1, 3)))


@st.composite
def indexed(draw):
    """Draw a shape and an index of integers, slices, None, ..., integer arrays and masks."""
    shape = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=4)))
    block = draw(st.sampled_from([(2,), (1,), (3, 2), (0,)]))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    parts, axis = [], 0
    covered = draw(st.integers(0, len(shape)))
    masks = 0
    while axis < covered:
        kind = draw(st.sampled_from(["basic", "basic", "integers", "mask"]))
        if kind == "integers" and not masks:
            length = shape[axis]
            which = block if draw(st.booleans()) else (1,) * len(block)
            parts.append(rng.integers(-length, length, which))
        elif kind == "mask" and not any(isinstance(part, np.ndarray) for part in parts):
            size = draw(st.integers(1, covered - axis))
            parts.append(rng.random(shape[axis : axis + size]) < 0.5)
            masks += 1
            axis += size - 1
        else:
            parts.append(draw(basic_parts(shape[axis])))
        axis += 1
        if draw(st.integers(0, 5)) == 0:
            parts.append(None)
    if draw(st.booleans()):
        parts.append(...)
    return shape, parts[0] if len(parts) == 1 and draw(st.booleans()) else tuple(parts)


def for_torch(torch, index):
    if isinstance(index, tuple):
        return tuple(for_torch(torch, part) for part in index)
    return torch.from_numpy(index.copy()) if isinstance(index, np.ndarray) else index


@pytest.mark.parity
@settings(max_examples=200)
@given(indexed())
def test_parity(drawn):
    torch = pytest.importorskip("torch")
    shape, index = drawn
    values = np.random.default_rng(0).standard_normal(shape)
    x, t = minidet.tensor(values, requires_grad=True), torch.tensor(values, requires_grad=True)
    got, expected = x[index], t[for_torch(torch, index)]
    np.testing.assert_array_equal(got.detach().numpy(), expected.detach().numpy(), strict=True)
    cotangent = np.random.default_rng(1).standard_normal(got.shape)
    got.backward(cotangent)
    expected.backward(torch.tensor(cotangent))
    np.testing.assert_allclose(x.grad.numpy(), t.grad.numpy(), 1e-12, 1e-12)


@pytest.mark.parity
@settings(max_examples=100)
@given(indexed())
def test_writing_parity(drawn):
    torch = pytest.importorskip("torch")
    shape, index = drawn
    x, t = minidet.zeros(shape), torch.zeros(shape)
    value = np.random.default_rng(0).standard_normal(x[index].shape[-1:]).astype(np.float32)
    if any(
        isinstance(part, np.ndarray) and part.dtype != bool for part in (index if type(index) is tuple else (index,))
    ):
        value = np.float32(3)  # an element written twice: the order is nobody's promise
    x[index] = value
    t[for_torch(torch, index)] = torch.as_tensor(value)
    np.testing.assert_array_equal(x.numpy(), t.numpy())


@given(indexed())
def test_gradients(drawn):
    shape, index = drawn
    x = minidet.tensor(np.random.default_rng(0).standard_normal(shape), requires_grad=True)
    assert gradcheck(lambda x: x[index], x)


def test_slices_are_views_and_picks_are_copies():
    x = minidet.zeros(3, 3)
    for index in (0, slice(1, 2), (0, 0), (..., 1), None):
        assert np.shares_memory(x[index].numpy(), x.numpy())
    for index in ([0], minidet.tensor([1]), x == 0, (0, [1])):
        assert not np.shares_memory(x[index].numpy(), x.numpy())


def test_index_tensors_of_every_kind():
    x = minidet.arange(4) * 10
    for index in (minidet.tensor(2), np.int64(2), np.array(2)):
        assert x[index].item() == 20
    for index in ([1, 2], minidet.tensor([1, 2]), np.array([1, 2], np.int32), range(1, 3)):
        assert x[index].tolist() == [10, 20]
    assert x[[True, False, False, True]].tolist() == [0, 30]


@given(st.integers(1, 6), st.integers(0, 20), st.sampled_from([0, 1, 3]))
def test_add_rows(count, picked, width):
    rng = np.random.default_rng(0)
    rows, values = rng.integers(0, count, picked), rng.standard_normal((picked, width))
    expected = np.zeros((count, width))
    for row, value in zip(rows, values, strict=True):
        expected[row] += value
    np.testing.assert_allclose(add_rows(count, rows, values), expected, 1e-12, 1e-12)


@pytest.mark.parametrize("where", [slice(None, 600), slice(-600, None)])
@pytest.mark.parametrize("width", [1, 2])
def test_add_rows_of_many_float32(width, where):
    """One after the other in float32, 2^24 + 1 + 1 + ... stays 2^24; the longest group may be the first or the last."""
    values = np.ones((700, width), np.float32)
    rows = np.arange(700)
    rows[where] = rows[where].min()
    values[np.flatnonzero(rows == rows[where].min())[0]] = 2.0**24
    got = add_rows(700, rows, values)
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got[rows[where].min()], np.float32(2**24 + 599))
    assert got.sum(dtype=np.float64) == width * (float(np.float32(2**24 + 599)) + 100)


def test_an_embedding_accumulates():
    table = minidet.zeros(3, 2, requires_grad=True)
    table[minidet.tensor([[0, 2], [2, 2]])].sum().backward()
    assert table.grad.tolist() == [[1, 1], [0, 0], [3, 3]]


def test_setitem_checks_its_index():
    x = minidet.zeros(2, 3)
    with pytest.raises(IndexError, match="index contains 5"):
        x[minidet.tensor([5])] = 1
    with pytest.raises(IndexError, match="index is 2"):
        x[2] = 1
    with pytest.raises(ValueError, match="broadcast"):
        x[0] = minidet.ones(2)
