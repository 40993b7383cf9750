"""Copying saved arrays into a module: all of them, or none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from ..autograd.tensor import Tensor
from ..errors import bad_argument


class IncompatibleKeys(NamedTuple):
    """What ``load_state_dict`` did not find, and what it did not use."""

    missing_keys: list[str]
    unexpected_keys: list[str]


def load(module: str, own: dict[str, Tensor], state: Mapping, strict: bool) -> IncompatibleKeys:
    """Copy ``state`` into the tensors ``own`` of a module of that name, after checking every key, shape and dtype."""
    if not isinstance(state, Mapping):
        kind = type(state).__name__
        raise bad_argument("load_state_dict", "state_dict", f"is a {kind}", "a dict of arrays", error=TypeError)
    given = {key: value._array if isinstance(value, Tensor) else np.asarray(value) for key, value in state.items()}
    missing = [key for key in own if key not in given]
    unexpected = [key for key in given if key not in own]
    common = [key for key in own if key in given]
    problems = []
    if strict:
        problems += [f"{key} is missing" for key in missing] + [f"{key} is unexpected" for key in unexpected]
    for key in common:
        if given[key].shape != own[key].shape:
            problems.append(f"{key} has shape {given[key].shape}, expected {own[key].shape}")
        if given[key].dtype.kind not in "fiub":
            problems.append(f"{key} has dtype {given[key].dtype}, expected numbers")
    if problems:
        listed = "".join(f"\n  {problem}" for problem in problems)
        raise ValueError(f"load_state_dict: the state does not fit {module}:{listed}")
    for key in common:
        np.copyto(own[key]._write_array(), given[key], casting="unsafe")
    return IncompatibleKeys(missing, unexpected)
