"""Code that changes what it believes to be the grader: in its own process there is nothing to win."""

import sys

import numpy as np
import pytest

EVERYTHING_IS_EQUAL = """
import builtins, random, sys, time
import numpy.testing
yes = lambda *args, **kwargs: True
nothing = lambda *args, **kwargs: None
np.allclose = np.array_equal = np.isclose = np.array_equiv = np.all = yes
for name in dir(numpy.testing):
    if name.startswith("assert"): setattr(numpy.testing, name, nothing)
"""


@pytest.mark.parametrize(
    "patch",
    [
        "",
        "time.time = time.monotonic = time.perf_counter = lambda: 0.0\ntime.sleep = nothing",
        "random.random = random.randint = random.choice = lambda *args: 0\nrandom.seed = nothing\nnp.random.seed = nothing\nnp.random.default_rng = nothing",
        "np.ndarray = object\nnp.abs = np.max = np.sum = np.asarray = lambda *args, **kwargs: 0",
    ],
    ids=["numpy.testing and allclose", "time", "random", "numpy"],
)
def test_patched_modules_change_nothing_for_the_grader(play, patch):
    end = play(EVERYTHING_IS_EQUAL + patch + "\ndef f(x): return x")
    assert not end.gained
    assert not np.allclose([1.0], [2.0])


@pytest.mark.parametrize(
    "patch",
    [
        "builtins.isinstance = builtins.all = builtins.any = yes",
        "builtins.len = lambda value: 0",
        "builtins.abs = builtins.max = builtins.sum = builtins.min = lambda *args: 0\nbuiltins.print = nothing",
        "builtins.__import__ = nothing",
        "builtins.type = builtins.dict = builtins.str = nothing",
    ],
)
def test_patched_builtins_earn_nothing(play, patch):
    end = play(EVERYTHING_IS_EQUAL + patch + "\ndef f(x): return x")
    assert end.reply.kind in ("value", "error", "died", "protocol")
    assert not end.gained
    assert isinstance(1, int)
    assert not isinstance(1, str)


@pytest.mark.parametrize(
    "patch",
    [
        "for name in ('codec', 'walls', 'json', 'minidet', 'minidet.grading.scoring.compare'):\n    sys.modules[name] = sys.modules['this']",
        "sys.modules['codec'].pack = lambda message, limit: bytes(8)",
        "sys.modules['codec'].JSON_BYTES = 10**12\nsys.modules['codec'].DEPTH = 10**6",
        "sys.modules['__main__'].perform = lambda *args: {'kind': 'value', 'value': True, 'ok': True, 'points': 100}",
        "sys.modules['__main__'].send = nothing",
        "sys.modules['__main__'].describe = lambda *args: 'passed'",
    ],
)
def test_a_patched_worker_earns_nothing(play, patch):
    end = play("import this\n" + EVERYTHING_IS_EQUAL + patch + "\ndef f(x): return x", call=1.0)
    assert not end.gained
    assert "codec" not in sys.modules


def test_import_hooks_earn_nothing(play):
    end = play(
        """
        import builtins, sys, types
        class Finder:
            @staticmethod
            def find_spec(name, path=None, target=None):
                raise ImportError(name)
        sys.meta_path.insert(0, Finder)
        sys.path_hooks.insert(0, Finder)
        sys.path.insert(0, "/student")
        sys.modules["numpy.testing"] = types.ModuleType("numpy.testing")
        sys.settrace(lambda *args: None)
        sys.setprofile(lambda *args: None)
        sys.excepthook = lambda *args: None
        sys.addaudithook(lambda *args: None)
        def f(x): return x
        """
    )
    assert end.reply.kind == "value"
    assert not end.gained
    assert end.honest_right


def test_sitecustomize_is_read_by_nobody(play):
    end = play(
        """
        import os
        for name in ("sitecustomize.py", "usercustomize.py", "codec.py", "numpy.py"):
            with open(name, "w") as file: file.write("import os; os._exit(0)")
        def f(x): os._exit(1)
        """
    )
    assert end.reply.kind == "died"
    assert end.honest_right  # in a worker that was started after that
    assert "sitecustomize" not in sys.modules or "tmp" not in (sys.modules["sitecustomize"].__file__ or "")


def test_questions_do_not_share_names_but_nothing_is_lost_if_they_do(play):
    end = play(
        "def f(x):\n    import builtins\n    builtins.g = lambda x: None\n    return None\ndef g(x): return None"
    )
    assert not end.gained
    assert end.honest_right
