import numpy as np
import pytest
from matplotlib.colors import to_rgb

from minidet.viz import draw_masks
from minidet.viz.page import colour

IMAGE = np.full((3, 8, 10), 0.5, np.float32)
MASKS = np.zeros((2, 8, 10), bool)
MASKS[0, 2:5, 2:6] = True
MASKS[1, 4:8, 5:10] = True


def cover(ax):
    """The translucent layer over the image."""
    return np.asarray(ax.images[1].get_array())


def outline(collection):
    """The unit lines of an outline, each as a set of its two ends."""
    return {frozenset(map(tuple, segment.tolist())) for segment in collection.get_segments()}


def test_pixels_have_the_colour_of_their_object():
    layer = cover(draw_masks(IMAGE, {"masks": MASKS}, alpha=0.4))
    assert layer.shape == (8, 10, 4)
    assert layer[2, 2] == pytest.approx([*to_rgb(colour(0)), 0.4])
    assert layer[7, 9] == pytest.approx([*to_rgb(colour(1)), 0.4])
    assert layer[4, 5] == pytest.approx([*to_rgb(colour(1)), 0.4]), "the later object lies on top"
    assert np.array_equal(layer[..., 3] > 0, MASKS.any(0))


def test_the_better_one_lies_on_top():
    layer = cover(draw_masks(IMAGE, {"masks": MASKS, "scores": [0.9, 0.3]}))
    assert layer[4, 5, :3] == pytest.approx(to_rgb(colour(0)))


def test_the_outline_goes_around_the_pixels():
    mask = np.zeros((1, 8, 10), bool)
    mask[0, 3, 4] = mask[0, 3, 5] = True
    (lines,) = draw_masks(IMAGE, {"masks": mask}).collections
    around = [
        ((4, 3), (5, 3)),
        ((5, 3), (6, 3)),
        ((4, 4), (5, 4)),
        ((5, 4), (6, 4)),
        ((4, 3), (4, 4)),
        ((6, 3), (6, 4)),
    ]
    assert outline(lines) == {frozenset(line) for line in around}


def test_the_outline_follows_the_rim_of_the_image():
    (lines,) = draw_masks(IMAGE, {"masks": np.ones((1, 8, 10), bool)}).collections
    assert len(outline(lines)) == 2 * (8 + 10)


def test_probabilities_of_a_detector():
    soft = np.where(MASKS, 0.7, 0.2)[:, None].astype(np.float32)  # (N, 1, H, W)
    assert np.array_equal(cover(draw_masks(IMAGE, {"masks": soft}))[..., 3] > 0, MASKS.any(0))
    assert len(draw_masks(IMAGE, {"masks": soft}, mask_threshold=0.8).images) == 1, "nothing is left to draw"
    assert cover(draw_masks(IMAGE, {"masks": soft}, mask_threshold=0.1))[..., 3].min() > 0


def test_tags_stand_at_the_top_of_the_object():
    ax = draw_masks(IMAGE, {"masks": MASKS, "labels": [1, 2], "scores": [0.5, 0.75]}, ["background", "cat", "dog"])
    assert {text.get_text(): text.xy for text in ax.texts} == {"cat 0.50": (2, 2), "dog 0.75": (5, 4)}


def test_no_object_and_empty_masks():
    for masks in (np.zeros((0, 8, 10), bool), np.zeros((2, 8, 10), bool)):
        ax = draw_masks(IMAGE, {"masks": masks, "labels": np.ones(len(masks), int)})
        assert len(ax.images) == 1
        assert len(ax.collections) == 0


@pytest.mark.parametrize(
    ("target", "options", "message"),
    [
        ({"masks": np.zeros((8, 10))}, {}, r"target\['masks'\] has shape \(8, 10\)"),
        ({"masks": np.zeros((1, 4, 5))}, {}, r"target\['masks'\] has shape \(1, 4, 5\), expected \(N, 8, 10\)"),
        ({"masks": np.zeros((1, 2, 8, 10))}, {}, r"target\['masks'\] has shape \(1, 2, 8, 10\)"),
        ({"masks": MASKS, "labels": [1]}, {}, r"target\['labels'\] has length 1"),
        ({"masks": MASKS}, {"alpha": 1.5}, "alpha is 1.5"),
        ({"boxes": MASKS}, {}, "target has the entries"),
    ],
)
def test_bad_input(target, options, message):
    with pytest.raises(ValueError, match=f"draw_masks: {message}"):
        draw_masks(IMAGE, target, **options)
