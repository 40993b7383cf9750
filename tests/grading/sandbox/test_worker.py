"""What a worker answers, and the frames in which it does."""

import io
import struct

import numpy as np
import pytest

from minidet.grading.sandbox import codec, worker

LIMIT = 10**7


def there_and_back(value):
    frame = codec.pack({"value": value}, LIMIT)
    text, size = codec.lengths(frame[:8], LIMIT)
    assert len(frame) == 8 + text + size
    return codec.unpack(frame[8 : 8 + text], frame[8 + text :])["value"]


def assert_same(one, other):
    assert type(one) is type(other)
    if isinstance(other, (list, tuple)):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            assert_same(a, b)
    elif isinstance(other, dict):
        assert list(one) == list(other)
        for key in other:
            assert_same(one[key], other[key])
    elif isinstance(other, (np.ndarray, np.generic)):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other, strict=True)
    else:
        assert one == other or (one != one and other != other)


@pytest.mark.parametrize(
    "value",
    [
        None, True, 0, -(2**63), 2**64 - 1, 0.1, float("nan"), -float("inf"), 1 + 2j, "ä\x1b[0m<b>\x00", (), [], {},
        [1, (2.0, [None, "a"])], {"a": 1, 2: (3,), None: [], (1, "b"): 2.5},
        np.arange(6, dtype=np.float32).reshape(2, 3), np.arange(6)[::2], np.asfortranarray(np.ones((3, 4))), np.array(7),
        np.zeros((0, 3)), np.array([True, False]), np.array([1, 2], ">i2"), np.array([1j], np.complex64),
        np.array([np.nan, np.inf]), np.float16(0.5), np.int8(-3), np.bool_(True), np.float32(0.1), np.complex128(1j),
        [np.ones(2), (np.zeros(3), np.ones(1))], {(1, "a", None): 2},
    ],
    ids=lambda value: f"{type(value).__name__} {value}"[:30].replace("\n", " "),
)  # fmt: skip
def test_data_comes_back_as_it_was(value):
    assert_same(there_and_back(value), value)


def test_order_in_memory_survives_and_results_can_be_written_to():
    array = there_and_back(np.asfortranarray(np.arange(12.0).reshape(3, 4)))
    assert array.flags.f_contiguous
    array += 1


@pytest.mark.parametrize(
    "value",
    [object(), {1, 2}, b"bytes", np.array([object()]), np.array(["text"]), 2**64, range(3), (x for x in ()), np.float64,
     {frozenset(): 1}, {((1,),): 1}, {(1,) * 9: 1}, {np.longdouble(1): 1}, np.broadcast_to(0.0, (10**6, 10**6)), [[[]] * 3, print], np.zeros(3, "f4,i4"), np.datetime64(0, "s")],
)  # fmt: skip
def test_what_is_no_data_is_refused(value):
    with pytest.raises(codec.Malformed):
        codec.pack({"value": value}, LIMIT)


def test_numbers_of_numpy_are_keys():
    assert there_and_back({np.int64(3): 1, (np.float64(0.5), "a"): 2}) == {3: 1, (0.5, "a"): 2}


def test_a_subclass_is_sent_as_its_numbers():
    assert type(there_and_back(np.ma.masked_array([1.0, 2.0], [True, False]))) is np.ndarray


def test_half_a_character_can_be_written_to_a_file():
    assert there_and_back("a\ud800b") == "a?b"  # could not be encoded as UTF-8


def test_limits_hold_for_what_is_sent():
    with pytest.raises(codec.Malformed, match="more data"):
        codec.pack({"value": np.zeros(LIMIT)}, LIMIT)
    nested = []
    for _ in range(100):
        nested = [nested]
    with pytest.raises(codec.Malformed, match="too many"):
        codec.pack({"value": nested}, LIMIT)


def test_a_frame_that_is_too_large_is_refused_by_its_first_bytes():
    for head in (struct.pack(">II", 2**32 - 1, 0), struct.pack(">II", 10, LIMIT), struct.pack(">II", 5_000_000, 0)):
        with pytest.raises(codec.Malformed):
            codec.lengths(head, LIMIT)


@pytest.mark.parametrize("seed", range(20))
def test_bytes_that_were_changed_never_do_harm(seed):
    """A frame with some bytes exchanged is read, or Malformed; there is no third."""
    rng = np.random.default_rng(seed)
    frame = codec.pack({"value": [np.arange(4.0), {"a": (1, "b")}, np.float32(1), 1j]}, LIMIT)
    text, _ = codec.lengths(frame[:8], LIMIT)
    survived = 0
    for _ in range(300):
        changed = bytearray(frame[8:])
        for place in rng.integers(len(changed), size=rng.integers(1, 4)):
            changed[place] = rng.integers(256)
        try:
            codec.unpack(bytes(changed[:text]), bytes(changed[text:]))
            survived += 1
        except codec.Malformed:
            pass
    assert 0 < survived < 300


def ask(*cells, function="f", args=(), kwargs=None, answers=None):
    message = {"call": "1", "question": "q1", "function": function, "args": args, "kwargs": kwargs or {}}
    if cells:
        message["source"] = list(cells)
    return worker.perform(codec, message, {} if answers is None else answers, {"np": np})


def test_a_call_returns_its_value_and_its_inputs():
    x = np.ones(3)
    reply = ask("def f(x, scale):\n    x *= scale\n    return x.sum()", args=(x,), kwargs={"scale": 2})
    assert reply["call"] == "1"
    assert reply["kind"] == "value"
    assert reply["value"] == 6
    np.testing.assert_array_equal(reply["inputs"][0][0], [2, 2, 2])
    assert reply["inputs"][1] == {"scale": 2}


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def f():\n    x = 1\n    raise ValueError('no')", "ValueError: no (line 3 of q1)"),
        ("def f():\n    raise KeyError", "KeyError (line 2 of q1)"),
        ("def f(:", "SyntaxError: "),
        ("a = 1 / 0\ndef f(): pass", "ZeroDivisionError: division by zero (line 1 of q1)"),
        ("a = 1", "NameError: f is not defined in an answer cell of q1"),
        ("f = 3", "TypeError: 'int' object is not callable"),
        (
            "def f():\n    class E(Exception):\n        __str__ = lambda self: 1 / 0\n    raise E",
            "E: an error whose message",
        ),
        ("def f(): return torch.ones(3)", "NameError: name 'torch' is not defined (line 1 of q1)"),
    ],
)
def test_errors_say_where(source, words):
    reply = ask(source)
    assert reply["kind"] in ("error", "unloaded")
    assert reply["words"].startswith(words)


def test_an_error_after_the_function_does_not_hurt_it():
    answers = {}
    assert ask("def f(): return 1\n1 / 0", answers=answers)["value"] == 1
    assert ask(answers=answers)["value"] == 1


@pytest.mark.parametrize("broken", ["def (", "1 / 0", "import minidet_that_is_not_here", "raise SystemExit(0)",
                                    "raise KeyboardInterrupt", "x = 1\nfrom __future__ import annotations"])  # fmt: skip
def test_an_error_ends_its_own_cell_and_no_other(broken):
    first, last = "def two(): return 2", "def f(): return two()"
    for cells in ([broken, first, last], [first, broken, last], [first, last, broken]):
        assert ask(*cells)["value"] == 2


def test_cells_of_a_question_are_one_module():
    """What dataclasses, pickle and annotations need, and what holds for one cell only."""
    cells = [
        "import dataclasses, pickle, sys\nassert sys.modules[__name__].__dict__ is globals()",
        "from __future__ import annotations\nnot_there: Nothing = 1",
        "@dataclasses.dataclass\nclass Own:\n    x: 'int'\n    y: 'dataclasses.InitVar[int]' = 0",
        "def f(): return pickle.loads(pickle.dumps(Own(3))).x",
    ]
    answers = {}
    assert ask(*cells, answers=answers)["value"] == 3
    assert answers["q1"].errors == ["", "", "", ""]
    reply = ask(cells[1], "def f(x: Nothing): return 1")
    assert reply["words"] == "NameError: name 'Nothing' is not defined (line 1 of q1, cell 2)"


def test_of_several_broken_cells_the_one_that_defines_the_function_is_named():
    reply = ask("1 / 0", "def f(:\n    return 1", "[][0]")
    assert reply["kind"] == "unloaded"
    assert reply["words"].startswith("SyntaxError: ")
    assert ask("1 / 0", "[][0]")["words"] == "ZeroDivisionError: division by zero (line 1 of q1, cell 1)"


def test_cells_can_be_run_before_a_call():
    reply = ask("def f(): return 1", "1 / 0", function=None)
    assert reply["value"] == ["", "ZeroDivisionError: division by zero (line 1 of q1, cell 2)"]


def test_a_result_whose_own_methods_raise_costs_its_call_only():
    class Text(str):
        def __str__(self):
            raise OSError

    sent = io.BytesIO()
    worker.send(codec, sent, {"value": Text("a")}, LIMIT, "1")
    message = codec.unpack(sent.getvalue()[8:], b"")
    assert (message["kind"], message["call"]) == ("protocol", "1")
    assert message["words"].endswith(": OSError")


def test_what_is_not_permitted_is_told_apart():
    reply = ask("def f(): raise PermissionError('no')")
    assert reply["kind"] == "forbidden"
