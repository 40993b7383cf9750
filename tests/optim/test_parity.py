"""The same numbers as PyTorch: 20 steps from the same start, over randomised options."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minidet.optim as optim
from minidet.autograd.from_data import tensor

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.parity, pytest.mark.slow]
SHAPES = [(3, 2), (17,), ()]


def pairs(rng, dtype):
    """Return parameters of ours and of PyTorch's with the same values, and a function that gives both new gradients."""
    values = [rng.standard_normal(shape).astype(dtype) for shape in SHAPES]
    ours = [tensor(value, requires_grad=True) for value in values]
    theirs = [torch.tensor(value, requires_grad=True) for value in values]

    def draw():
        for mine, other in zip(ours, theirs, strict=True):
            grad = np.asarray(rng.standard_normal(mine.shape), dtype)
            mine.grad, other.grad = tensor(grad), torch.tensor(grad)

    return ours, theirs, draw


def assert_same(ours, theirs, dtype):
    rtol, atol = (1e-5, 1e-6) if dtype == np.float32 else (1e-12, 1e-13)
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine._array, other.detach().numpy(), rtol=rtol, atol=atol)


def check_twenty_steps(name, options, dtype, seed):
    """Let both optimisers take 20 steps; compare the parameters, and return the optimisers."""
    rng = np.random.default_rng(seed)
    ours, theirs, draw = pairs(rng, dtype)
    mine, other = getattr(optim, name)(ours, **options), getattr(torch.optim, name)(theirs, **options)
    for _ in range(20):
        draw()
        mine.step()
        other.step()
    assert_same(ours, theirs, dtype)
    return mine, other


dtypes = st.sampled_from([np.float32, np.float64])
seeds = st.integers(0, 2**32 - 1)
decays = st.sampled_from([0, 1e-4, 0.1])


@settings(max_examples=40, deadline=None)
@given(
    lr=st.floats(1e-4, 0.5),
    momentum=st.sampled_from([0, 0.5, 0.9]),
    dampening=st.sampled_from([0, 0.3]),
    weight_decay=decays,
    nesterov=st.booleans(),
    maximize=st.booleans(),
    dtype=dtypes,
    seed=seeds,
)
def test_sgd(lr, momentum, dampening, weight_decay, nesterov, maximize, dtype, seed):
    options = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "maximize": maximize}
    options |= {"nesterov": True} if nesterov and momentum else {"dampening": dampening}
    check_twenty_steps("SGD", options, dtype, seed)


@settings(max_examples=40, deadline=None)
@given(
    name=st.sampled_from(["Adam", "AdamW"]),
    lr=st.floats(1e-4, 0.1),
    betas=st.sampled_from([(0.9, 0.999), (0.5, 0.9), (0.0, 0.99)]),
    eps=st.sampled_from([1e-8, 1e-3]),
    weight_decay=decays,
    amsgrad=st.booleans(),
    maximize=st.booleans(),
    dtype=dtypes,
    seed=seeds,
)
def test_adam(name, dtype, seed, **options):
    check_twenty_steps(name, options, dtype, seed)


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW"])
def test_defaults(name):
    check_twenty_steps(name, {}, np.float32, 0)


def test_state_of_pytorch_loads():
    mine, other = check_twenty_steps("Adam", {"amsgrad": True}, np.float64, 1)
    state = other.state_dict()
    for entries in state["state"].values():
        entries.update({key: value.numpy() for key, value in entries.items()})
    before = mine.state_dict()
    mine.load_state_dict({"state": state["state"], "param_groups": before["param_groups"]})
    for number, entries in before["state"].items():
        assert mine.state_dict()["state"][number]["step"] == entries["step"]
        for key in ("exp_avg", "exp_avg_sq", "max_exp_avg_sq"):
            loaded = mine.state_dict()["state"][number][key]
            np.testing.assert_allclose(loaded._array, entries[key]._array, rtol=1e-12, atol=1e-14)


def schedules():
    step = st.tuples(
        st.just("StepLR"), st.fixed_dictionaries({"step_size": st.integers(1, 7), "gamma": st.floats(0.1, 1)})
    )
    milestones = st.lists(st.integers(0, 20), max_size=4)
    multi = st.tuples(
        st.just("MultiStepLR"), st.fixed_dictionaries({"milestones": milestones, "gamma": st.floats(0.1, 1)})
    )
    cosine = st.tuples(
        st.just("CosineAnnealingLR"),
        st.fixed_dictionaries({"T_max": st.integers(1, 25), "eta_min": st.sampled_from([0.0, 1e-3])}),
    )
    linear = st.tuples(
        st.just("LinearLR"),
        st.fixed_dictionaries(
            {"start_factor": st.floats(0.01, 1), "end_factor": st.floats(0.1, 1), "total_iters": st.integers(1, 25)}
        ),
    )
    return st.one_of(step, multi, cosine, linear)


def build(module, optimizer, parts, milestones):
    made = [getattr(module.lr_scheduler, name)(optimizer, **options) for name, options in parts]
    return made[0] if len(made) == 1 else module.lr_scheduler.SequentialLR(optimizer, made, milestones)


@settings(max_examples=80, deadline=None)
@given(parts=st.lists(schedules(), min_size=1, max_size=3), gaps=st.tuples(st.integers(1, 8), st.integers(1, 8)))
@pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step:UserWarning")
def test_schedules(parts, gaps):
    milestones = [gaps[0], gaps[0] + gaps[1]][: len(parts) - 1]
    ours, theirs, _ = pairs(np.random.default_rng(0), np.float32)
    mine, other = optim.SGD(ours, lr=0.3), torch.optim.SGD(theirs, lr=0.3)
    mine.add_param_group({"params": [tensor([1.0], requires_grad=True)], "lr": 0.05})
    other.add_param_group({"params": [torch.ones(1, requires_grad=True)], "lr": 0.05})
    my_schedule, other_schedule = build(optim, mine, parts, milestones), build(torch.optim, other, parts, milestones)
    for _ in range(30):
        expected = [group["lr"] for group in other.param_groups]
        np.testing.assert_allclose([group["lr"] for group in mine.param_groups], expected, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(my_schedule.get_last_lr(), other_schedule.get_last_lr(), rtol=1e-9, atol=1e-12)
        my_schedule.step()
        other_schedule.step()


@settings(max_examples=40, deadline=None)
@given(
    max_norm=st.sampled_from([0.0, 0.5, 5.0, 100.0]),
    norm_type=st.sampled_from([1.0, 2.0, 3.0, math.inf]),
    dtype=dtypes,
    seed=seeds,
)
def test_clipping(max_norm, norm_type, dtype, seed):
    ours, theirs, draw = pairs(np.random.default_rng(seed), dtype)
    draw()
    mine = optim.clip_grad_norm_(ours, max_norm, norm_type)
    other = torch.nn.utils.clip_grad_norm_(theirs, max_norm, norm_type)
    assert mine.item() == pytest.approx(other.item(), rel=1e-5)
    assert_same([param.grad for param in ours], [param.grad for param in theirs], dtype)
