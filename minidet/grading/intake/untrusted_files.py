"""Files that students sent: no link is followed, nothing is unpacked, and no more is read than is allowed."""

from __future__ import annotations

import contextlib
import os
import stat
import unicodedata
import zipfile
import zlib
from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

#: Bytes of one file: a notebook without pictures has a hundredth of it.
LIMIT_BYTES = 20_000_000
#: Files and folders of one submission, folders in folders, and entries of a zip file.
LIMIT_ENTRIES, LIMIT_DEPTH = 5000, 8
#: Folders that programs fill, nobody's answer is in there; what marks a virtual environment, and the folders beside it.
INSTALLED, ENVIRONMENT = ("site-packages", "node_modules"), ("pyvenv.cfg", "conda-meta")
OF_ENVIRONMENT = ("bin", "scripts", "lib", "lib64", "include", "libs", "share", "pkgs", "conda-meta")
#: Bytes of a zip file: pictures and data may be in it.
LIMIT_ZIP = 200_000_000
#: Entries of a zip file before installed packages are left out. Python keeps ten times their bytes in memory.
LIMIT_LISTED = 50_000


class Refused(Exception):
    """A submission, or a part of it, that is not read. The text is the reason, for instructor and student."""


@dataclass(frozen=True)
class Found:
    """A file on disk, or an entry of a zip file on disk (``member``). ``modified`` is a time stamp in seconds."""

    path: Path
    name: str
    modified: float
    member: str = ""
    folders: tuple[str, ...] = ()


def list_files(folder: Path) -> Iterator[Found]:
    """Yield the plain files below a folder, those above first; hidden ones, installed packages, and what links, pipes
    and devices name are left out.

    Raises
    ------
    Refused
        After the files that can be listed, if there are more, or folders too deep in folders.
    """
    waiting, seen, too_deep = deque([(folder, ())]), 0, False
    while waiting:
        here, folders = waiting.popleft()
        with os.scandir(here) as entries:
            entries = sorted(entries, key=lambda entry: entry.name)
        beside = [entry.name for entry in entries]
        for entry in entries:
            seen += 1
            if seen > LIMIT_ENTRIES:
                raise Refused(f"more than {LIMIT_ENTRIES} files")
            if is_hidden(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False):
                if is_installed(entry.name, beside):
                    continue
                if len(folders) < LIMIT_DEPTH:
                    waiting.append((Path(entry.path), (*folders, entry.name)))
                else:
                    too_deep = True
            elif entry.is_file(follow_symlinks=False):
                yield Found(Path(entry.path), entry.name, entry.stat(follow_symlinks=False).st_mtime, "", folders)
    if too_deep:
        raise Refused(f"folders more than {LIMIT_DEPTH} deep")


def list_links(folder: Path) -> list[str]:
    """Return the names of the symbolic links below a folder: never followed, but worth a word."""
    found = []
    for here, folders, files in os.walk(folder, followlinks=False):
        beside = [*folders, *files]
        folders[:] = [name for name in folders if not is_installed(name, beside)]
        found += [name for name in (*folders, *files) if (Path(here) / name).is_symlink()]
        if len(found) > LIMIT_ENTRIES:
            break
    return sorted(found)


def is_installed(folder: str, beside: Collection[str]) -> bool:
    """Tell whether a folder holds what a program installed, from its name and the names beside it."""
    return folder in INSTALLED or (folder.lower() in OF_ENVIRONMENT and any(name in beside for name in ENVIRONMENT))


def is_hidden(name: str) -> bool:
    """Tell what systems and programs leave behind (.DS_Store, .ipynb_checkpoints, __MACOSX) from what was handed in."""
    return name.startswith(".") or name in ("__MACOSX", "__pycache__", "desktop.ini", "Thumbs.db")


def list_zip(found: Found) -> list[Found]:
    """Return the entries of a zip file, as :func:`list_files` does for a folder.

    Raises
    ------
    Refused
        If it is no zip file, has too many entries, or one that leads out of its folder.
    """
    with _open_zip(found.path) as archive:
        entries = [(entry, PurePosixPath(entry.filename.replace("\\", "/"))) for entry in archive.infolist()]
        environments = {path.parent for _, path in entries if path.name in ENVIRONMENT}
        environments |= {path.parent.parent for _, path in entries if path.parent.name in ENVIRONMENT}
        installed = {folder for _, path in entries for folder in path.parents
                     if is_installed(folder.name, ENVIRONMENT if folder.parent in environments else ())}  # fmt: skip
        entries = [(entry, path) for entry, path in entries if installed.isdisjoint(path.parents)]
        if len(entries) > LIMIT_ENTRIES:
            raise Refused(f"{found.name} has more than {LIMIT_ENTRIES} entries")
        listed = []
        for entry, path in entries:
            parts = path.parts
            outside = path.is_absolute() or ".." in parts or ":" in entry.filename
            if outside or stat.S_ISLNK(entry.external_attr >> 16):
                raise Refused(f"{found.name} has an entry that leads out of its folder: {entry.filename!a}")
            is_folder = entry.filename.endswith(("/", "\\"))  # a program of Windows wrote the latter
            if not is_folder and parts and not any(is_hidden(part) for part in parts):
                listed.append(
                    Found(found.path, parts[-1], found.modified, entry.filename, (*found.folders, *parts[:-1]))
                )
    return listed


def read_file(found: Found, limit: int = LIMIT_BYTES) -> bytes:
    """Return a file's bytes.

    Raises
    ------
    Refused
        If it is larger than ``limit``, a link, no plain file, or a damaged entry of a zip file.
    """
    if not found.member:
        with _open(found.path) as file:
            data = file.read(limit + 1)
    else:
        with _open_zip(found.path) as archive:
            try:
                # The size that an entry claims may be a lie: what counts is how much comes out.
                with archive.open(found.member) as file:
                    data = file.read(limit + 1)
            except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, KeyError) as error:
                raise Refused(f"{found.path.name} is damaged or encrypted: {found.name}: {error}") from None
    if len(data) > limit:
        raise Refused(f"{found.name} is larger than {limit / 1e6:g} MB")
    return data


@contextlib.contextmanager
def _open(path: Path):
    """Open a plain file. A pipe is not waited for, and a link not followed, even if it was put there just now."""
    try:
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        handle = os.open(path, flags)
    except OSError as error:
        raise Refused(f"{path.name} cannot be opened, or is a link: {error.strerror}") from None
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise Refused(f"{path.name} is no plain file")
        yield file


@contextlib.contextmanager
def _open_zip(path: Path):
    with _open(path) as file:
        if os.fstat(file.fileno()).st_size > LIMIT_ZIP:
            raise Refused(f"{path.name} is larger than {LIMIT_ZIP / 1e6:g} MB")
        if _count(file, b"PK\1\2") > LIMIT_LISTED:  # every entry begins so, whatever the file's end says
            raise Refused(f"{path.name} has more than {LIMIT_LISTED} entries")
        try:
            archive = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
            raise Refused(f"{path.name} is no zip file: {error}") from None
        with archive:
            yield archive


def _count(file, mark: bytes) -> int:
    """Count a mark in a file, and go back to its beginning."""
    count, tail = 0, b""
    while block := file.read(1 << 20):
        count += (tail + block).count(mark)
        tail = block[1 - len(mark) :]
    file.seek(0)
    return count


def printable(text: str, length: int = 100) -> str:
    """Return text that neither breaks a table nor hides what it says: no control or direction marks."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    text = "".join("?" if unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp") else letter for letter in text)
    return text if len(text) <= length else text[: length - 1] + "…"
