"""What a run of the chapter on segmentation does: train and score a network, or count and time a sliding window."""

from __future__ import annotations

import time

import numpy as np

from minidet import Tensor, nn, no_grad, random, tensor
from minidet.data import DataLoader, DigitScenes, ShapeScenes, ShapeSegmentation, collate_semantic, default_collate
from minidet.metrics import BoundaryF1, majority_class
from minidet.models import FCN8s, FCN16s, FCN32s, SegNet, SlidingWindow
from minidet.models.complexity import counting
from minidet.models.segmentation.blocks import normalise
from minidet.nn import functional as F
from minidet.optim import AdamW
from minidet.training.fit import fit
from minidet.training.optimiser import parameter_groups, warmup_then_cosine
from minidet.training.tasks.segmentation import PixelLoss, class_shares, class_weights, evaluate

from .runs import Run

NETWORKS = {"32s": FCN32s, "16s": FCN16s, "8s": FCN8s}
FINER = {"16s": FCN16s.from_32s, "8s": FCN8s.from_16s}
BITS_PER_SWITCH = 2  # one of four pixels
JITTER = 4  # pixels by which the middle of a crop may miss the middle of its object, in rows and in columns
COUNTED = 200  # scenes in which the classes' pixels are counted


def scenes(run: Run, split: str, length: int) -> ShapeSegmentation | DigitScenes:
    """Open the generated scenes: new ones at every visit for training, the seed's own ones for testing."""
    kind = {"shapes": ShapeSegmentation, "digits": DigitScenes}[run.settings["data"]]
    return kind(split, run.settings["size"], length, seed=run.seed, fresh=split == "train")


def optimise(run: Run, model, task, dataset, collate) -> tuple[int, float]:
    """Train ``model`` as the settings say; return the number of steps, and the mean loss of the last epoch.

    The samples follow from the seed and the number of earlier runs that this one continues. So two variants see the
    same ones, and no part of a training sees those of an earlier part again.
    """
    s = run.settings
    part, earlier = 0, run.after
    while earlier:
        part, earlier = part + 1, earlier.after
    loader = DataLoader(dataset, s["batch_size"], shuffle=True, collate_fn=collate, drop_last=True,
                        rng=np.random.default_rng([run.seed, part]))  # fmt: skip
    optimizer = AdamW(parameter_groups(model, s["weight_decay"]), lr=s["lr"])
    scheduler = warmup_then_cosine(optimizer, s["epochs"] * len(loader), s["warmup_steps"])
    history = fit(model, task, loader, optimizer, scheduler, s["epochs"], max_norm=s["max_norm"])
    return s["epochs"] * len(loader), history[-1]["loss"]


def train(run: Run, model) -> dict[str, float]:
    """Train ``model`` to label pixels, and return its scores on held-out scenes."""
    dataset = scenes(run, "train", run.settings["scenes"])
    weights = class_weights(class_shares(dataset, COUNTED), run.settings["class_weight_power"])
    steps, loss = optimise(run, model, PixelLoss(len(dataset.classes), weights=weights), dataset,
                           collate_semantic)  # fmt: skip
    held_out = scenes(run, "test", run.settings["test_scenes"])
    boundary = BoundaryF1(len(held_out.classes))
    matrix = evaluate(model, held_out, boundary=boundary)
    return {
        "steps": steps,
        "loss": loss,
        "mean_iou": matrix.mean_iou,
        "boundary_f1": boundary.mean_f1,
        "majority_mean_iou": majority_class(matrix).mean_iou,
    }


def num_classes(run: Run) -> int:
    return len(scenes(run, "test", 1).classes)


class CropClassifier(nn.Module):
    """What an FCN starts from: its layers up to fc7, the mean of all cells, and one fully connected layer."""

    def __init__(self, network: FCN32s, hidden: int, num_classes: int):
        super().__init__()
        self.network = network
        self.score = nn.Linear(hidden, num_classes)

    def forward(self, crops):
        """Map crops (N, 3, S, S) to class scores (N, K), logits."""
        _, _, fc7 = self.network.backbone(normalise(crops))
        return self.score(fc7.mean((2, 3)))  # (N, F, h, w) to (N, F)


class CropTask:
    """Cross-entropy of the class of the object in each crop."""

    def start_epoch(self) -> None:
        """Nothing to forget."""

    def status(self) -> dict[str, str]:
        """The progress bar shows the loss alone."""
        return {}

    def loss(self, model, batch) -> Tensor:
        """Return the mean over crops."""
        crops, labels = batch  # (N, 3, S, S), (N,)
        return F.cross_entropy(model(crops), labels)


def around_object(image: np.ndarray, target: dict, rng: np.random.Generator) -> tuple[np.ndarray, int]:
    """Cut a window half as wide as the scene, with the scene's only object about in its middle."""
    height, width = (side // 2 for side in image.shape[1:])
    x1, y1, x2, y2 = target["boxes"][0]
    corner = np.array([(y1 + y2 - height) / 2, (x1 + x2 - width) / 2]) + rng.integers(-JITTER, JITTER + 1, 2)
    y, x = np.clip(corner.astype(np.int64), 0, [height, width])  # inside: the scene is twice as large
    return image[:, y : y + height, x : x + width], int(target["labels"][0])


def classifier(run: Run, before: None):
    """Train FCN-32s to tell what is in a crop; return it without the classifier's last layer.

    The paper's networks start from VGG16, a classifier of ImageNet. Here every scene has one object: where they hide
    each other, hundreds of steps teach nothing.
    """
    random.manual_seed(run.seed)
    s = run.settings
    options = {"size": s["size"], "seed": run.seed, "objects": 1, "transform": around_object}
    seen = ShapeScenes("train", length=s["scenes"], fresh=True, **options)
    held_out = ShapeScenes("test", length=s["test_scenes"], **options)
    network = FCN32s(len(seen.classes), **s["model_args"])
    model = CropClassifier(network, s["model_args"]["hidden"], len(seen.classes))
    steps, loss = optimise(run, model, CropTask(), seen, default_collate)
    loader = DataLoader(held_out, s["batch_size"], collate_fn=default_collate, rng=np.random.default_rng(run.seed))
    right = 0
    model.eval()
    with no_grad():
        for crops, labels in loader:
            right += int((model(crops).numpy().argmax(1) == labels.numpy()).sum())
    return {"steps": steps, "loss": loss, "accuracy": right / len(held_out)}, network


def fcn(run: Run, before: dict):
    """Train one part of an FCN: ``"32s-16s"`` is FCN-16s, started from FCN-32s as the part before left it.

    ``"32s"`` starts from the classifier.
    """
    random.manual_seed(run.seed)
    *earlier, name = run.variant.split("-")
    last = earlier[-1] if earlier else name
    model = NETWORKS[last](num_classes(run), **run.settings["model_args"])
    model.load_state_dict(before)
    if name != last:
        model = FINER[name](model)
    return train(run, model), model


def segnet(run: Run, before: None):
    """Train SegNet with one way of unpooling: the same first weights and scenes for all of them."""
    random.manual_seed(run.seed)
    model = SegNet(num_classes(run), unpool=run.variant, **run.settings["model_args"])
    return {**train(run, model), **remembered_bytes(model, run.settings["size"])}, model


def remembered_bytes(model: SegNet, side: int) -> dict[str, int]:
    """Return what an encoder can hand to its decoder for one image of side x side pixels, in bytes.

    Switches as they are stored here (PyTorch's int64), and in the 2 bits that each needs (SegNet, section 3); whole
    feature maps before pooling, float32, as U-Net copies them.
    """
    switches = packed = maps = 0
    x = tensor(np.zeros((1, 3, side, side), np.float32))
    model.eval()
    with no_grad():
        for stage in model.encoder:
            x, indices, (height, width) = stage(x)  # (1, F, H // 2, W // 2)
            switches += indices.numpy().nbytes
            packed += indices.numel() * BITS_PER_SWITCH // 8
            maps += indices.shape[1] * height * width * np.dtype(np.float32).itemsize
    return {"switch_bytes": switches, "packed_bytes": packed, "map_bytes": maps}


def windows(run: Run, before: None):
    """Train a classifier of windows; then compare both ways of running it: scores, multiply-adds, seconds."""
    random.manual_seed(run.seed)
    model = SlidingWindow(num_classes(run), **run.settings["model_args"])
    figures = train(run, model)
    image = scenes(run, "test", 1).load(0)[0]
    return {**figures, **compare_ways(model, tensor(image[None]), run.settings["repeats"])}, model


def compare_ways(model: SlidingWindow, images: Tensor, repeats: int) -> dict[str, float]:
    """Run every window by itself, and all at once; in turns, so that a busy machine is busy for both."""
    ways = {"by crops": lambda: model.scores_by_crops(images), "at once": lambda: model(images)}
    scores, products, seconds = {}, {}, {name: [] for name in ways}
    model.eval()
    with no_grad():
        for name, way in ways.items():  # not timed: it compiles
            with counting(model) as counts:
                scores[name] = way().numpy()
            products[name] = sum(counts)
        for _ in range(repeats):
            for name, way in ways.items():
                start = time.perf_counter()
                way()
                seconds[name].append(time.perf_counter() - start)
    by_crops, at_once = scores.values()
    crop_seconds, convolutional_seconds = (min(times) for times in seconds.values())
    return {
        "largest_difference": float(np.abs(by_crops - at_once).max() / np.abs(by_crops).max()),
        "same_labels": float((by_crops.argmax(1) == at_once.argmax(1)).mean()),
        "crop_multiply_adds": products["by crops"],
        "multiply_adds": products["at once"],
        "cost_ratio": products["by crops"] / products["at once"],
        "overlap": overlap(model, *images.shape[-2:]),
        "crop_seconds": crop_seconds,
        "convolutional_seconds": convolutional_seconds,
        "time_ratio": crop_seconds / convolutional_seconds,
    }


def overlap(model: SlidingWindow, height: int, width: int) -> float:
    """Return in how many windows a product is used, on average, counted window by window.

    A layer that makes maps of m x m pixels of a window makes them, for the window in row i, of the rows i + a d of the
    whole image, 0 <= a < m, with neighbours d pixels apart.
    """
    side, spacing = model.window, 1
    used = made = 0
    for conv in model.convs:
        side -= conv.weight.shape[-1] - 1
        rows, columns = (_windows_at(length, side, spacing) for length in (height, width))
        used += conv.weight.numel() * int(np.outer(rows, columns).sum())
        made += conv.weight.numel() * len(rows) * len(columns)
        side, spacing = side // 2, 2 * spacing
    last = (model.hidden.weight.numel() + model.classifier.weight.numel()) * height * width  # of one window each
    return (used + last) / (made + last)


def _windows_at(length: int, side: int, spacing: int) -> np.ndarray:
    """Return, for each row of a layer's map of the whole image, how many windows look at it."""
    counts = np.zeros(length + (side - 1) * spacing, np.int64)
    for i in range(length):
        counts[i + spacing * np.arange(side)] += 1
    return counts
