"""Figures that are collected picture by picture: those of the files."""

import numpy as np
import pytest

from minidet import tensor
from minidet.metrics import MeanAveragePrecision, coco_evaluate
from minidet.ops.rle import rle_decode, rle_encode, rle_from_polygons

from .scenes import CATEGORIES, SIZE, random_people, random_scenes
from .test_voc import A, B, found, there


def corners(entries):
    boxes = np.array([entry["bbox"] for entry in entries], np.float64).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    return boxes


def pixels(entries):
    read = [entry["segmentation"] for entry in entries]
    rles = [rle_from_polygons(one, SIZE) if isinstance(one, list) else one for one in read]
    return np.array([rle_decode(rle) for rle in rles], np.uint8).reshape(-1, *SIZE)


def pictures(scenes, answers, with_masks):
    """Return targets and detections of the images in the order of their ids."""
    targets, detections = [], []
    for number in sorted(image["id"] for image in scenes["images"]):
        for source, into in ((scenes["annotations"], targets), (answers, detections)):
            mine = [entry for entry in source if entry["image_id"] == number]
            into.append({"boxes": corners(mine), "labels": [1 + CATEGORIES.index(e["category_id"]) for e in mine]})
            if with_masks:
                into[-1]["masks"] = pixels(mine)
            if source is answers:
                into[-1]["scores"] = np.array([entry["score"] for entry in mine])
            else:
                into[-1]["iscrowd"] = np.array([entry["iscrowd"] for entry in mine], bool)
    return targets, detections


@pytest.mark.parametrize("iou_type", ["bbox", "segm"])
def test_the_same_as_from_files(iou_type):
    segm = iou_type == "segm"
    scenes, answers = random_scenes(4, True, 8, images=5, found=50)
    targets, detections = pictures(scenes, answers, segm)
    collected = MeanAveragePrecision(1 + len(CATEGORIES), iou_type, (1, 5))
    collected.update(targets[:2], detections[:2])
    collected.update(targets[2:], detections[2:])
    if segm:
        answers = [{name: value for name, value in entry.items() if name != "bbox"} for entry in answers]
    plain = [{name: value for name, value in entry.items() if name != "area"} for entry in scenes["annotations"]]
    expected = coco_evaluate({**scenes, "annotations": plain}, answers, iou_type, (1, 5))
    figures = collected.compute()
    assert list(figures) == list(expected)
    np.testing.assert_allclose(
        list(figures.values()), [np.nan if value == -1 else value for value in expected.values()], rtol=1e-12
    )
    assert figures == pytest.approx(collected.compute(), nan_ok=True)  # to ask changes nothing


@pytest.mark.parametrize("said", [False, True], ids=["area of the box", "area that is said"])
def test_joints_are_the_same_as_from_files(said):
    scenes, answers = random_people(8, 14, 0, images=5, found=40)
    collected = MeanAveragePrecision(2, "keypoints")
    for number in sorted(image["id"] for image in scenes["images"]):
        parts = [[e for e in source if e["image_id"] == number] for source in (scenes["annotations"], answers)]
        joints = [np.array([e["keypoints"] for e in part]).reshape(-1, 14, 3) for part in parts]
        boxes = [corners(parts[0]), np.tile([0, 0, 1, 1], (len(parts[1]), 1))]
        both = [{"boxes": box, "labels": [1] * len(part), "keypoints": each}
                for box, part, each in zip(boxes, parts, joints, strict=True)]  # fmt: skip
        both[0]["iscrowd"] = [e["iscrowd"] for e in parts[0]]
        both[0]["masks"] = np.ones((len(parts[0]), 2, 2), bool)  # joints do not ask how many pixels a mask has
        both[1]["scores"] = [e["score"] for e in parts[1]]
        if said:
            both[0]["area"] = [e["area"] for e in parts[0]]
        collected.update(both[:1], both[1:])
    there = [{name: value for name, value in entry.items() if said or name != "area"}
             for entry in scenes["annotations"]]  # fmt: skip
    expected = coco_evaluate({**scenes, "annotations": there}, answers, "keypoints")
    figures = collected.compute()
    assert 0.1 < figures["AP50"] < 1
    np.testing.assert_allclose(
        list(figures.values()), [np.nan if value == -1 else value for value in expected.values()], rtol=1e-12
    )


@pytest.mark.parametrize("iou_type", ["bbox", "segm"])
def test_an_area_that_is_said_decides_the_size(iou_type):
    masks = np.zeros((1, 20, 20), bool)
    masks[:, :5] = True
    collected = MeanAveragePrecision(2, iou_type)
    collected.update([{**there(A), "masks": masks, "area": [100.0**2]}], [{**found(A, scores=[1.0]), "masks": masks}])
    assert collected.compute()["APl"] == 1
    assert np.isnan(collected.compute()["APs"])


def test_difficult_objects_do_not_count_and_tensors_are_read():
    collected = MeanAveragePrecision(3)
    answer = {name: tensor(np.asarray(value)) for name, value in found(A, B, scores=[0.9, 0.8]).items()}
    collected.update([there(A, B, difficult=[True, False])], [answer])
    figures = collected.compute()
    assert figures["AP"] == 1
    np.testing.assert_array_equal(figures.per_class["AP"], [1, np.nan])
    assert np.isnan(figures["APl"])


def test_nothing_yet():
    assert all(np.isnan(value) for value in MeanAveragePrecision(2).compute().values())
    collected = MeanAveragePrecision(2, "segm")
    empty = {"boxes": [], "labels": [], "masks": np.zeros((0, 1, 4, 4)), "scores": []}
    collected.update([empty], [empty])
    assert all(np.isnan(value) for value in collected.compute().values())


def test_soft_masks_are_cut_at_one_half():
    mask = np.zeros((1, 1, 20, 20), np.float32)
    mask[..., :10, :10] = 0.5
    mask[..., 10:, :] = 0.49
    collected = MeanAveragePrecision(2, "segm")
    collected.update([{**there(A), "masks": mask[0] >= 0.5}], [{**found(A, scores=[0.5]), "masks": mask}])
    assert collected.compute()["AP"] == 1
    assert rle_encode(mask[0, 0] >= 0.5)["counts"] == rle_encode(mask[0, 0] > 0.49)["counts"]


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: MeanAveragePrecision(1), ValueError, "MeanAveragePrecision: num_classes is 1"),
        (lambda: MeanAveragePrecision(3, "joints"), ValueError, "MeanAveragePrecision: iou_type is 'joints'"),
        (lambda: MeanAveragePrecision(3, max_dets=()), TypeError, "MeanAveragePrecision: max_dets is"),
        (lambda: MeanAveragePrecision(2).update([there(A, labels=[2])], [found(scores=[])]), IndexError, "targets' labels"),
        (lambda: MeanAveragePrecision(2).update([{**there(A), "area": [1, 2]}], [found(scores=[])]), ValueError,
         "targets' area has 2 rows, expected 1"),
        (lambda: MeanAveragePrecision(2).update([{**there(A), "area": [-1.0]}], [found(scores=[])]), ValueError,
         "targets' area contains NaN, infinity or negative"),
        (lambda: MeanAveragePrecision(2, "segm").update([there(A)], [found(scores=[])]), ValueError, "without masks"),
        (lambda: MeanAveragePrecision(2, "segm").update([{**there(A), "masks": np.ones((1, 4, 4), bool)}],
                 [{**found(A, scores=[0.5]), "masks": np.ones((1, 5, 4), bool)}]), ValueError, "of .* pixels"),
        (lambda: MeanAveragePrecision(2, "keypoints").update([there(A)], [found(scores=[])]), ValueError, "without keyp"),
        (lambda: MeanAveragePrecision(2, "keypoints").update([{**there(A), "keypoints": np.ones((1, 3))}],
                 [found(scores=[])]), ValueError, r"targets' keypoints has shape \(1, 3\)"),
        (lambda: MeanAveragePrecision(2).update([{**there(A), "masks": np.ones((2, 4, 4), bool)}], [found(scores=[])]),
         ValueError, "targets' masks has 2 rows, expected 1"),
    ],
)  # fmt: skip
def test_bad_arguments(call, error, match):
    with pytest.raises(error, match=match):
        call()
