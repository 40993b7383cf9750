"""What a run of the chapter on one-stage detectors does: train SSD or YOLO with one of its parts taken away."""

from __future__ import annotations

import numpy as np

from minidet import no_grad, random, tensor
from minidet.data import Dataset
from minidet.data.transforms import Compose
from minidet.models.detection import SSD, YOLOv1
from minidet.training.tasks.augmentation import varied
from minidet.training.tasks.detection import Detection

from .detection_work import K, Losses, learn, new_backbone, scenes, score
from .runs import Run


class Scenes(Dataset):
    """Scenes that were made before, the same in every epoch; a transform may change them."""

    def __init__(self, samples: list[tuple], transform=None):
        super().__init__(transform)
        self.samples = samples

    def __len__(self) -> int:
        return len(self.samples)

    def load(self, index: int):
        """Return one of them."""
        return self.samples[index]


def training_data(run: Run) -> Scenes:
    """Return the seed's scenes; with what ``minidet train --option augmentation=ssd`` does to them, where asked for."""
    s = run.settings
    options = Detection.Options(augmentation=s["augmentation"], zoom_out=s["zoom_out"])
    changes = varied(options, (s["size"], s["size"]))
    return Scenes(scenes(run, "train", search=False), Compose(changes) if changes else None)


def ssd(run: Run, before: dict):
    """Train SSD on the backbone of its seed."""
    return trained(run, SSD, before)


def yolo(run: Run, before: dict):
    """Train YOLO on the backbone of its seed."""
    return trained(run, YOLOv1, before)


def trained(run: Run, network, before: dict):
    """Train a network as the settings say, and score it on scenes that it has not seen."""
    random.manual_seed(run.seed)
    s = run.settings
    model = network(K, new_backbone(run, before), strides=(s["stride"],), **s["model_args"])
    found = learn(run, model, training_data(run), Losses())
    held_out = scenes(run, "test", search=False)
    return {**found, **score(model, held_out), "outputs": outputs(model, s["size"])}, model


def outputs(model, size: int) -> int:
    """Return how many boxes a model says of an image, before any is dropped."""
    if isinstance(model, YOLOv1):
        return model.grid**2 * model.boxes_per_cell
    with no_grad():
        maps = model.eval().maps(tensor(np.zeros((1, 3, size, size), np.float32)))
    grid = {stride: x.shape[2:] for stride, x in maps.items()}
    return len(model.default_boxes(grid, (size, size)))
