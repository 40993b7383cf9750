"""Code that looks for the right answers: in frames, in memory, in /proc, in the environment."""

import os

import pytest


def test_frames_and_objects_hold_nothing_of_what_is_expected(play):
    """All that can be reached from every frame and from every object that Python knows: the right array is not there."""
    end = play(
        """
        import gc, sys
        def f(x):
            arrays, frame = [], sys._getframe()
            while frame:
                arrays += [value for value in {**frame.f_globals, **frame.f_locals}.values()]
                frame = frame.f_back
            arrays += gc.get_objects()
            same = [a for a in arrays if type(a) is np.ndarray and a.shape == x.shape and a is not x]
            for one in same:
                if abs(float(one[0, 0]) - 0.25) < 1e-6: return one
            return None
        """
    )
    assert end.reply.kind == "value"
    assert end.reply.value is None
    assert not end.gained


@pytest.mark.parametrize(
    "path", ["/proc/self/maps", "/proc/1/environ", "/proc/GRADER/mem", "/proc", "/sys", "/dev/mem", "/dev/tty"]
)
def test_nothing_tells_of_other_processes(play_everywhere, path):
    path = path.replace("GRADER", str(os.getpid()))  # not in the name of the test: it differs between test processes
    end = play_everywhere(
        f"import os\ndef f(x):\n    if os.path.isdir({path!r}): return os.listdir({path!r})\n    open({path!r}).read()"
    )
    assert end.reply.kind in ("error", "forbidden")
    assert "FileNotFoundError" in end.reply.words or "PermissionError" in end.reply.words


def test_the_grader_cannot_be_signalled_or_traced(play_everywhere):
    end = play_everywhere(
        """
        import ctypes, os
        def f(x):
            libc = ctypes.CDLL(None, use_errno=True)
            reached = []
            for pid in [*range(2, 3000), GRADER]:
                try:
                    os.kill(pid, 0)
                    reached.append(pid)
                except OSError:
                    pass
            if libc.ptrace(16, GRADER, 0, 0) >= 0: reached.append("ptrace")
            if libc.process_vm_readv(GRADER, None, 0, None, 0, 0) >= 0: reached.append("memory")
            if libc.prctl(1, 0, 0, 0, 0) >= 0: reached.append("outlive the grader")
            return reached
        """.replace("GRADER", str(os.getpid()))
    )
    assert end.reply.kind == "value", end.reply
    assert end.reply.value == []


def test_the_environment_is_not_the_graders(play_everywhere, monkeypatch):
    monkeypatch.setenv("COURSE_TOKEN", "s3cret")
    monkeypatch.setenv("PYTHONSTARTUP", "/tmp/start.py")
    end = play_everywhere(
        "import os, sys\ndef f(x): return [dict(os.environ), sys.argv[1], os.getuid(), os.getgroups()]"
    )
    variables, told, user, groups = end.reply.value
    assert "COURSE_TOKEN" not in variables
    assert not [name for name in variables if name.startswith("PYTHON")]
    assert "s3cret" not in told
    assert user != 0
    assert 0 not in groups


def test_descriptors_lead_only_to_pipes(play_everywhere):
    end = play_everywhere(
        """
        import os, stat
        def f(x):
            kinds = set()
            for number in range(256):
                try:
                    mode = os.fstat(number).st_mode
                except OSError:
                    continue
                pipe = stat.S_ISFIFO(mode)
                kinds.add("pipe" if pipe else os.path.samestat(os.fstat(number), os.stat("/dev/null")) and "null" or
                          f"{number}: {mode:o}")
            return sorted(kinds)
        """
    )
    assert end.reply.value == ["null", "pipe"]
