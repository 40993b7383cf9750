"""What a module saves, and copying saved arrays into it: all of them, or none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from ..autograd.float_errors import quiet
from ..autograd.sequence import CODES, EXPECTED
from ..autograd.tensor import Tensor
from ..errors import bad_argument, flag, shown


class IncompatibleKeys(NamedTuple):
    """What ``load_state_dict`` did not find, and what it did not use."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not any(self):
            return "<All keys matched successfully>"
        return f"IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


def collect(module) -> dict[str, Tensor]:
    """Return what is saved: PyTorch's keys in PyTorch's order, a shared module under each of its names."""
    state = {}
    for path, part in module.named_modules(remove_duplicate=False):
        start = f"{path}." if path else ""
        saved = {**part._parameters, **{n: b for n, b in part._buffers.items() if n not in part._not_saved}}
        state.update((start + name, value) for name, value in saved.items() if value is not None)
    return state


def _keys(module, kind: str) -> set[str]:
    """Return the keys of what the modules inside name in their attribute ``kind``."""
    return {
        f"{path}.{name}" if path else name
        for path, part in module.named_modules(remove_duplicate=False)
        for name in getattr(part, kind)
    }


def _array(key, value) -> np.ndarray:
    """Return an entry of a state as an array, of any dtype."""
    if not isinstance(key, str):
        raise bad_argument("load_state_dict", "state_dict", f"has a key {shown(key)}", "names", error=TypeError)
    try:
        return value._array if isinstance(value, Tensor) else np.asarray(value)
    except (TypeError, ValueError) as error:
        raise bad_argument("load_state_dict", key, f"is {shown(value)}", "an array", error=TypeError) from error


def load(module, state: Mapping, strict: bool) -> IncompatibleKeys:
    """Copy ``state`` into the parameters and buffers of ``module``, after checking every key, shape and dtype."""
    if not isinstance(state, Mapping):
        kind = type(state).__name__
        raise bad_argument("load_state_dict", "state_dict", f"is a {kind}", "a dict of arrays", error=TypeError)
    strict = flag("load_state_dict", "strict", strict)
    given = {key: _array(key, value) for key, value in state.items()}
    own, optional, unused = collect(module), _keys(module, "_may_be_absent"), _keys(module, "_may_be_unused")
    missing = [key for key in own if key not in given and key not in optional]
    unexpected = [key for key in given if key not in own and key not in unused]
    common = [key for key in own if key in given]
    problems = []
    if strict:
        problems += [f"{key} is missing" for key in missing] + [f"{key} is unexpected" for key in unexpected]
    for key in common:
        if given[key].shape != own[key].shape:
            problems.append(f"{key} has shape {given[key].shape}, expected {own[key].shape}")
        if given[key].dtype.char not in f"e{CODES}":  # float16 too: many checkpoints save space
            problems.append(f"{key} has dtype {given[key].dtype}, expected {EXPECTED}")
    if problems:
        listed = "".join(f"\n  {problem}" for problem in problems)
        raise ValueError(f"load_state_dict: the state does not fit {type(module).__name__}:{listed}")
    with quiet():  # what float32 cannot hold becomes infinite
        for key in common:
            np.copyto(own[key]._write_array(), given[key], casting="unsafe")
    return IncompatibleKeys(missing, unexpected)
