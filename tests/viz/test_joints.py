import numpy as np
import pytest
from matplotlib.colors import to_hex

import minidet
from minidet.viz import draw_joints
from minidet.viz.joints import JOINTS, LIMBS, SIDES, side_of

IMAGE = np.full((3, 40, 30), 0.5, np.float32)


def person(**visible):
    """14 joints in different places; ``joint=v`` changes how some are seen."""
    places = np.stack([5 + 20 * np.arange(14) / 13, 38 - 36 * np.arange(14) / 13, np.full(14, 2)], 1)
    for number, v in visible.items():
        places[int(number[1:]), 2] = v
    return places


def dots(ax):
    """The joints that were drawn: (x, y) -> face colour."""
    return {tuple(line.get_xydata()[0].round(4)): to_hex(line.get_markerfacecolor()) for line in ax.lines
            if line.get_marker() == "o"}  # fmt: skip


def limbs(ax):
    return [line for line in ax.lines if line.get_marker() != "o"]


def test_all_joints_in_the_colours_of_their_side():
    points = person()
    ax = draw_joints(IMAGE, {"keypoints": points[None]})
    found = dots(ax)
    assert len(found) == 14
    for joint, name in enumerate(JOINTS):
        side = next((side for side in ("left", "right") if name.startswith(side)), "middle")
        assert side_of(joint) == side
        assert found[tuple(points[joint, :2].round(4))] == SIDES[side]
    assert len(limbs(ax)) == len(LIMBS)


def test_limbs_connect_what_a_body_connects():
    named = {frozenset((JOINTS[a], JOINTS[b])) for a, b in LIMBS}
    for side in ("left", "right"):
        for a, b in (("ankle", "knee"), ("knee", "hip"), ("wrist", "elbow"), ("elbow", "shoulder")):
            assert {f"{side} {a}", f"{side} {b}"} in named
        assert {f"{side} shoulder", "neck"} in named
    assert {"neck", "head top"} in named
    assert len(named) == len(LIMBS)


def test_limbs_are_drawn_on_the_side_of_their_joints():
    points = person()
    ax = draw_joints(IMAGE, {"keypoints": points[None]})
    for line, (a, b) in zip(limbs(ax), LIMBS, strict=True):
        assert line.get_xydata() == pytest.approx(points[[a, b], :2])
        sides = {side_of(a), side_of(b)} - {"middle"}
        assert to_hex(line.get_color()) == SIDES[sides.pop() if len(sides) == 1 else "middle"]


def test_hidden_joints_are_hollow_and_their_limbs_dashed():
    points = person(j6=1)  # the right wrist
    ax = draw_joints(IMAGE, {"keypoints": points})
    assert dots(ax)[tuple(points[6, :2].round(4))] == "#ffffff"
    assert list(dots(ax).values()).count("#ffffff") == 1
    dashed = [limb for limb, line in zip(LIMBS, limbs(ax), strict=True) if line.get_linestyle() == "--"]
    assert dashed == [(6, 7)]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["person's left", "person's right", "hidden"]


def test_absent_joints_are_left_out_with_their_limbs():
    points = person(j0=0, j13=0)
    points[[0, 13], :2] = np.nan
    ax = draw_joints(IMAGE, {"keypoints": minidet.tensor(points[None])})
    assert len(dots(ax)) == 12
    assert len(limbs(ax)) == len(LIMBS) - 2
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["person's left", "person's right"]


def test_several_people_none_and_no_legend():
    several = draw_joints(IMAGE, {"keypoints": np.stack([person(), np.add(person(), [1, 1, 0])])}, legend=False)
    assert len(dots(several)) == 28
    assert several.get_legend() is None
    assert dots(draw_joints(IMAGE, {"keypoints": np.zeros((0, 14, 3))})) == {}


def test_the_view_stays_on_the_image():
    points = person()
    points[0, :2] = [500, 500]
    ax = draw_joints(IMAGE, {"keypoints": points})
    assert ax.get_xlim() == (0, 30)
    assert ax.get_ylim() == (40, 0)


@pytest.mark.parametrize(
    ("keypoints", "message"),
    [
        (np.zeros((1, 17, 3)), r"target\['keypoints'\] has shape \(1, 17, 3\), expected \(N, 14, 3\)"),
        (np.zeros((14, 2)), r"target\['keypoints'\] has shape"),
        (np.full((1, 14, 3), 0.7), r"target\['keypoints'\] has other visibilities"),
        (np.array([[[np.nan, 1, 2]] * 14]), r"target\['keypoints'\] contains NaN"),
    ],
)
def test_bad_input(keypoints, message):
    with pytest.raises(ValueError, match=f"draw_joints: {message}"):
        draw_joints(IMAGE, {"keypoints": keypoints})
    with pytest.raises(ValueError, match="draw_joints: target has the entries"):
        draw_joints(IMAGE, {"boxes": keypoints})
