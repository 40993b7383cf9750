"""The network in PyTorch is minidet's: with the same weights it gives the same; ``torch_ops`` stands for torchvision."""

import numpy as np
import pytest

from benchmarks.detection.inputs import boxes, ellipses
from benchmarks.detection.networks import KINDS, ONE_STAGE, detector, load_drawn, torch_detector
from benchmarks.frameworks.backends import Minidet
from minidet import tensor
from minidet.models import detection


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.slow
def test_minidet_runs(kind):
    step = detector(kind, training=True)(Minidet())
    first, second = step().item(), step().item()
    assert np.isfinite([first, second]).all()
    assert first != second
    found = detector(kind, training=False)(Minidet())()
    assert all(len(image["boxes"]) > 0 for image in found)


def twins(kind, torch, drawn=False):
    """Return both networks, with the same weights: the first ones of minidet's, or drawn ones."""
    from benchmarks.detection import torch_ops

    ours, theirs = getattr(detection, kind)(4), torch_detector(kind, 4, torch_ops)
    if drawn:
        load_drawn(ours, Minidet())
    state = ours.state_dict()
    theirs.load_state_dict({key: torch.from_numpy(np.array(value.numpy())) for key, value in state.items()})
    return ours, theirs


def same_gradients(ours, theirs):
    """Compare the gradients of two networks."""
    other = dict(theirs.named_parameters())
    for name, parameter in ours.named_parameters():
        expected = other[name].grad.numpy()
        difference = np.abs(parameter.grad.numpy() - expected).max()
        assert difference <= 1e-3 * np.abs(expected).max() + 1e-7, name


@pytest.mark.parity
@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_twin_sees_the_same(kind, rng):
    torch = pytest.importorskip("torch")
    ours, theirs = twins(kind, torch, drawn=kind in ONE_STAGE)
    images = rng.random((2, 3, 96, 128), np.float32)
    given = [boxes(50, rng, (96, 128)) for _ in images]
    mine, its = {}, {}
    if kind == "FastRCNN":
        mine, its = {"proposals": given}, {"proposals": [torch.from_numpy(b) for b in given]}
    found = ours.eval()(tensor(images), **mine)
    with torch.no_grad():
        expected = theirs.eval()(torch.from_numpy(images), **its)
    for mine, its in zip(found, expected, strict=True):
        assert len(mine["scores"]) > 5
        np.testing.assert_allclose(mine["scores"].numpy(), its["scores"].numpy(), rtol=1e-4)
        np.testing.assert_array_equal(mine["labels"].numpy(), its["labels"].numpy())
        np.testing.assert_allclose(mine["boxes"].numpy(), its["boxes"].numpy(), rtol=1e-3, atol=1e-2)
        if kind == "MaskRCNN":
            assert mine["masks"].shape == its["masks"].shape
            for mask, other in zip(mine["masks"].numpy(), its["masks"].numpy(), strict=True):
                assert np.ptp(mask) > 0.3
                assert np.quantile(np.abs(mask - other), 0.99) < 1e-3  # a box's last pixel is in or out by 1e-5


@pytest.mark.parity
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["FasterRCNN", "MaskRCNN"])
def test_the_twin_has_the_same_losses(kind, rng):
    torch = pytest.importorskip("torch")
    ours, theirs = twins(kind, torch)
    for sampler in (ours.rpn.sampler, ours.roi_heads.sampler):
        sampler.batch_size_per_image, sampler.positive_fraction = 10**6, 1.0  # all: nothing is drawn
    images = rng.random((1, 3, 96, 128), np.float32)
    target = {"boxes": np.array([[10, 10, 60, 70], [70, 20, 120, 50]], np.float32), "labels": np.array([1, 3])}
    if kind == "MaskRCNN":
        target["masks"] = ellipses(target["boxes"], (96, 128))
    mine = ours.train()(tensor(images), [target])
    import benchmarks.detection.torch_rcnn as twin

    everything = pytest.MonkeyPatch()
    everything.setattr(twin, "sample", lambda marks, *_: tuple(torch.where(marks == mark)[0] for mark in (1, 0)))
    try:
        its = theirs.train()(
            torch.from_numpy(images), [{key: torch.from_numpy(value) for key, value in target.items()}]
        )
    finally:
        everything.undo()
    assert {name: value.item() for name, value in mine.items()} == pytest.approx(
        {name: value.item() for name, value in its.items()}, rel=1e-3
    )
    assert ("loss_mask" in its) == (kind == "MaskRCNN")
    sum(mine.values()).backward()
    sum(its.values()).backward()
    same_gradients(ours, theirs)


@pytest.mark.parity
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["SSD", "YOLOv1"])
def test_the_one_stage_twin_learns_the_same(kind, rng):
    torch = pytest.importorskip("torch")
    ours, theirs = twins(kind, torch)
    if kind == "YOLOv1":
        ours.head.dropout.p = theirs.head.dropout.p = 0.0
    images = rng.random((2, 3, 96, 128), np.float32)
    corners = np.array([[10, 10, 60, 70], [70, 20, 120, 50], [64, 16, 125, 53], [3, 60, 30, 90]], np.float32)
    targets = [  # the second image's two objects of labels 3 and 2 are in one cell of YOLO's grid
        {"boxes": corners[[0, 3]], "labels": np.array([1, 2])},
        {"boxes": corners[[1, 2, 0]], "labels": np.array([3, 2, 1])},
    ]
    mine = ours.train()(tensor(images), targets)
    its = theirs.train()(
        torch.from_numpy(images), [{key: torch.from_numpy(value) for key, value in t.items()} for t in targets]
    )
    values = {name: value.item() for name, value in its.items()}
    assert {name: value.item() for name, value in mine.items()} == pytest.approx(values, rel=1e-4)
    sum(mine.values()).backward()
    sum(its.values()).backward()
    same_gradients(ours, theirs)
