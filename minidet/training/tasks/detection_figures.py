"""How good a detector is on a split: what was found in each picture, and the figures that are made of it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...data import DataLoader, collate_detection
from ...errors import bad_argument
from ...metrics import MeanAveragePrecision, voc_ap
from .figures import Figures

MORE = (("mask ", "segm", "masks"), ("keypoint ", "keypoints", "keypoints"))  # in words, COCO's kind, what objects have
REPORTED = ("AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "AR20")


class Measured(NamedTuple):
    """A detector on a split: its figures, what COCO's are read off, and what is there and what it found, by picture."""

    figures: Figures
    precision: MeanAveragePrecision
    truths: list[dict]
    answers: list[dict]


def measured(task, model, dataset) -> Measured:
    """Look at all pictures of a data set, and return COCO's figures, and VOC's average precision.

    Parameters
    ----------
    task : Detection
    model : Module
    dataset : Dataset
        Of the classes that the task's facts name.
    """
    return scored(task, dataset, lambda image: task.look(model, image))


def scored(task, dataset, find) -> Measured:
    """Return the same of any detector: ``find(image)`` returns a dict of what it finds in an image (3, H, W).

    People whose joints are scored stand in the order of their scores times their expected OKS, where a detector says
    that (``"oks"``), as COCO's own results of joints and of boxes are two files, each with scores of its own.
    """
    kinds = {"": "bbox"} | {words: kind for words, kind, name in MORE if name in task.more}
    counts = {"keypoints": (20,)}
    limits = (1, 10, 100) if task.options.max_dets == 100 else (1, 10, 100, task.options.max_dets)
    collected = {words: MeanAveragePrecision(len(task.classes), kind, counts.get(kind, limits))
                 for words, kind in kinds.items()}  # fmt: skip
    truths, answers = [], []
    for images, targets in DataLoader(dataset, 4, collate_fn=collate_detection):
        found = [find(image) for image in images]
        for words, figures in collected.items():
            true = [with_area(one, kinds[words], task.options.oks_area) for one in targets]
            figures.update(true, [ranked(one, kinds[words]) for one in found])
        for kept, all_of in ((truths, targets), (answers, found)):
            kept += [{key: value for key, value in one.items() if key != "masks"} for one in all_of]
    coco = {words: figures.compute() for words, figures in collected.items()}
    voc = voc_ap(truths, answers)
    values = {f"{words}{name}": coco[words][name] for words in coco for name in REPORTED if name in coco[words]}
    per_class = {f"{words}{name}": coco[words].per_class[name] for words in coco for name in ("AP", "AP50", "AP75")}
    labels = range(1, len(task.classes))
    per_class["VOC AP50"] = np.array([voc.per_class.get(label, np.nan) for label in labels])
    values["VOC AP50"] = voc.mean
    figures = Figures(values, len(dataset), classes=task.classes[1:], per_class=per_class)
    return Measured(figures, collected[""], truths, answers)


def with_area(target: dict, kind: str, area: str) -> dict:
    """Return a target with the areas by which joints are scored: the option ``oks_area``; of other kinds the target."""
    if kind != "keypoints" or area == "box":
        return target
    if "masks" not in target:
        raise bad_argument("eval", "oks_area", f"is {area!r}", "'box'", "the objects of this data set have no masks")
    return {**target, "area": np.count_nonzero(target["masks"], axis=(1, 2))}


def ranked(found: dict, kind: str) -> dict:
    """Return what was found in an image with the scores that put it in order for figures of COCO's ``kind``."""
    if kind != "keypoints" or "oks" not in found:
        return found
    return {**found, "scores": np.asarray(found["scores"]) * np.asarray(found["oks"])}
