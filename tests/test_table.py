"""What must hold for every operation and layer, tested on every row of the table (tests/table)."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import minidet
from minidet import Tensor, autograd, nn, ops
from minidet.autograd.gradcheck import GradcheckError, gradcheck_report
from minidet.nn import functional as F

from .table.collect import (
    ROWS,
    Subject,
    as_arrays,
    as_tensors,
    as_tuple,
    cotangents,
    gradients,
    is_float,
    over_rows,
    torch_outputs_and_gradients,
)
from .table.watched import graph_functions, refuse_float64, refuse_other_layouts, refuse_surplus

JACOBIAN_SIZE = 800  # inputs times outputs, up to which every entry of the Jacobian is compared
NOT_OPERATIONS = {  # public names of nn that are no layer
    "Module", "ModuleDict", "ModuleList", "Parameter", "Sequential", "functional", "init",
}  # fmt: skip


def is_smooth(row) -> bool:
    return row.smooth


def run(row, arrays, dtype=np.float64, cotangent=np.asarray):
    """Return the outputs and the gradients of inputs and parameters, as arrays; the cotangents in some layout."""
    subject = Subject(row, dtype)
    inputs = as_tensors(arrays)
    outputs = subject(*inputs)
    leaves = [value for value in inputs if value.requires_grad] + list(subject.parameters().values())
    return [out.detach().numpy() for out in outputs], gradients(outputs, leaves, cotangent)


def assert_close(got, expected, rtol, atol):
    assert len(got) == len(expected)
    for one, other in zip(got, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol, atol, strict=True)


def needed_arguments(function) -> int:
    if isinstance(function, np.ufunc):
        return function.nin  # NumPy gives ufuncs a signature from 2.4 on
    parameters = inspect.signature(function).parameters.values()
    return sum(
        parameter.default is parameter.empty and parameter.kind < parameter.VAR_POSITIONAL for parameter in parameters
    )


@over_rows(lambda row: row.reference is not None)
def test_agrees_with_the_reference(row, rng):
    arrays = as_arrays(row.inputs(rng))
    subject = Subject(row)
    got = [out.detach().numpy() for out in subject(*as_tensors(arrays))]
    extra = []
    if row.module is not None and needed_arguments(row.reference) > len(arrays):
        extra = [{name: value.numpy() for name, value in subject.module.state_dict().items()}]
    expected = [np.asarray(out) for out in as_tuple(row.reference(*arrays, *extra))]
    assert len(got) == len(expected)
    for one, other in zip(got, expected, strict=True):
        np.testing.assert_allclose(one, other, 1e-6 if one.dtype == np.float32 else 1e-10, 1e-12, strict=True)


@pytest.mark.gradcheck
@over_rows(is_smooth)
def test_gradcheck(row, rng, record_property):
    arrays = as_arrays(row.inputs(rng))
    subject = Subject(row)
    names = [f"input {i}" for i, array in enumerate(arrays) if is_float(array)] + list(subject.parameters())
    inputs = as_tensors(arrays) + list(subject.parameters().values())
    function = subject.with_parameters(len(arrays))
    errors, verdict = {}, "FAIL"
    try:
        sizes = [sum(x.size for x in arrays), sum(out.numel() for out in function(*inputs))]
        for mode in ("random", "full") if sizes[0] * sizes[1] <= JACOBIAN_SIZE else ("random",):
            for name, report in zip(names, gradcheck_report(function, inputs, mode=mode), strict=True):
                errors[name] = max(errors.get(name, 0.0), report.max_error)
        verdict = "pass"
    finally:
        record_property("gradcheck", gradcheck_line(row.id, errors, verdict))
    assert list(errors) == names, "an input or a parameter was not compared"


@over_rows(lambda row: row.gradients is not None)
def test_gradients_at_kinks(row, rng):
    """Where there is no derivative, a gradient is a choice: the row says which."""
    arrays = as_arrays(row.inputs(rng))
    inputs = as_tensors(arrays)
    outputs = Subject(row)(*inputs)
    floats = [value for value in inputs if value.requires_grad]
    expected = as_tuple(row.gradients(*cotangents(outputs), *arrays))
    assert_close(gradients(outputs, floats), expected, 1e-10, 1e-12)


@over_rows(lambda row: row.differentiable)
def test_whoever_asks_gets_the_gradient_and_nobody_else(row, rng, monkeypatch):
    """Every leaf alone, and all but one: the gradients are those that arrive when all require grad."""
    arrays = as_arrays(row.inputs(rng))
    floats = [i for i, array in enumerate(arrays) if is_float(array)]
    subject = Subject(row)
    leaves = [*floats, *subject.parameters()]
    right = dict(zip(leaves, run(row, arrays)[1], strict=True))
    few = [{leaf} for leaf in leaves] + [set(leaves) - {leaf} for leaf in leaves]
    for asked in [some for i, some in enumerate(few) if some and some not in few[:i]]:
        subject = Subject(row)
        tensors = dict(enumerate(as_tensors(arrays, requires_grad=False))) | subject.parameters()
        for key in leaves:
            tensors[key].requires_grad = key in asked
        with monkeypatch.context() as patch:
            outputs = subject(*[tensors[i] for i in range(len(arrays))])
            refuse_surplus(patch, graph_functions(outputs))
            gradients(outputs, [])
        for key in leaves:
            if key not in asked:
                assert tensors[key].grad is None
            elif tensors[key].grad is not None or right[key].any():
                np.testing.assert_allclose(tensors[key].grad.numpy(), right[key], 1e-10, 1e-12, strict=True)


def gradcheck_line(name: str, errors: dict[str, float], verdict: str) -> str:
    """Write the line that ``make gradcheck`` shows for one row."""
    return f"{name:<45} {', '.join(f'{name} {error:.1e}' for name, error in errors.items())}, {verdict}"


@over_rows(lambda row: row.name != "Tensor.to")  # it changes the dtype: what else
def test_float32_is_kept(row, rng, monkeypatch):
    arrays = as_arrays(row.inputs(rng))
    expected, expected_grads = run(row, arrays)
    singles = as_arrays(arrays, np.float32)
    refuse_float64(monkeypatch, graph_functions(Subject(row, np.float32)(*as_tensors(singles))))
    got, grads = run(row, singles, np.float32)
    for one, other in zip(got + grads, expected + expected_grads, strict=True):
        if is_float(other) and any(is_float(array) for array in arrays):
            assert one.dtype == np.float32
            np.testing.assert_allclose(
                one, other, 1e-3, 1e-3 * max(1.0, np.abs(other[np.isfinite(other)]).max(initial=0))
            )
        else:
            assert one.dtype == other.dtype


def transposed(array):
    return array.T.copy().T


def strided(array):
    if array.ndim == 0:
        return np.stack([array, array])[1]
    wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
    wide[..., 1::2] = array
    return wide[..., 1::2]


def reversed_(array):
    return np.flip(np.flip(array).copy())


@pytest.mark.parametrize("layout", [transposed, strided, reversed_])
@over_rows(lambda row: row.name not in ("Tensor.view", "Tensor.view_as"))  # they refuse, as they should
@pytest.mark.slow
def test_takes_any_layout(row, layout, rng, monkeypatch):
    arrays = as_arrays(row.inputs(rng))
    refuse_other_layouts(monkeypatch)
    expected = run(row, arrays)
    for cotangent in (np.asarray, layout):
        got = run(row, [layout(array) for array in arrays], cotangent=cotangent)
        for one, other in zip(got, expected, strict=True):
            assert_close(one, other, 1e-10, 1e-12)


@over_rows()
def test_leaves_its_inputs_as_they_are(row, rng):
    arrays = as_arrays(row.inputs(rng))
    before = [array.copy() for array in arrays]
    run(row, arrays)
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, copy)
        assert array.flags.writeable, "the array is still locked, though the graph is gone"


@over_rows()
@pytest.mark.slow
def test_takes_read_only_inputs(row, rng):
    arrays = as_arrays(row.inputs(rng))
    expected = run(row, [array.copy() for array in arrays])
    for array in arrays:
        array.flags.writeable = False
    got = run(row, arrays)
    for one, other in zip(got, expected, strict=True):
        assert_close(one, other, 1e-10, 1e-12)


@over_rows(lambda row: row.empty is not None)
def test_takes_empty_inputs(row, rng):
    arrays = as_arrays(row.empty(rng))
    _, grads = run(row, arrays)
    shapes = [array.shape for array in arrays if is_float(array)]
    assert [grad.shape for grad in grads][: len(shapes)] == shapes
    for grad in grads[len(shapes) :]:
        assert not grad.any(), "no sample, but a gradient for a parameter"


@over_rows(lambda row: row.bad)
def test_refuses_bad_input(row):
    for bad in row.bad:
        with pytest.raises(bad.error, match=bad.message):
            bad.call()


@pytest.mark.parity
@over_rows(lambda row: row.torch is not None or row.torch_module is not None)
def test_agrees_with_pytorch(row, rng):
    pytest.importorskip("torch")
    arrays = as_arrays(row.inputs(rng))
    subject = Subject(row)
    inputs = as_tensors(arrays)
    outputs = subject(*inputs)
    leaves = {i: value for i, value in enumerate(inputs) if value.requires_grad} | subject.parameters()
    grads = dict(zip(leaves, gradients(outputs, leaves.values()), strict=True))
    expected, expected_grads = torch_outputs_and_gradients(row, arrays, subject)
    for one, other in zip(outputs, expected, strict=True):
        rtol, atol = (1e-6, 1e-7) if other.dtype == np.float32 else (1e-9, 1e-10)
        np.testing.assert_allclose(one.detach().numpy(), other, rtol, atol, strict=True)
    if row.differentiable:
        assert grads.keys() == expected_grads.keys()
        for key, grad in grads.items():
            np.testing.assert_allclose(grad, expected_grads[key], 1e-7, 1e-9, err_msg=f"gradient of {key}", strict=True)


def has_empty_twin(row) -> bool:
    uninitialised = (
        "multi_margin" in row.name or "MultiMargin" in row.name
    )  # what PyTorch returns changes from run to run
    return row.empty is not None and (row.torch is not None or row.torch_module is not None) and not uninitialised


@pytest.mark.parity
@pytest.mark.filterwarnings("ignore:.*degrees of freedom is <= 0:UserWarning")
@over_rows(has_empty_twin)
@pytest.mark.slow
def test_agrees_with_pytorch_on_nothing(row, rng):
    pytest.importorskip("torch")
    arrays = as_arrays(row.empty(rng))
    subject = Subject(row)
    outputs = subject(*as_tensors(arrays))
    expected, _ = torch_outputs_and_gradients(row, arrays, subject)
    assert_close([out.detach().numpy() for out in outputs], expected, 1e-9, 1e-10)


@over_rows(lambda row: not row.differentiable)
def test_has_no_gradient(row, rng):
    outputs = Subject(row)(*as_tensors(as_arrays(row.inputs(rng))))
    assert not any(out.requires_grad for out in outputs if not is_float(out))


def public_operations():
    """Return every public operation and layer, by the name that rows use."""
    names = {f"minidet.{name}": getattr(minidet, name) for name in autograd.OPERATIONS}
    names |= {f"F.{name}": getattr(F, name) for name in F.__all__}
    return names | {f"nn.{name}": getattr(nn, name) for name in nn.__all__ if name not in NOT_OPERATIONS}


def vision_operations():
    """Return every function of ``ops``."""
    return {f"ops.{name}": getattr(ops, name) for name in ops.__all__ if inspect.isfunction(getattr(ops, name))}


def test_every_public_operation_has_a_row():
    public = public_operations() | vision_operations()
    tested = {row.name for row in ROWS}
    objects = [public[name] for name in tested if name in public]  # F.sigmoid is minidet.sigmoid: one row will do
    missing = [name for name, value in public.items() if not any(value is other for other in objects)]
    assert not missing, f"no row in tests/table for {missing}"


def test_every_row_is_about_something_public():
    known = {
        *public_operations(),
        *vision_operations(),
        *(f"Tensor.{name}" for name in dir(Tensor)),
        *(f"nn.{name}" for name in nn.__all__),
    }
    assert not {row.name for row in ROWS} - known


def test_every_operation_is_public_in_minidet():
    assert set(autograd.OPERATIONS) <= set(minidet.__all__)
    assert all(getattr(minidet, name) is getattr(autograd, name) for name in autograd.OPERATIONS)


def test_every_operation_refuses_something():
    refusing = {row.name for row in ROWS if row.bad}
    missing = {row.name for row in ROWS if not row.name.startswith("Tensor.")} - refusing - {"nn.Identity"}
    assert not missing, f"no bad input in the rows of {sorted(missing)}"


def test_a_wrong_row_fails(rng):
    """The generic gradcheck is no formality: a wrong gradient in a row's operation fails it."""

    class Halved(autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, grad):
            return grad

    with pytest.raises(GradcheckError, match="input 0"):
        gradcheck_report(lambda x: (Halved.apply(x),), as_tensors([rng.standard_normal(3)]))
