"""Schedules without PyTorch: the numbers that their descriptions promise."""

import math

import numpy as np
import pytest

import minidet.optim as optim
from minidet.autograd.from_data import tensor


def optimizer(lr=1.0):
    return optim.SGD([tensor([1.0], requires_grad=True)], lr=lr)


def rates(scheduler, steps):
    """Return the rate before each step."""
    seen = []
    for _ in range(steps):
        seen.append(scheduler.optimizer.param_groups[0]["lr"])
        assert scheduler.get_last_lr() == seen[-1:]
        scheduler.step()
    return seen


def test_step():
    np.testing.assert_allclose(rates(optim.StepLR(optimizer(), 2, 0.5), 5), [1, 1, 0.5, 0.5, 0.25])


def test_milestones():
    np.testing.assert_allclose(rates(optim.MultiStepLR(optimizer(), [3, 1, 3], 0.1), 5), [1, 0.1, 0.1, 1e-3, 1e-3])


def test_cosine_goes_down_and_comes_back():
    seen = rates(optim.CosineAnnealingLR(optimizer(2.0), 10, 1.0), 31)
    np.testing.assert_allclose(seen, [1.5 + 0.5 * math.cos(math.pi * t / 10) for t in range(31)], rtol=1e-12)


def test_warm_up():
    seen = rates(optim.LinearLR(optimizer(), 0.1, 1.0, total_iters=3), 6)
    np.testing.assert_allclose(seen, [0.1, 0.4, 0.7, 1, 1, 1])


def test_lambda():
    np.testing.assert_allclose(rates(optim.LambdaLR(optimizer(2.0), lambda t: 1 / (1 + t)), 3), [2, 1, 2 / 3])


def test_sequence():
    opt = optimizer()
    warm_up = optim.LinearLR(opt, 0.5, total_iters=2)
    decay = optim.StepLR(opt, 2, 0.1)
    scheduler = optim.SequentialLR(opt, [warm_up, decay], [3])
    np.testing.assert_allclose(rates(scheduler, 8), [0.5, 0.75, 1, 1, 1, 0.1, 0.1, 0.01])


def test_two_schedules_multiply():
    opt = optimizer()
    warm_up, decay = optim.LinearLR(opt, 0.5, total_iters=2), optim.StepLR(opt, 1, 0.1)
    seen = []
    for _ in range(4):
        seen.append(opt.param_groups[0]["lr"])
        warm_up.step()
        decay.step()
    np.testing.assert_allclose(seen, [0.5, 0.075, 0.01, 0.001])


def make_sequence(opt):
    return optim.SequentialLR(opt, [optim.LinearLR(opt, 0.1, total_iters=3), optim.CosineAnnealingLR(opt, 6)], [3])


@pytest.mark.parametrize(
    "make",
    [
        lambda opt: optim.StepLR(opt, 2),
        lambda opt: optim.MultiStepLR(opt, [2, 4]),
        lambda opt: optim.CosineAnnealingLR(opt, 5, 0.01),
        lambda opt: optim.LinearLR(opt),
        make_sequence,
    ],
)
@pytest.mark.parametrize("stop", [2, 3, 5])
def test_state_dict_continues_bit_for_bit(make, stop):
    whole = rates(make(optimizer(0.3)), 9)
    opt = optimizer(0.3)
    scheduler = make(opt)
    rates(scheduler, stop)
    other = optimizer(7.0)
    resumed = make(other)
    other.load_state_dict(opt.state_dict())
    resumed.load_state_dict(scheduler.state_dict())
    assert rates(resumed, 9 - stop) == whole[stop:]


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: optim.StepLR([1], 2), TypeError, "StepLR: optimizer is a list"),
        (lambda: optim.StepLR(optimizer(), 0), ValueError, "StepLR: step_size is 0"),
        (lambda: optim.MultiStepLR(optimizer(), [1.5]), TypeError, "MultiStepLR: milestones is 1.5"),
        (lambda: optim.CosineAnnealingLR(optimizer(), 0), ValueError, "CosineAnnealingLR: T_max"),
        (lambda: optim.LinearLR(optimizer(), 0.0), ValueError, "LinearLR: start_factor"),
        (lambda: optim.LinearLR(optimizer(), 0.1, 2.0), ValueError, "LinearLR: end_factor"),
        (lambda: optim.LambdaLR(optimizer(), [abs, abs]), ValueError, "LambdaLR: lr_lambda has 2 functions"),
        (lambda: optim.SequentialLR(optimizer(), [], []), ValueError, "SequentialLR: schedulers"),
    ],
)
def test_bad_arguments(make, error, match):
    with pytest.raises(error, match=match):
        make()


def test_sequences_that_do_not_fit():
    opt = optimizer()
    parts = [optim.StepLR(opt, 1), optim.StepLR(opt, 1)]
    with pytest.raises(ValueError, match="SequentialLR: milestones"):
        optim.SequentialLR(opt, parts, [])
    with pytest.raises(ValueError, match="SequentialLR: schedulers has another optimizer"):
        optim.SequentialLR(optimizer(), parts, [1])
