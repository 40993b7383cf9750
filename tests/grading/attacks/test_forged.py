"""Replies that no honest worker sends: written to the pipe by hand."""

import sys
import time

import pytest

from minidet.grading.sandbox.session import Limits, Session

#: Finds the pipe of the replies, and the number of the call, as a student who has read worker.py would.
FORGE = """
import json, os, struct, sys
frame = sys._getframe()
def pipe():
    frame = sys._getframe()
    while "replies" not in frame.f_locals: frame = frame.f_back
    return frame.f_locals["replies"].fileno(), frame.f_locals["message"]["call"]
def send(body, payload=b"", head=None):
    data = (struct.pack(">II", len(body), len(payload)) if head is None else head) + body + payload
    where, _ = pipe()
    while data: data = data[os.write(where, data):]
def reply(**fields):
    return json.dumps({"call": pipe()[1], "kind": "value", **fields}).encode()
NOTHING = {"tuple": [[], {"dict": []}]}
def npy(header, data=b""):
    return b"\\x93NUMPY\\x01\\x00" + struct.pack("<H", len(header)) + header + data
"""
FORGERIES = {
    "points": "send(reply(value=True, points=100, ok=True, earned=100, inputs=NOTHING))",
    "a verdict": "send(reply(kind='right', value=1))",
    "another call": "send(json.dumps({'call': '0' * 16, 'kind': 'value', 'value': 1, 'inputs': NOTHING}).encode())",
    "no inputs": "send(reply(value=1))",
    "two replies": "send(reply(value=1, inputs=NOTHING)); send(reply(value=2, inputs=NOTHING))",
    "ready again": "send(json.dumps({'ready': 'yes'}).encode())",
    "no JSON": "send(b'passed')",
    "no object": "send(b'[1, 2]')",
    "not UTF-8": 'send(b\'{"kind": "\\xff\\xfe"}\')',
    "a giant length": "send(b'', head=struct.pack('>II', 100, 2**32 - 1))",
    "a giant text": "send(b'', head=struct.pack('>II', 2**32 - 1, 0))",
    "deeply nested": "send(b'[' * 3_000_000)",
    "deeply nested, closed": "send(b'{\"kind\": ' + b'[' * 500_000 + b']' * 500_000 + b'}')",
    "nested tuples": "send(reply(inputs=NOTHING, value=json.loads('{\"tuple\": [' * 200 + ']}' * 200)))",
    "a giant integer": "send(b'{\"kind\": \"value\", \"value\": ' + b'9' * 1_000_000 + b'}')",
    "a large integer": "send(reply(value=10**40, inputs=NOTHING))",
    "unknown objects": "send(reply(value={'pickle': 'gASVIAAAAA=='}, inputs=NOTHING))",
    "no such array": "send(reply(value={'array': 7}, inputs=NOTHING))",
    "one array many times": "send(reply(value=[{'array': 0}] * 1000, inputs=NOTHING), npy(b\"{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }\\n\", bytes(16)))",
    "an array of 50 GB": "send(reply(value={'array': 0}, inputs=NOTHING), npy(b\"{'descr': '<f8', 'fortran_order': False, 'shape': (6000000000,), }\\n\", bytes(16)))",
    "an array of objects": "send(reply(value={'array': 0}, inputs=NOTHING), npy(b\"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\\n\", bytes(16)))",
    "code in a header": "send(reply(value={'array': 0}, inputs=NOTHING), npy(b\"{'descr': __import__('os').abort(), 'shape': (1,), }\\n\", bytes(16)))",
    "an array that is cut": "send(reply(value={'array': 0}, inputs=NOTHING), npy(b\"{'descr': '<f8', 'fortran_order': False, 'shape': (4,), }\\n\", bytes(16)))",
    "an endless axis": "send(reply(value={'array': 0}, inputs=NOTHING), npy(b\"{'descr': '<f8', 'fortran_order': False, 'shape': (0, 99999999999), }\\n\"))",
    "dicts that collide": "send(reply(value={'dict': [[i * (2**61 - 1), 0] for i in range(4000)]}, inputs=NOTHING))",
    "a dict with a list as key": "send(reply(value={'dict': [[[], 1]]}, inputs=NOTHING))",
    "a scalar of Python's": "send(reply(value={'scalar': ['O', 1]}, inputs=NOTHING))",
    "a scalar too large": "send(reply(value={'scalar': ['|i1', 1000]}, inputs=NOTHING))",
}


@pytest.mark.parametrize("forgery", FORGERIES.values(), ids=FORGERIES)
def test_a_forged_reply_is_a_wrong_answer(play, forgery):
    started = time.monotonic()
    end = play(FORGE + f"\ndef f(x):\n    {forgery}\n    import time; time.sleep(0.3); os._exit(0)")
    assert end.reply.kind in ("protocol", "value"), end.reply
    # a value that is wrong; of two replies, the second may come when the first has been taken
    well_formed = forgery in (FORGERIES["points"], FORGERIES["two replies"])
    assert end.reply.kind == "protocol" or well_formed
    assert not end.gained
    assert end.honest_right or well_formed  # its worker ends in the middle of the next call
    assert time.monotonic() - started < 30


def test_a_reply_that_never_ends_times_out(play):
    end = play(
        FORGE
        + "\ndef f(x):\n    send(b'', head=struct.pack('>II', 1000, 0))\n    while True: send(b'', head=b' ') or __import__('time').sleep(0.01)",
        call=0.5,
    )
    assert end.reply.kind == "timeout"
    assert not end.gained


def test_a_stream_without_frames_is_no_load(play):
    end = play(FORGE + "\ndef f(x):\n    while True: os.write(pipe()[0], bytes(10**6))", call=2.0)
    assert end.reply.kind == "protocol"
    assert end.honest_right


def test_a_reply_kept_for_the_next_call_is_thrown_away(sandbox):
    """An answer in advance: the pipe must be empty when a call is made."""
    source = (
        FORGE
        + """
def f():
    send(reply(value=1, inputs=NOTHING))
    send(reply(value=2, inputs=NOTHING))
def g(): return 3
"""
    )
    with Session({"q1": source}, limits=Limits(), sandbox=sandbox) as session:
        assert session.call("q1", "f").kind in ("protocol", "value")
        time.sleep(0.2)
        following = session.call("q1", "g")
        assert following.kind == "protocol" or following.value == 3
        assert session.call("q1", "g").value == 3


def test_giant_results_are_refused(play):
    end = play("def f(x): return np.zeros(2 * 10**6)", reply=10**6)
    assert end.reply.kind == "protocol"
    assert "more data than can be sent" in end.reply.words
    assert end.honest_right


def test_giant_lists_are_refused(play):
    end = play("def f(x): return [0.5] * 3 * 10**6", call=20.0)
    assert end.reply.kind == "protocol"
    assert end.honest_right


@pytest.mark.parametrize("value", ["np.nan", "np.inf", "-np.inf"])
def test_nan_equals_nothing(play, value):
    end = play(f"def f(x): return np.full((3, 4), {value})")
    assert end.reply.kind == "value"
    assert not end.gained
    assert end.honest_right


def test_nan_bombs_are_only_wrong(play):
    end = play("def f(x): return [[float('nan')] * 4, [float('inf')] * 4, [1e308 * 10, -0.0, 5e-324, 1.7e308]]")
    assert end.reply.kind == "value"
    assert not end.gained
    assert sys.getrecursionlimit() < 10**6
