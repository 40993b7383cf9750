"""What minidet exports is what its name says: a function of one name with its file must not be hidden by it."""

import types

import minidet

ROOMS = {
    "autograd",
    "data",
    "grading",
    "kernels",
    "metrics",
    "models",
    "nn",
    "ops",
    "optim",
    "serialization",
    "training",
    "viz",
}


def test_only_rooms_are_modules():
    modules = {name for name in minidet.__all__ if isinstance(getattr(minidet, name), types.ModuleType)}
    assert modules <= ROOMS


def test_only_rooms_of_autograd_are_modules():
    from minidet import autograd

    assert not {name for name in autograd.__all__ if isinstance(getattr(autograd, name), types.ModuleType)}
