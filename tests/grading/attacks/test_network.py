"""Code that wants to talk to someone."""

import socket
import textwrap

import pytest

from minidet.grading.sandbox.session import Limits, Session

CALLS = {
    "loopback": "socket.create_connection(('127.0.0.1', PORT), timeout=2)",
    "loopback, IPv6": "socket.create_connection(('::1', PORT), timeout=2)",
    "internet": "socket.create_connection(('1.1.1.1', 53), timeout=2)",
    "UDP": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', PORT))",
    "server": "socket.create_server(('127.0.0.1', 0))",
    "local": "socket.socket(socket.AF_UNIX).connect('\\0minidet-test')",
    "raw": "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)",
    "netlink": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)",
    "web": "__import__('urllib.request').request.urlopen('http://127.0.0.1:PORT', timeout=2)",
    "names": "socket.getaddrinfo('example.org', 80)",
    "C library": "check(ctypes.CDLL(None, use_errno=True).socket(2, 1, 0))",
}
SOURCE = """
import ctypes, socket
def check(result):
    if result < 0: raise PermissionError(ctypes.get_errno(), "refused")
def f(x):
    CALL
    return "connected"
"""


def test_no_connection_is_made(sandbox):
    """One listener on this machine hears nothing, of all the ways together; every way is refused."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear,
        socket.socket(socket.AF_UNIX) as local,
    ):
        port = listener.getsockname()[1]
        ear.bind(("127.0.0.1", port))
        local.bind("\0minidet-test-" + str(port))
        local.listen()
        answers = {}
        for name, call in CALLS.items():
            call = call.replace("PORT", str(port)).replace("minidet-test", f"minidet-test-{port}")
            answers[name] = textwrap.dedent(SOURCE).replace("CALL", call)
        with Session(answers, limits=Limits(), sandbox=sandbox) as session:
            for name in CALLS:
                reply = session.call(name, "f", (1,))
                assert reply.kind in ("forbidden", "error"), (name, reply)
                assert "error" in reply.words.lower()
        for waiting in (listener, ear, local):
            waiting.settimeout(0)
            with pytest.raises(BlockingIOError):
                waiting.recvfrom(10) if waiting is ear else waiting.accept()
        with socket.create_connection(("127.0.0.1", port), timeout=2):
            listener.settimeout(2)
            listener.accept()[0].close()  # it does listen
