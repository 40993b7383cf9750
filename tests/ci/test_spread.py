"""``--cases N``: of each test with many cases a few, evenly spread; ``make check`` is to be quick."""

import types

import pytest

from ..conftest import spread


def items_of(**families):
    """Return test items: a name and its number of cases each; 0 stands for a test without parameters."""
    names = [f"a.py::{name}[{i}]" if count else f"a.py::{name}" for name, count in families.items()
             for i in range(count or 1)]  # fmt: skip
    return [types.SimpleNamespace(nodeid=name) for name in names]


@pytest.mark.parametrize(
    "most, expected", [(1, [0]), (2, [0, 5]), (3, [0, 3, 6]), (10, [*range(10)]), (99, [*range(10)])]
)
def test_of_many_cases_a_few(most, expected):
    kept, left_out = spread(items_of(many=10), most)
    assert [item.nodeid for item in kept] == [f"a.py::many[{i}]" for i in expected]
    assert len(left_out) == 10 - len(expected)


def test_every_function_is_run_in_its_order():
    items = items_of(one=0, many=5, two=2, last=0)
    kept, left_out = spread(items, 2)
    assert [item.nodeid for item in kept] == [
        "a.py::one", "a.py::many[0]", "a.py::many[2]", "a.py::two[0]", "a.py::two[1]", "a.py::last",
    ]  # fmt: skip
    assert [item for item in items if item in kept or item in left_out] == items
