"""``minidet predict RUN IMAGE...``: draw what a trained model sees in pictures."""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import pathlib
import unicodedata

import numpy as np

from ..data.photographs.pictures import read_rgb
from ..errors import bad_argument
from ..serialization.safetensors import write_file
from ..training.runs import open_run
from .options import parse_options

#: The entry of an overlay's PNG header that says which picture it shows.
SOURCE = "minidet predict"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("run", type=pathlib.Path, help="folder that `minidet train` wrote")
    parser.add_argument("images", type=pathlib.Path, nargs="+", help="pictures to look at")
    parser.add_argument("--out", type=pathlib.Path, help="folder for the overlays (default: RUN/predictions)")
    parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE",
                        help="another value for an option of the task: `minidet train --help` lists them")  # fmt: skip
    parser.add_argument("--alpha", type=float, default=0.5, help="how strongly the colours cover, 0 to 1 (default 0.5)")


def run(args: argparse.Namespace) -> int:
    """Write one overlay per picture, and print its path and what is seen."""
    if not 0 <= args.alpha <= 1:
        raise bad_argument("predict", "--alpha", f"is {args.alpha}", "a number from 0 to 1")
    opened = open_run(args.run, changes=parse_options("predict", args.option))
    folder = args.out or args.run / "predictions"
    if folder.exists() and not folder.is_dir():
        raise bad_argument("predict", "--out", f"is {folder}, a file", "a folder")
    folder.mkdir(parents=True, exist_ok=True)
    names = Names(folder, args.images)
    for path in args.images:
        image = read_rgb("predict", "image", path)
        overlay, seen = opened.task.draw(opened.model, image, args.alpha)
        target = names.choose(path)
        write_png(overlay, target, source_of(path))
        print(f"{path} -> {target}: {seen}")
    return 0


class Names:
    """Where overlays go: ``STEM.png``, or ``STEM-2.png``, ``STEM-3.png``, ... where that is another's.

    Free is a name that no file has, or an overlay of the same picture from an earlier run of the command: to repeat a
    command replaces what it wrote. Nothing else is ever replaced, and no picture that is to be read.

    Parameters
    ----------
    folder : Path
    images : list of Path
        All pictures of this call.
    """

    def __init__(self, folder: pathlib.Path, images: list[pathlib.Path]):
        self.folder = folder
        self.images = images
        self.taken: dict[str, str] = {}  # name, as a disk sees it that does not tell A from a -> source

    def choose(self, path: pathlib.Path) -> pathlib.Path:
        """Return the file for the overlay of picture ``path``."""
        source, number = source_of(path), 1
        while True:
            target = self.folder / (f"{path.stem}.png" if number == 1 else f"{path.stem}-{number}.png")
            key = unicodedata.normalize("NFC", target.name).casefold()
            if self.taken.get(key, source) == source and self._may_replace(target, source):
                self.taken[key] = source
                return target
            number += 1

    def _may_replace(self, target: pathlib.Path, source: str) -> bool:
        if not os.path.lexists(target):
            return True
        if target.is_symlink() or not target.is_file() or any(_same(target, image) for image in self.images):
            return False
        return written_for(target) == source


def _same(one: pathlib.Path, other: pathlib.Path) -> bool:
    """Tell whether two paths lead to one file: through links, or on a disk that does not tell A from a, too."""
    try:
        return os.path.samefile(one, other)
    except OSError:  # one of them is not there
        return False


def source_of(path: pathlib.Path) -> str:
    """Return a name for a picture that does not give away where it lies: a checksum of its full path."""
    return hashlib.sha256(os.fsencode(os.path.realpath(path))).hexdigest()[:32]


def written_for(path: pathlib.Path) -> str | None:
    """Return the source of an overlay that :func:`write_png` wrote; None for every other file."""
    from PIL import Image

    try:
        with Image.open(path, formats=("PNG",)) as picture:
            return picture.info.get(SOURCE)
    except Exception:  # noqa: BLE001 - no picture, or one damaged in any way: not ours
        return None


def write_png(picture: np.ndarray, path: pathlib.Path, source: str) -> None:
    """Write (H, W, 3) uint8, with a note of its source, beside ``path``, then rename: never half a file."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    note, data = PngInfo(), io.BytesIO()
    note.add_text(SOURCE, source)
    Image.fromarray(picture).save(data, format="PNG", pnginfo=note)
    write_file(path, data.getvalue())
