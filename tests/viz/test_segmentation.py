import numpy as np
import pytest
from matplotlib.colors import to_rgb

import minidet
from minidet.viz import as_picture, colour_labels, draw_labels, overlay_labels, palette, plot_predictions

IMAGE = np.random.default_rng(0).random((3, 4, 6)).astype(np.float32)
LABELS = np.array([[0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 1, 1], [3, 3, 3, 3, 3, 3], [9, 9, 9, 9, 9, 9]])
NAMES = ["sky", "tree", "car", "road"]
COLOURS = np.array([[10, 20, 30], [200, 0, 0], [0, 200, 0], [0, 0, 200]], np.uint8)


def test_palette_has_different_colours():
    colours = palette(12)
    assert colours.shape == (12, 3)
    assert len({tuple(colour) for colour in colours.tolist()}) == 12
    assert colours[0].max() < 40, "class 0 is near black"
    assert len(palette(0)) == 0


def test_colour_labels():
    painted = colour_labels(LABELS, COLOURS, ignore_index=9)
    assert painted[0, 0].tolist() == [10, 20, 30]
    assert painted[2, 5].tolist() == [0, 0, 200]
    assert painted[3, 0].tolist() == [255, 255, 255]
    with pytest.raises(ValueError, match="colour_labels: labels reach from 0 to 9, expected 0 to 3"):
        colour_labels(LABELS, COLOURS)


def test_overlay_mixes():
    picture = as_picture(IMAGE)
    assert np.array_equal(overlay_labels(IMAGE, LABELS, COLOURS, 0.0, 9), picture)
    assert np.array_equal(overlay_labels(IMAGE, LABELS, COLOURS, 1.0, 9), colour_labels(LABELS, COLOURS, 9))
    half = overlay_labels(IMAGE, LABELS, COLOURS, 0.5, 9)[0, 0]
    assert half == pytest.approx((picture[0, 0] + COLOURS[0].astype(float)) / 2, abs=0.51)


def test_draw_labels_shows_the_overlay():
    ax = draw_labels(IMAGE, minidet.tensor(LABELS), NAMES, COLOURS, alpha=0.3, ignore_index=9)
    shown = np.asarray(ax.images[0].get_array()).astype(int)
    assert np.abs(shown - overlay_labels(IMAGE, LABELS, COLOURS, 0.3, 9)).max() <= 1


def test_the_legend_has_the_classes_that_are_there():
    legend = draw_labels(IMAGE, LABELS, NAMES, COLOURS, ignore_index=9).get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["sky", "tree", "road"]
    assert [to_rgb(patch.get_facecolor()) for patch in legend.get_patches()] == [
        tuple(COLOURS[k] / 255) for k in (0, 1, 3)
    ]
    assert draw_labels(IMAGE, LABELS, ignore_index=9).get_legend() is None


def test_draw_labels_without_an_image():
    shown = np.asarray(draw_labels(None, LABELS, colours=COLOURS, ignore_index=9).images[0].get_array())
    assert np.array_equal(shown, colour_labels(LABELS, COLOURS, 9))


@pytest.mark.parametrize(
    ("labels", "options", "error", "message"),
    [
        (LABELS[None], {}, ValueError, "draw_labels: labels has shape"),
        (LABELS[:2], {}, ValueError, r"draw_labels: labels has shape \(2, 6\), expected \(4, 6\)"),
        (LABELS / 2, {}, TypeError, "draw_labels: labels has dtype float64"),
        (LABELS, {"class_names": NAMES}, ValueError, "labels reach from 0 to 9"),
        (LABELS, {"alpha": 2}, ValueError, "draw_labels: alpha is 2"),
    ],
)
def test_bad_input(labels, options, error, message):
    with pytest.raises(error, match=message):
        draw_labels(IMAGE, labels, **options)


def test_plot_predictions_has_three_pictures_in_a_row():
    figure = plot_predictions([IMAGE] * 2, [LABELS] * 2, [LABELS * 0] * 2, NAMES, COLOURS, ignore_index=9)
    assert len(figure.axes) == 6
    assert [ax.get_title() for ax in figure.axes[:3]] == ["input", "truth", "prediction"]
    assert np.array_equal(figure.axes[1].images[0].get_array(), colour_labels(LABELS, COLOURS, 9))
    assert figure.get_facecolor()[3] == 0
    figure.canvas.draw()
