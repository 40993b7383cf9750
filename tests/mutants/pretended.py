"""Processes that pretend to try mutants, for tests/test_mutants.py: they import nothing, and so begin at once."""

import os
import time


def one_endless_one_deadly(pipe):
    """Be a process in which mutant 1 never ends, mutant 2 ends the process, every other survives."""
    pipe.send(None)
    while True:
        _, number, _ = pipe.recv()
        if number == 1:
            time.sleep(3600)
        elif number == 2:
            os._exit(1)
        pipe.send("")


def faulty(pipe):
    """Be a process with a fault of its own."""
    pipe.send(None)
    pipe.recv()
    pipe.send("error: the search is broken, not the mutant")
