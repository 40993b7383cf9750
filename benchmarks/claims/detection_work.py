"""What a run of the chapter on detection does: train one of the detectors, score it, and time its stages."""

from __future__ import annotations

import time

import numpy as np

from minidet import Tensor, nn, no_grad, random, tensor
from minidet.data import DataLoader, DigitScenes, collate_detection, default_collate
from minidet.metrics import MeanAveragePrecision, mean_average_best_overlap, proposal_recall
from minidet.models import backbones
from minidet.models.detection import RCNN, FasterRCNN, FastRCNN, SlidingWindowDetector
from minidet.models.detection.rcnn.warp import warp
from minidet.nn import functional as F
from minidet.ops import selective_search
from minidet.optim import AdamW
from minidet.training.fit import fit
from minidet.training.optimiser import parameter_groups, warmup_then_cosine

from .detection_time import EVERY, FAST, FASTER, RCNN_STAGES, WINDOWS, against_rank, against_regions, stage_seconds
from .detection_windows import EveryWindow
from .runs import Run

K = len(DigitScenes.classes)
TRUTH = ("boxes", "labels")


class Kept(nn.Module):
    """Several networks that a later run needs, kept in one file."""

    def __init__(self, **networks):
        super().__init__()
        for name, network in networks.items():
            setattr(self, name, network)


def weights_of(before: dict, name: str) -> dict:
    """Return the weights of one of the networks that a :class:`Kept` had."""
    return {key.removeprefix(f"{name}."): value for key, value in before.items() if key.startswith(f"{name}.")}


# data ----------------------------------------------------------------------------------------------------------------


def scenes(run: Run, split: str, search: bool = True) -> list[tuple]:
    """Return the seed's scenes of a split, the same for every detector; with what selective search finds in each."""
    s = run.settings
    length = s["scenes"] if split == "train" else s["test_scenes"]
    dataset = DigitScenes(split, s["size"], length, seed=run.seed)
    samples = []
    for image, target in map(dataset.load, range(length)):
        found = {"proposals": selective_search(image, s["search"]).numpy()} if search else {}
        samples.append((image, {**{name: target[name] for name in TRUTH}, **found}))
    return samples


def loader(run: Run, samples, collate) -> DataLoader:
    """Return a loader whose order follows from the seed alone."""
    rng = np.random.default_rng(run.seed)
    return DataLoader(samples, run.settings["batch_size"], shuffle=True, collate_fn=collate, drop_last=True, rng=rng)


class Losses:
    """A task for ``fit``: the detector's losses, or only those named."""

    def __init__(self, names: tuple[str, ...] | None = None):
        self.names = names

    def start_epoch(self) -> None:
        """Nothing to forget."""

    def status(self) -> dict[str, str]:
        """The progress bar shows the losses alone."""
        return {}

    def loss(self, model, batch) -> dict[str, Tensor]:
        """Return the losses of a batch."""
        losses = model(*batch)
        return {name: losses[name] for name in self.names or losses}


class Naming(Losses):
    """A task for ``fit``: cross-entropy of the digit in a crop."""

    def loss(self, model, batch) -> Tensor:
        """Return the mean over crops."""
        crops, labels = batch  # (N, 3, S, S), (N,)
        return F.cross_entropy(model(crops), labels)


def learn(run: Run, model, data, task, collate=collate_detection) -> dict[str, float]:
    """Train ``model``; return steps, the last epoch's loss, and the processor's seconds."""
    s, batches = run.settings, loader(run, data, collate)
    optimizer = AdamW(parameter_groups(model, s["weight_decay"]), lr=s["lr"])
    steps = s["epochs"] * len(batches)
    scheduler = warmup_then_cosine(optimizer, steps, s["warmup_steps"])
    start = time.process_time()
    history = fit(model, task, batches, optimizer, scheduler, s["epochs"], max_norm=s["max_norm"])
    return {"steps": steps, "loss": history[-1]["loss"], "train_seconds": time.process_time() - start}


def score(model, samples, proposals=None) -> dict[str, float]:
    """Return AP and AP50 on held-out scenes; ``proposals`` are boxes (P, 4) for each, where the model takes any."""
    figures = MeanAveragePrecision(K)
    model.eval()
    with no_grad():
        for i, (image, target) in enumerate(samples):
            given = {} if proposals is None else {"proposals": [proposals[i]]}
            (found,) = model([image], **given)
            answer = {name: value.numpy() for name, value in found.items()}
            figures.update([{name: target[name] for name in TRUTH}], [answer])
    found = figures.compute()
    return {"ap": found["AP"], "ap50": found["AP50"]}


def searched(samples) -> list[np.ndarray]:
    """Return what selective search found in each of the samples."""
    return [target["proposals"] for _, target in samples]


def images_of(samples, count: int) -> list[np.ndarray]:
    """Return the first pictures."""
    return [image for image, _ in samples[:count]]


def named(prefix: str, figures: dict) -> dict:
    """Return the figures with a prefix before their names."""
    return {f"{prefix}_{name}": value for name, value in figures.items()}


# what all detectors start from ---------------------------------------------------------------------------------------


class CropClassifier(nn.Module):
    """The backbone, the mean of its map, and one fully connected layer."""

    def __init__(self, backbone, classes: int = K):
        super().__init__()
        self.backbone = backbone
        (self.stride,) = backbone.strides
        self.linear = nn.Linear(backbone.channels[self.stride], classes)

    def forward(self, crops):
        """Map crops (N, 3, S, S) to scores (N, K), logits."""
        return self.linear(self.backbone(crops)[self.stride].mean((2, 3)))


def any_object(side: int, context: int):
    """Return a transform of scenes: one of the objects, warped to a square as R-CNN warps regions, and its class."""

    def cut(image, target, rng):
        i = rng.integers(len(target["labels"]))
        (crop,) = warp(image, target["boxes"][i : i + 1], side, context)
        return crop, int(target["labels"][i])

    return cut


def backbone(run: Run, before: None):
    """Train the backbone to name single digits. The papers' detectors start from a classifier of ImageNet."""
    s = run.settings
    options = {"size": s["size"], "seed": run.seed, "transform": any_object(s["crop_size"], s["context"])}
    crops = DigitScenes("train", length=s["scenes"], fresh=True, **options)
    return crop_backbone(run, crops, DigitScenes("test", length=s["test_scenes"], **options), K)


def crop_backbone(run: Run, data, held_out, classes: int):
    """Train a backbone to name the crops of a data set; return its figures, and the backbone."""
    random.manual_seed(run.seed)
    s = run.settings
    model = CropClassifier(backbones.backbone(s["backbone"], (s["stride"],), False), classes)
    found = learn(run, model, data, Naming(), default_collate)
    samples = [held_out.sample(i, np.random.default_rng([run.seed, i])) for i in range(len(held_out))]
    crops, labels = zip(*samples, strict=True)
    model.eval()
    with no_grad():
        right = model(tensor(np.stack(crops))).numpy().argmax(1) == np.array(labels)
    return {**found, "accuracy": float(right.mean())}, model.backbone


def new_backbone(run: Run, before: dict):
    """Return the backbone as its classifier left it."""
    s = run.settings
    network = backbones.backbone(s["backbone"], (s["stride"],), False)
    network.load_state_dict(before)
    return network


def new_fast(run: Run, network) -> FastRCNN:
    """Return a Fast R-CNN on a backbone."""
    return FastRCNN(K, network, search=run.settings["search"], **run.settings["fast_args"])


# the detectors -------------------------------------------------------------------------------------------------------


def sliding_window(run: Run, before: None):
    """Train a sliding-window detector: from random weights, for its network has no padding, and is no backbone."""
    random.manual_seed(run.seed)
    s = run.settings
    model = SlidingWindowDetector(K, **s["window_args"])
    found = learn(run, model, scenes(run, "train", search=False), Losses())
    held_out = scenes(run, "test", search=False)
    seconds = stage_seconds(model, WINDOWS, images_of(held_out, s["timed_images"]), s["repeats"])
    count = model.count((s["size"], s["size"]))
    return {**found, **score(model, held_out), **seconds, "regions": count.windows, "bytes": 0}, model


def every_window(run: Run, before: dict):
    """Train a sliding window on the backbone that the detectors with regions start from; no work is shared."""
    random.manual_seed(run.seed)
    s = run.settings
    model = EveryWindow(K, new_backbone(run, before), s["window_args"], **s["rcnn_args"])
    found = learn(run, model, scenes(run, "train", search=False), Losses())
    held_out = scenes(run, "test", search=False)
    seconds = stage_seconds(model, EVERY, images_of(held_out, s["timed_images"]), s["repeats"])
    windows = len(model.windows.boxes((s["size"], s["size"])))
    return {**found, **score(model, held_out), **seconds, "regions": windows, "bytes": 0}, model


def fast_rcnn(run: Run, before: dict):
    """Train Fast R-CNN, classes and boxes at once; keep the backbone that it started from, too."""
    random.manual_seed(run.seed)
    s, start = run.settings, new_backbone(run, before)
    model = new_fast(run, new_backbone(run, before))
    found = learn(run, model, scenes(run, "train"), Losses())
    held_out = scenes(run, "test")
    boxes = searched(held_out)
    seconds = stage_seconds(model, FAST, images_of(held_out, s["timed_images"]), s["repeats"])
    figures = {**found, **score(model, held_out, boxes), **seconds, "regions": float(np.mean([*map(len, boxes)])),
               "bytes": 0}  # fmt: skip
    kept = {name: value.numpy().copy() for name, value in model.roi_heads.box_predictor.bbox_pred.state_dict().items()}
    leave_boxes(model)
    figures |= named("unmoved", score(model, held_out, boxes))
    model.roi_heads.box_predictor.bbox_pred.load_state_dict(kept)
    return figures, Kept(start=start, fast=model)


def leave_boxes(model: FastRCNN) -> None:
    """Make a detector answer with the proposals as they are: all deltas are 0."""
    for parameter in model.roi_heads.box_predictor.bbox_pred.parameters():
        parameter._write_array()[...] = 0


def class_only(run: Run, before: dict):
    """Train Fast R-CNN without the loss of boxes; they stay where the proposals are."""
    random.manual_seed(run.seed)
    model = new_fast(run, new_backbone(run, before))
    found = learn(run, model, scenes(run, "train"), Losses(("loss_classifier",)))
    leave_boxes(model)
    held_out = scenes(run, "test")
    return {**found, **score(model, held_out, searched(held_out))}, model


def staged(run: Run, before: dict):
    """Go on from a network that knows only classes: the layer of boxes learns, all else stays as it is."""
    random.manual_seed(run.seed)
    model = new_fast(run, backbones.backbone(run.settings["backbone"], (run.settings["stride"],), False))
    fresh = {name: value.numpy().copy() for name, value in model.roi_heads.box_predictor.bbox_pred.state_dict().items()}
    model.load_state_dict(before)
    model.requires_grad_(False)
    model.backbone.freeze()
    model.roi_heads.box_predictor.bbox_pred.load_state_dict(fresh)
    model.roi_heads.box_predictor.bbox_pred.requires_grad_(True)
    found = learn(run, model, scenes(run, "train"), Losses(("loss_box_reg",)))
    held_out = scenes(run, "test")
    return {**found, **score(model, held_out, searched(held_out))}, model


def faster_rcnn(run: Run, before: dict):
    """Train Faster R-CNN, all four losses at once; compare its proposals with selective search's."""
    random.manual_seed(run.seed)
    s = run.settings
    model = FasterRCNN(K, new_backbone(run, before), **s["fast_args"], **s["rpn_args"])
    found = learn(run, model, scenes(run, "train", search=False), Losses())
    held_out = scenes(run, "test")
    truth = [target for _, target in held_out]
    seconds = stage_seconds(model, FASTER, images_of(held_out, s["timed_images"]), s["repeats"])
    proposed = [model.eval().propose([image])[0] for image, _ in held_out]
    figures = {**found, **score(model, held_out), **seconds, "regions": float(np.mean([*map(len, proposed)])),
               "bytes": 0}  # fmt: skip
    for name, boxes in (
        ("searched", searched(held_out)),
        *((f"rpn{n}", [b[:n] for b in proposed]) for n in s["first"]),
    ):
        figures |= named(name, {
            **score(model, held_out, boxes), "boxes": float(np.mean([*map(len, boxes)])),
            "recall": proposal_recall(boxes, truth), "recall75": proposal_recall(boxes, truth, 0.75),
            "mabo": mean_average_best_overlap(boxes, truth),
        })  # fmt: skip
    return figures, model


def rcnn(run: Run, before: dict):
    """Train R-CNN stage by stage, from the backbone that Fast R-CNN started from; keep both detectors."""
    random.manual_seed(run.seed)
    s = run.settings
    fast = new_fast(run, new_backbone(run, weights_of(before, "start")))
    fast.load_state_dict(weights_of(before, "fast"))
    model = RCNN(K, new_backbone(run, weights_of(before, "start")), search=s["search"], **s["rcnn_args"])
    start = time.process_time()
    stages = model.fit(scenes(run, "train"), steps=s["steps"], lr=s["lr"], progress=False)
    found = {"train_seconds": time.process_time() - start, "steps": s["steps"]}
    found |= {"loss": float(np.mean(stages["fine-tuning"]["loss"][-20:])), "bytes": stages["features"]["bytes"]}
    held_out = scenes(run, "test")
    boxes = searched(held_out)
    seconds = stage_seconds(model, RCNN_STAGES, images_of(held_out, s["timed_images"]), s["repeats"])
    figures = {**found, **score(model, held_out, boxes), **seconds, "regions": float(np.mean([*map(len, boxes)]))}
    return figures, Kept(rcnn=model, fast=fast)


# measurements of what was trained ------------------------------------------------------------------------------------


def regions(run: Run, before: dict):
    """Time both detectors with more and more regions."""
    s = run.settings
    fast = new_fast(run, backbones.backbone(s["backbone"], (s["stride"],), False))
    fast.load_state_dict(weights_of(before, "fast"))
    model = RCNN(K, backbones.backbone(s["backbone"], (s["stride"],), False), **s["rcnn_args"])
    model.load_state_dict(weights_of(before, "rcnn"))
    image, _ = scenes(run, "test", search=False)[0]
    return against_regions(fast, model, image, s, run.seed), None


def ranks(run: Run, before: dict):
    """Score and time Fast R-CNN with its fully connected layers cut to several ranks."""
    s = run.settings
    model = new_fast(run, backbones.backbone(s["backbone"], (s["stride"],), False))
    model.load_state_dict(weights_of(before, "fast"))
    held_out = scenes(run, "test")
    models = {"full": model, **{str(rank): model.compress(rank_pair(rank)) for rank in s["ranks"]}}
    figures = against_rank(models, held_out[0][0], s, run.seed)
    for name, other in models.items():
        found = score(other, held_out, searched(held_out))
        figures |= {f"{figure}_{name}": value for figure, value in found.items()}
    return figures, None


def rank_pair(rank: int) -> tuple[int, int]:
    """Return the ranks of fc6 and fc7: a quarter for fc7, as the paper's 1024 and 256."""
    return rank, max(1, rank // 4)
