"""Hard negatives: a few of all, and the same machine."""

import numpy as np
import pytest

from minidet.models.detection.rcnn import fit_svm, mine

OPTIONS = {"cost": 0.1, "tolerance": 1e-6, "max_passes": 3000}


def scene(seed=0, images=6, regions=120, width=5):
    """Draw features of images' regions: two classes of objects far from most of the background, and their positives."""
    rng = np.random.default_rng(seed)
    features = [rng.normal(size=(regions, width)) - np.r_[2.5, np.zeros(width - 1)] for _ in range(images)]
    negative = [rng.random((regions, 2)) < [0.95, 0.9] for _ in range(images)]
    positives = [rng.normal(size=(count, width)) + np.r_[1, k, np.zeros(width - 2)] for k, count in enumerate((20, 30))]
    return features, negative, positives


def test_the_machine_of_the_cache_is_that_of_all_negatives():
    features, negative, positives = scene()
    miners = mine(lambda: zip(features, negative, strict=True), positives, epochs=2, retrain=50, **OPTIONS)
    for k, miner in enumerate(miners):
        everything = np.concatenate([x[mask[:, k]] for x, mask in zip(features, negative, strict=True)])
        y = np.repeat([1, -1], [len(positives[k]), len(everything)])
        best = fit_svm(np.concatenate([positives[k], everything]), y, **OPTIONS)
        np.testing.assert_allclose(miner.weight, best.weight, atol=1e-2)
        assert miner.bias == pytest.approx(best.bias, abs=1e-2)
        assert miner.seen < len(everything) / 2
        assert miner.trainings > 2
        keys = miner.keys.tolist()
        assert len(keys) == len({tuple(key) for key in keys})  # none twice


def test_without_mining_the_machine_is_another():
    """The planted mistake: nothing but the first image's negatives."""
    features, negative, positives = scene()
    full = mine(lambda: zip(features, negative, strict=True), positives, epochs=2, **OPTIONS)
    first = mine(lambda: [(features[0], negative[0])], positives, **OPTIONS)
    assert np.abs(full[0].weight - first[0].weight).max() > 0.02


def test_only_negatives_are_looked_at():
    features, _, positives = scene()
    none = [np.zeros((len(x), 2), bool) for x in features]
    miners = mine(lambda: zip(features, none, strict=True), positives, **OPTIONS)
    for miner in miners:
        assert miner.seen == 0
        assert (positives[0] @ miner.weight + miner.bias).min() > 0  # of positives only, everything is one


def test_a_class_without_positives_has_no_machine():
    features, negative, positives = scene()
    miners = mine(lambda: zip(features, negative, strict=True), [positives[0][:0], positives[1]], **OPTIONS)
    assert miners[0] is None
    assert miners[1] is not None
