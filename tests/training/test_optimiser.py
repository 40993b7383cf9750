"""Groups of parameters, and the schedule."""

import numpy as np
import pytest

import minidet
from minidet import nn, optim
from minidet.models.backbones import FeaturePyramid
from minidet.training.optimiser import parameter_groups, warmup_then_cosine


def test_only_weights_decay():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    decayed, free = parameter_groups(model, 0.1)
    assert [p.shape for p in decayed["params"]] == [(4, 3, 3, 3)]
    assert len(free["params"]) == 3
    assert free["weight_decay"] == 0


def test_learning_rate_rises_then_falls_to_zero():
    optimizer = optim.SGD([minidet.zeros(2, requires_grad=True)], lr=1.0)
    scheduler = warmup_then_cosine(optimizer, 40, 10)
    rates = []
    for _ in range(40):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    assert np.argmax(rates) == 10
    assert rates[10] == pytest.approx(1)
    assert np.all(np.diff(rates[:11]) > 0)
    assert np.all(np.diff(rates[10:]) < 0)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0, abs=1e-9)


class TwoParts(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
        self.head = nn.Linear(4, 2)


def test_the_part_that_was_trained_before_has_groups_of_its_own():
    groups = parameter_groups(TwoParts(), 0.1, 0.2, 0.4)
    found = [(len(g["params"]), g["weight_decay"], pytest.approx(g["lr"])) for g in groups]
    assert found == [(1, 0.1, 0.2), (1, 0.0, 0.2), (1, 0.1, 0.08), (3, 0.0, 0.08)]
    optimizer = optim.AdamW(groups, lr=0.2)
    scheduler = warmup_then_cosine(optimizer, 40, 10)
    for _ in range(20):
        rates = scheduler.get_last_lr()
        assert rates[2] == pytest.approx(0.4 * rates[0])
        optimizer.step()
        scheduler.step()
    with pytest.raises(ValueError, match="train: pretrained_lr is 0.4, expected 1: Sequential has no backbone"):
        parameter_groups(nn.Sequential(nn.Linear(1, 1)), 0.1, 0.2, 0.4)


def test_of_a_pyramid_only_the_backbone_below_it_was_trained_before():
    model = nn.Module()
    model.backbone = FeaturePyramid("mobilenet_v1_025", 8)
    groups = parameter_groups(model, 0.1, 0.2, 0.4)
    slow = {id(parameter) for group in groups[2:] for parameter in group["params"]}
    assert slow == {id(parameter) for parameter in model.backbone.backbone.parameters()}
    assert sum(len(group["params"]) for group in groups[:2]) == 12  # three maps, two convolutions each


def test_frozen_parameters_are_in_no_group():
    model = TwoParts()
    for parameter in model.backbone.parameters():
        parameter.requires_grad = False
    for share in (1.0, 0.4):
        groups = parameter_groups(model, 0.1, 0.2, share)
        assert sum(len(group["params"]) for group in groups) == 2
        optim.AdamW(groups, lr=0.2)  # an empty group is none
