import os
import pathlib
import subprocess
import sys
import threading
import types

import numpy as np
import pytest

from minidet.kernels.launch import jit

compiled_only = pytest.mark.skipif(not jit.ENABLED, reason="numba is absent or switched off")
checked_only = pytest.mark.skipif(not (jit.ENABLED and jit.BOUNDSCHECK), reason="needs MINIDET_BOUNDSCHECK=1")

CONVOLVE = """
import numpy as np
from minidet import kernels
x, w = np.ones((1, 2, 9, 9), np.float32), np.ones((3, 2, 3, 3), np.float32)
plain = ((1, 1), (1, 1), (1, 1), 1)
def convolve():
    return kernels.conv.conv2d(x, w, None, *plain)
"""


def python(code, **environment):
    """Run code in a new process; return what it printed and what it complained of."""
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment}, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


@compiled_only
@pytest.mark.slow
def test_compilation_is_announced_once(tmp_path):
    code = (
        CONVOLVE
        + """
import numba
numba.njit(lambda: 1)()
print("own function")
convolve()
import sys; sys.stderr.write("again")
kernels.conv.conv2d(x.astype(np.float64), w.astype(np.float64), None, *plain)
"""
    )
    _, told = python(code, MINIDET_CACHE=str(tmp_path))
    assert told.strip() == f"minidet: compiling kernels for this processor, once: they are kept in {tmp_path}\nagain"
    _, told = python(code, MINIDET_CACHE=str(tmp_path))
    assert told == "again"


@compiled_only
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.slow
def test_kernels_run_in_a_forked_process():
    code = (
        CONVOLVE.replace("9, 9", "99, 99")  # enough work for two threads
        + """
import os, warnings
expected = convolve()
reader, writer = os.pipe()
child = os.fork()
if child == 0:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        same = np.array_equal(convolve(), expected) and np.array_equal(convolve(), expected)
    told = sum("forked" in str(warning.message) for warning in caught)
    os.write(writer, f"{same} {told}".encode())
    os._exit(0)
status = os.waitpid(child, 0)[1]
os.close(writer)
print(status, os.read(reader, 100).decode(), np.array_equal(convolve(), expected))
"""
    )
    out, _ = python(code)
    assert out.split() == ["0", "True", "0" if jit.BOUNDSCHECK else "1", "True"]


@compiled_only
def test_parallel_kernel_is_entered_by_one_thread_at_a_time():
    @jit.parallel
    def double(x):
        return x * 2

    compiled, x = double.compiled, np.arange(1000.0)
    assert compiled is not double
    results = []

    def work():
        results.extend(double(x) for _ in range(50))

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(results) == 200
    assert all(np.array_equal(result, x * 2) for result in results)


@pytest.mark.slow
@compiled_only
def test_compiled_code_is_kept_and_found_again(tmp_path):
    code = CONVOLVE + "convolve()"
    python(code, MINIDET_CACHE=str(tmp_path))
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.kernel")}
    assert kept
    python(code, MINIDET_CACHE=str(tmp_path))
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.kernel")} == kept


@pytest.mark.slow
@compiled_only
def test_without_a_writable_folder_kernels_still_run(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    _, err = python(CONVOLVE + "convolve()", MINIDET_CACHE=str(blocked))
    assert "compiled anew in every process" in err


@compiled_only
def test_hash_depends_on_the_sources(monkeypatch):
    before = jit.sources_hash()
    assert before == jit.sources_hash()
    read = pathlib.Path.read_bytes
    monkeypatch.setattr(pathlib.Path, "read_bytes", lambda path: read(path) + b"#")
    assert jit.sources_hash() != before


def test_without_numba_kernels_come_from_the_reference():
    code = (
        CONVOLVE
        + """
from minidet.kernels.reference import conv
assert kernels.conv is conv
assert convolve().shape == (1, 3, 9, 9)
"""
    )
    _, err = python(code, NUMBA_DISABLE_JIT="1", PYTHONWARNINGS="default")
    assert "NumPy" in err


@pytest.mark.slow
@compiled_only
def test_runs_on_a_generic_processor(tmp_path):
    code = (
        CONVOLVE
        + """
from minidet.kernels.reference import conv
print(np.allclose(convolve(), conv.conv2d(x, w, None, *plain), rtol=1e-5, atol=0))
"""
    )
    out, _ = python(code, NUMBA_CPU_NAME="generic", NUMBA_CPU_FEATURES="", MINIDET_CACHE=str(tmp_path))
    assert out.split() == ["True"]


@checked_only
def test_bounds_are_checked():
    @jit.parallel
    def beyond(x):
        return x[x.size]

    with pytest.raises(IndexError):
        beyond(np.zeros(3))


@compiled_only
def test_a_change_in_any_room_of_the_kernels_compiles_them_anew(monkeypatch, tmp_path):
    rooms = {path.parent.name for path in jit.kernel_files()}
    assert {"kernels", "conv", "plans", "winograd", "regions", "simd", "launch"} <= rooms
    assert not any("reference" in path.parts for path in jit.kernel_files())
    before, files = jit.sources_hash(), jit.kernel_files()
    for room in sorted(rooms):
        copies = [tmp_path / f"{number}.py" for number in range(len(files))]
        for copy, path in zip(copies, files, strict=True):
            copy.write_bytes(path.read_bytes() + (b"\n" if path.parent.name == room else b""))
        monkeypatch.setattr(jit, "kernel_files", lambda copies=copies: copies)
        assert jit.sources_hash() != before, room
        monkeypatch.undo()
    assert jit.sources_hash() == before


@compiled_only
def test_openmp_comes_before_tbb_unless_an_order_was_chosen():
    def config(layer="default", order=("tbb", "omp", "workqueue")):
        one = types.SimpleNamespace(THREADING_LAYER=layer, THREADING_LAYER_PRIORITY=list(order))
        jit.prefer_openmp(one)
        return one.THREADING_LAYER_PRIORITY

    assert config() == ["omp", "tbb", "workqueue"]
    assert config(order=("workqueue", "tbb", "omp")) == ["workqueue", "tbb", "omp"]
    assert config("tbb") == ["tbb", "omp", "workqueue"]


@compiled_only
@pytest.mark.parametrize(("name", "value"), [(None, None), ("NUMBA_THREADING_LAYER", "workqueue")])
def test_the_layer_that_runs(name, value):
    """OpenMP, wherever numba has it; the one that the environment names."""
    code = """
import numba, minidet
from minidet.commands.doctor import threading_layer
print(threading_layer())
try:
    from numba.np.ufunc import omppool
    print("omp")
except ImportError:
    print("none")
"""
    environment = {key: text for key, text in os.environ.items() if not key.startswith("NUMBA_THREADING_LAYER")}
    environment |= {name: value} if name else {}
    layer, there = subprocess.check_output([sys.executable, "-c", code], env=environment, text=True).split()[-2:]
    assert layer == value if name else layer == "omp" or there == "none"
