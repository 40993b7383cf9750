"""Learning what the only object of a picture is, and where: data sets, losses, evaluation and picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...autograd import Tensor, no_grad
from ...data import DataLoader, LargestObject, ShapeScenes, VOCDetection, collate_detection, data_root
from ...data.transforms import ColorJitter, Compose, RandomAffineCrop, Resize
from ...data.transforms.geometry import resize
from ...errors import bad_argument, check_choice, integers, number
from ...metrics import LocalizationAccuracy, MeanBox
from ...viz import overlay_boxes
from ..recipe import LARGE
from .figures import Figures
from .freezing import check_freezing, freeze_first
from .records import coco_records
from .task import Source, Task

COUNTED = 500  # training pictures that the mean box is the mean of, at most
LEAST_VISIBLE = 0.3  # of an object that is cut by a window; of what is left less, the object is passed over


def open_shapes(task: Localization, split: str, training: bool) -> LargestObject:
    """Open scenes of one shape each."""
    if training:
        scenes = ShapeScenes("train", task.options.size, task.samples["train"], task.seed, objects=1, fresh=True)
    else:
        scenes = ShapeScenes(split, task.options.size, task.samples["test"], task.seed + 1, objects=1)
    return LargestObject(scenes)


def open_bccd(task: Localization, split: str, training: bool) -> LargestObject:
    """Open photographs of blood cells: the largest cell of each."""
    root = data_root("bccd_voc", task.where.root)
    return LargestObject(VOCDetection(root, split, changes(task.options, training), first_pixel=0))


def open_voc(task: Localization, split: str, training: bool) -> LargestObject:
    """Open photographs of one's own: the largest object of each."""
    first = task.options.first_pixel
    return LargestObject(VOCDetection(task.where.root, split, changes(task.options, training), first_pixel=first))


def changes(options: Localization.Options, training: bool) -> Compose:
    """Stretch photographs to one size; for training, also mirror and magnify them, and change their colours."""
    change = [Resize(options.size)]
    if training:
        change.append(RandomAffineCrop(options.size, scale=options.scale, min_visible=LEAST_VISIBLE))
        change.append(ColorJitter(brightness=0.2, contrast=0.2, saturation=0.2))
    return Compose(change)


class Localization(Task):
    """A class and a box for every picture."""

    name = "localization"
    headline = "localisation accuracy"
    alpha = 1.0
    collate = staticmethod(collate_detection)
    sources = {
        "bccd": Source(open_bccd),
        "shapes": Source(open_shapes),
        "voc": Source(open_voc, recipes="bccd", needs=("root",)),
    }

    @dataclass(frozen=True)
    class Options:
        """How pictures are shown, and when the trunk learns."""

        size: tuple[int, int] = (120, 160)  # pixels, (H, W): photographs are stretched to it, scenes have it
        scale: tuple[float, float] = (1.0, 1.3)  # for training, photographs are magnified by a factor between these
        frozen_epochs: int = 0  # the trunk stays as it is in the first epochs; afterwards it learns, too ...
        frozen_until: int | None = None  # ... but for what comes before its map of this stride
        first_pixel: int = 1  # of --data voc: how its boxes are counted, see minidet.data.VOCDetection

        def __post_init__(self):
            size = tuple(self.size) if isinstance(self.size, list) else self.size
            object.__setattr__(self, "size", integers("train", "size", size, 2, 32))
            if max(self.size) > 4096:
                raise bad_argument("train", "size", f"is {self.size}", "at most 4096 pixels a side")
            if not isinstance(self.scale, (tuple, list)) or len(self.scale) != 2:
                raise bad_argument("train", "scale", f"is {self.scale!r}", "two numbers", error=TypeError)
            object.__setattr__(self, "scale", tuple(number("train", "scale", part, 0, LARGE) for part in self.scale))
            check_freezing(self)
            check_choice("train", "first_pixel", self.first_pixel, (0, 1))

    def stage(self, model, epoch: int) -> None:
        """Keep the trunk as it is in the first epochs, and its first layers as long as ``frozen_until`` says."""
        freeze_first(model, epoch, self.options)

    def loss(self, model, batch) -> dict[str, Tensor]:
        """Return the losses of both heads."""
        return model(*batch)

    def evaluate(self, model, split: str = "test") -> Figures:
        """Return how often the class, the box and both are right, beside the mean box of the training part."""
        dataset = self.open(split)
        if list(dataset.classes) != self.classes:
            was, expected = f"has the classes {', '.join(dataset.classes)}", ", ".join(self.classes)
            raise bad_argument("eval", "data", was, expected, "those were learnt")
        simplest = mean_box(self.open("train"))
        found, baseline = (LocalizationAccuracy(len(self.classes)) for _ in range(2))
        for images, targets in DataLoader(dataset, 8, collate_fn=collate_detection):
            found.update(targets, localize(model, images))
            baseline.update(targets, [simplest.predict(np.shape(image)[1:]) for image in images])
        return Figures(figures_of(found), len(dataset), classes=self.classes[1:], per_class=found.per_class(),
                       baseline=figures_of(baseline), baseline_name="mean box")  # fmt: skip

    def paint(self, image: np.ndarray, answer: dict[str, np.ndarray], alpha: float) -> tuple[np.ndarray, str]:
        """Paint the box and the class over a picture, and say both."""
        name, edges = self.classes[answer["labels"][0]], answer["boxes"][0].round().astype(int).tolist()
        words = f"{name} at {edges}, score {answer['scores'][0]:.2f}"
        return overlay_boxes(image, answer, self.classes, threshold=-np.inf, alpha=alpha), words

    def records(self, answer: dict[str, np.ndarray]) -> list[dict]:
        """Return the one box."""
        return coco_records(answer, self.classes)

    def look(self, model, image: np.ndarray) -> dict[str, np.ndarray]:
        """Return what is seen in a picture of any size; the model sees it in the size that it learned from."""
        size = image.shape[1:]
        small, _ = resize(image, {}, self.options.size)
        answer = localize(model, [small])[0]
        return {**answer, "boxes": resize(small, {"boxes": answer["boxes"]}, size)[1]["boxes"]}


def localize(model, images) -> list[dict[str, np.ndarray]]:
    """Return what a model sees in each image, as arrays."""
    model.eval()
    with no_grad():
        return [{name: value.numpy() for name, value in answer.items()} for answer in model(images)]


def mean_box(dataset, limit: int = COUNTED) -> MeanBox:
    """Return the mean box and the most frequent class of a data set's first ``limit`` pictures."""
    simplest = MeanBox(len(dataset.classes))
    for i in range(min(limit, len(dataset))):
        image, target = dataset[i]
        simplest.update(target, image.shape[1:])
    return simplest


def figures_of(counted: LocalizationAccuracy) -> dict[str, float]:
    """Return what was counted by the names that are reported."""
    return {
        "classification accuracy": counted.classification_accuracy,
        "box accuracy": counted.box_accuracy,
        "mean IoU": counted.mean_iou,
        "localisation accuracy": counted.localization_accuracy,
    }
