"""What is measured of each detector: how good, how fast, how large, and how it errs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import bad_argument
from ...metrics import ErrorTypes, Outcomes, error_types
from ...metrics.detection.tables import RECALLS
from ...models.complexity import counting
from ..tasks.detection_figures import Measured
from .entrants import OP, Entrant

COUNTED = 4  # pictures whose multiply-adds are counted


@dataclass(frozen=True)
class Accuracy:
    """How good a detector is, and on what.

    Parameters
    ----------
    ap, ap50 : float
        COCO's; NaN where there is nothing to find.
    outcomes : Outcomes
        What AP50 is made of.
    precision : ndarray float64 (101,)
        At ``RECALLS``, with an IoU of 0.5: the mean over classes. Its mean is AP50.
    errors : ErrorTypes
        Of the surest detections, as many as there are objects.
    """

    ap: float
    ap50: float
    outcomes: Outcomes
    precision: np.ndarray
    errors: ErrorTypes


def accuracies(entrants: Sequence[Entrant], split: str) -> tuple[list[Accuracy], int, int]:
    """Return how good each detector is on the pictures of a split, and how many pictures and objects these are.

    Raises
    ------
    ValueError
        The detectors did not see the same pictures: their options ask for scenes of other sizes.
    """
    found, first = [], None
    for entrant in entrants:
        measured = entrant.task.measure(entrant.opened.model, split)
        if first is None:
            first = measured.truths
        elif not _same(first, measured.truths):
            was = f"{entrant.model} was measured on other pictures than {entrants[0].model}"
            raise bad_argument(OP, "the detectors", f"differ: {was}", "runs with scenes of one size")
        found.append(accuracy(measured))
    return found, len(first), sum(len(truth["labels"]) for truth in first)


def _same(one: list[dict], other: list[dict]) -> bool:
    """Tell whether two lists of targets are of the same objects."""
    pairs = ((a[key], b[key]) for a, b in zip(one, other, strict=False) for key in ("boxes", "labels"))
    return len(one) == len(other) and all(np.array_equal(a, b) for a, b in pairs)


def accuracy(measured: Measured) -> Accuracy:
    """Return how good a detector is, from what it found."""
    outcomes, coco = measured.precision.outcomes(), measured.precision.compute()
    table = coco.precision[0, :, :, 0, -1]  # (R, K), -1 where there is nothing to find
    table = table[:, (table >= 0).all(0)]
    precision = table.mean(1) if table.size else np.full(len(RECALLS), np.nan)
    return Accuracy(coco["AP"], coco["AP50"], outcomes, precision, surest_errors(measured.truths, measured.answers))


def surest_errors(truths: list[dict], answers: list[dict]) -> ErrorTypes:
    """Return what kinds of mistakes are among the surest detections, as many as there are objects to find.

    Scores of different detectors mean different things, so that no one threshold is fair to all; the number of
    detections is (Hoiem et al., ECCV 2012, section 3, do the same class by class).
    """
    picture = np.repeat(np.arange(len(answers)), [len(answer["scores"]) for answer in answers])
    scores = np.concatenate([np.zeros(0)] + [np.asarray(answer["scores"], np.float64) for answer in answers])
    objects = sum(int((~_ignored(truth)).sum()) for truth in truths)
    surest = np.zeros(len(scores), bool)
    surest[np.argsort(-scores, kind="stable")[:objects]] = True
    chosen = [
        {name: np.asarray(answer[name])[surest[picture == i]] for name in ("boxes", "labels", "scores")}
        for i, answer in enumerate(answers)
    ]
    return error_types(truths, chosen)


def _ignored(truth: dict) -> np.ndarray:
    """Return which objects do not count, bool (N,)."""
    none = np.zeros(len(truth["labels"]), bool)
    return np.asarray(truth.get("iscrowd", none), bool) | np.asarray(truth.get("difficult", none), bool)


def multiply_adds(entrant: Entrant, images: Sequence[np.ndarray]) -> float:
    """Return the multiply-adds of a picture, resizing not counted: the mean of a few.

    Those of ``minidet.models.complexity``: convolutions and fully connected layers. Of a detector with regions they
    depend on how many regions a picture has.
    """
    images = images[:COUNTED]
    with counting(entrant.opened.model) as counts:
        for image in images:
            entrant.task.look(entrant.opened.model, image, anew=True)
    return sum(counts) / len(images)


def parameters(entrant: Entrant) -> int:
    """Return how many numbers a detector learned."""
    return sum(parameter.numel() for parameter in entrant.opened.model.parameters())


def in_turns(entrants: Sequence[Entrant], images: Sequence[np.ndarray], turns: int) -> np.ndarray:
    """Return the seconds that each detector looks at a picture, float64 (M, turns): one at a time, by the clock.

    In each turn all look at the same picture, one after the other, every other turn in the opposite order: whatever
    else the machine does meets all of them. Proposals are looked for anew. A first turn is not counted.
    """
    seconds = np.empty((len(entrants), turns + 1))
    for turn in range(turns + 1):
        image = images[turn % len(images)]
        order = range(len(entrants)) if turn % 2 else range(len(entrants))[::-1]
        for n in order:
            start = time.perf_counter()
            entrants[n].task.look(entrants[n].opened.model, image, anew=True)
            seconds[n, turn] = time.perf_counter() - start
    return seconds[:, 1:]


def bootstrap_medians(values: np.ndarray, rounds: int, rng: np.random.Generator) -> np.ndarray:
    """Return the median of values (T,) that are drawn again from themselves, (rounds,)."""
    return np.median(rng.choice(values, (rounds, len(values))), 1)
