"""Stick figures: proportions, the ranges of joints, and honest visibility."""

import itertools

import numpy as np
import pytest

from minidet.data import ShapeScenes
from minidet.data.scenes import shapes
from minidet.data.scenes import shapes_person as person
from minidet.data.skeleton import JOINTS, PAIRS
from minidet.data.transforms import RandomHorizontalFlip

LIMBS = {
    (1, 2): 0.245,
    (3, 4): 0.245,
    (0, 1): 0.246,
    (4, 5): 0.246,
    (7, 8): 0.186,
    (9, 10): 0.186,
    (6, 7): 0.146,
    (10, 11): 0.146,
}


@pytest.fixture(scope="module")
def figures():
    rng = np.random.default_rng(0)
    return [person.random_figure(rng) for _ in range(400)]


def test_joints_are_those_of_lsp():
    assert JOINTS[:3] == ("right ankle", "right knee", "right hip")
    assert JOINTS[6:9] == ("right wrist", "right elbow", "right shoulder")
    assert JOINTS[12:] == ("neck", "head top")
    for one, other in PAIRS:
        assert JOINTS[one].replace("right", "left") == JOINTS[other]
    assert sorted(itertools.chain(*PAIRS, (12, 13))) == list(range(14))
    assert {joint for bone in person.BONES for joint in bone} == set(range(14))


def test_lengths_are_a_human_s(figures):
    joints = np.array([figure.joints() for figure in figures])  # (figures, 14, 2)
    for (one, other), share in LIMBS.items():
        lengths = np.hypot(*(joints[:, one] - joints[:, other]).T) / share
        assert 0.8 * 0.93 <= lengths.min() < 0.8
        assert 1 < lengths.max() <= 1.07 + 1e-9
    trunk = np.hypot(*(joints[:, 12] - joints[:, 2:4].mean(1)).T)
    head = np.hypot(*(joints[:, 13] - joints[:, 12]).T)
    assert 0.27 < trunk.mean() < 0.33
    assert 0.15 < head.mean() < 0.19
    upright = np.hypot(*(joints[:, 13] - joints[:, [0, 5]].mean(1)).T)
    assert 0.6 < np.median(upright) < 1


def turn(a, b):
    """Return the angle in degrees that leads from direction a to direction b, in (-180, 180]."""
    return np.rad2deg(np.arctan2(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0], (a * b).sum(1)))


def test_knees_bend_one_way_and_elbows_the_other(figures):
    joints = np.array([figure.joints() for figure in figures])
    knees = [turn(joints[:, k] - joints[:, h], joints[:, a] - joints[:, k]) for h, k, a in ((2, 1, 0), (3, 4, 5))]
    elbows = [turn(joints[:, e] - joints[:, s], joints[:, w] - joints[:, e]) for s, e, w in ((8, 7, 6), (9, 10, 11))]
    for bend in knees:
        assert np.abs(bend).max() <= 90
    for bend in elbows:
        assert np.abs(bend).max() <= 125.1
    way = np.sign(knees[0])
    assert 0.3 < np.mean(way > 0) < 0.7
    assert (np.sign(knees[1]) == way).all()
    assert (np.sign(elbows[0]) == -way).all()
    assert (np.sign(elbows[1]) == -way).all()


def test_left_and_right_are_the_person_s_own(figures):
    """Who faces us has the right hip on our left; who turns the back to us has hair where the face would be."""
    seen = {True: 0, False: 0}
    for figure in figures:
        joints = np.array(figure.joints())
        down = joints[2:4].mean(0) - joints[12]
        to_right = joints[2] - joints[3]
        on_our_left = down[0] * to_right[1] - down[1] * to_right[0] > 0
        behind = person.BACK_OF_HEAD[1] in figure.parts
        assert on_our_left != behind
        seen[behind] += 1
    assert seen[True] > 80
    assert seen[False] > 200


def test_line_distance_by_hand():
    x, y = np.float32([0, 5, 10, 13]), np.float32([[0], [2]])
    found = person.line_distance((0.0, 0.0), (10.0, 0.0), (1.0, 2.0), x, y)
    expected = [[-1, -1.5, -2, 1], [1, 0.5, 0, np.sqrt(13) - 2]]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    point = person.line_distance((3.0, 0.0), (3.0, 0.0), (1.0, 1.0), x, y)  # no length
    np.testing.assert_allclose(point, np.hypot(x - 3, y) - 1, atol=1e-6)


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0)])
def test_polygon_distance_by_hand(order):
    corners = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 2.0], [0.0, 2.0]])[list(order)]
    found = person.polygon_distance(corners, np.float32([1, 2, 5]), np.float32([[1.0], [-3.0]]))
    np.testing.assert_allclose(found, [[-1, -1, 1], [3, 3, 3]], atol=1e-6)


def test_parts_lie_in_their_bounds(figures):
    x, y = np.linspace(-1.5, 1.5, 121, dtype=np.float32), np.linspace(-1.5, 1.5, 121, dtype=np.float32)[:, None]
    for figure in figures[:20]:
        moved = figure.moved(0.8, 0.1, -0.2)
        around = moved.bounds()
        for part, (x1, y1, x2, y2) in zip(moved.parts, moved.part_bounds(), strict=True):
            inside = moved.distance(part, x, y) < 0
            columns, rows = x[inside.any(0)], y[inside.any(1), 0]
            if len(rows):
                assert x1 <= columns.min()
                assert columns.max() <= x2
                assert y1 <= rows.min()
                assert rows.max() <= y2
            assert (around[:2] <= [x1, y1]).all()
            assert (around[2:] >= [x2, y2]).all()


@pytest.fixture(scope="module")
def people():
    data = ShapeScenes(length=120, classes=("person", "square"), objects=(2, 5), seed=3)
    return [data.load(i)[1] for i in range(len(data))]


def test_every_kind_of_visibility_occurs_and_shapes_have_no_joints(people):
    points = np.concatenate([target["keypoints"][target["labels"] == 1] for target in people])
    shares = np.bincount(points[..., 2].astype(int).ravel(), minlength=3) / points[..., 2].size
    assert (shares > [0.01, 0.1, 0.5]).all()
    assert (points[points[..., 2] == 0] == 0).all()
    seen = points[points[..., 2] > 0]
    assert (seen[:, :2] >= 0).all()
    assert (seen[:, :2] < 96).all()
    for target in people:
        assert not target["keypoints"][target["labels"] == 2].any()


def test_a_joint_that_is_seen_lies_on_its_person_and_one_under_a_later_object_does_not(people):
    checked = 0
    for target in people:
        owner = np.where(target["masks"].any(0), target["masks"].argmax(0), -1)
        for number, points in enumerate(target["keypoints"]):
            for joint, (x, y, v) in enumerate(points):
                if v == 0:
                    continue
                there = owner[int(y), int(x)]
                if there > number:
                    assert v == 1
                    checked += 1
                elif v == 2 and joint != 13:  # the top of the head is a border: its pixel may be the next one
                    assert there == number
    assert checked > 60


def test_alone_in_the_picture_heads_are_seen():
    """The top of the head is on a border: the pixel below it may be background, and hides nothing."""
    data = ShapeScenes(length=60, classes=("person",), objects=1)
    tops = np.array([data.load(i)[1]["keypoints"][0, 13, 2] for i in range(len(data))])
    assert np.mean(tops[tops > 0] == 2) > 0.9


def figure_of(parts, **places):
    points = np.full((23, 2), -50.0)
    for name, place in places.items():
        points[JOINTS.index(name.replace("_", " "))] = place
    return person.Figure(points, parts)


def test_a_joint_behind_the_own_body_is_hidden():
    """An arm across the trunk: drawn later it hides a hip; drawn earlier, the trunk hides its wrist."""
    places = {"right_shoulder": (10, 10), "left_shoulder": (30, 10), "left_hip": (30, 40), "right_hip": (10, 40),
              "right_wrist": (20, 30), "right_elbow": (5, 20), "neck": (20, 9)}  # fmt: skip
    forearm = (7, 6, 3.0, 3.0, person.SKIN)
    for parts, wrist in ((((), forearm), 2), ((forearm, ()), 1)):
        figure = figure_of(parts, **places)
        outline = shapes._person(1, (slice(0, 64), slice(0, 64)), figure, *pixels(64), (64, 64))
        owner = np.where(outline.front >= 0, 0, -1)
        found = shapes.visible_joints(outline, 0, owner)
        assert found[6].tolist() == [20, 30, wrist]
        assert found[8].tolist() == [10, 10, 2]
        assert found[0].tolist() == [0, 0, 0]  # outside
        owner[30, 20] = 1  # and now a later object lies there
        assert shapes.visible_joints(outline, 0, owner)[6].tolist() == [20, 30, 1]


def pixels(side):
    centres = np.arange(side, dtype=np.float32) + np.float32(0.5)
    return centres[:, None], centres


def test_a_mirror_swaps_left_and_right(people):
    data = ShapeScenes(length=1, classes=("person",), objects=1, seed=3)
    image, target = data.load(0)
    _, mirrored = RandomHorizontalFlip(1.0, data.keypoint_pairs)(image, target)
    points, flipped = target["keypoints"][0], mirrored["keypoints"][0]
    left_wrist, right_wrist = (data.keypoint_names.index(name) for name in ("left wrist", "right wrist"))
    np.testing.assert_allclose(flipped[left_wrist, :2], [96 - points[right_wrist, 0], points[right_wrist, 1]])


def test_clothes_look_like_clothes():
    """A shirt is painted in its colour, and skin has a colour of skin: red above green above blue."""
    rng = np.random.default_rng(0)
    for _ in range(50):
        colours = person.plain_colours(rng)
        red, green, blue = colours[person.SKIN].ravel()
        assert red > green > blue
        assert colours.keys() == {person.SKIN, person.HAIR, person.SHOES}
