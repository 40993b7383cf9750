"""A worker of tests.fuzz.bad with planted mistakes: one operation ends the process, one never ends, one has no voice."""

import os
import time

import minidet
from minidet.nn import functional as F
from tests.fuzz import bad, bad_calls


def plant():
    """Spoil three operations, and call only them."""
    minidet.exp = lambda *args, **kwargs: os._exit(3)
    minidet.log = lambda *args, **kwargs: time.sleep(60)
    F.relu = lambda *args, **kwargs: {}["x"]
    bad_calls.callables = lambda: ["minidet.exp", "minidet.log", "F.relu", "minidet.abs"]
    bad.PATIENCE = bad.COMPILING = 3


if __name__ == "__main__":
    plant()
    bad.main()
