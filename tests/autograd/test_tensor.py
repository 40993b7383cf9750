"""What a tensor is made of, and what it gives back."""

import numpy as np
import pytest

import minidet
from minidet import Tensor


class TestMaking:
    @pytest.mark.parametrize("data, dtype", [
        (1.5, "float32"), ([1.0, 2], "float32"), (3, "int64"), ([[1], [2]], "int64"), (True, "bool"),
        ([True, False], "bool"),
        (np.float64(2), "float64"), (np.zeros(2), "float64"), (np.zeros(2, np.float32), "float32"),
        (np.zeros(2, np.uint8), "uint8"), ([np.float64(1), np.float64(2)], "float64"), ([], "float32"),
    ])  # fmt: skip
    def test_dtype(self, data, dtype):
        assert minidet.tensor(data).dtype == dtype
        assert Tensor(data).dtype == dtype

    def test_dtype_argument(self):
        assert minidet.tensor([1, 2], dtype=minidet.float64).dtype == np.float64
        assert minidet.tensor([1.9], dtype=minidet.int64).tolist() == [1]

    def test_nested_tensors(self):
        x = minidet.tensor([minidet.tensor([1.0, 2.0]), minidet.tensor([3.0, 4.0])])
        assert x.tolist() == [[1, 2], [3, 4]]

    @pytest.mark.parametrize("data", [["a"], [1j], np.zeros(2, np.float16), np.zeros(2, complex), object()])
    def test_refuses_what_is_no_number(self, data):
        with pytest.raises(TypeError, match="tensor: data has dtype"):
            minidet.tensor(data)

    def test_refuses_ragged_lists(self):
        with pytest.raises(ValueError, match=r"ragged, expected nested lists of equal lengths: .*[^.]\.$"):
            minidet.tensor([[1, 2], [3]])

    def test_tensor_copies_and_the_others_share(self):
        array = np.zeros(2)
        copy, shared, also, third = (
            minidet.tensor(array),
            Tensor(array),
            minidet.as_tensor(array),
            minidet.from_numpy(array),
        )
        array[0] = 1
        assert copy.tolist() == [0, 0]
        assert shared.tolist() == also.tolist() == third.tolist() == [1, 0]
        assert minidet.as_tensor(shared) is shared

    def test_from_numpy_wants_an_array(self):
        with pytest.raises(TypeError, match="from_numpy: array is a list"):
            minidet.from_numpy([1.0])

    def test_only_floats_require_grad(self):
        assert minidet.tensor([1.0], requires_grad=True).requires_grad
        with pytest.raises(TypeError, match="tensor: requires_grad is True, expected False: .* int64"):
            minidet.tensor([1], requires_grad=True)

    def test_requires_grad_can_be_set(self):
        x = minidet.zeros(2)
        x.requires_grad = True
        y = x * 2
        y.sum().backward()
        assert x.grad.tolist() == [2, 2]
        x.requires_grad = False
        assert not x.requires_grad
        assert not (x * 2).requires_grad
        with pytest.raises(TypeError, match="requires_grad_: the tensor has dtype int64, expected a float dtype"):
            minidet.arange(2).requires_grad = True
        with pytest.raises(RuntimeError, match=r"requires_grad_: the tensor is a result of operations, .* detach"):
            y.requires_grad = False


class TestAsking:
    def test_shape(self):
        x = minidet.zeros(2, 3)
        assert (x.shape, x.ndim, x.dim(), x.size(), x.size(-1), x.numel(), len(x)) == ((2, 3), 2, 2, (2, 3), 3, 6, 2)

    def test_len_of_a_number(self):
        with pytest.raises(TypeError, match="len: the tensor has shape \\(\\)"):
            len(minidet.tensor(1.0))

    def test_numbers(self):
        x = minidet.tensor([2.5])
        assert (x.item(), float(x), int(x), bool(x), f"{x.sum():.2f}") == (2.5, 2.5, 2, True, "2.50")
        assert [10, 20, 30][minidet.tensor(1)] == 20

    def test_several_are_no_number(self):
        x = minidet.zeros(2)
        for convert, op in ((float, "item"), (int, "item"), (bool, "bool")):
            with pytest.raises(ValueError, match=f"{op}: the tensor has shape \\(2,\\), expected exactly one element"):
                convert(x)
        with pytest.raises(TypeError, match="index: the tensor has dtype float32"):
            [1, 2][minidet.tensor(1.0)]

    def test_repr(self):
        x = minidet.tensor([1.0, 2.0], requires_grad=True)
        assert repr(x) == "tensor([1., 2.], requires_grad=True)"
        assert repr(x * 2) == "tensor([2., 4.], grad_fn=<Mul>)"
        assert repr(minidet.zeros(1, dtype=minidet.float64)) == "tensor([0.], dtype=float64)"
        assert repr(minidet.tensor([True])) == "tensor([ True])"
        assert repr(minidet.zeros(0, 3)) == "tensor([], size=(0, 3))"

    def test_iteration(self):
        x = minidet.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
        first, second = x
        (first * second).sum().backward()
        assert x.grad.tolist() == [[3, 4], [1, 2]]
        with pytest.raises(TypeError, match="iter: the tensor has shape \\(\\)"):
            iter(minidet.tensor(1.0))

    def test_hash_is_identity_and_equality_is_elementwise(self):
        a, b = minidet.tensor([1.0, 2.0]), minidet.tensor([1.0, 3.0])
        assert len({a, b, a}) == 2
        assert (a == b).tolist() == [True, False]
        assert (a != b).tolist() == [False, True]
        assert (a == None) is False  # noqa: E711
        assert (a != "x") is True


class TestNumpy:
    def test_shares_memory(self):
        x = minidet.zeros(2)
        x.numpy()[0] = 5
        assert x.tolist() == [5, 0]

    def test_refuses_what_requires_grad(self):
        x = minidet.zeros(2, requires_grad=True)
        with pytest.raises(RuntimeError, match="numpy: the tensor requires grad.*detach"):
            x.numpy()
        assert x.detach().numpy().tolist() == [0, 0]

    def test_asarray(self):
        x = minidet.tensor([1.0, 2.0])
        assert np.asarray(x).dtype == np.float32
        assert np.asarray(x, dtype=np.float64).dtype == np.float64
        copy = np.array(x)
        copy[0] = 7
        assert x.tolist() == [1, 2]

    def test_array_on_the_left(self):
        x = minidet.tensor([1.0, 2.0], requires_grad=True)
        for result in (np.ones(2, np.float32) + x, np.float32(1) * x, np.ones((2, 2), np.float32) @ x):
            assert isinstance(result, Tensor)
            assert result.dtype == np.float32
            assert result.requires_grad

    def test_detach_shares_memory_and_versions(self):
        x = minidet.zeros(2, requires_grad=True)
        y = x.detach()
        y[0] = 3
        assert x.tolist() == [3, 0]
        assert not y.requires_grad
        assert y.version == x.version == 1
