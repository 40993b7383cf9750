"""PASCAL VOC's average precision, by hand and beside a plain reading of its rules."""

import numpy as np
import pytest

from minidet.metrics import voc_ap


def there(*boxes, labels=None, **more):
    return {"boxes": np.array(boxes, float).reshape(-1, 4), "labels": labels or [1] * len(boxes), **more}


def found(*boxes, labels=None, scores):
    return {**there(*boxes, labels=labels), "scores": scores}


A, B, FAR = (0, 0, 10, 10), (20, 20, 30, 30), (50, 50, 60, 60)


def plain(truths, answers, threshold, label):
    """Return (score, right) of every detection that counts, and how many objects there are: VOC's rules in loops."""
    total, rows = 0, []
    for truth, answer in zip(truths, answers, strict=True):
        objects = [i for i, k in enumerate(truth["labels"]) if k == label]
        hard = truth.get("difficult", np.zeros(len(truth["labels"])))
        total += sum(not hard[i] for i in objects)
        taken = set()
        mine = [i for i, k in enumerate(answer["labels"]) if k == label]
        for i in sorted(mine, key=lambda i: -answer["scores"][i]):
            best, most = None, 0
            for j in objects:
                (a, b, c, d), (e, f, g, h) = answer["boxes"][i], truth["boxes"][j]
                shared = max(min(c, g) - max(a, e), 0) * max(min(d, h) - max(b, f), 0)
                iou = shared / ((c - a) * (d - b) + (g - e) * (h - f) - shared)
                if iou > most:
                    best, most = j, iou
            if most >= threshold and hard[best]:
                continue
            rows.append((answer["scores"][i], most >= threshold and best not in taken))
            if most >= threshold:
                taken.add(best)
    return sorted(rows, key=lambda row: -row[0]), total


def area(rows, total):
    right = np.cumsum([row[1] for row in rows])
    precision = right / np.arange(1, len(rows) + 1)
    recall = np.concatenate([[0], right / total])
    return sum((recall[i + 1] - recall[i]) * precision[i:].max() for i in range(len(rows)))


def eleven(rows, total):
    right = np.cumsum([row[1] for row in rows])
    precision = right / np.arange(1, len(rows) + 1)
    return np.mean([max(precision[right / total >= level - 1e-9], default=0) for level in np.arange(11) / 10])


def random_pictures(seed, many=8):
    rng = np.random.default_rng(seed)
    truths, answers = [], []
    for _ in range(many):
        n, d = rng.integers(0, 6), rng.integers(0, 12)
        corner, side = rng.uniform(0, 60, (n, 2)), rng.uniform(5, 30, (n, 2))
        boxes = np.concatenate([corner, corner + side], 1)
        noise = (
            boxes[rng.integers(n, size=d)] + rng.normal(0, 3, (d, 4))
            if n
            else rng.uniform(0, 9, (d, 4)) + np.array([0, 0, 9, 9])
        )
        truths.append({"boxes": boxes, "labels": rng.integers(1, 4, n), "difficult": rng.random(n) < 0.25})
        answers.append(
            {"boxes": noise, "labels": rng.integers(1, 4, d), "scores": rng.permutation(d) / 100 + rng.random()}
        )
    return truths, answers


@pytest.mark.parametrize("seed", range(6))
def test_agrees_with_the_rules_in_loops(seed):
    truths, answers = random_pictures(seed)
    for method, average in (("area", area), ("11point", eleven)):
        got = voc_ap(truths, answers, 0.4, method)
        expected = {k: average(*plain(truths, answers, 0.4, k)) for k in (1, 2, 3)}
        assert got.per_class == pytest.approx(expected, abs=1e-12)
        assert got.mean == pytest.approx(np.mean(list(expected.values())))


def test_a_duplicate_is_wrong_and_a_difficult_object_neither():
    twice = found(A, (0, 0, 10, 9), B, scores=[0.9, 0.8, 0.7])
    assert voc_ap([there(A, B)], [twice]).mean == pytest.approx(0.5 + 0.5 * 2 / 3)
    assert voc_ap([there(A, B, difficult=[True, False])], [twice]).mean == 1
    assert voc_ap([there(A, B, iscrowd=[1, 0])], [twice]).mean == 1
    assert voc_ap([there(A, B, difficult=[False, True])], [twice]).mean == 1  # B is not missed, either
    assert np.isnan(voc_ap([there(A, difficult=[True])], [twice]).mean)


def test_an_overlap_of_exactly_the_threshold_is_right_and_no_pixel_is_added():
    assert voc_ap([there(A)], [found((0, 0, 10, 5), scores=[0.5])]).mean == 1
    assert voc_ap([there(A)], [found((0, 0, 10, 4.99), scores=[0.5])]).mean == 0
    assert voc_ap([there((0, 0, 1, 1))], [found((0, 0, 1, 0.49), scores=[0.5])]).mean == 0


def test_eleven_points_reach_a_recall_of_three_tenths_exactly():
    truths = [there(*[(20 * i, 0, 20 * i + 9, 9) for i in range(10)])]
    three = found(*[(20 * i, 0, 20 * i + 9, 9) for i in range(3)], scores=[0.9, 0.8, 0.7])
    assert voc_ap(truths, [three], method="11point").mean == pytest.approx(4 / 11)  # 0, 0.1, 0.2, 0.3
    assert voc_ap(truths, [three]).mean == pytest.approx(0.3)


def test_the_order_of_pictures_does_not_matter():
    truths = [there(A), there(), there(A, B), there(B)]
    answers = [
        found(A, FAR, scores=[0.5, 0.5]),
        found(A, scores=[0.5]),
        found(FAR, B, scores=[0.5, 0.2]),
        found(B, scores=[0.5]),
    ]
    first = voc_ap(truths, answers)
    for order in ([3, 2, 1, 0], [1, 0, 3, 2], [2, 3, 0, 1]):
        assert voc_ap([truths[i] for i in order], [answers[i] for i in order]) == first


def test_equal_scores_of_one_picture_stay_in_their_order():
    assert voc_ap([there(A)], [found(A, FAR, scores=[0.5, 0.5])]).mean == 1
    assert voc_ap([there(A)], [found(FAR, A, scores=[0.5, 0.5])]).mean == 0.5


def test_nothing_found_and_nothing_to_find():
    assert voc_ap([there(A)], [found(scores=[])]) == ({1: 0.0}, 0.0)
    per_class, mean = voc_ap([there()], [found(A, labels=[2], scores=[0.5])])
    assert list(per_class) == [2]
    assert np.isnan(per_class[2])
    assert np.isnan(mean)
    assert np.isnan(voc_ap([], []).mean)


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: voc_ap([there(A)], [found(A, scores=[np.nan])]), ValueError, "voc_ap: detections' scores contains NaN"),
        (lambda: voc_ap([there(A)], []), ValueError, "voc_ap: detections has 0 entries, expected 1, as ground_truth"),
        (lambda: voc_ap([there(A)], [there(A)]), TypeError, "dicts with boxes, labels, scores"),
        (lambda: voc_ap([there(A, labels=[0])], [found(scores=[])]), IndexError, "0 is the background"),
        (lambda: voc_ap([there(A)], [found(A, B, scores=[0.5])]), ValueError, "detections' scores has 1 rows, expected 2"),
        (lambda: voc_ap([there(A)], [found(scores=[])], method="12point"), ValueError, "voc_ap: method is '12point'"),
        (lambda: voc_ap([there(A)], [found(scores=[])], 1.5), ValueError, "voc_ap: iou_threshold is 1.5"),
    ],
)  # fmt: skip
def test_bad_arguments(call, error, match):
    with pytest.raises(error, match=match):
        call()
