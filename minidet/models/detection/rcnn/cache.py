"""Features of all regions on the disk: gigabytes that are computed once.

    regions.f32     the rows of all images one after the other, float32, least significant byte first
    regions.json    how many rows each finished image has, and of what they are the features (a key)

Rows are written first, and forced to the disk; then regions.json is replaced in one step. Whatever is interrupted,
regions.json names rows that are there: the next run goes on after them. Rows under another key are another network's,
and are computed anew. Reading maps the file into memory: only the rows that are looked at are read.
"""

from __future__ import annotations

import json
import os
import pathlib

import numpy as np

from ....errors import bad_argument, integer
from ....serialization.safetensors import read_file, write_file

FORMAT = 1
EVERY = 2**25  # bytes between two saves


class RowCache:
    """A list of arrays (R_i, width), one for each image, that grows on the disk.

    Parameters
    ----------
    folder : path
        Is there.
    name : str
        Of the files.
    width : int
        Numbers of a row.
    key : str
        Says what the rows are; with another one, what is there is thrown away.
    """

    def __init__(self, folder: str | os.PathLike, name: str, width: int, key: str):
        folder = pathlib.Path(folder)
        self.data, self.index = folder / f"{name}.f32", folder / f"{name}.json"
        self.width, self.key = integer("RowCache", "width", width, 1), key
        self.ends = self._ends()
        self._file = open(self.data, "r+b" if self.data.exists() else "w+b")  # noqa: SIM115 - closed by close()
        self._file.truncate(self.nbytes)  # what an interrupted run wrote after its last save
        self._file.seek(self.nbytes)
        self._saved, self._map = self.nbytes, None

    def _ends(self) -> list[int]:
        """Return where the rows of each finished image end, in the files that are there."""
        if not self.index.exists():
            return []
        try:
            text = json.loads(read_file(self.index))
            form, width, key, ends = (text[name] for name in ("format", "width", "key", "ends"))
            whole = all(type(end) is int for end in ends) and all(
                a <= b for a, b in zip([0, *ends], ends, strict=False)
            )
        except (ValueError, KeyError, TypeError) as error:
            raise self._damaged("it does not say what it should") from error
        if (form, width, key) != (FORMAT, self.width, self.key):
            return []
        rows = ends[-1] if ends else 0
        if not whole or not self.data.exists() or self.data.stat().st_size < rows * self.width * 4:
            raise self._damaged(f"{self.data.name} has fewer rows than it says")
        return ends

    def _damaged(self, why: str) -> Exception:
        return bad_argument("RowCache", "file", f"{self.index} is damaged", "what was written", f"{why}; delete both")

    @property
    def nbytes(self) -> int:
        """Bytes of all rows."""
        return (self.ends[-1] if self.ends else 0) * self.width * 4

    def __len__(self) -> int:
        return len(self.ends)

    def append(self, rows: np.ndarray) -> None:
        """Add the rows of the next image."""
        if rows.ndim != 2 or rows.shape[1] != self.width:
            raise bad_argument("RowCache", "rows", f"has shape {rows.shape}", f"(R, {self.width})")
        self._map = None
        try:
            self._file.write(np.ascontiguousarray(rows, "<f4").data if rows.size else b"")
        except OSError as error:
            was, why = f"cannot be written to {self.data}", f"{error.strerror or error}"
            raise bad_argument("RowCache", "rows", was, "a place with room", why, type(error)) from error
        self.ends.append((self.ends[-1] if self.ends else 0) + len(rows))
        if self.nbytes - self._saved >= EVERY:
            self.save()

    def save(self) -> None:
        """Force all rows to the disk; from now on they are there."""
        self._file.flush()
        os.fsync(self._file.fileno())
        text = {"format": FORMAT, "width": self.width, "key": self.key, "ends": self.ends}
        write_file(self.index, json.dumps(text).encode())
        self._saved = self.nbytes

    def close(self) -> None:
        """Save, and let go of the file."""
        if not self._file.closed:
            self.save()
            self._file.close()
        self._map = None

    def __enter__(self) -> RowCache:
        return self

    def __exit__(self, *exc_info) -> None:
        self.close()

    def __getitem__(self, image: int) -> np.ndarray:
        """Return the rows of an image, read-only, in the file's memory."""
        if not 0 <= image < len(self.ends):
            raise bad_argument("RowCache", "image", f"is {image}", f"integers in [0, {len(self)})", error=IndexError)
        if self._map is None:
            if not self._file.closed:
                self._file.flush()
            rows = self.nbytes // 4 // self.width
            empty = np.zeros((0, self.width), np.float32)
            self._map = np.memmap(self.data, "<f4", "r", shape=(rows, self.width)) if rows else empty
        start = self.ends[image - 1] if image else 0
        return self._map[start : self.ends[image]]
