"""COCO's figures: pycocotools' on random scenes, and what it gets wrong or stops at."""

import copy
import json

import numpy as np
import pytest

from minidet.metrics import coco_evaluate

from . import pycoco

NAMES = ["AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl"]
CASES = list(pycoco.cases())
RECORD = json.loads(pycoco.RECORDED.read_text())


def truth(*annotations, images=(3,), categories=(1, 7)):
    """Return ground truth of annotations (image, category, box, more)."""
    entries = [{"id": number, "image_id": image, "category_id": category, "bbox": list(box), **more}
               for number, (image, category, box, more) in enumerate(annotations)]  # fmt: skip
    return {"images": [{"id": i, "height": 50, "width": 60} for i in images],
            "categories": [{"id": k} for k in categories], "annotations": entries}  # fmt: skip


def found(image, category, box, score, **more):
    return {"image_id": image, "category_id": category, "bbox": list(box), "score": score, **more}


def people(*keypoints):
    """Return ground truth of people with these joints, all in one box."""
    return truth(*((3, 1, (10, 10, 20, 20), {"keypoints": list(joints), "area": 100}) for joints in keypoints))


BOX, OTHER = (10, 10, 20, 20), (40, 30, 10, 10)


@pytest.mark.parametrize(("name", "scenes", "iou_type", "max_dets"), CASES, ids=[case[0] for case in CASES])
def test_what_pycocotools_said(name, scenes, iou_type, max_dets):
    before = copy.deepcopy(scenes)
    figures = coco_evaluate(*scenes, iou_type, max_dets)
    said = np.array(list(figures.values()))
    for small in ("APs", "ARs") if iou_type == "keypoints" else ():  # of people, COCO has no small ones
        said[list(figures).index(small)] = RECORD[name][list(figures).index(small)]
    np.testing.assert_allclose(said, RECORD[name], rtol=0, atol=1e-12)
    assert scenes == before
    limits = {f"AR{limit}" for limit in max_dets}
    assert list(figures) == [*NAMES[:6], *(f"AR{limit}" for limit in max_dets), *NAMES[9:]]
    assert limits <= figures.keys()


@pytest.mark.parity
@pytest.mark.parametrize(("name", "scenes", "iou_type", "max_dets"), CASES, ids=[case[0] for case in CASES])
def test_pycocotools_tables(name, scenes, iou_type, max_dets):
    pytest.importorskip("pycocotools", reason="needs pycocotools")
    precision, recall = pycoco.tables(*scenes, iou_type, max_dets)
    figures = coco_evaluate(*scenes, iou_type, max_dets)
    sizes = [0, 2, 3] if iou_type == "keypoints" else [0, 1, 2, 3]
    np.testing.assert_allclose(figures.precision[..., sizes, :], precision, rtol=0, atol=1e-12)
    np.testing.assert_allclose(figures.recall[..., sizes, :], recall, rtol=0, atol=1e-12)


def test_a_figure_by_hand():
    """Two objects, found first and third; IoU 1, 0.6 counts for three of ten overlaps: 0.50, 0.55, 0.60."""
    figures = coco_evaluate(
        truth((3, 1, BOX, {}), (3, 1, OTHER, {})),
        [found(3, 1, BOX, 0.9), found(3, 1, (0, 0, 4, 4), 0.8), found(3, 1, (40, 30, 10, 6), 0.7)],
    )
    half = 51 / 101  # recall 0, 0.01, ..., 0.50 at precision 1
    assert figures["AP50"] == pytest.approx(half + 50 / 101 * 2 / 3)
    assert figures["AP75"] == pytest.approx(half)
    assert figures["AP"] == pytest.approx(half + 0.3 * 50 / 101 * 2 / 3)
    assert figures["AR1"] == pytest.approx(0.5)
    assert figures["AR100"] == pytest.approx(0.5 + 0.3 * 0.5)
    assert figures["APl"] == figures["ARl"] == -1  # there is no large object
    assert figures.categories == [1, 7]
    np.testing.assert_allclose(figures.per_class["AP"], [figures["AP"], -1])
    np.testing.assert_allclose(figures.per_class["AR"], [figures["AR100"], -1])


def test_an_annotation_whose_id_is_0_counts_and_area_and_iscrowd_have_defaults():
    figures = coco_evaluate(truth((3, 1, BOX, {})), [found(3, 1, BOX, 0.9)])
    assert figures["AP"] == figures["AR1"] == figures["APs"] == 1  # 400 pixels are small
    assert figures["APm"] == -1


def test_a_crowd_takes_any_number_of_detections_and_an_ignored_object_one():
    inside = [found(3, 1, (12, 12, 5, 5), 0.9), found(3, 1, (20, 20, 5, 5), 0.8), found(3, 1, OTHER, 0.7)]
    crowd = truth((3, 1, BOX, {"iscrowd": 1}), (3, 1, OTHER, {}))
    assert coco_evaluate(crowd, inside)["AP"] == 1
    ignored = truth((3, 1, BOX, {"ignore": 1}), (3, 1, OTHER, {}))
    twice = [found(3, 1, BOX, 0.9), found(3, 1, OTHER, 0.7)]
    assert coco_evaluate(ignored, twice)["AP"] == 1
    assert coco_evaluate(ignored, [*twice, found(3, 1, BOX, 0.8)])["AP"] == pytest.approx(0.5)


def test_nothing_found_and_nothing_to_find():
    assert list(coco_evaluate(truth((3, 1, BOX, {})), []).values()) == [0, 0, 0, 0, -1, -1, 0, 0, 0, 0, -1, -1]
    assert set(coco_evaluate(truth(), [found(3, 1, BOX, 0.9)]).values()) == {-1.0}
    assert set(coco_evaluate({"images": [], "categories": [], "annotations": []}, []).values()) == {-1.0}
    assert set(coco_evaluate(truth(categories=(5,)), []).values()) == {-1.0}


def test_the_order_of_images_does_not_matter():
    scenes, answers = CASES[1][1]
    again = {**scenes, "images": scenes["images"][::-1]}
    assert coco_evaluate(again, answers) == coco_evaluate(scenes, answers)


def test_equal_scores_stay_in_their_order():
    there = truth((3, 1, BOX, {}))
    answers = [found(3, 1, BOX, 0.5), found(3, 1, OTHER, 0.5)]
    assert coco_evaluate(there, answers)["AP"] == 1
    assert coco_evaluate(there, answers[::-1])["AP"] == 0.5


def test_a_polygon_of_four_numbers_is_no_box():
    there = truth((3, 1, BOX, {"segmentation": [[10, 10, 30, 10, 30, 30, 10, 30]]}))
    square = {"segmentation": [[10, 10, 30, 10, 30, 30, 10, 30]]}
    assert coco_evaluate(there, [found(3, 1, BOX, 0.9, **square)], "segm")["AP"] == 1
    line = truth((3, 1, BOX, {"segmentation": [[10, 10, 20, 20]]}))
    assert coco_evaluate(line, [found(3, 1, BOX, 0.9, **square)], "segm")["AP"] == 0


def test_many_pairs_are_compared_in_parts(monkeypatch):
    from minidet.metrics.detection import tables

    scenes, answers = CASES[0][1]
    whole = coco_evaluate(scenes, answers)
    monkeypatch.setattr(tables, "MOST_PAIRS", 9)
    assert coco_evaluate(scenes, answers) == whole


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda t: coco_evaluate(t, [], "keypoints"), ValueError, "has an entry without 'keypoints'"),
        (lambda t: coco_evaluate(t, [], "joints"), ValueError, "iou_type is 'joints', expected"),
        (lambda t: coco_evaluate(people([1, 2, 1] * 5), [], "keypoints"), ValueError, "kpt_oks_sigmas is None with 5"),
        (lambda t: coco_evaluate(people([1, 2]), [], "keypoints"), ValueError, r"have \[2\] numbers"),
        (lambda t: coco_evaluate(people([1, np.nan, 1]), [], "keypoints", None, [0.1]), ValueError, "contain NaN"),
        (lambda t: coco_evaluate(people([1, 2, 1]), [], "keypoints", None, [0]), ValueError, "kpt_oks_sigmas is"),
        (lambda t: coco_evaluate(t, [], "boxes"), ValueError, "coco_evaluate: iou_type is 'boxes'"),
        (lambda t: coco_evaluate(t, [], max_dets=(0, 1)), ValueError, "coco_evaluate: max_dets is 0"),
        (lambda t: coco_evaluate(t, [found(3, 1, BOX, np.nan)]), ValueError, "detections' score contains NaN"),
        (lambda t: coco_evaluate(t, [found(3, 1, (1, 2, np.nan, 4), 0.5)]), ValueError, "detections' bbox contains NaN"),
        (lambda t: coco_evaluate(t, [found(3, 1, (9, 9, -1, 4), 0.5)]), ValueError, "a width and a height of 0 or more"),
        (lambda t: coco_evaluate(t, [found(4, 1, BOX, 0.5)]), ValueError, "detections has image_id 4"),
        (lambda t: coco_evaluate(t, [{"image_id": 3, "category_id": 1, "bbox": BOX}]), ValueError, "without 'score'"),
        (lambda t: coco_evaluate(t, [found(3, 1, BOX, 0.5)], "segm"), ValueError, "without 'segmentation'"),
        (lambda t: coco_evaluate({**t, "images": t["images"] * 2}, []), ValueError, "has an id twice"),
        (lambda t: coco_evaluate({**t, "categories": None}, []), TypeError, "categories'.* is a NoneType"),
        (lambda t: coco_evaluate([], []), TypeError, "coco_evaluate: ground_truth is"),
    ],
)  # fmt: skip
def test_bad_arguments(call, error, match):
    with pytest.raises(error, match=match):
        call(truth((3, 1, BOX, {"segmentation": [[1, 1, 9, 1, 9, 9]]})))


def test_similarity_of_joints_by_hand():
    """Two joints, one of them 2 pixels away: the similarity is the mean of exp(-4 / (2 * 100 * (2 * 0.1)^2)) and 1."""
    alike = (np.exp(-4 / (2 * 100 * 0.2**2)) + 1) / 2
    assert 0.80 < alike < 0.85
    answer = {"image_id": 3, "category_id": 1, "score": 0.5, "keypoints": [12, 10, 0, 30, 30, 0]}
    figures = coco_evaluate(people([10, 10, 2, 30, 30, 1]), [answer], "keypoints", None, [0.1, 0.1])
    assert figures["AP"] == pytest.approx(0.7)  # 0.50, 0.55, ..., 0.80 of ten
    assert figures["AR20"] == pytest.approx(0.7)
    unseen = coco_evaluate(people([10, 10, 2, 30, 30, 0]), [answer], "keypoints", None, [0.1, 0.1])
    assert unseen["AP"] == pytest.approx(0.3)  # exp(-0.5) = 0.607
    nobody = coco_evaluate(people([0, 0, 0, 0, 0, 0]), [answer], "keypoints", None, [0.1, 0.1])
    assert nobody["AP"] == -1
