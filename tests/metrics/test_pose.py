import math

import numpy as np
import pytest

from minidet.metrics import OKS, PCK
from minidet.metrics.pose import HEAD, SIGMAS

RNG = np.random.default_rng(3)


def people(n=5, joints=14):
    """Return random people; every third joint is not labelled."""
    target = np.concatenate([RNG.uniform(0, 100, (n, joints, 2)), RNG.integers(0, 3, (n, joints, 1))], 2)
    return target, target[..., :2] + RNG.normal(0, 8, (n, joints, 2))


def test_pck_by_hand():
    """A torso of 5 pixels: alpha 0.2 is one pixel, and a joint at exactly that distance is right."""
    target = np.array([[[0, 0, 2], [3, 4, 2], [10, 10, 1], [20, 20, 0]]], float)
    answer = np.array([[[0, 1, 9], [3, 5.01, 9], [10.5, 10.5, 9], [20, 20, 9]]])
    pck = PCK(4, (0, 1))
    pck.update(target, answer)
    np.testing.assert_array_equal(pck.per_joint, [1, 0, 1, np.nan])
    assert pck.mean == pytest.approx(2 / 3)
    pck.update(target, target)
    np.testing.assert_array_equal(pck.per_joint, [1, 0.5, 1, np.nan])


def test_pckh_measures_the_head():
    target = np.zeros((1, 14, 3))
    target[..., 2] = 2
    target[0, HEAD[1], :2] = 6, 8  # a head of 10, a torso of 0
    pck = PCK(14, HEAD, 0.5)
    pck.update(target, target[..., :2] + [3, 4])
    assert pck.mean == 1
    pck.update(target, target[..., :2] + [3, 4.01])
    assert pck.mean == 0.5


def test_pck_against_loops():
    target, answer = people(50)
    pck = PCK(14, (0, 5), 0.3)
    pck.update(target[:20], answer[:20])
    pck.update(target[20:], answer[20:])
    for joint in range(14):
        found = []
        for person, guess in zip(target, answer, strict=True):
            if person[0, 2] and person[5, 2] and person[joint, 2]:
                limit = 0.3 * math.dist(person[0, :2], person[5, :2])
                found.append(math.dist(person[joint, :2], guess[joint]) <= limit)
        assert pck.per_joint[joint] == pytest.approx(np.mean(found))


def test_oks_against_loops():
    target, answer = people(20)
    target[3, :, 2] = 0
    area = RNG.uniform(100, 2000, 20)
    area[4] = 0
    oks = OKS()
    oks.update(target[:7], answer[:7], area[:7])
    oks.update(target[7:], answer[7:], area[7:])
    scores = []
    for person, guess, size in zip(target, answer, area, strict=True):
        joints = []
        for joint in range(14):
            if person[joint, 2] > 0 and size > 0:
                d2 = (person[joint, 0] - guess[joint, 0]) ** 2 + (person[joint, 1] - guess[joint, 1]) ** 2
                joints.append(math.exp(-d2 / (2 * SIGMAS[joint]) ** 2 / size / 2))  # as written in COCO's code
        if joints:
            scores.append(sum(joints) / len(joints))
    assert len(scores) == 18
    assert oks.mean == pytest.approx(np.mean(scores))


def test_oks_per_joint_by_hand():
    """At a distance of k times the root of the area, the similarity is exp(-1/2)."""
    target = np.array([[[0, 0, 2], [5, 5, 1], [7, 7, 0]]], float)
    oks = OKS([0.1, 0.05, 0.1])
    oks.update(target, target[..., :2] + np.array([[[2, 0], [0, 0], [9, 9]]]), [100])
    np.testing.assert_allclose(oks.per_joint, [math.exp(-0.5), 1, np.nan])
    assert oks.mean == pytest.approx((math.exp(-0.5) + 1) / 2)


@pytest.mark.parametrize("case", ["nobody", "not labelled", "no measure"])
def test_nothing_left_is_nan_without_a_warning(case):
    target, answer = people(0 if case == "nobody" else 4)
    area = np.full(len(target), 100.0)
    if case == "not labelled":
        target[..., 2], target[..., :2] = 0, np.nan
    if case == "no measure":
        target[:, 9], target[:, 2], area[:] = (3, 3, 2), (3, 3, 2), 0
    pck, oks = PCK(14), OKS()
    pck.update(target, answer)
    oks.update(target, answer, area)
    for metric in (pck, oks, PCK(14), OKS()):
        assert math.isnan(metric.mean)
        assert np.isnan(metric.per_joint).all()


def test_a_measure_that_is_not_labelled_leaves_the_person_out():
    target, answer = people(2)
    target[..., 2] = 2
    target[0, 9, 2] = 0
    pck, alone = PCK(14), PCK(14)
    pck.update(target, answer)
    alone.update(target[1:], answer[1:])
    np.testing.assert_array_equal(pck.per_joint, alone.per_joint)


@pytest.mark.parametrize(("call", "words"), [
    (lambda: PCK(14, (9, 9)), r"PCK: segment is \(9, 9\), expected two different joints in \[0, 14\)"),
    (lambda: PCK(3), r"PCK: segment is \(9, 2\)"),
    (lambda: PCK(14).update(np.zeros((2, 14, 2)), np.zeros((2, 14, 2))), r"PCK: target has shape .*expected \(N, 14, 3\)"),
    (lambda: PCK(14).update(np.zeros((2, 14, 3)), np.zeros((1, 14, 2))), r"PCK: prediction has shape"),
    (lambda: PCK(14).update(np.ones((1, 14, 3)), np.full((1, 14, 2), np.nan)), "PCK: prediction contains nan"),
    (lambda: OKS([0.1, -1]), "OKS: sigmas"),
    (lambda: OKS().update(np.ones((1, 14, 3)), np.ones((1, 14, 2)), [1, 2]), r"OKS: area has shape \(2,\)"),
    (lambda: OKS().update(np.ones((1, 14, 3)), np.ones((1, 14, 2)), [-1]), "OKS: area contains negative"),
])  # fmt: skip
def test_errors(call, words):
    with pytest.raises(ValueError, match=words):
        call()
