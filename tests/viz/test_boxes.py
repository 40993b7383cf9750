import numpy as np
import pytest
from matplotlib.colors import to_hex

import minidet
from minidet.viz import draw_boxes
from minidet.viz.page import colour

IMAGE = np.full((3, 40, 60), 0.5, np.float32)
TARGET = {"boxes": np.array([[2.0, 20, 30, 38], [40, 0, 59, 30]]), "labels": np.array([1, 2])}
NAMES = ["background", "cat", "dog"]


def rectangles(ax):
    return [(patch.get_x(), patch.get_y(), patch.get_width(), patch.get_height()) for patch in ax.patches]


def tags(ax):
    return [text.get_text() for text in ax.texts]


def test_corners_names_and_colours():
    ax = draw_boxes(IMAGE, TARGET, NAMES)
    assert rectangles(ax) == [(2, 20, 28, 18), (40, 0, 19, 30)]
    assert tags(ax) == ["cat", "dog"]
    assert [to_hex(patch.get_edgecolor()) for patch in ax.patches] == [colour(1), colour(2)]
    assert [to_hex(text.get_bbox_patch().get_facecolor()) for text in ax.texts] == [colour(1), colour(2)]


def test_a_class_has_one_colour():
    target = {"boxes": np.zeros((3, 4)), "labels": [2, 1, 2]}
    first, _, third = (patch.get_edgecolor() for patch in draw_boxes(IMAGE, target).patches)
    assert first == third


def test_scores_sort_and_threshold():
    target = {**TARGET, "scores": minidet.tensor([0.8, 0.3])}
    assert tags(draw_boxes(IMAGE, target, NAMES)) == ["dog 0.30", "cat 0.80"]
    assert tags(draw_boxes(IMAGE, target, NAMES, threshold=0.5)) == ["cat 0.80"]
    assert rectangles(draw_boxes(IMAGE, target, NAMES, threshold=0.9)) == []


def test_no_object():
    ax = draw_boxes(IMAGE, {"boxes": np.zeros((0, 4)), "labels": np.zeros(0, int), "scores": np.zeros(0)}, NAMES)
    assert rectangles(ax) == []
    assert len(ax.images) == 1


def test_without_labels():
    ax = draw_boxes(IMAGE, {"boxes": TARGET["boxes"]})
    assert len(ax.patches) == 2
    assert tags(ax) == []


def test_tags_stay_in_the_picture():
    """Also for boxes that touch its upper and its right rim."""
    ax = draw_boxes(IMAGE, {"boxes": np.array([[0.0, 0, 10, 10], [52, 0, 60, 10], [50, 25, 60, 40]]), "labels": [1, 2, 1]},
                    ["background", "cat", "aeroplane"])  # fmt: skip
    ax.figure.canvas.draw()
    picture = ax.get_window_extent()
    for text in ax.texts:
        tag = text.get_window_extent()
        assert picture.x0 <= tag.x0 < tag.x1 <= picture.x1, text.get_text()
        assert picture.y0 <= tag.y0 < tag.y1 <= picture.y1, text.get_text()


def test_over_what_the_axes_show():
    ax = draw_boxes(IMAGE, TARGET)
    limits = ax.get_xlim(), ax.get_ylim()
    assert draw_boxes(None, {"boxes": np.array([[-50.0, -50, 5, 5]])}, ax=ax) is ax
    assert (ax.get_xlim(), ax.get_ylim()) == limits
    assert len(ax.images) == 1
    assert len(ax.patches) == 3


@pytest.mark.parametrize(
    ("target", "error", "message"),
    [
        ({"boxes": np.zeros((2, 3))}, ValueError, r"target\['boxes'\] has shape \(2, 3\)"),
        ({"boxes": np.full((1, 4), np.nan)}, ValueError, r"target\['boxes'\] contains NaN"),
        ({"boxes": np.zeros((2, 4)), "labels": [1]}, ValueError, r"target\['labels'\] has length 1"),
        ({"boxes": np.zeros((1, 4)), "labels": [3]}, IndexError, r"target\['labels'\] contains 3"),
        ({"boxes": np.zeros((1, 4)), "scores": ["high"]}, TypeError, r"target\['scores'\] has dtype"),
        ({}, ValueError, "target has the entries"),
    ],
)
def test_bad_targets(target, error, message):
    with pytest.raises(error, match=f"draw_boxes: {message}"):
        draw_boxes(IMAGE, target, NAMES)
