"""Proposals of selective search: looked for once in each picture, and kept.

    MINIDET_CACHE/proposals/fast/5f/5f0c3e....safetensors        the boxes of a picture, the best first

A picture is known by its pixels: whatever its name and wherever it lies, what was found in it is found again, in every
epoch and every run. Files are written beside, then renamed; one that is damaged is made anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import os
import pathlib

import numpy as np
from tqdm import tqdm

from ...kernels.launch import cache_folder
from ...models.detection.proposals import search
from ...serialization.safetensors import load_file, save_file

SEARCH = 1  # raised when selective search finds other boxes than before


class Proposals:
    """What is kept of one mode. Called as a transform, it adds ``"proposals"`` to a target.

    Parameters
    ----------
    mode : {"single", "fast", "quality"}
        Of the selective search.
    folder : path, optional
        Where boxes are kept; by default below MINIDET_CACHE, or this user's folder for what can be made again. Where
        there is none that can be written to, they are kept in memory.
    """

    def __init__(self, mode: str, folder: str | os.PathLike | None = None):
        self.mode = mode
        folder = cache_folder.choose("proposals").folder if folder is None else folder
        self.folder = None if folder is None else pathlib.Path(folder) / mode
        self.memory: dict[str, np.ndarray] = {}

    def __call__(self, image, target, rng=None):
        """Return the image as it is, and its target with proposals."""
        return image, {**target, "proposals": self.of(image)}

    def anew(self, image, target, rng=None):
        """Do the same for a picture that nobody will see again: nothing is kept."""
        return image, {**target, "proposals": search(image, self.mode)}

    def of(self, image: np.ndarray) -> np.ndarray:
        """Return the boxes (P, 4) of an image (3, H, W): those that are kept, else what is found now, and keep it."""
        key = key_of(image)
        boxes = self._read(key)
        if boxes is None:
            boxes = search(image, self.mode)
            self._write(key, boxes)
        return boxes

    def find(self, image: np.ndarray) -> np.ndarray | None:
        """Return the boxes that are kept of an image; None if it has not been looked at."""
        return self._read(key_of(image))

    def look_at(self, images, count: int, progress: bool = True) -> None:
        """Look for the proposals of ``count`` pictures, which may take long: say how far it is."""
        for image in tqdm(images, "selective search", count, disable=not progress, unit="picture", dynamic_ncols=True):
            self.of(image)

    def _path(self, key: str) -> pathlib.Path:
        return self.folder / key[:2] / f"{key}.safetensors"

    def _read(self, key: str) -> np.ndarray | None:
        if key in self.memory:
            return self.memory[key]
        if self.folder is None:
            return None
        try:
            boxes = load_file(self._path(key))["boxes"]
        except (OSError, ValueError, KeyError):  # not there, or damaged in any way
            return None
        return boxes if whole(boxes) else None

    def _write(self, key: str, boxes: np.ndarray) -> None:
        if self.folder is not None:
            path = self._path(key)
            with contextlib.suppress(OSError):  # a full disk: the boxes are good for this run all the same
                path.parent.mkdir(parents=True, exist_ok=True)
                save_file({"boxes": boxes}, path)
                return
        self.memory[key] = boxes


def key_of(image: np.ndarray) -> str:
    """Return what tells a picture from all others, whatever is known of it."""
    image = np.ascontiguousarray(image, np.float32)
    digest = hashlib.blake2b(f"{SEARCH} {image.shape}".encode(), digest_size=20)
    digest.update(image.data)
    return digest.hexdigest()


def whole(boxes: np.ndarray) -> bool:
    """Tell whether an array from a file is of the form of proposals."""
    fits = boxes.ndim == 2 and boxes.shape[1] == 4 and boxes.dtype == np.float32
    return fits and bool(np.isfinite(boxes).all() and (boxes[:, 2:] >= boxes[:, :2]).all())


def mode_for(network, arguments: dict) -> str | None:
    """Return the mode of the search that a model asks for; None for one that takes no proposals from outside.

    Parameters
    ----------
    network : callable
        Builds the model. One that takes proposals has an argument ``search``.
    arguments : dict
        What it is called with.
    """
    known = inspect.signature(network).parameters
    return arguments.get("search", known["search"].default) if "search" in known else None
