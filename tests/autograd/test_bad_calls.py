"""Values of the wrong kind at every argument: what raises names the operation, and nothing hangs or takes gigabytes."""

import inspect

import pytest

import minidet
from minidet import Tensor, autograd
from tests.autograd.bad_values import complaint, every_complaint, names_of, values

GOOD = {
    "input": lambda: minidet.tensor([[1.0, 2.0], [3.0, 4.0]]), "other": lambda: minidet.tensor([[1.0, 2.0], [3.0, 4.0]]),
    "tensor": lambda: minidet.zeros(2, 2), "tensors": lambda: [minidet.zeros(2, 2), minidet.zeros(2, 2)],
    "data": lambda: [1.0, 2.0], "array": lambda: values()["integers"], "size": lambda: (2, 2), "shape": lambda: (2, 2),
    "fill_value": lambda: 3, "exponent": lambda: 2.0, "condition": lambda: minidet.tensor([[True, False], [True, False]]),
    "dim": lambda: 0, "dim0": lambda: 0, "dim1": lambda: 1, "dims": lambda: (0, 1), "index": lambda: minidet.zeros(2, 2).long(),
    "split_size_or_sections": lambda: 1, "chunks": lambda: 2, "pad": lambda: (1, 1), "start": lambda: 0, "end": lambda: 3,
    "steps": lambda: 3, "n": lambda: 3, "low": lambda: 0, "high": lambda: 3, "fn": lambda: lambda x: x * 2,
    "inputs": lambda: minidet.ones(2, dtype=minidet.float64, requires_grad=True), "min": lambda: 0.0, "max": lambda: 3.0,
    "dtype": lambda: minidet.float32, "value": lambda: 1.0, "source": lambda: minidet.zeros(2, 2),
    "hook": lambda: lambda grad: None, "*": lambda: (2, 2),
}  # fmt: skip
SPECIAL = {("randint", "size"): lambda: (2,), ("linspace", "end"): lambda: 3.0, ("reshape", "*"): lambda: (4,),
           ("view", "*"): lambda: (4,), ("permute", "*"): lambda: (1, 0), ("flip", "*"): lambda: (0,)}  # fmt: skip
SPECIAL |= {("backward", "gradient"): lambda: minidet.zeros(2, 2), ("to", "dtype"): lambda: minidet.float32}
NOT_CALLED = {"Function", "GradcheckError", "Tensor", "no_grad", "enable_grad", "set_grad_enabled", "is_grad_enabled"}
FUNCTIONS = sorted(set(autograd.__all__) - NOT_CALLED)
METHODS = sorted(
    name for name, method in vars(Tensor).items()
    if inspect.isfunction(method) and not name.startswith("_") and name != "add_hook" and len(names_of(method)) > 1
)  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name):
    found = every_complaint(name, getattr(autograd, name), GOOD, SPECIAL)
    assert not [line for line in found if "fn=class" not in line]  # int() is a function, and complains by itself


@pytest.mark.parametrize("name", METHODS)
def test_methods(name):
    method = getattr(Tensor, name)

    def call(*args, **kwargs):
        x = minidet.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=name in ("backward", "register_hook"))
        return method(x, *args, **kwargs)

    parameters = list(inspect.signature(method).parameters.values())[1:]
    call.__signature__ = inspect.Signature(parameters)
    assert not every_complaint(name, call, GOOD, SPECIAL)


OPERATORS = {"+": "add", "-": "sub", "*": "mul", "/": "div", "//": "floor_divide", "%": "remainder", "**": "pow",
             "@": "matmul", "<": "lt", "&": "bitwise_and"}  # fmt: skip


@pytest.mark.parametrize("dtype", ["f", "d", "q", "B", "?"])
@pytest.mark.parametrize("sign", OPERATORS)
def test_operators(sign, dtype):
    found = []
    for kind, value in values().items():
        x = minidet.tensor([1, 1]).to(dtype)
        for text in (f"x {sign} value", f"value {sign} x"):
            wrong = complaint(OPERATORS[sign], eval, text, {"x": x, "value": value})
            names = "lt", "gt"  # a reflected comparison is the other one
            if wrong and not (sign == "<" and any(f"{name}:" in wrong for name in names)):
                found.append(f"{text}, {kind}: {wrong}")
    assert not found


@pytest.mark.parametrize("index", [lambda v: v, lambda v: (0, v), lambda v: slice(v, None), lambda v: slice(None, v),
                                   lambda v: slice(None, None, v), lambda v: (v, v), lambda v: (..., v)])  # fmt: skip
def test_indices(index):
    found = []
    for value in values().values():
        x = minidet.zeros(2, 2)
        found += [
            complaint("getitem", x.__getitem__, index(value)),
            complaint("setitem", x.__setitem__, index(value), 1),
        ]
    assert not any(found), found


def test_values_to_set():
    for kind, value in values().items():
        for dtype in "fqB?":
            x = minidet.zeros(2, 2).to(dtype)
            assert not complaint("setitem", x.__setitem__, 0, value), kind


@pytest.mark.parametrize("call, message", [
    (lambda: minidet.zeros(2, 3).size("x"), "size: dim is 'x', expected an integer."),
    (lambda: minidet.tensor(1.0).size(0), "size: dim is 0, expected None: the tensor has no axes."),
    (lambda: minidet.zeros(2).sum(0, keepdim=2.0), "sum: keepdim is a float, expected True or False."),
    (lambda: minidet.zeros(2).fill_("x"),
     "fill_: value has dtype <U1, expected float32, float64, an integer dtype or bool."),
    (lambda: minidet.zeros(2).copy_(minidet.zeros(3)),
     "copy_: source has shape (3,), expected a shape that broadcasts to (2,)."),
    (lambda: minidet.zeros(2**62), f"zeros: size is ({2**62},), expected a result of at most {2**36:,} numbers: the result would have the shape ({2**62},)."),
    (lambda: minidet.zeros(2).long() + 2**64, f"add: other is {2**64}, expected a number that int64 can hold."),
    (lambda: minidet.zeros(2).expand(2.5), "expand: shape is (2.5,), expected integers."),
    (lambda: minidet.zeros(2)[2.5:], "getitem: index is slice(2.5, None, None), expected a slice of integers."),
    (lambda: minidet.arange(3, requires_grad="x"), "arange: requires_grad is a str, expected True or False."),
])  # fmt: skip
def test_words(call, message):
    with pytest.raises((ValueError, TypeError, IndexError)) as error:
        call()
    assert str(error.value) == message
