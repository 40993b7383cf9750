"""Learning to label every pixel: data sets, loss, evaluation and picture of the segmentation models."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...autograd import Tensor, flip, no_grad, stack, tensor
from ...data import (
    CamVid,
    DataLoader,
    DigitScenes,
    FolderSegmentation,
    ShapeSegmentation,
    collate_semantic,
    median_frequency_weights,
)
from ...data.photographs.folder import size_of
from ...data.transforms import ColorJitter, Compose, RandomAffineCrop
from ...data.transforms.geometry import resize
from ...errors import bad_argument, check_choice, flag, integer, number
from ...metrics import BoundaryF1, ConfusionMatrix, majority_class
from ...nn import functional as F
from ...viz import overlay_labels, palette, plot_predictions
from ..recipe import LARGE
from .figures import Figures
from .freezing import check_freezing, freeze_first
from .task import Source, Task

RUNNING_STRIDE = 2  # the progress bar's mIoU looks at every second pixel of every second row
SHAPES_SIZE = 64  # pixels, the sides of a scene of shapes: less than the default, to learn in minutes
CAMVID_WINDOW = (176, 240)  # pixels, cut from frames of 180 x 240
COUNTED = 500  # samples in which the classes' pixels are counted


def open_digits(task: Task, split: str, training: bool) -> DigitScenes:
    """Open scenes of handwritten digits."""
    if training:
        return DigitScenes("train", length=task.samples["train"], seed=task.seed, fresh=True)
    check_choice("eval", "split", split, ("test", "train"))
    return DigitScenes(split, length=task.samples["test"], seed=task.seed + 1)


def open_shapes(task: Task, split: str, training: bool) -> ShapeSegmentation:
    """Open scenes of overlapping shapes."""
    if training:
        return ShapeSegmentation("train", SHAPES_SIZE, length=task.samples["train"], seed=task.seed, fresh=True)
    return ShapeSegmentation(split, SHAPES_SIZE, length=task.samples["test"], seed=task.seed + 1)


def open_camvid(task: Task, split: str, training: bool) -> CamVid:
    """Open street scenes; for training mirrored, magnified and turned, a window of them, in other colours."""
    change = augmentation(task.options, CAMVID_WINDOW, ignore_index=11) if training else None
    return CamVid(task.where.root, split, transform=change)


def open_folder(task: Task, split: str, training: bool) -> FolderSegmentation:
    """Open pictures of one's own; for training changed as street scenes are, and a square of each."""
    side = task.options.side
    change = augmentation(task.options, (side, side), FolderSegmentation.ignore_index) if training else None
    return FolderSegmentation(task.where.root, split, transform=change, side=side)


def augmentation(options: Segmentation.Options, window: tuple[int, int], ignore_index: int) -> Compose:
    """Mirror photographs, magnify and turn them, cut a window, change brightness, contrast and colours."""
    return Compose(
        [
            RandomAffineCrop(window, options.degrees, options.scale, ignore_index=ignore_index),
            ColorJitter(brightness=0.2, contrast=0.2, saturation=0.2),
        ]
    )


class PixelLoss:
    """Cross-entropy over pixels, and the mIoU of the current epoch's batches for the progress bar."""

    def __init__(self, num_classes: int, ignore_index: int | None = None, weights: np.ndarray | None = None):
        self.ignore_index = ignore_index
        self.weights = None if weights is None else tensor(weights)
        self.running = ConfusionMatrix(num_classes, ignore_index)

    def start_epoch(self) -> None:
        """Forget the running confusion matrix."""
        self.running = ConfusionMatrix(self.running.num_classes, self.ignore_index)

    def loss(self, model, batch) -> Tensor:
        """Return the mean cross-entropy over all pixels that are not ignored."""
        images, labels = batch  # (N, 3, H, W), (N, H, W)
        scores = model(images)  # (N, K, H, W)
        step = RUNNING_STRIDE
        answers = scores.detach().numpy()[:, :, ::step, ::step].argmax(1)
        self.running.update(labels.numpy()[:, ::step, ::step], answers)
        ignore = -100 if self.ignore_index is None else self.ignore_index
        return F.cross_entropy(scores, labels, weight=self.weights, ignore_index=ignore)

    def status(self) -> dict[str, str]:
        """Return what the progress bar shows."""
        return {"mIoU": f"{self.running.mean_iou:.3f}"}


class Segmentation(Task):
    """A class for every pixel."""

    name = "segmentation"
    headline = "mIoU"
    collate = staticmethod(collate_semantic)
    sources = {
        "camvid": Source(open_camvid),
        "digits": Source(open_digits),
        "folder": Source(open_folder, recipes="camvid", needs=("root",)),
        "shapes": Source(open_shapes),
    }

    @dataclass(frozen=True)
    class Options:
        """How much classes count, how photographs are changed, when a backbone learns, how pixels are scored."""

        class_weights: str = "power"  # or "median_frequency": minidet.data.median_frequency_weights
        class_weight_power: float = 0.0  # weight of a class = share of its pixels ** -power, scaled to mean 1
        scale: tuple[float, float] = (0.9, 1.25)  # photographs are magnified by a factor between these ...
        degrees: float = 0.0  # ... and turned by an angle up to this
        side: int = 180  # pixels: pictures of a folder are stretched until their shorter side is as long
        frozen_epochs: int = 0  # with --backbone: it stays as it is in the first epochs; afterwards it learns, too ...
        frozen_until: int | None = None  # ... but for what comes before its map of this stride
        flip_test: bool = False  # in evaluation, scores are averaged with those of the mirror image

        def __post_init__(self):
            check_choice("train", "class_weights", self.class_weights, ("power", "median_frequency"))
            number("train", "class_weight_power", self.class_weight_power, -LARGE, LARGE)
            number("train", "degrees", self.degrees, 0, 180)
            integer("train", "side", self.side, 16, 2**16)
            check_freezing(self)
            flag("train", "flip_test", self.flip_test)
            if not isinstance(self.scale, (tuple, list)) or len(self.scale) != 2:
                raise bad_argument("train", "scale", f"is {self.scale!r}", "two numbers", error=TypeError)
            object.__setattr__(self, "scale", tuple(number("train", "scale", part, 0, LARGE) for part in self.scale))
            if self.class_weights != "power" and self.class_weight_power != 0:
                why = f"class_weights is {self.class_weights!r}, which needs no power"
                raise bad_argument("train", "class_weight_power", f"is {self.class_weight_power}", "0", why)

    def prepare(self, dataset) -> None:
        """Note classes and colours, and count how often each class is seen."""
        super().prepare(dataset)
        weights = weights_for(self.options, dataset)
        self.pixels = PixelLoss(len(self.classes), getattr(dataset, "ignore_index", None), weights)

    def describe(self, dataset) -> dict:
        """Return the names of the classes, and a colour for each."""
        return {**super().describe(dataset), "palette": colours_of(dataset).tolist()}

    @classmethod
    def checked_facts(cls, facts: dict) -> dict:
        """Return the facts, or raise unless there is a colour for each class."""
        classes, colours = super().checked_facts(facts)["classes"], np.array(facts["palette"])
        if colours.shape != (len(classes), 3) or colours.dtype.kind != "i" or colours.min() < 0 or colours.max() > 255:
            was, expected = f"has shape {colours.shape}", f"{len(classes)} colours of 3 bytes"
            raise bad_argument("open_run", "palette", was, expected)
        return facts

    @property
    def colours(self) -> np.ndarray:
        """A colour for each class: (K, 3) uint8."""
        return np.array(self.facts["palette"], np.uint8)

    def stage(self, model, epoch: int) -> None:
        """Keep a backbone as it is in the first epochs, and its first layers as long as ``frozen_until`` says."""
        freeze_first(model, epoch, self.options)

    def start_epoch(self) -> None:
        """Forget the running mIoU."""
        self.pixels.start_epoch()

    def loss(self, model, batch) -> Tensor:
        """Return the mean cross-entropy over all pixels that are not ignored."""
        return self.pixels.loss(model, batch)

    def status(self) -> dict[str, str]:
        """Return the mIoU of this epoch's batches."""
        return self.pixels.status()

    def evaluate(self, model, split: str = "test") -> Figures:
        """Return accuracy, IoU and boundary F1; accuracy and IoU beside the majority class's."""
        dataset = self.open(split)
        if list(dataset.classes) != self.classes:
            was, expected = f"has the classes {', '.join(dataset.classes)}", ", ".join(self.classes)
            raise bad_argument("eval", "data", was, expected, "those were learnt")
        boundary = BoundaryF1(len(dataset.classes), getattr(dataset, "ignore_index", None))
        matrix = evaluate(model, dataset, boundary=boundary, flip_test=self.options.flip_test)
        return figures(matrix, dataset.classes, boundary, len(dataset))

    def paint(self, image: np.ndarray, labels: np.ndarray, alpha: float) -> tuple[np.ndarray, str]:
        """Lay the predicted classes (H, W) over a picture, and name those that cover most of it."""
        shares = np.bincount(labels.ravel(), minlength=len(self.classes)) / labels.size
        most = ", ".join(f"{self.classes[k]} {shares[k]:.0%}" for k in np.argsort(-shares)[:3] if shares[k] > 0)
        return overlay_labels(image, labels, self.colours, alpha), most

    def look(self, model, image: np.ndarray) -> np.ndarray:
        """Return a picture's labels (H, W); a model that learned from a folder sees it in that folder's size."""
        if self.recipe.data != "folder":
            return predict_labels(model, tensor(image[None]), self.options.flip_test)[0]
        size = image.shape[1:]
        small, _ = resize(image, {}, size_of(size, self.options.side))
        labels = predict_labels(model, tensor(small[None]), self.options.flip_test)[0]
        return resize(small, {"semantic": labels}, size)[1]["semantic"]

    def draw_samples(self, model, count: int):
        """Draw input, truth and prediction of the first held-out samples side by side: a figure."""
        dataset = self.open("test")
        samples = [dataset[i] for i in range(min(count, len(dataset)))]
        images = [image for image, _ in samples]
        truths = [target["semantic"] for _, target in samples]
        labels = predict_labels(model, stack(images), self.options.flip_test)
        return plot_predictions(images, truths, labels, self.classes, self.colours)


def colours_of(dataset) -> np.ndarray:
    """Return the data set's own palette, or one made for its number of classes: (K, 3) uint8."""
    own = getattr(dataset, "palette", None)
    count = len(dataset.classes)
    return palette(count) if own is None else np.asarray(own, np.uint8)[:count]


def class_shares(dataset, limit: int = COUNTED) -> np.ndarray:
    """Return each class's share of the labelled pixels, (K,), counted over the first ``limit`` samples."""
    num_classes = len(dataset.classes)
    counts = np.zeros(num_classes, np.int64)
    for i in range(min(limit, len(dataset))):
        labels = dataset.load(i)[1]["semantic"]
        counts += np.bincount(labels[labels < num_classes], minlength=num_classes)
    return counts / counts.sum()


def class_weights(shares: np.ndarray, power: float) -> np.ndarray | None:
    """Return weights share ** -power with mean 1, so that rare classes count; None for power 0."""
    if power == 0:
        return None
    weights = np.maximum(shares, 1e-6) ** -power
    return (weights / weights.mean()).astype(np.float32)


def weights_for(options: Segmentation.Options, dataset) -> np.ndarray | None:
    """Return the class weights that the options ask for, (K,), or None for none."""
    if options.class_weights == "power":
        power = options.class_weight_power
        return class_weights(class_shares(dataset), power) if power else None
    labels = (dataset.load(i)[1]["semantic"] for i in range(min(COUNTED, len(dataset))))
    return median_frequency_weights(labels, len(dataset.classes), getattr(dataset, "ignore_index", None))


def predict_labels(model, images: Tensor, flip_test: bool = False) -> np.ndarray:
    """Return the class with the highest score for every pixel: (N, H, W) int64.

    With ``flip_test`` the scores are the mean of those of an image and of its mirror image, turned back.
    """
    model.eval()
    with no_grad():
        scores = model(images).numpy()  # (N, K, H, W)
        if flip_test:
            scores = scores + model(flip(images, 3)).numpy()[..., ::-1]
        return scores.argmax(1)


def evaluate(model, dataset, batch_size: int = 8, boundary: BoundaryF1 | None = None,
             flip_test: bool = False) -> ConfusionMatrix:  # fmt: skip
    """Count every pixel of ``dataset`` in one confusion matrix; ignored pixels are left out.

    ``boundary``, if given, scores the outlines of the same predictions; ``flip_test`` as in :func:`predict_labels`.
    """
    matrix = ConfusionMatrix(len(dataset.classes), getattr(dataset, "ignore_index", None))
    batch_size = 1 if isinstance(dataset, FolderSegmentation) else batch_size  # its pictures may differ in size
    for images, labels in DataLoader(dataset, batch_size, collate_fn=collate_semantic):
        predictions = predict_labels(model, images, flip_test)
        matrix.update(labels, predictions)
        if boundary is not None:
            boundary.update(labels, predictions)
    return matrix


def figures(matrix: ConfusionMatrix, classes, boundary: BoundaryF1, images: int) -> Figures:
    """Return what there is to say about labelled pixels, beside what it is if all get the most frequent class."""
    summaries = [
        {
            "global accuracy": counted.pixel_accuracy,
            "class accuracy": counted.class_accuracy,
            "frequency-weighted IoU": counted.frequency_weighted_iou,
            "mIoU": counted.mean_iou,
        }
        for counted in (matrix, majority_class(matrix))
    ]
    per_class = {
        "IoU": matrix.iou,
        "accuracy": matrix.accuracy_per_class,
        "share of pixels": matrix.matrix.sum(1) / max(matrix.matrix.sum(), 1),
        "boundary F1": boundary.f1_per_class,
    }
    values = {**summaries[0], "boundary F1": boundary.mean_f1}
    return Figures(values, images, classes=classes, per_class=per_class, baseline=summaries[1],
                   baseline_name="majority class")  # fmt: skip
