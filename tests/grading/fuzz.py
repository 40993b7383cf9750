"""``python -m tests.grading.fuzz --count 100000``: whatever a student's function returns, judging it does not raise.

Nor does it take more than half a gigabyte. Each value is judged as it is, as the checks in a notebook do, and after it
went over the pipes, as the grader does.
"""

from __future__ import annotations

import argparse
import collections
import copy
import io
import pathlib
import random
import re
import resource
import sys
import warnings

import numpy as np

from minidet.grading.assignments.assignment import Call
from minidet.grading.sandbox import codec, worker
from minidet.grading.scoring.compare import LONGEST, Verdict
from minidet.grading.scoring.points import Reply, judge

#: Bytes of one reply (a third of the grader's: here both ends of the pipe are one process), and of everything.
REPLY, MOST = 20_000_000, 500_000_000
Named = collections.namedtuple("Named", "dx dw")
EXPECTED = [
    np.arange(12.0).reshape(1, 2, 2, 3) - 3, np.arange(6).reshape(2, 3), np.array([True, False]), np.zeros((0, 3)), 2.5, 3,
    (np.ones((2, 3)), np.arange(3.0), 1), {"a": np.ones(3), "b": None}, {"a": {"b": [1, 2]}}, "text", None, [1, 2, 3],
    np.array([np.nan, np.inf, 1.0]),
]  # fmt: skip


class Raises:
    """Raises in everything that can be asked of it."""

    def _no(self, *args):
        raise OSError("no")

    __array__ = __float__ = __int__ = __index__ = __len__ = __iter__ = __eq__ = __str__ = __repr__ = __abs__ = _no
    __hash__ = object.__hash__


class Subclass(np.ndarray):
    """Says that it is of another shape, and equal to everything."""

    shape = property(lambda self: (1, 2, 2, 3))

    def __eq__(self, other):
        return True

    __hash__ = None


class RaisingList(Raises, list):
    """A list that cannot be read."""


class RaisingText(Raises, str):
    """A string that cannot be compared."""


class RaisingFloat(Raises, float):
    """A number that cannot be written."""


def shared(levels: int) -> list:
    """Return a list of few objects and 2 to the power of ``levels`` values."""
    value: list = [1.0]
    for _ in range(levels):
        value = [value, value]
    return value


def deep(levels: int) -> list:
    """Return a list in a list in a list."""
    value: list = []
    for _ in range(levels):
        value = [value]
    return value


def looped(kind):
    """Return what holds itself."""
    if kind is dict:
        own: dict = {}
        own["a"] = own
        return own
    loop: list = []
    loop += [loop, loop]
    return loop


def leaf(draw: random.Random):
    """Return one value that is no list, tuple or dict."""
    shape = draw.choice([(1, 2, 2, 3), (2, 3), (3,), (2,), (), (0, 3), (1, 1, 1), (4, 0)])
    return draw.choice(LEAVES)(draw, shape)


LEAVES = [
    lambda draw, shape: draw.choice([None, True, False, 0, 1, -1, 2.5, 3, 0.0, -0.0, np.nan, np.inf, -np.inf, 1e308, 2**63]),
    lambda draw, shape: draw.choice([1, -1]) * 10 ** draw.randrange(5000),
    lambda draw, shape: complex(draw.random(), draw.choice([0, np.nan])),
    lambda draw, shape: draw.choice(["", "text", "a" * draw.randrange(2000), "\ud800", "\x00", b"", b"ab", bytearray(3)]),
    lambda draw, shape: draw.choice(["a", "é"]) * draw.choice([10, 10, 10, 10, 10, 10, 10, 10, 10, 1_000_000]),
    lambda draw, shape: draw.choice([..., object(), print, Raises, Raises(), RaisingText("text"), RaisingFloat(2.5), range(3)]),
    lambda draw, shape: draw.choice([{1, 2}, frozenset({1}), iter(()), memoryview(b"ab"), collections.deque([1]), slice(1)]),
    lambda draw, shape: draw.choice([np.float16(2), np.longdouble("1e4000"), np.int8(3), np.bool_(True), np.complex64(1j),
                                     np.datetime64("2026-01-01"), np.timedelta64(1, "s"), np.str_("text"), np.void(b"ab")]),
    lambda draw, shape: np.full(shape, draw.choice([0.0, 1.0, 2.5, np.nan, np.inf, 1e300])),
    lambda draw, shape: np.zeros(shape, draw.choice(["?", "i1", "u8", ">f4", "f2", "g", "c8", "O", "U5", "S3", "M8[s]", "m8[s]",
                                                     "f4,i4", "V3"])),
    lambda draw, shape: np.asfortranarray(np.arange(12.0).reshape(1, 2, 2, 3))[..., ::-1],
    lambda draw, shape: np.zeros(shape).view(Subclass),
    lambda draw, shape: np.ma.masked_array(np.zeros(shape), True),
    lambda draw, shape: np.frompyfunc(lambda _: Raises(), 1, 1)(np.zeros(3)),
    lambda draw, shape: np.broadcast_to(np.float64(1), draw.choice([(10**6, 10**6), (10**5, 3)])),
    lambda draw, shape: np.zeros(shape, [("a", "O"), ("b", "f8", (2,))]),
]  # fmt: skip
#: Drawn seldom: they take time.
HEAVY = [
    lambda: ["a" * 1_000_000] + [""] * 2000, lambda: [["a" * 100_000] * 3, [""] * 300_000], lambda: shared(22),
    lambda: shared(300), lambda: looped(list), lambda: looped(dict), lambda: deep(20_000), lambda: [[]] * 500_000,
    lambda: [0.5] * 500_000, lambda: np.zeros(60_000_000, np.uint8), lambda: [np.zeros(10**6)] * 1000,
    lambda: {str(number): number for number in range(2000)}, lambda: {(-1, -2) * 500 + (number,): 1 for number in range(900)},
]  # fmt: skip


def student_value(draw: random.Random, depth: int = 0):
    """Return what a student's function may return."""
    kind = draw.randrange(10)
    if depth > 4 or kind < 4:
        return leaf(draw)
    items = [student_value(draw, depth + 1) for _ in range(draw.choice([0, 1, 1, 2, 2, 3, 3, 5]))]
    if kind < 6:
        return items
    if kind < 7:
        return tuple(items)
    if kind < 8:
        keys = [
            "a",
            "b",
            1,
            True,
            None,
            2.5,
            np.nan,
            (1, "b"),
            ((1,),),
            "k" * 3000,
            RaisingText("a"),
            frozenset(),
            np.int64(1),
        ]
        return {draw.choice(keys): item for item in items}
    if kind < 9:
        return Named(leaf(draw), items) if draw.random() < 0.5 else RaisingList(items)
    return [leaf(draw)] * draw.randrange(200)


def planted(value, draw: random.Random):
    """Return a right value in which one place is another."""
    if isinstance(value, (tuple, list)) and value and draw.random() < 0.8:
        place = draw.randrange(len(value))
        return type(value)(planted(item, draw) if number == place else item for number, item in enumerate(value))
    if isinstance(value, dict) and value and draw.random() < 0.8:
        place = draw.choice(list(value))
        return {key: planted(item, draw) if key == place else item for key, item in value.items()}
    if isinstance(value, np.ndarray) and value.size and draw.random() < 0.5:
        changed = value.astype(np.float64)
        changed.flat[draw.randrange(value.size)] = draw.choice([np.nan, np.inf, 1e308, -1e308, 0.5])
        return changed.tolist() if draw.random() < 0.5 else changed
    return student_value(draw, 2)


def its_own_check(value, call):
    """A check as an instructor writes one: it makes an array of everything."""
    return None if np.asarray(value, draw_dtype(call)).sum() > 0 else "not positive"


def draw_dtype(call):
    """Return the dtype that a call's check asks for."""
    return {"text": None, "float": float}.get(call.text)


def over_the_pipes(value, inputs) -> Reply:
    """Return the reply of a worker whose function returned a value."""
    sent = io.BytesIO()
    worker.send(codec, sent, {"call": "1", "kind": "value", "value": value, "inputs": inputs}, REPLY, "1")
    frame = sent.getvalue()
    text, _ = codec.lengths(frame[: codec.HEAD.size], REPLY)
    body = memoryview(frame)[codec.HEAD.size :]
    try:
        message = codec.unpack(bytes(body[:text]), bytes(body[text:]))
    except codec.Malformed as error:  # what no worker of ours writes
        return Reply("protocol", words=str(error))
    if message["kind"] == "value":
        return Reply("value", message["value"], message["inputs"])
    return Reply(message["kind"], words=message["words"])


def fuzz(count: int, seed: int, heavy: float = 0.001) -> None:
    """Judge so many values; raise if judging one of them does."""
    draw = random.Random(seed)
    for number in range(count):
        expected = draw.choice(EXPECTED)
        options = {"check": its_own_check, "text": draw.choice(["text", "float"])} if draw.random() < 0.2 else {}
        call = Call("f", (np.ones(3), {"x": np.ones(2), "y": [1, (2.0, None)]}), {"mode": "a"}, **options)
        if draw.random() < heavy:
            value = draw.choice(HEAVY)()
        else:
            value = planted(expected, draw) if draw.random() < 0.5 else student_value(draw)
        args, kwargs = call.inputs()
        if draw.random() < 0.5:
            args = planted(args, draw)
        for reply in (Reply("value", value, (args, kwargs)), over_the_pipes(value, (args, kwargs))):
            try:
                verdict = judge(reply, call, copy.deepcopy(expected))
            except BaseException:
                print(f"value {number} of seed {seed} was not judged", file=sys.stderr)
                raise
            assert type(verdict) is Verdict
            assert type(verdict.ok) is bool
            assert verdict.ok or (verdict.kind and len(verdict.words) <= LONGEST + 4)


def most_memory() -> int:
    """Return the most bytes that this process had. On Linux ``ru_maxrss`` begins with those of the process that started it."""
    status = pathlib.Path("/proc/self/status")
    if status.exists():
        return 1024 * int(re.search(r"VmHWM:\s*(\d+) kB", status.read_text(encoding="ascii"))[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main() -> int:
    """Run the fuzzer; return 1 if it took too much memory."""
    parser = argparse.ArgumentParser(prog="python -m tests.grading.fuzz", description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    warnings.simplefilter("error")
    fuzz(options.count, options.seed)
    peak = most_memory()
    print(f"{options.count} values judged, at most {peak / 1e6:.0f} MB")
    return 1 if peak > MOST else 0


if __name__ == "__main__":
    sys.exit(main())
