"""What pycocotools says; run as a program, it writes ``recorded.json``: python -m tests.metrics.detection.pycoco."""

import contextlib
import copy
import io
import json
import pathlib

from minidet.metrics.detection.joints import checked_sigmas

from .scenes import CASES, PEOPLE, random_people, random_scenes

RECORDED = pathlib.Path(__file__).with_name("recorded.json")


def tables(truth, detections, iou_type, max_dets):
    """Return pycocotools' tables of precision and recall."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):
        data = COCO()
        data.dataset = copy.deepcopy(truth)
        data.createIndex()
        evaluation = COCOeval(data, data.loadRes(copy.deepcopy(detections)), iou_type)
        evaluation.params.maxDets = list(max_dets)
        if iou_type == "keypoints":
            evaluation.params.kpt_oks_sigmas = checked_sigmas("pycoco", None, len(detections[0]["keypoints"]) // 3)
        evaluation.evaluate()
        evaluation.accumulate()
    return evaluation.eval["precision"], evaluation.eval["recall"]


def figures(truth, detections, iou_type, max_dets):
    """Return the twelve figures, read off the tables as the summary reads them, with the last of ``max_dets`` for AP."""
    precision, recall = tables(truth, detections, iou_type, max_dets)
    if iou_type == "keypoints":  # there are no small people
        precision, recall = precision[..., [0, 0, 1, 2], :], recall[..., [0, 0, 1, 2], :]
    parts = [precision[..., 0, -1], precision[0, ..., 0, -1], precision[5, ..., 0, -1]]
    parts += [precision[..., size, -1] for size in (1, 2, 3)]
    parts += [recall[..., 0, m] for m in range(len(max_dets))] + [recall[..., size, -1] for size in (1, 2, 3)]
    return [float(part[part > -1].mean()) if (part > -1).any() else -1.0 for part in parts]


def cases():
    """Yield name, scenes and arguments of every recorded call."""
    for seed, masks, grid, max_dets in CASES:
        for iou_type in ("bbox", "segm") if masks else ("bbox",):
            yield f"{seed}-{iou_type}", random_scenes(seed, masks, grid), iou_type, max_dets
    for seed, joints, grid, max_dets in PEOPLE:
        yield f"{seed}-keypoints", random_people(seed, joints, grid), "keypoints", max_dets


if __name__ == "__main__":
    from pycocotools import mask

    record = {name: figures(*scenes, iou_type, max_dets) for name, scenes, iou_type, max_dets in cases()}
    polygons = [
        [[3, 2, 15.5, 4, 11, 17]], [[0.4, 0.4, 30, 0, 30, 20, 0, 20]], [[-5, -3, 12, 8, 3, 40]], [[4, 4, 9, 4, 9, 9, 4, 9]],
        [[2, 2, 2, 2, 8, 3, 5, 9]], [[1, 1, 7, 1, 7, 6], [5, 3, 12, 3, 12, 19, 5, 19]], [[1, 1, 19, 19, 1, 19, 19, 1]],
        [[0.5, 0.5, 10.5, 0.5, 10.5, 10.5, 0.5, 10.5]],
    ]  # fmt: skip
    record["polygons"] = [[shape, mask.merge(mask.frPyObjects(shape, 20, 30))["counts"].decode()] for shape in polygons]
    lines = [f" {json.dumps(name)}: {json.dumps(values)}" for name, values in record.items()]
    RECORDED.write_text("{\n" + ",\n".join(lines) + "\n}\n")
