"""``minidet predict RUN IMAGE...``: lay the predicted classes over pictures."""

from __future__ import annotations

import argparse
import pathlib

import numpy as np

from ..autograd import tensor
from ..errors import bad_argument
from ..training.runs import open_run
from ..training.segmentation import predict_labels
from ..viz import overlay_labels


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("run", type=pathlib.Path, help="folder that `minidet train` wrote")
    parser.add_argument("images", type=pathlib.Path, nargs="+", help="pictures to label")
    parser.add_argument("--out", type=pathlib.Path, help="folder for the overlays (default: RUN/predictions)")
    parser.add_argument("--alpha", type=float, default=0.5, help="how strongly the colours cover, 0 to 1 (default 0.5)")


def run(args: argparse.Namespace) -> int:
    """Write one overlay per picture, and print its path and the classes that cover most of it."""
    if not 0 <= args.alpha <= 1:
        raise bad_argument("predict", "--alpha", f"is {args.alpha}", "a number from 0 to 1")
    opened = open_run(args.run)
    folder = args.out or args.run / "predictions"
    folder.mkdir(parents=True, exist_ok=True)
    for path in args.images:
        image = read_image(path)
        labels = predict_labels(opened.model, tensor(image[None]))[0]  # (H, W)
        target = folder / f"{path.stem}.png"
        write_png(overlay_labels(image, labels, opened.colours, args.alpha), target)
        shares = np.bincount(labels.ravel(), minlength=len(opened.classes)) / labels.size
        most = ", ".join(f"{opened.classes[k]} {shares[k]:.0%}" for k in np.argsort(-shares)[:3] if shares[k] > 0)
        print(f"{target}: {most}")
    return 0


def read_image(path: pathlib.Path) -> np.ndarray:
    """Read a picture as RGB float32 (3, H, W) in [0, 1]."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as picture:
            pixels = np.asarray(picture.convert("RGB"), np.float32)
    except (UnidentifiedImageError, IsADirectoryError, FileNotFoundError) as error:
        raise bad_argument("predict", "image", f"is {path}", "a picture that Pillow can read", str(error)) from error
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)) / np.float32(255)


def write_png(picture: np.ndarray, path: pathlib.Path) -> None:
    """Write (H, W, 3) uint8 beside ``path``, then rename: never half a file."""
    from PIL import Image

    beside = path.with_name(path.name + ".partial")
    Image.fromarray(picture).save(beside, format="PNG")
    beside.replace(path)
