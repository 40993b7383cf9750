# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # The derivative of a program
#
# A network is a program with thousands of numbers in it. To train it means: find out how the result
# changes if one of these numbers changes a little, for *all* of them, thousands of times. This
# notebook builds the machine that does it. First for single numbers, in a class of about forty
# lines. Then for arrays. Then you look into minidet's own version, add an operation to it, and
# train a classifier of handwritten digits with nothing but what you have built and understood.
#
# |  |  |
# |---|---|
# | **Time** | reading: 75 minutes; doing, with every Try it: 180 minutes |
# | **It runs for** | about a minute, all cells together |
# | **You need** | Python, NumPy arrays, and from school: derivatives and the chain rule |
# | **You do not need** | a graphics card; any knowledge of neural networks |
#
# **At the end you can say**
# - why *one* walk back through a program gives the derivative for every number in it, and what that
#   walk costs;
# - what is written on the *tape*, in which order it is read, and why gradients are added up;
# - what happens to a gradient when an array is broadcast, and in a matrix product;
# - how to find out whether a gradient is right, why that is done in float64, and what such a check
#   cannot see;
# - how to add an operation to minidet (and, with the same words, to PyTorch).
#
# Where the text says **write down**, take paper: a guess that turns out wrong is remembered best.
# Three short functions are yours to write; each is checked at once, its solution is folded below
# it, and nothing that follows depends on it. Look for **Try it**. Nothing can break:
# *Restart kernel and run all* brings everything back.

# %%
import inspect
import itertools
import math
import os
import time

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import FancyBboxPatch, Rectangle
from tqdm.auto import tqdm

import minidet
from minidet import optim, viz
from minidet.autograd import Function, GradcheckError, gradcheck
from minidet.autograd.operations import elementwise
from minidet.data.scenes.digits import TRAINING_SCANS, load_scans
from minidet.grading import check_blank
from minidet.nn import functional as F
from minidet.viz.page import BLUE, DARK, INK, ORANGE, PALE_BLUE, PALE_ORANGE, YELLOW

QUICK = os.environ.get("MINIDET_QUICK", "0") not in ("", "0")  # fewer steps: is every cell right?
viz.use_style()
print(f"NumPy {np.__version__}, minidet {minidet.__version__}{', quick mode' if QUICK else ''}")

# %% [markdown]
# ## 1. The problem
#
# Here is a program. Three numbers go in, one comes out. Note that `d` is used **twice**: that will
# matter.


# %%
def program(a, b, c):
    d = a * b
    e = d + c
    return e * d


a, b, c = 2.0, 3.0, 1.0
d = a * b
e = d + c
out = e * d
assert out == program(a, b, c), f"line by line {out}, in one call {program(a, b, c)}"
print(f"d = {d}, e = {e}, out = {out}")


# %% jupyter={"source_hidden": true}
def canvas(width, height, xlim, ylim):
    """Return axes without a frame, for a drawing."""
    axes = plt.figure(figsize=(width, height)).add_axes((0, 0, 1, 1))
    axes.set(xlim=xlim, ylim=ylim)
    axes.axis("off")
    return axes


def box(axes, at, title, value="", gradient="", face="white", width=1.12, height=0.7, size=10):
    """Draw one number of a program: name, value (blue) and gradient (orange)."""
    style = {"facecolor": face, "edgecolor": INK, "linewidth": 1.2, "zorder": 3}
    corner = at[0] - width / 2, at[1] - height / 2
    patch = FancyBboxPatch(corner, width, height, boxstyle="round,pad=0,rounding_size=0.1", **style)
    axes.add_patch(patch)
    middle = {"ha": "center", "va": "center", "zorder": 4, "fontsize": size}
    axes.text(at[0], at[1] + 0.17, title, weight="bold", color=DARK, **middle)
    shift = 0.24 if gradient else 0
    axes.text(at[0] - shift, at[1] - 0.17, value, color=BLUE, **middle)
    axes.text(at[0] + shift, at[1] - 0.17, gradient, color=ORANGE, weight="bold", **middle)
    return patch


def arrow(axes, start, end, patches, text="", bend=0.0, hot=False):
    """Draw an arrow from box to box (backwards and orange if ``hot``), a text beside it."""
    colour = ORANGE if hot else INK
    style = {
        "arrowstyle": "<|-" if hot else "-|>",
        "color": colour,
        "linewidth": 1.4,
        "mutation_scale": 13,
    }
    style |= {"connectionstyle": f"arc3,rad={bend}", "patchA": patches[0], "patchB": patches[1]}
    axes.annotate("", end, start, arrowprops={**style, "shrinkA": 1, "shrinkB": 1}, zorder=2)
    aside = bend * np.array([start[1] - end[1], end[0] - start[0]])
    x, y = (np.array(start) + end - aside) / 2 + (0.02, 0.16)
    axes.text(x, y, text, ha="center", va="center", fontsize=9, color=colour)


PLACES = {
    "a": (0, 2.2),
    "b": (0, 1.1),
    "c": (1.7, 0.25),
    "d": (1.7, 1.65),
    "e": (3.4, 0.7),
    "out": (5.1, 1.65),
}
TITLES = {"d": "d = a × b", "e": "e = d + c", "out": "out = e × d"}
ARROWS = [  # from, to, bend, the slope: which number it is, or 1
    ("a", "d", 0, "b"), ("b", "d", 0, "a"), ("d", "e", 0, "1"), ("c", "e", 0, "1"),
    ("e", "out", 0, "d"), ("d", "out", -0.1, "e"),
]  # fmt: skip


def draw_program(axes, values, gradients=(), slopes=False, active=(), done=(), size=10):
    """Draw the program as a graph; ``gradients`` is a dict, of those that are known so far."""
    gradients, patches = dict(gradients), {}
    for name, at in PLACES.items():
        face = "#e4e4e4" if name in done else PALE_BLUE if name in "abc" else "white"
        face = PALE_ORANGE if name in active else face
        known = f"{gradients[name] + 0.0:.4g}" if name in gradients else ""
        title, value = TITLES.get(name, name), f"{values[name]:.4g}"
        patches[name] = box(axes, at, title, value, known, face, size=size)
    for start, end, bend, slope in ARROWS:
        ends = patches[start], patches[end]
        words = slope if slope == "1" else f"{slope} = {values[slope]:.4g}"
        words = words if slopes else ""
        arrow(axes, PLACES[start], PLACES[end], ends, words, bend, hot=end in active)


values = {"a": a, "b": b, "c": c, "d": d, "e": e, "out": out}
draw_program(canvas(7.5, 3.1, (-0.8, 5.9), (-0.25, 2.7)), values)
plt.show()

# %% [markdown]
# The drawing says what reads what. It has no loops: a result is always younger than what it was
# computed from.
#
# The question is: *how much does `out` change, for a small change of `a`, of `b`, of `c`?* These
# three numbers are the **gradient**. The simplest way to get them is to try it out: change one
# input by a little, to both sides, and divide.
#
# Before you run the next cell, write down which of the three inputs moves `out` most at `a = 2`,
# `b = 3`, `c = 1`, and which least.


# %%
def slope_of(function, numbers, i, step=1e-6):
    """Return how fast the result changes with input ``i``: a central difference."""
    above, below = list(numbers), list(numbers)
    above[i] += step
    below[i] -= step
    return (function(*above) - function(*below)) / (2 * step)


slopes = [slope_of(program, (a, b, c), i) for i in range(3)]
print("slopes:", *(f"{name} {slope:.6f}" for name, slope in zip("abc", slopes, strict=True)))

# %% [markdown]
# That works for any program, and we shall use it to check everything below. But it runs the program
# *twice for each number*. A network with a million numbers would run two million times, for one
# small step of training. We want all slopes from one run.
#
# ## 2. The chain rule, by hand
#
# Each line of the program is so simple that we know its slopes at once. They are written at the
# arrows below: if `d = a * b`, then `d` changes `b` times as fast as `a`. For a sum, every slope is
# 1.
#
# The chain rule from school says: *along a path, multiply*. And if there are several paths, *add*.
# From `d` to `out` there are two paths: directly, and through `e`.
#
# We walk from the end to the beginning. For each number we keep *its gradient*: how fast `out`
# changes with it.
#
# Before you run the next cell, write down the gradient of `d`: `e` is 7 and `d` is 6. (Two paths;
# add.)

# %%
from_out = 1.0  # out changes as fast as out
from_e = from_out * d
from_d = from_out * e  # the first use of d: directly
from_d += from_e * 1  # the second use: through e. It is added
from_c = from_e * 1
from_a = from_d * b
from_b = from_d * a

gradients = {"out": from_out, "e": from_e, "d": from_d, "c": from_c, "a": from_a, "b": from_b}
for name, gradient in gradients.items():
    print(f"gradient of {name:3}: {gradient:g}")

# %%
np.testing.assert_allclose(
    [from_a, from_b, from_c], slopes, rtol=1e-6, err_msg="by hand, by trying"
)
print("by hand and by trying: the same")

# %% jupyter={"source_hidden": true}
draw_program(canvas(7.5, 3.1, (-0.8, 5.9), (-0.25, 2.7)), values, gradients, slopes=True)
plt.show()

# %% [markdown]
# Blue: the value, computed from left to right. Orange: the gradient, computed from right to left.
# The same three slopes as before, to many digits, and from *one* walk. Every arrow is used once on
# the way there and once on the way back. So the walk back costs about as much as the program
# itself, however many inputs there are. This is called **backpropagation**, or automatic
# differentiation in *reverse mode*.
#
# The same walk, step by step. In each picture, the box in orange hands its gradient on, along its
# orange arrows.


# %% jupyter={"source_hidden": true}
def draw_walk():
    """Draw the four steps of the walk back."""
    _, grid = plt.subplots(2, 2, figsize=(10.5, 5.6), layout="constrained")
    known = {"out": from_out, "e": from_e, "d": from_out * e}
    later = {**known, "d": from_d, "c": from_c}
    steps = [  # who hands on, what is known afterwards, and the sentence
        ("out", known, f"1. out gives 1 · {d:g} to e, and 1 · {e:g} to d"),
        ("e", later, f"2. e gives {from_e:g} · 1 to c and to d, which now has {from_d:g}"),
        (
            "d",
            gradients,
            f"3. d is complete: it gives {from_d:g} · {b:g} to a, and {from_d:g} · {a:g} to b",
        ),
        ("", gradients, "4. a, b and c were computed from nothing: the end"),
    ]
    done = []
    for axes, (active, known, title) in zip(grid.flat, steps, strict=True):
        axes.set(xlim=(-0.8, 5.9), ylim=(-0.25, 2.75))
        axes.axis("off")
        axes.set_title(title, fontsize=10)
        draw_program(axes, values, known, active=[active], done=done, size=8.5)
        done = [*done, active]
    plt.show()


draw_walk()

# %% [markdown]
# Step 3 comes after step 2 for a reason: `d` may hand its gradient on only when *everything* that
# read `d` has handed its own on.
#
# **Yours to write.** Another program: `u = p + q`, `v = p * q`, `out = u * v`. Write the walk back
# for it, and return the gradients of `p` and of `q`. Both are used twice.


# %%
def walk_by_hand(p, q):
    """Return the gradients of p and q of the program u = p + q; v = p * q; out = u * v."""
    raise NotImplementedError


check_blank(
    walk_by_hand,
    ((2.0, 3.0), (21.0, 16.0), "p = 2, q = 3"),
    ((-1.0, 4.0), (8.0, -7.0), "a negative number"),
    hint="from_u is v, from_v is u. p is read by u (slope 1) and by v (slope q).",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def walk_by_hand(p, q):
#     u = p + q
#     v = p * q
#     from_u, from_v = v, u
#     from_p = from_u * 1 + from_v * q
#     from_q = from_u * 1 + from_v * p
#     return from_p, from_q
# ```
#
# </details>
#
# ## 3. Forty lines that do it for any program
#
# Python lets us decide what `*` and `+` mean for our own class. So we make a number that
# *remembers*: its parents (what it was computed from), and the slope towards each of them. Then any
# program that runs on such numbers writes down its own graph while it runs.


# %%
class Value:
    """A number that remembers what it was computed from."""

    clock = itertools.count()

    def __init__(self, data, parents=(), slopes=()):
        self.data = data
        self.parents, self.slopes = parents, slopes  # d self / d parent, one for each parent
        self.grad = 0.0  # d result / d self
        self.born = next(Value.clock)

    def __add__(self, other):
        other = as_value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = as_value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, n):
        return Value(self.data**n, (self,), (n * self.data ** (n - 1),))

    def exp(self):
        return Value(math.exp(self.data), (self,), (math.exp(self.data),))

    def log(self):
        return Value(math.log(self.data), (self,), (1 / self.data,))

    def relu(self):
        return Value(max(self.data, 0.0), (self,), (float(self.data > 0),))

    def __sub__(self, other):  # from here on, nothing new: made of what is above
        return self + as_value(other) * -1

    def __truediv__(self, other):
        return self * as_value(other) ** -1

    __radd__, __rmul__ = __add__, __mul__

    def backward(self):
        """Fill ``grad`` of everything that this number was computed from."""
        tape = recorded(self)
        for node in tape:
            node.grad = 0.0
        self.grad = 1.0
        for node in reversed(tape):  # the youngest first
            for parent, slope in zip(node.parents, node.slopes, strict=True):
                parent.grad += slope * node.grad


def as_value(number):
    """Make a constant of a plain number."""
    return number if isinstance(number, Value) else Value(number)


def recorded(result):
    """Return everything that ``result`` was computed from, the oldest first."""
    found, waiting = {result}, [result]
    while waiting:
        for parent in waiting.pop().parents:
            if parent not in found:
                found.add(parent)
                waiting.append(parent)
    return sorted(found, key=lambda node: node.born)


seven = Value(2.0) * 3 + 1
print(seven.data, "was computed from", [parent.data for parent in seven.parents])

# %%
numbers = Value(a), Value(b), Value(c)
result = program(*numbers)  # the same program as above: it does not know that anything is recorded
result.backward()
print("out:", result.data, " gradient:", [number.grad for number in numbers])

# %%
walked = [number.grad for number in numbers]
assert walked == [from_a, from_b, from_c], f"walked {walked}, by hand {[from_a, from_b, from_c]}"
print("the machine's gradients are those by hand")

# %% [markdown]
# Read `backward` again: everything that follows is built on it. It has three parts.
#
# 1. **The tape.** `recorded` collects all numbers that the result depends on.
# 2. **The order.** A result is always younger than its parents. So sorting by birth puts parents
#    before children: a *topological order*. The walk reads the list from its end. So when it comes
#    to a number, it has already been to every result that used this number, and the number's
#    gradient is complete.
# 3. **The sum.** `+=`, not `=`. A number that is used several times gets a contribution from every
#    use.
#
# A new operation is one more method: the value, the parents, the slopes. The walk does not change.
#
# A gradient belongs to one point. With other inputs, the same program has other values and other
# gradients. Before you run the next cell, write down for which value of `a` a change of `b` does
# not matter. (`out` is `(a * b + c) * a * b`.)


# %% jupyter={"source_hidden": true}
def draw_at(axes, a, b, c, size=10):
    """Run the program on Values, walk back, and draw all its numbers."""
    start = {name: Value(number) for name, number in zip("abc", (a, b, c), strict=True)}
    result = program(*start.values())
    result.backward()
    made = recorded(result)[3:]  # the three inputs are the oldest
    nodes = {**start, **dict(zip(("d", "e", "out"), made, strict=True))}
    axes.set(xlim=(-0.8, 5.9), ylim=(-0.25, 2.75))
    axes.axis("off")
    data = {name: node.data for name, node in nodes.items()}
    grads = {name: node.grad for name, node in nodes.items()}
    draw_program(axes, data, grads, slopes=size > 9, size=size)
    return grads


def draw_three_points():
    """Draw the program at three points."""
    _, grid = plt.subplots(1, 3, figsize=(14, 2.7), layout="constrained")
    for axes, at in zip(grid, ((2.0, 3.0, 1.0), (0.0, 3.0, 1.0), (1.0, -1.0, 2.0)), strict=True):
        grads = draw_at(axes, *at, size=8)
        slopes = ", ".join(f"{name} {grads[name] + 0.0:g}" for name in "abc")  # 0, not -0
        axes.set_title(f"gradients: {slopes}", fontsize=10)
    plt.show()


draw_three_points()

# %% [markdown]
# In the middle, `a` is 0, and so is `d`. Then the gradient of `b` is 0 (it is multiplied by `a` on
# the way back), and that of `c` as well (by `d`). At the right, `d + e` is 0, and neither `a` nor
# `b` matters. Run the notebook to move it: find a point where *no* input matters. (There are many;
# one has `a = 0` and `c = 0`.)


# %% jupyter={"source_hidden": true}
def draw_point(a=2.0, b=3.0, c=1.0):
    draw_at(canvas(7.5, 3.1, (-0.8, 5.9), (-0.25, 2.75)), a, b, c)
    plt.show()


viz.sliders(draw_point, a=(-3.0, 3.0, 0.5), b=(-3.0, 3.0, 0.5), c=(-3.0, 3.0, 0.5))

# %% [markdown]
# Does it hold for another program? We check with finite differences: that is our judge from now on.


# %%
def wavy(x, y):
    z = (x * y + 1).exp()
    for _ in range(3):  # a loop is no problem: the tape holds what really ran
        z = z * x / (y**2 + 1)
    if z.data > 4:  # nor is a condition
        z = z - x
    return (z + y).log().relu()


def judge(program, *numbers):
    """Assert that the gradients of ``program`` agree with finite differences."""
    nodes = [Value(number) for number in numbers]
    program(*nodes).backward()
    for i, node in enumerate(nodes):
        slope = slope_of(lambda *plain: program(*map(Value, plain)).data, numbers, i)
        words = f"input {i}: gradient {node.grad}, by finite differences {slope}"
        assert math.isclose(node.grad, slope, rel_tol=1e-6, abs_tol=1e-7), words
    return [node.grad for node in nodes]


print(judge(wavy, 1.3, 0.7))
print(judge(lambda x, y: (x * y).relu() * x + (x / y) ** 3, 1.5, 2.5))
print(judge(lambda x: x * x * x, -2.0), "= 3 x² at x = -2")


# %% jupyter={"source_hidden": true}
def draw_tangents():
    """Draw the result as a function of each input, and the line whose slope is the gradient."""
    _, grid = plt.subplots(1, 3, figsize=(10.5, 2.9), layout="constrained", sharey=True)
    start = [a, b, c]
    for i, (axes, name) in enumerate(zip(grid, "abc", strict=True)):
        at = np.linspace(start[i] - 1.2, start[i] + 1.2, 80)
        curve = [program(*(value if j == i else start[j] for j in range(3))) for value in at]
        axes.plot(at, curve, color=BLUE, label="out")
        line = out + numbers[i].grad * (at - start[i])
        axes.plot(at, line, color=ORANGE, linestyle="--", label="slope from backward")
        axes.plot(start[i], out, "o", color=ORANGE)
        axes.set(xlabel=name, title=f"gradient of {name}: {numbers[i].grad:g}")
        axes.grid(alpha=0.3)
    grid[0].legend()
    plt.show()


draw_tangents()

# %% [markdown]
# That is what a gradient promises: *close to the point*, the dashed line says what the program
# does. Further away, it does not. So training takes small steps, and asks again.
#
# **Try it:** add a method `tanh` to `Value` (its slope is $1 - \tanh^2$), run its cell and this
# section again, and let `judge` decide: `judge(lambda x: x.tanh(), 0.5)`.
#
# <details><summary>What happens</summary>
#
# `judge` prints 0.786, which is $1 - \tanh^2(0.5)$, and raises nothing. The method:
#
# ```python
#     def tanh(self):
#         t = math.tanh(self.data)
#         return Value(t, (self,), (1 - t**2,))
# ```
#
# With `1 + t**2` as its slope, `judge` stops with "input 0: gradient 1.21..., by finite differences
# 0.786...".
#
# </details>
#
# ## 4. Two ways to get it wrong, and one to get it slow
#
# Each of these looks harmless. The right answer for `a` is 39. Before you run the next cell, write
# down what it becomes if a contribution *replaces* the one before (`=` in place of `+=`), and what
# if `d` hands on before `e`.


# %%
def walk(result, order, send):
    """Walk in some order; ``send`` says what a parent does with a contribution."""
    for node in recorded(result):
        node.grad = 0.0
    result.grad = 1.0
    for node in order(recorded(result)):
        for parent, slope in zip(node.parents, node.slopes, strict=True):
            send(parent, slope * node.grad)


def overwrite(parent, contribution):
    parent.grad = contribution


def add(parent, contribution):
    parent.grad += contribution


def youngest_first(tape):
    return reversed(tape)


def too_early(tape):
    """Take out, then d, then e: d hands on what it has, and e's contribution comes too late."""
    oldest_first = {"a": 0, "b": 1, "c": 2, "d": 3, "e": 4, "out": 5}
    return [tape[oldest_first[name]] for name in ("out", "d", "e")]


for title, order, send in (
    ("right", youngest_first, add),
    ("mistake 1: = in place of +=", youngest_first, overwrite),
    ("mistake 2: d before e", too_early, add),
):
    walk(result, order, send)
    print(f"{title:28} gradient of a: {numbers[0].grad:g}")
    is_right = numbers[0].grad == from_a
    assert is_right == (title == "right"), f"{title}: {numbers[0].grad}, the right one is {from_a}"

# %% [markdown]
# With `=`, the last contribution to `d` wins: 6, not 7 + 6. With `d` too early, it hands on 7 and
# never the 6.
#
# The third way gives the right numbers, *slowly*. One could do without a tape and an order: hand
# every contribution on at once, by a function that calls itself. It then walks every *path* of the
# graph separately. Look at the program `x = x + x`, repeated. Its graph is a chain with two arrows
# from link to link.
#
# Before you run the next cell, write down how many paths lead through 16 links.


# %%
def doubled(x, times):
    for _ in range(times):
        x = x + x
    return x


def send_at_once(node, gradient):
    """Hand a contribution on, path by path; return how many calls that took."""
    node.grad += gradient
    pairs = zip(node.parents, node.slopes, strict=True)
    return 1 + sum(send_at_once(parent, slope * gradient) for parent, slope in pairs)


print("links   calls, path by path   nodes on the tape   gradient")
for times in (1, 2, 4, 8, 12 if QUICK else 16):
    x = Value(1.0)
    calls = send_at_once(doubled(x, times), 1.0)
    by_path = x.grad
    x = Value(1.0)
    end = doubled(x, times)
    end.backward()
    assert by_path == x.grad == 2**times, f"{times} links: {by_path} by path, {x.grad} by tape"
    assert calls == 2 ** (times + 1) - 1, f"{times} links: {calls} calls"
    print(f"{times:5} {calls:21,} {len(recorded(end)):19} {x.grad:10,.0f}")

# %% [markdown]
# Both get the right sum. But the number of paths doubles with every link, and the number of nodes
# grows by one. Networks have many such places: every skip connection is one. Now you know what the
# order is good for: it *waits* until a node's gradient is complete, and then walks on once.
#
# **Try it:** let `doubled` run 20 times (a `20` in the list of the loop). And then make a chain of
# 5000 links, with `x = x * 1.0` in the loop of `doubled`: first `send_at_once`, then `backward`.
#
# <details><summary>What happens</summary>
#
# 20 links: 2,097,151 calls, which take seconds; the tape has 21 nodes. With the chain of 5000,
# `send_at_once` ends with `RecursionError`: each link is a call within a call, and Python allows
# about 1000 of them. `backward` has no such limit, because it is a loop over a list: the gradient
# is 1.
#
# </details>
#
# ## 5. From numbers to arrays
#
# A `Value` for each pixel and each weight would be right, and far too slow: for every
# multiplication Python makes an object. So one object should hold a whole array, and one step of
# the walk should handle it at once.
#
# What is the "slope" of an operation with many inputs and many outputs? A whole table: each output
# with respect to each input (the *Jacobian*). For 1000 numbers in and 1000 out that is a million
# entries, and for `exp`, say, all but the diagonal are zero. We never make that table. On the walk
# back we have the gradient of the *output*, call it `G`, and want that of the *input*. All an
# operation must know is how to turn the one into the other. We call that function its **pull**,
# because it pulls a gradient back. (Its name in books: *vector-Jacobian product*.)
#
# | operation | value | pull: what it makes of `G` |
# |---|---|---|
# | `x * y`, same shapes | `x * y` | for x: `G * y`. For y: `G * x` |
# | `exp(x)` | `exp(x)` | `G * exp(x)` |
# | `x.sum()` | one number | every element of x gets the same `G` |
# | `x @ w` | matrix product | for x: `G @ w.T`. For w: `x.T @ G` |
# | `x + b`, b is copied to every row | sum | for x: `G`. For b: the sum of the rows of `G` |
#
# The first three follow from sections 2 and 3 at once. For the last two we look at all their
# numbers.
#
# ### A matrix product
#
# Take `Y = X @ W`, with G, the gradient of Y, given. The entry `X[0, 1]` is used in row 0 of Y
# only: it is multiplied with `W[1, 0]` on its way to `Y[0, 0]`, and with `W[1, 1]` on its way to
# `Y[0, 1]`. Along a path multiply, over the paths add:
#
# $$\mathrm{grad}\,X_{01} = G_{00} W_{10} + G_{01} W_{11} = \big(G\,W^T\big)_{01}$$
#
# Before you run the next cell, write down this number: row 0 of `G` is (3, 2), row 1 of `W` is
# (2, -1).

# %%
X = np.array([[1.0, 2, 0, -1], [0, 1, 3, 1], [2, -1, 1, 0], [1, 1, 0, 2]])  # (4, 4)
W = np.array([[1.0, 0], [2, -1], [0, 1], [1, 1]])  # (4, 2)
G = np.array([[3.0, 2], [0, -1], [1, 0], [1, 1]])  # (4, 2): the gradient of Y, given
Y = X @ W
grad_x, grad_w = G @ W.T, X.T @ G
by_hand = G[0, 0] * W[1, 0] + G[0, 1] * W[1, 1]
print(f"X[0, 1] by hand: {G[0, 0]:g} * {W[1, 0]:g} + {G[0, 1]:g} * {W[1, 1]:g} = {by_hand:g}")

# %%
assert grad_x[0, 1] == by_hand, f"G @ W.T has {grad_x[0, 1]:g} at [0, 1], by hand {by_hand:g}"
print(f"and in G @ W.T: {grad_x[0, 1]:g}")


# %% jupyter={"source_hidden": true}
def numbers_at(axes, matrix, at, title, marks=(), colour=YELLOW, face="white", size=0.62):
    """Draw a matrix whose upper left corner is ``at``; ``marks``: cells in another colour."""
    matrix = np.atleast_2d(matrix)
    for row, line in enumerate(matrix):
        for column, value in enumerate(line):
            x, y = at[0] + size * column, at[1] - size * (row + 1)
            fill = colour if (row, column) in marks else face
            axes.add_patch(
                Rectangle((x, y), size, size, facecolor=fill, edgecolor=INK, linewidth=0.8)
            )
            axes.text(
                x + size / 2, y + size / 2, f"{value:g}", ha="center", va="center", color=DARK
            )
    axes.text(at[0] + size * matrix.shape[1] / 2, at[1] + 0.18, title, ha="center")


def draw_product():
    """Draw a matrix product, and the two products of the walk back."""
    axes = canvas(10.5, 4.9, (-0.3, 15.6), (-6.9, 0.8))
    axes.set_aspect("equal")
    first = [(0, 0), (0, 1)]

    def sign(x, y, text):
        axes.text(x, y, text, ha="center", va="center", fontsize=13)

    numbers_at(axes, X, (0, 0), "X", [(0, 1)], PALE_ORANGE)
    numbers_at(axes, W, (3.3, 0), "W", [(1, 0), (1, 1)])
    numbers_at(axes, Y, (5.3, 0), "Y = X @ W", first, PALE_BLUE)
    sign(2.9, -1.24, "@")
    sign(4.9, -1.24, "=")
    words = (
        "X[0, 1] (orange) meets W[1, :] (yellow)\nand ends in Y[0, :] (blue).\n"
        "On the way back it collects from there."
    )
    axes.text(7.6, -1.24, words, va="center")
    numbers_at(axes, G, (0, -3.9), "G", first, PALE_BLUE)
    numbers_at(axes, W.T, (2.1, -4.5), "W transposed", [(0, 1), (1, 1)])
    numbers_at(axes, grad_x, (5.3, -3.9), "gradient of X", [(0, 1)], PALE_ORANGE)
    sign(1.7, -5.14, "@")
    sign(4.95, -5.14, "=")
    numbers_at(axes, X.T, (9.2, -3.9), "X transposed")
    numbers_at(axes, G, (12.5, -3.9), "G")
    numbers_at(axes, grad_w, (14.3, -3.9), "gradient of W")
    sign(12.1, -5.14, "@")
    sign(14.0, -5.14, "=")
    plt.show()


draw_product()

# %% [markdown]
# Shapes help to remember it: a gradient has the shape of what it is the gradient of. From `G`
# (4, 2) and `W` (4, 2), a product of X's shape (4, 4) is `G @ W.T`. But shapes alone do not decide:
# here `W @ G.T` is (4, 4), too. What decides is the sum over paths above: row 0 of the gradient of
# X needs row 0 of `G`.
#
# ### Broadcasting
#
# `X + b` with `X` (4, 4) and `b` (4,): NumPy copies `b` to every row. A copy is a use. So `b[j]` is
# used four times, and gets the sum of four gradients: the sum of a column of `G`. *Copied on the
# way there, summed on the way back.* This is the `+=` of section 3 again. Before you run the next
# two cells, write down the gradient of `b` for
#
# $$G = \begin{pmatrix}
# 1 & 0 & 2 & 1 \\ 0 & 1 & 1 & -1 \\ 2 & 2 & 0 & 0 \\ 1 & -1 & 0 & 3 \end{pmatrix}$$

# %%
bias = np.array([10.0, 20, 30, 40])
Z = X + bias
G4 = np.array([[1.0, 0, 2, 1], [0, 1, 1, -1], [2, 2, 0, 0], [1, -1, 0, 3]])  # gradient of Z
grad_bias = G4.sum(axis=0)
print("gradient of b:", grad_bias)


# %% jupyter={"source_hidden": true}
def draw_broadcast():
    """Draw a row that is added to every row, and its gradient."""
    axes = canvas(10.5, 2.75, (-0.3, 15.6), (-3.6, 0.75))
    axes.set_aspect("equal")
    third = [(i, 2) for i in range(4)]
    numbers_at(axes, X, (0, 0), "X")
    numbers_at(axes, np.tile(bias, (4, 1)), (3.3, 0), "b, copied to four rows", third, PALE_ORANGE)
    numbers_at(axes, Z, (6.6, 0), "X + b")
    numbers_at(axes, G4, (12.2, 0), "G: gradient of X + b", third, PALE_ORANGE)
    numbers_at(axes, grad_bias, (12.2, -2.9), "", [(0, 2)], PALE_ORANGE)
    axes.text(12.0, -3.21, "gradient of b = column sums:", ha="right", va="center")
    axes.text(2.9, -1.24, "+", ha="center", va="center", fontsize=13)
    axes.text(6.2, -1.24, "=", ha="center", va="center", fontsize=13)
    plt.show()


draw_broadcast()

# %% [markdown]
# **Yours to write.** The pull of an operation that is not in the table: the largest number of each
# row, `x.max(axis=1, keepdims=True)`. Only the largest number of a row has an influence on the
# result; the others get 0. (The same happens in max pooling, in notebook 03.)


# %%
def pull_of_max(x, g):
    """Return the gradient of x (N, C), for a gradient g (N, 1) of the maximum of each row."""
    raise NotImplementedError


check_blank(
    pull_of_max,
    ((np.array([[1.0, 5.0, 2.0]]), np.array([[3.0]])), np.array([[0.0, 3.0, 0.0]]), "one row"),
    (
        (np.array([[4.0, 0.0], [-2.0, -1.0]]), np.array([[1.0], [-7.0]])),
        np.array([[1.0, 0.0], [0.0, -7.0]]),
        "two rows, each with its own gradient",
    ),
    hint="x.argmax(axis=1) says where each row's largest number is.",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def pull_of_max(x, g):
#     gradient = np.zeros_like(x)
#     gradient[np.arange(len(x)), x.argmax(axis=1)] = g[:, 0]
#     return gradient
# ```
#
# </details>
#
# ### The class
#
# `fold` does the summing for all shapes that NumPy can broadcast: it sums over every axis that was
# added or stretched. The rest of the class is `Value` again, with pulls in place of slopes.


# %%
def fold(gradient, shape):
    """Sum a gradient over the axes along which an array of this shape was copied."""
    in_front = tuple(range(gradient.ndim - len(shape)))  # axes that were added
    gradient = gradient.sum(axis=in_front)
    stretched = tuple(i for i, n in enumerate(shape) if n == 1 and gradient.shape[i] != 1)
    return gradient.sum(axis=stretched, keepdims=True)


class Array:
    """An array that remembers what it was computed from."""

    clock = itertools.count()

    def __init__(self, data, parents=(), pulls=()):
        self.data = np.asarray(data)
        # a pull turns d result / d self into d result / d parent
        self.parents, self.pulls = parents, pulls
        self.grad = None
        self.born = next(Array.clock)

    def __add__(self, other):
        other = other if isinstance(other, Array) else Array(other)
        pulls = (lambda g: fold(g, self.data.shape), lambda g: fold(g, other.data.shape))
        return Array(self.data + other.data, (self, other), pulls)

    def __mul__(self, other):
        other = other if isinstance(other, Array) else Array(other)
        pulls = (
            lambda g: fold(g * other.data, self.data.shape),
            lambda g: fold(g * self.data, other.data.shape),
        )
        return Array(self.data * other.data, (self, other), pulls)

    def __matmul__(self, other):
        pulls = (lambda g: g @ other.data.T, lambda g: self.data.T @ g)
        return Array(self.data @ other.data, (self, other), pulls)

    def exp(self):
        out = np.exp(self.data)
        return Array(out, (self,), (lambda g: g * out,))

    def log(self):
        return Array(np.log(self.data), (self,), (lambda g: g / self.data,))

    def relu(self):
        return Array(np.maximum(self.data, 0), (self,), (lambda g: g * (self.data > 0),))

    def sum(self, axis=None):
        out = self.data.sum(axis=axis, keepdims=True)
        return Array(out, (self,), (lambda g: np.broadcast_to(g, self.data.shape),))

    def __sub__(self, other):
        return self + other * -1

    def backward(self):
        tape = recorded(self)  # from section 3: it needs only ``parents`` and ``born``
        for node in tape:
            node.grad = np.zeros_like(node.data)
        self.grad = np.ones_like(self.data)
        for node in reversed(tape):
            for parent, pull in zip(node.parents, node.pulls, strict=True):
                parent.grad = parent.grad + pull(node.grad)


x, w, shift = Array(X), Array(W), Array(np.array([5.0, 7.0]))
((x @ w + shift) * G).sum().backward()  # <G, Y>: its gradient with respect to Y is G
for name, node in (("X", x), ("W", w), ("the row", shift)):
    print(f"{name:8} shape {node.data.shape!s:7} its gradient {np.shape(node.grad)}")

# %%
np.testing.assert_array_equal(x.grad, grad_x, err_msg="the gradient of X")
np.testing.assert_array_equal(w.grad, grad_w, err_msg="the gradient of W")
np.testing.assert_array_equal(shift.grad, G.sum(axis=0), err_msg="the gradient of the row")
print("gradient of X, of W, and of a row that is added: all as computed by hand")

# %% [markdown]
# `((x @ w + shift) * G).sum()` is a trick that we shall use again. The sum of `Y * G` is one
# number. It changes with `Y[i, j]` at the rate `G[i, j]`. So the walk arrives at `Y` with the
# gradient `G`.
#
# **Try it:** take the two `fold` calls out of `__add__`, so that both pulls are `lambda g: g`.
# Which line complains, and about what?
#
# <details><summary>What happens</summary>
#
# No line of the class: NumPy broadcasts `parent.grad + pull(...)`, and the row of shape (2,)
# silently gets a gradient of shape (4, 2). Only the last cell complains, about the gradient of the
# row: "shapes (4, 2), (2,) mismatch". X and W are right, because they were never copied. So minidet
# checks the shape of every gradient on its walk.
#
# </details>
#
# ## 6. Is it right? Finite differences, and why float64
#
# A wrong gradient does not crash. The network trains, only worse, and you look for the reason
# elsewhere. So every gradient is checked, once, against finite differences. With a whole array as
# output there would be many slopes to check. A *random* `G` reduces them to one number, as above:
# if an entry of the gradient is wrong, a random sum of them will almost surely show it.


# %%
def numeric(function, array, step):
    """Return the central difference of ``function`` (a number) for each element of ``array``."""
    result = np.zeros(array.shape)
    for index in np.ndindex(array.shape):
        before = array[index]
        array[index] = before + step
        above = function()
        array[index] = before - step
        below = function()
        array[index] = before
        result[index] = (float(above) - float(below)) / (2 * step)
    return result


def check(operation, *arrays, step=1e-6, rtol=1e-5, atol=1e-7):
    """Assert that the gradients of ``operation`` agree with finite differences."""
    rng = np.random.default_rng(0)
    inputs = [Array(array) for array in arrays]
    out = operation(*inputs)
    cotangent = rng.standard_normal(out.data.shape)
    (out * cotangent).sum().backward()
    for node in inputs:
        expected = numeric(lambda: (operation(*inputs).data * cotangent).sum(), node.data, step)
        np.testing.assert_allclose(node.grad, expected, rtol=rtol, atol=atol)


rng = np.random.default_rng(1)
three = rng.standard_normal((3, 4)), rng.standard_normal((4, 2)), rng.standard_normal(2)
check(lambda x, w, b: (x @ w + b).relu(), *three)
check(lambda x, y: (x * y).exp().sum(axis=1).log(), three[0], rng.standard_normal((1, 4)))
check(lambda x, y: x * y - y * x * x, three[0], rng.standard_normal((3, 1)))
print("all agree")

# %% [markdown]
# How far should we step? There are two errors, and they pull in opposite directions.
#
# - The curve is not a line. A central difference is wrong by about $h^2$ for a step $h$:
#   *smaller is better*.
# - Numbers are rounded. A result of size 1 is known to about $u = 10^{-7}$ in float32 and
#   $u = 10^{-16}$ in float64. After the division by $2h$, that is an error of $u / h$:
#   *larger is better*.
#
# So there is a best step in between, near $u^{1/3}$. Before you run the next cell, write down this
# step for both types, and how small the error can get: for float32 and for float64, how many digits
# of the slope are right?


# %%
def error_of_difference(step, dtype):
    """Return the median relative error of the difference of exp(sin(x))."""
    x = np.linspace(0.1, 1.2, 200).astype(dtype)
    step = dtype(step)

    def f(x):
        return np.exp(np.sin(x))

    difference = ((f(x + step) - f(x - step)) / (2 * step)).astype(np.float64)
    exact = np.cos(np.linspace(0.1, 1.2, 200).astype(dtype).astype(np.float64))
    exact = exact * np.exp(np.sin(x.astype(np.float64)))
    return np.median(np.abs(difference / exact - 1))


steps = np.logspace(-12, -0.5, 47)
errors = {
    dtype: [error_of_difference(step, dtype) for step in steps]
    for dtype in (np.float32, np.float64)
}
for dtype, values_of in errors.items():
    best = int(np.argmin(values_of))
    print(f"{dtype.__name__}: smallest error {values_of[best]:.0e}, at step {steps[best]:.0e}")
    good = steps[np.array(values_of) < 1e-3 / 10]
    print(f"  steps with less than a tenth of the mistake: {good.min():.0e} to {good.max():.0e}")
best32, best64 = min(errors[np.float32]), min(errors[np.float64])
assert best64 < 1e-9, f"float64 gets to {best64:.0e} only"
assert best32 > 1e-7, f"float32 gets to {best32:.0e}: is it float32 at all?"

# %% jupyter={"source_hidden": true}
figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
axes.loglog(steps, errors[np.float32], color=ORANGE, linestyle="--", label="float32")
axes.loglog(steps, errors[np.float64], color=BLUE, label="float64")
axes.axhline(1e-3, color=INK, linestyle=":")
axes.text(1.2e-12, 1.5e-3, "a gradient that is wrong by 0.1 %", va="bottom")
words = {"color": INK, "arrowprops": {"arrowstyle": "->", "color": INK}}
axes.annotate("rounding", (3e-9, 1.5e-8), (1e-10, 2e-10), **words)
axes.annotate("the curve is\nno line", (1e-3, 4e-7), (6e-3, 3e-10), **words)
axes.set(
    xlabel="step h",
    ylabel="relative error",
    ylim=(1e-12, 10),
    title="Finite differences: two errors, one valley",
)
axes.grid(alpha=0.3)
axes.legend(loc="upper right")
plt.show()

# %% [markdown]
# The dotted line is what we want to detect: a gradient that is wrong by one part in a thousand. In
# float32 the valley is shallow: with a step that is a little too small, rounding hides the mistake
# we look for. And that is a smooth function of one number; a sum of thousands rounds worse. In
# float64 the valley is wide and deep: almost any step tells right from wrong. So: **train in
# float32, check in float64.** minidet's `gradcheck` refuses float32 for this reason.
#
# ## 7. minidet's tape is the same
#
# `minidet.tensor` is our `Array` with PyTorch's names. `requires_grad=True` says: record what
# happens to this one. First the program of section 1; `viz.draw_tape` draws its tape, from the top
# to the bottom:

# %%
ta, tb, tc = (minidet.tensor(number, requires_grad=True) for number in (a, b, c))
result = program(ta, tb, tc)
result.backward(retain_graph=True)  # keep the tape: we want to see it
walked = [tensor.grad.item() for tensor in (ta, tb, tc)]
assert walked == [from_a, from_b, from_c], f"minidet {walked}, by hand {[from_a, from_b, from_c]}"
viz.draw_tape(result, names={"a": ta, "b": tb, "c": tc, "out": result})
plt.show()

# %% [markdown]
# Now the arrays of section 5, with a relu. Every tensor knows the operation that made it, and that
# one knows what it read:

# %%
x = minidet.tensor(X, requires_grad=True)
w = minidet.tensor(W, requires_grad=True)
shift = minidet.tensor(np.array([5.0, 7.0]), requires_grad=True)
y = F.relu(x @ w + shift)
total = (y * minidet.tensor(G)).sum()
print(total)
print("made by", total.grad_fn, "which read the result of", total.grad_fn.edges[0][0])

# %%
names = {x: "x", w: "w", shift: "shift"}


def tape_of(tensor):
    """List the operations that made a tensor, the oldest first."""
    found, waiting = set(), [tensor.grad_fn]
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            sources = (edge[0] for edge in node.edges if edge is not None)
            waiting += [source for source in sources if not isinstance(source, minidet.Tensor)]
    return sorted(found, key=lambda node: node.sequence)


print("the tape, the oldest first:")
for node in tape_of(total):
    reads = [names.get(edge[0], edge[0]) for edge in node.edges if edge is not None]
    print(f"  {node.name:8} result {node.output_meta[0][0]!s:8} reads", *reads)

# %%
viz.draw_tape(total, names={"x": x, "w": w, "shift": shift, "y": y})
plt.show()

# %% [markdown]
# `backward` walks these arrows the other way. Do you recognise it? `edges` are our `parents`,
# `sequence` is our `born`. The walk is in [backward.py](../minidet/autograd/backward.py): the
# youngest first, sums where a tensor was used twice. And an operation is a class with two functions
# side by side: the value, and the pull. This is `exp` in minidet's own source:

# %%
print(inspect.getsource(elementwise.Exp))

# %% [markdown]
# `forward` gets plain NumPy arrays and returns one. What `backward` will need is kept in `ctx` (the
# *context*: one for each call, it is the node on the tape). `backward` gets `G` and returns the
# gradient for each argument of `forward`.
#
# What minidet adds to our forty lines is care. Three examples:

# %%
w.grad = None
total = (F.relu(x @ w + shift) * minidet.tensor(G)).sum()
total.backward()
np.testing.assert_array_equal(w.grad.numpy(), X.T @ (G * (Y + shift.detach().numpy() > 0)))
try:
    total.backward()
except RuntimeError as error:
    print(
        "1. The tape is freed after the walk, so that it does not fill the memory:\n  ", error, "\n"
    )

left, right = minidet.tensor([1.0, 2.0]), minidet.tensor([3.0, 4.0], requires_grad=True)
result = (left * right).sum()
left.fill_(0.0)
try:
    result.backward()
except RuntimeError as error:
    print("2. What backward needs must not change in between:\n  ", error, "\n")

with minidet.no_grad():
    unrecorded = (left * right).sum()
print("3. Where no gradient is needed, nothing is recorded:\n  ", unrecorded)
assert not unrecorded.requires_grad, "something was recorded under no_grad"

# %% [markdown]
# With our own class, the second mistake gives a wrong number, and no error.
#
# **Try it:** multiply two `Array`s, change the `data` of one in place before `backward`, and look
# at the gradients. For example `x, y = Array([2.0]), Array([3.0])`, `z = x * y`, `x.data[:] = 10`,
# `z.backward()`.
#
# <details><summary>What happens</summary>
#
# The gradient of `y` is 10; right is 2, the value of `x` when the product was computed. The pull
# reads `x.data` when the walk comes by, and by then it is another number. The gradient of `x` is 3,
# as it should be: it needs `y` only. minidet counts the changes of each tensor, and its `backward`
# compares the counts.
#
# </details>
#
# ## 8. A new operation
#
# Let us add one that minidet does not have: **SiLU**, $f(x) = x \cdot s(x)$ with the sigmoid
# $s(x) = 1 / (1 + e^{-x})$. It looks like relu with a soft corner. (Some detectors use it.)
#
# The derivative, by the product rule, with $s' = s (1 - s)$:
#
# $$f'(x) = s + x \, s \, (1 - s)$$


# %%
class Silu(Function):
    @staticmethod
    def forward(ctx, x):
        s = 1 / (1 + np.exp(-x))
        ctx.save_for_backward(x, s)
        return x * s

    @staticmethod
    def backward(ctx, grad):
        x, s = ctx.saved_tensors
        return grad * (s + x * s * (1 - s))


def silu(input):
    """Return input * sigmoid(input)."""
    return Silu.apply(minidet.as_tensor(input))


known = silu(minidet.tensor([0.0, 20.0])).numpy()  # 0 stays 0, large numbers nearly stay
np.testing.assert_allclose(known, [0.0, 20.0], rtol=1e-6, err_msg="SiLU at 0 and at 20")
x = minidet.tensor(rng.standard_normal((4, 5)), requires_grad=True)  # float64, as NumPy's are
gradcheck(silu, x)  # raises GradcheckError where a gradient is wrong
print("gradcheck: the gradient is right")
try:
    gradcheck(silu, minidet.tensor([1.0], requires_grad=True))
except TypeError as error:
    print("and in float32:", error)


# %% jupyter={"source_hidden": true}
def draw_silu():
    """Draw the function and its derivative, both from the tape."""
    at = minidet.tensor(np.linspace(-6, 6, 241), requires_grad=True)
    values = silu(at)
    values.sum().backward()
    _, axes = plt.subplots(figsize=(6, 3), layout="constrained")
    axes.plot(at.detach(), F.relu(at).detach(), color=INK, linestyle=":", label="relu")
    axes.plot(at.detach(), values.detach(), color=BLUE, label="SiLU: from forward")
    axes.plot(at.detach(), at.grad, color=ORANGE, linestyle="--", label="its slope: from backward")
    axes.set(xlabel="x", ylim=(-0.6, 3))
    axes.grid(alpha=0.3)
    axes.legend()
    plt.show()


draw_silu()

# %% [markdown]
# ### Does the check itself work?
#
# A check that never fails proves nothing. So we plant mistakes, the kind one really makes: a
# forgotten term, a wrong sign, the incoming gradient forgotten, a shift by one element, a factor of
# 1.001. Before you run the next cell, write down which of the five the check will miss.


# %%
def mistaken(pull):
    """Return SiLU with another backward."""

    class Wrong(Silu):
        @staticmethod
        def backward(ctx, grad):
            return pull(grad, *ctx.saved_tensors)

    return Wrong.apply


mistakes = {
    "only the first term of the product rule": lambda g, x, s: g * s,
    "a wrong sign": lambda g, x, s: g * (s - x * s * (1 - s)),
    "the incoming gradient forgotten": lambda g, x, s: s + x * s * (1 - s),
    "shifted by one element": lambda g, x, s: np.roll(g * (s + x * s * (1 - s)), 1),
    "a factor that is off by 0.1 %": lambda g, x, s: 1.001 * g * (s + x * s * (1 - s)),
}
for title, pull in mistakes.items():
    try:
        gradcheck(mistaken(pull), x)
    except GradcheckError as error:
        print(f"caught: {title}", *str(error).split(": ", maxsplit=2)[1:], sep="\n    ")
    else:
        raise AssertionError(f"{title}: not noticed")

# %% [markdown]
# All five are caught, even the last, which no training curve would ever show. The message names the
# index and both numbers.
#
# But know what the check **cannot** see:
# - *A wrong forward.* If `forward` computes another function than you wanted, and `backward` is the
#   gradient of that other function, the check passes. So compare some values of `forward` with
#   known ones, as above.
# - *What your inputs do not reach.* A mistake for large `x` stays hidden if all `x` are small.
# - *Corners.* relu has no derivative at 0. There, finite differences give 1/2, and minidet, as
#   PyTorch, says 0. So check away from corners.

# %%
corner = minidet.tensor(np.array([0.0]), requires_grad=True)
agrees = gradcheck(F.relu, corner, raise_exception=False)
print("relu at 0, gradcheck says:", agrees)
assert not agrees, "a finite difference across the corner agreed with relu's gradient"

# %% [markdown]
# **Try it:** write `Softsign`, $x / (1 + |x|)$. Its derivative is $1 / (1 + |x|)^2$. Or one with
# two inputs: `backward` then returns two gradients, and if they may be broadcast, each must be
# folded to its input's shape.
#
# <details><summary>What happens</summary>
#
# ```python
# class Softsign(Function):
#     @staticmethod
#     def forward(ctx, x):
#         ctx.save_for_backward(x)
#         return x / (1 + np.abs(x))
#
#     @staticmethod
#     def backward(ctx, grad):
#         (x,) = ctx.saved_tensors
#         return grad / (1 + np.abs(x)) ** 2
#
# gradcheck(Softsign.apply, x)
# ```
#
# `gradcheck` returns True. With `1 / (1 + np.abs(x))` in `backward` (the square forgotten) it
# raises `GradcheckError`, with the first wrong number. For two inputs, `backward` of a product ends
# with `return fold(grad * y, x.shape), fold(grad * x, y.shape)`; without `fold`, an input of shape
# (5,) beside one of (4, 5) is an error that names both shapes.
#
# </details>
#
# ## 9. Train something
#
# The task: 8 x 8 pixels in, which digit out. The scans come with the library, written by many
# people. The first part is for training, the rest for the test.

# %%
scans, digits = load_scans()  # (1797, 24, 24), ink from 0 to 1; (1797,)
pixels = scans.reshape(-1, 8, 3, 8, 3).mean(axis=(2, 4))  # (1797, 8, 8): means of 3 x 3 pixels
train_x, train_y = pixels[:TRAINING_SCANS].reshape(-1, 64), digits[:TRAINING_SCANS]
test_x, test_y = pixels[TRAINING_SCANS:].reshape(-1, 64), digits[TRAINING_SCANS:]
print(f"training: {train_x.shape} {train_x.dtype}, test: {test_x.shape}")

# %% jupyter={"source_hidden": true}
figure, grid = plt.subplots(2, 12, figsize=(10.5, 2.1), layout="constrained")
for i, axes in enumerate(grid.flat):
    axes.imshow(train_x[i].reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
    axes.set_title(str(train_y[i]), fontsize=9)
    axes.set(xticks=[], yticks=[])
plt.show()

# %% [markdown]
# The network has two layers. Each is a matrix product and a row that is added; between them a relu.
# Its ten results are *scores*, one for each digit: the highest wins.
#
# The **loss** says in one number how wrong the scores are. First softmax turns scores into
# probabilities that sum to 1: $p_k = e^{s_k} / \sum_j e^{s_j}$. Then the loss is
# $-\log p_{\text{true}}$, averaged over the images: 0 if the network is sure and right, large if it
# is sure and wrong. It is called *cross-entropy*.


# %%
def new_parameters(rng, hidden=32, last=0.01, dtype=np.float32):
    """Return random weights and zero biases for 64 -> hidden -> 10."""
    sizes = ((64, hidden), math.sqrt(2 / 64)), ((hidden,), 0), ((hidden, 10), last), ((10,), 0)
    arrays = [(scale * rng.standard_normal(shape)).astype(dtype) for shape, scale in sizes]
    return [minidet.tensor(array, requires_grad=True) for array in arrays]


def scores_of(parameters, x):
    """Return ten scores for each image: (N, 64) -> (N, 10)."""
    w1, b1, w2, b2 = parameters
    return F.relu(x @ w1 + b1) @ w2 + b2


def accuracy(parameters, x, y):
    """Return the share of images whose highest score is that of the true digit."""
    with minidet.no_grad():
        return float((scores_of(parameters, minidet.as_tensor(x)).argmax(1).numpy() == y).mean())


# the whole program, checked before it is used: in float64, on a few images
double = new_parameters(np.random.default_rng(0), hidden=8, last=0.5, dtype=np.float64)
few = minidet.tensor(train_x[:5].astype(np.float64))
gradcheck(lambda *parameters: F.cross_entropy(scores_of(parameters, few), train_y[:5]), double)
print("the gradient of the loss is right, for", sum(p.numel() for p in double), "numbers")

# %% [markdown]
# Now the step of training, by hand: go against the gradient, a little. The **learning rate** says
# how little. The step is no part of the program that is differentiated, so it is not recorded.


# %%
def step(parameters, rate, forget=True):
    """Change every parameter against its gradient, and forget the gradient."""
    with minidet.no_grad():
        for parameter in parameters:
            parameter.sub_(rate * parameter.grad)
            if forget:
                parameter.grad = None  # else the next backward() adds to it


def loss_of(parameters, x, y):
    return F.cross_entropy(scores_of(parameters, minidet.as_tensor(x)), y)


# minidet.optim.SGD does the same
ours, theirs = (new_parameters(np.random.default_rng(3)) for _ in range(2))
optimizer = optim.SGD(theirs, lr=0.5)
for _ in range(3):
    loss_of(ours, train_x[:50], train_y[:50]).backward()
    step(ours, 0.5)
    optimizer.zero_grad()
    loss_of(theirs, train_x[:50], train_y[:50]).backward()
    optimizer.step()
for one, other in zip(ours, theirs, strict=True):
    np.testing.assert_allclose(one.detach(), other.detach(), rtol=1e-5, atol=1e-7, err_msg="SGD")
print("after three steps: the same as optim.SGD")

# %% [markdown]
# **Yours to write.** `optim.SGD(..., momentum=0.9)` keeps a *velocity* for each parameter, like a
# ball that rolls downhill: in each step, the velocity is multiplied by the momentum, and the
# gradient is added. Then the parameter is moved against the velocity, by `rate` times as much.


# %%
def momentum_step(weight, gradient, velocity, rate, momentum):
    """Return the new weight and the new velocity."""
    raise NotImplementedError


check_blank(
    momentum_step,
    ((np.array([1.0, 2.0]), np.array([4.0, -2.0]), np.zeros(2), 0.5, 0.9),
     (np.array([-1.0, 3.0]), np.array([4.0, -2.0])), "the first step, from rest"),
    ((np.array([-1.0, 3.0]), np.array([1.0, 0.0]), np.array([4.0, -2.0]), 0.5, 0.9),
     (np.array([-3.3, 3.9]), np.array([4.6, -1.8])), "a second step"),
    hint="The new velocity comes first; the weight moves with the new one.",
)  # fmt: skip

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def momentum_step(weight, gradient, velocity, rate, momentum):
#     velocity = momentum * velocity + gradient
#     return weight - rate * velocity, velocity
# ```
#
# </details>
#
# This is what the tape of one step looks like.

# %%
w1, b1, w2, b2 = ours
viz.draw_tape(
    loss_of(ours, train_x[:50], train_y[:50]), names={"w1": w1, "b1": b1, "w2": w2, "b2": b2}
)
plt.show()

# %% [markdown]
# ### The ladder
#
# Never start with the long training. Climb; each rung takes seconds and finds its own kind of
# mistake.
#
# **Rung 1: the loss at the start is log K.** A network that knows nothing should give each of K =
# 10 classes the probability 1/10. Before you run the next cell, write down the loss of such a
# network. If it is another number, the network is sure of something before it has seen anything:
# its first weights are too large.

# %%
parameters = new_parameters(np.random.default_rng(0))
start = loss_of(parameters, train_x, train_y).item()
large = loss_of(new_parameters(np.random.default_rng(0), last=5.0), train_x, train_y).item()
print(
    f"log 10 = {math.log(10):.4f}, loss at the start {start:.4f}; "
    f"with weights that are too large {large:.2f}"
)
assert abs(start - math.log(10)) < 0.05, (
    f"loss at the start {start:.2f}, not log 10: check the weights"
)
assert abs(large - math.log(10)) > 0.05, f"weights that are too large were not noticed: {large:.2f}"

# %% [markdown]
# **Rung 2: learn one small batch by heart.** Twenty images, the same ones again and again. The loss
# must fall below a tenth of its start. If a network cannot do even that, something is broken, and
# more data will not help.
#
# Does this rung notice a mistake? We climb it twice, the second time with a famous one:
# *softmax taken twice*. `cross_entropy` takes scores and applies the softmax itself; somebody gives
# it probabilities. Nothing crashes. Before you run the next cell, write down whether the broken one
# learns the twenty images.

# %%
few_x, few_y = train_x[:20], train_y[:20]


def softmax_twice(parameters, x, y):
    """A mistake: probabilities in the place of scores."""
    return F.cross_entropy(F.softmax(scores_of(parameters, minidet.as_tensor(x)), 1), y)


def learn_by_heart(loss_function):
    """Take 300 steps with the same twenty images; return the parameters and all losses."""
    parameters, losses = new_parameters(np.random.default_rng(0)), []
    for _ in tqdm(range(300), desc="one batch", leave=False):
        loss = loss_function(parameters, few_x, few_y)
        loss.backward()
        step(parameters, 0.5)
        losses.append(loss.item())
    return parameters, losses


rungs = {"as it should be": loss_of, "softmax taken twice": softmax_twice}
by_heart = {}
for title, loss_function in rungs.items():
    parameters, by_heart[title] = learn_by_heart(loss_function)
    first, last = by_heart[title][0], by_heart[title][-1]
    right = accuracy(parameters, few_x, few_y), accuracy(parameters, test_x, test_y)
    print(
        f"{title:20} loss {first:.3f} -> {last:.4f}, right: {right[0]:.0%}, unseen {right[1]:.0%}"
    )

# %%
share = {title: losses[-1] / losses[0] for title, losses in by_heart.items()}
words = ", ".join(f"{title}: {part:.3f} of its start" for title, part in share.items())
assert share["as it should be"] < 0.1, f"one batch is not learned by heart; {words}"
assert share["softmax taken twice"] > 0.1, f"the rung did not notice the mistake; {words}"
print(words)

# %% jupyter={"source_hidden": true}
figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
for (title, losses), colour, line in zip(
    by_heart.items(), (BLUE, ORANGE), ("-", "--"), strict=True
):
    axes.semilogy(losses, color=colour, linestyle=line, label=title)
axes.axhline(math.log(10) / 10, color=INK, linestyle=":", label="a tenth of the start")
axes.set(xlabel="step", ylabel="loss of twenty images")
axes.grid(alpha=0.3)
axes.legend()
plt.show()

# %% [markdown]
# The broken one reads all twenty correctly, and still fails: its loss stays above 1.46. A
# probability is at least 0 and at most 1. So the best that can go into the second softmax is a 1
# for the true digit and nine times 0, and then the loss is $-\log \frac{e}{e + 9} = 1.461$. The
# second softmax can never be sure. A count of right answers does not show this mistake; the loss
# does.
#
# And known by heart is not understood: compare the two shares of the first line.
#
# **Rung 3: train.** All images, in a new random order in each *epoch* (one pass over all of them),
# 50 at a time. We train twice: the second time, `parameter.grad = None` is left out. Before you run
# the next two cells, write down what that does: slower, worse, or no difference?


# %%
def train(parameters, epochs, rate=0.5, batch=50, seed=0, forget=True, name="train"):
    """Train; return the loss of every step, and the accuracy (training, test) after every epoch."""
    rng = np.random.default_rng(seed)
    losses, scores = [], []
    with tqdm(total=epochs, desc=name, unit="epoch", leave=False) as bar:
        for _ in range(epochs):
            order = rng.permutation(len(train_x))
            for at in range(0, len(order), batch):
                part = order[at : at + batch]
                loss = loss_of(parameters, train_x[part], train_y[part])
                loss.backward()
                step(parameters, rate, forget)
                losses.append(loss.item())
            scores.append(
                (accuracy(parameters, train_x, train_y), accuracy(parameters, test_x, test_y))
            )
            bar.set_postfix(loss=f"{losses[-1]:.3f}", test=f"{scores[-1][1]:.1%}")
            bar.update()
    return losses, scores


EPOCHS = 12 if QUICK else 40
parameters = new_parameters(np.random.default_rng(0))
begin = time.process_time()
losses, shares = train(parameters, EPOCHS)
print(f"{len(losses)} steps, {time.process_time() - begin:.1f} s of a processor's time")
print(f"right: {shares[-1][0]:.1%} of the training digits, {shares[-1][1]:.1%} of the test digits")

# %%
needed = 0.85 if QUICK else 0.9
assert shares[-1][1] > needed, f"{shares[-1][1]:.1%} of the test digits, expected {needed:.0%}"

# %%
same_start = new_parameters(np.random.default_rng(0))
wrong_losses, wrong_shares = train(
    same_start, EPOCHS, forget=False, name="gradients never forgotten"
)
print(f"with old gradients left in place: {wrong_shares[-1][1]:.1%} of the test digits")

# %% jupyter={"source_hidden": true}
figure, (left, right) = plt.subplots(1, 2, figsize=(10.5, 3.3), layout="constrained")
never = "gradients never forgotten"
curves = (wrong_losses, wrong_shares, ORANGE, never), (losses, shares, BLUE, "as it should be")
for series, scored, colour, label in curves:
    style = {"color": colour, "label": label, "marker": "o" if label == never else "", "ms": 4}
    smooth = np.convolve(series, np.ones(10) / 10, mode="valid")
    left.semilogy(np.arange(len(smooth)) + 5, np.maximum(smooth, 1e-4), markevery=0.1, **style)
    for part, line, kind in ((0, "--", "training digits"), (1, "-", "test digits")):
        percent, words = [100 * share[part] for share in scored], f"{kind}, {label}"
        style |= {"linestyle": line, "label": words}
        right.plot(range(1, EPOCHS + 1), percent, markevery=0.1, **style)
left.axhline(math.log(10), color=INK, linestyle=":", label="log 10")
left.set(xlabel="step", ylabel="loss, mean of 10 steps")
left.legend()
right.set(xlabel="epoch", ylabel="right (%)", ylim=(0, 103))
right.legend()
for axes in (left, right):
    axes.grid(alpha=0.3)
plt.show()

# %% [markdown]
# The orange curves are the same program without `parameter.grad = None`. `backward` *adds* to what
# is there (that is the `+=`, across calls), so every step uses the sum of all gradients since the
# beginning. It is a common mistake in a first training loop, and the reason why every optimiser has
# `zero_grad`.
#
# **Rung 4: look at the mistakes.** Not at their number, at *them*.

# %%
with minidet.no_grad():
    probability = F.softmax(scores_of(parameters, minidet.tensor(test_x)), 1).numpy()
guess = probability.argmax(1)
wrong = np.flatnonzero(guess != test_y)
wrong = wrong[np.argsort(-probability[wrong, guess[wrong]])]  # the surest first
pairs = [(int(test_y[i]), int(guess[i])) for i in wrong]
print(f"{len(wrong)} mistakes; most often: ", end="")
for pair in sorted(set(pairs), key=pairs.count, reverse=True)[:3]:
    print(f"{pair[0]} taken for {pair[1]} ({pairs.count(pair)} times)", end="  ")

# %% jupyter={"source_hidden": true}
figure, grid = plt.subplots(2, 10, figsize=(10.5, 2.9), layout="constrained")
for axes in grid.flat:
    axes.axis("off")
for i, axes in zip(wrong, grid.flat, strict=False):
    axes.imshow(test_x[i].reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
    axes.set_title(f"{test_y[i]}, said {guess[i]}\n{probability[i, guess[i]]:.0%} sure", fontsize=8)
figure.suptitle("The surest mistakes", fontsize=10)
plt.show()

# %% [markdown]
# Which of them would you have read correctly yourself? Some are hard at 8 x 8 pixels. But here is a
# test that is hard for nobody who can read: the same test digits, moved by one pixel. Before you
# run the next cell, write down how many of the moved digits the network reads.


# %%
def moved(images, down, right):
    """Move images by up to one pixel; what comes in is empty paper, what leaves is lost."""
    padded = np.pad(images.reshape(-1, 8, 8), ((0, 0), (1, 1), (1, 1)))
    return padded[:, 1 - down : 9 - down, 1 - right : 9 - right].reshape(-1, 64)


places = {"as they are": (0, 0), "right": (0, 1), "left": (0, -1), "down": (1, 0), "up": (-1, 0)}
for title, by in places.items():
    images = moved(test_x, *by)
    share, kept = accuracy(parameters, images, test_y), images.sum() / test_x.sum()
    print(f"{title:12} {share:4.0%} right, {kept:4.0%} of the ink is still there")

# %% [markdown]
# Up and down, a tenth of the ink leaves the picture; to the right and to the left next to nothing
# does, and still the network misreads about half of the digits.
#
# To this network a moved digit is a different picture: each pixel has weights of its own, and what
# they learned about a stroke in one place says nothing about the same stroke next to it. That is
# the problem of the next notebook.
#
# ### A last look: the gradient of the picture
#
# The tape does not know what a "parameter" is. We may ask how the score of a digit changes with
# each *pixel*: one walk back gives all 64 slopes.

# %%
chosen = [int(np.flatnonzero((test_y == digit) & (guess == digit))[0]) for digit in range(10)]
images = minidet.tensor(test_x[chosen], requires_grad=True)
scores = scores_of(parameters, images)
scores[np.arange(10), np.arange(10)].sum().backward()  # of each image, the score of its own digit
pull_on_pixels = images.grad.numpy().reshape(10, 8, 8)

# %% jupyter={"source_hidden": true}
figure, grid = plt.subplots(2, 10, figsize=(10.5, 2.7), layout="constrained")
for k in range(10):
    grid[0, k].imshow(test_x[chosen[k]].reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
    size = np.abs(pull_on_pixels).max()
    shown = grid[1, k].imshow(pull_on_pixels[k], cmap="RdBu_r", vmin=-size, vmax=size)
    grid[0, k].set_title(str(k), fontsize=9)
for axes in grid.flat:
    axes.set(xticks=[], yticks=[])
grid[0, 0].set_ylabel("image")
grid[1, 0].set_ylabel("gradient")
figure.colorbar(shown, ax=grid, aspect=12).ax.tick_params(labelsize=8)
plt.show()

# %% [markdown]
# Red: more ink here, and the score of this digit rises. Blue: more ink here, and it falls. The 0,
# for example, is blue in its middle: ink in the hole speaks against a 0.
#
# **Try it:** plant one mistake at a time, and run section 9 again: `hidden=4` as default in
# `new_parameters`, then `last=5.0`; `rate=5.0` as default in `train`; shuffled labels, `train_y =
# np.random.default_rng(1).permutation(train_y)` behind the line that makes them. Which rung of the
# ladder notices each of them first?
#
# <details><summary>What happens</summary>
#
# `last=5.0`: rung 1. The loss at the start is above 10, not 2.3.
#
# `hidden=4`: rung 3. Rungs 1 and 2 are passed, twenty images fit into so small a network; but after
# 12 epochs it reads half of the test digits.
#
# `rate=5.0`: rung 3. The loss rises in the first steps and stays near log 10; 10 % is as good as
# guessing.
#
# Shuffled labels: rung 3. Twenty wrong labels are learned by heart as easily as right ones! With
# 1297 the loss hardly falls, and what is learned is of no use: fewer than 15 % of the test digits.
# So the training must run before you know that the labels are right; look at some images with their
# labels first, as we did.
#
# </details>
#
# ## 10. What does it cost?
#
# First, the three engines on the same work: the loss of one layer (64 -> 10) and its gradient. The
# numbers are the same. Before you run the next cell, write down how many times as fast as single
# Values arrays are: 10, 100 or 1000 times?


# %%
def linear_loss_values(x, y, weight):
    """Return the sum of the losses, made of single Values."""
    total = Value(0.0)
    for image, digit in zip(x.tolist(), y.tolist(), strict=True):
        scores = [sum((weight[i][k] * image[i] for i in range(64)), Value(0.0)) for k in range(10)]
        total = total + sum((score.exp() for score in scores), Value(0.0)).log() - scores[digit]
    return total


def run_values(x, y, start):
    weight = [[Value(number) for number in row] for row in start.tolist()]
    linear_loss_values(x, y, weight).backward()
    return np.array([[node.grad for node in row] for row in weight])


def run_arrays(x, y, start):
    weight, code = Array(start), np.eye(10)[y]
    scores = Array(x) @ weight
    (scores.exp().sum(axis=1).log() - (scores * code).sum(axis=1)).sum().backward()
    return weight.grad


def run_minidet(x, y, start):
    weight = minidet.tensor(start, requires_grad=True)
    F.cross_entropy(minidet.as_tensor(x) @ weight, y, reduction="sum").backward()
    return weight.grad.numpy()


def clock(function, *arguments, patience=0.3):
    """Return the seconds of the fastest of several calls: others only make it slower."""
    function(*arguments)
    times = []
    while len(times) < 3 or (sum(times) < patience and len(times) < 200):
        begin = time.perf_counter()
        function(*arguments)
        times.append(time.perf_counter() - begin)
    return min(times)


count = 4 if QUICK else 16
work = (
    train_x[:count].astype(np.float64),
    train_y[:count],
    0.1 * np.random.default_rng(5).standard_normal((64, 10)),
)
expected = run_values(*work)
for run in (run_arrays, run_minidet):
    np.testing.assert_allclose(run(*work), expected, rtol=1e-9, atol=1e-12, err_msg=run.__name__)
seconds = {run.__name__[4:]: clock(run, *work) for run in (run_values, run_arrays, run_minidet)}
print(f"{count} images, {work[2].size} weights")
for name, value in seconds.items():
    print(
        f"{name:8} {value * 1e3:9.3f} ms, {seconds['values'] / value:7.0f} times as fast as Values"
    )

# %% [markdown]
# All three compute the same. But with single Values, Python makes an object for every
# multiplication; with arrays, for every operation. (Between the last two there is little difference
# *here*: most of the work is a small matrix product. minidet's own kernels matter for convolutions;
# see the next notebook.)
#
# Second, the walk back against finite differences, for the network that we have just trained:

# %%
batch = minidet.tensor(train_x[:50])


def only_forward():
    with minidet.no_grad():
        return F.cross_entropy(scores_of(parameters, batch), train_y[:50])


def there_and_back():
    F.cross_entropy(scores_of(parameters, batch), train_y[:50]).backward()


forward, both = clock(only_forward), clock(there_and_back)
count = sum(parameter.numel() for parameter in parameters)
print(
    f"forward: {forward * 1e3:.3f} ms; forward and backward: {both * 1e3:.3f} ms, "
    f"{both / forward:.1f} times as much"
)
print(
    f"all {count} slopes by finite differences: {2 * count} times forward, "
    f"{2 * count * forward:.1f} s,"
)
print(f"{2 * count * forward / both:.0f} times as long as the walk back")

# %% [markdown]
# That factor is the reason why networks can be trained. It grows with the number of weights: finite
# differences need two more runs for each of them. The walk back takes a small multiple of the time
# of the walk forward, however many weights there are; a larger network makes both longer, and
# leaves their ratio about as it is. The price is *memory*: what `backward` will need stays on the
# tape until the walk.
#
# ## Summary
#
# 1. A gradient says how fast the result changes with each input, at one point.
# 2. Along a path slopes are multiplied, over several paths they are added.
# 3. One walk from the result back to the inputs gives all slopes. It costs about as much as the
#    program.
# 4. The tape holds what was computed, from what. It is read from its end: a number's turn comes
#    when its gradient is complete.
# 5. A number that is used several times gets the sum of the contributions: `+=`.
# 6. For arrays, each operation has a pull: it turns the gradient of its result into that of its
#    inputs, and never makes the table of all slopes.
# 7. Copied on the way there, summed on the way back: the pull of broadcasting.
# 8. Every gradient is checked against finite differences, in float64, away from corners; and values
#    against known ones.
# 9. A step of training: loss, walk back, a small step against the gradient, forget the gradient.
# 10. The ladder: the loss at the start is log K; one batch by heart; train; look at the mistakes.
#
# | term | section | builds on |
# |---|---|---|
# | slope, finite difference | 1, 6 | (school) |
# | gradient | 1, 2 | slope |
# | chain rule: multiply along a path, add over paths | 2 | slope |
# | backpropagation (reverse mode) | 2 | gradient, chain rule |
# | tape, topological order | 3, 4 | backpropagation |
# | pull (vector-Jacobian product) | 5 | chain rule, tape |
# | fold | 5 | pull, broadcasting |
# | gradcheck | 6, 8 | finite difference, pull |
# | `Function`: forward, backward, ctx | 7, 8 | pull, tape |
# | loss (softmax, cross-entropy) | 9 | (logarithm) |
# | learning rate, step of training | 9 | loss, gradient |
# | epoch, the ladder | 9 | step of training |
#
# ## Questions
#
# **1.** Why not walk from the front? One could carry, along with each value, its slope with respect
# to *one input* (this is forward mode). When would that be the better way?
#
# <details><summary>Answer</summary>
#
# It needs one run for each *input*; the walk back needs one for each *output*. A loss is one output
# of a million inputs, so forward mode would need a million runs where the walk back needs one. For
# a program with one input and many outputs (a curve $x(t), y(t)$, say) it is the other way round,
# and forward mode needs no tape.
#
# </details>
#
# **2.** In `Value.backward` all gradients are set to 0 first. minidet (and PyTorch) do not do that
# for the parameters; they add to what is there, and you have to call `zero_grad`. What can that be
# good for?
#
# <details><summary>Answer</summary>
#
# The gradient of a sum is the sum of the gradients. So you can split a batch that is too large for
# the memory into parts, call `backward` for each, and take one step: the same as with the whole
# batch. Also, a loss may come in several pieces from different parts of a program. The price is one
# more line to forget.
#
# </details>
#
# **3.** You wrote an operation with `backward` = `grad * 0`, and gradcheck *passes*. How can that
# be?
#
# <details><summary>Answer</summary>
#
# Then the operation is constant where you checked it: `round(x)`, or relu with only negative
# inputs. Zero is the right gradient there. So choose the inputs of a check such that every branch
# is run.
#
# </details>
#
# **4.** `x` has shape (3, 1) and `y` has shape (4,). What shape has `x * y`, and over which axes
# must the gradients of `x` and of `y` be summed?
#
# <details><summary>Answer</summary>
#
# The product is (3, 4). `x` was copied along axis 1: sum over axis 1, keep it as an axis of length
# 1. `y` was copied along axis 0, which it does not have: sum over axis 0. Ask `fold`.
#
# </details>
#
# ## What to read next
#
# - The next notebook: [02_convolution](02_convolution.ipynb). It begins with the digit that was
#   moved.
# - minidet's own, in this order: [function.py](../minidet/autograd/function.py),
#   [backward.py](../minidet/autograd/backward.py),
#   [gradcheck.py](../minidet/autograd/gradcheck.py). You have built a small version of each.
# - D. Rumelhart, G. Hinton, R. Williams, *Learning representations by back-propagating errors*,
#   Nature 323, 1986: the four pages that made backpropagation widely known. S. Linnainmaa had the
#   algorithm in his thesis of 1970.
# - A. Baydin, B. Pearlmutter, A. Radul, J. Siskind, *Automatic differentiation in machine learning:
#   a survey*, JMLR 18, 2018, [arXiv:1502.05767](https://arxiv.org/abs/1502.05767): forward mode,
#   reverse mode, and what they are confused with.
# - A. Griewank, A. Walther, *Evaluating derivatives*, SIAM, 2008: the book; how to trade memory for
#   time.
# - A. Paszke and others, *PyTorch: an imperative style, high-performance deep learning library*,
#   NeurIPS 2019, [arXiv:1912.01703](https://arxiv.org/abs/1912.01703): why a tape, and not a graph
#   that is declared beforehand.
