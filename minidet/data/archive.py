"""Reading an archive that came from the network, which may hold anything."""

from __future__ import annotations

import pathlib
import stat
import zipfile
import zlib

from .transfer import DownloadError


def open_archive(path: pathlib.Path) -> zipfile.ZipFile:
    """Open a zip file, and refuse one that tries to reach outside its folder.

    Nothing here is ever unpacked by the name that an archive gives it; but an archive with such names is not to be
    trusted at all.

    Raises
    ------
    DownloadError
        If it is no zip file, or holds an absolute path, ``..``, a backslash, or a link.
    """
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        with path.open("rb") as file:
            start = file.read(40)
        raise DownloadError(f"download: {path} is no zip archive: it starts with {start!r}.") from error
    for info in archive.infolist():
        parts = pathlib.PurePosixPath(info.filename).parts
        outside = info.filename.startswith("/") or ".." in parts or "\\" in info.filename or ":" in info.filename
        if outside or stat.S_ISLNK(info.external_attr >> 16):
            archive.close()
            raise DownloadError(f"download: {path} is refused: its entry {info.filename!r} leads out of its folder.")
    return archive


def member(archive: zipfile.ZipFile, name: str) -> bytes:
    """Return the bytes of one entry; their checksum in the archive (CRC-32) is compared.

    Raises
    ------
    DownloadError
        If the entry is missing or damaged.
    """
    try:
        return archive.read(name)
    except KeyError as error:
        raise DownloadError(f"download: {archive.filename} has no entry {name}.") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise DownloadError(f"download: {archive.filename} is damaged: entry {name}: {error}.") from error
