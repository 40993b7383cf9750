import pytest

from minidet.kernels.launch import jit


@pytest.mark.skipif(not jit.ENABLED, reason="numba is absent or switched off")
@pytest.mark.slow
def test_functions_without_a_module_are_compiled(capfd):
    import numba

    names = {"__builtins__": {}}
    exec("def double(x): return 2 * x", names)
    assert names["double"].__module__ is None
    assert numba.njit(names["double"])(2) == 4
    assert "compiling" not in capfd.readouterr().err
