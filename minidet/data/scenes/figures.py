"""Generated people for learning poses: one person is cut out of a scene of people and shapes, with what hides it."""

from __future__ import annotations

import numpy as np

from ...errors import check_choice, integer, number
from ..dataset import Dataset, check_index
from ..skeleton import JOINTS, PAIRS
from ..targets import check_flag, check_length, check_size
from ..transforms.geometry import boxes_of_masks
from ..transforms.person import PersonCrop
from .shapes import PERSON, SPLITS, Scene, make_scene
from .shapes_outline import SHAPES

SCENE = 1.25  # sides of a scene, in those of the picture that is cut out of it
OBJECTS = (2, 5)  # of a scene
NAMES = (PERSON,) * 5 + SHAPES  # what they are, with equal probability
FEWEST = 10  # joints that lie inside the scene: a person with fewer is not chosen


class FigurePoses(Dataset):
    """Pictures of one generated person each: a sample is ``(image, target)``.

    Others may be seen in part, behind it or before it. The target has

    ===============  ====================  ==================================================================
    ``"boxes"``      float32 (1, 4)        around the pixels that are seen and the joints inside the scene
    ``"labels"``     int64 (1,)            1
    ``"keypoints"``  float32 (1, 14, 3)    ``(x, y, v)`` for each of ``keypoint_names``, in pixels
    ===============  ====================  ==================================================================

    v is 2 for a joint that is seen, 1 for one that something hides, 0 for one outside the picture, where x = y = 0.

    Parameters
    ----------
    split : {"train", "val", "test"}
        Each has people of its own.
    size : int
        Height and width of the image, at least 32.
    length : int
        Number of people.
    seed : int
        A picture follows from (seed, split, index) and the options, and from nothing else.
    margin : float
        As for :class:`~minidet.data.transforms.PersonCrop`.
    transform : callable, optional
        ``transform(image, target, rng)``.
    fresh : bool
        Make a new picture at every visit, from the ``rng`` of :meth:`sample`. ``load`` is as ever.

    Attributes
    ----------
    classes : list of str
        ``["background", "person"]``
    keypoint_names, keypoint_pairs
        The 14 joints, and those that change places in a mirror: what ``RandomHorizontalFlip`` takes.
    """

    classes = ["background", PERSON]
    keypoint_names = JOINTS
    keypoint_pairs = PAIRS

    def __init__(self, split: str = "train", size: int = 128, length: int = 2000, seed: int = 0, margin: float = 1.3,
                 transform=None, fresh: bool = False):  # fmt: skip
        super().__init__(transform)
        check_choice("FigurePoses", "split", split, SPLITS)
        self.split, self.length = split, check_length("FigurePoses", length)
        self.size = check_size("FigurePoses", size, low=32)[0]
        self.seed = integer("FigurePoses", "seed", seed)
        self.crop = PersonCrop(self.size, number("FigurePoses", "margin", margin, 0.1, 100.0))
        self.fresh = check_flag("FigurePoses", "fresh", fresh)

    def __len__(self) -> int:
        return self.length

    def load(self, index):
        """Return the image float32 (3, size, size) in [0, 1] and its target."""
        index = check_index("FigurePoses", index, len(self))
        key = (SPLITS.index(self.split), index)
        return self._make(np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key)))

    def sample(self, index, rng):
        """Return person ``index``, or a new one if ``fresh``, after the transform."""
        if not self.fresh:
            return super().sample(index, rng)
        check_index("FigurePoses", index, len(self))
        image, target = self._make(rng)
        return (image, target) if self.transform is None else self.transform(image, target, rng)

    def _make(self, rng: np.random.Generator):
        side = round(SCENE * self.size)
        while True:
            scene = make_scene(rng, NAMES, (side, side), OBJECTS)
            joints = (scene.keypoints[..., 2] > 0).sum(1)  # 0 for shapes
            enough = np.flatnonzero(joints >= FEWEST)
            if len(enough):
                return self.crop(scene.picture(), target_of(scene, int(rng.choice(enough))))


def target_of(scene: Scene, number: int) -> dict:
    """Return the target of one person of a scene."""
    keypoints = scene.keypoints[number]
    places = keypoints[keypoints[:, 2] > 0, :2]
    box = boxes_of_masks((scene.owner == number)[None])[0]
    box = np.concatenate([np.minimum(box[:2], places.min(0)), np.maximum(box[2:], places.max(0))])
    return {"boxes": box[None], "labels": np.ones(1, np.int64), "keypoints": keypoints[None].copy()}
