"""Masks as run lengths: there and back, COCO's text, polygons as COCO's tools draw them."""

import json
import pathlib

import numpy as np
import pytest

from minidet import kernels
from minidet.kernels.launch import jit
from minidet.kernels.reference.regions import rle as reference
from minidet.ops.rle import Runs, read_rle, rle_area, rle_decode, rle_encode, rle_from_polygons, rle_iou

RECORDED = pathlib.Path(__file__).parents[1] / "metrics" / "detection" / "recorded.json"
POLYGONS = json.loads(RECORDED.read_text())["polygons"]  # drawn on 20 x 30 pixels by pycocotools


def masks(rng, many=6, size=(13, 9)):
    """Return masks with few and many runs, one empty, one full."""
    found = rng.random((many, *size)) < rng.uniform(0, 1, (many, 1, 1))
    found[0], found[1] = False, True
    return found


def test_by_hand():
    mask = np.array([[0, 1, 1], [0, 1, 0]])
    assert rle_encode(mask) == {"size": [2, 3], "counts": "231"}
    assert rle_decode({"size": [2, 3], "counts": [2, 3, 1]}).tolist() == mask.tolist()
    assert rle_decode({"size": [2, 3], "counts": b"231"}).dtype == np.uint8


def test_there_and_back(rng):
    found = masks(rng)
    written = rle_encode(found)
    np.testing.assert_array_equal(rle_decode(written), found)
    np.testing.assert_array_equal(rle_area(written), found.sum((1, 2)))


def test_iou_is_that_of_pixels(rng):
    one, other = masks(rng, 5), masks(rng, 7)
    crowd = np.arange(7) % 2
    shared = (one[:, None] & other).sum((2, 3))
    whole = np.where(crowd, one.sum((1, 2))[:, None], (one[:, None] | other).sum((2, 3)))
    expected = shared / np.maximum(whole, 1)
    np.testing.assert_array_equal(rle_iou(rle_encode(one), rle_encode(other), crowd), expected)
    assert rle_iou(rle_encode(one), []).shape == (5, 0)


def test_empty_runs_mean_nothing():
    rle = {"size": [2, 3], "counts": [1, 0, 1, 2, 0, 1, 1]}
    assert rle_decode(rle).tolist() == [[0, 1, 1], [0, 1, 0]]
    assert rle_area([rle]).tolist() == [3]
    assert rle_iou([rle], [rle]).tolist() == [[1]]


@pytest.mark.parametrize(("polygons", "counts"), POLYGONS)
def test_polygons_as_pycocotools_draws_them(polygons, counts):
    assert rle_from_polygons(polygons, (20, 30)) == {"size": [20, 30], "counts": counts}


def test_a_line_covers_nothing():
    assert rle_area([rle_from_polygons([[3, 3, 15, 12]], (20, 30))]) == 0
    assert rle_area([rle_from_polygons([], (20, 30))]) == 0


@pytest.mark.parity
def test_pycocotools_text_and_polygons(rng):
    mask = pytest.importorskip("pycocotools.mask", reason="needs pycocotools")
    for found in masks(rng, 20, (70, 40)):
        theirs = mask.encode(np.asfortranarray(found.astype(np.uint8)))
        assert rle_encode(found) == {"size": [70, 40], "counts": theirs["counts"].decode()}
    for _ in range(300):
        polygons = [
            rng.uniform(-20, 90, 2 * rng.integers(3, 9)).round(rng.integers(3)).tolist()
            for _ in range(rng.integers(1, 4))
        ]
        theirs = mask.merge(mask.frPyObjects(polygons, 70, 60))
        assert rle_from_polygons(polygons, (70, 60))["counts"] == theirs["counts"].decode(), polygons


@pytest.mark.skipif(not jit.ENABLED, reason="numba's compiler is switched off")
def test_compiled_agrees_with_the_reference(rng):
    assert kernels.rle.shared_pixels is not reference.shared_pixels
    one, other = (Runs.join([read_rle("op", "x", rle) for rle in rle_encode(masks(rng))]) for _ in range(2))
    mine, others = rng.integers(6, size=(2, 40))
    args = one.starts, one.ends, one.first, other.starts, other.ends, other.first, mine, others
    np.testing.assert_array_equal(kernels.rle.shared_pixels(*args), reference.shared_pixels(*args))
    np.testing.assert_array_equal(one.take(mine).areas(), one.areas()[mine])


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: rle_encode(np.zeros(3, bool)), ValueError, "rle_encode: masks has shape"),
        (lambda: rle_encode(np.zeros((2, 0), bool)), ValueError, r"rle_encode: masks has shape \(2, 0\), expected at least"),
        (lambda: rle_encode(np.zeros((3, 3))), TypeError, "rle_encode: masks has dtype float64"),
        (lambda: rle_decode({"size": [2, 3], "counts": [2, 3]}), ValueError, "rle_decode: rle' counts is of 5 pixels"),
        (lambda: rle_decode({"size": [2, 3], "counts": [7, -1]}), ValueError, "rle_decode: rle' counts contains -1"),
        (lambda: rle_decode({"size": [2, 3], "counts": "~"}), ValueError, "rle_decode: rle' counts is '~'"),
        (lambda: rle_decode({"size": [2, 3], "counts": "2T"}), ValueError, "packed as COCO packs them"),
        (lambda: rle_decode({"size": [2], "counts": []}), ValueError, "rle_decode: rle' counts is of 0 pixels"),
        (lambda: rle_decode({"counts": []}), TypeError, "rle_decode: rle contains"),
        (lambda: rle_decode({"size": [2, 0], "counts": []}), ValueError, "rle_decode: rle' size is 0"),
        (lambda: rle_iou([rle_encode(np.ones((2, 3), bool))], [rle_encode(np.ones((3, 2), bool))]), ValueError, "one size"),
        (lambda: rle_from_polygons([[1, 2, 3]], (4, 4)), ValueError, "rle_from_polygons: polygons contains"),
        (lambda: rle_from_polygons([[1, 2, np.nan, 3]], (4, 4)), ValueError, "expected pixels"),
        (lambda: rle_from_polygons({}, (4, 4)), TypeError, "rle_from_polygons: polygons is a dict"),
    ],
)  # fmt: skip
def test_bad_arguments(call, error, match):
    with pytest.raises(error, match=match):
        call()
