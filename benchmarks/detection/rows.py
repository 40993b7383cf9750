"""The rows: each is the same work in minidet and in the library that is known for it, with a goal beside it."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..cases import with_backward
from . import inputs
from .networks import IMAGES, KINDS, SIZE, detector

STRIDE = 16
SEGMENTS = (100.0, 0.8, 50)  # scale, sigma, min_size


@dataclass(frozen=True)
class Goal:
    """What is to be reached: how many times as fast as the peer, or in how many seconds."""

    ratio: float = 0.0
    seconds: float = 0.0

    def __str__(self):
        if self.seconds:
            return f"at most {self.seconds:g} s"
        return "not slower" if self.ratio == 1 else f"{self.ratio:g} times as fast"

    def reached(self, ratio: float | None, seconds: float) -> bool | None:
        """Tell whether figures reach it; None where there is no peer to compare with."""
        if self.seconds:
            return seconds <= self.seconds
        return None if ratio is None else ratio >= self.ratio


@dataclass(frozen=True)
class Row:
    """One row of the table; each side is built from a backend, and returns a callable without arguments."""

    name: str
    peer: str  # of benchmarks.detection.peers
    goal: Goal
    mine: Callable
    theirs: Callable
    long: bool = False  # its peer needs seconds for one run


def both(name: str, goal: Goal, build: Callable, long: bool = False, peer: str = "torchvision") -> Row:
    """Return a row beside torchvision or PyTorch, whose names are minidet's: it is written once."""
    return Row(name, peer, goal, build, build, long)


def suppression(count: int) -> Row:
    """``nms`` of so many boxes, with the threshold of a region proposal network."""

    def build(backend):
        rng = np.random.default_rng(0)
        boxes = backend.array(inputs.boxes(count, rng))
        scores = backend.array(rng.random(count, np.float32))
        return lambda: backend.ops.nms(boxes, scores, 0.7)

    return both(f"nms, {count:,} boxes", Goal(ratio=2), build, long=count > 10_000)


def pooling(name: str, goal: Goal, backward: bool, **options) -> Row:
    """Features of 512 regions from a map of 256 x 50 x 68."""

    def build(backend):
        x = backend.random((1, 256, 50, 68), grad=backward)
        rois = backend.array(inputs.regions(512, np.random.default_rng(0)))
        operation = getattr(backend.ops, name)

        def forward():
            return operation(x, rois, 7, 1 / STRIDE, **options)

        return with_backward(backend, forward, [x]) if backward else backend.without_grad(forward)

    return both(f"{name} (256,50,68), 512 regions, 7x7, {'forward + backward' if backward else 'forward'}", goal, build)


def segments() -> Row:
    """Felzenszwalb's segments of a picture, in floats as each library wants it."""

    def mine(backend):
        image = backend.array(np.ascontiguousarray(inputs.picture().transpose(2, 0, 1)))
        return lambda: backend.ops.felzenszwalb(image, *SEGMENTS)

    def theirs(_):
        from skimage.segmentation import felzenszwalb

        image = inputs.picture()
        return lambda: felzenszwalb(image, *SEGMENTS)

    return Row("felzenszwalb, 640x480", "scikit-image", Goal(seconds=0.15), mine, theirs)


def search(mode: str) -> Row:
    """Selective search of a picture; both read the picture anew each time."""

    def mine(backend):
        image = backend.array(np.ascontiguousarray(inputs.picture().transpose(2, 0, 1)))
        return lambda: backend.ops.selective_search(image, mode, rng=np.random.default_rng(0))

    def theirs(_):
        import cv2

        cv2.setNumThreads(int(os.environ.get("OMP_NUM_THREADS", "1")))
        image = np.ascontiguousarray((inputs.picture()[..., ::-1] * 255).astype(np.uint8))  # BGR

        def run():
            found = cv2.ximgproc.segmentation.createSelectiveSearchSegmentation()
            found.setBaseImage(image)
            strategy = {"single": "SingleStrategy", "fast": "SelectiveSearchFast", "quality": "SelectiveSearchQuality"}
            getattr(found, f"switchTo{strategy[mode]}")()
            return found.process()

        return run

    return Row(f"selective_search, 640x480, {mode}", "OpenCV", Goal(ratio=1), mine, theirs, mode == "quality")


def evaluation(images: int = 1000, detections: int = 50_000) -> Row:
    """COCO's twelve figures, from lists of dicts."""

    def mine(_):
        from minidet.metrics import coco_evaluate

        truth, answers = inputs.scenes(images, detections)
        return lambda: coco_evaluate(truth, answers)

    def theirs(_):
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval

        truth, answers = inputs.scenes(images, detections)

        def run():
            with contextlib.redirect_stdout(io.StringIO()):
                data = COCO()
                data.dataset = truth
                data.createIndex()
                found = COCOeval(data, data.loadRes(answers), "bbox")
                found.evaluate()
                found.accumulate()
                found.summarize()
            return found.stats

        return run

    name = f"coco_evaluate, {images:,} images, {detections:,} boxes"
    return Row(name, "pycocotools", Goal(ratio=5), mine, theirs, long=True)


def network(kind: str, training: bool) -> Row:
    """Return a row of a whole detector, beside the same in PyTorch."""
    what = "training step" if training else "inference"
    height, width = SIZE
    name = f"{what} {kind}, batch {IMAGES}, {height}x{width}"
    return both(name, Goal(ratio=1.25), detector(kind, training), peer="PyTorch")


ROWS = [
    *(suppression(count) for count in (1_000, 6_000, 30_000)),
    *(pooling("roi_align", Goal(ratio=3), backward, sampling_ratio=2) for backward in (False, True)),
    *(pooling("roi_pool", Goal(ratio=1.25), backward) for backward in (False, True)),
    segments(),
    *(search(mode) for mode in ("single", "fast", "quality")),
    evaluation(),
    *(network(kind, training) for kind in KINDS for training in (True, False)),
]
BY_NAME = {row.name: row for row in ROWS}


def build_row(name: str, backend) -> Callable:
    """Return what a process runs."""
    row = BY_NAME[name]
    return (row.mine if backend.name == "minidet" else row.theirs)(backend)
