"""Learning where a person's joints are: data sets, evaluation and picture of the pose networks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...autograd import Tensor, no_grad
from ...data import LSPET, DataLoader, FigurePoses, collate_detection, default_collate
from ...data.transforms import ColorJitter, Compose, PersonCrop, RandomAffineCrop, Resize
from ...errors import bad_argument, flag, integer, number
from ...metrics import OKS, PCK
from ...metrics.pose import HEAD, SIGMAS, TORSO
from ...models import MODELS
from ...viz import overlay_joints
from ..recipe import LARGE
from .figures import Figures
from .freezing import check_freezing, freeze_first
from .task import Source, Task

COUNTED = 500  # people of whom the mean pose is taken


def open_figures(task: Task, split: str, training: bool) -> FigurePoses:
    """Open generated people; for training new ones at every visit."""
    options = task.options
    if training:
        change = RandomAffineCrop(
            options.size, options.degrees, options.scale, keypoint_pairs=FigurePoses.keypoint_pairs
        )
        return FigurePoses("train", options.size, task.samples["train"], task.seed, transform=change, fresh=True)
    return FigurePoses(split, options.size, task.samples["test"], task.seed + 1)


def open_lspet(task: Task, split: str, training: bool) -> LSPET:
    """Open photographs of people; for training turned, magnified, mirrored, in other colours."""
    options, change = task.options, Resize((task.options.size, task.options.size))
    if training:
        turn = RandomAffineCrop(options.size, options.degrees, options.scale, keypoint_pairs=LSPET.keypoint_pairs)
        change = Compose([change, turn, ColorJitter(brightness=0.3, contrast=0.3, saturation=0.3)])
    return LSPET(task.where.root, split, transform=change)


def collate_people(samples: list) -> tuple[Tensor, list[dict]]:
    """Return images (N, 3, H, W) and the list of targets."""
    images, targets = collate_detection(samples)
    return default_collate(images), targets


class Pose(Task):
    """The place of each joint of the person in a picture."""

    name = "pose"
    headline = "PCK@0.2 torso"
    collate = staticmethod(collate_people)
    sources = {"figures": Source(open_figures), "lspet": Source(open_lspet)}

    @dataclass(frozen=True)
    class Options:
        """How large pictures are, how they are changed in training, and when the trunk learns."""

        size: int = 128  # pixels of a picture's sides
        degrees: float = 0.0  # pictures are turned by an angle up to this ...
        scale: tuple[float, float] = (1.0, 1.0)  # ... and magnified by a factor between these
        flip_test: bool = False  # answers are averaged with those for the mirror image
        frozen_epochs: int = 0  # the trunk stays as it is in the first epochs; afterwards it learns, too ...
        frozen_until: int | None = None  # ... but for what comes before its map of this stride

        def __post_init__(self):
            integer("train", "size", self.size, 32, 2**12)
            number("train", "degrees", self.degrees, 0, 180)
            flag("train", "flip_test", self.flip_test)
            if not isinstance(self.scale, (tuple, list)) or len(self.scale) != 2:
                raise bad_argument("train", "scale", f"is {self.scale!r}", "two numbers", error=TypeError)
            object.__setattr__(self, "scale", tuple(number("train", "scale", part, 0, LARGE) for part in self.scale))
            check_freezing(self)

    def stage(self, model, epoch: int) -> None:
        """Keep the trunk as it is in the first epochs, and its first layers as long as ``frozen_until`` says."""
        freeze_first(model, epoch, self.options)

    def describe(self, dataset) -> dict:
        """Return the joints' names, which change places in a mirror, and their mean places, as shares of the sides."""
        pairs = [list(pair) for pair in dataset.keypoint_pairs]
        return {"joints": list(dataset.keypoint_names), "pairs": pairs, "mean_pose": mean_pose(dataset).tolist()}

    @classmethod
    def checked_facts(cls, facts: dict) -> dict:
        """Return the facts, or raise unless there is a place for each joint, and pairs are pairs of joints."""
        joints, pairs, mean = facts["joints"], np.array(facts["pairs"]), np.array(facts["mean_pose"], np.float64)
        if not isinstance(joints, list) or not joints or not all(isinstance(name, str) for name in joints):
            raise bad_argument("open_run", "joints", f"is {str(joints)[:200]}", "a list of names")
        if mean.shape != (len(joints), 2) or not np.isfinite(mean).all():
            raise bad_argument("open_run", "mean_pose", f"has shape {mean.shape}", f"({len(joints)}, 2)")
        if pairs.size and (pairs.ndim != 2 or pairs.shape[1] != 2 or pairs.dtype.kind != "i"):
            raise bad_argument("open_run", "pairs", f"has shape {pairs.shape}", "(P, 2), numbers of joints")
        return facts

    @property
    def joints(self) -> list[str]:
        """The names of the joints."""
        return self.facts["joints"]

    def build(self, pretrained: bool = True):
        """Return a new model, as the recipe and the facts ask for it; its backbone untrained unless ``pretrained``."""
        arguments = {**self.recipe.model_args, "keypoint_pairs": [tuple(pair) for pair in self.facts["pairs"]]}
        if not pretrained:
            arguments["pretrained"] = False
        return MODELS[self.recipe.model].network(len(self.joints), **arguments)

    def loss(self, model, batch) -> dict[str, Tensor]:
        """Return the model's losses."""
        return model(*batch)

    def evaluate(self, model, split: str = "test") -> Figures:
        """Return PCK at 0.2 torsos, PCKh at half a head and OKS, each beside the mean pose's.

        The area that OKS asks for is that of the person's box.
        """
        dataset = self.open(split)
        if list(dataset.keypoint_names) != self.joints:
            was, expected = f"has the joints {', '.join(dataset.keypoint_names)}", ", ".join(self.joints)
            raise bad_argument("eval", "data", was, expected, "those were learnt")
        scores, baseline = Scores(len(self.joints)), Scores(len(self.joints))
        mean = np.array(self.facts["mean_pose"])
        for images, targets in DataLoader(dataset, self.recipe.batch_size, collate_fn=collate_people):
            answers = self.answers(model, images)
            scores.update(targets, np.concatenate([answer["keypoints"].numpy() for answer in answers]))
            baseline.update(targets, np.repeat(mean[None] * images.shape[:1:-1], len(images), 0))
        return Figures(scores.means(), len(dataset), classes=self.joints, per_class=scores.per_joint(),
                       baseline=baseline.means(), baseline_name="mean pose", row_name="joint")  # fmt: skip

    def answers(self, model, images) -> list[dict]:
        """Return what a model sees in images (N, 3, H, W)."""
        model.eval()
        model.flip_test = self.options.flip_test
        with no_grad():
            return model(images)

    def look(self, model, image: np.ndarray) -> dict[str, np.ndarray]:
        """Return the joints of the one person in a picture: the smallest square around the picture is its box."""
        height, width = image.shape[1:]
        size, side = self.options.size, max(height, width)
        box = {"boxes": np.array([[0, 0, width, height]], np.float32)}
        square, _ = PersonCrop(size, margin=1.0)(image, box)
        (answer,) = self.answers(model, default_collate([square]))
        keypoints = answer["keypoints"].numpy().astype(np.float64)  # (1, K, 3)
        keypoints[..., :2] = keypoints[..., :2] * (side / size) + (np.array([width, height]) - side) / 2
        return {"keypoints": keypoints, "keypoints_scores": answer["keypoints_scores"].numpy()}

    def paint(self, image: np.ndarray, seen: dict[str, np.ndarray], alpha: float) -> tuple[np.ndarray, str]:
        """Draw the person's skeleton, and say how sure its joints are."""
        scores = seen["keypoints_scores"][0]
        words = f"{len(self.joints)} joints"
        if (scores < 1).any():
            words += f", score {scores.mean():.2f}; least sure: {self.joints[scores.argmin()]} {scores.min():.2f}"
        return overlay_joints(image, {"keypoints": seen["keypoints"]}, alpha=alpha), words


class Scores:
    """The three measures of poses."""

    def __init__(self, joints: int):
        self.by_name = {"PCK@0.2 torso": PCK(joints, TORSO, 0.2), "PCKh@0.5 head": PCK(joints, HEAD, 0.5),
                        "OKS": OKS(SIGMAS)}  # fmt: skip

    def update(self, targets: list[dict], answers: np.ndarray) -> None:
        """Score a batch: answers (N, K, 2 or 3)."""
        truth = np.concatenate([target["keypoints"] for target in targets])  # (N, K, 3)
        boxes = np.concatenate([target["boxes"] for target in targets])  # (N, 4)
        area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
        for name, measure in self.by_name.items():
            measure.update(truth, answers, *([area] if name == "OKS" else []))

    def means(self) -> dict[str, float]:
        """Return each measure over all joints."""
        return {name: measure.mean for name, measure in self.by_name.items()}

    def per_joint(self) -> dict[str, np.ndarray]:
        """Return each measure for each joint."""
        return {name: measure.per_joint for name, measure in self.by_name.items()}


def mean_pose(dataset, limit: int = COUNTED) -> np.ndarray:
    """Return the mean place of each joint over the first ``limit`` samples where it is, as shares of the sides: (K, 2).

    The middle, for a joint that is nowhere.
    """
    sums = np.zeros((len(dataset.keypoint_names), 3))
    for index in range(min(limit, len(dataset))):
        image, target = dataset.load(index)
        for person in target["keypoints"]:
            there = person[:, 2:] > 0
            sums += np.where(there, np.append(person[:, :2] / image.shape[:0:-1], there, 1), 0)
    return np.where(sums[:, 2:] > 0, sums[:, :2] / np.maximum(sums[:, 2:], 1), 0.5)
