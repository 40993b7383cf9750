"""Modules that hold modules."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping

from ..errors import bad_argument, shown
from .fused import fused
from .module import Module, _indent


class _Numbered(Module):
    """A list of modules named "0", "1", ...; PyTorch's keys."""

    def _key(self, index) -> str:
        index = self._position(index)
        length = len(self)
        if not -length <= index < length:
            was, expected = f"is {shown(index)}", f"an integer in [{-length}, {length})"
            raise bad_argument(type(self).__name__, "index", was, expected, f"it holds {length} modules", IndexError)
        return list(self._modules)[index]

    def _position(self, index) -> int:
        try:
            return operator.index(index)
        except (TypeError, ValueError) as error:
            raise bad_argument(type(self).__name__, "index", f"is {shown(index)}", "an integer",
                               error=TypeError) from error  # fmt: skip

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules.values())

    def __setitem__(self, index: int, module: Module) -> None:
        setattr(self, self._key(index), module)

    def __delitem__(self, index) -> None:
        names = list(self._modules)
        for name in names[index] if isinstance(index, slice) else [self._key(index)]:
            del self._modules[name]
        self._renumber(list(self._modules.values()))

    def _renumber(self, modules: list) -> None:
        self._modules.clear()
        for i, module in enumerate(modules):
            self.add_module(str(i), module)

    def append(self, module: Module):
        """Add a module at the end, and return the container."""
        self.add_module(str(len(self)), module)
        return self

    def extend(self, modules: Iterable[Module]):
        """Add modules at the end, and return the container."""
        try:
            modules = list(modules)
        except TypeError as error:
            was, expected = f"is {shown(modules)}", "an iterable of modules"
            raise bad_argument(type(self).__name__, "modules", was, expected, error=TypeError) from error
        for module in modules:
            self.append(module)
        return self

    def insert(self, index: int, module: Module):
        """Put a module before position ``index``, renumber those after it, and return the container."""
        if not isinstance(module, Module):
            raise bad_argument(type(self).__name__, "module", f"is a {type(module).__name__}", "a Module",
                               error=TypeError)  # fmt: skip
        modules = list(self._modules.values())
        modules.insert(max(-len(modules), min(self._position(index), len(modules))), module)
        self._renumber(modules)
        return self


class Sequential(_Numbered):
    """Modules applied one after the other.

    >>> net = Sequential(Linear(4, 8), ReLU(), Linear(8, 2))
    >>> net[0].out_features, len(net[:2])
    (8, 2)

    An ``OrderedDict`` (or any dict) of modules gives them names other than numbers.
    """

    def __init__(self, *args):
        super().__init__()
        named = len(args) == 1 and isinstance(args[0], Mapping)
        for name, module in args[0].items() if named else ((str(i), module) for i, module in enumerate(args)):
            if module is None:
                raise bad_argument("Sequential", f"module {name}", "is None", "a Module", error=TypeError)
            self.add_module(name, module)

    def forward(self, input):
        for _, call in fused(self._modules.items()):
            input = call(input)
        return input

    def __getitem__(self, index):
        if isinstance(index, slice):
            return type(self)(dict(list(self._modules.items())[index]))
        return self._modules[self._key(index)]

    def __delitem__(self, index) -> None:
        if all(name.isdigit() for name in self._modules):
            super().__delitem__(index)
            return
        names = list(self._modules)
        for name in names[index] if isinstance(index, slice) else [self._key(index)]:
            del self._modules[name]


class ModuleList(_Numbered):
    """A list of modules that are registered. It has no ``forward``: index or loop over it."""

    def __init__(self, modules: Iterable[Module] | None = None):
        super().__init__()
        self.extend(() if modules is None else modules)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return type(self)(list(self._modules.values())[index])
        return self._modules[self._key(index)]

    def __repr__(self) -> str:
        """Show a run of equal modules once, as PyTorch does."""
        runs: list[list] = []  # (first, last, text)
        for i, text in enumerate(map(repr, self)):
            if runs and runs[-1][2] == text:
                runs[-1][1] = i
            else:
                runs.append([i, i, text])
        if not runs:
            return f"{type(self).__name__}()"
        lines = [f"({a}): {_indent(text)}" if a == b else f"({a}-{b}): {b - a + 1} x {_indent(text)}"
                 for a, b, text in runs]  # fmt: skip
        return f"{type(self).__name__}(\n  " + "\n  ".join(lines) + "\n)"


class ModuleDict(Module):
    """A dictionary of modules that are registered. It has no ``forward``."""

    def __init__(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] | None = None):
        super().__init__()
        self.update({} if modules is None else modules)

    def __getitem__(self, key: str) -> Module:
        return self._modules[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        del self._modules[key]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, key: str) -> bool:
        return key in self._modules

    def keys(self):
        """Return the names."""
        return self._modules.keys()

    def values(self):
        """Return the modules."""
        return self._modules.values()

    def items(self):
        """Return names and modules."""
        return self._modules.items()

    def update(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]]) -> None:
        """Add modules, or replace those of the same name."""
        try:
            modules = dict(modules)
        except (TypeError, ValueError) as error:
            expected = "a dict, or pairs of a name and a module"
            raise bad_argument("ModuleDict", "modules", f"is {shown(modules)}", expected, error=TypeError) from error
        for key, module in modules.items():
            self[key] = module

    def pop(self, key: str) -> Module:
        """Take a module out, and return it."""
        return self._modules.pop(key)

    def clear(self) -> None:
        """Take all modules out."""
        self._modules.clear()
