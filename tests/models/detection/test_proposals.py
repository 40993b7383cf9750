"""Proposals follow from the picture alone."""

import numpy as np

import minidet
from minidet.models.detection.proposals import search, search_all
from minidet.ops import selective_search

from .cases import spots

IMAGES, TARGETS = spots(objects=2)


def test_a_picture_has_the_same_proposals_whenever_it_is_looked_at():
    minidet.manual_seed(1)
    first = search(IMAGES[0], "fast")
    minidet.manual_seed(2)
    for found in (search(IMAGES[0], "fast"), search_all("f", IMAGES, "fast")[0]):
        np.testing.assert_array_equal(found, first)
    by_seed = selective_search(IMAGES[0], "fast", rng=np.random.default_rng(1)).numpy()
    np.testing.assert_array_equal(np.unique(by_seed, axis=0), np.unique(first, axis=0))
    assert not np.array_equal(by_seed, first)
