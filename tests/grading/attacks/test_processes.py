"""Code that starts processes. That none is alive afterwards, ``play`` asserts of every attack."""

import pytest

from minidet.grading.sandbox.session import Limits, Session

from ..machine import alive_in, space_of, wait_until

BOMB = """
import os
def f(x):
    refused = 0
    while refused < 1000:
        try:
            os.fork()
        except OSError:
            refused += 1
    while True: pass
"""
DETACHED = """
import os, signal, time
def f(x):
    if os.fork() == 0:
        os.setsid()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        if os.fork():
            os._exit(0)
        os.closerange(0, 64)
        while True: time.sleep(1)
    return x
"""


@pytest.mark.parametrize(
    "source",
    [
        "import os\ndef f(x): return os.fork()",
        "import threading\ndef f(x): threading.Thread(target=print).start()",
        "import subprocess\ndef f(x): return subprocess.run(['/bin/sh', '-c', 'echo'], check=True).returncode",
        "import os\ndef f(x): return os.posix_spawn('/bin/true', ['true'], {})",
        "import os, sys\ndef f(x): os.execv(sys.executable, ['python'])",
        "import multiprocessing\ndef f(x): multiprocessing.get_context('fork').Process(target=print).start()",
    ],
    ids=["fork", "thread", "subprocess", "spawn", "exec", "multiprocessing"],
)
def test_nothing_can_be_started(play_everywhere, source):
    end = play_everywhere(source)
    assert end.reply.kind in ("error", "forbidden")
    assert not end.gained
    assert end.honest_right


def test_a_fork_bomb_is_small_where_processes_are_allowed(sandbox):
    limits = Limits(call=1.0, processes=12)
    with Session({"q1": BOMB, "q2": "def g(): return 1"}, limits=limits, sandbox=sandbox) as session:
        space = space_of(session)
        assert session.call("q1", "f", (1,)).kind in ("timeout", "protocol", "died")
        assert wait_until(lambda: alive_in(space) == [])
        assert session.call("q2", "g").value == 1


def test_a_fork_bomb_never_exceeds_its_limit(sandbox):
    source = BOMB.replace("while True: pass", "return os.getpid()").replace(
        "os.fork()", "os.fork() or os.read(0, 1) or time.sleep(9)"
    )
    limits = Limits(call=3.0, processes=12)
    with Session({"q1": "import time\n" + source}, limits=limits, sandbox=sandbox) as session:
        space = space_of(session)
        assert session.call("q1", "f", (1,)).value == 1
        assert 1 < len(alive_in(space)) <= 12
    assert alive_in(space) == []


def test_detached_children_end_with_the_session(sandbox):
    with Session({"q1": DETACHED}, limits=Limits(call=2.0, processes=12), sandbox=sandbox) as session:
        space = space_of(session)
        session.call("q1", "f", (1,))
        # while one starts the other and ends, a look at /proc may miss both
        assert wait_until(lambda: len(alive_in(space)) >= 2)
    assert alive_in(space) == []


def test_detached_children_end_with_their_worker(sandbox):
    """They do not stay when a worker ends by itself, in the middle of a session."""
    source = DETACHED.replace("return x", "time.sleep(0.2); os._exit(0)")
    with Session({"q1": source}, limits=Limits(call=2.0, processes=12), sandbox=sandbox) as session:
        space = space_of(session)
        assert session.call("q1", "f", (1,)).kind == "died"
        assert alive_in(space) == []
