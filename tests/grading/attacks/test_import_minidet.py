"""Code that would rather use minidet than be graded by it."""

import os
import shutil
from pathlib import Path

import pytest

import minidet

PACKAGE = Path(minidet.__file__).parent


@pytest.mark.parametrize(
    "source",
    [
        "def f(x):\n    import minidet",
        "from minidet.nn import functional\ndef f(x): return x",
        "import importlib, sys\ndef f(x):\n    sys.path += PATHS\n    importlib.invalidate_caches()\n    importlib.import_module('minidet')",
        "import runpy\ndef f(x): return runpy.run_path(PATHS[0] + '/minidet/errors.py')",
        "import sys, types\ndef f(x):\n    import site\n    site.main()\n    import minidet",
        "def f(x):\n    import numba",
        "def f(x):\n    import scipy",
    ],
)
def test_it_cannot_be_imported(play_everywhere, source):
    end = play_everywhere(source.replace("PATHS", repr([str(PACKAGE.parent), os.getcwd()])))
    assert end.reply.kind in ("error", "unloaded")  # in a call, or above the function
    assert "ModuleNotFoundError" in end.reply.words or "FileNotFoundError" in end.reply.words
    assert not end.gained
    assert end.honest_right


def test_a_copy_of_the_installed_package_is_not_found(play_everywhere, tmp_path):
    """Neither under another name, nor anywhere: no file on the disk that the worker sees is one of minidet's kernels."""
    tmp_path.chmod(0o755)
    shutil.copytree(PACKAGE / "kernels" / "reference", tmp_path / "mylib")
    end = play_everywhere(
        """
        import os, sys
        def f(x):
            sys.path.insert(0, PATH)
            try:
                import mylib
                return "imported"
            except ImportError:
                pass
            names = []
            for folder, _, files in os.walk("/"):
                names += [os.path.join(folder, name) for name in files]
            return [name for name in names if os.path.basename(name) in FILES and "/grader/" not in name]
        """.replace("PATH", repr(str(tmp_path))).replace(
            "FILES", repr(["winograd.py", "winograd_strided.py", "unpool.py", "tiles.py", "compare.py"])
        ),
        call=20.0,
    )
    assert end.reply.kind == "value", end.reply
    assert [name for name in end.reply.value if "/numpy/" not in name] == []
    assert not end.gained
