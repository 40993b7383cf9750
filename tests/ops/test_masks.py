"""Masks from their grid to pixels and back: the half-pixel convention, which perfect masks survive."""

import numpy as np
import pytest

from minidet.data import DigitScenes
from minidet.ops import paste_masks_in_image
from minidet.ops.masks import crop_masks


def pasted(mask, box, size):
    """Paste one mask by the formula, pixel by pixel."""
    (x1, y1, x2, y2), (height, width), bins = box, size, len(mask)
    out = np.zeros(size)
    for y in range(height):
        for x in range(width):
            if not (x1 <= x + 0.5 < x2 and y1 <= y + 0.5 < y2):
                continue
            u = min(max((x + 0.5 - x1) / (x2 - x1) * bins - 0.5, 0), bins - 1)
            v = min(max((y + 0.5 - y1) / (y2 - y1) * bins - 0.5, 0), bins - 1)
            i, j = min(int(v), max(bins - 2, 0)), min(int(u), max(bins - 2, 0))
            rows, columns = (i, min(i + 1, bins - 1)), (j, min(j + 1, bins - 1))
            down, across = (1 - (v - i), v - i), (1 - (u - j), u - j)
            out[y, x] = sum(down[a] * across[b] * mask[rows[a], columns[b]] for a in (0, 1) for b in (0, 1))
    return out


def covered(mask, box, bins, fine=40):
    """Count which share of each bin a mask covers, at many points of it."""
    x1, y1, x2, y2 = box
    at = (np.arange(bins * fine) + 0.5) / (bins * fine)
    rows, columns = np.floor(y1 + at * (y2 - y1)).astype(int), np.floor(x1 + at * (x2 - x1)).astype(int)
    inside = ((rows >= 0) & (rows < mask.shape[0]))[:, None] & ((columns >= 0) & (columns < mask.shape[1]))
    values = mask[np.clip(rows, 0, mask.shape[0] - 1)][:, np.clip(columns, 0, mask.shape[1] - 1)] & inside
    return values.reshape(bins, fine, bins, fine).mean((1, 3))


@pytest.mark.parametrize("bins", [1, 2, 7, 28])
def test_pasting_is_the_formula(rng, bins):
    boxes = np.array(
        [[2, 3, 9, 14], [0.3, -2.7, 11.2, 5.1], [-4, 2.5, 30, 3.4], [5.2, 5.2, 5.3, 5.4], [12, 12, 40, 40]]
    )
    masks = rng.random((len(boxes), 1, bins, bins))
    found = paste_masks_in_image(masks, boxes, (15, 13))
    expected = [pasted(mask[0], box, (15, 13)) for mask, box in zip(masks, boxes, strict=True)]
    assert found.dtype == np.float64
    np.testing.assert_allclose(found.numpy()[:, 0], expected, atol=1e-12)


@pytest.mark.parametrize("side", [4, 5, 14, 27, 28, 29, 50, 64])
def test_a_mask_of_ones_fills_a_box_exactly(side):
    boxes = np.array([[3, 1, 3 + side, 1 + side], [-2, 60 - side, side - 2, 60], [0, 0, side, 1]], np.float32)
    found = paste_masks_in_image(np.ones((3, 1, 28, 28), np.float32), boxes, (70, 80)).numpy()[:, 0]
    expected = np.zeros((3, 70, 80), bool)
    for image, (x1, y1, x2, y2) in zip(expected, boxes.astype(int), strict=True):
        image[max(y1, 0) : y2, max(x1, 0) : x2] = True
    np.testing.assert_array_equal(found >= 0.5, expected)
    np.testing.assert_allclose(found[expected], 1, rtol=1e-6)
    for rectangle, box in zip(expected, boxes, strict=True):  # and the other way round
        if box.min() >= 0:
            np.testing.assert_allclose(crop_masks(rectangle[None], box[None], (28, 28)), 1, rtol=1e-6)


def test_a_target_is_the_share_of_each_bin(rng):
    masks = rng.random((4, 20, 24)) < 0.5
    boxes = np.array([[2, 3, 9, 14], [1.3, 2.7, 11.2, 5.1], [-4, 2.5, 30, 23], [5.2, 5.2, 5.3, 5.4]])
    found = crop_masks(masks, boxes, (5, 5))
    expected = [covered(mask, box, 5) for mask, box in zip(masks, boxes, strict=True)]
    np.testing.assert_allclose(found, expected, atol=0.03)
    assert found.dtype == np.float32
    same = crop_masks(masks[:1], np.array([[4, 6, 11, 13]]), (7, 7))[0]
    np.testing.assert_array_equal(same, masks[0, 6:13, 4:11])
    assert not crop_masks(masks[:1], np.array([[30, 2, 40, 9]]), (3, 3)).any()
    assert not crop_masks(masks[:1], np.array([[3, 2, 3, 9]]), (3, 3)).any()


def test_perfect_masks_come_back_and_those_moved_by_half_a_pixel_do_not():
    worst, moved = 1.0, []
    for i in range(6):
        target = DigitScenes("train", 64, 6, seed=3)[i][1]
        masks, boxes = target["masks"].astype(bool), target["boxes"]
        grids = crop_masks(masks, boxes, (28, 28))[:, None]
        for shift in (0.0, 0.5):
            back = paste_masks_in_image(grids, boxes + np.float32(shift), (64, 64)).numpy()[:, 0] >= 0.5
            iou = (back & masks).sum((1, 2)) / (back | masks).sum((1, 2))
            worst = min(worst, iou.min()) if not shift else worst
            moved += iou.tolist() if shift else []
    assert worst > 0.95
    assert np.mean(moved) < 0.9


def test_no_masks_and_boxes_without_area_or_outside():
    assert paste_masks_in_image(np.zeros((0, 1, 28, 28), np.float32), np.zeros((0, 4)), (5, 6)).shape == (0, 1, 5, 6)
    assert paste_masks_in_image(np.ones((1, 1, 3, 3)), [[1, 1, 4, 4]], (0, 6)).shape == (1, 1, 0, 6)
    boxes = [[3, 3, 3, 8], [20, 2, 30, 9], [-9, -9, 0, 0], [4, 4, 4.2, 4.2]]
    assert not paste_masks_in_image(np.ones((4, 1, 3, 3)), boxes, (10, 10)).numpy().any()
