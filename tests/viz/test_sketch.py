import numpy as np
import pytest
from matplotlib.colors import to_hex

from minidet.viz import draw_image, subplots
from minidet.viz.page import BLUE, INK, PALE_BLUE
from minidet.viz.sketch import arrow, block, canvas, cells, outline

IMAGE = np.full((3, 40, 60), 0.5, np.float32)


def test_a_box_lies_where_the_pixels_do():
    ax = draw_image(IMAGE)
    outline(ax, np.array([2, 20, 30, 38]), BLUE, "--", 1.5, "cat")
    (frame,), (word,) = ax.patches, ax.texts
    assert (frame.get_xy(), frame.get_width(), frame.get_height()) == ((2, 20), 28, 18)
    assert (to_hex(frame.get_edgecolor()), frame.get_linestyle(), frame.get_linewidth()) == (BLUE, "--", 1.5)
    assert not frame.get_fill()
    assert (word.get_text(), word.xy, word.get_color()) == ("cat", (2, 20), BLUE)


def test_without_a_word_there_is_none():
    ax = draw_image(IMAGE)
    outline(ax, [0, 0, 4, 4], BLUE)
    assert not ax.texts


def test_a_canvas_has_no_ground_and_the_limits_that_it_is_given():
    ax = canvas(4, 3, (0, 8), (6, 0), aspect="equal")
    assert ax.figure.get_size_inches().tolist() == [4, 3]
    assert ax.figure.patch.get_alpha() == 0
    assert (ax.get_xlim(), ax.get_ylim(), ax.get_aspect(), ax.axison) == ((0, 8), (6, 0), 1.0, False)


def test_a_block_lies_around_its_place_and_arrows_lead_to_their_end():
    ax = canvas(4, 3, (0, 8), (0, 6))
    block(ax, 4, 3, "map", PALE_BLUE, 2, 1)
    (frame,), (word,) = ax.patches, ax.texts
    assert (frame.get_xy(), frame.get_width(), frame.get_height()) == ((3, 2.5), 2, 1)
    assert (word.get_text(), word.get_position()) == ("map", (4, 3))
    arrow(ax, (0, 1), (2, 3))
    tip = ax.texts[1]
    assert (tip.xy, tip.get_position(), to_hex(tip.arrow_patch.get_edgecolor())) == ((2, 3), (0, 1), INK)


def test_cells_have_their_numbers_in_the_middle():
    ax = subplots()[1]
    cells(ax, [[0, 0.5, 1], [0.25, 0, 2]], corner=(1, 3), side=2)
    assert [(word.get_text(), word.get_position()) for word in ax.texts] == [
        ("0", (2, 4)), ("0.5", (4, 4)), ("1", (6, 4)), ("0.25", (2, 6)), ("0", (4, 6)), ("2", (6, 6))
    ]  # fmt: skip
    (picture,) = ax.images
    assert picture.get_extent() == [1, 7, 7, 3]
    assert (ax.get_xlim(), ax.get_ylim(), ax.get_aspect()) == ((1, 7), (7, 3), 1)
    luminance = [sum(w * (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4)
                     for w, c in zip((0.2126, 0.7152, 0.0722), picture.cmap(picture.norm(v))[:3], strict=True))
                 for v in (0, 2)]  # fmt: skip
    assert luminance[0] > 0.9
    assert (luminance[1] + 0.05) / (0.0160 + 0.05) > 4.5, "dark letters on the bluest cell"


def test_cells_without_anything_are_white():
    ax = subplots()[1]
    cells(ax, np.zeros((2, 2), int), form=".1f")
    assert [word.get_text() for word in ax.texts] == ["0.0"] * 4
    assert ax.images[0].norm(0) == 0


@pytest.mark.parametrize("call, error, words", [
    (lambda ax: outline(ax, [0, 0, 1], BLUE), ValueError, r"outline: box has shape \(3,\), expected four"),
    (lambda ax: outline(ax, [0, 0, np.nan, 1], BLUE), ValueError, "outline: box contains NaN"),
    (lambda ax: outline(ax, [0, 0, 1, 1], BLUE, width=-1), ValueError, "outline: width is -1"),
    (lambda ax: outline(None, [0, 0, 1, 1], BLUE), TypeError, "outline: ax is a NoneType"),
    (lambda ax: canvas(0, 1, (0, 1), (0, 1)), ValueError, "canvas: width is 0"),
    (lambda ax: block("here", 0, 0, "x", BLUE), TypeError, "block: ax is a str"),
    (lambda ax: block(ax, 0, 0, "x", BLUE, height=-2), ValueError, "block: height is -2"),
    (lambda ax: cells(ax, [1, 2]), ValueError, r"cells: values has shape \(2,\), expected finite numbers"),
    (lambda ax: cells(ax, [[np.nan]]), ValueError, "cells: values contains NaN"),
    (lambda ax: cells(ax, [[1]], side=0), ValueError, "cells: side is 0"),
    (lambda ax: cells(ax, [[1]], top=-1), ValueError, "cells: top is -1"),
    (lambda ax: cells(None, [[1]]), TypeError, "cells: ax is a NoneType"),
    (lambda ax: arrow(3, (0, 0), (1, 1)), TypeError, "arrow: ax is a int"),
])  # fmt: skip
def test_what_cannot_be_drawn_raises(call, error, words):
    with pytest.raises(error, match=words):
        call(subplots()[1])
