"""Weights of networks that others trained, by name: from this machine if they are here, else from their publisher."""

from __future__ import annotations

import os
import pathlib
from dataclasses import dataclass

import numpy as np

from ...data.transfer import DownloadError, checksum, fetch
from ...errors import bad_argument, check_choice, flag
from ...serialization import FolderLock, load_file, torch_zip

_WAIT = 600.0  # seconds for another process that fetches the same file
_TORCHVISION = "https://download.pytorch.org/models/"


@dataclass(frozen=True)
class Weights:
    """Where a network's weights are found.

    The eight digits in torchvision's file names are the first of the SHA-256, and torchvision itself compares them with
    every file that it fetches. All 64 stand here where several people have published them.
    """

    file: str  # of torchvision, below its address; or "" if nobody publishes a form that is read here
    sha256: str = ""  # all digits, or the first eight
    megabytes: int = 0
    prepared: str = ""  # a safetensors file below $MINIDET_DATA


_RESNET20 = Weights("", prepared="weights_small/resnet20_cifar10.safetensors")

#: name -> where its weights are; ResNet-20 was trained on CIFAR-10, all others on ImageNet
PRETRAINED = {
    "mobilenet_v1_025": Weights("", prepared="weights_small/mobilenet_v1_025_128.safetensors"),
    "mobilenet_v2": Weights(
        "mobilenet_v2-b0353104.pth",
        "b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889",
        14,
        "weights_mobilenet_v2/mobilenet_v2.safetensors",
    ),
    "resnet18": Weights(
        "resnet18-f37072fd.pth", "f37072fd47e89c5e827621c5baffa7500819f7896bbacec160b1a16c560e07ec", 47
    ),
    "resnet20": _RESNET20,
    "resnet20_cifar10": _RESNET20,
    "resnet34": Weights(
        "resnet34-b627a593.pth", "b627a593bcbe140c234610266fe4f8ae95ea42fc881d091c9b6052e6b1d0590f", 87
    ),
    "resnet50": Weights(
        "resnet50-0676ba61.pth", "0676ba61b6795bbe1773cffd859882e5e297624d384b6993f7c9e683e722fb8a", 103
    ),
    "squeezenet1_0": Weights("squeezenet1_0-b66bff10.pth", "b66bff10", 5, "weights_small/squeezenet1_0_dc.safetensors"),
    "squeezenet1_1": Weights(
        "squeezenet1_1-b8a52dc0.pth", "b8a52dc049b60e4b6ab68ad0df457362afab8b6304b2febdc1650a5dab4d7e7b", 5
    ),
    "vgg11": Weights("vgg11-8a719046.pth", "8a719046", 531),
    "vgg11_bn": Weights("vgg11_bn-6002323d.pth", "6002323d", 532),
    "vgg16": Weights("vgg16-397923af.pth", "397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0", 553),
    "vgg16_bn": Weights("vgg16_bn-6c64b313.pth", "6c64b313", 554),
}


def load_pretrained(name: str, folder: str | os.PathLike | None = None, progress: bool = True) -> dict[str, np.ndarray]:
    """Return a network's weights, for ``module.load_state_dict``.

    Looked for in ``$MINIDET_DATA`` first: as it was prepared there, then in its folder ``weights``; then in
    ``data/weights`` here. If nothing is there, torchvision's file is fetched, compared with its checksum, and kept in
    the first of these two folders that can be written to. No file is ever executed, whatever is in it.

    Parameters
    ----------
    name : str
        A row of :data:`PRETRAINED`.
    folder : path, optional
        The only folder to look into for torchvision's file, and where it goes.
    progress : bool
        Show a progress bar while fetching.

    Returns
    -------
    dict of str to ndarray
        With torchvision's names.

    Raises
    ------
    DownloadError
        The file is not here, and cannot be fetched; the message says how to put it here by hand.
    FileNotFoundError
        Nobody publishes these weights in a form that is read here, and they are not in ``$MINIDET_DATA``.
    ValueError
        A file is damaged, or is not the one that was published.
    """
    check_choice("load_pretrained", "name", name, tuple(PRETRAINED))
    if folder is not None and not isinstance(folder, (str, os.PathLike)):
        was = f"is a {type(folder).__name__}"
        raise bad_argument("load_pretrained", "folder", was, "the path of a folder, or None", error=TypeError)
    progress = flag("load_pretrained", "progress", progress)
    weights, data = PRETRAINED[name], os.environ.get("MINIDET_DATA")
    prepared = pathlib.Path(data).expanduser() / weights.prepared if data and weights.prepared else None
    if folder is None and prepared is not None and prepared.is_file():
        return load_file(prepared)
    if not weights.file:
        where = f"in {prepared}" if prepared else f"{weights.prepared}, for MINIDET_DATA is not set"
        raise bad_argument("load_pretrained", "name", f"is {name!r}, which is not there: {where}",
                           f"MINIDET_DATA to be a folder with {weights.prepared}",
                           "nobody publishes it in a form that is read here", FileNotFoundError)  # fmt: skip
    folders = _folders() if folder is None else [pathlib.Path(folder).expanduser()]
    for place in folders:
        if (place / weights.file).is_file():
            return _read(place / weights.file, weights)
    return _read(_fetched(name, weights, folders, progress), weights)


def _folders() -> list[pathlib.Path]:
    """Return where torchvision's files are looked for: beside the data sets."""
    data = os.environ.get("MINIDET_DATA")
    return [pathlib.Path(root).expanduser() / "weights" for root in ([data] if data else []) + ["data"]]


def _read(path: pathlib.Path, weights: Weights) -> dict[str, np.ndarray]:
    found = checksum(path)
    if not found.startswith(weights.sha256):
        why = "it is damaged, or another file; move it away, and it is fetched anew"
        raise bad_argument("load_pretrained", "file", f"{path} has SHA-256 {found}", f"{weights.sha256}...", why)
    return torch_zip.load_file(path)


def _fetched(name: str, weights: Weights, folders: list[pathlib.Path], progress: bool) -> pathlib.Path:
    """Fetch torchvision's file; one process at a time."""
    folder = next(filter(_can_be_written, folders), folders[0])
    path = folder / weights.file
    lock = FolderLock(folder, f"{weights.file}.lock", "load_pretrained", f"{weights.file} is fetched there; try later")
    lock.acquire(_WAIT)
    try:
        if not path.is_file():  # or somebody fetched it while we waited
            fetch(_TORCHVISION + weights.file, path, weights.sha256, progress)
    except DownloadError as error:
        looked = " or ".join(str(place) for place in folders)
        by_hand = f"By hand: put {_TORCHVISION}{weights.file} ({weights.megabytes} MB) into {folder}, under that name."
        message = f"load_pretrained: {name} is not in {looked}, and cannot be fetched: {error} {by_hand}"
        raise DownloadError(message) from error
    finally:
        lock.release()
    return path


def _can_be_written(folder: pathlib.Path) -> bool:
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    open_to_somebody = there.stat().st_mode & 0o222  # the system lets its administrator write everywhere
    return bool(there.is_dir() and os.access(there, os.W_OK) and open_to_somebody)
