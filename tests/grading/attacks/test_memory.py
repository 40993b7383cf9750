"""Code that takes memory."""

import pytest

GB = 10**9


@pytest.mark.parametrize(
    "source",
    [
        "def f(x): return len(bytearray(50 * 10**9))",
        "def f(x): return np.ones(50 * 10**9 // 8).sum()",
        "def f(x):\n    kept = []\n    while True: kept.append(bytes(10**7))",
        "import mmap\ndef f(x): return len(mmap.mmap(-1, 50 * 10**9))",
    ],
    ids=["bytes", "array", "piece by piece", "mapping"],
)
def test_50_gigabytes_are_refused(play_everywhere, source):
    end = play_everywhere(source, call=5.0)
    assert end.reply.kind == "error"
    assert "emory" in end.reply.words
    assert not end.gained
    assert end.honest_right


@pytest.mark.parametrize(
    "source",
    [
        "def f(x): return os.memfd_create('more')",
        "def f(x):\n    libc = ctypes.CDLL(None, use_errno=True)\n    return check(libc.shmget(0, 1 << 30, 0o1600))",
        "def f(x):\n    libc = ctypes.CDLL(None, use_errno=True)\n    return check(libc.syscall(425, 8, bytes(120)))",
    ],
    ids=["memfd", "shared segment", "io_uring"],
)
def test_there_is_no_memory_that_is_not_counted(play_everywhere, source):
    helper = """
import ctypes, os
def check(result):
    if result < 0: raise OSError(ctypes.get_errno(), "refused")
    return result
"""
    end = play_everywhere(helper + source)
    assert end.reply.kind == "forbidden"
    assert end.honest_right


def test_limits_cannot_be_raised(play_everywhere):
    end = play_everywhere(
        """
        import resource
        def f(x):
            names = [name for name in dir(resource) if name.startswith("RLIMIT_")]
            raised = []
            for name in ("RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_NPROC", "RLIMIT_FSIZE", "RLIMIT_NOFILE"):
                kind = getattr(resource, name)
                soft, hard = resource.getrlimit(kind)
                assert hard != resource.RLIM_INFINITY, name
                try:
                    resource.setrlimit(kind, (hard + 1, hard + 1))
                    raised.append(name)
                except (ValueError, OSError):
                    pass
            return raised
        """
    )
    assert end.reply.kind == "value"
    assert end.reply.value == []
