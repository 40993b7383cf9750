"""Results that lie about themselves: what leaves the worker are plain numbers."""

import numpy as np
import pytest

SUBCLASS = """
class Yes(np.ndarray):
    def __eq__(self, other): return np.ones(np.shape(other), bool)
    __ne__ = lambda self, other: np.zeros(np.shape(other), bool)
    __sub__ = __rsub__ = lambda self, other: np.zeros(np.shape(other))
    __abs__ = lambda self: np.zeros(self.shape)
    __array_ufunc__ = lambda self, *args, **kwargs: True
    __array_function__ = lambda self, *args, **kwargs: True
    __class__ = property(lambda self: float)
    shape = property(lambda self: (3, 4))
def f(x): return x.view(Yes)
"""


def test_a_subclass_that_equals_everything_is_an_array(play):
    end = play(SUBCLASS)
    assert end.reply.kind in ("value", "error", "protocol")
    assert end.reply.value is None or type(end.reply.value) in (np.ndarray, float)
    assert not end.gained
    assert end.honest_right


@pytest.mark.parametrize(
    "method",
    [
        "__eq__ = lambda self, other: True\n    __hash__ = None",
        "__array__ = lambda self, *args, **kwargs: np.zeros((3, 4))",
        "__array_interface__ = {'shape': (10**6, 10**6), 'typestr': '<f8', 'data': (1 << 40, False), 'version': 3}",
        "__float__ = __int__ = __index__ = __len__ = lambda self: 1",
        "__class__ = property(lambda self: dict)",
        "__getattr__ = lambda self, name: self",
    ],
)
def test_an_object_that_lies_is_no_result(play, method):
    end = play(f"class Liar:\n    {method}\ndef f(x): return Liar()")
    assert end.reply.kind in ("protocol", "error", "value")
    assert end.reply.value in (None, {})
    assert not end.gained
    assert end.honest_right


@pytest.mark.parametrize("base", ["int", "float", "str", "list", "dict", "tuple", "complex"])
def test_subclasses_of_plain_types_come_back_plain(play, base):
    end = play(
        f"""
        class Liar({base}):
            __eq__ = lambda self, other: True
            __ne__ = __lt__ = lambda self, other: False
            __hash__ = {base}.__hash__
            __sub__ = __rsub__ = lambda self, other: 0
        def f(x): return Liar()
        """
    )
    assert type(end.reply.value).__name__ == base
    assert not end.gained
    assert end.honest_right


def test_reduce_is_never_asked(play, tmp_path):
    """Pickle would call what __reduce__ names, in the grader; there is no pickle."""
    target = tmp_path / "pwned"
    source = f"""
    import os, pickle
    class Bomb:
        def __reduce__(self): return (os.system, ("touch {target}",))
    def f(x): return RESULT
    """
    for result in ("Bomb()", "pickle.dumps(Bomb())", "np.array([Bomb()], dtype=object)", "[Bomb()]", "{'a': Bomb()}"):
        end = play(source.replace("RESULT", result))
        assert end.reply.kind == "protocol"
        assert "cannot be sent" in end.reply.words
        assert end.honest_right
    assert not target.exists()


def test_a_changed_input_is_seen_whatever_the_worker_compares(play):
    end = play(
        "np.array_equal = lambda *args: True\ndef f(x):\n    x += 1\n    return np.cumsum(x - 1, axis=1) ** 2 + 0.25"
    )
    assert end.reply.kind == "value"
    assert not end.gained
