"""What ``import minidet`` brings along, and what it does without numba, or without a place to write.

Each case is a process of its own: what a module did on import cannot be undone.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

import minidet

pytestmark = pytest.mark.slow

PACKAGE = pathlib.Path(minidet.__file__).parent

#: What each process does in the place of WORK, and then tells.
TELL = """
import json, sys, warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    import numpy as np
    import minidet
    import minidet.nn.functional as F
    from minidet.kernels import jit

    rng = np.random.default_rng(0)
    x = minidet.tensor(rng.standard_normal((2, 3, 8, 8)).astype(np.float32))
    WORK
json.dump({
    "numbers": numbers,
    "compiled": jit.ENABLED,
    "numba": "numba" in sys.modules,
    "warnings": [f"{w.category.__name__}: {w.message}" for w in caught],
    "file": minidet.__file__,
}, sys.stdout)
"""

#: A training step through compiled kernels.
STEP = TELL.replace(
    "WORK",
    """
    w = minidet.tensor(rng.standard_normal((4, 3, 3, 3)).astype(np.float32), requires_grad=True)
    pooled, indices = F.max_pool2d(F.conv2d(x, w, padding=1), 2, return_indices=True)
    loss = (F.max_unpool2d(pooled, indices, 2) ** 2).mean()
    loss.backward()
    numbers = [loss.item(), float(np.abs(w.grad.numpy()).sum())]
    """,
)

#: One kernel that compiles fast, for the processes that find none compiled.
SHORT_STEP = TELL.replace(
    "WORK",
    """
    corners = np.arange(64).reshape(8, 8) * 4 % 256
    numbers = [float((F.max_unpool2d(x, np.broadcast_to(corners, x.shape).copy(), 2) ** 2).sum())]
    """,
)

#: Stands before STEP: this process has no numba.
WITHOUT_NUMBA = """
import sys

class Nowhere:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("numba", "llvmlite"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Nowhere())
"""


def run(code, cwd=None, **variables):
    """Run code in a new process with these environment variables (None takes one away); return what it printed."""
    env = {**os.environ, **variables}
    env = {name: str(value) for name, value in env.items() if value is not None}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def compiled():
    """Return what the step comes to as it usually runs."""
    return run(STEP, NUMBA_DISABLE_JIT=None)


@pytest.fixture(scope="module")
def compiled_short():
    """Return the same for the short step."""
    return run(SHORT_STEP, NUMBA_DISABLE_JIT=None)


def assert_same_numbers(result, expected):
    assert result["numbers"] == pytest.approx(expected["numbers"], rel=1e-5)


def test_import_stays_light():
    """Not timed: a clock in a test fails on the wrong day. What takes the time is what is imported."""
    listing = "import json, sys, {}; json.dump(sorted(sys.modules), sys.stdout)"
    with_numba = set(run(listing.format("numpy, numba")))
    brought = set(run(listing.format("minidet"))) - with_numba
    heavy = {"scipy", "matplotlib", "sklearn", "PIL", "tqdm", "torch", "safetensors", "argparse", "multiprocessing"}
    assert not brought & heavy


def test_no_warning_where_all_is_well(compiled):
    assert compiled["warnings"] == []
    assert compiled["compiled"]


def test_jit_switched_off_runs_on_numpy_with_one_warning(compiled):
    result = run(STEP, NUMBA_DISABLE_JIT="1")
    assert not result["compiled"]
    assert len(result["warnings"]) == 1
    assert "NUMBA_DISABLE_JIT" in result["warnings"][0]
    assert_same_numbers(result, compiled)


def test_numba_absent_runs_on_numpy_with_one_warning(compiled):
    result = run(WITHOUT_NUMBA + STEP)
    assert not result["numba"]
    assert len(result["warnings"]) == 1
    assert "numba is absent" in result["warnings"][0]
    assert_same_numbers(result, compiled)


@pytest.mark.slow
def test_nowhere_to_keep_compiled_kernels(compiled_short, tmp_path):
    """Root may write everywhere, so the folder is put below a file: that stops even root."""
    (tmp_path / "file").touch()
    result = run(SHORT_STEP, MINIDET_CACHE=tmp_path / "file" / "cache")
    assert len(result["warnings"]) == 1
    assert "compiled anew in every process" in result["warnings"][0]
    assert "MINIDET_CACHE" in result["warnings"][0]
    assert_same_numbers(result, compiled_short)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="XDG_CACHE_HOME is Linux's")
def test_the_second_place_for_compiled_kernels(compiled_short, tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "tmp").mkdir()
    places = {"MINIDET_CACHE": None, "XDG_CACHE_HOME": tmp_path / "file" / "cache", "TMPDIR": tmp_path / "tmp"}
    result = run(SHORT_STEP, **places)
    assert len(result["warnings"]) == 1
    assert f"{tmp_path / 'file' / 'cache' / 'minidet'} is not writable" in result["warnings"][0]
    assert list((tmp_path / "tmp").rglob("*.kernel")), "the kernels should be in the temporary folder"
    assert_same_numbers(result, compiled_short)
    assert len(run(SHORT_STEP, **places)["warnings"]) == 1, "said once per process"


@pytest.mark.slow
def test_an_installed_package_is_never_written_to(compiled_short, tmp_path):
    """A read-only site-packages is enough: what is compiled goes to the cache folder."""
    site = tmp_path / "site-packages"
    shutil.copytree(PACKAGE, site / "minidet", ignore=shutil.ignore_patterns("__pycache__"))
    before = sorted(site.rglob("*"))
    result = run(SHORT_STEP, cwd=site, MINIDET_CACHE=tmp_path / "cache", PYTHONDONTWRITEBYTECODE="1", PYTHONPATH=site)
    assert pathlib.Path(result["file"]).is_relative_to(site)
    assert sorted(site.rglob("*")) == before
    assert list((tmp_path / "cache").rglob("*.kernel"))
    assert_same_numbers(result, compiled_short)


def test_rooms_are_there_without_an_import_of_their_own():
    code = (
        "import minidet, sys; early = 'minidet.nn' in sys.modules; print(early, minidet.nn.ReLU(), minidet.optim.SGD)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "False ReLU() <class 'minidet.optim.sgd.SGD'>\n"
    with pytest.raises(AttributeError, match="module 'minidet' has no attribute 'softmx'"):
        _ = minidet.softmx
