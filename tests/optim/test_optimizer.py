"""Optimisers without PyTorch: worked examples, groups, state, and bad arguments."""

import numpy as np
import pytest

import minidet.optim as optim
from minidet.autograd.from_data import tensor
from minidet.autograd.tensor import Tensor


def leaf(values, grad=None, dtype=np.float32):
    param = tensor(np.array(values, dtype), requires_grad=True)
    if grad is not None:
        param.grad = tensor(np.array(grad, dtype))
    return param


def test_sgd_by_hand():
    param = leaf([1.0, 2.0], [0.5, -1.0])
    optimizer = optim.SGD([param], lr=0.1, momentum=0.5)
    optimizer.step()  # v = g
    np.testing.assert_allclose(param.tolist(), [0.95, 2.1], rtol=1e-6)
    optimizer.step()  # v = 0.5 g + g
    np.testing.assert_allclose(param.tolist(), [0.875, 2.25], rtol=1e-6)


def test_first_step_of_adam_is_the_learning_rate():
    param = leaf([1.0, 2.0, 3.0], [1e-3, -50.0, 7.0])
    optim.Adam([param], lr=0.25).step()
    np.testing.assert_allclose(param.tolist(), [0.75, 2.25, 2.75], rtol=1e-4)


def test_adamw_shrinks_where_the_gradient_is_zero():
    param = leaf([2.0], [0.0])
    optim.AdamW([param], lr=0.1, weight_decay=0.5).step()
    np.testing.assert_allclose(param.tolist(), [1.9], rtol=1e-6)


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW"])
def test_maximize_is_the_negated_gradient(name):
    up, down = leaf([1.0, -2.0], [0.3, 0.7]), leaf([1.0, -2.0], [-0.3, -0.7])
    getattr(optim, name)([up], lr=0.1, maximize=True).step()
    getattr(optim, name)([down], lr=0.1).step()
    np.testing.assert_array_equal(up.tolist(), down.tolist())


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW"])
def test_any_memory_layout(name):
    rng = np.random.default_rng(0)
    values, grad = rng.standard_normal((2, 5, 4))
    plain = leaf(values, grad, np.float64)
    turned = Tensor(np.asfortranarray(values)).requires_grad_()
    turned.grad = Tensor(np.asfortranarray(grad))
    for param in (plain, turned):
        optimizer = getattr(optim, name)([param], lr=0.1)
        optimizer.step()
        optimizer.step()
    np.testing.assert_array_equal(plain._array, turned._array)


def test_parameters_without_gradient_stay_and_keep_no_state():
    idle, busy = leaf([1.0]), leaf([1.0], [1.0])
    optimizer = optim.Adam([idle, busy])
    optimizer.step()
    assert idle.tolist() == [1.0]
    assert busy.tolist() != [1.0]
    assert list(optimizer.state) == [busy]


def test_scalars_and_empty_parameters():
    scalar, empty = leaf(3.0, 1.0), leaf(np.zeros((0, 4)), np.zeros((0, 4)))
    optim.SGD([scalar, empty], lr=1.0).step()
    assert scalar.item() == 2.0
    assert empty.shape == (0, 4)


def test_step_counts_as_a_change_in_place():
    param = leaf([1.0], [1.0])
    version = param.version
    optim.SGD([param], lr=0.1).step()
    assert param.version == version + 1


def test_groups_have_their_own_options():
    slow, fast = leaf([0.0], [1.0]), leaf([0.0], [1.0])
    optimizer = optim.SGD([{"params": [slow]}, {"params": fast, "lr": 1.0}], lr=0.1)
    late = leaf([0.0], [1.0])
    optimizer.add_param_group({"params": [late], "lr": 2.0})
    optimizer.step()
    np.testing.assert_allclose([slow.item(), fast.item(), late.item()], [-0.1, -1.0, -2.0], rtol=1e-6)
    assert "lr: 2.0" in repr(optimizer)


def test_zero_grad_wants_a_switch():
    optimizer = optim.SGD([leaf([1.0], [2.0])])
    with pytest.raises(TypeError, match="zero_grad: set_to_none is a ndarray, expected True or False"):
        optimizer.zero_grad(np.ones((2, 3)))


def test_zero_grad():
    param = leaf([1.0], [2.0])
    optimizer = optim.SGD([param])
    optimizer.zero_grad(set_to_none=False)
    assert param.grad.tolist() == [0.0]
    optimizer.zero_grad()
    assert param.grad is None


@pytest.mark.parametrize(
    ("name", "options"),
    [("SGD", {"momentum": 0.9}), ("Adam", {"amsgrad": True}), ("AdamW", {"betas": (0.8, 0.9)})],
)
def test_state_dict_continues_bit_for_bit(name, options):
    rng = np.random.default_rng(1)
    grads = rng.standard_normal((6, 2, 7)).astype(np.float32)
    start = rng.standard_normal((2, 7)).astype(np.float32)

    def run(params, optimizer, steps):
        for step in steps:
            for param, grad in zip(params, grads[step], strict=True):
                param.grad = tensor(grad)
            optimizer.step()

    whole = [leaf(values) for values in start]
    run(whole, getattr(optim, name)(whole, **options), range(6))
    first = [leaf(values) for values in start]
    optimizer = getattr(optim, name)(first, **options)
    run(first, optimizer, range(3))
    second = [leaf(param.tolist()) for param in first]
    resumed = getattr(optim, name)(second, lr=123.0)
    resumed.load_state_dict(optimizer.state_dict())
    run(first, optimizer, range(3, 5))  # a copy was loaded: going on here does not disturb it
    run(second, resumed, range(3, 6))
    assert resumed.param_groups[0]["lr"] == 1e-3
    for expected, param in zip(whole, second, strict=True):
        np.testing.assert_array_equal(expected._array, param._array)


def test_state_dict_has_pytorchs_layout():
    params = [leaf(np.zeros((2, 3)), np.ones((2, 3))), leaf([1.0])]
    optimizer = optim.SGD([{"params": params[:1]}, {"params": params[1:]}], momentum=0.9)
    optimizer.step()
    state = optimizer.state_dict()
    assert [group["params"] for group in state["param_groups"]] == [[0], [1]]
    assert list(state["state"]) == [0]
    assert state["state"][0]["momentum_buffer"].shape == (2, 3)


def test_load_state_dict_refuses_what_does_not_fit():
    optimizer = optim.SGD([leaf([1.0, 2.0], [1.0, 1.0])], momentum=0.9)
    optimizer.step()
    with pytest.raises(ValueError, match=r"SGD\.load_state_dict: state_dict has groups of \[1\]"):
        optim.SGD([leaf([1.0]), leaf([1.0])]).load_state_dict(optimizer.state_dict())
    with pytest.raises(ValueError, match=r"SGD\.load_state_dict: momentum_buffer has shape"):
        optim.SGD([leaf([1.0, 2.0, 3.0])]).load_state_dict(optimizer.state_dict())


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: optim.SGD([]), ValueError, "SGD: params is empty"),
        (lambda: optim.SGD(leaf([1.0])), TypeError, "SGD: params is a Tensor"),
        (lambda: optim.SGD([np.ones(2)]), TypeError, "SGD: params contains a ndarray"),
        (lambda: optim.SGD([tensor([1, 2])]), TypeError, "SGD: params contains a Tensor of dtype int64"),
        (lambda: optim.SGD([leaf([1.0])] * 2), ValueError, "twice"),
        (lambda: optim.SGD([leaf([1.0])], lr=-1), ValueError, "SGD: lr is -1, expected a finite number >= 0"),
        (lambda: optim.SGD([leaf([1.0])], lr=float("nan")), ValueError, "SGD: lr is nan"),
        (lambda: optim.SGD([leaf([1.0])], lr="fast"), TypeError, "SGD: lr is 'fast'"),
        (lambda: optim.SGD([leaf([1.0])], momentum=-0.1), ValueError, "SGD: momentum"),
        (lambda: optim.SGD([leaf([1.0])], weight_decay=-1), ValueError, "SGD: weight_decay"),
        (lambda: optim.SGD([leaf([1.0])], nesterov=True), ValueError, "SGD: nesterov is True with momentum 0"),
        (lambda: optim.SGD([{"params": [leaf([1.0])], "rate": 1}]), ValueError, "SGD: group has an option 'rate'"),
        (lambda: optim.SGD([{"lr": 1}]), TypeError, "SGD: group"),
        (lambda: optim.Adam([leaf([1.0])], eps=-1), ValueError, "Adam: eps"),
        (lambda: optim.AdamW([leaf([1.0])], betas=(0.9, 1.0)), ValueError, r"AdamW: betas is \(0.9, 1.0\)"),
        (lambda: optim.Adam([leaf([1.0])], betas=0.9), ValueError, "Adam: betas is 0.9"),
    ],
)
def test_bad_arguments(make, error, match):
    with pytest.raises(error, match=match):
        make()


def test_gradients_that_do_not_fit():
    param = leaf([1.0, 2.0])
    param.grad = tensor([1.0])
    with pytest.raises(ValueError, match=r"SGD\.step: grad has shape"):
        optim.SGD([param]).step()
    param.grad = tensor(np.ones(2))
    with pytest.raises(ValueError, match="dtype float64"):
        optim.SGD([param]).step()


def test_results_of_operations_are_refused():
    with pytest.raises(ValueError, match="SGD: params contains the result of an operation"):
        optim.SGD([leaf([1.0]) * 2])


def test_read_only_memory_is_refused():
    param = tensor(1.0).expand(2).detach().requires_grad_()  # both entries are one number in memory
    param.grad = tensor(np.ones(2, np.float32))
    with pytest.raises(RuntimeError, match=r"SGD\.step: a parameter of shape"):
        optim.SGD([param]).step()


def test_base_class_says_what_is_missing():
    optimizer = optim.Optimizer([leaf([1.0], [1.0])], {"lr": 1.0})
    with pytest.raises(NotImplementedError, match="_update"):
        optimizer.step()
