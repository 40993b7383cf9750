"""Every picture on a light and a dark page: transparent ground, readable text and lines, one axes in, the same out."""

import inspect

import numpy as np
import pytest
from matplotlib.colors import to_rgb, to_rgba
from matplotlib.image import AxesImage
from matplotlib.legend import Legend
from matplotlib.text import Annotation, Text

import minidet
from minidet import nn, viz
from minidet.data import DigitScenes
from minidet.data.scenes.shapes import COLOURS as SHAPE_COLOURS
from minidet.viz.page import COLOURS, INK, as_array, colour, subplots

PAGES = ("#ffffff", "#111111")


def linear(rgb):
    rgb = np.asarray(rgb, float)
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    """WCAG 2.1: the ratio of two relative luminances, both raised by 0.05 for stray light."""
    light, dark = sorted((linear(to_rgb(c)) @ [0.2126, 0.7152, 0.0722] for c in (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def over(rgba, page):
    """The colour that is seen where a translucent one lies on a page."""
    *rgb, alpha = to_rgba(rgba)
    return alpha * np.array(rgb) + (1 - alpha) * np.array(to_rgb(page))


def test_contrast_by_hand():
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)  # the usual example of what just fails 4.5


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("mark", [INK, *COLOURS])
def test_every_colour_reads_on_both_pages(page, mark):
    assert contrast(mark, page) >= 3


#: How red-, green- and blue-blind eyes see linear RGB (Machado, Oliveira and Fernandes 2009, severity 1).
EYES = {
    "usual": np.eye(3),
    "red-blind": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "green-blind": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "blue-blind": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def lab(rgb):
    """CIELAB (D65) of linear RGB."""
    xyz = (
        np.clip(rgb, 0, 1) @ np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]).T
    )
    f = np.cbrt(xyz / [0.9505, 1.0, 1.089])
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1)


@pytest.mark.parametrize("eye", EYES)
def test_classes_stay_apart_for_colour_blind_eyes(eye):
    """Two colours that differ by 2.3 in CIELAB are just told apart; here it is six times as much."""
    seen = lab(np.array([linear(to_rgb(c)) for c in COLOURS]) @ np.array(EYES[eye]).T)
    distances = np.linalg.norm(seen[:, None] - seen[None], axis=-1)
    assert distances[~np.eye(len(COLOURS), dtype=bool)].min() > 14


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize(
    "colours", [DigitScenes.palette, np.array(list(SHAPE_COLOURS.values()))], ids=["digits", "shapes"]
)
def test_palettes_of_the_data_sets_stay_apart_for_colour_blind_eyes(colours, eye):
    """The colours lie side by side in one picture, so their distance is larger."""
    seen = lab(linear(colours / 255) @ np.array(EYES[eye]).T)
    distances = np.linalg.norm(seen[:, None] - seen[None], axis=-1)
    assert distances[~np.eye(len(colours), dtype=bool)].min() > 30


@pytest.mark.parametrize("page", PAGES)
def test_text_has_the_best_contrast_that_one_grey_has_on_both_pages(page):
    greys = [f"#{level:02x}{level:02x}{level:02x}" for level in range(256)]
    best = max(min(contrast(grey, other) for other in PAGES) for grey in greys)
    assert contrast(INK, page) >= best > 4.3


def test_style_reads_on_both_pages():
    import matplotlib.pyplot as plt

    with plt.rc_context():
        viz.use_style()
        figure, ax = plt.subplots()
        ax.set_title("a title")
        ax.plot([0, 1], label="a line")
        legend = ax.legend()
        figure.draw_without_rendering()
        assert figure.get_facecolor()[3] == ax.get_facecolor()[3] == 0
        for text in (ax.title, *ax.get_xticklabels(), *legend.get_texts()):
            assert to_rgba(text.get_color()) == to_rgba(INK)
            assert text.get_fontsize() >= 8


def test_colours_begin_again():
    assert [colour(i) for i in range(7)] == list(COLOURS)
    assert colour(7) == COLOURS[0]


IMAGE = np.random.default_rng(0).random((3, 20, 30)).astype(np.float32)
KEYPOINTS = np.concatenate([np.random.default_rng(1).uniform(2, 18, (1, 14, 2)), np.ones((1, 14, 1))], -1)
TARGET = {
    "boxes": np.array([[1.0, 2, 12, 15], [8, 4, 28, 18]]),
    "labels": np.array([1, 2]),
    "scores": np.array([0.9, 0.4]),
    "masks": np.arange(20)[:, None] // 7 == np.array([0, 1])[:, None, None] + np.zeros((2, 1, 30), int),
    "keypoints": KEYPOINTS,
}
NAMES = ["background", "cat", "dog"]


def network():
    return nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 2, 1))


def tape(ax):
    net = network()
    return viz.draw_tape((net(minidet.tensor(IMAGE[None])) ** 2).mean(), net, ax=ax)


HISTORY = [{"step": i, "loss": 3 / (i + 1), "lr": 0.1, "mIoU": 0.1 * i} for i in range(8)]
#: Every function that draws, as it is called with axes or None.
DRAWERS = {
    "draw_image": lambda ax: viz.draw_image(IMAGE, ax=ax),
    "draw_labels": lambda ax: viz.draw_labels(IMAGE, np.arange(600).reshape(20, 30) % 3, NAMES, ax=ax),
    "draw_boxes": lambda ax: viz.draw_boxes(IMAGE, TARGET, NAMES, ax=ax),
    "draw_masks": lambda ax: viz.draw_masks(IMAGE, TARGET, NAMES, ax=ax),
    "draw_joints": lambda ax: viz.draw_joints(IMAGE, TARGET, ax=ax),
    "draw_filters": lambda ax: viz.draw_filters(np.random.default_rng(0).standard_normal((5, 4, 3, 3)), ax=ax),
    "draw_features": lambda ax: viz.draw_features(IMAGE, ax=ax),
    "draw_tape": tape,
    "draw_layers": lambda ax: viz.draw_layers(viz.layer_table(network(), IMAGE[None]), ax=ax),
    "draw_curves": lambda ax: viz.draw_curves(HISTORY, ax=ax),
}


def test_every_drawing_function_is_tested_here_and_takes_axes():
    public = {name: getattr(viz, name) for name in viz.__all__ if name.startswith("draw_")}
    assert set(public) == set(DRAWERS)
    for function in public.values():
        assert inspect.signature(function).parameters["ax"].default is None


@pytest.mark.parametrize("name", DRAWERS)
def test_it_draws_into_the_axes_that_it_is_given_and_returns_them(name):
    _, (left, right) = subplots(1, 2, figsize=(6, 3))
    assert DRAWERS[name](right) is right
    assert right.has_data() or right.texts
    assert not left.has_data()
    assert not left.texts


def marks_of(figure):
    """Yield (what, colour) of all that is drawn on the page itself: not on images, and not on grounds of its own."""
    for text in figure.findobj(Text):
        on_image = isinstance(text, Annotation) and text.get_bbox_patch() is not None
        if text.get_text() and text.get_visible() and not on_image:
            yield f"text {text.get_text()!r}", text.get_color()
    for ax in figure.axes:
        for side, spine in ax.spines.items():
            if spine.get_visible():
                yield f"spine {side}", spine.get_edgecolor()
        for line in ax.lines if not ax.findobj(AxesImage) else ():
            if line.get_alpha() is None:  # faint lines only accompany others
                yield f"line {line.get_label()!r}", line.get_color()
        for patch in ax.patches:
            if patch.get_linewidth() > 0:  # the others are stripes behind text
                yield f"patch {patch}", patch.get_edgecolor()
        for tick in (*ax.get_xticklines(), *ax.get_yticklines()):
            yield "tick", tick.get_color()


@pytest.mark.parametrize("name", DRAWERS)
def test_it_reads_on_both_pages(name):
    ax = DRAWERS[name](None)
    figure = ax.figure
    figure.canvas.draw()
    assert figure.get_facecolor()[3] == 0
    assert all(axes.patch.get_alpha() == 0 for axes in figure.axes)
    for legend in figure.findobj(Legend):
        assert not legend.get_frame_on()
    marks = list(marks_of(figure))
    for page in PAGES:
        found = {what: round(contrast(over(mark, page), page), 2) for what, mark in marks}
        assert {what: value for what, value in found.items() if value < 3} == {}
    assert np.asarray(figure.canvas.buffer_rgba())[..., 3].max() > 0, "nothing was drawn"


def test_axes_of_another_kind_are_refused():
    with pytest.raises(TypeError, match="draw_image: ax is a Figure"):
        viz.draw_image(IMAGE, ax=subplots()[0])
    with pytest.raises(TypeError, match="draw_curves: ax is a int"):
        viz.draw_curves(HISTORY, ax=3)


def test_as_array():
    assert as_array("op", "x", minidet.tensor([1.0, 2.0], requires_grad=True)).tolist() == [1, 2]
    with pytest.raises(TypeError, match="op: x has dtype <U"):
        as_array("op", "x", ["a"])
