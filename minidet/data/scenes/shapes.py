"""Generated scenes of overlapping shapes, and of people made of sticks. Needs no download.

A scene is made in four steps::

    outlines   3 to 8 objects: class, place, size, angle; later ones hide earlier ones
    what shows objects of which too little would be seen are taken out before anything is drawn
    paint      background and objects: two colours, stripes, checks, dots or noise, a slow change across
    camera     uneven light, noise, 8 bits

Colour, pattern and size are drawn from the same distributions for every class and, colour and pattern, for the
background: only the outline tells a class. A pixel belongs to an object if its centre lies inside the outline; in the
picture, borders are soft by one pixel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import bad_argument, check_choice, integer, integers
from ..dataset import Dataset, check_index
from ..skeleton import JOINTS, PAIRS
from ..targets import check_flag, check_length, check_size
from ..transforms.geometry import boxes_of_masks
from . import shapes_person as person
from .shapes_outline import REACH, SHAPES, STRETCH, opacity, signed_distance
from .shapes_paint import choose_colour, light, paint

PERSON = "person"
#: A colour per class for pictures, as in :class:`ShapeScenes.palette`: any two stay apart for colour-blind eyes too.
COLOURS = {
    "background": (0, 0, 0), "circle": (250, 0, 0), "square": (250, 250, 0), "triangle": (130, 250, 190),
    "star": (0, 30, 250), "cross": (160, 30, 60), "ring": (250, 130, 250), PERSON: (95, 0, 130),
}  # fmt: skip

RADII = (0.11, 0.25)  # of an outline, as a share of the picture's shorter side; small ones are as likely as large ones
HEIGHTS = (0.42, 0.90)  # of a person
OUTSIDE = 0.15  # an object may reach beyond the picture by this share of its width or height
MIN_PIXELS = 16  # an object of which fewer pixels are seen is left out ...
MIN_VISIBLE = 0.2  # ... and one of which a smaller share is seen
NOISE = (0.004, 0.04)  # deviation, of a full scale of 1
DARK, DARK_STEP = 0.68, 0.11  # limbs are darker at their border, and this much lighter with every pixel inward
SPLITS = ("train", "val", "test")


class ShapeScenes(Dataset):
    """Scenes of textured, overlapping shapes: a sample is ``(image, target)``.

    The target has, for each of N objects in the order of drawing, background being class 0:

    ==============  =====================  =====================================================================
    ``"boxes"``     float32 (N, 4)         around the pixels that are seen: ``(x1, y1, x2, y2)``, x2 = last + 1
    ``"labels"``    int64 (N,)             an index into ``classes``
    ``"masks"``     bool (N, H, W)         the pixels that are seen
    ``"occlusion"`` float32 (N,)           share of its pixels inside the picture that later objects hide
    ``"semantic"``  int64 (H, W)           the class that is seen in each pixel
    ``"keypoints"`` float32 (N, 14, 3)     with people only: ``(x, y, v)`` for each of ``keypoint_names``
    ==============  =====================  =====================================================================

    As in COCO, v = 2 is a joint that is seen, 1 one that something hides (a later object, or the person's own body), 0
    one outside the picture, or any joint of an object that is no person; then x = y = 0.

    Parameters
    ----------
    split : {"train", "val", "test"}
        Each has scenes of its own.
    size : int or (int, int)
        Height and width of the image, at least 32. Objects grow with the shorter side.
    length : int
        Number of scenes.
    seed : int
        A scene follows from (seed, split, index) and the options, and from nothing else.
    classes : sequence of str
        What is drawn, with equal probability: some of ``SHAPES`` and ``"person"``. Labels count from 1 in this order.
    objects : int or (int, int)
        The smallest and largest number of objects that are placed; hidden ones are left out of the picture.
    transform : callable, optional
        ``transform(image, target, rng)``.
    cache : bool
        Keep every scene that was made: about 40 KB each at 96 x 96.
    fresh : bool
        Make a new scene at every visit, from the ``rng`` of :meth:`sample`: a loader then shows new scenes in every
        epoch. ``load`` is as ever.

    Attributes
    ----------
    classes : list of str
        ``["background", *classes]``
    palette : ndarray uint8 (K, 3)
        A colour per class.
    keypoint_names, keypoint_pairs
        The 14 joints, and those that change places in a mirror: what ``RandomHorizontalFlip`` takes.
    """

    keypoint_names = JOINTS
    keypoint_pairs = PAIRS

    def __init__(
        self,
        split: str = "train",
        size: int | tuple[int, int] = 96,
        length: int = 2000,
        seed: int = 0,
        classes=SHAPES,
        objects: int | tuple[int, int] = (3, 8),
        transform=None,
        cache: bool = False,
        fresh: bool = False,
    ):
        """Check the options; scenes are made when they are asked for."""
        super().__init__(transform)
        op = type(self).__name__
        check_choice(op, "split", split, SPLITS)
        self.split = split
        self.size = check_size(op, size, low=32)
        self.length = check_length(op, length)
        self.seed = integer(op, "seed", seed)
        self.objects = integers(op, "objects", objects, 2)
        if not self.objects[0] <= self.objects[1] < 100:
            raise bad_argument(op, "objects", f"is {objects!r}", "two integers, 0 <= low <= high < 100")
        if not isinstance(classes, (tuple, list)) or not classes or any(classes.count(name) > 1 for name in classes):
            raise bad_argument(op, "classes", f"is {classes!r}", "a list of different names")
        for name in classes:
            check_choice(op, "classes", name, (*SHAPES, PERSON))
        self.classes = ["background", *classes]
        self.palette = np.array([COLOURS[name] for name in self.classes], np.uint8)
        self._cache: dict[int, Scene] | None = {} if check_flag(op, "cache", cache) else None
        self.fresh = check_flag(op, "fresh", fresh)

    def __len__(self) -> int:
        return self.length

    def load(self, index):
        """Return the image float32 (3, H, W) in [0, 1] and its target."""
        index = check_index(type(self).__name__, index, len(self))
        scene = self._cache.get(index) if self._cache is not None else None
        if scene is None:
            key = (SPLITS.index(self.split), index)
            rng = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))
            scene = make_scene(rng, self.classes[1:], self.size, self.objects)
            if self._cache is not None:
                self._cache[index] = scene
        return scene.picture(), self._target(scene)

    def sample(self, index, rng):
        """Return scene ``index``, or a new one if ``fresh``, after the transform."""
        if not self.fresh:
            return super().sample(index, rng)
        check_index(type(self).__name__, index, len(self))
        scene = make_scene(rng, self.classes[1:], self.size, self.objects)
        image, target = scene.picture(), self._target(scene)
        return (image, target) if self.transform is None else self.transform(image, target, rng)

    def _target(self, scene: Scene) -> dict:
        masks = scene.owner == np.arange(len(scene.labels), dtype=np.int8)[:, None, None]  # (N, H, W)
        target = {
            "boxes": boxes_of_masks(masks),
            "labels": scene.labels.copy(),
            "masks": masks,
            "occlusion": scene.occlusion.copy(),
            "semantic": scene.semantic(),
        }
        if PERSON in self.classes:
            target["keypoints"] = scene.keypoints.copy()
        return target


class ShapeSegmentation(ShapeScenes):
    """The same scenes for learning to label pixels: the target is ``{"semantic": labels int64 (H, W)}`` alone.

    It saves making what is not used, masks and boxes. Parameters are those of :class:`ShapeScenes`.
    """

    def _target(self, scene: Scene) -> dict:
        return {"semantic": scene.semantic()}


@dataclass(frozen=True)
class Scene:
    """A finished scene, as small as it can be kept."""

    image: np.ndarray  # uint8 (3, H, W)
    owner: np.ndarray  # int8 (H, W): the number of the object that is seen in each pixel, -1 for none
    labels: np.ndarray  # int64 (N,)
    occlusion: np.ndarray  # float32 (N,)
    keypoints: np.ndarray  # float32 (N, 14, 3)

    def picture(self) -> np.ndarray:
        """Return the image float32 (3, H, W) in [0, 1]."""
        return self.image * np.float32(1 / 255)

    def semantic(self) -> np.ndarray:
        """Return the class that is seen in each pixel, int64 (H, W)."""
        return np.append(self.labels, 0)[self.owner]  # owner -1 is the last: background


@dataclass(frozen=True)
class Layer:
    """One part of an object: a shape has one, a person many."""

    window: tuple[slice, slice]  # the rows and columns of the picture that hold it
    distance: np.ndarray  # float32 (h, w): of the pixels' centres to its border, in pixels, negative inside


@dataclass(frozen=True)
class Outline:
    """One object before it is painted."""

    label: int
    window: tuple[slice, slice]  # the rows and columns of the picture that hold all layers
    front: np.ndarray  # int8 (h, w): the number of the layer that covers each pixel's centre, -1 for none
    layers: list[Layer]  # in the order of drawing
    figure: person.Figure | None = None  # in the picture's pixels


def make_scene(rng: np.random.Generator, names, size: tuple[int, int], objects: tuple[int, int]) -> Scene:
    """Make one scene of ``objects`` (low, high) objects of the classes ``names``, in a picture of ``size`` (H, W)."""
    labels = 1 + rng.integers(len(names), size=rng.integers(objects[0], objects[1] + 1))
    placed = [place(rng, names[label - 1], int(label), size) for label in labels]
    outlines, owner, occlusion = stack(placed, size)
    side, used = min(size), []
    image = paint(rng, choose_colour(rng, used), slice(0, size[0]), slice(0, size[1]), side)
    keypoints = np.zeros((len(outlines), 14, 3), np.float32)
    for number, outline in enumerate(outlines):
        if outline.figure is None:
            part = image[:, *outline.window]
            colours = paint(rng, choose_colour(rng, used), *outline.window, side)
            part += opacity(outline.layers[0].distance) * (colours - part)
        else:
            draw_person(rng, image, outline, used)
            keypoints[number] = visible_joints(outline, number, owner)
    image *= light(rng, *size)
    image += rng.standard_normal(image.shape, np.float32) * np.float32(rng.uniform(*NOISE))
    image *= 255
    image += 0.5
    image = np.clip(image, 0, 255, out=image).astype(np.uint8)
    return Scene(image, owner, np.array([outline.label for outline in outlines], np.int64), occlusion, keypoints)


def place(rng: np.random.Generator, name: str, label: int, size: tuple[int, int]) -> Outline:
    """Draw size, angle and place of one object, and find the pixels that it covers."""
    figure = person.random_figure(rng) if name == PERSON else None
    scale = min(size) * _log_uniform(rng, RADII if figure is None else HEIGHTS)
    reach = REACH * STRETCH
    box = scale * (np.array([-reach, -reach, reach, reach]) if figure is None else figure.bounds())
    sides = box[2:] - box[:2]
    low, high = -box[:2] - OUTSIDE * sides, np.array(size[::-1]) - box[2:] + OUTSIDE * sides
    x, y = (np.minimum(low, high) + rng.random(2) * np.abs(high - low)).tolist()
    window = _window(x + box[0], y + box[1], x + box[2], y + box[3], size)
    rows, columns = (np.arange(part.start, part.stop, dtype=np.float32) + np.float32(0.5) for part in window)
    if figure is not None:
        return _person(label, window, figure.moved(scale, x, y), rows[:, None], columns, size)
    turn, stretch, form = rng.uniform(0, 2 * np.pi), STRETCH ** rng.uniform(-1, 1), rng.random()
    c, s = np.cos(turn) / scale, np.sin(turn) / scale
    dx, dy = columns - np.float32(x), (rows - np.float32(y))[:, None]
    u = np.float32(c * stretch) * dx + np.float32(s * stretch) * dy
    v = np.float32(c / stretch) * dy - np.float32(s / stretch) * dx
    distance = signed_distance(name, u, v, form)
    distance *= np.float32(scale)
    return Outline(label, window, -(distance >= 0).astype(np.int8), [Layer(window, distance)])


def _person(label: int, window, figure: person.Figure, rows: np.ndarray, columns: np.ndarray, size) -> Outline:
    top, left = (part.start for part in window)
    front = np.full((len(rows), len(columns)), -1, np.int8)
    layers = []
    for number, (part, box) in enumerate(zip(figure.parts, figure.part_bounds(), strict=True)):
        own = _window(*box, size)
        y, x = slice(own[0].start - top, own[0].stop - top), slice(own[1].start - left, own[1].stop - left)
        distance = figure.distance(part, columns[x], rows[y])
        front[y, x][distance < 0] = number
        layers.append(Layer(own, distance))
    return Outline(label, window, front, layers, figure)


def _window(x1: float, y1: float, x2: float, y2: float, size: tuple[int, int]) -> tuple[slice, slice]:
    """Return the rows and columns inside the picture that a box touches, and one more on each side."""
    edges = zip((y1, x1), (y2, x2), size, strict=True)
    return tuple(slice(min(max(int(low) - 1, 0), end), max(min(int(high) + 2, end), 0)) for low, high, end in edges)


def stack(placed: list[Outline], size: tuple[int, int]) -> tuple[list[Outline], np.ndarray, np.ndarray]:
    """Lay later objects over earlier ones, and leave out those of which too little would be seen.

    Going from the top downward, what hides an object is known when its turn comes, and leaving it out changes nothing
    above it.

    Returns
    -------
    kept : list of Outline
        In the order of drawing.
    owner : ndarray int8 (H, W)
        The number in ``kept`` of the object that is seen in each pixel, -1 for none.
    occlusion : ndarray float32 (len(kept),)
        Share of the object's pixels inside the picture that later ones hide.
    """
    owner = np.full(size, -1, np.int8)
    kept, hidden = [], []
    for outline in reversed(placed):
        inside, owned = outline.front >= 0, owner[outline.window]
        seen = inside & (owned < 0)
        pixels, all_pixels = np.count_nonzero(seen), np.count_nonzero(inside)
        if pixels < max(MIN_PIXELS, MIN_VISIBLE * all_pixels):
            continue
        owned[seen] = len(kept)
        kept.append(outline)
        hidden.append(1 - pixels / all_pixels)
    drawn = np.append(np.arange(len(kept))[::-1], -1).astype(np.int8)  # the first one drawn gets number 0
    return kept[::-1], drawn[owner], np.array(hidden[::-1], np.float32)


def draw_person(rng: np.random.Generator, image: np.ndarray, outline: Outline, used: list) -> None:
    """Paint a person, limb over limb, each darker toward its borders."""
    side = min(image.shape[1:])
    colours = person.plain_colours(rng)
    cloth = {
        cover: paint(rng, choose_colour(rng, used), *outline.window, side) for cover in (person.SHIRT, person.TROUSERS)
    }
    top, left = (part.start for part in outline.window)
    for layer, limb in zip(outline.layers, outline.figure.parts, strict=True):
        cover = limb[4] if limb else person.SHIRT
        rows, columns = layer.window
        if cover in cloth:
            colour = cloth[cover][:, rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
        else:
            colour = colours[cover]
        part = image[:, rows, columns]
        shade = np.float32(DARK) + np.clip(layer.distance * np.float32(-DARK_STEP), 0, np.float32(1 - DARK))
        part += opacity(layer.distance) * (colour * shade - part)


def visible_joints(outline: Outline, number: int, owner: np.ndarray) -> np.ndarray:
    """Return ``(x, y, v)`` for every joint of person ``number``, float32 (14, 3): v is 2, 1 (hidden) or 0 (outside)."""
    height, width = owner.shape
    top, left = (part.start for part in outline.window)
    found = np.zeros((14, 3), np.float32)
    for joint, ((x, y), last) in enumerate(zip(outline.figure.joints(), outline.figure.last_parts(), strict=True)):
        if 0 <= x < width and 0 <= y < height:
            row, column = int(y), int(x)
            hidden = owner[row, column] > number or outline.front[row - top, column - left] > last
            found[joint] = x, y, 1 if hidden else 2
    return found


def _log_uniform(rng: np.random.Generator, interval) -> float:
    low, high = interval
    return low * (high / low) ** rng.random()
