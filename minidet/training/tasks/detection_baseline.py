"""The simplest detector there is: what selective search finds, all of it called what training shows most often.

It needs no training, and looks at nothing but colours and textures. A detector has to be better than this to have
learnt anything::

    picture -> selective search -> its first 100 boxes, the first scores most
    class   the one that has most objects in the training split
    mask    all of the box
    joints  where the training split's people have them on average, as shares of the box
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...data.skeleton import JOINTS
from ...data.transforms.geometry import resize
from ...models.detection.proposals import search
from .detection_figures import scored

NAME = "selective search"
MODE = "fast"
BOXES = 100  # of a picture, the first ones
COUNTED = 200  # pictures or scenes of the training split in which classes are counted and joints are averaged, at most
LONGEST = 720  # pixels: of larger photographs the search would take many seconds, so they are made smaller for it


@dataclass(frozen=True)
class Simplest:
    """A detector that has learnt one class, and one pose.

    Parameters
    ----------
    label : int
        The class of all that is found.
    masks : bool
        Whether there are masks.
    pose : ndarray (J, 2), optional
        Where joints are, as shares of a box's sides; None for no joints.
    """

    label: int
    masks: bool = False
    pose: np.ndarray | None = None

    def find(self, image: np.ndarray) -> dict[str, np.ndarray]:
        """Return what a detector returns for an image (3, H, W), at most 100 boxes."""
        boxes = searched(image)[:BOXES]
        many = len(boxes)
        scores = 1 - np.arange(many, dtype=np.float32) / BOXES
        found = {"boxes": boxes, "labels": np.full(many, self.label, np.int64), "scores": scores}
        if self.masks:
            found["masks"] = whole_boxes(boxes, image.shape[1:])
        if self.pose is not None:
            places = boxes[:, None, :2] + self.pose * (boxes[:, None, 2:] - boxes[:, None, :2])  # (D, J, 2)
            found["keypoints"] = np.concatenate([places, np.ones((*places.shape[:2], 1))], 2)
        return found


def baseline_figures(task, dataset) -> dict[str, float]:
    """Return the figures of the simplest detector, by the names that a model's have.

    Parameters
    ----------
    task : Detection
        Opens the training split.
    dataset : Dataset
        What is scored.
    """
    return dict(scored(task, dataset, simplest(task, dataset).find).figures)


def simplest(task, dataset) -> Simplest:
    """Return the detector that the training split makes; where there is none, ``dataset`` itself has to do.

    There is none, or not all of it, where somebody has pictures for testing alone.
    """
    if len(task.classes) == 2 and "keypoints" not in task.more:  # nothing is to be counted
        return Simplest(1, "masks" in task.more)
    try:
        training = task.open("train")
        if list(training.classes) == task.classes:
            return counted(task, training)
    except (OSError, ValueError):
        pass
    return counted(task, dataset)


def counted(task, dataset) -> Simplest:
    """Return what a data set's first pictures make: class 1 if they have no object.

    Crowds and difficult objects, which are not scored, are not counted either.
    """
    counts, people = np.zeros(len(task.classes), np.int64), []
    for index in range(min(COUNTED, len(dataset))):
        target = dataset.load(index)[1]
        counts += np.bincount(target["labels"][is_scored(target)], minlength=len(counts))
        if "keypoints" in target:
            people.append(in_boxes(target))
    pose = mean_pose(people) if "keypoints" in task.more else None
    return Simplest(int(counts[1:].argmax()) + 1, "masks" in task.more, pose)


def is_scored(target: dict) -> np.ndarray:
    """Tell which objects of a picture are scored: bool (N,)."""
    count = np.ones(len(target["labels"]), bool)
    for key in ("iscrowd", "difficult"):
        if key in target:
            count &= ~np.asarray(target[key], bool)
    return count


def in_boxes(target: dict) -> np.ndarray:
    """Return the joints (N, J, 3) of a picture's people, x and y as shares of their boxes' sides."""
    boxes, joints = target["boxes"], np.asarray(target["keypoints"], np.float64)
    sides = boxes[:, 2:] - boxes[:, :2]
    there = (sides > 0).all(1)
    boxes, joints, sides = boxes[there], joints[there], sides[there]
    return np.concatenate([(joints[..., :2] - boxes[:, None, :2]) / sides[:, None], joints[..., 2:]], 2)


def mean_pose(people: list[np.ndarray]) -> np.ndarray:
    """Return the mean place of each joint over those who have it, (J, 2); the middle for one that nobody has."""
    people = np.concatenate(people) if people else np.zeros((0, len(JOINTS), 3))
    seen = people[..., 2:] > 0
    many = seen.sum(0)
    return np.where(many > 0, np.where(seen, people[..., :2], 0).sum(0) / np.maximum(many, 1), 0.5)


def searched(image: np.ndarray) -> np.ndarray:
    """Return the boxes of selective search, float32 (P, 4), in its order; the same whenever the image is searched."""
    height, width = image.shape[1:]
    ratio = LONGEST / max(height, width)
    if ratio >= 1:
        return search(image, MODE)
    small, _ = resize(image, {}, (max(1, round(height * ratio)), max(1, round(width * ratio))))
    back = np.array([width / small.shape[2], height / small.shape[1]] * 2, np.float32)
    return search(small, MODE) * back


def whole_boxes(boxes: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return masks, bool (D, H, W), of all pixels of each box."""
    x1, y1, x2, y2 = boxes.round()[..., None].swapaxes(0, 1)  # (D, 1) each
    rows, columns = np.arange(size[0]), np.arange(size[1])
    return ((y1 <= rows) & (rows < y2))[:, :, None] & ((x1 <= columns) & (columns < x2))[:, None, :]
