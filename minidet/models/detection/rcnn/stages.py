"""R-CNN's training, stage by stage: what is learnt in one is fixed in the next.

    1 proposals      where an object may be, of every image                  --> proposals.f32
    2 fine-tuning    the network learns K classes on warped regions          --> model/
    3 features       pool5 of every region of every image: gigabytes         --> features.f32
    4 SVMs           one for each class, on fc7, with hard negatives         --> model/
    5 regression     one ridge regression for each class, on pool5           --> model/

All that a stage made lies in the folder. A run that is interrupted goes on where it was: in the middle of a stage, too,
and with the same result as without the interruption.
"""

from __future__ import annotations

import contextlib
import hashlib
import pathlib
import tempfile
import time
import zlib

import numpy as np
from tqdm import tqdm

from ....autograd import no_grad
from ....errors import bad_argument, integer, number
from ....optim import SGD
from ....random import generator, get_rng_state, set_rng_state
from ....serialization import FolderLock, load_checkpoint, save_checkpoint
from ..contract import read_proposals
from .bbox_ridge import CODER, fit_ridge
from .cache import RowCache
from .mining import mine
from .svm import feature_scale
from .windows import draw_batch, fine_tuning_labels, regression_pairs, svm_negatives

KEPT = 2**30  # bytes of images that stay in memory during fine-tuning
SAMPLES = 4096  # regions that the mean length of features is taken from
STAGES = ("proposals", "fine-tuning", "features", "svm", "regression")


def fit(model, data, proposals=None, *, folder=None, steps: int = 1000, lr: float = 1e-3, momentum: float = 0.9,
        weight_decay: float = 5e-4, save_every: int = 100, resume: bool = True,
        progress: bool = True) -> dict:  # fmt: skip
    """Train an R-CNN.

    >>> model = RCNN(4, pretrained=True)
    >>> record = model.fit(data, folder="runs/rcnn", steps=500)
    >>> record["features"]["bytes"] / 1e9, "gigabytes"

    Parameters
    ----------
    model : RCNN
    data : sequence of (image, target)
        A data set, or ``list(zip(images, targets))``. A sample is read several times and has to stay the same: no
        random transforms.
    proposals : sequence of ndarray (P, 4), optional
        For each image, in its pixels. By default those under ``"proposals"`` in the targets, else selective search's.
    folder : path, optional
        Where everything lies that is learnt and computed, to go on after an interruption. Without it, in a temporary
        folder that is deleted at the end.
    steps, lr, momentum, weight_decay
        Of fine-tuning: batches, and SGD's options (section 2.3: 0.001).
    save_every : int
        Steps between two saves.
    resume : bool
        Go on with what is in the folder; else begin anew, and delete what an earlier run left there.
    progress : bool
        Show a bar for each stage.

    Returns
    -------
    dict of str to dict
        For each stage ``"seconds"``, and ``"regions"``; ``"loss"``, of each step; ``"bytes"`` on the disk; ``"hard"``,
        negatives that each class has looked at; ``"pairs"`` of each class.

    Raises
    ------
    ValueError
        The folder holds a run on other data, or with other options.
    FloatingPointError
        The loss of fine-tuning is NaN or infinite.
    """
    options = {
        "steps": integer("RCNN.fit", "steps", steps), "lr": number("RCNN.fit", "lr", lr, 0),
        "momentum": number("RCNN.fit", "momentum", momentum, 0),
        "weight_decay": number("RCNN.fit", "weight_decay", weight_decay, 0),
    }  # fmt: skip
    save_every = integer("RCNN.fit", "save_every", save_every, 1)
    with contextlib.ExitStack() as stack:
        if folder is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="rcnn-"))
        why = "two runs in one folder would mix their features"
        stack.enter_context(FolderLock(folder, "fit.lock", "RCNN.fit", why))
        stack.callback(model.train, model.training)
        if not resume:
            forget(pathlib.Path(folder))
        return Run(model, data, proposals, pathlib.Path(folder), options, save_every, progress).go(stack)


def forget(folder: pathlib.Path) -> None:
    """Delete what a run keeps in a folder, and nothing else; the model's arrays go with the next save."""
    (folder / "model" / "run.json").unlink(missing_ok=True)
    for name in ("features", "proposals"):
        for ending in ("json", "f32"):
            (folder / f"{name}.{ending}").unlink(missing_ok=True)


class Run:
    """One call of :func:`fit`."""

    def __init__(self, model, data, proposals, folder: pathlib.Path, options: dict, save_every: int, progress: bool):
        self.model, self.data, self.folder, self.options = model, data, folder, options
        self.save_every, self.progress = save_every, progress
        self.proposals = None if proposals is None else read_proposals("RCNN.fit", list(proposals), len(data))
        if not len(data):
            raise bad_argument("RCNN.fit", "data", "is empty", "at least one image")
        self.truths, self.sizes, self.checks, self.images, self.kept = [], [], [], {}, 0
        self.info = {"done": [], "step": 0, "record": {}}

    def go(self, stack: contextlib.ExitStack) -> dict:
        """Do what is left to do; ``stack`` closes files, whatever happens."""
        self.open = stack.enter_context
        self.read()
        self.load()
        self.timed("proposals", self.propose)
        self.timed("fine-tuning", self.fine_tune)
        self.timed("features", self.extract)
        for name, stage in (("svm", self.machines), ("regression", self.regress)):
            if name not in self.info["done"]:
                self.timed(name, stage)
        return self.info["record"]

    def timed(self, name: str, stage) -> None:
        """Do a stage, and save what it made."""
        start = time.perf_counter()
        found = stage()
        if name not in self.info["done"]:
            before = self.info["record"].get(name, {}).get("seconds", 0.0)
            self.info["record"][name] = {"seconds": before + time.perf_counter() - start, **found}
            self.info["done"].append(name)
            self.save()

    def bar(self, stage: str, total: int, done: int = 0):
        """Return a progress bar."""
        name = f"{STAGES.index(stage) + 1}/{len(STAGES)} {stage}"
        return tqdm(total=total, initial=done, desc=name, disable=not self.progress, dynamic_ncols=True)

    # what is there -----------------------------------------------------------------------------------------------

    def sample(self, i: int):
        """Return image (3, h, w), truth, and proposals or None, all in pixels of the image as the model sees it."""
        image, target = self.data[i]
        given = None if self.proposals is None else self.proposals[i]
        if given is None and isinstance(target, dict) and "proposals" in target:
            (given,) = read_proposals("RCNN.fit", [target["proposals"]], 1)
        given = None if given is None else [given]
        ((batch, truths, given),) = self.model.prepared([image], [target], given, learns=True)
        return batch, truths[0], None if given is None else given[0]

    def read(self) -> None:
        """Go through the data once: what is true of each image, and a checksum of all."""
        digest = hashlib.sha256()
        for i in range(len(self.data)):
            batch, truth, given = self.sample(i)
            self.truths.append(truth)
            self.sizes.append(batch.sizes[0])
            self.checks.append(zlib.crc32(np.ascontiguousarray(batch.images.numpy()).data))
            parts = (truth.boxes, truth.labels, truth.ignored, truth.crowd, *(() if given is None else (given,)))
            digest.update(repr((self.sizes[-1], self.checks[-1], given is None)).encode())
            digest.update(b"".join(np.ascontiguousarray(part).tobytes() for part in parts))
        model = self.model
        shapes = {name: value.shape for name, value in model.state_dict().items()}
        choices = (model.search, model.max_proposals, model.crop_size, model.context, model.batch, model.svm_iou,
                   model.fine_tuning_iou, model.pair_iou, model.ridge)  # fmt: skip
        digest.update(repr((shapes, choices, self.options)).encode())
        self.key = digest.hexdigest()

    def image(self, i: int) -> np.ndarray:
        """Return an image, from memory if it is there."""
        if i in self.images:
            return self.images[i]
        image = self.sample(i)[0].images.numpy()[0]
        if zlib.crc32(np.ascontiguousarray(image).data) != self.checks[i]:
            why = "features are computed once; leave out random transforms"
            raise bad_argument("RCNN.fit", "data", f"has another image {i} than before", "the same every time", why)
        if self.kept + image.nbytes <= KEPT:
            self.images[i], self.kept = image, self.kept + image.nbytes
        return image

    def load(self) -> None:
        """Go on from what is in the folder, if it is a run of the same data and options."""
        try:
            checkpoint = load_checkpoint(self.folder / "model")
        except FileNotFoundError:
            self.optimizer_state = None
            return
        if checkpoint.info.get("key") != self.key:
            why = "a run goes on only as it began; choose another folder"
            was = f"{self.folder} holds another run"
            raise bad_argument("RCNN.fit", "folder", was, "the same data, model and options", why)
        self.model.load_state_dict(checkpoint.model)
        self.optimizer_state, self.info = checkpoint.optimizer, checkpoint.info
        set_rng_state(self.info["rng"])

    def save(self, optimizer=None) -> None:
        """Save the model, and how far it is."""
        self.info.update(key=self.key, rng=get_rng_state())
        state = None if optimizer is None else optimizer.state_dict()
        save_checkpoint(self.folder / "model", self.model.state_dict(), state, self.info)

    # the stages --------------------------------------------------------------------------------------------------

    def propose(self) -> dict:
        """1: the regions of each image, clipped, without those that have no area."""
        self.boxes = self.open(RowCache(self.folder, "proposals", 4, self.key))
        with self.bar("proposals", len(self.data), len(self.boxes)) as bar:
            for i in range(len(self.boxes), len(self.data)):
                batch, _, given = self.sample(i)
                if given is None:
                    image, target = self.data[i]
                    searched = [np.asarray(self.model.propose([image])[0], np.float64)]
                    ((_, _, (given,)),) = self.model.prepared([image], [target], searched, learns=True)
                self.boxes.append(self.model.regions(given, batch.sizes[0]))
                bar.update()
        self.boxes.save()
        return {"regions": self.boxes.nbytes // 16}

    def regions(self, i: int) -> np.ndarray:
        """Return the regions of an image: its true boxes, then the proposals."""
        return np.concatenate([self.truths[i].boxes.astype(np.float32), self.boxes[i]])

    def fine_tune(self) -> dict:
        """2: batches of regions from all images."""
        if "fine-tuning" in self.info["done"]:
            return {}
        model, options = self.model, self.options
        labels = [
            fine_tuning_labels(self.regions(i), truth, model.fine_tuning_iou) for i, truth in enumerate(self.truths)
        ]
        ends = np.cumsum([0] + [len(part) for part in labels])
        labels = np.concatenate(labels)
        learns = [p for p in model.network.parameters() if p.requires_grad]
        optimizer = SGD(learns, options["lr"], options["momentum"], weight_decay=options["weight_decay"])
        if self.optimizer_state is not None:
            optimizer.load_state_dict(self.optimizer_state)
        losses = self.info.setdefault("losses", [])
        model.train()
        with self.bar("fine-tuning", options["steps"], self.info["step"]) as bar:
            for step in range(self.info["step"], options["steps"]):
                chosen = draw_batch(labels, *model.batch, generator())
                loss = model.classification_loss(self.crops(chosen, ends), labels[chosen])
                if not np.isfinite(loss.item()):
                    why = "a lower lr may help"
                    raise bad_argument("RCNN.fit", f"loss of step {step}", f"is {loss.item()}", "a finite number", why,
                                       FloatingPointError)  # fmt: skip
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
                bar.set_postfix_str(f"loss {np.mean(losses[-20:]):.3f}", refresh=False)
                bar.update()
                self.info["step"] = step + 1
                if (step + 1) % self.save_every == 0 and step + 1 < options["steps"]:
                    self.save(optimizer)
        return {"loss": self.info.pop("losses")}

    def crops(self, chosen: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Return the crops of regions by their numbers among those of all images, in ascending order."""
        owners = np.searchsorted(ends, chosen, side="right") - 1
        side = self.model.crop_size
        found = [self.model.crops(self.image(i), self.regions(i)[chosen[owners == i] - ends[i]])
                 for i in np.unique(owners)]  # fmt: skip
        return np.concatenate(found) if found else np.zeros((0, 3, side, side), np.float32)

    def extract(self) -> dict:
        """3: pool5 of every region, on the disk."""
        self.model.eval()
        digest = hashlib.sha256(self.key.encode())
        for name, value in self.model.network.state_dict().items():
            digest.update(name.encode() + value.numpy().tobytes())
        self.features = self.open(RowCache(self.folder, "features", self.model.network.cells, digest.hexdigest()))
        with self.bar("features", len(self.data), len(self.features)) as bar, no_grad():
            for i in range(len(self.features), len(self.data)):
                self.features.append(self.model.pool5_of(self.image(i), self.regions(i)))
                bar.set_postfix_str(f"{self.features.nbytes / 1e9:.2f} GB", refresh=False)
                bar.update()
        self.features.save()
        self.images.clear()
        return {"bytes": self.features.nbytes}

    def some(self) -> np.ndarray:
        """Return pool5 of some thousand regions, of images all over the data."""
        order = np.random.default_rng(0).permutation(len(self.data))
        found, count = [], 0
        for i in order:
            found.append(np.array(self.features[i][: max(1, SAMPLES // 16)]))
            count += len(found[-1])
            if count >= SAMPLES:
                break
        return np.concatenate(found)

    def machines(self) -> dict:
        """4: one SVM for each class."""
        model, network = self.model, self.model.network
        scale = feature_scale(network.features_of(self.some()))

        def images():
            with self.bar("svm", len(self.data)) as bar:
                for i, truth in enumerate(self.truths):
                    negative = svm_negatives(self.regions(i), truth, model.num_classes, model.svm_iou)
                    yield network.features_of(np.array(self.features[i])) * np.float32(scale), negative
                    bar.update()

        own = [network.features_of(np.array(self.features[i][: len(t.labels)])) for i, t in enumerate(self.truths)]
        own, labels = np.concatenate(own) * np.float32(scale), np.concatenate([t.labels for t in self.truths])
        miners = mine(images, [own[labels == k] for k in range(1, model.num_classes)])
        empty = np.zeros(own.shape[1]), 0.0
        weights, biases = zip(*[empty if m is None else (m.weight, m.bias) for m in miners], strict=True)
        model.svms.set_all(np.stack(weights), np.array(biases), scale, np.array([m is not None for m in miners]))
        return {"hard": [0 if m is None else m.seen for m in miners]}

    def regress(self) -> dict:
        """5: one regressor for each class, which learns from proposals only: a true box is where it should be."""
        model = self.model
        scale = feature_scale(self.some())
        model.regressors.scale._write_array()[...] = scale
        x, t, labels = [], [], []
        for i, truth in enumerate(self.truths):
            rows, nearest = regression_pairs(self.boxes[i], truth, model.pair_iou)
            x.append(self.features[i][len(truth.labels) + rows] * np.float32(scale))
            goal = truth.boxes[nearest].astype(np.float64)
            t.append(CODER.encode_single(goal, self.boxes[i][rows].astype(np.float64)).numpy())
            labels.append(truth.labels[nearest])
        x, t, labels = np.concatenate(x), np.concatenate(t), np.concatenate(labels)
        for k in range(1, model.num_classes):
            model.regressors.set_class(k - 1, *fit_ridge(x[labels == k], t[labels == k], model.ridge))
        return {"pairs": [int((labels == k).sum()) for k in range(1, model.num_classes)]}
