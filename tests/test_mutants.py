"""The search for mutants is itself tested; a sample of them is tried."""

import ast

import pytest

from minidet.autograd import Function
from minidet.autograd.operations.arithmetic import Neg

from .mutants import pretended
from .mutants.__main__ import main
from .mutants.listed import listed
from .mutants.mutations import Mutant, mutants
from .mutants.targets import all_targets
from .mutants.workers import try_all

TARGETS = all_targets()

SOURCE = '''
def backward(ctx, grad):
    """Text is left alone."""
    a, b = ctx.saved_tensors
    total = (grad * a).sum(axis=-1, keepdims=True)
    if ctx.needs_input_grad[1]:
        total -= 2 / b
    return total, None if a.ndim > 1 and b.ndim else -b
'''


def changes():
    """Return what is written instead of what in SOURCE, with the number of the line."""
    tree = ast.parse(SOURCE).body[0]
    return [(mutant.line, mutant.before, mutant.after) for mutant, _ in mutants("f", tree, SOURCE.splitlines())]


@pytest.mark.parametrize(
    "change",
    [
        (4, "(a, b)", "(b, a)"),
        (5, "grad * a", "grad / a"),
        (5, "grad * a", "grad"),
        (5, "(grad * a).sum(axis=-1, keepdims=True)", "(grad * a).sum(axis=-1)"),
        (5, "(grad * a).sum(axis=-1, keepdims=True)", "(grad * a).sum(keepdims=True)"),
        (5, "(grad * a).sum(axis=-1, keepdims=True)", "grad * a"),
        (5, "(grad * a).sum", "(grad * a).mean"),
        (5, "-1", "1"),
        (5, "1", "2"),
        (5, "True", "False"),
        (5, "a", "b"),
        (6, "ctx.needs_input_grad[1]", "not ctx.needs_input_grad[1]"),
        (6, "ctx.needs_input_grad[1]", "True"),
        (6, "1", "0"),
        (7, "total -= 2 / b", "pass"),
        (7, "total -= 2 / b", "total += 2 / b"),
        (7, "2 / b", "b / 2"),
        (8, "total", "-total"),
        (8, "total", "None"),
        (8, "None if a.ndim > 1 and b.ndim else -b", "-b if a.ndim > 1 and b.ndim else None"),
        (8, "a.ndim > 1 and b.ndim", "a.ndim > 1 or b.ndim"),
        (8, "a.ndim > 1", "a.ndim >= 1"),
        (8, "-b", "b"),
    ],
)
def test_every_kind_of_mistake_is_made(change):
    assert change in changes()


def test_each_is_another_function_and_the_tree_is_as_before():
    tree = ast.parse(SOURCE).body[0]
    before = ast.unparse(tree)
    texts = [ast.unparse(mutant) for _, mutant in mutants("f", tree, SOURCE.splitlines())]
    assert before not in texts
    assert ast.unparse(tree) == before
    next(mutants("f", tree, SOURCE.splitlines()))  # a search that is given up
    assert ast.unparse(tree) == before


def test_every_backward_is_a_target():
    waiting, classes = [Function], set()
    while waiting:
        waiting += (found := waiting.pop().__subclasses__())
        classes |= set(found)
    ours = ("minidet.autograd", "minidet.nn.fun", "minidet.ops")
    own = {cls.backward.__code__ for cls in classes if cls.__module__.startswith(ours)}
    assert own <= {target.function.__code__ for target in TARGETS.values()}


def test_helpers_are_targets():
    assert {
        "autograd.operations.promotion.unbroadcast",
        "autograd.operations.elementwise.Maximum.shares",
        "nn.functional.conv._like",
    } <= set(TARGETS)


def test_a_mutant_takes_the_place_of_the_function(monkeypatch):
    target = TARGETS["autograd.operations.arithmetic.Neg.backward"]
    number = next(mutant.number for mutant in target.mutants() if (mutant.before, mutant.after) == ("-grad", "grad"))
    assert Neg.backward(None, 3.0) == -3.0
    monkeypatch.setattr(target.function, "__code__", target.code(number))
    assert Neg.backward(None, 3.0) == 3.0


def test_keys_tell_all_mutants_apart():
    keys = [mutant.key for target in TARGETS.values() for mutant in target.mutants()]
    assert len(set(keys)) == len(keys)


def test_what_is_listed_as_equivalent_is_a_mutant():
    keys = {mutant.key for target in TARGETS.values() for mutant in target.mutants()}
    gone = [key for key in listed() if key not in keys]
    assert not gone, f"the source has changed: look again whether these are mistakes now, {gone}"


def test_the_list_needs_reasons(tmp_path):
    (tmp_path / "list.txt").write_text("f | a + b | a + b -> a - b\n")
    with pytest.raises(ValueError, match="line 1: is 'f | a"):
        listed(tmp_path / "list.txt")


def fake(number):
    return Mutant("f", number, 1, "return a", "a", str(number), 0)


@pytest.mark.slow
def test_endless_and_deadly_mutants_are_found():
    found = dict(try_all([fake(1), fake(2), fake(3)], 2, pretended.one_endless_one_deadly, limit=0.5))
    assert found[fake(1)] == "broken: no end in 0.5 s"
    assert found[fake(2)] == "broken: the process ended"
    assert found[fake(3)] == ""


def test_a_fault_of_the_search_is_no_find():
    with pytest.raises(RuntimeError, match="the search is broken"):
        list(try_all([fake(1)], 1, pretended.faulty))


def test_names_nothing(capsys):
    assert main(["no such function"]) == 2
    assert "expected a part of a function's name" in capsys.readouterr().out


@pytest.mark.slow
def test_a_sample_is_found_or_listed(capsys, tmp_path):
    options = ["--sample", "150", "--seed", "1", "--jobs", "1", "--results", str(tmp_path / "results.jsonl")]
    assert main(options) == 0, capsys.readouterr().out
    assert len((tmp_path / "results.jsonl").read_text().splitlines()) == 150
    assert main(options) == 0, "from the file alone"


@pytest.mark.slow
def test_a_survivor_that_is_not_listed_fails(capsys, monkeypatch):
    monkeypatch.setattr("tests.mutants.__main__.listed", dict)
    assert main(["shape.Permute.backward", "--jobs", "1"]) == 1
    assert "survives" in capsys.readouterr().out
