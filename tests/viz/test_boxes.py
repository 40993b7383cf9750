import numpy as np
import pytest
from matplotlib.colors import to_hex

import minidet
from minidet.viz import draw_boxes, overlay_boxes
from minidet.viz.boxes import ink_on, plate_places
from minidet.viz.page import COLOURS, colour

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


# painted into pixels ----------------------------------------------------------------------------------------------

GREY = np.full((3, 60, 80), 0.5, np.float32)


def found(*boxes, labels=None, scores=None):
    target = {"boxes": np.array(boxes, np.float32).reshape(-1, 4)}
    target["labels"] = np.ones(len(target["boxes"]), int) if labels is None else np.array(labels)
    return target if scores is None else {**target, "scores": np.array(scores, np.float32)}


def rgb(label):
    text = COLOURS[label].lstrip("#")
    return [int(text[i : i + 2], 16) for i in (0, 2, 4)]


def test_a_box_lies_on_its_pixels():
    picture = overlay_boxes(GREY, found((20, 30, 50, 45)), ["background", "a"])
    assert (picture.shape, picture.dtype) == ((60, 80, 3), np.uint8)
    for row, column in ((30, 49), (44, 20), (44, 49), (40, 20), (40, 49), (44, 35)):
        assert picture[row, column].tolist() == rgb(1), (row, column)
    for row, column in ((40, 35), (46, 35), (40, 51)):
        assert picture[row, column].tolist() == [128] * 3, (row, column)


def test_alpha_mixes_and_the_threshold_leaves_out():
    target = found((20, 30, 50, 45), scores=[0.4])
    assert (overlay_boxes(GREY, target, threshold=0.5) == 128).all()
    half = overlay_boxes(GREY, target, alpha=0.5)[44, 35]
    np.testing.assert_allclose(half, (128 + np.array(rgb(1))) / 2, atol=1)
    assert (overlay_boxes(GREY, target, alpha=0) == 128).all()


@pytest.mark.parametrize("box", [(0, 0, 80, 60), (-9, -9, 200, 200), (79, 59, 80, 60), (80, 60, 80, 60), (5, 5, 5, 5)])
def test_boxes_at_and_beyond_the_border(box):
    assert (overlay_boxes(GREY, found(box)) != 128).any()


def test_no_box_and_nan():
    assert (overlay_boxes(GREY, found()) == 128).all()
    with pytest.raises(ValueError, match=r"overlay_boxes: target\['boxes'\] contains NaN"):
        overlay_boxes(GREY, found((np.nan, 0, 1, 1)))
    with pytest.raises(ValueError, match="overlay_boxes: alpha is 2"):
        overlay_boxes(GREY, found(), alpha=2)


@pytest.mark.parametrize(("height", "width"), [(64, 120), (480, 640), (300, 3000), (3000, 2000)])
def test_names_are_on_plates_inside_the_picture_and_grow_with_it(height, width):
    """Boxes in all four corners: of each class, the plate is a block of its colour, not only a line."""
    image = np.full((3, height, width), 0.5, np.float32)
    w, h = 0.4 * width, 0.4 * height
    boxes = [(0, 0, w, h), (width - w, 0, width, h), (0, height - h, w, height), (width - w, height - h, width, height)]
    picture = overlay_boxes(image, found(*boxes, labels=[1, 2, 3, 4], scores=[0.9] * 4), list("_abcd"))
    side = (height * width) ** 0.5
    for label in (1, 2, 3, 4):
        rows = (picture == rgb(label)).all(2).sum(1)
        assert (picture == rgb(label)).all(2).any(), label
        plate = np.count_nonzero(rows > max(8, side / 60))  # rows in which more than the two upright lines are coloured
        assert plate >= max(8, side / 40), (label, plate)


def test_names_do_not_hide_each_other():
    """Boxes that nearly coincide: all plates are apart, and inside the picture; the first is where one alone is."""
    boxes = [(100, 100, 300, 200), (103, 102, 303, 202), (97, 99, 299, 203), (98, 98, 299, 203)]
    places = np.array(plate_places(boxes, [(60, 15)] * 4, 300, 400))
    assert places[0].tolist() == [100, 85]
    for i in range(4):
        for j in range(i):
            assert (np.abs(places[i] - places[j]) >= (60, 15)).any(), (i, j)
    assert (places >= 0).all()
    assert (places <= [340, 285]).all()


def test_a_name_that_is_too_long_ends_at_the_rim():
    picture = overlay_boxes(
        GREY, found((20, 30, 50, 45)), ["_", "a very long name of a class, longer than the picture"]
    )
    plate = (picture == rgb(1)).all(2)
    assert np.count_nonzero(plate.any(0)) > 70  # of 80
    assert not plate[:5].any()


def test_a_small_picture_is_enlarged_by_a_whole_factor():
    picture = overlay_boxes(GREY, found((20, 30, 50, 45)), min_side=250)  # 80 pixels: 3 times
    assert picture.shape == (180, 240, 3)
    rows, columns = (picture == rgb(1)).all(2).nonzero()
    assert (rows.max(), columns.max()) == (134, 149)
    assert overlay_boxes(GREY, found((20, 30, 50, 45)), min_side=40).shape == (60, 80, 3)
    with pytest.raises(ValueError, match="overlay_boxes: min_side is 0"):
        overlay_boxes(GREY, found(), min_side=0)


def test_letters_have_the_better_contrast():
    assert [ink_on(ground) for ground in ("#000000", "#ffffff", "#c0240c", "#849c00")] == ["#ffffff", "#111111"] * 2
