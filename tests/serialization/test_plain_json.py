"""JSON with numbers that JSON does not know."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidet.serialization.plain_json import dumps, loads

leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
values = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@given(values)
def test_round_trip(value):
    text = dumps(value)
    assert loads(text) == value
    json.loads(text, parse_constant=lambda token: pytest.fail(f"{token} is not JSON"))


def test_what_is_not_a_number_comes_back():
    back = loads(dumps({"loss": [math.nan, math.inf, -math.inf, 1.0]}))["loss"]
    assert math.isnan(back[0])
    assert back[1:] == [math.inf, -math.inf, 1.0]


def test_numpy_values_become_plain():
    value = {"a": np.float32(0.1), "b": np.int64(3), "c": np.bool_(True), "d": np.arange(3), "e": (1, 2)}
    assert loads(dumps(value)) == {"a": float(np.float32(0.1)), "b": 3, "c": True, "d": [0, 1, 2], "e": [1, 2]}


def test_what_does_not_fit_is_named():
    with pytest.raises(TypeError, match=r"dumps: value\['a'\]\[1\] is a set"):
        dumps({"a": [1, {2}]})
    with pytest.raises(TypeError, match=r"dumps: value has a key 1"):
        dumps({1: 2})
