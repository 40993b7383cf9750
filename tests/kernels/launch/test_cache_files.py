"""Compiled kernels as files: whatever happens to them, kernels run, and no process uses what another did not write."""

import errno
import os
import pathlib
import pickle
import shutil
import signal
import subprocess
import sys
import textwrap
import warnings

import numpy as np
import pytest

from minidet.kernels.launch import jit

if not jit.ENABLED:
    pytest.skip("numba is absent or switched off", allow_module_level=True)

from minidet.kernels.launch import cache_files

#: A module with a kernel of each kind, each compiled in half a second or less.
MODULE = """
import numpy as np
from numba import prange, types
from minidet.kernels import jit

@jit.jit
def double(x):
    return 2 * x

@jit.parallel
def fill(x):
    for i in prange(x.size):
        x[i] = 3

def triple(x):
    return 3 * x

def use():
    x = np.zeros(4)
    fill(x)
    compiled = jit.c_function(types.float64(types.float64), triple)
    return [float(double(1.5)), x.tolist(), compiled.ctypes(2.0)]
"""
EXPECTED = [3.0, [3.0, 3.0, 3.0, 3.0], 6.0]
USE = "import sys; sys.path.insert(0, {folder!r}); import threes; print(threes.use())"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with the module above, and a cache that one process has filled."""
    folder = tmp_path_factory.mktemp("threes")
    (folder / "threes.py").write_text(MODULE)
    assert run(folder, folder / "full") == ""
    return folder


@pytest.fixture
def cache(folder, tmp_path):
    """Return a copy of the full cache that a test may damage."""
    return shutil.copytree(folder / "full", tmp_path / "cache")


def run(folder, cache, before="", **options):
    """Use the kernels in a new process; return what it complained of."""
    environment = {**os.environ, "MINIDET_CACHE": str(cache), "PYTHONWARNINGS": "default"}
    code = before + USE.format(folder=str(folder))
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        **options,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{EXPECTED}\n"
    return done.stderr


def files(cache):
    """Return the compiled kernels by the kind of kernel."""
    found = {path.parent.name: path for path in pathlib.Path(cache).rglob(f"*{cache_files.SUFFIX}")}
    assert found.keys() == {"serial", "parallel", "address"} - ({"parallel"} if jit.BOUNDSCHECK else set())
    return found


def garble(path):
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 1
    path.write_bytes(whole)


def folder_instead(path):
    path.unlink()
    (path / "inside").mkdir(parents=True)


def foreign_pickle(path):
    path.write_bytes(cache_files.pack(b"this is no pickle"))


def other_content(path):
    path.write_bytes(cache_files.pack(pickle.dumps((1, 2, 3))))


#: What befalls the three files of a cache.
DAMAGE = {
    "empty, cut, one bit": (lambda path: path.write_bytes(b""), lambda path: os.truncate(path, 1000), garble),
    "folder, no pickle, something else": (folder_instead, foreign_pickle, other_content),
    "something else, folder, noise": (other_content, folder_instead, lambda path: path.write_bytes(bytes(range(256)))),
}


@pytest.mark.slow
@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_file_is_compiled_again(folder, cache, how):
    before = {kind: path.name for kind, path in files(cache).items()}
    number = sum(1 for _ in cache.rglob("*.kernel"))  # more than kinds, if bounds are checked: two are serial
    for (_, path), damage in zip(sorted(files(cache).items()), DAMAGE[how], strict=False):  # two, if bounds are checked
        damage(path)
    told = run(folder, cache)
    assert told.count("was damaged") == 1, "said once"
    assert {kind: path.name for kind, path in files(cache).items()} == before
    assert cache_files.examine(cache) == (number, [], [])
    assert run(folder, cache) == "", "what was compiled again is found"


def test_every_length_and_every_bit(tmp_path):
    path = tmp_path / "a.kernel"
    whole = cache_files.pack(b"compiled code")
    path.write_bytes(whole)
    assert cache_files.read(path) == b"compiled code"
    damaged = [whole[:length] for length in range(len(whole))] + [whole + b"\0"]
    damaged += [
        whole[:i] + bytes([whole[i] ^ 1 << bit]) + whole[i + 1 :] for i in range(len(whole)) for bit in range(8)
    ]
    for content in damaged:
        path.write_bytes(content)
        with pytest.raises(cache_files.Damaged):
            cache_files.read(path)
        assert cache_files.examine(tmp_path) == (0, [path], [])


def test_a_file_that_may_not_be_read_is_replaced(tmp_path, monkeypatch):
    path = tmp_path / "a.kernel"
    cache_files.write(path, b"old")

    def refuse(path):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    with monkeypatch.context() as patch:
        patch.setattr(pathlib.Path, "read_bytes", refuse)
        with pytest.raises(cache_files.Damaged, match="Permission denied") as caught:
            cache_files.read(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cache_files.drop(path, caught.value)
    assert cache_files.read(path) is None
    cache_files.write(path, b"new")
    assert cache_files.read(path) == b"new"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
def test_a_full_disk(folder, tmp_path):
    """No file may grow: every write fails, as on a disk without room."""
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
    told = run(folder, tmp_path / "cache", before=limit)
    assert told.count("compiled kernels are kept in memory") == 1, "said once"
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []


def test_a_write_that_fails_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "a.kernel"
    cache_files.write(path, b"old")
    for error in (OSError(errno.ENOSPC, "no space"), KeyboardInterrupt()):

        def fail(*args, error=error):
            raise error

        with monkeypatch.context() as patch:
            patch.setattr(cache_files.os, "replace", fail)
            with pytest.raises(type(error)):
                cache_files.write(path, b"new")
        assert cache_files.read(path) == b"old"
        assert list(tmp_path.iterdir()) == [path]


@pytest.mark.slow
def test_processes_at_once(folder, tmp_path):
    """They compile the same kernels, for different types too, into one folder that one of them damages."""
    code = f"""
        import sys; sys.path.insert(0, {str(folder)!r})
        import numpy as np, pathlib, threes
        number = int(sys.argv[1])
        for dtype in [np.float64, np.float32, np.int64][number % 3:] + [np.float64]:
            result = threes.double(np.ones(3, dtype))
            assert result.dtype == np.result_type(dtype) and (result == 2).all(), (dtype, result)
            if number == 0:
                for path in pathlib.Path({str(tmp_path)!r}).rglob("*.kernel"): path.write_bytes(b"")
        print(threes.use())
    """
    environment = {**os.environ, "MINIDET_CACHE": str(tmp_path), "NUMBA_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-c", textwrap.dedent(code)]
    running = [
        subprocess.Popen([*command, str(i)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for i in range(4)
    ]
    for process in running:
        out, err = process.communicate(timeout=300)
        assert (process.returncode, out) == (0, f"{EXPECTED}\n"), err
    assert cache_files.examine(tmp_path)[2] == []


@pytest.mark.slow
def test_a_cache_that_is_cleared_while_it_is_used(tmp_path, monkeypatch):
    kept = tmp_path / "root" / "kernels" / "serial"
    kept.mkdir(parents=True)
    monkeypatch.setattr(jit, "folder_of_compiled", lambda: kept.parent)

    @jit.jit
    def double(x):
        return 2 * x

    shutil.rmtree(tmp_path / "root")
    assert double(np.ones(2)).tolist() == [2, 2]
    assert len(list(kept.iterdir())) == 1
    if hasattr(os, "getuid"):
        assert {path.stat().st_mode & 0o777 for path in (kept, kept.parent, kept.parent.parent)} == {0o700}


def test_functions_that_differ_only_in_what_they_close_over_are_kept_apart(tmp_path, monkeypatch):
    monkeypatch.setattr(jit, "folder_of_compiled", lambda: tmp_path)

    def times(factor):
        return jit.jit(lambda x: factor * x)

    assert [times(factor)(2.0) for factor in (3.0, 5.0, 3.0)] == [6, 10, 6]
    assert len(list(tmp_path.rglob("*.kernel"))) == 2


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to another process")
@pytest.mark.parametrize("delay", [0.0, 0.3])
def test_ctrl_c_while_compiling(folder, tmp_path, delay):
    """KeyboardInterrupt arrives where the kernel was called, nothing is left behind, and the next call works."""
    code = f"""
        import sys; sys.path.insert(0, {str(folder)!r})
        import os, signal, threading, threes
        try:
            threading.Timer({delay}, os.kill, (os.getpid(), signal.SIGINT)).start()
            while True:
                threes.use()
        except KeyboardInterrupt:
            print("interrupted")
        print(threes.use())
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], env={**os.environ, "MINIDET_CACHE": str(tmp_path)},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"interrupted\n{EXPECTED}\n"
    assert "Traceback" not in done.stderr
    assert cache_files.examine(tmp_path)[1:] == ([], [])


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to another process")
def test_ctrl_c_while_a_command_compiles(tmp_path):
    code = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    code += "import sys; from minidet import cli; sys.exit(cli.main(sys.argv[1:]))"
    environment = {**os.environ, "MINIDET_CACHE": str(tmp_path / "cache"), "MINIDET_QUICK": "1"}
    process = subprocess.Popen(
        [sys.executable, "-c", code, "demo", "--out", str(tmp_path / "demo")],
        env=environment, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    told = ""
    while "compiling kernels" not in told:
        line = process.stderr.readline()
        assert line, told
        told += line
    process.send_signal(signal.SIGINT)
    told += process.communicate(timeout=300)[1]
    assert process.returncode == 130, told
    assert told.endswith("minidet: interrupted\n")
    assert "Traceback" not in told
    assert list((tmp_path / "cache").rglob("*.partial")) == []
