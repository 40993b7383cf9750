"""Losses: options against PyTorch, extreme scores, nothing to count, and gradients that nobody may change."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidet.nn.functional as F
from minidet import nn, tensor

RNG = np.random.default_rng(11)


def both(name, arrays, **options):
    """Return the losses and the gradients for the first array: ours, then PyTorch's."""
    torch = pytest.importorskip("torch")
    x, *rest = arrays
    ours = tensor(x, requires_grad=True)
    loss = getattr(F, name)(ours, *rest, **options)
    cotangent = np.random.default_rng(2).standard_normal(loss.shape).astype(x.dtype)
    loss.backward(cotangent)
    theirs = torch.tensor(x, requires_grad=True)
    named = {key: torch.tensor(value) if isinstance(value, np.ndarray) else value for key, value in options.items()}
    expected = getattr(torch.nn.functional, name)(theirs, *map(torch.tensor, rest), **named)
    expected.backward(torch.tensor(cotangent))
    return (loss.detach().numpy(), ours.grad.numpy()), (expected.detach().numpy(), theirs.grad.numpy())


def assert_same(ours, theirs, rtol=1e-10, atol=1e-12):
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol, atol, strict=True)


@st.composite
def classifications(draw):
    """Draw scores, targets and options of cross_entropy."""
    classes = draw(st.integers(1, 6))
    trailing = draw(st.sampled_from([(), (7,), (3, 2), (2, 1, 3)]))
    batched = draw(st.booleans()) or bool(trailing)
    batch = (draw(st.integers(1, 5)),) if batched else ()
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    x = rng.standard_normal((*batch, classes, *trailing)) * draw(st.sampled_from([1.0, 50.0]))
    target = np.asarray(rng.integers(0, classes, (*batch, *trailing)))
    ignore_index = draw(st.sampled_from([-100, -1, 0, 255]))
    if draw(st.booleans()):
        target = np.where(rng.random(target.shape) < 0.3, ignore_index, target)
    options = {"ignore_index": ignore_index, "reduction": draw(st.sampled_from(["mean", "sum", "none"]))}
    if draw(st.booleans()):
        options["weight"] = rng.uniform(0.1, 2, classes)
    return x, target, options


@pytest.mark.parity
@given(classifications(), st.sampled_from([0.0, 0.1, 1.0]))
def test_cross_entropy_agrees_with_pytorch(problem, smoothing):
    x, target, options = problem
    assert_same(*both("cross_entropy", (x, target), label_smoothing=smoothing, **options))


@pytest.mark.parity
@given(classifications(), st.sampled_from([0.0, 0.1]))
def test_cross_entropy_agrees_with_pytorch_in_single_precision(problem, smoothing):
    x, target, options = problem
    if "weight" in options:
        options["weight"] = options["weight"].astype(np.float32)
    ours = both("cross_entropy", (x.astype(np.float32), target), label_smoothing=smoothing, **options)
    assert_same(*ours, rtol=1e-4, atol=1e-5)


@pytest.mark.parity
@given(classifications())
def test_nll_loss_agrees_with_pytorch(problem):
    x, target, options = problem
    assert_same(*both("nll_loss", (x, target), **options))


@pytest.mark.parity
@given(st.sampled_from(["mean", "sum", "none"]), st.booleans(), st.booleans(), st.sampled_from([1.0, 100.0]))
def test_binary_cross_entropy_with_logits_agrees_with_pytorch(reduction, weighted, positive, scale):
    x, target = RNG.standard_normal((4, 3)) * scale, RNG.uniform(0, 1, (4, 3))
    options = {"weight": RNG.uniform(0, 2, (4, 1))} if weighted else {}
    options |= {"pos_weight": RNG.uniform(0, 2, 3)} if positive else {}
    assert_same(*both("binary_cross_entropy_with_logits", (x, target), reduction=reduction, **options))


@pytest.mark.parity
@given(st.sampled_from([1, 2]), st.sampled_from([0.5, 1.0]), st.booleans(), st.sampled_from(["mean", "sum", "none"]))
def test_multi_margin_loss_agrees_with_pytorch(p, margin, weighted, reduction):
    x, target = RNG.standard_normal((4, 5)), RNG.integers(0, 5, 4)
    options = {"weight": RNG.uniform(0, 2, 5)} if weighted else {}
    assert_same(*both("multi_margin_loss", (x, target), p=p, margin=margin, reduction=reduction, **options))


@pytest.mark.parity
@pytest.mark.parametrize("values", [[0.0, 1.0, 0.5], [1.0, 0.0, 1e-8]])
def test_binary_cross_entropy_at_the_ends(values):
    x, target = np.array(values), np.array([1.0, 0.0, 1.0])
    assert_same(*both("binary_cross_entropy", (x, target), reduction="none"), rtol=1e-8)


class TestExtremeScores:
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    @pytest.mark.parametrize("shape", [(4, 3), (2, 3, 50)])
    def test_huge(self, dtype, shape):
        x = np.zeros(shape, dtype)
        x[:, 0], x[:, 1] = 1e4, -1e4
        scores = tensor(x, requires_grad=True)
        target = np.ones((shape[0], *shape[2:]), np.int64)
        loss = F.cross_entropy(scores, target, reduction="none")
        np.testing.assert_allclose(loss.detach().numpy(), 2e4)
        loss.sum().backward()
        np.testing.assert_array_equal(scores.grad.numpy()[:, 0], 1)
        np.testing.assert_array_equal(scores.grad.numpy()[:, 1], -1)

    def test_close_to_huge(self):
        x = np.full((1, 2, 1), 1e6, np.float32)
        x[0, 1] += 1
        loss = F.cross_entropy(x, np.zeros((1, 1), np.int64))
        np.testing.assert_allclose(loss.item(), np.log1p(np.e), rtol=1e-6)

    @pytest.mark.parity
    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
    def test_not_finite(self, value):
        x = np.random.default_rng(0).standard_normal((2, 3, 4)).astype(np.float32)
        x[0, 1, 2] = value
        ours, theirs = both("cross_entropy", (x, np.zeros((2, 4), np.int64)), reduction="none")
        assert_same(ours, theirs, 1e-5, 1e-6)

    @pytest.mark.parametrize("name", ["sigmoid_focal_loss", "binary_cross_entropy_with_logits"])
    def test_sure_of_it(self, name):
        x = tensor(np.array([-500.0, 500.0, -500.0, 500.0]), requires_grad=True)
        loss = getattr(F, name)(x, np.array([0.0, 1.0, 1.0, 0.0]), reduction="none")
        assert np.isfinite(loss.detach().numpy()).all()
        loss.sum().backward()
        assert np.isfinite(x.grad.numpy()).all()
        np.testing.assert_allclose(loss.detach().numpy()[:2], 0, atol=1e-200)

    def test_softplus_and_softmax(self):
        x = np.array([-1e4, 0.0, 1e4], np.float32)
        np.testing.assert_allclose(F.softplus(x).numpy(), [0, np.log(2), 1e4])
        np.testing.assert_allclose(F.softmax(x, 0).numpy(), [0, 0, 1])
        np.testing.assert_allclose(F.log_softmax(x, 0).numpy(), [-2e4, -1e4, 0])
        np.testing.assert_allclose(F.sigmoid(tensor(x)).numpy(), [0, 0.5, 1])


class TestNothingCounts:
    @pytest.mark.parity
    @pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
    @pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
    @pytest.mark.parametrize("weighted", [False, True])
    def test_all_ignored(self, name, reduction, weighted):
        x, target = np.random.default_rng(0).standard_normal((2, 3, 4)), np.full((2, 4), -100)
        options = {"weight": np.ones(3)} if weighted else {}
        ours, theirs = both(name, (x, target), reduction=reduction, **options)
        assert_same(ours, theirs)
        assert np.isnan(ours[0]).all() == (reduction == "mean")
        assert not ours[1].any()

    def test_all_ignored_and_smoothed(self):
        x = tensor(np.ones((2, 3), np.float32), requires_grad=True)
        loss = F.cross_entropy(x, np.full(2, 7), ignore_index=7, label_smoothing=0.1)
        loss.backward()
        assert np.isnan(loss.item())
        assert not x.grad.numpy().any()

    @pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"])
    def test_no_elements(self, name):
        empty = np.zeros((0, 4))
        assert np.isnan(getattr(F, name)(empty, empty).item())
        assert getattr(F, name)(empty, empty, reduction="sum").item() == 0


class TestGradients:
    @pytest.mark.parametrize("shape", [(4, 3), (2, 3, 5)])
    def test_twice_through_one_graph(self, shape):
        """The gradient that forward prepared is not given away: clipping it changes no second pass."""
        x = tensor(np.random.default_rng(0).standard_normal(shape), requires_grad=True)
        loss = F.cross_entropy(x, np.zeros((shape[0], *shape[2:]), np.int64))
        loss.backward(retain_graph=True)
        first = x.grad.numpy().copy()
        x.grad.zero_()
        loss.backward()
        np.testing.assert_array_equal(x.grad.numpy(), first)

    def test_sums_to_zero_over_the_classes(self):
        x = tensor(np.random.default_rng(0).standard_normal((2, 4, 6)), requires_grad=True)
        F.cross_entropy(x, np.zeros((2, 6), np.int64), label_smoothing=0.1).backward()
        np.testing.assert_allclose(x.grad.numpy().sum(axis=1), 0, atol=1e-15)

    def test_nothing_is_kept_without_grad(self):
        loss = F.cross_entropy(np.ones((2, 3, 4), np.float32), np.zeros((2, 4), np.int64))
        assert loss.grad_fn is None
        np.testing.assert_allclose(loss.item(), np.log(3), rtol=1e-6)

    @pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.int64])
    def test_any_integers_are_targets(self, dtype):
        loss = F.cross_entropy(np.ones((2, 3)), np.array([0, 2], dtype))
        np.testing.assert_allclose(loss.item(), np.log(3))


def test_layers_keep_weights_as_buffers():
    weight = np.array([1.0, 2.0], np.float32)
    layer = nn.CrossEntropyLoss(weight)
    assert list(layer.state_dict()) == ["weight"]
    assert layer.double().weight.dtype == np.float64
    assert list(nn.BCEWithLogitsLoss(pos_weight=weight).state_dict()) == ["pos_weight"]
    assert not list(nn.CrossEntropyLoss().state_dict())
    scores, target = np.array([[1.0, 2.0], [0.5, 0.0]]), np.array([0, 1])
    expected = F.cross_entropy(scores, target, weight.astype(np.float64))
    assert layer(scores, target).item() == expected.item()


def test_focal_loss_without_focus_is_half_the_cross_entropy():
    x, target = RNG.standard_normal((3, 4)), RNG.integers(0, 2, (3, 4)).astype(float)
    focal = F.sigmoid_focal_loss(x, target, alpha=0.5, gamma=0).numpy()
    np.testing.assert_allclose(focal, F.binary_cross_entropy_with_logits(x, target, reduction="none").numpy() / 2)


def test_dice_of_equal_masks_is_nothing():
    mask = np.zeros((1, 2, 3, 3))
    mask[0, 0, 1] = 1
    assert F.dice_loss(mask, mask).item() == 0
    assert F.dice_loss(1 - mask, mask, smooth=1e-6).item() > 0.999
