import numpy as np
import pytest

from tests.fuzz.array import LAYOUTS, Array


@pytest.mark.parametrize("layout", sorted(set(LAYOUTS) - {"stretched"}))
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0, 2), (2, 1, 4)])
def test_a_layout_changes_no_value(shape, layout):
    plain, other = Array(shape).make(), Array(shape, layout=layout).make()
    assert isinstance(other, np.ndarray)
    np.testing.assert_array_equal(other, plain, strict=True)


def test_layouts_are_what_they_say():
    assert not Array((2, 3), layout="transposed").make().flags.c_contiguous
    assert Array((2, 3), layout="reversed").make().strides[1] < 0
    assert Array((2, 3), layout="strided").make().strides[1] == 16
    assert Array((2, 3), layout="stretched").make().strides[0] == 0
    assert not Array((2, 3), layout="read only").make().flags.writeable
    assert Array((2, 3), layout="sliced").make().base.shape == (5, 6)


def test_values_are_what_they_say():
    whole = Array((100,), values="whole", low=-2, high=3).make()
    assert set(whole) == {-2.0, -1.0, 0.0, 1.0, 2.0}
    special = Array((200,), values="special").make()
    assert np.isnan(special).any()
    assert np.isinf(special).any()
    labels = Array((200,), "int64", "labels", high=3, ignored=-100).make()
    assert set(labels) == {-100, 0, 1, 2}
    places = Array((2, 3, 2, 2), "int64", "places", high=5).make().reshape(6, 4)
    assert all(len(set(plane)) == 4 for plane in places)
    assert places.max() < 5
    assert set(Array((50,), "bool").make()) == {True, False}


def test_what_is_printed_makes_the_array():
    array = Array((2, 3), "float32", "uniform", 7, "sliced", False, low=0.5)
    assert (
        repr(array) == "Array((2, 3), dtype='float32', values='uniform', seed=7, layout='sliced', grad=False, low=0.5)"
    )
    assert eval(repr(array)) == array
