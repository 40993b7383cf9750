"""The whole comparison as one dict that JSON can hold: what the page and the table are made of."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from ...errors import bad_argument
from ...metrics import Interval, bootstrap_ap50, interval_of
from ...metrics.detection.tables import RECALLS
from .entrants import Entrant, Plan, enter
from .measuring import Accuracy, accuracies, bootstrap_medians, in_turns, multiply_adds, parameters
from .words import ACCURATE, FAST, accuracy_words, claim_words, held, speed_words, title

SPLIT = "test"
MADE_BY = "minidet compare"
ROUNDS, TURNS = 2000, 60
QUICK_ROUNDS, QUICK_TURNS = 100, 4
MOST_TIMED = 30  # pictures that are looked at in turns
UNEQUAL = 1.2  # between the longest and the shortest training, from which on a note says so


def compare(plan: Plan, say: Callable[[str], None] = print) -> dict:
    """Train or load the detectors of a plan, measure them side by side, and return the record.

    Parameters
    ----------
    plan : Plan
    say : callable
        Is told what is going on, line by line.

    Returns
    -------
    dict
        ``"models"``: one dict for each detector. ``"pairs"``: the first detector, or Faster R-CNN where it takes part,
        beside each of the others, with intervals. ``"claim"`` and ``"notes"``: in words. None stands for what is not a
        number.
    """
    taking_part, budget = enter(plan, say)
    say("measuring")
    measured, images, objects = accuracies(taking_part, SPLIT)
    if not images:
        raise bad_argument("compare", "data", f"{plan.data} has no picture in the split {SPLIT}", "at least one")
    dataset = taking_part[0].task.open(SPLIT)
    pictures = [dataset.load(i)[0] for i in range(min(MOST_TIMED, len(dataset)))]
    costs = [(parameters(one), multiply_adds(one, pictures)) for one in taking_part]
    seconds = in_turns(taking_part, pictures, QUICK_TURNS if plan.quick else TURNS)
    rng = np.random.default_rng(plan.seed)
    rounds = QUICK_ROUNDS if plan.quick else ROUNDS
    draws = bootstrap_ap50([one.outcomes for one in measured], rounds, rng)
    rows = [_row(*parts) for parts in zip(taking_part, measured, costs, seconds, draws, strict=True)]
    names = [one.model for one in taking_part]
    pairs = _pairs(names, [one.ap50 for one in measured], draws, seconds, rng)
    record = {
        "made_by": MADE_BY, "data": plan.data, "split": SPLIT, "images": images, "objects": objects, "seed": plan.seed,
        "quick": plan.quick, "budget": budget, "turns": seconds.shape[1], "rounds": rounds, "confidence": 0.95,
        "claim": claim_words(_claim(pairs)), "notes": notes(taking_part, plan.quick), "recall": RECALLS.tolist(),
        "models": rows, "pairs": pairs,
    }  # fmt: skip
    return plain_numbers(record)


def _row(entrant: Entrant, accuracy: Accuracy, cost: tuple, seconds: np.ndarray, draws: np.ndarray) -> dict:
    """Return what is known of one detector."""
    recipe, history = entrant.opened.recipe, entrant.opened.history
    slow, median, fast = np.percentile(1 / seconds, (25, 50, 75))
    counts = {kind: count for kind, count in vars(accuracy.errors).items() if kind != "confused"}
    return {
        "model": entrant.model, "title": title(entrant.model), "run": entrant.folder.as_posix(),
        "backbone": entrant.backbone, "epochs": history[-1]["epoch"] if history else 0, "minutes": entrant.minutes,
        "ap50": interval_of(accuracy.ap50, draws)._asdict(), "ap": accuracy.ap,
        "images_per_second": Interval(median, slow, fast)._asdict(),
        "parameters": cost[0], "multiply_adds": cost[1], "errors": counts, "precision": accuracy.precision.tolist(),
        "trained_with": {"batch_size": recipe.batch_size, "lr": recipe.lr, "model_args": recipe.model_args,
                         "options": recipe.options},
    }  # fmt: skip


def _pairs(names: list[str], ap50: list[float], draws: np.ndarray, seconds: np.ndarray, rng) -> list[dict]:
    """Compare Faster R-CNN, or else the first detector, with each of the others."""
    a = names.index(ACCURATE) if ACCURATE in names else 0
    pairs = []
    for b, name in enumerate(names):
        if b == a:
            continue
        better = interval_of(ap50[a] - ap50[b], draws[a] - draws[b])
        ratios = seconds[a] / seconds[b]  # of the same picture, in the same turn
        faster = interval_of(np.median(ratios), bootstrap_medians(ratios, draws.shape[1], rng))
        titles = title(names[a]), title(name)
        pairs.append({
            "first": names[a], "second": name, "ap50_difference": better._asdict(), "speed_ratio": faster._asdict(),
            "accuracy_words": accuracy_words(*titles, better), "speed_words": speed_words(*titles, faster),
        })  # fmt: skip
    return pairs


def _claim(pairs: Sequence[dict]) -> list[str]:
    """Return what became of each part of the claim; nothing where its detectors do not take part."""
    parts = []
    for pair in pairs:
        if pair["first"] == ACCURATE and pair["second"] in FAST:
            better, faster = pair["ap50_difference"], pair["speed_ratio"]
            parts += [held(better["low"], better["high"], 0), held(faster["low"], faster["high"], 1)]
    return parts


def notes(taking_part: Sequence[Entrant], quick: bool) -> list[str]:
    """Say where the comparison is not one of equals, and what its intervals leave out."""
    found = []
    if quick:
        found.append("Quick: a few steps on a few pictures. The figures mean nothing.")
    backbones = {title(one.model): one.backbone or "a network of its own" for one in taking_part}
    if len(set(backbones.values())) > 1:
        listed = ", ".join(f"{name} has {backbone}" for name, backbone in backbones.items())
        found.append(f"The backbones are not the same: {listed}.")
    minutes = {title(one.model): one.minutes for one in taking_part}
    if max(minutes.values()) > UNEQUAL * min(minutes.values()):
        listed = ", ".join(f"{name} {value:.3g}" for name, value in minutes.items())
        found.append(f"Training did not take equally long, in minutes: {listed}.")
    found.append("The intervals of AP50 say how far other test pictures would move it. Another seed of training would "
                 "move it, too: train with another --seed into another --out to see how far.")  # fmt: skip
    return found


def plain_numbers(value):
    """Return a record as JSON holds it: None for what is not finite."""
    if isinstance(value, dict):
        return {key: plain_numbers(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_numbers(part) for part in value]
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value
