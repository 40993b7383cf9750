"""Who is more accurate, and who is faster, in words: with the interval, and "not decided" where it says nothing."""

from __future__ import annotations

from collections.abc import Sequence

from ...metrics import Interval

#: Whom the claim is about: see ``viz.comparison.page.PAPERS``.
ACCURATE, FAST = "faster_rcnn", ("ssd", "yolo")
TITLES = {
    "fast_rcnn": "Fast R-CNN",
    "faster_rcnn": "Faster R-CNN",
    "mask_rcnn": "Mask R-CNN",
    "rcnn": "R-CNN",
    "sliding_window_detector": "sliding windows",
    "ssd": "SSD",
    "yolo": "YOLO",
}
CLAIM = "SSD and YOLO are faster, Faster R-CNN is more accurate"


def title(model: str) -> str:
    """Return a model's name as the papers write it."""
    return TITLES.get(model, model)


def accuracy_words(first: str, second: str, difference: Interval) -> str:
    """Say who is more accurate, from AP50 of the first minus AP50 of the second."""
    value, low, high = difference
    if low > 0:
        return f"{first} is more accurate than {second} by {value:.3f} ({low:.3f} to {high:.3f}) of AP50"
    if high < 0:
        return f"{second} is more accurate than {first} by {-value:.3f} ({-high:.3f} to {-low:.3f}) of AP50"
    between = f"AP50 of the first minus that of the second is {value:.3f} ({low:.3f} to {high:.3f})"
    return f"whether {first} or {second} is more accurate is not decided: {between}"


def speed_words(first: str, second: str, ratio: Interval) -> str:
    """Say who is faster, from the seconds of the first over the seconds of the second."""
    value, low, high = ratio
    if low > 1:
        return f"{second} is {value:.2f} times as fast as {first} ({low:.2f} to {high:.2f})"
    if high < 1:
        return f"{first} is {1 / value:.2f} times as fast as {second} ({1 / high:.2f} to {1 / low:.2f})"
    between = f"the first takes {value:.2f} times as long as the second ({low:.2f} to {high:.2f})"
    return f"whether {first} or {second} is faster is not decided: {between}"


def held(low: float, high: float, nothing: float) -> str:
    """Return whether a figure is above ``nothing``: ``"holds"``, ``"does not hold"`` or ``"is not decided"``."""
    if low > nothing:
        return "holds"
    return "does not hold" if high < nothing else "is not decided"


def claim_words(parts: Sequence[str]) -> str:
    """Say how much of the claim holds, from :func:`held` of each of its parts."""
    if not parts:
        return ""
    if len(set(parts)) == 1:
        return f"The claim, {CLAIM}, {parts[0]} here."
    several = {"holds": "hold", "does not hold": "do not hold", "is not decided": "are not decided"}
    counts = {state: parts.count(state) for state in several if state in parts}
    said = ", ".join(f"{many} {state if many == 1 else several[state]}" for state, many in counts.items())
    return f"Of the {len(parts)} parts of the claim, {CLAIM}: {said} here."
