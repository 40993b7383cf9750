"""Right is right in any type and order; wrong is said in words."""

import tracemalloc

import numpy as np
import pytest

from minidet.grading.assignments.assignment import Call
from minidet.grading.scoring.compare import compare, compare_error

X = np.arange(6.0).reshape(2, 3) - 2.5


def call(**fields):
    return Call("f", (X,), {"mode": [1, 2]}, **fields)


def words(got, expected, **fields):
    verdict = compare(got, call(**fields), expected)
    assert not verdict.ok
    assert verdict.kind
    return verdict.words


@pytest.mark.parametrize(
    "got, expected",
    [
        (X.astype(np.float32), X),
        (np.asfortranarray(X), X),
        (X[:, ::-1][:, ::-1], X),
        (X.tolist(), X),
        (X * (1 + 1e-6), X),
        (X + 1e-7, X),
        (3, np.int64(3)),
        (3.0, 3),
        (np.float32(0.1), 0.1),
        (np.array(2.0), 2),
        (True, np.True_),
        (np.array([1, 0]), np.array([True, False])),
        ([X, 2], (X, 2)),
        (np.array([1.0, 2.0]), (1.0, 2.0)),
        ({"b": X, "a": None}, {"a": None, "b": X}),
        ("same", "same"),
        (np.array([np.nan, np.inf, 1]), np.array([np.nan, np.inf, 1])),
        (np.zeros((0, 3)), np.zeros((0, 3))),
        ([[]], np.zeros((1, 0))),
        (np.array([1e8, 1.0]), np.array([1e8 + 1, 1.0])),
    ],
)
def test_right(got, expected):
    assert compare(got, call(), expected) == (True, "", "")


@pytest.mark.parametrize(
    "got, expected, said",
    [
        (X[:1], X, "the result is an array of shape (1, 3), expected an array of shape (2, 3)"),
        (X[0, 0], X, "the result is the number -2.5, expected an array of shape (2, 3)"),
        (np.array([3.0]), 3.0, "the result is an array of shape (1,), expected the number 3.0"),
        (None, X, "the result is None, expected an array of shape (2, 3): is there a return?"),
        (None, 3, "is there a return?"),
        ((X, 1), X, "the result is a tuple of 2, expected an array of shape (2, 3)"),
        (X, (X, 1, 2), "the result has 2 items, expected 3"),
        (3, (1, 2), "the result is the number 3, expected a tuple of 2"),
        ("3", 3, "the result is '3', expected the number 3"),
        (3j, 3, "the result is a complex, expected the number 3"),
        (np.array([1, "a"], object), np.zeros(2), "wrong"),
        ([[1, 2], [3]], np.zeros((2, 2)), "the result is a list of 2, expected an array of shape (2, 2)"),
        ("no", "yes", "the result is 'no', expected 'yes'"),
        (0, None, "the result is the number 0, expected None"),
        ({"a": 1}, {"a": 1, "b": 2}, "the result has the keys ['a'], expected ['a', 'b']"),
        ([1], {"a": 1}, "the result is a list of 1, expected a dict of ['a']"),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, "entry 'b' is 1, expected 2"),
        ((X, (1, 2)), (X, (1, 3)), "item 1 of item 1 of the result is 2, expected 3"),
        (2.5, 2, "the result is 2.5, expected 2"),
    ],
)
def test_wrong(got, expected, said):
    if said == "wrong":
        said = "the result is an array of objects of shape (2,)"
    assert said in words(got, expected)


def test_what_is_too_large_is_not_written_out():
    assert words(10**5000, 3) == "the result is a very large number, expected the number 3"
    assert len(words({"k" * 10**6: 1}, {"a": 1})) < 500
    assert len(words("x" * 10**6, "y")) < 500
    assert len(compare_error("ValueError: " + "x" * 10**6, call()).words) < 500


def test_the_largest_error_and_where_it_is():
    got = X.copy()
    got[1, 2], got[0, 1] = 9.0, -1.4
    assert words(got, X) == "the result: 2 of 6 numbers are wrong, the worst at [1, 2]: yours is 9, expected 2.5"


def test_an_error_that_is_large_but_allowed_is_not_the_worst():
    """A number is right or wrong by its own size: the large one has the larger error, and is right."""
    expected = np.array([1e5, 1e-3])
    assert "the worst at [1]" in words(np.array([1e5 + 0.9, 0.5]), expected)


@pytest.mark.parametrize(
    "change, clue",
    [
        (lambda x: -x, "yours has the wrong sign"),
        (lambda x: x / 2, "yours is 0.5 times that everywhere"),
        (lambda x: x + 3, "yours is +3 everywhere"),
        (lambda x: x * 0, "yours is 0 everywhere"),
        (lambda x: x.T, "yours has the last two axes exchanged"),
        (lambda x: x[::-1, ::-1], "yours is turned by 180 degrees"),
    ],
)
def test_a_simple_mistake_is_named(change, clue, rng):
    expected = rng.standard_normal((3, 3))
    assert words(change(expected), expected).endswith(f"({clue})")


def test_another_mistake_has_no_name(rng):
    expected = rng.standard_normal((3, 3))
    assert words(expected**2, expected).endswith(
        f"expected {expected.ravel()[np.abs(expected**2 - expected).argmax()]:.6g}"
    )


def test_a_clue_explains_most_numbers():
    """One wrong number of sixteen is no factor, no difference and no exchange of axes."""
    expected = np.arange(1.0, 17.0).reshape(4, 4)
    expected[0, 0] = 1e4  # beside it, all differences are small
    got = expected.copy()
    got[3, 3] += 0.4
    for change in (lambda x: x, lambda x: x + np.eye(4)[::-1] * 0.1):
        assert words(change(got), expected).endswith("expected 16") or "(" not in words(change(got), expected)
    assert words(got * 1.0005, expected).endswith("(yours is 1.0005 times that everywhere)")
    assert words(got + 0.5, expected).endswith("(yours is +0.5 everywhere)")
    even = np.full((3, 3), 1e4)
    even[0, 1], even[1, 0] = 1e4 + 0.2, 1e4 - 0.2
    assert "exchanged" not in words(even.T, even)


LONG = ["a" * 1_000_000] + [""] * 2000  # as an array of strings: 8 GB


class Liar(list):
    def __len__(self):
        return 10**12

    def __iter__(self):
        raise OSError("no")


def looped():
    loop = []
    loop += [loop, loop]
    return loop


@pytest.mark.parametrize("value", [
    LONG, [LONG], (LONG, 1), {"a": LONG}, looped(), [[1.0], [1.0, 2.0]], [np.zeros(2), np.zeros(3)], [X, []], [10**400] * 6,
    10**400, np.zeros(3, "f4,i4"), np.datetime64(0, "s"), {1, 2}, Liar(), np.broadcast_to(0.0, (10**6, 10**6)),
    [np.broadcast_to(0.0, (10**6, 10**6))] * 1000, np.ma.masked_array(X, X > 0)[:1], np.array(LONG[:1]), object(), 3j,
    float("nan"),
], ids=lambda value: type(value).__name__)  # fmt: skip
@pytest.mark.parametrize("expected", [X, 3, (X, 1), {"a": X}, [1, 2], "text", None, np.zeros((2, 0))],
                         ids=lambda value: type(value).__name__)  # fmt: skip
def test_whatever_a_student_returns_is_judged(value, expected):
    """In no more memory than it has itself: also where the grader's own copy of the inputs was changed."""
    tracemalloc.start()
    try:
        verdict = compare(value, call(), expected)
        assert not verdict.ok
        assert verdict.kind
        assert len(verdict.words) < 500
        verdict = compare(value, call(check=lambda value, call: str(np.asarray(value).dtype)), None)
        assert not verdict.ok
        after = ([value], {"mode": [1, 2]})
        changed = compare(X, call(), X, after)
        assert not changed.ok
        assert "changed its input number 1" in changed.words or "cannot be judged (OSError)" in changed.words
        assert tracemalloc.get_traced_memory()[1] < 30e6
    finally:
        tracemalloc.stop()


def test_lists_in_an_input_that_was_an_array_are_a_change():
    """``values[name] = (values[name], [])``, an honest mistake, made a ragged array of it in the grader."""
    asked = Call("f", ({"x": X},), parameters=("values",))
    verdict = compare(1, asked, 1, ([{"x": (X, [])}], {}))
    assert verdict.words == "your function changed its input values: work on a copy"


def test_nan_is_no_large_number():
    assert words(float("nan"), X) == "the result is the number nan, expected an array of shape (2, 3)"


def test_names_of_results():
    assert words((X, X), (X, X + 1), names=("dx", "dw")).startswith("dw: 6 of 6 numbers are wrong")


@pytest.mark.parametrize(
    "got, expected", [(np.nan, 1.0), (np.inf, 1.0), (1.0, np.nan), (np.inf, -np.inf), (0.0, np.inf)]
)
def test_nan_and_infinity_are_right_only_where_they_are_expected(got, expected):
    row = np.array([1.0, 2.0, 3.0])
    assert "the worst at [1]" in words(np.array([1.0, got, 3.0]), np.array([1.0, expected, 3.0]))
    assert not compare(got, call(), expected).ok
    assert not compare(row * np.nan, call(), row).ok


def test_rounding_in_float32_is_allowed_where_large_terms_cancel(rng):
    x, w = rng.standard_normal((40, 300)), rng.standard_normal((300, 40))
    assert compare(x.astype(np.float32) @ w.astype(np.float32), call(), x @ w).ok
    assert not compare((x + 1e-4) @ w, call(), x @ w).ok


def test_rtol_and_atol():
    assert compare(X + 0.05, call(atol=0.1), X).ok
    assert not compare(X + 0.15, call(atol=0.1), X).ok
    assert compare(X * 1.05, call(rtol=0.1), X).ok


def test_an_error_that_has_to_be_raised():
    asked = call(error="ValueError")
    assert compare_error("ValueError: no", asked).ok
    assert compare_error("TypeError: no", asked).words == "it raised TypeError: no, expected a ValueError"
    assert compare(3, asked, None).words == "it returned a result, expected a ValueError"
    assert compare_error("ValueError: no", call()).words == "it raised ValueError: no"


def test_a_check_of_its_own():
    def even(value, asked):
        assert asked.function == "f"
        return None if value % 2 == 0 else f"{value} is odd"

    assert compare(4, call(check=even), None).ok
    assert compare(3, call(check=even), None).words == "3 is odd"
    assert "a tuple of 1, which cannot be right" in compare((3,), call(check=even), None).words


@pytest.mark.parametrize(
    "args, kwargs, name",
    [
        ([X + 1], {"mode": [1, 2]}, "x"),
        ([X[:1]], {"mode": [1, 2]}, "x"),
        ([X], {"mode": [2, 1]}, "mode"),
        ([X], {"mode": [1]}, "mode"),
        ([X], {}, "mode"),
        ([], {"mode": [1, 2]}, "x"),
    ],
)
def test_inputs_stay_as_they_were(args, kwargs, name):
    asked = call(parameters=("x", "mode"))
    assert compare(X, asked, X, ([X.copy()], {"mode": [1, 2]})).ok
    verdict = compare(X, asked, X, (args, kwargs))
    assert verdict == (False, f"your function changed its input {name}: work on a copy", "changed its input")


def test_inputs_of_every_kind_are_compared():
    values = (np.array([1, np.nan]), None, "a", (1, [2.0, {"k": X}]), True)
    asked = Call("f", values)
    copies = [np.array([1, np.nan]), None, "a", (1, [2.0, {"k": X.copy()}]), True]
    assert compare(1, asked, 1, (copies, {})).ok
    for number, other in enumerate([np.array([1, 2.0]), 0, "b", (1, [2.0, {"k": X + 1}]), False]):
        changed = [*copies[:number], other, *copies[number + 1 :]]
        assert f"input number {number + 1}:" in compare(1, asked, 1, (changed, {})).words
