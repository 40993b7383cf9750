"""Code that leaves marks for another worker: on files that both see, or in what the kernel counts for all.

All workers see the same files. A lock on one of them is a bit that another worker reads; so is a wait in memory that
both map, and a message that a file was opened. Each kind also takes memory of the kernel that no limit counts.
"""

from minidet.grading.sandbox.session import Limits, Session

HELPER = """
import ctypes, fcntl, os, struct
libc = ctypes.CDLL(None, use_errno=True)
MACHINE = os.uname().machine == "aarch64"
def call(numbers, *arguments):
    result = libc.syscall(numbers[MACHINE], *arguments)
    if result < 0: raise OSError(ctypes.get_errno(), "refused")
    return result
SHARED = open("/grader/worker.py", "rb")
RECORD = struct.pack("hhlli", fcntl.F_RDLCK, 0, 0, 0, 0)
OPEN_FILE = struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0)
def futex(operation):
    libc.mmap.restype = ctypes.c_void_p
    both = libc.mmap(None, ctypes.c_size_t(4096), 1, 1, SHARED.fileno(), ctypes.c_long(0))
    return call((202, 98), ctypes.c_void_p(both), operation, 1, None, None, 0)
"""
MARKS = {
    "flock": "fcntl.flock(SHARED, fcntl.LOCK_EX | fcntl.LOCK_NB)",
    "lockf": "fcntl.lockf(SHARED, fcntl.LOCK_SH | fcntl.LOCK_NB)",
    "look for a lock": "fcntl.fcntl(SHARED, fcntl.F_GETLK, RECORD)",
    "lock of an open file": "fcntl.fcntl(SHARED, 36, OPEN_FILE)",
    "lock of its own file": "fcntl.lockf(open('/student/own', 'wb'), fcntl.LOCK_EX)",
    "lease": "fcntl.fcntl(SHARED, fcntl.F_SETLEASE, fcntl.F_RDLCK)",
    "news of a folder": "fcntl.fcntl(os.open('/grader', os.O_RDONLY), fcntl.F_NOTIFY, fcntl.DN_ACCESS)",
    "more room in a pipe": "fcntl.fcntl(SHARED, 1031, 1 << 20)",
    "inotify": "call((294, 26), 0)",
    "inotify, the old call": "call((253, 26), 0)",
    "inotify, a watch": "call((254, 27), 0, b'/grader', 1)",
    "fanotify": "call((301, 263), 0, 1, ctypes.c_uint64(1), -100, b'/grader')",
    "wake who waits in shared memory": "futex(1)",
    "wait in shared memory": "futex(0)",
    "wait in several places": "call((449, 449), None, 0, 0, None, 0)",
    "which pages are in memory": "call((27, 232), None, 0, None)",
    "requests to disks": "call((206, 0), 1, bytes(8))",
    "Landlock, a set of rules": "call((444, 444), (ctypes.c_uint64 * 1)(1), ctypes.c_size_t(8), 0)",
    "Landlock, its version": "call((444, 444), None, ctypes.c_size_t(0), 1)",
    "Landlock, a rule": "call((445, 445), -1, 1, bytes(16), 0)",
    "Landlock, closing in": "call((446, 446), -1, 0)",
}


def test_no_mark_can_be_left(sandbox):
    answers = {name: f"{HELPER}\ndef f():\n    return {call}" for name, call in MARKS.items()}
    with Session(answers, limits=Limits(call=3.0), sandbox=sandbox) as session:
        for name in MARKS:
            reply = session.call(name, "f")
            assert reply.kind == "forbidden", (name, reply)


HONEST = {
    "a lock": "import threading\ndef f():\n    lock = threading.Lock()\n    with lock: return lock.acquire(timeout=0.01)",
    "a queue": """
import queue
def f():
    line = queue.Queue()
    line.put(1)
    try: return line.get() and line.get(timeout=0.01)
    except queue.Empty: return False
""",
    "a copy of a file's number": """
import fcntl, os
def f():
    with open("/student/a", "ab+") as file:
        other = os.dup(file.fileno())
        fcntl.fcntl(other, fcntl.F_SETFD, fcntl.fcntl(other, fcntl.F_GETFD))
        return bool(fcntl.fcntl(other, fcntl.F_GETFL) & os.O_CLOEXEC)
""",
    "a map": "def f():\n    np.memmap('/student/b', np.float32, 'w+', shape=4)[:] = 1\n    return not np.fromfile('/student/b', np.float32).all()",
}


def test_what_a_process_does_for_itself_goes_on(sandbox):
    with Session(HONEST, limits=Limits(call=3.0), sandbox=sandbox) as session:
        for name in HONEST:
            reply = session.call(name, "f")
            assert (reply.kind, reply.value) == ("value", False), (name, reply)
