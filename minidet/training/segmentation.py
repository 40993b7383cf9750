"""Learning to label every pixel: data sets, loss and evaluation of the segmentation models."""

from __future__ import annotations

import numpy as np

from ..autograd import Tensor, no_grad, tensor
from ..data import CamVid, DataLoader, DigitScenes, ShapeSegmentation, collate_semantic, median_frequency_weights
from ..data.transforms import ColorJitter, Compose, RandomAffineCrop
from ..errors import check_choice
from ..metrics import BoundaryF1, ConfusionMatrix
from ..nn import functional as F
from ..viz import palette
from .recipes import Recipe

DATA = ("camvid", "digits", "shapes")
RUNNING_STRIDE = 2  # the progress bar's mIoU looks at every second pixel of every second row
SHAPES_SIZE = 64  # pixels, the sides of a scene of shapes: less than the default, to learn in minutes
CAMVID_WINDOW = (176, 240)  # pixels, cut from frames of 180 x 240


def training_data(recipe: Recipe, *, root=None, seed: int = 0, quick: bool = False):
    """Open the training split, with the recipe's augmentation."""
    length = recipe.quick_samples if quick else recipe.train_samples
    if recipe.data == "digits":
        return DigitScenes("train", length=length, seed=seed, fresh=True)
    if recipe.data == "shapes":
        return ShapeSegmentation("train", SHAPES_SIZE, length=length, seed=seed, fresh=True)
    return CamVid(root, "train", transform=camvid_augmentation(recipe.scale, recipe.degrees))


def held_out(recipe: Recipe, split: str = "test", *, root=None, seed: int = 0, quick: bool = False):
    """Open a split for evaluation: no augmentation, and generated scenes that training does not draw."""
    length = recipe.quick_samples if quick else recipe.test_samples
    if recipe.data == "digits":
        check_choice("eval", "split", split, ("test", "train"))
        return DigitScenes(split, length=length, seed=seed + 1)
    if recipe.data == "shapes":
        return ShapeSegmentation(split, SHAPES_SIZE, length=length, seed=seed + 1)
    return CamVid(root, split)


def camvid_augmentation(scale: tuple[float, float], degrees: float) -> Compose:
    """Mirror street frames, magnify and turn them, cut a window, change brightness, contrast and colours."""
    return Compose(
        [
            RandomAffineCrop(CAMVID_WINDOW, degrees, scale, ignore_index=11),
            ColorJitter(brightness=0.2, contrast=0.2, saturation=0.2),
        ]
    )


def colours_of(dataset) -> np.ndarray:
    """Return the data set's own palette, or one made for its number of classes: (K, 3) uint8."""
    own = getattr(dataset, "palette", None)
    count = len(dataset.classes)
    return palette(count) if own is None else np.asarray(own, np.uint8)[:count]


def class_weights(shares: np.ndarray, power: float) -> np.ndarray | None:
    """Return weights share ** -power with mean 1, so that rare classes count; None for power 0."""
    if power == 0:
        return None
    weights = np.maximum(shares, 1e-6) ** -power
    return (weights / weights.mean()).astype(np.float32)


def recipe_weights(recipe: Recipe, dataset, limit: int = 500) -> np.ndarray | None:
    """Return the class weights that the recipe asks for, from the first ``limit`` samples: (K,), or None for none."""
    if recipe.class_weights == "power":
        return class_weights(class_shares(dataset, limit), recipe.class_weight_power)
    labels = (dataset.load(i)[1]["semantic"] for i in range(min(limit, len(dataset))))
    return median_frequency_weights(labels, len(dataset.classes), getattr(dataset, "ignore_index", None))


class SegmentationTask:
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


def predict_labels(model, images: Tensor) -> np.ndarray:
    """Return the class with the highest score for every pixel: (N, H, W) int64."""
    model.eval()
    with no_grad():
        return model(images).numpy().argmax(1)


def evaluate(model, dataset, batch_size: int = 8, boundary: BoundaryF1 | None = None) -> ConfusionMatrix:
    """Count every pixel of ``dataset`` in one confusion matrix; ignored pixels are left out.

    ``boundary``, if given, scores the outlines of the same predictions.
    """
    matrix = ConfusionMatrix(len(dataset.classes), getattr(dataset, "ignore_index", None))
    for images, labels in DataLoader(dataset, batch_size, collate_fn=collate_semantic):
        predictions = predict_labels(model, images)
        matrix.update(labels, predictions)
        if boundary is not None:
            boundary.update(labels, predictions)
    return matrix


def class_shares(dataset, limit: int = 500) -> np.ndarray:
    """Return each class's share of the labelled pixels, (K,), counted over the first ``limit`` samples."""
    num_classes = len(dataset.classes)
    counts = np.zeros(num_classes, np.int64)
    for i in range(min(limit, len(dataset))):
        labels = dataset.load(i)[1]["semantic"]
        counts += np.bincount(labels[labels < num_classes], minlength=num_classes)
    return counts / counts.sum()
