"""Every public operation can be drawn, and what is drawn is legal, printable and the same each time."""

import pytest

from tests.fuzz.compare import _reference
from tests.fuzz.draw import Draw
from tests.fuzz.operation import arrays_of
from tests.fuzz.run import line
from tests.fuzz.table import OPERATIONS, Array, assert_agrees
from tests.table.collect import ROWS
from tests.test_table import public_operations, vision_operations

over_operations = pytest.mark.parametrize("name", sorted(OPERATIONS))


def calls(name, count):
    return [OPERATIONS[name].draw(Draw(f"{name} {i}")) for i in range(count)]


def test_every_public_operation_is_drawn():
    missing = {*public_operations(), *vision_operations()} - set(OPERATIONS)
    assert not missing, f"no entry in tests/fuzz for {sorted(missing)}"


def test_every_method_with_a_row_is_drawn():
    assert not {row.name for row in ROWS if row.name.startswith("Tensor.")} - set(OPERATIONS)


@over_operations
def test_the_reference_takes_what_is_drawn(name):
    taken = 0
    for args, kwargs in calls(name, 40):
        arrays = [array.make() for array in arrays_of((args, kwargs))]
        try:
            _reference(OPERATIONS[name], arrays, args, kwargs)
        except (ValueError, IndexError):  # the largest of nothing, say
            continue
        taken += 1
    assert taken >= 25, "most calls are refused: what is drawn is not legal"


@over_operations
def test_a_call_can_be_pasted(name):
    for args, kwargs in calls(name, 10):
        text = line(name, args, kwargs)
        pasted = eval(text, {"assert_agrees": lambda *a, **k: (a, k), "Array": Array})
        assert line(*pasted[0][:1], pasted[0][1:], pasted[1]) == text


@over_operations
def test_choices_repeat_a_call(name):
    for i in range(10):
        draw = Draw(f"{name} {i}")
        call = OPERATIONS[name].draw(draw)
        assert repr(OPERATIONS[name].draw(Draw(choices=draw.choices))) == repr(call)
        assert repr(OPERATIONS[name].draw(Draw(f"{name} {i}"))) == repr(call)


@over_operations
def test_the_simplest_call_is_legal(name):
    args, kwargs = OPERATIONS[name].draw(Draw(choices=[]))
    assert_agrees(name, *args, **kwargs)


def test_what_is_drawn_varies():
    arrays = [array for args, kwargs in calls("minidet.exp", 300) for array in arrays_of((args, kwargs))]
    assert {array.dtype for array in arrays} == {"float32", "float64"}
    assert {"normal", "whole", "wide", "special"} <= {array.values for array in arrays}
    assert len({array.layout for array in arrays}) == 7
    assert {len(array.shape) for array in arrays} == {0, 1, 2, 3, 4}
    assert any(0 in array.shape for array in arrays)
    assert {array.grad for array in arrays} == {True, False}
