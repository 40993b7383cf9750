"""Files that students sent: no link is followed, nothing is unpacked, and no more is read than is allowed."""

from __future__ import annotations

import contextlib
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

#: Bytes of one file: a notebook without pictures has a hundredth of it.
LIMIT_BYTES = 20_000_000
#: Files and folders of one submission, folders in folders, and entries of a zip file.
LIMIT_ENTRIES, LIMIT_DEPTH = 5000, 8
#: Bytes of a zip file: pictures and data may be in it.
LIMIT_ZIP = 200_000_000


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
    """Yield the plain files below a folder, sorted; hidden ones and what links, pipes and devices name are left out.

    Raises
    ------
    Refused
        If there are too many, or folders too deep in folders.
    """
    waiting, seen = [(folder, ())], 0
    while waiting:
        here, folders = waiting.pop()
        with os.scandir(here) as entries:
            entries = sorted(entries, key=lambda entry: entry.name)
        seen += len(entries)
        if seen > LIMIT_ENTRIES or len(folders) > LIMIT_DEPTH:
            raise Refused(f"more than {LIMIT_ENTRIES} files, or folders more than {LIMIT_DEPTH} deep")
        for entry in entries:
            if is_hidden(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append((Path(entry.path), (*folders, entry.name)))
            elif entry.is_file(follow_symlinks=False):
                yield Found(Path(entry.path), entry.name, entry.stat(follow_symlinks=False).st_mtime, "", folders)


def list_links(folder: Path) -> list[str]:
    """Return the names of the symbolic links below a folder: never followed, but worth a word."""
    found = []
    for here, folders, files in os.walk(folder, followlinks=False):
        found += [name for name in (*folders, *files) if (Path(here) / name).is_symlink()]
        if len(found) > LIMIT_ENTRIES:
            break
    return sorted(found)


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
        entries = archive.infolist()
        if len(entries) > LIMIT_ENTRIES:
            raise Refused(f"{found.name} has more than {LIMIT_ENTRIES} entries")
        listed = []
        for entry in entries:
            parts = PurePosixPath(entry.filename).parts
            outside = entry.filename.startswith("/") or ".." in parts or "\\" in entry.filename or ":" in entry.filename
            if outside or stat.S_ISLNK(entry.external_attr >> 16):
                raise Refused(f"{found.name} has an entry that leads out of its folder: {entry.filename!a}")
            if not entry.is_dir() and parts and not any(is_hidden(part) for part in parts):
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
        try:
            archive = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
            raise Refused(f"{path.name} is no zip file: {error}") from None
        with archive:
            yield archive
