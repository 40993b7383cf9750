"""Photographs with objects in COCO's form: one JSON file for all pictures."""

from __future__ import annotations

import json
import os
import pathlib

import numpy as np

from ...autograd.as_array import as_array, shortened
from ...errors import bad_argument
from ...ops.rle import checked_size, pixels_of, read_polygons, read_rle
from ..dataset import Dataset, check_index
from ..targets import check_flag
from .pictures import SIDEWAYS, open_picture, rgb, turn_boxes, turn_planes
from .root import data_root, existing_file

OP = "CocoDetection"


class CocoDetection(Dataset):
    """Photographs and what is in them: a sample is ``(image, target)``.

    The target has, for each of N objects in the order of the file:

    ===============  ===================  =====================================================================
    ``"boxes"``      float32 (N, 4)       ``(x1, y1, x2, y2)``
    ``"labels"``     int64 (N,)           1 .. K - 1, the categories in the order of their ids
    ``"iscrowd"``    bool (N,)            a region that holds many; False where nothing is said
    ``"masks"``      bool (N, H, W)       if asked for: polygons or run lengths; empty where there are none
    ===============  ===================  =====================================================================

    Parameters
    ----------
    root : path
        The folder of the pictures.
    annotations : path
        The JSON file: ``"images"`` with ``"id"`` and ``"file_name"``, ``"categories"`` with ``"id"`` and ``"name"``,
        ``"annotations"`` with ``"image_id"``, ``"category_id"``, ``"bbox"`` ``[x, y, width, height]``, and where they
        are there ``"iscrowd"``, ``"segmentation"``.
    transform : callable, optional
        ``transform(image, target, rng)``.
    masks : bool
        Whether targets have masks.

    Attributes
    ----------
    classes : list of str
        ``["background", ...]``
    category_ids : dict of int
        The category's id of each label: ``{1: 1, 2: 7, 3: 90}``.
    image_ids : list
        The id of each sample; samples are in the order of ids.

    Notes
    -----
    torchvision's class of this name returns the annotations as a list of dicts.

    A photograph whose EXIF orientation turns it is turned upright, and its objects with it: COCO's tools count pixels
    as the picture's file holds them. Where the height and the width that the JSON file says are those of the upright
    picture, and only of that, its objects are upright already, and stay.
    """

    def __init__(self, root: str | os.PathLike, annotations: str | os.PathLike, transform=None, *, masks: bool = False):
        super().__init__(transform)
        for argument, value in (("root", root), ("annotations", annotations)):
            if not isinstance(value, (str, os.PathLike)):
                raise bad_argument(OP, argument, f"is a {type(value).__name__}", "a path", error=TypeError)
        self.masks = check_flag(OP, "masks", masks)
        self.root = data_root("coco", root)
        self.path = existing_file("coco", pathlib.Path(annotations).expanduser())
        about = self._read()
        categories = self._by_id(about, "categories", "name")
        if not categories:
            raise self._damaged("'categories' is empty", "some")
        self.category_ids = dict(enumerate(categories, 1))
        self.classes = ["background", *(str(entry["name"]) for entry in categories.values())]
        self._labels = {number: label for label, number in self.category_ids.items()}
        self._images = self._by_id(about, "images", "file_name")
        self.image_ids = list(self._images)
        self._objects: dict = {number: [] for number in self.image_ids}
        for entry in about["annotations"]:
            self._objects[self._checked(entry)["image_id"]].append(entry)

    def _damaged(self, was: str, expected: str, error: type[Exception] = ValueError) -> Exception:
        return bad_argument(OP, "annotations", f"is {self.path}, where {was}", expected, error=error)

    def _read(self) -> dict:
        try:
            about = json.loads(self.path.read_bytes())
        except (ValueError, RecursionError) as error:  # no JSON, or none in UTF-8
            raise bad_argument(OP, "annotations", f"is {self.path}", "a JSON file", str(error).rstrip(".")) from error
        lists = ("images", "annotations", "categories")
        if not isinstance(about, dict) or not all(isinstance(about.get(name), list) for name in lists):
            raise self._damaged("there are not all three", f"lists of {', '.join(lists)}")
        return about

    def _by_id(self, about: dict, name: str, needed: str) -> dict:
        """Return the entries of a list by their ids, ascending."""
        found: dict = {}
        for entry in about[name]:
            if not isinstance(entry, dict) or not {"id", needed} <= entry.keys() or not isinstance(entry["id"], int):
                raise self._damaged(f"{name!r} has {shortened(entry)}", f"dicts with 'id', a number, and {needed!r}")
            if entry["id"] in found:
                raise self._damaged(f"{name!r} has the id {entry['id']} twice", "each once")
            found[entry["id"]] = entry
        return {number: found[number] for number in sorted(found)}

    def _checked(self, entry) -> dict:
        """Return an annotation, or raise unless its picture and its category are there."""
        if not isinstance(entry, dict) or not {"image_id", "category_id", "bbox"} <= entry.keys():
            raise self._damaged(f"'annotations' has {shortened(entry)}", "dicts with image_id, category_id and bbox")
        for key, known in (("image_id", self._objects), ("category_id", self._labels)):
            number = entry[key]
            if not isinstance(number, int) or number not in known:
                raise self._damaged(f"an annotation has {key} {shortened(number)}", "an id that is listed")
        return entry

    def __len__(self) -> int:
        return len(self.image_ids)

    def load(self, index):
        """Return the image float32 (3, H, W) in [0, 1] and its target."""
        number = self.image_ids[check_index(OP, index, len(self))]
        about = self._images[number]
        source = self.root / str(about["file_name"])
        picture = open_picture(OP, "image", source)
        pixels = rgb(OP, "image", picture, source)
        image = np.ascontiguousarray(pixels.transpose(2, 0, 1), np.float32)
        image = image / np.float32(255) if pixels.dtype == np.uint8 else image
        turn, size = _as_counted(about, picture)
        return image, self._target(self._objects[number], turn, size)

    def _target(self, entries: list[dict], turn, size: tuple[int, int]) -> dict:
        """Return the target of one picture, whose objects are counted in pixels of ``size``, then turned."""
        boxes = as_array(OP, "bbox", [entry["bbox"] for entry in entries], "iuf") if entries else np.zeros((0, 4))
        if boxes.shape != (len(entries), 4) or not np.isfinite(boxes).all() or (boxes[:, 2:] < 0).any():
            was = f"picture {entries[0]['image_id']} has the boxes {shortened(boxes.tolist())}"
            raise self._damaged(was, "[x, y, width, height], finite, width and height from 0")
        boxes = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], 1).astype(np.float64)
        target = {
            "boxes": turn_boxes(boxes, turn, size).astype(np.float32),
            "labels": np.array([self._labels[entry["category_id"]] for entry in entries], np.int64),
            "iscrowd": np.array([bool(entry.get("iscrowd")) for entry in entries], bool),
        }
        if self.masks:
            planes = np.zeros((len(entries), *size), bool)
            for plane, entry in zip(planes, entries, strict=True):
                plane[...] = self._mask(entry, size)
            target["masks"] = turn_planes(planes, turn)
        return target

    def _mask(self, entry: dict, size: tuple[int, int]) -> np.ndarray:
        segmentation = entry.get("segmentation") or []
        argument = f"segmentation of picture {entry['image_id']} in {self.path}"
        if isinstance(segmentation, dict):
            *runs, own = read_rle(OP, argument, segmentation)
            if own != size:
                was = f"picture {entry['image_id']} has a mask of {own} pixels"
                raise self._damaged(was, f"{size}, as the picture")
        else:
            runs = read_polygons(OP, argument, segmentation, size)
        return pixels_of(*runs, size) > 0


def _as_counted(about: dict, picture) -> tuple:
    """Return how objects have to be turned, and (H, W) of the picture in which their pixels were counted."""
    turn, (width, height) = picture.info["minidet"].turn, picture.size
    raw = (width, height) if turn in SIDEWAYS else (height, width)  # as the file holds it
    said = (about.get("height"), about.get("width"))
    if said == (height, width) and raw != said:
        return None, (height, width)
    return turn, checked_size(OP, "image", raw)
