"""Pictures of one's own, with a class for every pixel: a folder, and no line of code."""

from __future__ import annotations

import os
import pathlib

import numpy as np

from ...errors import bad_argument, check_choice, check_index_range, integer
from ..dataset import Dataset, check_index
from ..transforms.geometry import resize
from .pictures import read_labels, read_rgb
from .root import data_root, existing_file

PHOTOGRAPHS = (".bmp", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp")
LABELS = (".png", ".bmp", ".pgm", ".tif", ".tiff")  # none of these loses a label
VOID = 255
SPLITS = ("test", "val", "train", "train", "train")  # of five pictures, in the order of their names


class FolderSegmentation(Dataset):
    """A folder of pictures: a sample is ``(image, {"semantic": labels})``.

    ``images/street.jpg`` belongs to ``labels/street.png``, a picture of the same size, of grey or with a palette, in
    which every pixel is the number of a class, from 0; 255 is void, and not scored. Beside the two folders there may be

    - ``classes.txt``: the classes' names, one a line; else they are ``"0"``, ``"1"``, ... up to the largest label;
    - ``train.txt``, ``val.txt``, ``test.txt``: the names of each split's pictures, one a line, with or without ending;
      else, of every five pictures in the order of their names, the first is for testing, the second for validation.

    Parameters
    ----------
    root : path
        The folder.
    split : {"train", "val", "test"}
    transform : callable, optional
        ``transform(image, target, rng)``.
    side : int, optional
        Pictures are stretched so that their shorter side has this many pixels, before the transform.

    Attributes
    ----------
    classes : list of str
    ignore_index : int
        255.
    names : list of str
        The pictures' names, without their endings.

    Notes
    -----
    The whole split is read when it is made, and kept as uint8.
    """

    ignore_index = VOID

    def __init__(self, root: str | os.PathLike, split: str = "train", transform=None, *, side: int | None = None):
        super().__init__(transform)
        check_choice("FolderSegmentation", "split", split, ("train", "val", "test"))
        if root is None:
            raise bad_argument("FolderSegmentation", "root", "is None", "the path of a folder", error=TypeError)
        self.root = data_root("folder", root)
        self.side = None if side is None else integer("FolderSegmentation", "side", side, 1, 2**16)
        self._pictures = _by_name(self.root / "images", PHOTOGRAPHS)
        self._answers = _by_name(self.root / "labels", LABELS)
        self.names = self._names_of(split)
        self.classes = self._read_classes()
        self._samples = [self._read(name) for name in self.names]  # uint8 (H, W, 3) and uint8 (H, W)

    def _names_of(self, split: str) -> list[str]:
        """Return the names of a split's pictures, all of which are there."""
        if any((self.root / f"{each}.txt").is_file() for each in set(SPLITS)):
            listing = existing_file("folder", self.root / f"{split}.txt")
            names = [_without_ending(line.strip()) for line in listing.read_text().splitlines() if line.strip()]
            expected = f"the names of pictures in {listing}, one a line"
        else:
            names = [name for i, name in enumerate(sorted(self._pictures)) if SPLITS[i % len(SPLITS)] == split]
            expected = f"at least {SPLITS.index(split) + 1} of them"
        if not names:
            was = f"has {len(self._pictures)} pictures in images/, none for split {split}"
            raise bad_argument("FolderSegmentation", "root", was, expected)
        for name in names:
            for there, folder in ((self._pictures, "images"), (self._answers, "labels")):
                if name not in there:
                    endings = ", ".join(PHOTOGRAPHS if folder == "images" else LABELS)
                    where = self.root / folder / name
                    raise FileNotFoundError(f"data set folder: there is no picture {where} (with one of {endings}).")
        return names

    def _read_classes(self) -> list[str]:
        """Return the names in ``classes.txt``, or numbers, one for each label that any picture has."""
        listing = self.root / "classes.txt"
        if listing.is_file():
            names = [line.strip() for line in listing.read_text().splitlines() if line.strip()]
            if not 1 <= len(names) <= VOID:
                was = f"has {len(names)} lines"
                raise bad_argument("FolderSegmentation", str(listing), was, f"1 to {VOID}, the names of classes")
            return names
        largest = 0
        for path in self._answers.values():
            labels = read_labels("FolderSegmentation", "labels", path)
            check_index_range("FolderSegmentation", f"labels, {path},", labels, 0, VOID + 1)
            largest = max(largest, labels[labels != VOID].max(initial=0))
        return [str(number) for number in range(largest + 1)]

    def _read(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        op, path = "FolderSegmentation", self._answers[name]
        image = read_rgb(op, "image", self._pictures[name])
        labels = read_labels(op, "labels", path)
        if labels.shape != image.shape[1:]:
            was, expected = f"is of {labels.shape} pixels", f"{image.shape[1:]}, as {self._pictures[name]}"
            raise bad_argument(op, f"labels, {path},", was, expected)
        check_index_range(op, f"labels, {path},", labels[labels != VOID], 0, len(self.classes))
        labels = labels.astype(np.uint8)
        if self.side is not None:
            image, target = resize(image, {"semantic": labels}, size_of(image.shape[1:], self.side))
            labels = target["semantic"]
        return (image.transpose(1, 2, 0) * 255).round().astype(np.uint8), labels

    def __len__(self) -> int:
        return len(self.names)

    def load(self, index):
        """Return the image float32 (3, H, W) and ``{"semantic": int64 (H, W)}``."""
        pixels, labels = self._samples[check_index("FolderSegmentation", index, len(self))]
        image = np.multiply(pixels.transpose(2, 0, 1), np.float32(1 / 255), dtype=np.float32, order="C")
        return image, {"semantic": labels.astype(np.int64)}


def size_of(size: tuple[int, int], side: int) -> tuple[int, int]:
    """Return (H, W) in the same proportions, with a shorter side of ``side`` pixels."""
    return tuple(max(side, round(length * side / min(size))) for length in size)


def _by_name(folder: pathlib.Path, endings: tuple[str, ...]) -> dict[str, pathlib.Path]:
    """Return the pictures of a folder by their names without endings."""
    if not folder.is_dir():
        raise FileNotFoundError(f"data set folder: there is no folder {folder}.")
    found: dict[str, pathlib.Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in endings and not path.name.startswith("."):
            if path.stem in found:
                was = f"holds {found[path.stem].name} and {path.name}"
                raise bad_argument("FolderSegmentation", str(folder), was, "one picture of each name")
            found[path.stem] = path
    return found


def _without_ending(name: str) -> str:
    """Return a picture's name; ``mr.bean`` has no ending, ``mr.bean.jpg`` has one."""
    stem, ending = os.path.splitext(os.path.basename(name))
    return stem if ending.lower() in PHOTOGRAPHS else os.path.basename(name)
