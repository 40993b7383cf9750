"""Scenes of handwritten digits: real scans, scattered over a textured page. Needs no download.

The scans are scikit-learn's ``load_digits``: 1,797 digits of 8 x 8 pixels (E. Alpaydin and C. Kaynak, Optical
Recognition of Handwritten Digits, UCI 1998). A scene is made in four steps::

    page      light, tinted paper with noise from coarse to fine
    digits    3 to 6 scans, 16 to 28 pixels high, turned by up to 20 degrees, in darker tones
    covers    a quarter of them lose up to half of their pixels to a scrap of paper or a later digit
    camera    a little noise, 8 bits

A scan is made three times as fine with cubic splines, which keep the holes of a 4, a 6 or an 8 open, then turned and
scaled bilinearly. A pixel belongs to the digit where that ink is above ``INK`` of full black. All of a digit lies
inside the image, and no pixel of a digit that is not to be covered is.
"""

from __future__ import annotations

import functools

import numpy as np
from scipy.ndimage import zoom

from ...errors import check_choice, integer
from ..dataset import Dataset, check_index
from ..targets import check_flag, check_length, check_size
from ..transforms.geometry import boxes_of_masks

CLASSES = ["background", *"0123456789"]
#: A colour per class for pictures: background black, digits so that any two stay apart for colour-blind eyes too.
PALETTE = np.array(
    [[0, 0, 0], [130, 0, 0], [0, 250, 130], [220, 0, 250], [190, 130, 0], [30, 0, 130],
     [250, 190, 250], [95, 160, 130], [95, 30, 60], [190, 250, 0], [130, 95, 160]],
    np.uint8,
)  # fmt: skip

TRAINING_SCANS = 1297  # scans 0 .. 1296 are for training, the other 500 for testing
INK, SOFT = 0.5, 0.25  # the digit begins at this ink; opacity rises from 0 to 1 over this range around it
SIDES, DEGREES = (16.0, 28.0), 20.0
COVERED, COVER = 0.25, (0.05, 0.5)  # how many digits are covered, and how much of each
BY_DIGIT = 0.1  # how many of the covers are a later digit, where one fits; the others are scraps of paper
PAPER, CONTRAST = (0.7, 0.95), 0.45  # tone of the page (1 is white), and how much darker ink is at least
FINER = 3  # scans are interpolated by cubic splines to 24 x 24
TRIES = 60


class DigitScenes(Dataset):
    """Scenes of handwritten digits: a sample is ``(image, target)``.

    The target has ``"semantic"`` int64 (H, W): 0 is background, 1 + d is digit d; and for each digit, in the order of
    drawing, ``"boxes"`` float32 (N, 4), ``"labels"`` int64 (N,): 1 + d, and ``"masks"`` bool (N, H, W): what is seen.

    Parameters
    ----------
    split : {"train", "test"}
        Which scans are used: 0 to 1296, or the rest.
    size : int
        Height and width of the image, at least 48. The digits do not grow with it.
    length : int
        Number of scenes.
    seed : int
        A scene follows from (seed, split, index) alone.
    transform : callable, optional
        ``transform(image, target, rng)``.
    cache : bool
        Keep every scene that was made: about 16 KB each.
    fresh : bool
        Make a new scene at every visit, from the ``rng`` of :meth:`sample`: a loader then shows new scenes in every
        epoch. ``load`` is as ever.

    Attributes
    ----------
    classes : list of str
        ``["background", "0", ..., "9"]``
    palette : ndarray uint8 (11, 3)
        A colour per class.
    """

    classes = CLASSES
    palette = PALETTE

    def __init__(
        self,
        split: str = "train",
        size: int = 64,
        length: int = 2000,
        seed: int = 0,
        transform=None,
        cache: bool = False,
        fresh: bool = False,
    ):
        """Check the options, and keep the scans of the split: scenes are made of them when they are asked for."""
        super().__init__(transform)
        check_choice("DigitScenes", "split", split, ("train", "test"))
        self.split = split
        self.size = check_size("DigitScenes", integer("DigitScenes", "size", size), low=48)[0]
        self.length = check_length("DigitScenes", length)
        self.seed = integer("DigitScenes", "seed", seed)
        images, labels = load_scans()
        part = slice(TRAINING_SCANS) if split == "train" else slice(TRAINING_SCANS, None)
        self._scans, self._labels = images[part], labels[part]
        self._cache: dict[int, tuple] | None = {} if check_flag("DigitScenes", "cache", cache) else None
        self.fresh = check_flag("DigitScenes", "fresh", fresh)

    def __len__(self) -> int:
        return self.length

    def load(self, index):
        """Return the image float32 (3, H, W) and its target."""
        index = check_index("DigitScenes", index, len(self))
        scene = self._cache.get(index) if self._cache is not None else None
        if scene is None:
            key = (int(self.split == "test"), index)
            rng = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))
            scene = make_scene(rng, self._scans, self._labels, self.size)
            if self._cache is not None:
                self._cache[index] = scene
        return _described(*scene)

    def sample(self, index, rng):
        """Return scene ``index``, or a new one if ``fresh``, after the transform."""
        if not self.fresh:
            return super().sample(index, rng)
        check_index("DigitScenes", index, len(self))
        image, target = _described(*make_scene(rng, self._scans, self._labels, self.size))
        return (image, target) if self.transform is None else self.transform(image, target, rng)


def _described(image: np.ndarray, owner: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, dict]:
    """Return what :func:`make_scene` made as an image in [0, 1] and a target."""
    masks = owner == np.arange(len(labels), dtype=owner.dtype)[:, None, None]  # (N, H, W)
    semantic = np.append(labels, 0)[owner]  # owner -1 is the last: background
    target = {"boxes": boxes_of_masks(masks), "labels": labels.copy(), "masks": masks, "semantic": semantic}
    return image * np.float32(1 / 255), target


@functools.cache
def load_scans() -> tuple[np.ndarray, np.ndarray]:
    """Return all scans float32 (1797, 24, 24) with ink in [0, 1], and their digits int64 (1797,)."""
    try:
        from sklearn.datasets import load_digits  # only here: it takes a second to import
    except ImportError as error:
        raise ImportError(
            "DigitScenes: scikit-learn, which has them, is not installed: pip install scikit-learn."
        ) from error
    data = load_digits()
    fine = zoom(data.images / 16, (1, FINER, FINER), order=3, mode="grid-constant", grid_mode=True)
    return np.clip(fine, 0, 1).astype(np.float32), data.target.astype(np.int64)


def make_scene(rng: np.random.Generator, scans, digits, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Make one scene.

    Returns
    -------
    image : ndarray uint8 (3, H, W)
    owner : ndarray int8 (H, W)
        The number of the digit that is seen in each pixel, -1 for none.
    labels : ndarray int64 (N,)
        1 + digit.
    """
    while True:  # a page that is full after two digits is thrown away: rare
        chosen = rng.integers(len(scans), size=rng.integers(3, 7))
        sides, angles = rng.uniform(*SIDES, len(chosen)), np.deg2rad(rng.uniform(-DEGREES, DEGREES, len(chosen)))
        placed, owner, exposed = _place(rng, enlarge(scans[chosen], sides, angles), size)
        if len(placed) >= 3:
            break
    page_tone = rng.uniform(*PAPER)
    image = _paper(rng, page_tone, size)
    tones = []
    for _, window, ink, below in placed:
        tones.append(_ink_tone(rng, page_tone, tones[below] if below is not None else None))
        part = image[:, *window]
        part += np.clip((ink - INK) / SOFT + 0.5, 0, 1) * (_tint(rng, tones[-1]) - part)
    for i in exposed:
        cover = _cover(rng, owner, i)
        if cover is not None:
            owner[cover] = -1
            scrap = _tint(rng, rng.uniform(*PAPER))[:, 0]  # (3, 1)
            image[:, cover] = scrap + rng.standard_normal(np.count_nonzero(cover), np.float32) * np.float32(0.05)
    image += rng.standard_normal(image.shape, np.float32) * np.float32(rng.uniform(0.005, 0.03))
    image *= 255
    image += 0.5
    labels = 1 + digits[chosen[[number for number, *_ in placed]]]
    return np.clip(image, 0, 255, out=image).astype(np.uint8), owner, labels


def enlarge(scans: np.ndarray, sides: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """Scale scans (N, S, S) to ``sides`` pixels, turned counter-clockwise by ``angles`` (radians).

    Returns
    -------
    ndarray float32 (N, P, P)
        Each in the middle of a square that holds the largest of them however it is turned.
    """
    cos, sin = np.cos(angles), np.sin(angles)
    points = int(np.ceil((sides * (np.abs(cos) + np.abs(sin))).max())) + 1
    offset = (np.arange(points) + 0.5 - points / 2).astype(np.float32)
    n = scans.shape[1]
    c, s = ((turn * n / sides).astype(np.float32)[:, None, None] for turn in (cos, sin))
    row, column = offset[:, None], offset
    x = np.clip(c * column - s * row + (n + 1) / 2, 0, n + 1)  # in the scan with a border of no ink  (N, P, P)
    y = np.clip(s * column + c * row + (n + 1) / 2, 0, n + 1)
    left, top = np.minimum(x.astype(np.intp), n), np.minimum(y.astype(np.intp), n)
    x -= left
    y -= top
    stride = n + 2
    bordered = np.zeros((len(scans), stride, stride), np.float32)
    bordered[:, 1:-1, 1:-1] = scans
    flat = bordered.ravel()
    at = np.arange(0, flat.size, stride * stride)[:, None, None] + top * stride + left
    upper, lower = flat[at], flat[at + stride]
    upper += x * (flat[at + 1] - upper)
    lower += x * (flat[at + stride + 1] - lower)
    lower -= upper
    lower *= y
    return upper + lower


def _place(rng, patches: np.ndarray, size: int):
    """Put each digit on the page where it fits.

    Returns
    -------
    placed : list of (int, (slice, slice), ndarray, int or None)
        Which patch, where, its ink, and the position in this list of the digit that it covers.
    owner : ndarray int8 (H, W)
    exposed : list of int
        Positions of those that are to be covered, and not yet are.
    """
    placed, exposed = [], []
    owner = np.full((size, size), -1, np.int8)
    inked = patches > INK
    rows, columns = inked.any(2), inked.any(1)
    for number in range(len(patches)):
        to_cover = rng.random() < COVERED
        y, x = np.flatnonzero(rows[number]), np.flatnonzero(columns[number])
        part = number, slice(y[0], y[-1] + 1), slice(x[0], x[-1] + 1)
        pixels = inked[part]
        below = exposed[0] if exposed and rng.random() < BY_DIGIT else None
        where = None if below is None else _on_top(rng, pixels, owner, below)
        if where is None:
            below, where = None, _free(rng, pixels, owner)
        if where is None:
            continue
        if below is not None:
            exposed.remove(below)
        window = slice(where[0], where[0] + pixels.shape[0]), slice(where[1], where[1] + pixels.shape[1])
        owner[window][pixels] = len(placed)
        if to_cover:
            exposed.append(len(placed))
        placed.append((number, window, patches[part], below))
    return placed, owner, exposed


def _free(rng, pixels: np.ndarray, owner: np.ndarray):
    """Find a place where a digit touches no other."""
    h, w = pixels.shape
    taken = owner >= 0
    for top, left in rng.integers([owner.shape[0] - h + 1, owner.shape[1] - w + 1], size=(TRIES, 2)).tolist():
        if not np.count_nonzero(taken[top : top + h, left : left + w] & pixels):
            return top, left
    return None


def _on_top(rng, pixels: np.ndarray, owner: np.ndarray, below: int):
    """Find a place where a digit covers enough of digit ``below``, and touches no other."""
    y, x = np.nonzero(owner == below)
    low, high = COVER[0] * len(y), COVER[1] * len(y)
    h, w = pixels.shape
    corners = np.stack([y, x], 1)[rng.integers(len(y), size=TRIES)] - rng.integers([h, w], size=(TRIES, 2))
    for top, left in np.clip(corners, 0, [owner.shape[0] - h, owner.shape[1] - w]).tolist():
        touched = owner[top : top + h, left : left + w][pixels]
        hit = np.count_nonzero(touched == below)
        if low <= hit <= high and hit == np.count_nonzero(touched >= 0):
            return top, left
    return None


def _cover(rng, owner: np.ndarray, i: int):
    """Find a scrap of paper bool (H, W), a turned rectangle that hides one side of digit ``i`` and touches no other."""
    y, x = np.nonzero(owner == i)
    rows, columns = np.ogrid[: owner.shape[0], : owner.shape[1]]
    low, high = COVER[0] * len(y), COVER[1] * len(y)
    for _ in range(TRIES):
        angle, beyond = rng.uniform(0, 2 * np.pi), rng.uniform(1, 5, 3)
        c, s = np.cos(angle), np.sin(angle)
        along, across = c * x + s * y, c * y - s * x  # of the digit's pixels, seen from the side
        edge = np.quantile(along, 1 - rng.uniform(*COVER))
        hidden = across[along > edge]
        if not low <= len(hidden) <= high:
            continue
        u, v = c * columns + s * rows, c * rows - s * columns  # (H, W)
        cover = (u > edge) & (u < along.max() + beyond[0])
        cover &= (v > hidden.min() - beyond[1]) & (v < hidden.max() + beyond[2])
        touched = owner[cover]
        if np.count_nonzero(touched >= 0) == np.count_nonzero(touched == i):
            return cover
    return None


def _paper(rng, tone: float, size: int) -> np.ndarray:
    """Return float32 (3, H, W): a tone, a tint, and noise from coarse to fine."""
    noise = rng.standard_normal((size, size), np.float32) * np.float32(rng.uniform(0, 0.05))
    for cells in (3, 6, 12, 24):
        rows = _stretch(size, cells)
        noise += rows @ (rng.standard_normal((cells, cells), np.float32) * np.float32(rng.uniform(0, 0.07))) @ rows.T
    return _tint(rng, tone) + noise


@functools.cache
def _stretch(size: int, cells: int) -> np.ndarray:
    """Return the matrix (size, cells) that interpolates linearly between cells."""
    at = np.linspace(0, cells - 1, size)[:, None]
    return np.maximum(0, 1 - np.abs(at - np.arange(cells))).astype(np.float32)


def _tint(rng, tone: float) -> np.ndarray:
    return (tone + rng.uniform(-0.1, 0.1, (3, 1, 1))).astype(np.float32)


def _ink_tone(rng, page: float, below: float | None) -> float:
    """Draw a tone in [0, 1], darker than the page by ``CONTRAST`` or more, as far as it can be from the one below."""
    tones = rng.uniform(0, page - CONTRAST, 8)
    return float(tones[0] if below is None else tones[np.abs(tones - below).argmax()])
