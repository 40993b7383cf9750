"""Assignments: read from their source, variants drawn, the reference assembled, solutions taken out."""

import numpy as np
import pytest

from minidet.grading.assignments.assignment import (
    Call,
    blank_solutions,
    draw_variant,
    expected,
    load,
    run_answer,
    solution_lines,
)
from minidet.grading.assignments.cells import Cell

from ..toy import NOTEBOOK, TERM, load_toy, write_toy

X = np.array([1.0, 3.0, 3.0])


def test_load(tmp_path):
    toy = load_toy(tmp_path)
    assert (toy.name, toy.title, toy.term) == ("a0_toy", "A toy", TERM)
    assert toy.variants == {"q2": "first"}
    assert [question.points for question in toy.questions] == [60, 40]
    assert toy.allowed_names == set(toy.reference) == {"scale", "peak"}
    assert toy.folder == (tmp_path / "assignments" / "source" / "a0_toy").resolve()
    assert toy.reference["peak"](X) == 1


def test_only_the_cells_of_the_drawn_variant_are_there(tmp_path):
    toy = load_toy(tmp_path, q2="last")
    assert toy.reference["peak"](X) == 2
    text = "\n".join(cell.source for cell in toy.cells)
    assert "The last one counts." in text
    assert "The first one counts." not in text


def test_a_term_draws_always_the_same_and_terms_differ():
    drawn = [draw_variant(f"20{year}s", "a2", "q4", ("reflect", "replicate", "circular")) for year in range(20, 60)]
    assert drawn == [
        draw_variant(f"20{year}s", "a2", "q4", ("reflect", "replicate", "circular")) for year in range(20, 60)
    ]
    assert set(drawn) == {"reflect", "replicate", "circular"}
    assert draw_variant("2027s", "a2", "q4", ("a", "b", "c", "d")) == "c", "terms past have to stay as they were"


def test_calls_are_drawn_from_the_generator_and_know_their_parameters(tmp_path):
    toy = load_toy(tmp_path)
    question = toy.questions[0]
    calls = toy.calls(question, question.parts[0], np.random.default_rng(1), draws=2)
    again = toy.calls(question, question.parts[0], np.random.default_rng(1), draws=2)
    assert len(calls) == 2
    assert not np.array_equal(calls[0].args[0], calls[1].args[0])
    assert all(np.array_equal(one.args[0], other.args[0]) for one, other in zip(calls, again, strict=True))
    assert calls[0].parameters == ("x", "factor")


def test_expected(tmp_path):
    toy = load_toy(tmp_path)
    assert expected(toy, Call("peak", (X,))) == 1
    assert expected(toy, Call("peak", (X,), expected=7)) == 7
    assert expected(toy, Call("peak", (X[:0],), error="ValueError")) is None
    with pytest.raises(ValueError, match="the reference of peak raises nothing, expected ValueError"):
        expected(toy, Call("peak", (X,), error="ValueError"))


def test_the_reference_gets_copies(tmp_path):
    toy = load_toy(tmp_path)
    toy.reference["peak"] = lambda x: x.sort()
    call = Call("peak", (np.array([2.0, 1.0]),), {})
    expected(toy, call)
    assert call.args[0].tolist() == [2, 1]


def test_an_answer_knows_numpy_and_nothing_else():
    assert run_answer("def f(x):\n    return np.sum(x)\n", "q1")["f"]([1, 2]) == 3
    with pytest.raises(NameError, match="load_toy"):
        run_answer("load_toy", "q1")


def test_a_solution_is_replaced_at_its_own_indent():
    cell = Cell("code", "# answer: q1\ndef f(x):\n    y = 1\n    if x:\n        ### BEGIN SOLUTION\n        y = 2\n\n"
                "        y += x\n        ### END SOLUTION\n    return y\n")  # fmt: skip
    assert blank_solutions(cell).source == (
        "# answer: q1\ndef f(x):\n    y = 1\n    if x:\n"
        '        raise NotImplementedError("q1: write this function")\n    return y\n'
    )
    assert solution_lines(cell) == ["        y = 2", "        y += x"]


def test_a_cell_without_solution_stays():
    cell = Cell("markdown", "text")
    assert blank_solutions(cell) == cell
    assert solution_lines(cell) == []


@pytest.mark.parametrize("source", [
    "# answer: q1\n### BEGIN SOLUTION\nx = 1",
    "# answer: q1\n### END SOLUTION",
    "# answer: q1\n### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION",
    "x = 0\n### BEGIN SOLUTION\nx = 1\n### END SOLUTION",
])  # fmt: skip
def test_a_misplaced_mark_is_an_error(source):
    with pytest.raises(ValueError, match="blank_solutions: "):
        blank_solutions(Cell("code", source))


def test_what_is_missing_is_said(tmp_path):
    with pytest.raises(ValueError, match=r"load: the folder .* has no notebook.py"):
        load(tmp_path, TERM)
    folder = write_toy(tmp_path)
    with pytest.raises(ValueError, match=r"load: variants\['q2'\] is 'middle', expected one of"):
        load(folder, TERM, variants={"q2": "middle"})
    (folder / "notebook.py").write_text(NOTEBOOK.replace("def scale", "def scales"))
    with pytest.raises(ValueError, match="load: the answer of q1 defines no scale, expected a function"):
        load(folder, TERM)
