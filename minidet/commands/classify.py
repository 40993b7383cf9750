"""``minidet classify PHOTO...``: say what photographs show, with a network that others trained on ImageNet."""

from __future__ import annotations

import argparse
import io
import os
import pathlib
import sys

import numpy as np

from ..autograd import no_grad, tensor
from ..data.photographs.middle import read_middle
from ..errors import bad_argument
from ..models.backbones.classifiers import CLASSIFIERS, pretrained_classifier
from ..nn import functional as F
from ..serialization.safetensors import write_file
from ..viz import plot_classes

WIDTH = 30  # characters of a bar for 100 %
MOST_BARS = 2000  # of one picture: with more, matplotlib cannot write it


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("photos", type=pathlib.Path, nargs="+", metavar="PHOTO", help="pictures to name")
    where = "its weights are taken from MINIDET_DATA, or fetched"
    parser.add_argument("--model", choices=CLASSIFIERS, default="mobilenet_v2", help=f"network; {where} (%(default)s)")
    parser.add_argument("--top", type=int, default=5, metavar="N", help="how many classes to show (%(default)s)")
    parser.add_argument("--save", type=pathlib.Path, metavar="OUT.png", help="draw the photos beside their classes")


def run(args: argparse.Namespace) -> int:
    """Print the likeliest classes of every photo, and draw them if asked to."""
    spec = CLASSIFIERS[args.model]
    classes = spec.classes()
    if not 1 <= args.top <= len(classes):
        raise bad_argument("classify", "--top", f"is {args.top}", f"an integer from 1 to {len(classes)}")
    check_target(args.save, args.photos, args.top)
    images = [read_middle("classify", "photo", path, spec.resize, spec.crop) for path in args.photos]
    model = pretrained_classifier(args.model)
    probabilities = []
    for path, image in zip(args.photos, images, strict=True):  # one by one: in the order of the printed lines
        with no_grad():
            probabilities.append(F.softmax(model(tensor(image[None])), 1).numpy()[0])
        print("\n".join([readable(path), *lines(probabilities[-1], classes, args.top)]))
    if args.save:
        titles = [readable(pathlib.Path(path.name)) for path in args.photos]
        figure = plot_classes(images, np.stack(probabilities), classes, args.top, titles)
        data = io.BytesIO()
        figure.savefig(data, format="png", dpi=100)
        write_file(args.save, data.getvalue())
        print(f"picture: {args.save}")
    return 0


def check_target(target: pathlib.Path | None, photos: list[pathlib.Path], top: int) -> None:
    """Raise if the picture cannot be written, or would replace a photo: before any work is done."""
    if target is None:
        return
    if target.suffix.lower() != ".png":
        raise bad_argument("classify", "--save", f"is {target}", "a file that ends in .png")
    if not target.parent.is_dir():
        raise bad_argument(
            "classify", "--save", f"is {target}", "a file in a folder that is there", error=FileNotFoundError
        )
    if target.exists() and any(photo.exists() and target.samefile(photo) for photo in photos):
        raise bad_argument("classify", "--save", f"is {target}", "another file than the photos", "it would be replaced")
    if len(photos) * max(top, 10) > MOST_BARS:
        was = f"is given with {len(photos)} photos and {top} classes of each"
        raise bad_argument("classify", "--save", was, f"at most {MOST_BARS // max(top, 10)} photos")


def readable(path: pathlib.Path) -> str:
    """Return a path that can be printed: the system's own names may hold bytes that are no text."""
    return os.fspath(path).encode("utf-8", "replace").decode()


def lines(probabilities: np.ndarray, classes, top: int) -> list[str]:
    """Write the likeliest classes, a bar and a percentage each; bars are of # where blocks cannot be written."""
    best = np.argsort(-probabilities, kind="stable")[:top]
    wide = max(len(classes[k]) for k in best)
    block, rest = bars(sys.stdout.encoding)
    written = []
    for k in best:
        full = round(float(probabilities[k]) * WIDTH)
        bar = block * full + rest * (WIDTH - full)
        written.append(f"  {classes[k]:<{wide}}  {bar}  {probabilities[k]:6.1%}")
    return written


def bars(encoding: str | None) -> tuple[str, str]:
    """Return what a bar is made of, and the rest of its line."""
    try:
        "█░".encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return "#", "."
    return "█", "░"
