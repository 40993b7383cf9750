"""Regions: compiled against reference, and both against what is counted again on the pixels."""

import heapq

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minidet import kernels
from minidet.kernels.launch import jit
from minidet.kernels.reference.regions import grouping as reference

FEW = settings(max_examples=25, deadline=None)
SIZE = st.tuples(st.integers(1, 14), st.integers(1, 14))
BOTH = pytest.mark.parametrize("module", [kernels.grouping, reference], ids=["compiled", "reference"])


def regions(seed, size, channels=3, levels=4):
    """Draw an image, and its segments of a few pixels."""
    x = np.random.default_rng(seed).integers(0, levels, (channels, *size)) / levels
    smooth = kernels.gaussian.gaussian(x, 0.5)
    edges = kernels.segments.sort_edges(kernels.segments.edge_weights(smooth))
    labels, count = kernels.segments.segment(*edges, size, 0.3, 3)
    return x.astype(np.float32), labels, count


def described(module, x, labels, count):
    bins = module.bins(x, *kernels.gaussian.gradients(x.astype(np.float64), 1.0))
    return (*module.extents(labels, count), module.adjacency(labels, count), module.histograms(bins, labels, count))


@pytest.mark.skipif(not jit.ENABLED, reason="numba's compiler is switched off")
def test_both_sides_are_not_the_same_code():
    for name in ("adjacency", "bins", "extents", "group", "histograms"):
        assert getattr(kernels.grouping, name) is not getattr(reference, name)


@FEW
@given(SIZE, st.sampled_from([1, 3]), st.integers(0, 999))
def test_what_is_known_of_regions(size, channels, seed):
    x, labels, count = regions(seed, size, channels)
    actual, expected = described(kernels.grouping, x, labels, count), described(reference, x, labels, count)
    for one, other in zip(actual, expected, strict=True):
        np.testing.assert_array_equal(one, other, strict=True)


@FEW
@given(SIZE, st.sampled_from([1, 3]), st.sampled_from([2, 4, 255]), st.integers(0, 999))
def test_group(size, channels, levels, seed):
    """The same regions in the same order, also where many pairs are equally similar."""
    x, labels, count = regions(seed, size, channels, levels)
    sizes, boxes, pairs, counts = described(reference, x, labels, count)
    colours = reference.COLOURS * channels
    choices = ((slice(None), colours, 1, 1), (slice(colours, None), 0, 1, 1), (slice(0), 0, 1, 0), (slice(0), 0, 0, 1))
    for used, columns, *weights in choices:
        arguments = sizes, boxes, pairs, counts[:, used], columns, channels, *weights, labels.size
        actual, expected = kernels.grouping.group(*arguments), reference.group(*arguments)
        for one, other in zip(actual, expected, strict=True):
            np.testing.assert_array_equal(one, other, strict=True)


@BOTH
def test_regions_that_touch_and_boxes_that_overlap(module):
    """The ring's box holds the dot's, and does not touch it; corners touch."""
    labels = np.array([[0, 0, 0, 0, 0], [0, 1, 1, 1, 0], [0, 1, 2, 1, 3], [0, 1, 1, 1, 0], [0, 0, 0, 0, 0]], np.int32)
    assert module.adjacency(labels, 4).tolist() == [[0, 1], [0, 3], [1, 2], [1, 3]]
    assert module.extents(labels, 4)[1].tolist() == [[0, 0, 5, 5], [1, 1, 4, 4], [2, 2, 3, 3], [4, 2, 5, 3]]
    assert module.adjacency(np.array([[0, 1], [2, 0]], np.int32), 3).tolist() == [[0, 1], [0, 2], [1, 2]]
    assert module.adjacency(np.zeros((3, 1), np.int32), 1).shape == (0, 2)


@BOTH
def test_a_region_of_two_is_what_its_pixels_say(module):
    """Boxes of merged regions, and their similarities, equal those of regions that are counted on the pixels again."""
    x, labels, count = regions(3, (24, 24), levels=255)
    assert count > 8
    sizes, boxes, pairs, counts = described(module, x, labels, count)
    found, children = module.group(sizes, boxes, pairs, counts, 75, 3, 1, 1, labels.size)
    assert len(children) == count - 1
    bins = reference.bins(x, *kernels.gaussian.gradients(x.astype(np.float64), 1.0))
    for new, (a, b) in enumerate(children, count):
        best = heapq.nsmallest(1, (ranked_pair(bins, labels, pair) for pair in reference_pairs(labels)))[0]
        assert best[1:] == (a, b)
        labels = np.where((labels == a) | (labels == b), new, labels)
        y, z = np.nonzero(labels == new)
        assert found[new].tolist() == [z.min(), y.min(), z.max() + 1, y.max() + 1]


def reference_pairs(labels):
    names = np.unique(labels)
    return names[reference.adjacency(np.searchsorted(names, labels), len(names))].tolist()


def ranked_pair(bins, labels, pair):
    """Return minus the similarity of two regions, from their pixels, and who they are."""
    histograms, sizes = [], []
    for region in pair:
        inside = (labels == region).ravel()
        sizes.append(int(inside.sum()))
        counts = reference.histograms(bins[inside], np.zeros(sizes[-1], np.int64), 1)[0]
        histograms.append(reference.scaled(counts, sizes[-1], 75, 3))
    y, z = np.nonzero(np.isin(labels, pair))
    box = (np.ptp(y) + 1) * (np.ptp(z) + 1)
    shares = 2 * labels.size - box  # size: area - both; fill: area - box + both
    return -(int(np.minimum(*histograms).sum()) + int(shares) * reference.ONE // labels.size), *pair


@BOTH
def test_similarities_by_hand(module):
    """Three regions of 1, 1 and 2 pixels side by side: the two small ones are joined first, or those that fill."""
    labels = np.array([[0, 1, 2, 2]], np.int32)
    sizes, boxes = module.extents(labels, 3)
    pairs, nothing = module.adjacency(labels, 3), np.zeros((3, 0), np.int32)
    found, children = module.group(sizes, boxes, pairs, nothing, 0, 1, 1, 0, 4)
    assert children.tolist() == [[0, 1], [2, 3]]
    assert found[3:].tolist() == [[0, 0, 2, 1], [0, 0, 4, 1]]
    colours = np.array([[1, 0], [0, 1], [0, 2]], np.int32)  # 1 and 2 have one colour, 0 has another
    assert module.group(sizes, boxes, pairs, colours, 2, 1, 0, 0, 4)[1].tolist() == [[1, 2], [0, 3]]


@BOTH
def test_a_full_heap_is_cleared(module):
    """A region that touches all others: every time it grows, it is compared with all that are left."""
    labels = np.zeros((9, 201), np.int32)
    dots = labels[1::2, 1::2]
    dots[:] = np.arange(1, dots.size + 1).reshape(dots.shape)
    count = dots.size + 1
    sizes, boxes = module.extents(labels, count)
    nothing = np.zeros((count, 0), np.int32)
    _, children = module.group(sizes, boxes, module.adjacency(labels, count), nothing, 0, 1, 1, 0, labels.size)
    expected = [[0, 1], *([i, count + i - 2] for i in range(2, count))]
    assert children.tolist() == expected


def test_histograms_of_bins():
    """A slope along x: of 8 orientations, the one along it and its two neighbours respond; the others are 0."""
    x = np.tile(np.linspace(0, 0.96, 30, dtype=np.float32), (1, 20, 1))
    bins = kernels.grouping.bins(x, *kernels.gaussian.gradients(x.astype(np.float64), 1.0))
    assert (bins[:, 0] == np.minimum(x.ravel() * 25, 24).astype(int)).all()
    inside = bins.reshape(20, 30, 9)[:, 5:-5]
    assert (inside[..., 1] == 9).all()
    assert (inside[..., [2, 8]] > 5).all()
    assert not inside[..., 3:8].any()
    flat = np.full((1, 5, 5), 0.3, np.float32)
    assert not kernels.grouping.bins(flat, *kernels.gaussian.gradients(flat.astype(np.float64), 1.0))[:, 1:].any()
