"""A training run on the disk: everything that is needed to use its model, or to go on as if it had never stopped.

A run's folder holds one checkpoint::

    run.json                      what it is: names the other two, and holds everything that is not an array
    model-000007.safetensors      the model's state_dict, in PyTorch's names
    optimizer-000007.safetensors  the optimiser's arrays

Each save writes new arrays under the next number, then replaces run.json, then deletes the arrays before. So the step
from one checkpoint to the next is the replacement of a single file: wherever a save is interrupted, run.json names
complete files that belong together.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import re

import numpy as np

from ..autograd.tensor import Tensor
from . import plain_json
from .safetensors import load_file, read_file, save_file, write_file

FORMAT = 1
_ARRAYS = re.compile(r"(model|optimizer)-(\d{6,})\.safetensors")
_PARTIAL = re.compile(r"(run\.json|(model|optimizer)-\d{6,}\.safetensors)\.[0-9a-f]{8}\.partial")


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
    """
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    number = 1 + max((int(match[2]) for match in map(_ARRAYS.fullmatch, os.listdir(folder)) if match), default=0)
    files = {"model": f"model-{number:06d}.safetensors"}
    run = {"format": FORMAT, "files": files, "info": {} if info is None else info}
    if optimizer is not None:
        files["optimizer"] = f"optimizer-{number:06d}.safetensors"
        arrays, run["optimizer"] = _split(optimizer)
    text = plain_json.dumps(run).encode()  # before anything is written: this finds what JSON cannot hold
    save_file(model, folder / files["model"])
    if optimizer is not None:
        save_file(arrays, folder / files["optimizer"])
    write_file(folder / "run.json", text)
    _delete_others(folder, set(files.values()))
    return folder / "run.json"


def load_checkpoint(folder: str | os.PathLike) -> Checkpoint:
    """Read the checkpoint in ``folder``.

    Raises
    ------
    FileNotFoundError
        If there is none, or one of its files is missing.
    ValueError
        If a file is damaged.
    """
    folder = pathlib.Path(folder)
    path = folder / "run.json"
    try:
        run = plain_json.loads(read_file(path))
        known = run["format"]
        files, info, described = run["files"], run["info"], run.get("optimizer")
    except FileNotFoundError as error:
        raise FileNotFoundError(f"load_checkpoint: {error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"load_checkpoint: {path} is damaged or is no checkpoint: {error!r}.") from error
    if known != FORMAT:
        raise ValueError(f"load_checkpoint: {path} has format {known}, expected {FORMAT}: another version wrote it.")
    model = load_file(folder / files["model"])
    optimizer = None if described is None else _join(load_file(folder / files["optimizer"]), described)
    return Checkpoint(model, optimizer, info)


def _delete_others(folder: pathlib.Path, files: set[str]) -> None:
    """Delete earlier arrays, and what interrupted saves left; others' files stay."""
    for name in os.listdir(folder):
        if (_ARRAYS.fullmatch(name) and name not in files) or _PARTIAL.fullmatch(name):
            with contextlib.suppress(OSError):  # on Windows, while somebody reads it: the next save will
                (folder / name).unlink()


def _split(state_dict: dict) -> tuple[dict, dict]:
    """Part an optimiser's state into arrays, named ``"0.momentum_buffer"``, and what JSON can hold."""
    arrays, numbers = {}, {}
    for number, entries in state_dict["state"].items():
        numbers[str(number)] = {}
        for key, value in entries.items():
            if isinstance(value, (Tensor, np.ndarray)):
                arrays[f"{number}.{key}"] = value
            else:
                numbers[str(number)][key] = value
    return arrays, {"state": numbers, "param_groups": state_dict["param_groups"]}


def _join(arrays: dict, described: dict) -> dict:
    state = {int(number): dict(entries) for number, entries in described["state"].items()}
    for name, array in arrays.items():
        number, key = name.split(".", 1)
        state[int(number)][key] = array
    return {"state": state, "param_groups": described["param_groups"]}
