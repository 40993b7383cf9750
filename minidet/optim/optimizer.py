"""What all optimisers share: groups of parameters with their own options, and the state kept for each parameter."""

from __future__ import annotations

import copy
import numbers
import sys
from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from ..autograd.sequence import to_native
from ..autograd.tensor import Tensor, wrap
from ..errors import bad_argument, flag, integer

LARGEST = sys.float_info.max


def listed(op: str, argument: str, value, what: str) -> list:
    """Return the items of an iterable that is no text, mapping or array."""
    if isinstance(value, (str, bytes, dict, np.ndarray, Tensor)) or not isinstance(value, Iterable):
        raise bad_argument(op, argument, f"is a {type(value).__name__}", f"an iterable of {what}", error=TypeError)
    return list(value)


def finite(op: str, argument: str, value) -> float:
    """Return ``value`` as it is if it is a finite number, else raise."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        raise bad_argument(op, argument, f"is {str(value)[:80]!r}", "a number", error=TypeError)
    if not -LARGEST <= value <= LARGEST:
        raise bad_argument(op, argument, f"is {str(value)[:80]}", "a finite number")
    return value


class Optimizer:
    """The base class: keeps parameters, options and state; a subclass says what one step is.

    A subclass implements ``_update(param, grad, state, group, shape)``, which changes ``param`` in place. Both arrays
    are flat (M,) and of one dtype; ``grad`` must not be changed; ``state`` keeps Tensors of the parameter's ``shape``.

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        Leaf tensors of a float dtype; or groups ``{"params": [...], "lr": ...}``, whose options override ``defaults``.
    defaults : dict
        The options of a group that does not say otherwise.

    Attributes
    ----------
    param_groups : list of dict
        Options and ``"params"`` of each group; options may be changed between steps.
    state : dict
        What is remembered for each parameter, by parameter.
    """

    def __init__(self, params, defaults: dict):
        self.defaults = defaults
        self.param_groups: list[dict] = []
        self.state: defaultdict[Tensor, dict] = defaultdict(dict)
        groups = listed(self._name, "params", params, "Tensors or of dicts")
        if not groups:
            raise bad_argument(self._name, "params", "is empty", "at least one Tensor", "there is nothing to optimise")
        for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(group)

    @property
    def _name(self) -> str:
        return type(self).__name__

    def add_param_group(self, group: dict) -> None:
        """Add a group of parameters, for example layers that begin to learn only now.

        Parameters
        ----------
        group : dict
            ``"params"`` (a Tensor or an iterable of them) and any options that differ from the defaults.
        """
        if not isinstance(group, dict) or "params" not in group:
            was = f"is {str(group)[:80]!r}"
            raise bad_argument(self._name, "group", was, 'a dict with a key "params"', error=TypeError)
        unknown = sorted(map(str, set(group) - set(self.defaults) - {"params", "initial_lr"}))
        if unknown:
            raise bad_argument(self._name, "group", f"has an option {unknown[0]!r}", f"only {sorted(self.defaults)}")
        params = group["params"]
        params = [params] if isinstance(params, Tensor) else listed(self._name, "params", params, "Tensors")
        seen = {p for other in self.param_groups for p in other["params"]}
        for param in params:
            self._check_param(param, seen)
            seen.add(param)
        group = {**self.defaults, **group, "params": params}
        self._check_options(group)
        self.param_groups.append(group)

    def _check_param(self, param, seen: set) -> None:
        if not isinstance(param, Tensor):
            raise bad_argument(self._name, "params", f"contains a {type(param).__name__}", "Tensors", error=TypeError)
        if not param.is_leaf:
            raise bad_argument(self._name, "params", "contains the result of an operation", "leaf Tensors",
                               "gradients arrive at leaves only")  # fmt: skip
        if param.dtype.kind != "f":
            raise bad_argument(self._name, "params", f"contains a Tensor of dtype {param.dtype}", "float32 or float64",
                               error=TypeError)  # fmt: skip
        if param in seen:
            raise bad_argument(self._name, "params", f"contains one Tensor of shape {param.shape} twice", "each once",
                               "it would be updated twice per step")  # fmt: skip

    def _check_options(self, group: dict) -> None:
        """Raise if an option of the group is impossible; a subclass checks its own."""

    def _check_not_negative(self, group: dict, *options: str) -> None:
        for option in options:
            value = group[option]
            if finite(self._name, option, value) < 0:
                raise bad_argument(self._name, option, f"is {value}", "a finite number >= 0")

    def _check_switches(self, group: dict, *options: str) -> None:
        for option in options:
            flag(self._name, option, group[option])

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients: set them to None (default: less memory, no pass over it), or to zero."""
        for group in self.param_groups:
            for param in group["params"]:
                if flag("zero_grad", "set_to_none", set_to_none):
                    param.grad = None
                elif param.grad is not None:
                    param.grad._write_array()[...] = 0

    def step(self) -> None:
        """Update every parameter that has a gradient, in place. Not recorded on the tape."""
        for group in self.param_groups:
            for param in group["params"]:
                if param.grad is not None:
                    grad = self._flat_grad(param)
                    target = param._write_array()
                    if target.flags.c_contiguous:
                        self._update(target.reshape(-1), grad, self.state[param], group, param.shape)
                    else:
                        flat = target.flatten()
                        self._update(flat, grad, self.state[param], group, param.shape)
                        target[...] = flat.reshape(target.shape)

    def _flat_grad(self, param: Tensor) -> np.ndarray:
        grad = param.grad._array
        if grad.shape != param.shape or grad.dtype != param.dtype:
            raise bad_argument(f"{self._name}.step", "grad", f"has shape {grad.shape} and dtype {grad.dtype}",
                               f"{param.shape} and {param.dtype}, as its parameter has")  # fmt: skip
        if not param._array.flags.writeable:
            raise bad_argument(f"{self._name}.step", "a parameter", f"of shape {param.shape} is read-only",
                               "memory that may be written", error=RuntimeError)  # fmt: skip
        if not (grad.flags.c_contiguous and grad.flags.writeable):
            grad = grad.copy()  # compiled code knows one kind of array only
        return grad.reshape(-1)

    def _update(self, param: np.ndarray, grad: np.ndarray, state: dict, group: dict, shape: tuple) -> None:
        raise NotImplementedError(f"{self._name}: _update is missing: it is what one step does to one parameter.")

    @staticmethod
    def _zeros(param: np.ndarray, shape: tuple) -> Tensor:
        return wrap(np.zeros(shape, param.dtype))

    def state_dict(self) -> dict:
        """Return state and options in PyTorch's layout: parameters are numbered, over all groups.

        Returns
        -------
        dict
            ``{"state": {0: {...}, ...}, "param_groups": [{"lr": ..., "params": [0, 1]}, ...]}``. Tensors share
            memory with the optimiser.
        """
        numbers = {param: i for i, param in enumerate(self._all_params())}
        groups = [{**group, "params": [numbers[param] for param in group["params"]]} for group in self.param_groups]
        return {"state": {numbers[param]: dict(state) for param, state in self.state.items()}, "param_groups": groups}

    def load_state_dict(self, state_dict: dict) -> None:
        """Continue from what :meth:`state_dict` returned; values are copied.

        Raises
        ------
        ValueError
            If groups or parameters are not as many as here, or if a state has another shape than its parameter.
        """
        op = f"{self._name}.load_state_dict"
        groups, numbered = self._checked_state(op, state_dict)
        order = [number for group in groups for number in group["params"]]
        params = dict(zip(order, self._all_params(), strict=True))
        fresh = defaultdict(dict)
        for number, entries in numbered.items():
            if number not in params:
                raise bad_argument(op, "state", f"has a parameter {number!r}", "those of param_groups")
            fresh[params[number]] = {key: self._load(key, value, params[number]) for key, value in entries.items()}
        merged = [self._merged(group, saved) for group, saved in zip(self.param_groups, groups, strict=True)]
        for param, entries in fresh.items():
            self._check_state(op, entries, next(g for g in merged if any(p is param for p in g["params"])))
        self.state = fresh
        for group, values in zip(self.param_groups, merged, strict=True):
            group.update(values)

    def _checked_state(self, op: str, state_dict) -> tuple[list, dict]:
        """Return groups and state of ``state_dict``, or raise unless they have the form of this optimiser's."""
        if not isinstance(state_dict, dict) or not {"param_groups", "state"} <= state_dict.keys():
            expected = "a dict of state and param_groups"
            raise bad_argument(op, "state_dict", f"is a {type(state_dict).__name__}", expected, error=TypeError)
        groups, numbered = state_dict["param_groups"], state_dict["state"]
        whole = isinstance(groups, (list, tuple)) and isinstance(numbered, dict)
        whole = whole and all(isinstance(group, dict) and isinstance(group.get("params"), list) for group in groups)
        if not whole or not all(isinstance(entries, dict) for entries in numbered.values()):
            raise bad_argument(op, "state_dict", "is of another form", "what state_dict() returned", error=TypeError)
        here = [len(group["params"]) for group in self.param_groups]
        sizes = [len(group["params"]) for group in groups]
        if sizes != here:
            raise bad_argument(op, "state_dict", f"has groups of {sizes} parameters", f"groups of {here}")
        order = [number for group in groups for number in group["params"]]
        if not all(isinstance(number, int) for number in order) or len(set(order)) != len(order):
            raise bad_argument(op, "params", f"is {str(order)[:80]}", "integers, each once")
        return groups, numbered

    def _merged(self, group: dict, saved: dict) -> dict:
        """Return the options of ``group`` with those of ``saved`` in their place, checked."""
        merged = dict(group)
        for key, value in saved.items():
            if key != "params":
                is_tuple = isinstance(group.get(key), tuple) and isinstance(value, (list, tuple))
                merged[key] = tuple(value) if is_tuple else copy.copy(value)
        self._check_options(merged)
        if "initial_lr" in merged:
            finite(self._name, "initial_lr", merged["initial_lr"])
        return merged

    def _check_state(self, op: str, state: dict, group: dict) -> None:
        """Raise if what is remembered for a parameter is not what ``_update`` needs; a subclass knows."""

    def _check_arrays(self, op: str, state: dict, *keys: str) -> None:
        for key in keys:
            if not isinstance(state.get(key), Tensor):
                raise bad_argument(op, key, f"is a {type(state.get(key)).__name__}", "a Tensor", error=TypeError)

    def _load(self, key: str, value, param: Tensor):
        if not isinstance(value, (Tensor, np.ndarray)):
            return value
        array = value._array if isinstance(value, Tensor) else value
        array = to_native(f"{self._name}.load_state_dict", key, array)
        if key == "step":  # PyTorch counts in a 0-d tensor
            return integer(f"{self._name}.load_state_dict", key, int(array) if array.size == 1 else array)
        if array.size != param.numel():
            raise bad_argument(f"{self._name}.load_state_dict", key, f"has shape {array.shape}", f"{param.shape}")
        return wrap(np.array(array, param.dtype, order="C").reshape(param.shape))

    def _all_params(self):
        return (param for group in self.param_groups for param in group["params"])

    def __repr__(self) -> str:
        lines = [f"{self._name} ("]
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}")
            lines += [f"    {key}: {group[key]}" for key in sorted(group) if key != "params"]
        return "\n".join([*lines, ")"])
