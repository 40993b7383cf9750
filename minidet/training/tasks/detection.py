"""Learning what is in a picture, and where each of it is: data sets, losses, evaluation and picture of the detectors.

A detector takes a list of images (3, H, W). In training it also takes their targets, and returns a dict of losses; else
it returns a list of dicts, ``{"boxes": (D, 4), "labels": (D,), "scores": (D,)}``. Background is class 0.

A detector may have two things more, and is asked for them, not for its name: an argument ``search``, and it gets
proposals beside pictures (:mod:`.proposals`); a method ``fit``, and it is trained stage by stage, on pictures that stay
as they are.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from ...autograd import Tensor, no_grad
from ...data import (
    CocoDetection,
    Dataset,
    DigitScenes,
    ShapeScenes,
    Subset,
    VOCDetection,
    collate_detection,
    data_root,
)
from ...data.photographs.folder import SPLITS
from ...data.transforms import Compose
from ...data.transforms.geometry import resize
from ...errors import bad_argument, check_choice, flag, integer, integers, number
from ...models import MODELS, RCNN, SlidingWindowDetector
from ...viz import overlay_objects
from ..recipe import LARGE
from .augmentation import sized, varied
from .detection_baseline import NAME, baseline_figures
from .detection_figures import Measured, measured
from .figures import Figures
from .freezing import check_freezing, freeze_first
from .pages import detector_stages, rcnn_stages, window_stages
from .proposals import Proposals, mode_for
from .records import coco_records
from .staged import train_in_stages
from .task import Source, Task

DIGITS_SIZE, SHAPES_SIZE, FIGURES_SIZE = 64, 96, 128  # pixels, the sides of a scene, unless the options say otherwise
FIGURES = (1, 4)  # people in a scene
SPLIT_NAMES = ("train", "val", "test")
LARGEST_SIDE = 4096
NAMED = 5  # detections that are named in words
MIN_SIDE = 320  # pixels: smaller pictures are enlarged before anything is drawn on them
PAGES = {RCNN: rcnn_stages, SlidingWindowDetector: window_stages}  # of models that have no box head for regions


def open_digits(task: Detection, split: str, training: bool) -> DigitScenes:
    """Open scenes of handwritten digits."""
    height, width = task.options.scene(DIGITS_SIZE)
    if height != width:
        raise bad_argument("train", "size", f"is {(height, width)}", "one number", "scenes of digits are square")
    if training:
        change, fresh = task.change((height, width)), not task.is_staged
        return DigitScenes("train", height, task.samples["train"], task.seed, transform=change, fresh=fresh)
    check_choice("eval", "split", split, ("test", "train"))
    return DigitScenes(split, height, task.samples["test"], task.seed + 1)


def open_shapes(task: Detection, split: str, training: bool) -> ShapeScenes:
    """Open scenes of overlapping shapes."""
    size = task.options.scene(SHAPES_SIZE)
    if training:
        change, fresh = task.change(size), not task.is_staged
        return ShapeScenes("train", size, task.samples["train"], task.seed, transform=change, fresh=fresh)
    return ShapeScenes(split, size, task.samples["test"], task.seed + 1)


def open_figures(task: Detection, split: str, training: bool) -> ShapeScenes:
    """Open scenes of generated people, who hide parts of one another."""
    size, scenes = task.options.scene(FIGURES_SIZE), {"classes": ("person",), "objects": FIGURES}
    if training:
        change, fresh = task.change(size), not task.is_staged
        return ShapeScenes("train", size, task.samples["train"], task.seed, transform=change, fresh=fresh, **scenes)
    return ShapeScenes(split, size, task.samples["test"], task.seed + 1, **scenes)


def open_nuclei(task: Detection, split: str, training: bool) -> CocoDetection:
    """Open photographs of cell nuclei."""
    check_choice("eval", "split", split, SPLIT_NAMES)
    root = data_root("nuclei_coco", task.where.root)
    change, masks = task.change() if training else None, task.options.masks
    return few(task, CocoDetection(root / split, root / "annotations" / f"{split}.json", change, masks=masks))


def open_bccd(task: Detection, split: str, training: bool) -> VOCDetection:
    """Open photographs of blood cells."""
    root = data_root("bccd_voc", task.where.root)
    return few(task, VOCDetection(root, split, task.change() if training else None, first_pixel=0))


def open_voc(task: Detection, split: str, training: bool) -> VOCDetection:
    """Open photographs of one's own, in VOC's form."""
    change = task.change() if training else None
    return few(task, VOCDetection(task.where.root, split, change, first_pixel=task.options.first_pixel))


def open_coco(task: Detection, split: str, training: bool) -> Dataset:
    """Open photographs of one's own, in COCO's form: all of the file, or a split's share."""
    options, where = task.options, task.where
    change = task.change() if training else None
    data = CocoDetection(where.root, where.annotations, change, masks=options.masks)
    if options.whole_file:
        return few(task, data)
    check_choice("eval", "split", split, SPLIT_NAMES)
    mine = [i for i in range(len(data)) if SPLITS[i % len(SPLITS)] == split]
    if not mine:
        was, expected = f"has {len(data)} pictures, none for split {split}", f"at least {SPLITS.index(split) + 1}"
        raise bad_argument("coco", "annotations", was, expected, "with whole_file=true, all are of one split")
    return few(task, Share(data, mine))


class Share(Subset):
    """Some pictures of another data set, with its classes."""

    @property
    def classes(self) -> list[str]:
        """The names of the classes."""
        return self.dataset.classes


def few(task: Detection, data: Dataset) -> Dataset:
    """Return photographs, only some of them in quick mode."""
    return Share(data, range(min(len(data), task.recipe.quick_samples))) if task.quick else data


class Detection(Task):
    """A class and a box for each of any number of objects."""

    name = "detection"
    headline = "AP"
    alpha = 1.0
    collate = staticmethod(collate_detection)
    sources = {
        "bccd": Source(open_bccd),
        "coco": Source(open_coco, recipes="bccd", needs=("root", "annotations")),
        "digits": Source(open_digits),
        "figures": Source(open_figures, recipes="shapes"),
        "nuclei": Source(open_nuclei, recipes="bccd"),
        "shapes": Source(open_shapes),
        "voc": Source(open_voc, recipes="bccd", needs=("root",)),
    }

    @dataclass(frozen=True)
    class Options:
        """How pictures are shown, and when the trunk learns."""

        size: tuple[int, int] | None = None  # pixels, (H, W): photographs are stretched to it, scenes have it
        min_size: int | None = None  # instead of size: the shorter side of photographs; they keep their proportions
        scale: tuple[float, float] = (1.0, 1.0)  # for training, photographs are magnified by a factor between these
        augmentation: str = (
            "plain"  # "ssd": windows that show some object, of any shape, stretched to the size; canvases
        )
        zoom_out: float = 4.0  # ... whose sides are up to so many times the picture's
        flip: float = 0.5  # probability with which photographs are mirrored for training
        vertical_flip: float = 0.0  # the same, top and bottom: what a microscope shows has neither
        masks: bool = False  # whether targets have masks, and masks are scored
        keypoints: bool = False  # the same for joints
        oks_area: str = "box"  # a person's size when joints are scored: as said, else its box; or its "mask"
        max_dets: int = 100  # detections of a class in a picture that count; pictures of many objects need more
        score: float = 0.5  # what is drawn scores at least this
        frozen_epochs: int = 0  # the trunk stays as it is in the first epochs; afterwards it learns, too ...
        frozen_until: int | None = None  # ... but for what comes before its map of this stride
        first_pixel: int = 1  # of --data voc: how its boxes are counted, see minidet.data.VOCDetection
        whole_file: bool = False  # of --data coco: the file is one split; else of five pictures three are for training

        def __post_init__(self):
            if self.size is not None:
                size = tuple(self.size) if isinstance(self.size, list) else self.size
                object.__setattr__(self, "size", integers("train", "size", size, 2, 32))
                if self.min_size is not None:
                    raise bad_argument("train", "min_size", f"is {self.min_size} beside a size", "one of the two")
            if self.min_size is not None:
                integer("train", "min_size", self.min_size, 32)
            if max(*(self.size or (0, 0)), self.min_size or 0) > LARGEST_SIDE:
                name = "size" if self.size is not None else "min_size"
                raise bad_argument("train", name, f"is {getattr(self, name)}", f"at most {LARGEST_SIDE} pixels a side")
            if not isinstance(self.scale, (tuple, list)) or len(self.scale) != 2:
                raise bad_argument("train", "scale", f"is {self.scale!r}", "two numbers", error=TypeError)
            object.__setattr__(self, "scale", tuple(number("train", "scale", part, 0, LARGE) for part in self.scale))
            for name in ("flip", "vertical_flip", "score"):
                number("train", name, getattr(self, name), 0, 1)
            check_choice("train", "augmentation", self.augmentation, ("plain", "ssd"))
            number("train", "zoom_out", self.zoom_out, 1, LARGEST_SIDE)
            integer("train", "max_dets", self.max_dets, 1)
            for name in ("masks", "keypoints", "whole_file"):
                flag("train", name, getattr(self, name))
            check_freezing(self)
            check_choice("train", "first_pixel", self.first_pixel, (0, 1))
            check_choice("train", "oks_area", self.oks_area, ("box", "mask"))

        def scene(self, side: int) -> tuple[int, int]:
            """Return (H, W) of a scene, ``side`` unless it was said."""
            if self.min_size is not None:
                why = "scenes are made in the size that is asked for"
                raise bad_argument("train", "min_size", f"is {self.min_size}", "None", why)
            return self.size or (side, side)

    @functools.cached_property
    def proposals(self) -> Proposals | None:
        """What is known of the proposals that the model looks at; None for a model that makes its own."""
        mode = mode_for(MODELS[self.recipe.model].network, self.recipe.model_args)
        return None if mode is None else Proposals(mode)

    @property
    def is_staged(self) -> bool:
        """Whether the model is trained stage by stage."""
        return hasattr(MODELS[self.recipe.model].network, "fit")

    def change(self, scene: tuple[int, int] | None = None) -> Compose | None:
        """Return how photographs, or generated scenes of a size, are changed for training; None for as they are.

        Photographs are searched for proposals once. Scenes are new in every epoch, small, and searched as they come, in
        a few milliseconds. Stages search by themselves, and nothing may be random there.
        """
        options, changes = self.options, []
        if self.is_staged:
            if options.augmentation != "plain":
                why = f"{self.recipe.model} computes features of a picture once"
                raise bad_argument("train", "augmentation", f"is {options.augmentation}", "plain", why)
            changes = sized(options) if scene is None else []
        elif self.proposals is None:
            changes = varied(options, scene)
        else:  # in the size in which the model will see it
            first = [*sized(options), self.proposals] if scene is None else [self.proposals.anew]
            changes = [*first, *varied(options, scene)]
        return Compose(changes) if changes else None

    def before(self, dataset, progress: bool = True) -> None:
        """Look for the proposals of photographs, unless that is the first of the model's own stages."""
        if self.proposals is not None and not self.is_staged and not getattr(dataset, "fresh", False):
            self.search(dataset, progress)

    def search(self, dataset, progress: bool = True) -> None:
        """Look for proposals in all pictures, once, in the size in which the model sees them."""
        change = Compose(sized(self.options))
        pictures = (change(dataset.load(i)[0], {})[0] for i in range(len(dataset)))
        self.proposals.look_at(pictures, len(dataset), progress)

    def trainer(self, model):
        """Return what trains a model that has stages."""
        if not self.is_staged:
            return None
        if self.options.frozen_epochs:
            why = f"fine-tuning is one stage of {type(model).__name__}; frozen_until keeps the trunk's first layers"
            raise bad_argument("train", "frozen_epochs", f"is {self.options.frozen_epochs}", "0", why)
        return functools.partial(train_in_stages, self, model)

    def stage(self, model, epoch: int) -> None:
        """Keep the trunk as it is in the first epochs, and its first layers as long as ``frozen_until`` says."""
        freeze_first(model, epoch, self.options)

    def loss(self, model, batch) -> dict[str, Tensor]:
        """Return the detector's losses; targets say which objects are crowds or difficult, for those are ignored."""
        images, targets = batch
        keys = ["boxes", "labels", "iscrowd", "difficult", "proposals", *self.more]
        return model(images, [{key: target[key] for key in keys if key in target} for target in targets])

    @property
    def more(self) -> list[str]:
        """What objects have beside boxes."""
        return [name for name in ("masks", "keypoints") if getattr(self.options, name)]

    def evaluate(self, model, split: str = "test") -> Figures:
        """Return COCO's figures, and VOC's average precision, in the pixels of the pictures as they are.

        Each is beside that of what selective search finds, see :mod:`.detection_baseline`.
        """
        figures = self.measure(model, split).figures
        figures.baseline, figures.baseline_name = self.baseline(split), NAME
        return figures

    def baseline(self, split: str = "test") -> dict[str, float]:
        """Return the figures of what needs no training; it takes some milliseconds a scene, a photograph up to 100."""
        return baseline_figures(self, self.open(split))

    def measure(self, model, split: str = "test") -> Measured:
        """Return the figures of :meth:`evaluate`, without a baseline, with what they were made of."""
        dataset = self.open(split)
        if list(dataset.classes) != self.classes:
            was, expected = f"has the classes {', '.join(dataset.classes)}", ", ".join(self.classes)
            raise bad_argument("eval", "data", was, expected, "those were learnt")
        if self.proposals is not None:
            self.search(dataset)
        return measured(self, model, dataset)

    def paint(self, image: np.ndarray, found: dict[str, np.ndarray], alpha: float) -> tuple[np.ndarray, str]:
        """Paint boxes and classes over a picture, and say what scores most."""
        drawn = np.flatnonzero(found["scores"] >= self.options.score)
        drawn = drawn[np.argsort(-found["scores"][drawn], kind="stable")]
        named = [f"{self.classes[found['labels'][i]]} {found['scores'][i]:.2f}" for i in drawn[:NAMED]]
        words = ", ".join([*named, *([f"{len(drawn) - NAMED} more"] if len(drawn) > NAMED else [])])
        shown = {name: value[drawn] for name, value in found.items()}
        painted = overlay_objects(image, shown, self.classes, alpha=alpha, min_side=MIN_SIDE)
        return painted, words or "nothing"

    def stages(self, call, image: np.ndarray):
        """Return what happens inside a detector, in the order of the paper's figure."""
        return PAGES.get(type(call.module), detector_stages)(call, self.classes)

    def records(self, found: dict[str, np.ndarray]) -> list[dict]:
        """Return all that was found, also what scores too little to be drawn."""
        return coco_records(found, self.classes)

    def look(self, model, image: np.ndarray, anew: bool = False) -> dict[str, np.ndarray]:
        """Return what is seen in a picture of any size; the model sees it in the size that it learned from.

        Proposals that are kept of the picture are used, unless it is looked at ``anew``.
        """
        image = np.asarray(image)
        height, width = image.shape[1:]
        small, _ = Compose(sized(self.options))(image, {})
        proposals = None if anew or self.proposals is None else self.proposals.find(small)
        found = detect(model, [small], None if proposals is None else [proposals])[0]
        if small.shape == image.shape:
            return found
        ratio = np.array([width / small.shape[2], height / small.shape[1]] * 2)
        found["boxes"] = (found["boxes"] * ratio).astype(found["boxes"].dtype)
        if "masks" in found:
            masks = found["masks"].reshape(-1, *small.shape[1:]) >= 0.5
            found["masks"] = resize(small, {"masks": masks}, (height, width))[1]["masks"]
        if "keypoints" in found:
            found["keypoints"] = (found["keypoints"] * [*ratio[:2], 1]).astype(found["keypoints"].dtype)
        return found


def detect(model, images, proposals: list | None = None) -> list[dict[str, np.ndarray]]:
    """Return what a model finds in each image, as arrays; where it wants proposals and there are none, it searches."""
    model.eval()
    given = {} if proposals is None else {"proposals": proposals}
    with no_grad():
        return [{name: value.numpy() for name, value in found.items()} for found in model(images, **given)]
