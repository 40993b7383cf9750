"""What is mutated: every ``backward``, the methods it asks for slopes, and the functions that it calls for help."""

from __future__ import annotations

import ast
import copy
import importlib
import inspect
import pkgutil
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from minidet import autograd, ops
from minidet.autograd import operations
from minidet.nn import functional

from .mutations import Mutant, mutants

PACKAGES = (autograd, operations, functional, ops)
METHODS = ("backward", "slope", "shares")  # of a Function: what of it runs in the backward pass
NOT_OURS = ("Function", "_DifferenceLoss.slope")  # they only raise
SUMS = "minidet.autograd.sums"  # no gradient: what many numbers add up to, with tests of its own


@dataclass
class Target:
    """One function of the library: its syntax tree, and the object whose code a mutant replaces."""

    name: str  # autograd.operations.arithmetic.Pow.backward
    module: types.ModuleType
    tree: ast.FunctionDef
    function: types.FunctionType = field(repr=False)

    @cached_property
    def lines(self) -> list[str]:
        """The lines of its file."""
        return inspect.getsource(self.module).splitlines()

    @property
    def source(self) -> str:
        """Its text, without comments: what results depend on."""
        return ast.unparse(self.tree)

    def mutants(self) -> Iterator[Mutant]:
        """Yield all its mutants."""
        for mutant, _ in mutants(self.name, self.tree, self.lines):
            yield mutant

    def code(self, number: int) -> types.CodeType:
        """Compile one mutant."""
        for mutant, tree in mutants(self.name, copy.deepcopy(self.tree), self.lines):
            if mutant.number == number:
                return self._compiled(tree)
        raise LookupError(f"{self.name} has no mutant {number}")

    def _compiled(self, tree: ast.FunctionDef) -> types.CodeType:
        bare = ast.FunctionDef(tree.name, ast.parse(f"def f({_names(tree.args)}): pass").body[0].args, tree.body, [])
        if sys.version_info >= (3, 12):
            bare.type_params = []
        names: dict = {}
        module = ast.fix_missing_locations(ast.Module([bare], []))
        exec(compile(module, self.module.__file__, "exec"), dict(self.module.__dict__), names)
        return names[tree.name].__code__


def _names(arguments: ast.arguments) -> str:
    """Write a list of arguments without their types."""
    bare = ast.parse(f"def f({ast.unparse(arguments)}): pass").body[0].args
    for arg in [*bare.posonlyargs, *bare.args, *bare.kwonlyargs, bare.vararg, bare.kwarg]:
        if arg is not None:
            arg.annotation = None
    return ast.unparse(bare)


def all_targets() -> dict[str, Target]:
    """Return everything that is mutated, by name."""
    modules = {}
    for package in PACKAGES:
        for info in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            module = importlib.import_module(info.name)
            modules[info.name] = module, ast.parse(inspect.getsource(module))
    targets = {target.name: target for module, tree in modules.values() for target in _methods(module, tree)}
    waiting = list(targets.values())
    while waiting:
        for target in _helpers(waiting.pop(), modules):
            if target.name not in targets:
                targets[target.name] = target
                waiting.append(target)
    return targets


def _methods(module: types.ModuleType, tree: ast.Module) -> Iterator[Target]:
    short = module.__name__.removeprefix("minidet.")
    for kind in tree.body:
        if isinstance(kind, ast.ClassDef) and issubclass(vars(module)[kind.name], autograd.Function):
            for method in kind.body:
                if isinstance(method, ast.FunctionDef) and method.name in METHODS:
                    where = f"{kind.name}.{method.name}"
                    if kind.name not in NOT_OURS and where not in NOT_OURS:
                        bound = vars(vars(module)[kind.name])[method.name]
                        yield Target(f"{short}.{where}", module, method, bound.__func__)


def _helpers(target: Target, modules: dict) -> Iterator[Target]:
    """Yield the functions of these packages that a target calls by name."""
    for node in ast.walk(target.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            helper = vars(target.module).get(node.func.id)
            if isinstance(helper, types.FunctionType) and helper.__module__ in modules.keys() - {SUMS}:
                module, tree = modules[helper.__module__]
                found = [part for part in tree.body if getattr(part, "name", None) == helper.__name__]
                name = f"{module.__name__.removeprefix('minidet.')}.{helper.__name__}"
                if found and helper.__code__.co_name == helper.__name__:
                    yield Target(name, module, found[0], helper)
