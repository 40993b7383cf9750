"""Where compiled kernels are kept: which folders there may be, and which of them is fit.

What lies there is unpickled, and runs: whoever can write to the folder decides what this user runs. A user's own
folders are his. The temporary directory is everybody's: a folder in it has to be this user's, and closed to others.
"""

from __future__ import annotations

import os
import pathlib
import platform
import stat
import tempfile
import uuid
from typing import NamedTuple


class Choice(NamedTuple):
    """The folder that is used, None if no folder is fit; and each root that was passed over, with the reason."""

    folder: pathlib.Path | None
    refused: list[tuple[pathlib.Path, str]]


def roots() -> list[pathlib.Path]:
    """List the folders that may hold compiled kernels, best first: MINIDET_CACHE alone, or the user's, then /tmp's."""
    if os.environ.get("MINIDET_CACHE"):
        return [pathlib.Path(os.path.abspath(os.environ["MINIDET_CACHE"]))]
    owner = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    temporary = temporary_folder()
    found = [user_folder(), temporary and temporary / f"minidet-{owner}"]
    return [root for root in found if root]


def user_folder() -> pathlib.Path | None:
    """Return this user's folder for what can be made again, by the custom of the system; None if he has no home."""
    variable, below_home = {
        "Windows": ("LOCALAPPDATA", "AppData/Local"),
        "Darwin": ("", "Library/Caches"),
    }.get(platform.system(), ("XDG_CACHE_HOME", ".cache"))
    named = os.environ.get(variable, "")
    if os.path.isabs(named):  # the XDG specification: a relative path is invalid and is to be ignored
        return pathlib.Path(named) / "minidet"
    try:
        home = pathlib.Path.home()
    except RuntimeError:  # no HOME, and a user id that the system does not know: many containers
        return None
    return home / below_home / "minidet" if home.is_absolute() else None


def temporary_folder() -> pathlib.Path | None:
    """Return the temporary directory; None if there is none that can be written to."""
    try:
        return pathlib.Path(tempfile.gettempdir())
    except OSError:
        return None


def choose(name: str) -> Choice:
    """Make the folder ``name`` in the first root that is fit."""
    refused = []
    for root in roots():
        folder = root / name
        try:
            reason = make(root, holds_files=False) or make(folder)
            if not reason:
                probe = folder / f"probe-{uuid.uuid4().hex}.partial"
                probe.touch()
                probe.unlink()
                return Choice(folder, refused)
        except OSError as error:
            reason = f"is not writable ({error.strerror or error})"
        refused.append((root, reason))
    return Choice(None, refused)


def make(folder: pathlib.Path, holds_files: bool = True) -> str:
    """Make a folder that is closed to others, if it is not there; say why it is not safe."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    return why_open_to_others(folder, holds_files)


def why_open_to_others(folder: pathlib.Path, holds_files: bool = True) -> str:
    """Say why other users could change what is in a folder of the temporary directory; empty if they cannot.

    Every folder on the way there has to be this user's, or root's: who owns one may put another in its place. Others
    may write where the sticky bit keeps them from what is not theirs, but not where the files lie: they would add some.
    """
    temporary = temporary_folder()
    if temporary is None or not hasattr(os, "getuid") or temporary not in folder.parents:
        return ""
    for path in (folder, *folder.parents):
        if path == temporary:
            break
        found = path.lstat()
        if stat.S_ISLNK(found.st_mode):
            return f"is not safe: {path} is a link"
        if found.st_uid not in (0, os.getuid()):
            return f"is not safe: {path} belongs to another user"
        is_sticky = found.st_mode & stat.S_ISVTX and not (holds_files and path == folder)
        if found.st_mode & 0o022 and not is_sticky:
            return f"is not safe: other users may write to {path}"
    return ""
