"""``minidet predict RUN IMAGE-OR-FOLDER... --save OUT``: draw what a trained model sees."""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import pathlib
import time
import unicodedata

import numpy as np

from ..data.photographs.folder import PHOTOGRAPHS
from ..data.photographs.pictures import read_rgb
from ..errors import bad_argument
from ..serialization.safetensors import write_file
from ..training.runs import open_run
from .options import parse_options

#: The entry of an overlay's PNG header that says which picture it shows; and who wrote a list of boxes.
SOURCE = "minidet predict"
RESULTS = "detections.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("run", type=pathlib.Path, help="folder that `minidet train` wrote")
    parser.add_argument("images", type=pathlib.Path, nargs="+", help="pictures to look at, or folders of pictures")
    parser.add_argument("--save", "--out", type=pathlib.Path, metavar="OUT", dest="out",
                        help="folder for what is drawn (default: RUN/predictions); for models that find boxes, all of "
                        f"them are listed there in {RESULTS}, in COCO's form")  # fmt: skip
    parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE",
                        help="another value for an option of the task: `minidet train --help` lists them")  # fmt: skip
    parser.add_argument(
        "--alpha", type=float, help="how strongly the colours cover, 0 to 1 (default: what fits the task)"
    )


def run(args: argparse.Namespace) -> int:
    """Write one overlay per picture, print its path and what is seen; list the boxes; say how fast it was."""
    if args.alpha is not None and not 0 <= args.alpha <= 1:
        raise bad_argument("predict", "--alpha", f"is {args.alpha}", "a number from 0 to 1")
    opened = open_run(args.run, changes=parse_options("predict", args.option))
    task, folder = opened.task, args.out or args.run / "predictions"
    if folder.exists() and not folder.is_dir():
        raise bad_argument("predict", "--save", f"is {folder}, a file", "a folder")
    images = pictures(args.images, folder)
    alpha = task.alpha if args.alpha is None else args.alpha
    check_results(folder / RESULTS)
    folder.mkdir(parents=True, exist_ok=True)
    names, listing, looking, started = Names(folder, images), Listing(images), 0.0, time.perf_counter()
    for path in images:
        image = read_rgb("predict", "image", path)
        before = time.perf_counter()
        seen = task.look(opened.model, image)
        looking += time.perf_counter() - before
        overlay, words = task.paint(image, seen, alpha)
        target = names.choose(path)
        write_png(overlay, target, source_of(path))
        listing.add(path, image.shape[1:], task.records(seen))
        print(f"{path} -> {target}: {words}")
    if listing.found is not None:
        write_file(folder / RESULTS, listing.as_json(task.classes).encode())
        print(f"boxes: {folder / RESULTS}")
    if len(images) > 1:
        rate = len(images) / (time.perf_counter() - started)
        print(f"{len(images)} images, {rate:.3g} images per second; the model alone {len(images) / looking:.3g}")
    return 0


def pictures(given: list[pathlib.Path], folder: pathlib.Path) -> list[pathlib.Path]:
    """Return the pictures that are given, and those of the folders that are, by name; raise for a folder without any.

    What is drawn may not go into such a folder: the next time it would be looked at, too.
    """
    found = []
    for path in given:
        if not path.is_dir():
            found.append(path)
            continue
        if _same(path, folder):
            was, why = f"is {folder}, which holds the pictures to look at", "what is drawn would lie among them"
            raise bad_argument("predict", "--save", was, "another folder", why)
        inside = sorted(item for item in path.iterdir() if item.suffix.lower() in PHOTOGRAPHS and item.is_file())
        if not inside:
            raise bad_argument("predict", "image", f"is {path}, a folder", f"pictures in it: {', '.join(PHOTOGRAPHS)}")
        found += inside
    return found


class Listing:
    """The boxes of all pictures, in COCO's form.

    Parameters
    ----------
    images : list of Path
        File names are relative to the folder that all of them lie in.
    """

    def __init__(self, images: list[pathlib.Path]):
        self.root = os.path.commonpath([os.path.abspath(path.parent) for path in images])
        self.images: list[dict] = []
        self.found: list[dict] | None = None  # until a task has boxes

    def add(self, path: pathlib.Path, size: tuple[int, int], records: list[dict] | None) -> None:
        """Note a picture of ``size`` (H, W), and what was found in it."""
        name = pathlib.PurePath(os.path.relpath(os.path.abspath(path), self.root)).as_posix()
        number = len(self.images) + 1
        self.images.append({"id": number, "file_name": name, "height": int(size[0]), "width": int(size[1])})
        if records is not None:
            found = self.found = self.found or []
            for record in records:
                about = {"id": len(found) + 1, "image_id": number, "file_name": name, "iscrowd": 0}
                found.append(about | record)

    def as_json(self, classes: list[str]) -> str:
        """Return what COCO's tools read; ``"annotations"`` alone is a list of results. Class 0 is the background."""
        categories = [{"id": i, "name": name} for i, name in enumerate(classes) if i]
        document = {"info": {"description": SOURCE}, "images": self.images, "categories": categories,
                    "annotations": self.found}  # fmt: skip
        return json.dumps(document, indent=1, allow_nan=False) + "\n"


def check_results(path: pathlib.Path) -> None:
    """Raise if there is a file of another's where the boxes are to be listed."""
    if not os.path.lexists(path):
        return
    try:
        ours = not path.is_symlink() and json.loads(path.read_bytes())["info"]["description"] == SOURCE
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        ours = False
    if not ours:
        was, why = f"is {path.parent}, where {path.name} is another's", "it would be replaced"
        raise bad_argument("predict", "--save", was, "another folder", why)


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
