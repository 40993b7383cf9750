"""Which networks, at which sizes of image and batch, and what ``--only``, ``--size`` and ``--batch`` leave of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from . import classifiers, detectors, segmenters
from .layers import walk
from .shapes import Shape

SQUARE, WIDE, CAMVID, SSD, REGION = (224, 224), (240, 320), (180, 240), (300, 300), (14, 14)
PHOTOGRAPHS = [*((SQUARE, n) for n in (1, 2, 8)), *((WIDE, n) for n in (1, 4))]

#: name -> (what makes its rows, [((H, W), N)])
NETWORKS = {
    "mobilenet_v2": (classifiers.mobilenet_v2, PHOTOGRAPHS),
    "resnet18": (classifiers.resnet18, PHOTOGRAPHS),
    "resnet50": (classifiers.resnet50, PHOTOGRAPHS),
    "vgg16": (classifiers.vgg16, PHOTOGRAPHS),
    "squeezenet1_0": (classifiers.squeezenet, PHOTOGRAPHS),
    "unet": (segmenters.unet, [(CAMVID, 1)]),  # the last three as in the training steps of benchmarks.cases
    "unet_fast": (segmenters.unet_fast, [(CAMVID, 4)]),
    "segnet": (segmenters.segnet, [(CAMVID, 8)]),
    "fpn": (detectors.fpn, PHOTOGRAPHS),
    "fpn64": (partial(detectors.fpn, 64), PHOTOGRAPHS),
    "rpn": (detectors.rpn, PHOTOGRAPHS),
    "rpn64": (partial(detectors.rpn, 64), PHOTOGRAPHS),
    "rpn_vgg16": (detectors.rpn_vgg16, PHOTOGRAPHS),
    "box_head": (detectors.box_head, [((7, 7), 128)]),  # 128 regions
    "box_head_resnet50": (classifiers.resnet50_stage_on_regions, [(REGION, 128)]),
    "mask_head": (detectors.mask_head, [(REGION, 128)]),
    "keypoint_head": (detectors.keypoint_head, [(REGION, 128)]),
    "tiny_yolo": (detectors.tiny_yolo, PHOTOGRAPHS),
    "yolo_head": (detectors.yolo_head, PHOTOGRAPHS),
    "ssd300": (detectors.ssd300, [(SSD, n) for n in (1, 2, 8)]),
}


def _same(n: int, c: int, side: int, f: int, k: int, s: int = 1, d: int = 1, g: int = 1) -> Shape:
    return Shape(n, c, side, side, f, k, s, d * (k - 1) // 2, d, g)


#: a short list of kinds that networks have and general loops are slow at; measured with ``--only focus``
FOCUS = [
    _same(2, 384, 14, 384, 3, g=384),
    _same(2, 960, 7, 960, 3, g=960),
    _same(2, 144, 56, 144, 3, g=144),
    _same(2, 96, 112, 96, 3, s=2, g=96),
    _same(2, 512, 7, 512, 3),
    _same(2, 320, 7, 1280, 1),
    _same(2, 256, 10, 512, 3, s=2),
    _same(1, 512, 14, 512, 3),
    _same(2, 256, 14, 256, 3),
    _same(2, 1024, 7, 1024, 3),
    _same(4, 64, 32, 64, 5),
    _same(4, 32, 32, 32, 7),
    _same(4, 32, 40, 32, 5),
    _same(2, 64, 64, 64, 5, s=2),
    _same(1, 128, 32, 128, 3, d=4),
    _same(4, 128, 28, 128, 3, g=4),
    _same(2, 3, 224, 32, 3, s=2),
    _same(2, 3, 224, 64, 7, s=2),
]


@dataclass(frozen=True)
class View:
    """A network at one size of image and batch: its distinct convolutions, and how often each occurs."""

    network: str
    size: tuple[int, int] | None  # (H, W); None for the short list
    batch: int | None
    shapes: dict[Shape, int]

    @property
    def name(self) -> str:
        """Describe it, as a heading does."""
        if self.size is None:
            return self.network
        return f"{self.network}, {self.size[0]}x{self.size[1]}, batch {self.batch}"


def all_views() -> list[View]:
    """Return every network at each of its sizes; the short list is the last."""
    views = [
        View(name, size, batch, dict(Counter(walk(rows(), size, batch))))
        for name, (rows, sizes) in NETWORKS.items()
        for size, batch in sizes
    ]
    return [*views, View("focus", None, None, dict.fromkeys(FOCUS, 1))]


def select(only: Iterable[str] = (), sizes: Iterable[tuple[int, int]] = (), batches: Iterable[int] = ()) -> list[View]:
    """Return the views whose network contains one of ``only``, and that have one of the sizes and batches.

    What is empty chooses everything; but the short list has to be named. The two sides of a size come in any order.
    """
    only, batches = list(only), list(batches)
    sides = [sorted(size) for size in sizes]

    def wanted(view: View) -> bool:
        named = any(part in view.network for part in only) if only else view.size is not None
        sized = not sides or (view.size is not None and sorted(view.size) in sides)
        return named and sized and (not batches or view.batch in batches)

    return [view for view in all_views() if wanted(view)]


def distinct(views: Iterable[View]) -> list[Shape]:
    """Return every shape of the views once, in their order."""
    return list(dict.fromkeys(shape for view in views for shape in view.shapes))
