"""What a run of the chapter on masks does: train Mask R-CNN with one of its parts exchanged, or without its masks."""

from __future__ import annotations

from minidet import no_grad, random
from minidet.data import ShapeScenes
from minidet.metrics import MeanAveragePrecision
from minidet.models import backbones
from minidet.models.detection import FasterRCNN, MaskRCNN

from .detection_work import Losses, any_object, crop_backbone, learn
from .runs import Run

TRUTH = ("boxes", "labels", "masks")
SCORES = ("AP", "AP50", "AP75")
KINDS = {"mask": "segm", "box": "bbox"}


def classes(run: Run) -> int:
    """Return K, with the background."""
    return 1 + len(run.settings["classes"])


def shapes(run: Run, split: str, **options) -> ShapeScenes:
    """Return the seed's scenes of a split; those to learn from are new in every epoch."""
    s = run.settings
    length, fresh = (s["scenes"], True) if split == "train" else (s["test_scenes"], False)
    return ShapeScenes(split, s["size"], length, run.seed, s["classes"], s["objects"], fresh=fresh, **options)


def told(image, target, rng):
    """Keep what a detector learns from; as a transform of scenes."""
    return image, {name: target[name] for name in TRUTH}


def backbone(run: Run, before: None):
    """Train the backbone to name single shapes. The paper's starts from a classifier of ImageNet."""
    s = run.settings
    cut = any_object(s["crop_size"], s["context"])
    return crop_backbone(run, shapes(run, "train", transform=cut), shapes(run, "test", transform=cut), classes(run))


def build(run: Run, before: dict):
    """Return a network on its seed's backbone; what comes before an exchanged part starts with the same weights."""
    s = run.settings
    random.manual_seed(run.seed)
    trunk = backbones.backbone(s["backbone"], (s["stride"],), before)
    if s["mask_args"] is None:
        return FasterRCNN(classes(run), trunk, **s["model_args"])
    return MaskRCNN(classes(run), trunk, **s["model_args"], **s["mask_args"])


def detector(run: Run, before: dict):
    """Train a network as the settings say, and score it on scenes that it has not seen."""
    model = build(run, before)
    random.manual_seed(run.seed)  # anew: which regions are drawn must not depend on how many weights were
    found = learn(run, model, shapes(run, "train", transform=told), Losses())
    held_out = shapes(run, "test")
    return {**found, **score(model, held_out, run.settings["mask_args"] is not None)}, model


def score(model, scenes, with_masks: bool) -> dict[str, float]:
    """Return AP, AP50 and AP75 of boxes, and of masks if there are any, under names as ``"mask AP75"``."""
    kinds = KINDS if with_masks else {"box": KINDS["box"]}
    figures = {name: MeanAveragePrecision(model.num_classes, kind) for name, kind in kinds.items()}
    model.eval()
    with no_grad():
        for image, target in map(scenes.load, range(len(scenes))):
            (found,) = model([image])
            answer = {name: value.numpy() for name, value in found.items()}
            for collected in figures.values():
                collected.update([{name: target[name] for name in TRUTH}], [answer])
    computed = {name: collected.compute() for name, collected in figures.items()}
    return {f"{name} {wanted}": computed[name][wanted] for name in computed for wanted in SCORES}
