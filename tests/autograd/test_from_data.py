"""What becomes a tensor, and what is refused, at every door through which data enter."""

import numpy as np
import pytest

import minidet
import minidet.nn.functional as F
from minidet import Tensor, nn, optim

BAD_DTYPES = {
    "float16": np.ones(2, np.float16), "complex": np.ones(2, complex), "object": np.array([1, None]),
    "structured": np.zeros(2, [("a", "f4")]), "dates": np.array(["2027-01-01"] * 2, "M8[D]"),
    "durations": np.zeros(2, "m8[s]"), "text": np.array(["a", "b"]), "bytes": np.array([b"a", b"b"]),
}  # fmt: skip
if np.dtype(np.longdouble) != np.float64:
    BAD_DTYPES["longdouble"] = np.ones(2, np.longdouble)


def read_by_hook(array):
    x = minidet.ones(2, requires_grad=True)
    x.register_hook(lambda grad: array)
    x.sum().backward()
    return x.grad


def load_into_module(array):
    net = nn.Module()
    net.weight = nn.Parameter(minidet.zeros(2))
    net.load_state_dict({"weight": array})
    return net.weight


def load_into_optimiser(array):
    weight = minidet.zeros(2, requires_grad=True)
    optimiser = optim.SGD([weight], lr=0.1, momentum=0.9)
    optimiser.load_state_dict({"state": {0: {"momentum_buffer": array}}, "param_groups": [{"params": [0]}]})
    return optimiser.state[weight]["momentum_buffer"]


def pass_back(array):
    x = minidet.ones(2, requires_grad=True)
    (x * 1).backward(array)
    return x.grad


def zeros_like_floats(array):
    return minidet.zeros(2, dtype=array.dtype.char if array.dtype.char in "fd" else "f")


DOORS = {  # name in the message: where an array enters
    "tensor: data": minidet.tensor,
    "tensor: data ": Tensor,
    "as_tensor: data": minidet.as_tensor,
    "from_numpy: array": minidet.from_numpy,
    "mse_loss: target": lambda array: F.mse_loss(zeros_like_floats(array), array, reduction="none"),
    "add: other": lambda array: minidet.zeros(2) + array,
    "tensor: data  ": nn.Parameter,
    "copy_: source": lambda array: minidet.zeros(2).copy_(array),
    "setitem: value": lambda array: minidet.zeros(2).__setitem__(slice(None), array) or minidet.ones(2),
    "backward: gradient": pass_back,
    "register_hook: the hook's result": read_by_hook,
    "load_state_dict: the state does not fit Module:\n  weight": load_into_module,
    "SGD.load_state_dict: momentum_buffer": load_into_optimiser,
    "BCELoss: weight": lambda array: nn.BCELoss(array).weight,
}


@pytest.mark.parametrize("kind", BAD_DTYPES)
@pytest.mark.parametrize("door", DOORS)
def test_what_holds_no_numbers_is_refused_everywhere(door, kind):
    array = BAD_DTYPES[kind]
    if kind == "float16" and DOORS[door] is load_into_module:
        pytest.skip("checkpoints may be in half precision")
    with pytest.raises((TypeError, ValueError)) as error:
        DOORS[door](array)
    assert str(error.value).startswith(f"{door.strip()} has dtype {array.dtype}, expected float32, float64, an integer")


@pytest.mark.parametrize("dtype", [">f4", ">f8", "<f4", ">i8"])
@pytest.mark.parametrize("door", DOORS)
def test_the_other_byte_order_is_converted_everywhere(door, dtype):
    array = np.array([1.0, 1.0]).astype(dtype)
    if dtype == ">i8" and door in ("mse_loss: target", "tensor: data  ", "BCELoss: weight"):
        pytest.skip("floats only")
    result = DOORS[door](array)
    assert result.dtype.isnative
    assert result.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("dtype", [">f4", np.dtype(">i2"), "f8"])
def test_a_dtype_is_native(dtype):
    for result in (minidet.tensor([1], dtype=dtype), minidet.zeros(1, dtype=dtype), minidet.ones(1).to(dtype)):
        assert result.dtype.isnative
        assert result.dtype.char == np.dtype(dtype).char


@pytest.mark.parametrize("dtype", ["x", np.float16, complex, object, "M8", "U3", 3, np.longdouble, [("a", "f4")]])
def test_a_dtype_that_tensors_cannot_have(dtype):
    if dtype is np.longdouble and np.dtype(dtype) == np.float64:
        pytest.skip("here longdouble is float64")
    for name, call in {"tensor": lambda: minidet.tensor([1], dtype=dtype), "ones": lambda: minidet.ones(1, dtype=dtype),
                       "to": lambda: minidet.ones(1).to(dtype)}.items():  # fmt: skip
        with pytest.raises(TypeError, match=f"^{name}: dtype is .*, expected float32, float64, an integer dtype or"):
            call()
