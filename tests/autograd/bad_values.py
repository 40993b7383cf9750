"""Values of the wrong kind, to be thrown at every argument; and what may come of it."""

import inspect
import warnings

import numpy as np

import minidet
from minidet import autograd

ALLOWED = ValueError, TypeError, IndexError, RuntimeError, autograd.GradcheckError


def values():
    """Make them anew: a call may change them."""
    return {
        "None": None, "text": "x", "2.5": 2.5, "nan": float("nan"), "inf": float("inf"), "2**100": 2**100,
        "-2**100": -(2**100), "2**62": 2**62, "10**5000": 10**5000, "-3": -3, "True": True, "complex": 1j,
        "object": object(), "list": [], "tuple": (), "dict": {}, "set": {1}, "texts": ["x", "y"],
        "big list": [2**100, 2], "nested": [[1, 2], [3]], "class": int, "function": lambda *args: None,
        "objects": np.array([object()]), "words": np.array(["a", "b"]), "complex array": np.ones(2, complex),
        "longdouble": np.ones(2, np.longdouble), "empty array": np.zeros(0), "integers": np.arange(2),
        "int tensor": minidet.tensor([1, 2]), "bool tensor": minidet.tensor([True, False]),
        "float tensor": minidet.tensor([0.5, 2.0]), "7-d tensor": minidet.zeros(1, 1, 1, 1, 1, 1, 1),
        "number tensor": minidet.tensor(1),
    }  # fmt: skip


def complaint(name, call, /, *args, **kwargs):
    """Call, and return what is wrong with what is raised: "" if nothing is."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            call(*args, **kwargs)
    except ALLOWED as error:
        text = str(error)
        if name.strip("_") in text and ("expected" in text or "require" in text):
            return ""
        return f"{type(error).__name__}: {text[:150]}"
    except BaseException as error:  # noqa: BLE001 -- whatever else it is, it is wrong
        return f"{type(error).__name__}: {str(error)[:150]}"
    return ""


def names_of(call):
    """Return the names of a function's arguments; "*" for ``*args``."""
    kinds = inspect.Parameter
    return ["*" if p.kind is kinds.VAR_POSITIONAL else p.name for p in inspect.signature(call).parameters.values()
            if p.kind is not kinds.VAR_KEYWORD]  # fmt: skip


def good_arguments(name, call, good, special):
    """Return a function that makes the arguments of a good call, by name: those without a default, and flags."""
    required = {p.name for p in inspect.signature(call).parameters.values() if p.default is p.empty}
    names = names_of(call)

    def make():
        made = {}
        for key in names:
            if (name, key) in special or ((key in required or key == "*") and key in good):
                made[key] = special.get((name, key), good.get(key))()
        return made

    return names, make


def every_complaint(name, call, good, special):
    """Put every bad value in the place of every argument of a good call, and return what was wrong."""
    names, make = good_arguments(name, call, good, special)
    assert not complaint(name, lambda: call(*make().pop("*", ()), **{k: v for k, v in make().items() if k != "*"}))

    def with_option(option):
        def arguments():
            made = make()
            made.setdefault(option, None)
            return made

        return arguments

    found = []
    for argument in names:
        arguments = with_option(argument)
        for kind in values():
            made = arguments()
            made[argument] = values()[kind]
            star = made.pop("*", ())
            wrong = complaint(name, call, *(star if isinstance(star, tuple) else (star,)), **made)
            if wrong:
                found.append(f"{name}({argument}={kind}): {wrong}")
    return found
