"""From a list of choices that fails to a smaller one that fails in the same way."""

from __future__ import annotations

import time
from collections.abc import Callable


def shrink(choices: list[int], fails: Callable[[list[int]], list[int] | None], seconds: float = 20) -> list[int]:
    """Return the smallest list of choices found that still fails: shorter first, then with smaller numbers.

    ``fails`` gets a list of choices, and returns those that were used if the call fails as before; None if not.
    """
    end = time.monotonic() + seconds
    best = list(choices)

    def better(candidate: list[int]) -> bool:
        nonlocal best
        if time.monotonic() > end or candidate == best:
            return False
        used = fails(candidate)
        if used is None or (len(used), used) >= (len(best), best):
            return False
        best = used
        return True

    improved = True
    while improved and time.monotonic() < end:
        before = best
        for width in (16, 8, 4, 2, 1):
            place = 0
            while place < len(best):
                without = best[:place] + best[place + width :]
                zeroed = best[:place] + [0] * min(width, len(best) - place) + best[place + width :]
                if not better(without) and not better(zeroed):
                    place += width
        for place in range(len(best)):
            for smaller in _smaller(best[place] if place < len(best) else 0):
                if better([*best[:place], smaller, *best[place + 1 :]]):
                    break
        improved = best != before
    return best


def _smaller(number: int):
    """Yield smaller numbers, the smallest first."""
    yield from sorted({0, 1, number // 4, number // 2, number - 1} & set(range(number)))
