"""Where data sets lie on this machine."""

from __future__ import annotations

import os
import pathlib

from ...errors import bad_argument


def data_root(name: str, root: str | os.PathLike | None = None) -> pathlib.Path:
    """Return the folder of a data set: ``root`` if given, else ``$MINIDET_DATA/name``.

    Raises
    ------
    FileNotFoundError
        If there is no such folder; the message names it, and how to say where it is.
    """
    if not isinstance(name, str):
        raise bad_argument("data_root", "name", f"is a {type(name).__name__}", "a data set's name", error=TypeError)
    if root is not None:
        if not isinstance(root, (str, os.PathLike)):
            was = f"is a {type(root).__name__}"
            raise bad_argument(f"data set {name}", "root", was, "the path of a folder, or None", error=TypeError)
        folder = pathlib.Path(root).expanduser()
        hint = "it was given as root"
    elif os.environ.get("MINIDET_DATA"):
        folder = pathlib.Path(os.environ["MINIDET_DATA"]).expanduser() / name
        hint = f"MINIDET_DATA is {os.environ['MINIDET_DATA']}"
    else:
        raise FileNotFoundError(
            f"data set {name}: the environment variable MINIDET_DATA is not set, expected the folder that holds "
            f"{name}/. Set it, or pass root=."
        )
    if not folder.is_dir():
        raise FileNotFoundError(f"data set {name}: there is no folder {folder} ({hint}).")
    return folder


def existing_file(name: str, path: pathlib.Path) -> pathlib.Path:
    """Return ``path``, or raise ``FileNotFoundError`` that names the data set and the file."""
    if not path.is_file():
        raise FileNotFoundError(f"data set {name}: there is no file {path}.")
    return path
