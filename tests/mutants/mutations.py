"""Every small mistake that can be made in a function: one changed node of its syntax tree each."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

OPERATORS = {
    ast.Add: (ast.Sub,), ast.Sub: (ast.Add,), ast.Mult: (ast.Div, ast.Add), ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Mult,), ast.Mod: (ast.Mult,), ast.Pow: (ast.Mult,), ast.MatMult: (),
    ast.BitAnd: (ast.BitOr,), ast.BitOr: (ast.BitAnd,), ast.BitXor: (ast.BitOr,),
}  # fmt: skip
NOT_COMMUTATIVE = (ast.Sub, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.MatMult)
COMPARISONS = {
    ast.Eq: (ast.NotEq, ast.LtE, ast.GtE), ast.NotEq: (ast.Eq, ast.Lt, ast.Gt),
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE), ast.GtE: (ast.Gt, ast.Lt),
    ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
}  # fmt: skip
NAMES = {
    "maximum": "minimum", "minimum": "maximum", "floor": "ceil", "sign": "abs", "abs": "sign", "exp": "log",
    "log": "exp", "zeros": "ones", "ones": "zeros", "sum": "mean", "min": "max", "max": "min", "sqrt": "square",
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One function with one mistake: where it is, and what was written instead of what."""

    function: str  # autograd.operations.arithmetic.Pow.backward
    number: int  # among the mutants of the function
    line: int  # in the file
    source: str  # that line
    before: str
    after: str
    again: int  # how many mutants before it have the same source, before and after

    @property
    def key(self) -> str:
        """What it is known by, wherever the lines move."""
        again = f" (again: {self.again})" if self.again else ""
        return f"{self.function} | {self.source} | {self.before} -> {self.after}{again}"


def alternatives(node: ast.AST, parent: ast.AST, names: list[str]) -> Iterator[ast.AST]:
    """Yield what may be written, wrongly, instead of a node; ``ast.Pass`` for a statement that is left out.

    One of ``names``, the local variables, may be taken for the next.
    """
    if isinstance(node, ast.BinOp):
        yield from _binary(node)
    elif isinstance(node, ast.AugAssign):
        for other in OPERATORS[type(node.op)]:
            yield ast.AugAssign(node.target, other(), node.value)
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.Compare):
        for other in COMPARISONS[type(node.ops[0])]:
            yield ast.Compare(node.left, [other(), *node.ops[1:]], node.comparators)
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
        yield from node.values
    elif isinstance(node, ast.IfExp):
        yield from (ast.IfExp(node.test, node.orelse, node.body), node.body, node.orelse)
    elif isinstance(node, ast.If):
        for test in (ast.UnaryOp(ast.Not(), node.test), ast.Constant(True), ast.Constant(False)):
            yield ast.If(test, node.body, node.orelse)
    elif isinstance(node, ast.Constant):
        yield from _constant(node, parent)
    elif isinstance(node, ast.Call):
        yield from _call(node)
    elif isinstance(node, ast.Attribute) and node.attr in NAMES:
        yield ast.Attribute(node.value, NAMES[node.attr], node.ctx)
    elif isinstance(node, (ast.Tuple, ast.List)):
        for i in range(len(node.elts) - 1):
            yield type(node)(_swapped(node.elts, i), node.ctx)
    elif isinstance(node, ast.Slice):
        for bound in ("lower", "upper", "step"):
            if getattr(node, bound) is not None:
                yield ast.Slice(**{name: getattr(node, name) for name in ("lower", "upper", "step") if name != bound})
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names and len(names) > 1:
        yield ast.Name(names[(names.index(node.id) + 1) % len(names)], ast.Load())
    elif isinstance(node, ast.comprehension):
        for i, test in enumerate(node.ifs):
            for tests in ([], [ast.UnaryOp(ast.Not(), test)]):
                yield ast.comprehension(node.target, node.iter, node.ifs[:i] + tests + node.ifs[i + 1 :], node.is_async)
    if isinstance(node, (ast.Assign, ast.AugAssign, ast.Expr, ast.For)):
        yield ast.Pass()
    if isinstance(parent, ast.Return) or _is_returned(node, parent):
        yield from _result(node)


def _is_returned(node: ast.AST, parent: ast.AST) -> bool:
    return isinstance(parent, ast.Tuple) and getattr(parent, "returned", False) and isinstance(node, ast.expr)


def _result(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.Tuple):
        node.returned = True
    elif not isinstance(node, (ast.Starred, ast.Constant)):
        yield ast.UnaryOp(ast.USub(), node)
        yield ast.Constant(None)


def _binary(node: ast.BinOp) -> Iterator[ast.expr]:
    for other in OPERATORS[type(node.op)]:
        yield ast.BinOp(node.left, other(), node.right)
    if isinstance(node.op, NOT_COMMUTATIVE):
        yield ast.BinOp(node.right, node.op, node.left)
    yield from (node.left, node.right)


def _constant(node: ast.Constant, parent: ast.AST) -> Iterator[ast.expr]:
    if isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node.value, (int, float)):
        yield ast.Constant(node.value + 1)
        if not isinstance(parent, ast.UnaryOp):  # -(-1 + 1) would be 0, as -1 + 1 is: one is enough
            yield (
                ast.Constant(node.value - 1)
                if node.value >= 1
                else ast.UnaryOp(ast.USub(), ast.Constant(1 - node.value))
            )
        else:
            yield ast.Constant(node.value - 1)


def _call(node: ast.Call) -> Iterator[ast.expr]:
    plain = not any(isinstance(arg, ast.Starred) for arg in node.args)
    for i in range(len(node.keywords)):
        yield ast.Call(node.func, node.args, node.keywords[:i] + node.keywords[i + 1 :])
    for i in range(len(node.args) - 1):
        if not isinstance(node.args[i], ast.Starred) and not isinstance(node.args[i + 1], ast.Starred):
            yield ast.Call(node.func, _swapped(node.args, i), node.keywords)
    if plain and len(node.args) > 1:
        yield ast.Call(node.func, node.args[:-1], node.keywords)
    if node.args and not isinstance(node.args[0], ast.Starred):
        yield node.args[0]
    if isinstance(node.func, ast.Attribute) and not _is_module(node.func.value):
        yield node.func.value


def _is_module(node: ast.expr) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name) and node.id in ("np", "math", "kernels", "itertools", "ctx", "cls")


def _swapped(items: list, i: int) -> list:
    return [*items[:i], items[i + 1], items[i], *items[i + 2 :]]


def _places(function: ast.FunctionDef) -> Iterator[tuple[ast.AST, str, int | None, ast.AST]]:
    """Yield (parent, field, position in it or None, node) of all nodes of a body, the outer ones first."""
    waiting: list[ast.AST] = [function]
    while waiting:
        parent = waiting.pop(0)
        for field, value in ast.iter_fields(parent):
            if parent is function and field != "body":
                continue
            several = isinstance(value, list)
            for i, node in enumerate(value if several else [value]):
                if isinstance(node, ast.AST) and not _is_text(node):
                    yield parent, field, i if several else None, node
                    waiting.append(node)


def _locals(function: ast.FunctionDef) -> list[str]:
    """Return the names of arguments and variables, without those of comprehensions."""
    found = [arg.arg for arg in function.args.args if arg.arg not in ("ctx", "cls")]
    for statement in ast.walk(function):
        if isinstance(statement, (ast.Assign, ast.For)):
            for target in statement.targets if isinstance(statement, ast.Assign) else [statement.target]:
                found += [node.id for node in ast.walk(target) if isinstance(node, ast.Name)]
    return list(dict.fromkeys(found))


def _is_text(node: ast.AST) -> bool:
    """Tell whether a node is a docstring, a check of types or an exception: no number comes from it."""
    if isinstance(node, ast.Expr):
        node = node.value
    return isinstance(node, ast.Raise) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def mutants(name: str, function: ast.FunctionDef, lines: list[str]) -> Iterator[tuple[Mutant, ast.FunctionDef]]:
    """Yield every mutant of a function, with its syntax tree, which is valid until the next one is asked for.

    Parameters
    ----------
    name : str
        What the mutants call the function.
    function : ast.FunctionDef
        Its syntax tree; it is changed for each mutant, and changed back.
    lines : list of str
        The lines of the file.
    """
    seen: dict[tuple, int] = {}
    number = 0
    names = _locals(function)
    for parent, field, i, node in _places(function):
        before = ast.unparse(node) if not isinstance(node, ast.If) else ast.unparse(node.test)
        line = _line_of(node, parent)
        for other in list(alternatives(node, parent, names)):
            after = ast.unparse(other.test if isinstance(other, ast.If) else other)
            _put(parent, field, i, other)
            try:
                if after != before:
                    place = (lines[line - 1].strip(), before, after)
                    again = seen[place] = seen.get(place, -1) + 1
                    yield Mutant(name, number, line, place[0], before, after, again), function
                    number += 1
            finally:
                _put(parent, field, i, node)


def _line_of(node: ast.AST, parent: ast.AST) -> int:
    if hasattr(node, "lineno"):
        return node.lineno
    return min(child.lineno for child in [*ast.walk(node), parent] if hasattr(child, "lineno"))


def _put(parent: ast.AST, field: str, i: int | None, node: ast.AST) -> None:
    if i is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[i] = node
