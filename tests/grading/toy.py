"""A small assignment, for tests of what handles assignments."""

import pathlib

from minidet.grading.assignments.assignment import load

NOTEBOOK = '''
# %% [markdown]
# # A toy
#
# Two questions.

# %%
import numpy as np
from minidet.grading import checks

check = checks("a0_toy")

# %%
# answer: q1
def scale(x, factor):
    """Return factor times x (N, M), and the sum of that."""
    ### BEGIN SOLUTION
    scaled = factor * x
    return scaled, scaled.sum()
    ### END SOLUTION

# %%
check("q1")

# %% [markdown] tags=["variant:q2=first"]
# The first one counts.

# %% tags=["variant:q2=first"]
# answer: q2
def peak(x):
    """Return where x (N,) is largest; of equals, the first."""
    ### BEGIN SOLUTION
    if len(x) == 0:
        raise ValueError("nothing is largest")
    return int(np.argmax(x))
    ### END SOLUTION

# %% [markdown] tags=["variant:q2=last"]
# The last one counts.

# %% tags=["variant:q2=last"]
# answer: q2
def peak(x):
    """Return where x (N,) is largest; of equals, the last."""
    ### BEGIN SOLUTION
    if len(x) == 0:
        raise ValueError("nothing is largest")
    return len(x) - 1 - int(np.argmax(x[::-1]))
    ### END SOLUTION

# %%
check("q2")
'''

QUESTIONS = """
import numpy as np

from minidet.grading.assignments.assignment import Call, Part, Question

VARIANTS = {"q2": ("first", "last")}


def q1_values(rng, variant):
    names = ("scaled", "total")
    return [Call("scale", (rng.standard_normal((3, 4)), 2.5), text="a matrix", picture=True, names=names)]


def q1_negative(rng, variant):
    return [Call("scale", (rng.standard_normal((2, 2)),), {"factor": -1.0}, text="a negative factor")]


def q2_place(rng, variant):
    return [Call("peak", (rng.permutation(6).astype(float),), text="all different")]


def q2_ties(rng, variant):
    x = np.zeros(int(rng.integers(4, 7)))
    x[[1, 3]] = 1
    return [Call("peak", (x,), text="two are equal"), Call("peak", (x[:0],), text="none", error="ValueError")]


QUESTIONS = [
    Question("q1", "Scale", ("scale",), [
        Part("values", 40, q1_values, hint="Multiply."),
        Part("negative", 20, q1_negative),
    ]),
    Question("q2", "Peak", ("peak",), [
        Part("place", 20, q2_place),
        Part("ties", 20, q2_ties, hint="Which of the equals?"),
    ]),
]
"""

#: In this term the first of equals counts.
TERM = "2026s"


def write_toy(assignments: pathlib.Path) -> pathlib.Path:
    """Write the toy's source into a folder of assignments; return the source's folder."""
    folder = assignments / "source" / "a0_toy"
    folder.mkdir(parents=True)
    (folder / "notebook.py").write_text(NOTEBOOK)
    (folder / "questions.py").write_text(QUESTIONS)
    (assignments / "source" / "term.txt").write_text(f"{TERM}\n")
    return folder


def load_toy(folder: pathlib.Path, **variants):
    """Write the toy somewhere below a folder, and load it."""
    return load(write_toy(folder / "assignments"), TERM, variants=variants)
