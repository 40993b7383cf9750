"""A training run on the disk: everything that is needed to use its model, or to go on as if it had never stopped.

A run's folder holds one checkpoint::

    run.json                      what it is: names the other two, and holds everything that is not an array
    model-000007.safetensors      the model's state_dict, in PyTorch's names
    optimizer-000007.safetensors  the optimiser's arrays

Each save writes new arrays under the next number, then replaces run.json, then deletes the arrays before. So the step
from one checkpoint to the next is the replacement of a single file: wherever a save is interrupted, run.json names
complete files that belong together. Saves into one folder wait for each other; a reader whose checkpoint is replaced
reads the new one.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import re

import numpy as np

from ..autograd.tensor import Tensor
from ..errors import bad_argument
from . import plain_json
from .lock import FolderLock, folder_path
from .safetensors import load_file, read_file, save_file, write_file

FORMAT = 1
_ARRAYS = re.compile(r"(model|optimizer)-([0-9]{6,15})\.safetensors")
_PARTIAL = re.compile(r"(run\.json|(model|optimizer)-[0-9]{6,15}\.safetensors)\.[0-9a-f]{8}\.partial")
_LARGEST = 2**26  # bytes of run.json: a thousand times what ten thousand epochs need
_WAIT = 60.0  # seconds for another save into the same folder
_READS = 100  # how often a checkpoint may be replaced under a reader's hands


@dataclasses.dataclass
class Checkpoint:
    """What :func:`load_checkpoint` returns.

    Attributes
    ----------
    model : dict of str to ndarray
        For ``module.load_state_dict``.
    optimizer : dict or None
        For ``optimizer.load_state_dict``.
    info : dict
        What was given to :func:`save_checkpoint` as ``info``.
    """

    model: dict[str, np.ndarray]
    optimizer: dict | None
    info: dict


def save_checkpoint(folder: str | os.PathLike, model: dict, optimizer: dict | None = None, info: dict | None = None):
    """Replace the checkpoint in ``folder``, in one step.

    Parameters
    ----------
    folder : path
        Made if needed.
    model : dict of str to Tensor or ndarray
        ``module.state_dict()``.
    optimizer : dict, optional
        ``optimizer.state_dict()``.
    info : dict, optional
        Whatever else a run needs, as JSON holds it: by convention ``"model"`` (its name and arguments), ``"step"``,
        ``"epoch"``, ``"scheduler"``, ``"loader"`` and ``"rng"`` (their states), ``"history"``.

    Returns
    -------
    pathlib.Path
        The file run.json.

    Raises
    ------
    OSError
        The disk is full, or the folder cannot be written to. The checkpoint from before is as it was.
    """
    folder = folder_path("save_checkpoint", folder)
    described, arrays = None, {}
    if optimizer is not None:
        described, arrays = _split(optimizer)
    if info is not None and not isinstance(info, dict):
        raise bad_argument("save_checkpoint", "info", f"is a {type(info).__name__}", "a dict", error=TypeError)
    plain_json.dumps({"info": info or {}, "optimizer": described})  # before anything is written
    lock = FolderLock(folder, "saving.lock", "save_checkpoint", "two saves at once would lose both; save again later")
    lock.acquire(_WAIT)
    try:
        return _save(folder, model, described, arrays, {} if info is None else info)
    finally:
        lock.release()


def _save(folder: pathlib.Path, model: dict, described: dict | None, arrays: dict, info: dict) -> pathlib.Path:
    """Write the arrays, then run.json; with the lock held."""
    number = 1 + max((int(match[2]) for match in map(_ARRAYS.fullmatch, os.listdir(folder)) if match), default=0)
    files = {"model": f"model-{number:06d}.safetensors"}
    run = {"format": FORMAT, "files": files, "info": info}
    if described is not None:
        files["optimizer"] = f"optimizer-{number:06d}.safetensors"
        run["optimizer"] = described
    try:
        save_file(model, folder / files["model"])
        if described is not None:
            save_file(arrays, folder / files["optimizer"])
        write_file(folder / "run.json", plain_json.dumps(run).encode())
    except BaseException:
        with contextlib.suppress(OSError, ValueError):  # what is there now: the checkpoint from before, or this one
            _delete_others(folder, set(_parse(folder / "run.json", _read_run(folder))["files"].values()))
        raise
    _delete_others(folder, set(files.values()))
    return folder / "run.json"


def load_checkpoint(folder: str | os.PathLike) -> Checkpoint:
    """Read the checkpoint in ``folder``. Nothing outside of the folder is opened, whatever is written in run.json.

    Raises
    ------
    FileNotFoundError
        If there is none, or one of its files is missing.
    ValueError
        If a file is damaged.
    """
    folder = folder_path("load_checkpoint", folder)
    text = _read_run(folder)
    for _ in range(_READS):
        try:
            return _assemble(folder, _parse(folder / "run.json", text))
        except FileNotFoundError:  # deleted by a save that has finished since: then run.json names others
            before, text = text, _read_run(folder)
            if text == before:
                raise
    raise bad_argument("load_checkpoint", "folder", f"{folder} was replaced {_READS} times while it was read",
                       "one that is written to less often", error=BlockingIOError)  # fmt: skip


def _read_run(folder: pathlib.Path) -> bytes:
    path = folder / "run.json"
    try:
        _check_no_link(path)
        return read_file(path, _LARGEST)
    except OSError as error:
        raise type(error)(f"load_checkpoint: {error}") from error


def _check_no_link(path: pathlib.Path) -> None:
    """Raise if ``path`` is a symbolic link: a run folder may come from anybody, and would name others' files."""
    if path.is_symlink():
        why = "a run folder holds its own files; put a copy of the file in the link's place"
        raise bad_argument("load_checkpoint", "file", f"{path} is a symbolic link", "a file", why)


def _parse(path: pathlib.Path, text: bytes) -> dict:
    """Return what run.json says, every part of it of the right kind."""
    try:
        run = plain_json.loads(text)
    except ValueError as error:
        raise damaged(path, str(error)) from error
    if not isinstance(run, dict):
        raise damaged(path, "it does not hold an object")
    missing = [key for key in ("format", "files", "info") if key not in run]
    if missing:
        raise damaged(path, f"{missing[0]!r} is missing")
    if run["format"] != FORMAT:
        was = f"has format {str(run['format'])[:20]}"
        raise ValueError(f"load_checkpoint: {path} {was}, expected {FORMAT}: another version of minidet wrote it.")
    files, described = run["files"], run.get("optimizer")
    for key, kind in (("files", dict), ("info", dict), ("optimizer", (dict, type(None)))):
        if not isinstance(run.get(key), kind):
            raise damaged(path, f"{key!r} is a {type(run.get(key)).__name__}")
    if files.keys() != {"model", "optimizer"} - ({"optimizer"} if described is None else set()):
        raise damaged(path, f"'files' names {sorted(files)[:4]}")
    for key, name in files.items():
        match = _ARRAYS.fullmatch(name) if isinstance(name, str) else None
        if match is None or match[1] != key:
            raise damaged(path, f"the file of {key} is {repr(name)[:60]}, expected {key}-NUMBER.safetensors")
    return run


def damaged(path: pathlib.Path, why: str) -> ValueError:
    """Build the error for a file whose content is not what was written."""
    what = "copy the folder again from where it was whole, or train anew"
    return ValueError(
        f"load_checkpoint: {path} is damaged or is no checkpoint, expected what minidet wrote: {why}; {what}."
    )


def _assemble(folder: pathlib.Path, run: dict) -> Checkpoint:
    paths = {key: folder / name for key, name in run["files"].items()}
    for path in paths.values():
        _check_no_link(path)
    model = load_file(paths["model"])
    if "optimizer" not in paths:
        return Checkpoint(model, None, run["info"])
    return Checkpoint(model, _join(load_file(paths["optimizer"]), run["optimizer"], folder / "run.json"), run["info"])


def _delete_others(folder: pathlib.Path, files: set[str]) -> None:
    """Delete earlier arrays, and what interrupted saves left; others' files stay."""
    for name in os.listdir(folder):
        if (_ARRAYS.fullmatch(name) and name not in files) or _PARTIAL.fullmatch(name):
            with contextlib.suppress(OSError):  # on Windows, while somebody reads it: the next save will
                (folder / name).unlink()


def _split(state_dict: dict) -> tuple[dict, dict]:
    """Part an optimiser's state into what JSON can hold, and arrays, named ``"0.momentum_buffer"``."""
    arrays, numbers = {}, {}
    try:
        for number, entries in state_dict["state"].items():
            numbers[str(number)] = {}
            for key, value in entries.items():
                if isinstance(value, (Tensor, np.ndarray)):
                    arrays[f"{number}.{key}"] = value
                else:
                    numbers[str(number)][key] = value
        return {"state": numbers, "param_groups": state_dict["param_groups"]}, arrays
    except (AttributeError, KeyError, TypeError, IndexError) as error:
        was = f"is a {type(state_dict).__name__} of another form"
        raise bad_argument("save_checkpoint", "optimizer", was, "optimizer.state_dict()", error=TypeError) from error


def _join(arrays: dict, described: dict, path: pathlib.Path) -> dict:
    """Put together what :func:`_split` parted; ``path`` is for the error."""
    try:
        state = {int(number): dict(entries) for number, entries in described["state"].items()}
        for name, array in arrays.items():
            number, key = name.split(".", 1)
            state[int(number)][key] = array
        groups = [dict(group, params=list(group["params"])) for group in described["param_groups"]]
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise damaged(path, f"'optimizer' does not describe the optimiser's arrays ({error!r})") from error
    return {"state": state, "param_groups": groups}
