"""The paint of the generated scenes: two colours, a pattern that mixes them, and a slow change across the picture.

Objects and background are painted from the same distribution, so that neither colour nor texture tells a class.
"""

from __future__ import annotations

import numpy as np

PATTERNS = ("plain", "stripes", "checks", "dots", "noise")
PERIOD = (0.06, 0.15)  # of stripes, checks, dots and spots, as a share of the picture's shorter side
FINEST = 4.0  # pixels: no finer period, or the pattern would blur
NEAR, CHANGE = 0.3, 0.35  # how far the second colour may be from the first, and how far colours drift, side to side
GREY = 0.3  # colours lose this share of their distance to grey: full colours hurt the eye
CANDIDATES = 6  # colours that are drawn for one object; the one that differs most from the earlier ones is taken


def muted(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Draw colours float32 (..., 3): any hue and tone, pulled toward grey."""
    colours = rng.random(shape, np.float32) * np.float32(0.9) + np.float32(0.08)
    colours += np.float32(GREY) * (colours.mean(-1, keepdims=True) - colours)
    return colours


def choose_colour(rng: np.random.Generator, used: list[np.ndarray]) -> np.ndarray:
    """Draw a colour float32 (3,) that is easy to tell from those in ``used``, and append it there."""
    drawn = muted(rng, CANDIDATES, 3)
    apart = np.abs(drawn[:, None] - np.array(used).reshape(-1, 3)).sum(2)  # (candidates, used)
    used.append(drawn[apart.min(1, initial=3.0).argmax()])
    return used[-1]


def paint(rng: np.random.Generator, colour: np.ndarray, rows: slice, columns: slice, side: int) -> np.ndarray:
    """Paint a rectangle.

    Parameters
    ----------
    rng : numpy.random.Generator
    colour : ndarray float32 (3,)
        The first colour. The second one is near it in half of the cases, else anywhere.
    rows, columns : slice
        Where the rectangle lies in the picture.
    side : int
        The picture's shorter side, in pixels: patterns grow with it.

    Returns
    -------
    ndarray float32 (3, h, w)
        About [0, 1]; what is outside is cut off when the picture is finished.
    """
    draws = rng.random(10)
    y = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None] + np.float32(0.5)
    x = np.arange(columns.start, columns.stop, dtype=np.float32) + np.float32(0.5)
    period = max(FINEST, side * (PERIOD[0] + (PERIOD[1] - PERIOD[0]) * draws[0]))
    mixed = _pattern(rng, PATTERNS[int(draws[1] * len(PATTERNS))], y, x, period, draws[2:5])
    turn = 2 * np.pi * draws[5]
    second = rng.uniform(-NEAR, NEAR, 3) if draws[6] < 0.5 else muted(rng, 3) - colour
    weights = np.stack([colour, rng.uniform(-CHANGE, CHANGE, 3), second], axis=1, dtype=np.float32)
    terms = np.empty((3, len(y), x.size), np.float32)  # of every colour: the first one, the slow change, the pattern
    terms[0] = 1
    from_middle = x - np.float32((columns.start + columns.stop) / 2), y - np.float32((rows.start + rows.stop) / 2)
    c, s = np.float32(np.cos(turn) / side), np.float32(np.sin(turn) / side)
    np.add(c * from_middle[0], s * from_middle[1], out=terms[1])
    terms[2] = mixed
    return (weights @ terms.reshape(3, -1)).reshape(3, len(y), x.size)


def _pattern(rng, name: str, y: np.ndarray, x: np.ndarray, period: float, draws) -> np.ndarray:
    """Return how much of the second colour is in each pixel, float32 (h, w) in [0, 1]."""
    if name == "plain":
        return np.zeros((len(y), len(x)), np.float32)
    if name == "noise":
        return np.clip(np.float32(0.5) + smooth_noise(rng, len(y), len(x), period), 0, 1)
    turn, steps = np.pi * draws[0], 2 * np.pi / period
    c, s = np.float32(np.cos(turn) * steps), np.float32(np.sin(turn) * steps)
    first = np.sin(c * x + s * y + np.float32(2 * np.pi * draws[1]))
    if name == "stripes":
        wave = first
    else:
        second = np.sin(c * y - s * x + np.float32(2 * np.pi * draws[2]))
        wave = first * second if name == "checks" else first + second - np.float32(0.7)
    wave *= np.float32(period / (2 * np.pi))  # pixels to the nearest change of colour: its border is one pixel soft
    wave += np.float32(0.5)
    return np.clip(wave, 0, 1, out=wave)


def smooth_noise(rng: np.random.Generator, height: int, width: int, cell: float) -> np.ndarray:
    """Return float32 (h, w): random numbers of deviation 0.4 every ``cell`` pixels, straight lines between them."""
    rows, columns = int(height / cell) + 2, int(width / cell) + 2
    cells = rng.standard_normal((rows, columns), np.float32) * np.float32(0.4)
    return _stretch(height, rows) @ cells @ _stretch(width, columns).T


def _stretch(size: int, cells: int) -> np.ndarray:
    """Return the matrix (size, cells) that interpolates linearly between cells."""
    at = np.linspace(0, cells - 1, size)[:, None]
    return np.maximum(0, 1 - np.abs(at - np.arange(cells))).astype(np.float32)


def light(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Return float32 (h, w): by how much the light multiplies the colours, different in every corner."""
    cells = rng.uniform(0.7, 1.15) + rng.uniform(-0.22, 0.22, (3, 3))
    return _stretch(height, 3) @ cells.astype(np.float32) @ _stretch(width, 3).T
