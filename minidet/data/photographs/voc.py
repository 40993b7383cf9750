"""Photographs with boxes in PASCAL VOC's form: one XML file a picture. BCCD, and what labelling tools write, too."""

from __future__ import annotations

import os
import pathlib
from xml.etree import ElementTree

import numpy as np

from ...errors import bad_argument, check_choice
from ..dataset import Dataset, check_index
from .folder import PHOTOGRAPHS
from .pictures import SIDEWAYS, open_picture, rgb, turn_boxes
from .root import data_root, existing_file

SIDES = ("xmin", "ymin", "xmax", "ymax")


class VOCDetection(Dataset):
    """Photographs and the boxes in them: a sample is ``(image, target)``.

    ::

        JPEGImages/NAME.jpg             the pictures
        Annotations/NAME.xml            what is in each of them
        ImageSets/Main/IMAGE_SET.txt    the names of a split, one a line; what follows a name is passed over
        classes.txt                     names of classes, one a line; without it, all that any XML file has, sorted

    The target has for each of N objects ``"boxes"`` float32 (N, 4), ``"labels"`` int64 (N,), counted from 1, and
    ``"difficult"`` bool (N,).

    Parameters
    ----------
    root : path
        The folder with these four: ``VOCdevkit/VOC2012``, for example.
    image_set : str
        ``"train"``, ``"val"``, ``"trainval"``, ``"test"``, or another list that is there.
    transform : callable, optional
        ``transform(image, target, rng)``.
    first_pixel : {0, 1}
        How boxes are counted. 1 is VOC's own way: the first pixel is 1, and ``xmax`` is the last pixel inside, so
        that ``x1 = xmin - 1``, ``x2 = xmax``. 0: ``xmin`` and ``xmax`` are the edges, from 0, as in BCCD here.

    Attributes
    ----------
    classes : list of str
        ``["background", ...]``
    names : list of str
        The pictures' names, without their endings.

    Notes
    -----
    torchvision's class of this name returns the XML file as a dict.

    A photograph whose EXIF orientation turns it is turned upright, and its boxes with it: VOC's tools count pixels as
    the file holds them. Where the XML file's ``<size>`` is that of the upright picture, and only of that, the boxes are
    upright already, and stay.
    """

    def __init__(self, root: str | os.PathLike, image_set: str = "train", transform=None, *, first_pixel: int = 1):
        super().__init__(transform)
        op = type(self).__name__
        if root is None:
            raise bad_argument(op, "root", "is None", "the path of a folder", error=TypeError)
        if not isinstance(image_set, str):
            raise bad_argument(
                op, "image_set", f"is a {type(image_set).__name__}", "the name of a list", error=TypeError
            )
        check_choice(op, "first_pixel", first_pixel, (0, 1))
        self.first_pixel = int(first_pixel)
        self.root = data_root("voc", root)
        self.names = self._names(image_set)
        self.classes = ["background", *self._class_names()]

    def _names(self, image_set: str) -> list[str]:
        lists = self.root / "ImageSets" / "Main"
        listing = lists / f"{image_set}.txt"
        if not listing.is_file():
            there = ", ".join(sorted(path.stem for path in lists.glob("*.txt"))[:20]) or "none"
            raise FileNotFoundError(f"data set voc: there is no file {listing}; image sets there: {there}.")
        names = [line.split()[0] for line in listing.read_text().splitlines() if line.strip()]
        if not names:
            raise bad_argument(type(self).__name__, "image_set", f"is {listing}, an empty file", "names of pictures")
        return names

    def _class_names(self) -> list[str]:
        listing = self.root / "classes.txt"
        if listing.is_file():
            names = [line.strip() for line in listing.read_text().splitlines() if line.strip()]
            if not names or len(set(names)) < len(names):
                raise bad_argument(type(self).__name__, str(listing), f"has the lines {names}"[:200], "different names")
            return names
        found: set[str] = set()
        for path in sorted((self.root / "Annotations").glob("*.xml")):
            found.update(_text(entry, "name", path) for entry in _parsed(path).findall("object"))
        if not found:
            why = "without classes.txt, the classes are those of the XML files"
            raise bad_argument(type(self).__name__, str(self.root / "Annotations"), "names no object", "some", why)
        return sorted(found)

    def __len__(self) -> int:
        return len(self.names)

    def load(self, index):
        """Return the image float32 (3, H, W) in [0, 1] and its target."""
        op, name = type(self).__name__, self.names[check_index(type(self).__name__, index, len(self))]
        source = self._picture(name)
        picture = open_picture(op, "image", source)
        pixels = rgb(op, "image", picture, source)
        image = np.ascontiguousarray(pixels.transpose(2, 0, 1), np.float32)
        image = image / np.float32(255) if pixels.dtype == np.uint8 else image
        return image, self._target(self.root / "Annotations" / f"{name}.xml", picture)

    def _picture(self, name: str) -> pathlib.Path:
        folder = self.root / "JPEGImages"
        paths = [folder / f"{name}{ending}" for ending in (".jpg", *PHOTOGRAPHS)]
        return next((path for path in paths if path.is_file()), paths[0])

    def _target(self, path: pathlib.Path, picture) -> dict:
        annotation = _parsed(path)
        objects = annotation.findall("object")
        boxes = np.array([_box(entry, path) for entry in objects], np.float64).reshape(-1, 4)
        boxes[:, :2] -= self.first_pixel
        if (boxes[:, 2:] < boxes[:, :2]).any():
            raise bad_argument(type(self).__name__, "annotation", f"{path} has a box that ends before it begins",
                               "xmin <= xmax, ymin <= ymax")  # fmt: skip
        boxes = _upright(boxes, annotation, picture)
        return {
            "boxes": boxes.astype(np.float32),
            "labels": np.array([self._label(_text(entry, "name", path), path) for entry in objects], np.int64),
            "difficult": np.array([_number(entry, "difficult", path, 0) != 0 for entry in objects], bool),
        }

    def _label(self, name: str, path: pathlib.Path) -> int:
        if name not in self.classes[1:]:
            was, expected = f"{path} has the class {name!r:.80}", f"one of {', '.join(self.classes[1:])}"
            raise bad_argument(type(self).__name__, "annotation", was, expected)
        return self.classes.index(name, 1)


def _upright(boxes: np.ndarray, annotation: ElementTree.Element, picture) -> np.ndarray:
    """Turn boxes with their picture, unless the annotation's size says that they are upright already."""
    turn, (width, height) = picture.info["minidet"].turn, picture.size
    raw = (width, height) if turn in SIDEWAYS else (height, width)  # (H, W) as the file holds it
    size = annotation.find("size")
    if size is not None and raw != (height, width):
        said = tuple((size.findtext(name) or "").strip() for name in ("height", "width"))
        if said == (str(height), str(width)):
            return boxes
    return turn_boxes(boxes, turn, raw)


def _parsed(path: pathlib.Path) -> ElementTree.Element:
    existing_file("voc", path)
    try:
        return ElementTree.fromstring(path.read_bytes())
    except (ElementTree.ParseError, ValueError, LookupError) as error:  # an encoding that nobody knows is a LookupError
        raise bad_argument("VOCDetection", "annotation", f"is {path}", "an XML file", str(error).rstrip(".")) from error


def _text(entry: ElementTree.Element, name: str, path: pathlib.Path) -> str:
    text = (entry.findtext(name) or "").strip()
    if not text:
        raise bad_argument("VOCDetection", "annotation", f"{path} has an object without <{name}>", "one")
    return text


def _number(entry: ElementTree.Element, name: str, path: pathlib.Path, default: float | None = None) -> float:
    if default is not None and not (entry.findtext(name) or "").strip():
        return default
    text = _text(entry, name, path)
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        raise bad_argument("VOCDetection", "annotation", f"{path} has <{name}> {text!r:.40}", "a number")
    return value


def _box(entry: ElementTree.Element, path: pathlib.Path) -> list[float]:
    box = entry.find("bndbox")
    if box is None:
        raise bad_argument("VOCDetection", "annotation", f"{path} has an object without <bndbox>", "one")
    return [_number(box, name, path) for name in SIDES]
