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
# # How fast is a convolution?
#
# A convolution layer is six nested loops around one multiplication. Written in Python, they are too
# slow to be of use. A good kernel, on the same processor, is as fast as its arithmetic allows. This
# notebook goes from the one to the other in nine steps. Every step computes the same numbers, and
# is checked against the step before it. What changes is *the order in which memory is read*; the
# last idea also leaves out more than half of the multiplications.
#
# |  |  |
# |---|---|
# | **Time** | reading: 70 minutes; doing, with every blank and every Try it: 3 hours |
# | **You need** | what a convolution layer computes; NumPy slices and `@`; nothing of processors |
# | **You do not need** | PyTorch. If it is installed, its time is shown beside ours |
#
# **At the end you can say**
# - how many multiplications a layer needs, and how many of them per second your processor can do at
#   most;
# - why the same loops are so much faster in another order, and what registers and caches hold
#   meanwhile;
# - what im2col is, what it costs, and how a table of offsets gives the same without a copy;
# - how Winograd computes two outputs of a 3-tap filter with four multiplications, and what it pays
#   for that;
# - where any loop stands on the *roofline* of your machine, and whether arithmetic or memory holds
#   it back.
#
# All times are measured here, on your machine. The text names no number that yours could
# contradict.
#
# Before most results the text asks for a guess: write it down, then run the cell. Five functions
# are left for you to write; each is checked at once, and nothing after it depends on it. Look for
# **Try it**: an edit to make, with what comes out folded below it.

# %%
import os
import time
from collections import Counter

for variable in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[variable] = "1"  # NumPy's matrix product on one core: it looks here when imported

import matplotlib.pyplot as plt
import numba
import numpy as np
from matplotlib.patches import FancyBboxPatch, Rectangle

from minidet import viz
from minidet.grading import check_blank
from minidet.kernels.conv.winograd.unstrided import (
    LEAST,  # Winograd from so many channels and filters on
)
from minidet.kernels.simd.copies import move
from minidet.kernels.simd.tiles import DENSE_LANES as LANES  # 24, or 48 with AVX-512
from minidet.kernels.simd.tiles import DENSE_ROWS as ROWS  # 4, or 8 with AVX-512
from minidet.kernels.simd.tiles import (
    MOVE as VECTOR,  # numbers in a vector: 8, or 16 with AVX-512
)
from minidet.kernels.simd.tiles import dense_tile
from minidet.nn.functional import conv2d
from minidet.viz.page import (
    BLUE,
    DARK,
    GREEN,
    INK,
    ORANGE,
    PALE_BLUE,
    PALE_GREEN,
    PALE_ORANGE,
    YELLOW,
)

# small sizes: is every step right? Times mean little then
QUICK = os.environ.get("MINIDET_QUICK", "0") not in ("", "0")
viz.use_style()

CORES = numba.config.NUMBA_NUM_THREADS
numba.set_num_threads(1)  # one core, up to the last section
print(f"NumPy {np.__version__}, numba {numba.__version__}, {CORES} cores", end="")
print(", quick mode" if QUICK else "")
print(
    f"vectors of {VECTOR} numbers; the last kernels work on {ROWS} filters x {LANES} pixels at once"
)

# %% [markdown]
# ## 1. The work
#
# One image `x` of shape (C, H, W), F filters `weight` of shape (F, C, 3, 3), one row and column of
# zeros around the image:
#
# $$\mathrm{out}[f, h, w] = \sum_{c=0}^{C-1} \sum_{i=0}^{2} \sum_{j=0}^{2}
#   \mathrm{weight}[f, c, i, j] \cdot \mathrm{padded}[c, h + i, w + j]$$
#
# Six letters, six loops. Each output needs $9C$ multiplications and as many additions. A
# multiplication with its addition is one *multiply-add*, or 2 FLOP (floating-point operations), so
# the layer needs $2 \cdot F \cdot 9C \cdot H \cdot W$ FLOP.
#
# We divide this number by the measured time and call the result GFLOP/s (billions per second). We
# divide *the same* number in every step, whatever the step really does. So twice the GFLOP/s always
# means half the time.
#
# Before you run the next cell, write down how often a number is used: multiply-adds, divided by all
# numbers that go in (image and weights) or come out. Once, ten times, a hundred times or ten
# thousand times?

# %%
C, F, H, W = (32, 32, 24, 24) if QUICK else (64, 64, 96, 96)
# Conditions that keep the code below short. minidet's own kernels have none of them.
assert F % ROWS == 0, f"F must be a multiple of {ROWS}"
assert H % 2 == W % 2 == H * W % LANES == 0, f"H and W must be even, H * W a multiple of {LANES}"

rng = np.random.default_rng(0)
x = rng.standard_normal((C, H, W), dtype=np.float32)
weight = rng.standard_normal((F, C, 3, 3), dtype=np.float32)
weight /= np.float32(np.sqrt(9 * C))  # outputs of size 1


def flop(x, weight):
    """Count the operations of the direct sum: 2 F 9C H W."""
    return 2 * weight.size * x[0].size


print(f"image {x.shape}, weight {weight.shape}: {flop(x, weight) / 1e6:.0f} million FLOP")
print(f"numbers: image {x.size}, weight {weight.size}, output {F * H * W}")
reuse = weight.size * H * W / (x.size + weight.size + F * H * W)
print(f"multiply-adds for each number that goes in or out: {reuse:.0f}")

# %% [markdown]
# The last line is why a convolution *can* be fast. There is far more arithmetic than data: each
# number is used again and again. Everything below is about *using a number again while it is still
# near*.
#
# **Try it:** make this the first layer of a network, which sees a colour image: put 3 in the place
# of the first number of both lists, `(3, 64, 96, 96)`. What becomes of the last line?
#
# <details><summary>What happens</summary>
#
# 26 multiply-adds for each number that goes in or out, in the place of 279. There are as many
# outputs as before, but each of them takes 9 x 3 = 27 multiply-adds, not 576. The first layer of a
# network has the least to gain from using numbers again. Put the 64 back; section 11 comes back to
# this layer.
#
# </details>


# %% jupyter={"source_hidden": true}
def canvas(width, height, xlim, ylim, **options):
    """Return axes without frame, for a drawing."""
    axes = plt.figure(figsize=(width, height)).add_axes((0, 0, 1, 1))
    axes.set(xlim=xlim, ylim=ylim, **options)
    axes.axis("off")
    return axes


def cell(axes, x, y, face="none", width=1.0, height=1.0, edge=INK, line=0.8, **options):
    """Draw a box, its lower left corner at (x, y)."""
    style = {"facecolor": face, "edgecolor": edge, "linewidth": line, **options}
    axes.add_patch(Rectangle((x, y), width, height, **style))


def grid(axes, rows, columns, marked, colour, at, size, title):
    """Draw a grid with some cells (row, column) marked."""
    for row in range(rows):
        for column in range(columns):
            face = colour if (row, column) in marked else "none"
            cell(axes, at[0] + column * size, at[1] - (row + 1) * size, face, size, size)
    axes.text(at[0] + columns * size / 2, at[1] + 0.15, title, ha="center")


def block(top, left, rows=3, columns=3):
    """Return the cells (row, column) of a block."""
    return [(top + i, left + j) for i in range(rows) for j in range(columns)]


def draw_reuse():
    """Draw what one output reads, what one pixel serves, and what one weight serves."""
    axes = canvas(11.5, 2.7, (-0.3, 42.5), (-6.4, 2.2), aspect="equal")
    cases = (
        (f"One output reads 9 C = {9 * C} pairs", block(2, 3), block(0, 0), [(2, 3)]),
        (f"One pixel serves 9 F = {9 * F} outputs", [(4, 4)], block(0, 0), block(2, 2)),
        (
            f"One weight serves H W = {H * W} outputs",
            block(0, 1, 6, 6),
            [(0, 1)],
            block(0, 0, 6, 6),
        ),
    )
    for number, (title, image, kernel, out) in enumerate(cases):
        left = 14.5 * number
        grid(axes, 8, 8, image, BLUE, (left, 0), 0.75, "padded image")
        grid(axes, 3, 3, kernel, BLUE, (left + 6.5, -1.8), 0.6, "kernel")
        grid(axes, 6, 6, out, ORANGE, (left + 8.8, -0.75), 0.75, "output")
        axes.text(left + 6.6, 1.4, title, ha="center", weight="bold")
    plt.show()


draw_reuse()

# %% [markdown]
# ## 2. What can this machine do?
#
# Two speeds limit every loop: how many multiply-adds a core can do per second, and how many bytes
# it can move per second. We measure both before we begin, on one core.
#
# **Arithmetic.** A processor has instructions that multiply and add whole *vectors* of numbers at
# once (8 float32 in the 256 bits of AVX2, 4 in the 128 bits of NEON). `dense_tile`, from
# [kernels/simd/tiles.py](../minidet/kernels/simd/tiles.py), is a loop made of such instructions.
# Section 7 explains it. Here its operands are so few that they always lie in the fastest memory, so
# nothing but arithmetic can be the limit.
#
# **Memory.** `a[i] = b[i] + s * c[i]` reads two numbers and writes one for each multiply-add: 12
# bytes, hardly any arithmetic. (This is the *triad* of the well-known STREAM benchmark.) How fast
# it runs depends on *where the arrays lie*. A *cache* is a small, fast memory that keeps what was
# used last. Small arrays stay in the first-level cache, next to the arithmetic; larger ones in the
# second or third level; the largest come from main memory each time.
#
# Before you run the next cell, write down how many multiply-adds the core could do in the time that
# one float32 takes to come from main memory: 1, 5, 20 or 100?

# %%
PATIENCE, REPEATS = (0.1, 3) if QUICK else (1.5, 40)


def clock(function, *arguments):
    """Return the seconds of the fastest of several calls, after one that may compile."""
    function(*arguments)
    times = []
    while len(times) < 3 or (len(times) < REPEATS and sum(times) < PATIENCE):
        start = time.perf_counter()
        function(*arguments)
        times.append(time.perf_counter() - start)
    return min(times)  # whatever else the machine has to do can only make a call slower


@numba.njit
def only_tiles(times, out, a, b):
    """Compute the same tile again and again."""
    for _ in range(times):
        dense_tile(out, 0, LANES, a, 0, b, 0, b.shape[0], 0)


@numba.njit(fastmath={"contract"})  # a multiplication and an addition may become one instruction
def triad(times, a, b, c):
    """Compute ``a = b + 3 c`` again and again."""
    for _ in range(times):
        for i in range(a.size):
            a[i] = b[i] + np.float32(3) * c[i]


def bandwidth(kilobytes):
    """Return the bytes per second of the triad on three arrays of so many kB together."""
    size = kilobytes * 1000 // 12
    a, b, c = (np.ones(size, np.float32) for _ in range(3))
    times = max(1, (10_000_000 if QUICK else 100_000_000) // (12 * size))
    return 12 * size * times / clock(triad, times, a, b, c)


depth, times = 128, 2_000 if QUICK else 5_000
a, b = np.ones((depth, ROWS), np.float32), np.ones((depth, LANES), np.float32)
seconds = clock(only_tiles, times, np.zeros((ROWS, LANES), np.float32), a, b)
peak = 2 * ROWS * LANES * depth * times / seconds

sizes = [12, 24, 48, 96, 192, 384, 1_000, 3_000, 10_000, 30_000]
sizes += [] if QUICK else [100_000, 300_000]
speeds = [bandwidth(size) for size in sizes]
near, middle, far = max(speeds[:2]), speeds[sizes.index(192)], speeds[-1]

print(f"arithmetic: {peak / 1e9:6.1f} GFLOP/s")
print(f"memory:     {near / 1e9:6.1f} GB/s from {sizes[0]} to {sizes[1]} kB, first-level cache")
print(f"            {middle / 1e9:6.1f} GB/s at 192 kB, mostly the second level")
print(f"            {far / 1e9:6.1f} GB/s at {sizes[-1] / 1000:.0f} MB")
waiting = 4 / far * peak / 2
print(f"in the time of one float32 from far away, the core could do {waiting:.0f} multiply-adds")

figure, axes = plt.subplots(figsize=(6.5, 3))
axes.semilogx(sizes, np.array(speeds) / 1e9, "o-", color=BLUE)
axes.set(xlabel="size of the three arrays together (kB)", ylabel="GB/s", ylim=0)
axes.set_title("How far away is the data?")
axes.grid(alpha=0.3)
plt.show()

# %% [markdown]
# The steps in the curve are the ends of the caches. Remember them: a table that is used often
# should be smaller than the first step.
#
# Now a place to keep results. `step` checks a new function against the result of the step before
# it, measures it, and keeps its time. The outputs are of size 1, so a difference of $10^{-4}$
# allows for rounding and for nothing else.

# %%
steps = {}  # name: (GFLOP/s, result)


def agree(result, previous, name="this result"):
    """Fail if two results differ by more than rounding."""
    words = f"{name} is not what the step before it computed"
    np.testing.assert_allclose(result, previous, rtol=0, atol=1e-4, err_msg=words)


def step(name, convolve, previous, check=(x, weight), run=(x, weight)):
    """Check ``convolve(*check)``, then measure ``convolve(*run)`` and return its result."""
    agree(convolve(*check), previous, name)
    seconds = clock(convolve, *run)
    speed = flop(*run) / seconds
    result = convolve(*run)
    steps[name] = (speed / 1e9, result)
    print(
        f"{name}: {seconds * 1e3:.2f} ms, {speed / 1e9:.3g} GFLOP/s, {speed / peak:.2%} of the peak"
    )
    return result


# %% [markdown]
# ## 3. Step 1: six loops in Python
#
# The formula, word by word. We run it on a small corner of the image, with a few of the filters: a
# multiplication takes as long there, and you do not have to wait.
#
# Before you run the next cell, write down how long the whole layer would take in Python: a second,
# a minute or an hour?


# %%
def pad(x):
    """Return x (C, H, W) with one row and column of zeros on each side."""
    return np.pad(x, ((0, 0), (1, 1), (1, 1)))


def six_loops(padded, weight, out):
    """Write the convolution to out (F, H, W): its definition."""
    for f in range(out.shape[0]):
        for h in range(out.shape[1]):
            for w in range(out.shape[2]):
                total = np.float32(0)
                for c in range(weight.shape[1]):
                    for i in range(3):
                        for j in range(3):
                            total += weight[f, c, i, j] * padded[c, h + i, w + j]
                out[f, h, w] = total


def conv_python(x, weight):
    """Run the loops as they stand."""
    out = np.empty((weight.shape[0], *x.shape[1:]), np.float32)
    six_loops(pad(x), weight, out)
    return out


few = (4, 4, 6, 8) if QUICK else (8, 8, 12, 16)
corner = x[: few[0], : few[2], : few[3]], weight[: few[1], : few[0]]

# There is no step before the first. A result worked out by hand stands in: where the image and
# the weights are ones, an output counts the pixels under its window, once per channel: 9 inside,
# 6 at an edge, 4 in a corner.
ones = np.ones((2, 3, 4), np.float32), np.ones((1, 2, 3, 3), np.float32)
counted = [2 * np.array([[4, 6, 6, 4], [6, 9, 9, 6], [4, 6, 6, 4]])]

result = step("Python loops", conv_python, counted, check=ones, run=corner)
whole = flop(x, weight) / steps["Python loops"][0] / 1e9
least = flop(x, weight) / peak * 1e3
print(f"the whole layer would take {whole:.0f} s; at the peak it takes {least:.1f} ms")

# %% [markdown]
# Where does the time go? Not into multiplications. For each one Python looks up names, makes tuples
# of indices, finds the element, wraps it in an object, asks the object how to multiply, and throws
# it away. This is the *interpreter's* price, paid once for every operation. NumPy's answer: pay it
# once for many numbers.
#
# ## 4. Step 2: NumPy, one pixel at a time
#
# The three inner loops and the loop over filters are a product of a matrix, `weight` seen as (F,
# 9C), with a vector: the window seen as 9C numbers. Two loops stay in Python. It is checked on the
# corner, and from here on every step runs on the whole image.


# %%
def conv_pixels(x, weight):
    """Multiply the matrix of weights (F, 9C) with one window (9C,) after the other."""
    padded, matrix = pad(x), weight.reshape(len(weight), -1)
    out = np.empty((len(weight), *x.shape[1:]), x.dtype)
    for h in range(out.shape[1]):
        for w in range(out.shape[2]):
            out[:, h, w] = matrix @ padded[:, h : h + 3, w : w + 3].reshape(-1)  # (F, 9C) @ (9C,)
    return out


result = step("NumPy, pixel by pixel", conv_pixels, result, check=corner)

# %% [markdown]
# Compare with Python, and with the peak. One reason for what is missing is that there are still H W
# calls from Python. The other would stay if calls were free: a product of a matrix with a vector
# *uses each weight once* and then needs the next one. For every pixel all the weights are read
# again. How many bytes are read per multiplication is a question that we shall ask of every step.
#
# ## 5. Step 3: im2col, all pixels at once
#
# If we write all windows side by side, as the columns of a matrix, all outputs are *one* product of
# two matrices:
#
# (F, 9C) @ (9C, H W) = (F, H W)
#
# The matrix is called `im2col`, "image to columns". By hand, with one channel, a 4 x 4 image and no
# padding: four windows, nine rows.
#
# Before you run the next cell, compute the four outputs by hand, and write down how often a pixel
# in the middle of the image is copied, one at an edge, and one in a corner.

# %%
image = np.array([[1, 2, 0, 1], [0, 1, 3, 1], [2, 0, 1, 2], [1, 1, 0, 3]], np.float32)
kernel = np.array([[1, 0, 2], [0, 1, 0], [1, 0, -1]], np.float32)

taps = [(i, j) for i in range(3) for j in range(3)]
columns = np.array([[image[h + i, w + j] for h in range(2) for w in range(2)] for i, j in taps])
by_columns = kernel.reshape(1, 9) @ columns  # (1, 9) @ (9, 4)
copies = [
    [sum(0 <= h - i < 2 and 0 <= w - j < 2 for i, j in taps) for w in range(4)] for h in range(4)
]
print("the four outputs:", by_columns[0])
print("copies of each pixel:", *copies, sep="\n")

# %%
# the first output, written out: 1*1 + 0*2 + 2*0  +  0*0 + 1*1 + 0*3  +  1*2 + 0*0 - 1*1
by_hand = [(1 + 0 + 0) + (0 + 1 + 0) + (2 + 0 - 1), 5, 7, 2]
words = "the outputs are not those worked out by hand: is the image, or the kernel, another one?"
np.testing.assert_array_equal(by_columns[0], by_hand, err_msg=words)
words = "each of the 9 taps copies 4 pixels, so 36 copies have to be made"
np.testing.assert_array_equal(np.sum(copies), 36, err_msg=words)


# %% jupyter={"source_hidden": true}
def numbers(axes, values, at, faces, title):
    """Draw a matrix of numbers, its upper left corner at ``at``; faces: colours, one or as many."""
    for row, line in enumerate(values):
        for column, value in enumerate(line):
            x, y = at[0] + 0.8 * column, at[1] - 0.8 * (row + 1)
            face = faces if isinstance(faces, str) else faces[row][column]
            cell(axes, x, y, face, 0.8, 0.8)
            ink = INK if face == "none" else DARK
            axes.text(x + 0.4, y + 0.4, f"{value:g}", ha="center", va="center", color=ink)
    axes.text(at[0] + 0.4 * len(values[0]), at[1] + 0.2, title, ha="center")


def draw_columns():
    """Draw image, columns, kernel as a row, product, and the copies of each pixel."""
    axes = canvas(11.5, 3.9, (-0.2, 24.4), (-7.5, 0.9), aspect="equal")
    window = [[PALE_BLUE if (h, w) in block(0, 0) else "none" for w in range(4)] for h in range(4)]
    numbers(axes, image, (0, 0), window, "image, first window")
    numbers(axes, kernel, (0.4, -4.7), PALE_GREEN, "kernel")
    numbers(axes, kernel.reshape(1, 9), (4.2, -3.2), PALE_GREEN, "kernel as a row (1, 9)")
    numbers(axes, columns, (12.4, 0), [[PALE_BLUE] + ["none"] * 3] * 9, "columns (9, 4)")
    numbers(axes, by_columns, (16.7, -3.2), [[PALE_ORANGE] + ["none"] * 3], "outputs (1, 4)")
    numbers(axes, copies, (20.9, -1.6), "none", "copies of each pixel")
    axes.text(11.9, -3.6, "@", ha="center", va="center", fontsize=13)
    axes.text(16.15, -3.6, "=", ha="center", va="center", fontsize=13)
    plt.show()


draw_columns()

# %% [markdown]
# 16 numbers became 36. In a large image every pixel is copied nine times. In return the product is
# one call, and the library behind `@` (a *BLAS*) may use each number many times while it is near.
#
# **Try it:** make all weights of the kernel 0 but the one in the middle, which is 1. Write down the
# four outputs before you run the cell again. Which row of the columns are they?
#
# <details><summary>What happens</summary>
#
# The outputs are 1, 3, 0, 1: the four pixels in the middle of the image. They are row 4 of the
# columns (counted from 0), the row of tap (1, 1): the product of a matrix with a row that has a
# single 1 picks a row. The cell with the numbers worked out by hand now says, rightly, that the
# kernel is another one. Put the old kernel back: section 9 uses it again.
#
# </details>
#
# Before you run the next cell, write down which part of the time goes into copying the columns: a
# twentieth, a quarter or more than half?


# %%
def im2col(x):
    """Copy x (C, H, W) to the matrix of its windows (9C, H W)."""
    channels, height, width = x.shape
    padded, columns = pad(x), np.empty((channels, 3, 3, height, width), x.dtype)
    for i in range(3):
        for j in range(3):
            columns[:, i, j] = padded[:, i : i + height, j : j + width]
    return columns.reshape(channels * 9, height * width)


def conv_im2col(x, weight):
    """Multiply the weights (F, 9C) with the columns (9C, H W)."""
    return (weight.reshape(len(weight), -1) @ im2col(x)).reshape(len(weight), *x.shape[1:])


result = step("im2col and matmul", conv_im2col, result)
print(f"the image has {x.nbytes / 1e6:.1f} MB, its columns {im2col(x).nbytes / 1e6:.1f} MB")
share = clock(im2col, x) * steps["im2col and matmul"][0] * 1e9 / flop(x, weight)
print(f"share of the time that im2col takes: {share:.0%}")

# %% [markdown]
# Now write one yourself. A convolution with *stride* 2 computes every second output, in every
# second row. What has to be copied for it?


# %%
def im2col_strided(x, stride):
    """Copy x (C, H, W) to its windows in every stride-th row and column (9C, outputs)."""
    # one row for each tap, c first, then i, then j; pad(x) puts the zeros around x
    raise NotImplementedError


corner_window = np.array([[0, 0, 0, 0, 1, 2, 0, 3, 4]], np.float32).T
two, five = np.array([[[1, 2], [3, 4]]], np.float32), x[:2, :3, :5]
every_second = im2col(five).reshape(18, 3, 5)[:, ::2, ::2].reshape(18, 6)
check_blank(
    im2col_strided,
    ((two, 2), corner_window, "2 x 2 pixels, stride 2: a single window, round the first pixel"),
    ((image[None], 1), im2col(image[None]), "stride 1: im2col itself"),
    ((five, 2), every_second, "two channels of 3 x 5 pixels, stride 2"),
    hint="tap (i, j) of output (h, w) is padded[c, stride * h + i, stride * w + j]",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def im2col_strided(x, stride):
#     """Copy x (C, H, W) to its windows in every stride-th row and column (9C, outputs)."""
#     channels, height, width = x.shape
#     padded, rows = pad(x), []
#     for c in range(channels):
#         for i in range(3):
#             for j in range(3):
#                 tap = padded[c, i : i + height : stride, j : j + width : stride]
#                 rows.append(tap.reshape(-1))
#     return np.array(rows)
# ```
#
# </details>
#
# For many years this *was* convolution in deep learning, and it is not bad. But someone else has
# written the matrix product, and we have learned nothing about it. We also pay for the copy. So we
# begin again, with loops that we can see.
#
# ## 6. Steps 4 and 5: loops, compiled
#
# `numba.njit` translates a Python function to machine code. We give it the six loops of section 3,
# **unchanged**. Before you run the next cell, write down how many times as fast as Python they will
# be. Are they faster than NumPy with all pixels at once?

# %%
compiled_loops = numba.njit(six_loops)


def conv_compiled(x, weight):
    """Run the six loops as machine code."""
    out = np.empty((len(weight), *x.shape[1:]), x.dtype)
    compiled_loops(pad(x), weight, out)
    return out


result = step("six loops, compiled", conv_compiled, result)
for name in ("Python loops", "im2col and matmul"):
    print(f"{steps['six loops, compiled'][0] / steps[name][0]:.3g} times as fast as {name}")

# %% [markdown]
# The interpreter is gone. Yet compare with the peak. Two things hold these loops back:
#
# - **Each addition waits for the one before.** `total += ...` can only start when the last `total`
#   is known. An addition takes some cycles from start to end (its *latency*, 3 or 4 cycles on most
#   processors), though the core could *start* one or two in every cycle.
# - **One number at a time.** The vector instructions of section 2 are of no use. With them, the
#   additions of one sum would happen in another order, and since rounding depends on the order, the
#   compiler may not do that by itself.
#
# Both disappear if neighbours in the loop belong to *different sums*. So we change the order: take
# one weight, and add its product with a row of the image to a row of the output. The inner loop
# then runs along `w`, its additions are independent, and its numbers are neighbours in memory: the
# compiler can use vectors.
#
# ```
# for f, h                 one row of the output, out[f, h, :]
#   for c, i, j              one weight
#     for w                    out[f, h, w] += weight[f, c, i, j] * padded[c, h + i, j + w]
# ```
#
# Before you run the next cell, write down how many times as fast the same multiplications will be
# in this order: 1, 3, 10 or 100?


# %%
@numba.njit(fastmath={"contract"})
def rows_of_filter(f, padded, weight, out):
    """Compute all rows of one filter."""
    for h in range(out.shape[1]):
        row = out[f, h]
        row[:] = 0
        for c in range(weight.shape[1]):
            for i in range(3):
                for j in range(3):
                    scale = weight[f, c, i, j]
                    source = padded[
                        c, h + i, j : j + row.size
                    ]  # its indices begin with 0: no checks
                    for w in range(row.size):
                        row[w] += scale * source[w]


@numba.njit
def rows_of_all(padded, weight, out):
    """Compute one filter after the other."""
    for f in range(out.shape[0]):
        rows_of_filter(f, padded, weight, out)


def conv_rows(x, weight, run=rows_of_all):
    """Add scaled rows of the image to rows of the output."""
    out = np.empty((len(weight), *x.shape[1:]), x.dtype)
    run(pad(x), weight, out)
    return out


result = step("loops in another order", conv_rows, result)
gain = steps["loops in another order"][0] / steps["six loops, compiled"][0]
print(f"{gain:.3g} times as fast as the six loops, compiled")

# %% [markdown]
# The same multiplications, the same language. Only the order is different.
#
# What limits it now? Look at the inner loop: for one multiply-add it *loads* `source[w]`, *loads*
# `row[w]` and *stores* `row[w]`. That is three accesses to memory for one operation, on a core that
# can do about as many multiply-adds in a cycle as it can do accesses. So the arithmetic units wait,
# even if all data is in the first-level cache.
#
# **Try it:** mirror the kernel, as the convolution of mathematics does: `weight[f, c, 2 - i, 2 -
# j]` in `rows_of_filter`. Will the cell tell you that anything is wrong?
#
# <details><summary>What happens</summary>
#
# Yes. `step` compares before it measures: an AssertionError says how many numbers differ, and by
# how much at most. Without the check the loops would be exactly as fast, and wrong. (What layers
# call a convolution does not mirror the kernel; mathematics calls it a cross-correlation.) Put the
# line back.
#
# </details>
#
# One weight and a row is one way to cut the work. Another one: one *tap* and the whole image. For
# tap (i, j) the weights are a matrix (F, C), and the shifted image is a matrix (C, H W). Their
# product is a part of all outputs, and there are nine of them. Write it, in NumPy:


# %%
def conv_taps(x, weight):
    """Add up nine products of matrices, one for each tap."""
    # nothing is copied to columns: slices of pad(x), and @
    raise NotImplementedError


check_blank(
    conv_taps,
    (ones, np.array(counted, np.float32), "image and weights are ones: outputs count pixels"),
    (corner, conv_python(*corner), "the corner of section 3"),
    hint="weight[:, :, i, j] @ (pad(x), shifted by i and j, seen as (C, H W))",
    atol=1e-4,
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def conv_taps(x, weight):
#     """Add up nine products of matrices, one for each tap."""
#     channels, height, width = x.shape
#     padded, out = pad(x), np.zeros((len(weight), height * width), np.float32)
#     for i in range(3):
#         for j in range(3):
#             shifted = padded[:, i : i + height, j : j + width].reshape(channels, -1)
#             out += weight[:, :, i, j] @ shifted
#     return out.reshape(len(weight), height, width)
# ```
#
# Each product is 9 times smaller than the one of im2col, and the output is read and written nine
# times.
#
# </details>
#
# ## 7. Step 6: a tile in the registers
#
# The only memory faster than the first-level cache is the *registers*: 16 or 32 vectors inside the
# core. So: keep the sums there from the first product to the last. And use each loaded number
# several times while we have it. Both together are a **tile**: R filters x L pixels. With 16
# registers of 8 numbers (AVX2) R = 4 and L = 24: 96 sums, 12 vectors. With 32 registers of 16
# numbers (AVX-512) R = 8 and L = 48: 384 sums, 24 vectors. The figure shows yours.


# %% jupyter={"source_hidden": true}
def draw_tile():
    """Draw one step of the tile."""
    size, low = 14.4 / LANES, -0.6 * (ROWS - 1)
    axes = canvas(11, 2.0 + 0.25 * ROWS, (-3, 17.6), (low - 1.1, 2.5), aspect="equal")
    arrow = {"arrowstyle": "->", "color": INK}
    for lane in range(LANES):
        cell(axes, 3 + size * lane, 1.2, PALE_BLUE, size, 0.6, line=0.4)
        for row in range(ROWS):
            cell(axes, 3 + size * lane, -0.6 * row, PALE_ORANGE, size, 0.6, line=0.4)
    for row in range(ROWS):
        middle = 0.3 - 0.6 * row
        cell(axes, 1.6, -0.6 * row, PALE_GREEN, 0.6, 0.6)
        axes.text(1.9, middle, f"a{row}", ha="center", va="center", color=DARK, fontsize=9)
        axes.annotate("", (2.95, middle), (2.25, middle), arrowprops=arrow)
    for vector in range(3):
        cell(axes, 3 + 4.8 * vector, 1.2, "none", 4.8, 0.6, edge=BLUE, line=1.8)
        axes.annotate("", (5.4 + 4.8 * vector, 0.65), (5.4 + 4.8 * vector, 1.15), arrowprops=arrow)
        for row in range(ROWS):
            cell(axes, 3 + 4.8 * vector, -0.6 * row, "none", 4.8, 0.6, edge=ORANGE, line=1.8)
    words = f"b[k]: tap k of {LANES} pixels, in 3 vectors: 3 loads, each used {ROWS} times"
    axes.text(10.2, 2.0, words, ha="center", color=BLUE)
    words = f"a[k]: tap k's weight\nin {ROWS} filters:\n{ROWS} loads, each\nused 3 times"
    axes.text(1.4, low / 2 + 0.3, words, ha="right", va="center", color=GREEN)
    words = f"{3 * ROWS} vectors of sums, in registers: {3 * ROWS} multiply-adds, no load, no store"
    axes.text(10.2, low - 0.7, words, ha="center", color=ORANGE)
    plt.show()


draw_tile()

# %% [markdown]
# A step of the tile loads 3 vectors and R weights and does 3 R vector multiply-adds: 7 accesses for
# 12 operations (11 for 24 with AVX-512), where the last section had 3 accesses for 1. The sums
# depend on nothing but themselves, so there is always one that can start.
#
# Python has no way to say "keep this in a register". numba lets a library emit the instructions
# itself (an *intrinsic*); minidet's tiles are in [simd/tiles.py](../minidet/kernels/simd/tiles.py).
# `dense_tile` expects its operands in the order in which it reads them:
#
# ```
# dense_tile(out, out_at, stride, a, a_at, b, b_at, depth, accumulate)
#     out[out_at + r * stride + l]  =  sum over k of  a[a_at + R k + r] * b[b_at + L k + l]
#     for r < R, l < L
# ```
#
# with `+=` if `accumulate`. In the language of matrices: a sum of *outer products* `a[k] b[k]'`,
# one per tap. Write that in NumPy first:


# %%
def tile_by_hand(a, b):
    """Return the sum of the outer products of a[k] (R,) and b[k] (L,): (R, L)."""
    # start with zeros; one step for each k; without a.T @ b, which would do it all at once
    raise NotImplementedError


one, other = np.array([[1, 2], [0, 1]], np.float32), np.array([[1, 10, 100], [5, 5, 5]], np.float32)
tall, wide = rng.standard_normal((7, 4)), rng.standard_normal((7, 6))
check_blank(
    tile_by_hand,
    ((one[:1], other[:1]), np.array([[1, 10, 100], [2, 20, 200]], np.float32), "a single step"),
    ((one, other), np.array([[1, 10, 100], [7, 25, 205]], np.float32), "two steps"),
    ((tall, wide), tall.T @ wide, "seven steps of 4 filters and 6 pixels"),
    hint="a column (R, 1) times a row (1, L) is (R, L); each step adds one such product",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def tile_by_hand(a, b):
#     """Return the sum of the outer products of a[k] (R,) and b[k] (L,): (R, L)."""
#     sums = np.zeros((a.shape[1], b.shape[1]), a.dtype)
#     for k in range(len(a)):
#         sums += a[k][:, None] * b[k]
#     return sums
# ```
#
# </details>
#
# Before you run the next cell, write down how many multiply-adds, how many loads and how many
# stores you expect in the machine code of one step.

# %%
depth = 5
a = rng.standard_normal((depth, ROWS), dtype=np.float32)
b = rng.standard_normal((depth, LANES), dtype=np.float32)
tile = np.zeros((ROWS, LANES), np.float32)
only_tiles(1, tile, a, b)
agree(tile, sum(np.outer(a[k], b[k]) for k in range(depth)))
agree(tile, a.T @ b)


def inner_loop(function):
    """Return the instructions of the block that has the most multiply-adds."""
    blocks, block = [], []
    for line in next(iter(function.inspect_asm().values())).splitlines():
        if line.endswith(":"):
            blocks.append(block)
            block = []
        elif line.startswith("\t") and not line.strip().startswith("."):
            block.append(line.strip().replace("\t", " "))
    names = "fmadd", "fmla", "mulps"  # AVX2, NEON, older than both

    def multiply_adds(lines):
        return sum(name in line for line in lines for name in names)

    return max([*blocks, block], key=multiply_adds)


loop = inner_loop(only_tiles)
print(Counter(line.split()[0] for line in loop).most_common(5))
print(*loop[:12], "...", sep="\n")

# %% [markdown]
# This is the loop over k as the processor sees it: how often each instruction occurs, and the first
# of them. With AVX2, a step has 3 loads of a vector of `b` (`vmovups`), 4 that copy one weight to
# all places of a vector (`vbroadcastss`), and the multiply-adds (`vfmadd...`), whose last operand
# is the register of a sum. The compiler may have put two steps into one round. Other processors
# have other names, and shorter vectors need more lines. There is no store, and nothing to take
# away.
#
# Why 4 x 3 vectors and no other shape? A tile of R filters x V vectors loads R + V times for R V
# multiply-adds. It needs a register for each of its R V sums. One of the two operands stays in
# registers during a step, best the one with fewer of them, and the other comes one by one: min(R,
# V) + 1 registers more.
#
# Before you run the next cell, write down which of these loads least for each multiply-add, and
# which do not fit into 16 registers: 4 x 3, 2 x 6, 12 x 1, 6 x 3.


# %% jupyter={"source_hidden": true}
def draw_registers(rows=4, vectors=3, registers=16, axes=None):
    """Draw what the registers hold for a tile of rows x vectors, and the sums without a place."""
    few, sums = min(rows, vectors), rows * vectors
    names = ["a"] * (1 if vectors <= rows else few) + ["b"] * (few if vectors <= rows else 1)
    names += ["+"] * sums
    lines, alone = -(-max(registers, len(names)) // 16), axes is None
    if alone:
        axes = canvas(6.6, 0.4 * (lines + 2.5), (-0.2, 16.2), (-lines - 0.5, 2), aspect="equal")
    faces = {"a": PALE_GREEN, "b": PALE_BLUE, "+": PALE_ORANGE}
    for place in range(max(registers, len(names))):
        outside = place >= registers
        left, bottom = place % 16, -(place // 16) - 0.5 * outside
        name = names[place] if place < len(names) else ""
        style = {"linestyle": "--", "hatch": "///"} if outside else {}
        cell(axes, left, bottom, faces.get(name, "none"), **style)
        if not outside:
            axes.text(left + 0.5, bottom + 0.45, name, ha="center", va="center", color=DARK)
    words = f"{rows} x {vectors}: {rows + vectors} loads for {sums} multiply-add{'s' * (sums > 1)}"
    words += f", {(rows + vectors) / sums:.2f} each; needs {len(names)} registers of {registers}"
    axes.text(0, 1.35, words, fontsize=9, weight="bold")
    if len(names) > registers:
        words = f"hatched: {len(names) - registers} sums in memory, loaded and stored in every step"
        axes.text(0, bottom - 0.75, words, fontsize=9)
    if alone:
        plt.show()


figure, parts = plt.subplots(2, 2, figsize=(11, 3), layout="constrained")
for part, (rows, vectors) in zip(parts.flat, [(4, 3), (2, 6), (12, 1), (6, 3)], strict=True):
    part.set(xlim=(-0.2, 16.2), ylim=(-2.4, 2), aspect="equal")
    part.axis("off")
    draw_registers(rows, vectors, axes=part)
plt.show()

# %% [markdown]
# Each box is a register: green `a`, a weight copied to all places of a vector; blue `b`, a vector
# of pixels; orange, a vector of sums. 6 x 3 would load least, but needs 22 registers. The compiler
# then puts some sums into memory and fetches them again in every step (*spilling*): just what the
# tile was made to avoid. Of those that fit, 4 x 3 loads least: a square is best. Run the notebook
# to move it: which is the best tile for 32 registers?

# %%
viz.sliders(draw_registers, rows=(1, 12), vectors=(1, 6), registers=[16, 32])

# %% [markdown]
# The tile wants the columns in *panels* of L pixels, tap after tap, and the weights in groups of R
# filters, tap after tap. Bringing data into the order in which it will be read is called *packing*.
# We start from im2col, so that only one thing changes.
#
# Before you run the next cell, write down who is faster: NumPy's product on im2col, or our tiles on
# im2col. And how much faster are the tiles if nothing has to be copied or packed?


# %%
def pack(matrix):
    """Reorder weights (F, taps) for the tile: (F / R, taps, R)."""
    filters, taps = matrix.shape
    return np.ascontiguousarray(matrix.reshape(filters // ROWS, ROWS, taps).transpose(0, 2, 1))


@numba.njit
def multiply_panels(packed, panels, out):
    """Multiply weights (F / R, taps, R) with panels (P, taps, L), write out (F, L P)."""
    groups, taps, _ = packed.shape
    for p in range(panels.shape[0]):
        for g in range(groups):
            to = g * ROWS * out.shape[1] + p * LANES
            dense_tile(
                out, to, out.shape[1], packed, g * taps * ROWS, panels, p * taps * LANES, taps, 0
            )


def conv_panels(x, weight):
    """Multiply tile by tile."""
    columns = im2col(x)
    taps, pixels = columns.shape
    panels = np.ascontiguousarray(columns.reshape(taps, pixels // LANES, LANES).transpose(1, 0, 2))
    out = np.empty((len(weight), pixels), x.dtype)
    multiply_panels(pack(weight.reshape(len(weight), -1)), panels, out)
    return out.reshape(len(weight), *x.shape[1:])


result = step("tiles on im2col", conv_panels, result)

columns = im2col(x)
panels = np.ascontiguousarray(columns.reshape(len(columns), -1, LANES).transpose(1, 0, 2))
packed, out = pack(weight.reshape(F, -1)), np.empty((F, H * W), np.float32)
only = clock(multiply_panels, packed, panels, out)
print(f"the tiles alone, with everything packed: {flop(x, weight) / only / 1e9:.3g} GFLOP/s")

# %% [markdown]
# Compare the two numbers. The difference is copying: im2col writes every pixel nine times, packing
# reads and writes all of it again. The faster the arithmetic, the more of the time goes into
# *moving the data into place*.
#
# ## 8. Step 7: offsets in place of im2col
#
# Look at a row of the columns matrix again: tap (c, i, j) of all pixels. It is the padded image
# itself, shifted! In memory, tap (c, i, j) of pixel (h, w) lies at
#
# $$\underbrace{h \cdot (W + 2) + w}_{\text{depends on the pixel}} +
#   \underbrace{c \cdot (H + 2)(W + 2) + i \cdot (W + 2) + j}_{
#   \text{depends on the tap: offset}[k]}$$
#
# So the whole matrix *is* the image, read through a table of 9 C *offsets*. There is no need to
# store it. Write the table:


# %%
def table_of_offsets(channels, height, width):
    """Return the offsets of all taps in the padded image, c first, then i, then j: (9C,)."""
    # the image is channels x height x width; its padded rows and planes are larger
    raise NotImplementedError


one_row = [0, 1, 2, 5, 6, 7, 10, 11, 12]
check_blank(
    table_of_offsets,
    ((1, 2, 2), np.array([0, 1, 2, 4, 5, 6, 8, 9, 10]), "2 x 2 pixels: padded rows have 4"),
    ((2, 1, 3), np.array(one_row + [15 + at for at in one_row]), "two channels of 1 x 3 pixels"),
    hint="how far is a pixel from the one below it, and from the same pixel of the next channel?",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def table_of_offsets(channels, height, width):
#     """Return the offsets of all taps in the padded image, c first, then i, then j: (9C,)."""
#     row, plane = width + 2, (height + 2) * (width + 2)
#     offsets = []
#     for c in range(channels):
#         for i in range(3):
#             for j in range(3):
#                 offsets.append(c * plane + i * row + j)
#     return np.array(offsets)
# ```
#
# </details>
#
# Two details make this fast:
#
# - The L pixels of a tile are L neighbours in *padded* rows, including the two columns of padding.
#   We compute 2 useless outputs per row and leave them out at the end; then every tile looks the
#   same. (minidet's kernels do not even waste those: a tile may consist of pieces from different
#   rows.)
# - All F / R tiles of the same pixels read the same numbers. So they are gathered once into a small
#   panel of at most `BLOCK` taps x L pixels. That is less than 25 kB, chosen to fit into a
#   first-level cache, and is used F / R times before the next panel takes its place. (A pixel is
#   still copied nine times, but to the nearest memory and for a short time; nothing large is
#   written and read again.) Such a cut is called *blocking*. For every block of taps but the first,
#   the tile adds to what is already in `out`.
#
# Before you run the next cell, look at the two speeds of section 7, with copying and without, and
# write down where this one will be.

# %%
BLOCK = 6144 // LANES  # taps in a panel: 256, or 128 with AVX-512


@numba.njit
def one_panel(p, image, offsets, packed, out, panel):
    """Compute L pixels of all filters."""
    taps, groups = offsets.size, packed.shape[0]
    for first in range(0, taps, BLOCK):
        depth = min(BLOCK, taps - first)
        for k in range(depth):
            source = p * LANES + offsets[first + k]
            for lane in range(0, LANES, VECTOR):
                move(panel, k * LANES + lane, image, source + lane)  # copies a vector of neighbours
        for g in range(groups):
            to, a_at = g * ROWS * out.shape[1] + p * LANES, (g * taps + first) * ROWS
            # first = 0: do not accumulate
            dense_tile(out, to, out.shape[1], packed, a_at, panel, 0, depth, first)


@numba.njit
def all_panels(image, offsets, packed, out):
    """Compute one panel after the other."""
    panel = np.empty(BLOCK * LANES, np.float32)
    for p in range(out.shape[1] // LANES):
        one_panel(p, image, offsets, packed, out, panel)


def conv_offsets(x, weight, run=all_panels):
    """Find every tap through its offset in the padded image."""
    channels, height, width = x.shape
    row, plane = width + 2, (height + 2) * (width + 2)
    panels = -(-height * row // LANES)  # rounded up: the last panel reads a little behind the image
    image = np.zeros(channels * plane + LANES, x.dtype)
    image[: channels * plane].reshape(channels, height + 2, row)[:, 1:-1, 1:-1] = x
    c, i, j = np.ogrid[:channels, :3, :3]
    offsets = (c * plane + i * row + j).reshape(-1)  # (9C,)
    out = np.empty((len(weight), panels * LANES), x.dtype)
    run(image, offsets, pack(weight.reshape(len(weight), -1)), out)
    useful = out[:, : height * row].reshape(len(weight), height, row)[:, :, :width]
    return np.ascontiguousarray(useful)


result = step("tiles on offsets", conv_offsets, result)
print(f"a panel has at most {BLOCK} taps, {BLOCK * LANES * 4 / 1000:.1f} kB;", end=" ")
print(f"blocks of taps: {-(-9 * C // BLOCK)}")

# %% [markdown]
# **Try it:** set `BLOCK = 8` and run the cell again, then `BLOCK = 4096`. Write down first what
# each of them does to the sums, and to the panel.
#
# <details><summary>What happens</summary>
#
# The results stay right: each sum is only cut at other places. With 8 taps to a panel there are 72
# blocks; after each of them the tile stores its sums, and for the next one it loads them again. The
# FLOP for each byte loaded or stored, which section 11 counts, fall from 2.5 to 1.2 (with the tiles
# of AVX2: from 1.5 to 0.9). With 4096, all 576 taps are one block: the sums are stored once, but
# the part of the panel that is in use has 111 kB (55 kB), more than most first-level caches hold.
# Compare the times, then put `6144 // LANES` back.
#
# </details>
#
# Tiles, panels and packed weights are what a BLAS has inside `@`, too. We have put im2col into the
# packing. Here is the loop nest, with the place of everything:


# %% jupyter={"source_hidden": true}
def draw_levels():
    """Draw the loop nest, and what lies in which memory while it runs."""
    block, row = min(BLOCK, 9 * C), 1.35
    levels = (  # loop, memory, what lies there, how often it is used, colour
        (f"for {LANES} pixels", "third level or main memory",
         f"image and output: {(x.size + F * H * W) * 4 / 1e6:.1f} MB",
         "a pixel is fetched for a few panels,\nwhich need it soon after each other", "#e6e6e6"),
        ("for a block of taps: gather", "second level",
         f"weights of all filters: {weight.nbytes / 1000:.0f} kB",
         f"used for each of {-(-H * (W + 2) // LANES)} panels", PALE_BLUE),
        (f"for {ROWS} filters", "first level",
         f"panel of {block} taps x {LANES} pixels: {block * LANES * 4 / 1000:.1f} kB",
         f"used for each of {F // ROWS} groups of filters", PALE_GREEN),
        ("for a tap", "registers", f"{ROWS} x {LANES} sums, 3 vectors of pixels, 1 weight",
         f"sums stay for {block} taps; a vector of\npixels is used {ROWS} times, a weight 3 times",
         PALE_ORANGE),
    )  # fmt: skip
    axes = canvas(11, 3.6, (0, 14.2), (-row * 3 - 0.4, 1.9))
    for level, (loop, name, what, use, colour) in enumerate(levels):
        bottom = -row * level
        style = {"boxstyle": "round,pad=0.04", "facecolor": colour, "edgecolor": INK}
        axes.add_patch(FancyBboxPatch((4.6, bottom), 9.4, 1.1, **style))
        axes.text(
            0.1 + 0.35 * level, bottom + 0.55, loop, va="center", family="monospace", fontsize=9
        )
        axes.text(4.8, bottom + 0.75, name, va="center", weight="bold", color=DARK)
        axes.text(4.8, bottom + 0.32, what, va="center", color=DARK)
        axes.text(10.1, bottom + 0.55, use, va="center", fontsize=9, color=DARK)
    words, style = f"{3 * ROWS} vector multiply-adds", {"family": "monospace", "fontsize": 9}
    axes.text(0.1 + 0.35 * 4, -row * 3 - 0.1, words, va="center", **style)
    for at, text in (
        (0.1, "loop nest"),
        (4.8, "what it uses, and where that lies"),
        (10.1, "used again"),
    ):
        axes.text(at, 1.45, text, weight="bold")
    plt.show()


draw_levels()

# %% [markdown]
# The farther away a memory is, the more often its numbers are used once they have come nearer. That
# is the whole art. [conv/tiles.py](../minidet/kernels/conv/tiles.py) is this loop nest with
# strides, dilation, groups and bias, and [conv/direct.py](../minidet/kernels/conv/direct.py) leaves
# the panel out where few filters would use it.
#
# ## 9. Step 8: Winograd, fewer multiplications
#
# So far every step did the same multiplications. Now the last idea: some of them are not needed.
#
# Take one dimension and a filter of 3 taps $g_0, g_1, g_2$. Two neighbouring outputs need four
# inputs $d_0 \dots d_3$:
#
# $$y_0 = d_0 g_0 + d_1 g_1 + d_2 g_2 \qquad y_1 = d_1 g_0 + d_2 g_1 + d_3 g_2$$
#
# That is 6 multiplications. Winograd's $F(2, 3)$ (2 outputs, 3 taps) does it with 4:
#
# $$m_0 = (d_0 - d_2) g_0 \qquad m_1 = (d_1 + d_2) \tfrac{g_0 + g_1 + g_2}{2} \qquad
#   m_2 = (d_2 - d_1) \tfrac{g_0 - g_1 + g_2}{2} \qquad m_3 = (d_1 - d_3) g_2$$
#
# $$y_0 = m_0 + m_1 + m_2 \qquad y_1 = m_1 - m_2 - m_3$$
#
# *Why is that right?* Add $m_1 + m_2$: the terms are $d_1 g_1 + d_2 (g_0 + g_2)$. With $m_0$, the
# $d_2 g_0$ cancels and $d_0 g_0$ comes in: $y_0$. In the same way $m_1 - m_2 = d_1 (g_0 + g_2) +
# d_2 g_1$, and $m_3$ exchanges $d_1 g_2$ for $d_3 g_2$: $y_1$.
#
# Write it down as a function. (The check sees results only: count the multiplications yourself.)


# %%
def two_outputs(d, g):
    """Return y0 and y1 of four inputs d and three taps g, with four products m0 to m3."""
    # halves of sums of taps do not count: they are computed once for each filter
    raise NotImplementedError


check_blank(
    two_outputs,
    (
        ([1, 0, 0, 0], [7, 8, 9]),
        (7.0, 0.0),
        "only d0 is not zero: it meets g0 in y0, nothing in y1",
    ),
    (([0, 1, 0, 0], [7, 8, 9]), (8.0, 7.0), "only d1 is not zero: it meets g1 in y0, g0 in y1"),
    (([2, 1, 3, 5], [1, 2, 3]), (13.0, 22.0), "all of them"),
    hint="m0, m1, m2, m3 first, one line each, as in the formulas; then y0 and y1 are sums of them",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def two_outputs(d, g):
#     """Return y0 and y1 of four inputs d and three taps g, with four products m0 to m3."""
#     m0 = (d[0] - d[2]) * g[0]
#     m1 = (d[1] + d[2]) * ((g[0] + g[1] + g[2]) / 2)
#     m2 = (d[2] - d[1]) * ((g[0] - g[1] + g[2]) / 2)
#     m3 = (d[1] - d[3]) * g[2]
#     return m0 + m1 + m2, m1 - m2 - m3
# ```
#
# </details>
#
# As matrices, $y = A' \left[ (G g) \odot (B' d) \right]$, where $\odot$ multiplies element by
# element. With numbers:

# %%
# B': 4 inputs to 4 sums; G: 3 taps to 4 factors
B = np.array([[1, 0, 0, 0], [0, 1, -1, 1], [-1, 1, 1, 0], [0, 0, 0, -1]], np.float32)
G = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]], np.float32)
A = np.array([[1, 0], [1, 1], [1, -1], [0, -1]], np.float32)  # 4 products to 2 outputs: A'

d, g = np.array([2, 1, 3, 5], np.float32), np.array([1, 2, 3], np.float32)
sums, factors = B.T @ d, G @ g
m = sums * factors
y = A.T @ m
print(f"sums {sums}, factors {factors}")
print(f"products {m}, outputs {y}")

# %%
products = [(2 - 3) * 1, (1 + 3) * 3, (3 - 1) * 1, (1 - 5) * 3]  # -1, 12, 2, -12
direct = [2 * 1 + 1 * 2 + 3 * 3, 1 * 1 + 3 * 2 + 5 * 3]  # 13, 22
words = "these are not the products worked out by hand: are the inputs, or the taps, others?"
np.testing.assert_array_equal(m, products, err_msg=words)
words = "the outputs are not the direct sums worked out by hand"
np.testing.assert_array_equal(y, direct, err_msg=words)


# %% jupyter={"source_hidden": true}
def draw_winograd():
    """Draw F(2, 3) as a graph with the numbers of the example."""
    axes = canvas(11, 4.2, (-1, 11.4), (-4.2, 1.1))

    def node(x, y, text, colour):
        box = {"boxstyle": "round,pad=0.4", "fc": colour, "ec": INK}
        axes.text(x, y, text, ha="center", va="center", bbox=box, color=DARK)

    def edges(matrix, left, right, distance):
        for (target, source), sign in np.ndenumerate(matrix):
            if sign:
                line = "-" if sign > 0 else "--"
                ends = [left, right], [-source, -distance * target]
                axes.plot(*ends, line, color=INK, linewidth=1.6, zorder=0)

    edges(B.T, 0, 3, 1)
    edges(A.T, 7.2, 10.2, 3)
    forms = "d0 - d2", "d1 + d2", "d2 - d1", "d1 - d3"
    halves = "g0", "(g0 + g1 + g2) / 2", "(g0 - g1 + g2) / 2", "g2"
    for k, (form, factor) in enumerate(zip(forms, halves, strict=True)):
        axes.plot([3, 7.2], [-k, -k], color=INK, linewidth=0.8, zorder=0)
        node(0, -k, f"d{k} = {d[k]:g}", PALE_BLUE)
        node(3, -k, f"{form} = {sums[k]:g}", PALE_BLUE)
        node(5.2, -k, f"x {factors[k]:g}", PALE_GREEN)
        axes.text(5.2, -k - 0.42, factor, ha="center", va="center", fontsize=8, color=GREEN)
        node(7.2, -k, f"m{k} = {m[k]:g}", YELLOW)
    for k in range(2):
        node(10.2, -3 * k, f"y{k} = {y[k]:g}", PALE_ORANGE)
    heads = "inputs", "B' d: additions", "G g: once per filter", "4 products", "A' m: additions"
    for at, text in zip((0, 3, 5.2, 7.2, 10.2), heads, strict=True):
        axes.text(at, 0.75, text, ha="center", weight="bold", fontsize=9)
    axes.plot([], [], "-", color=INK, label="plus")
    axes.plot([], [], "--", color=INK, label="minus")
    axes.legend(loc="lower center", ncol=2)
    plt.show()


draw_winograd()

# %% [markdown]
# **Try it:** take the taps `[1, 0, -1]`, which find edges. Write down the two outputs, then the
# four products. How many of them did it need?
#
# <details><summary>What happens</summary>
#
# The outputs are 2 - 3 = -1 and 1 - 5 = -4. Two of the four factors, half of 1 + 0 - 1 and half of
# 1 - 0 - 1, are zero: m1 and m2 are zero too, and two products would have been enough, as in the
# direct sum. Winograd gains where no tap is known beforehand. The cell with the numbers worked out
# by hand says that the taps are others. Put them back.
#
# </details>
#
# In two dimensions do the same along rows and along columns: $Y = A' \left[ (G g G') \odot (B' d B)
# \right] A$. A 4 x 4 window of the image gives 2 x 2 outputs, with $4 \cdot 4 = 16$ multiplications
# in place of $4 \cdot 9 = 36$. That is our 4 x 4 example:

# %%
by_winograd = A.T @ ((G @ kernel @ G.T) * (B.T @ image @ B)) @ A
print(
    "B' d B =", *(B.T @ image @ B), "G g G' =", *(G @ kernel @ G.T), "Y =", *by_winograd, sep="\n"
)
words = (
    "Winograd's outputs are not those of the columns"  # exact: halves and quarters of small numbers
)
np.testing.assert_array_equal(by_winograd.reshape(1, 4), by_columns, err_msg=words)

# %% [markdown]
# And the additions? $B' d B$ costs 32 additions, but it is done once for each window and channel,
# *for all F filters together*. $A' m A$ costs 24, but because it is linear, the sum over channels
# can come first: it is done once for each window and filter, *for all C channels together*. $G g
# G'$ is done once for each filter and channel. With many channels and filters all of that is little
# beside $16 \cdot F \cdot C$ multiplications per window.
#
# So the sums over channels are 16 products of matrices, one for each of the 16 places in a window,
# each (F, C) @ (C, windows): **the tile again**, now with C taps in place of 9 C.
#
# ```
# for L windows
#   for c: gather d, 4 x 4 x L; d = B' d B         -> 16 panels (C, L)
#   for 16 places
#     for R filters: the tile, summed over c       -> m (16, F, L)
#   for f: A' m A                                  -> 2 x 2 x L pixels
# ```
#
# Windows start at every second row and column. So the image is first split into its 2 x 2 *phases*
# (even and odd rows, even and odd columns): in each of them, the same places of neighbouring
# windows are neighbours in memory, and the offsets of section 8 work again.
#
# Before you run the next cell, write down how many times as fast as the tiles on offsets it will
# be. Only 4 of 9 multiplications are left: 2.25 times, or less?


# %%
@numba.njit
def split(x, phases):
    """Copy x (C, H, W) to its padded phases (C, 2, 2, rows, columns)."""
    for c in range(x.shape[0]):
        for h in range(x.shape[1]):
            for w in range(x.shape[2]):
                phases[c, (h + 1) % 2, (w + 1) % 2, (h + 1) // 2, (w + 1) // 2] = x[c, h, w]


@numba.njit
def times_b(d0, d1, d2, d3):
    """Return ``B' d``."""
    return d0 - d2, d1 + d2, d2 - d1, d1 - d3


@numba.njit
def times_a(m0, m1, m2, m3):
    """Return ``A' m``."""
    return m0 + m1 + m2, m1 - m2 - m3


@numba.njit
def copy(out, to, source, at):
    """Copy L neighbours."""
    for lane in range(0, LANES, VECTOR):
        move(out, to + lane, source, at + lane)


@numba.njit
def gather_windows(image, at, plane, row, d, panels, to, step):
    """Gather L windows of one channel, and write ``B' d B`` to place ``to`` of each panel."""
    for i in range(4):
        for j in range(4):
            phase = i % 2 * 2 + j % 2
            copy(d, (4 * i + j) * LANES, image, at + phase * plane + i // 2 * row + j // 2)
    for j in range(4):
        for l in range(LANES):
            sums = times_b(d[0, j, l], d[1, j, l], d[2, j, l], d[3, j, l])
            d[0, j, l], d[1, j, l], d[2, j, l], d[3, j, l] = sums
    for i in range(4):
        for l in range(LANES):
            sums = times_b(d[i, 0, l], d[i, 1, l], d[i, 2, l], d[i, 3, l])
            d[i, 0, l], d[i, 1, l], d[i, 2, l], d[i, 3, l] = sums
    for place in range(16):
        copy(panels, place * step + to, d, place * LANES)


@numba.njit
def write_pixels(m, f, first, out):
    """Write ``A' m A`` of L windows of one filter: rows 0 and 1, columns in turn."""
    for l in range(LANES):
        left = times_a(m[0, f, l], m[4, f, l], m[8, f, l], m[12, f, l])
        centre = times_a(m[1, f, l], m[5, f, l], m[9, f, l], m[13, f, l])
        right = times_a(m[2, f, l], m[6, f, l], m[10, f, l], m[14, f, l])
        end = times_a(m[3, f, l], m[7, f, l], m[11, f, l], m[15, f, l])
        for i in range(2):
            y0, y1 = times_a(left[i], centre[i], right[i], end[i])
            out[i, f, first + l, 0], out[i, f, first + l, 1] = y0, y1


@numba.njit
def all_windows(image, plane, row, packed, out):
    """Compute L windows after L windows, to out (2, F, windows, 2).

    The image is (C, 4, plane), the packed weights are (16, F / R, C, R).
    """
    _, groups, channels, _ = packed.shape
    d = np.empty((4, 4, LANES), np.float32)
    panels = np.empty((16, channels, LANES), np.float32)
    m = np.empty((16, groups * ROWS, LANES), np.float32)
    for first in range(0, out.shape[2], LANES):
        for c in range(channels):
            at, step = c * 4 * plane + first, channels * LANES
            gather_windows(image, at, plane, row, d, panels, c * LANES, step)
        for place in range(16):
            for g in range(groups):
                to, a_at = (
                    (place * groups + g) * ROWS * LANES,
                    (place * groups + g) * channels * ROWS,
                )
                b_at = place * channels * LANES
                dense_tile(m, to, LANES, packed, a_at, panels, b_at, channels, 0)
        for f in range(groups * ROWS):
            write_pixels(m, f, first, out)


def conv_winograd(x, weight):
    """Compute with 16 multiplications for 2 x 2 outputs."""
    channels, height, width = x.shape
    filters, row, rows = len(weight), width // 2 + 1, height // 2 + 1
    windows = (
        -(-(height // 2) * row // LANES) * LANES
    )  # one useless window per row, and some at the end
    image = np.zeros(channels * 4 * rows * row + LANES, x.dtype)
    split(x, image[: channels * 4 * rows * row].reshape(channels, 2, 2, rows, row))
    factors = np.kron(G, G) @ weight.reshape(-1, 9).T  # G g G', all at once
    grouped = factors.reshape(16, filters // ROWS, ROWS, channels)
    packed = np.ascontiguousarray(grouped.transpose(0, 1, 3, 2))
    out = np.empty((2, filters, windows, 2), x.dtype)
    all_windows(image, rows * row, row, packed, out)
    useful = out.reshape(2, filters, -1)[:, :, : height // 2 * 2 * row]
    useful = useful.reshape(2, filters, height // 2, 2 * row)[..., :width]
    return useful.transpose(1, 2, 0, 3).reshape(filters, height, width)


result = step("Winograd F(2x2, 3x3)", conv_winograd, result)
gain = steps["Winograd F(2x2, 3x3)"][0] / steps["tiles on offsets"][0]
print(f"{gain:.2f} times as fast as the tiles on offsets")
print(f"multiply-adds per filter: {16 * C * H * W // 4} in place of {9 * C * H * W}: 4/9")

# %% [markdown]
# It is not 2.25 times: the additions $B' d B$ and $A' m A$ have to be paid, and here each of their
# results goes to memory and comes back.
#
# Remember that GFLOP/s count the multiplications of the *direct* sum, so this number may come near
# the peak, or above it. The core does not work faster than it can. It does less.
#
# ## 10. Step 9: minidet's own
#
# `minidet.nn.functional.conv2d` chooses between these ways. It keeps its work space from call to
# call, does the additions of Winograd on whole vectors, and knows strides, dilation, groups, odd
# sizes and float64. [conv/dispatch.py](../minidet/kernels/conv/dispatch.py) is the place to start
# reading: you have now seen its ideas.


# %%
def conv_minidet(x, weight):
    """Call the library."""
    return conv2d(x[None], weight, padding=1).numpy()[0]


result = step("minidet conv2d", conv_minidet, result)

try:
    import torch
except ImportError:
    torch = None
    print("PyTorch is not installed: its time is left out")
else:
    torch.set_num_threads(1)

    def conv_torch(x, weight):
        """Call PyTorch."""
        x, weight = torch.from_numpy(x[None]), torch.from_numpy(weight)
        return torch.nn.functional.conv2d(x, weight, padding=1).numpy()[0]

    step("PyTorch conv2d", conv_torch, result)

# %% jupyter={"source_hidden": true}
names = list(steps)
speed = np.array([steps[name][0] for name in names])
figure, axes = plt.subplots(figsize=(9, 4.2))
kinds = {"PyTorch conv2d": INK, "minidet conv2d": GREEN}
labels = [f"{name}   {value:.3g}" for name, value in zip(names, speed, strict=True)]
axes.barh(labels, speed, color=[kinds.get(name, BLUE) for name in names], log=True)
axes.axvline(peak / 1e9, color=ORANGE, linestyle="--", label="peak of multiply-adds")
axes.set_xlabel("GFLOP/s of the direct sum, one core, logarithmic")
axes.set_xlim(speed.min() / 2, speed.max() * 3)
axes.legend(loc="upper center")
axes.invert_yaxis()
figure.tight_layout()
plt.show()
ratio = steps["minidet conv2d"][0] / steps["Python loops"][0]
print(f"from the first step to the last: {ratio:,.0f} times as fast")

# %% [markdown]
# ## 11. The roofline
#
# Which limit does each step meet? Count the bytes that it moves between the core and its memory,
# all loads and all stores, and divide:
#
# $$\text{arithmetic intensity} = \frac{\text{FLOP}}{\text{bytes loaded and stored}}$$
#
# A loop with intensity $I$ cannot be faster than the peak, and not faster than $I \cdot$ bandwidth.
# Drawn on two logarithmic axes, the second is a slope and the first a flat top: a roof. There is
# one slope for each memory of section 2. A step whose data lies in the first-level cache has the
# highest slope above it; one whose data is farther away has a lower one.
#
# Here is the count, step by step. P are the H W pixels, K the 9 C taps; a float32 has 4 bytes.
#
# Before you run the next cell, write down the order of these four by their intensity, the lowest
# first: six loops, compiled; loops in another order; tiles on offsets; Winograd.

# %%
P, K = H * W, 9 * C
products = F * K * P  # multiply-adds of the direct sum


def tile_bytes(products):
    """Count what the tile loads: R + L numbers for R * L multiply-adds."""
    return products * 4 * (ROWS + LANES) / (ROWS * LANES)


panels = -(-H * (W + 2) // LANES) * LANES  # pixels with the useless ones
windows = -(-(H // 2) * (W // 2 + 1) // LANES) * LANES
blocks = -(-K // BLOCK)
copied = 4 * 2 * K * P  # im2col reads and writes each number once
winograd_products = (
    tile_bytes(16 * F * C * windows)  # 16 matrix products
    + 4 * 16 * F * windows  # m is written by the tile
    + 4 * (16 + 4) * F * windows  # A' m A: 16 loads, 4 stores
)

bytes_moved = {
    # a weight and a pixel for each multiply-add; the output once (Python moves objects: far more)
    "Python loops": 4 * 2 * products + 4 * F * P,
    # for each pixel: all weights; the window read, copied, read again; F outputs
    "NumPy, pixel by pixel": 4 * P * (F * K + 3 * K + F),
    # the copy, then the product, whose loops we cannot see: we assume that its tile is like ours
    "im2col and matmul": copied + tile_bytes(products) + 4 * F * P,
    "six loops, compiled": 4 * 2 * products + 4 * F * P,
    # for each multiply-add: a pixel loaded, an output loaded and stored; for each row a weight
    "loops in another order": 4 * 3 * products + 4 * products / W,
    # the copy; packing, which is a copy again; the tiles; the output
    "tiles on im2col": 2 * copied + tile_bytes(products) + 4 * F * P,
    # gather: read and write; the tiles; the output: written for the first block of taps, read and
    # written for every other one
    "tiles on offsets": 4 * 2 * K * panels
    + tile_bytes(F * K * panels)
    + 4 * F * panels * (2 * blocks - 1),
    # split: 8; gather 16 + 16, two passes of 16 + 16 each, 16 + 16 to the panels; then the products
    "Winograd F(2x2, 3x3)": 4 * C * windows * (8 + 4 * 32) + winograd_products + 4 * 2 * F * P,
    # split, but everything from gathering to the panels happens in registers: 16 loads, 16 stores
    "minidet conv2d": 4 * C * windows * (8 + 32) + winograd_products + 4 * F * P,
}
if min(C, F) < LEAST:  # then it reads the tiles' pixels from the padded image
    bytes_moved["minidet conv2d"] = 4 * 2 * C * P + tile_bytes(products) + 4 * F * P

intensity = {name: 2 * products / moved for name, moved in bytes_moved.items()}
print(
    f"{'step':24} {'FLOP/byte':>10} {'GFLOP/s':>10} {'of the roof':>12}   roof of the nearest cache"
)
for name, value in intensity.items():
    roof, speed = min(peak, value * near) / 1e9, steps[name][0]
    print(f"{name:24} {value:10.2f} {speed:10.3g} {speed / roof:12.1%}   {roof:.3g}")


# %% jupyter={"source_hidden": true}
def draw_roofline():
    """Draw the roofs that were measured, and a point for each step."""
    figure, axes = plt.subplots(figsize=(9.5, 5.4))
    at = np.geomspace(0.08, 8, 200)
    memories = {"first-level cache": near, "192 kB": middle, f"{sizes[-1] / 1000:.0f} MB": far}
    for (place, speed), style in zip(memories.items(), ("-", "--", ":"), strict=True):
        label = f"{place}: {speed / 1e9:.3g} GB/s"
        axes.loglog(at, np.minimum(peak, at * speed) / 1e9, style, color=INK, label=label)
    axes.text(0.085, peak / 1e9 * 1.1, f"peak: {peak / 1e9:.3g} GFLOP/s")
    for number, (name, value) in enumerate(intensity.items(), 1):
        less = name.startswith("Winograd") or (name.startswith("minidet") and min(C, F) >= LEAST)
        style = {"color": GREEN if less else BLUE, "marker": "s" if less else "o", "markersize": 13}
        label = f"{number}  {name}"
        axes.plot(
            value, steps[name][0], linestyle="none", label=label, markeredgecolor=INK, **style
        )
        middle_of = {"ha": "center", "va": "center", "fontsize": 8, "weight": "bold"}
        axes.text(value, steps[name][0], str(number), color="white", **middle_of)
    axes.set(title="The roofline of one core", ylabel="GFLOP/s of the direct sum")
    axes.set_xlabel("arithmetic intensity: FLOP per byte loaded or stored")
    slowest = min(steps[name][0] for name in intensity)
    axes.set(xlim=(0.08, 8), ylim=(slowest / 2, peak / 1e9 * 4))
    axes.grid(alpha=0.3, which="both")
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), markerscale=0.6)
    figure.tight_layout()
    plt.show()


draw_roofline()

# %% [markdown]
# Lines are the roofs, one for each memory. Points are the steps: blue circles do all
# multiplications, green squares leave some out. How to read it:
#
# - **Left of the corner** of a roof, memory is the limit; the way up is to the right: use every
#   loaded number more often. That is the way from step 5 to step 7.
# - **Right of it**, arithmetic is the limit; the way up is Winograd's: do less.
# - **Far below every roof**, neither is the limit. Something else is: the interpreter (step 1),
#   calls (step 2), additions that wait for one another (step 4).
# - A roof tells what is *possible*, not what is reached. The point of step 8 or 9 may lie *above*
#   the flat roof, because we count operations that it leaves out. So may step 3 on Apple's
#   processors, whose BLAS uses a matrix unit that our peak does not know.
#
# **Try it:** the first layer of a network once more. Set the first number of both lists in section
# 1 to 3 and run all cells down to here. Write down first which steps lose intensity: those that
# copy pixels, or those that add them?
#
# <details><summary>What happens</summary>
#
# Winograd loses most: from 3.4 to 0.9 FLOP per byte (with the tiles of AVX2: from 2.4 to 0.8). The
# additions $A' m A$ of each filter and window, and the products `m` on their way to memory, are now
# shared by 3 channels and not by 64. The tiles on offsets lose little, 2.5 to 2.3 (1.5 to 1.4): a
# copied pixel is still used by all filters. minidet does not use Winograd below 16 channels; it
# reads the pixels straight from the padded image, 2.7 (1.5). That is why a library chooses.
#
# </details>
#
# ## 12. All cores
#
# Until now one core worked. The loop over panels is a loop over *independent* outputs, so it may be
# divided among all cores: with `parallel=True`, `prange` does that. The body is the function that
# we have. Each thread takes 8 panels of pixels at a time, and has memory of its own to gather them.
#
# Nothing is summed across threads, so each output is the same sum in the same order. The result
# must be *equal*, bit for bit.
#
# Before you run the next cell, write down how many times as fast each of the three will be on all
# cores of your machine.


# %%
@numba.njit(parallel=True)
def rows_parallel(padded, weight, out):
    """Compute the filters on all cores."""
    for f in numba.prange(out.shape[0]):
        rows_of_filter(f, padded, weight, out)


@numba.njit
def panels_between(first, last, image, offsets, packed, out):
    """Compute some panels."""
    panel = np.empty(BLOCK * LANES, np.float32)
    for p in range(first, last):
        one_panel(p, image, offsets, packed, out, panel)


@numba.njit(parallel=True)
def panels_parallel(image, offsets, packed, out):
    """Compute the panels on all cores, 8 at a time."""
    panels = out.shape[1] // LANES
    for share in numba.prange((panels + 7) // 8):
        panels_between(share * 8, min(panels, share * 8 + 8), image, offsets, packed, out)


numba.set_num_threads(CORES)
several = {
    "loops in another order": lambda: conv_rows(x, weight, rows_parallel),
    "tiles on offsets": lambda: conv_offsets(x, weight, panels_parallel),
    "minidet conv2d": lambda: conv_minidet(x, weight),
}
for name, run in several.items():
    words = f"{name}: another result on all cores than on one"
    np.testing.assert_array_equal(run(), steps[name][1], err_msg=words)  # bit for bit
if torch:
    torch.set_num_threads(CORES)
    several["PyTorch conv2d"] = lambda: conv_torch(x, weight)

print(f"{'':24} {'1 core':>8} {f'{CORES} cores':>8}   GFLOP/s")
for name, run in several.items():
    now = flop(x, weight) / clock(run) / 1e9
    print(f"{name:24} {steps[name][0]:8.3g} {now:8.3g}   {now / steps[name][0]:.2f} times as fast")

# %% [markdown]
# This was the easy part, and it *multiplies* what one core can do: that is why it came last.
# Parallel slow code is slow code on all cores. If you see less than the number of cores: padding
# and packing here run on one core only, cores share the memory, and other programs want to run too.
#
# ## 13. What did it cost in digits?
#
# Same sums, other orders, and in Winograd other numbers: each step rounds differently. The distance
# to the sum in float64:
#
# Before you run the next cell, write down which of these is nearest to it, and which one is
# farthest away: one long sum (six loops), sums that NumPy cuts into pieces (im2col and matmul), one
# sum per block of taps (tiles on offsets), Winograd.

# %%
exact = conv_im2col(x.astype(np.float64), weight.astype(np.float64))
for name, (_, value) in steps.items():
    if value.shape == exact.shape:
        print(f"{name:24} largest error {np.abs(value - exact).max():.1e}")

# %% [markdown]
# One long sum in a row rounds after each addition; several short ones that are added at the end
# lose less. Winograd has shorter sums, C terms in place of 9 C. But it adds before it multiplies,
# and what is rounded away there does not come back. For $F(2 \times 2, 3 \times 3)$ that loss is
# small. For larger windows it is not: see question 3.
#
# ## Summary
#
# 1. A layer of 3 x 3 filters needs 9 C F H W multiply-adds. Each of its numbers is used again and
#    again, so it *can* be fast.
# 2. Two limits are measured before anything else: multiply-adds per second, and bytes per second
#    from each memory.
# 3. Loops in Python pay the interpreter for every number; NumPy pays it once for many.
# 4. im2col turns the layer into one product of matrices, for nine copies of the image.
# 5. Compiled loops are slow as long as each addition waits for the one before. Independent sums
#    along a row allow vectors.
# 6. A tile keeps its sums in registers from the first product to the last, and uses each loaded
#    number several times. Its shape follows from the number of registers.
# 7. A table of offsets reads the columns from the image itself. Blocks of taps keep the panel in
#    the first-level cache.
# 8. Winograd leaves out 5 of 9 multiplications, and pays with additions, which many channels and
#    filters share.
# 9. The roofline says which limit holds a loop back, and so what to do next: use numbers more
#    often, or do less.
# 10. All cores come last: they multiply what one core can do, and do not change a bit of the
#     result.
#
# The terms, and what each of them builds on:
#
# | term | section | builds on |
# |---|---|---|
# | multiply-add, FLOP | 1 | the sum that defines a convolution |
# | peak, bandwidth | 2 | FLOP; bytes |
# | cache | 2 | bandwidth |
# | im2col | 5 | product of matrices |
# | latency, independent sums | 6 | multiply-add |
# | vector instruction | 2, 6 | independent sums |
# | register, tile | 7 | vector instruction; outer product |
# | packing, panel | 7 | tile; im2col |
# | offsets | 8 | im2col, without the copy |
# | blocking | 8 | panel; cache |
# | Winograd, $F(2 \times 2, 3 \times 3)$ | 9 | tile; offsets in four phases |
# | arithmetic intensity, roofline | 11 | peak, bandwidth |
# | threads | 12 | panels that depend on nothing but themselves |
#
# ## Questions
#
# **1.** In the roofline, "loops in another order" is *left* of "six loops, compiled": it moves more
# bytes for the same work. Why is it faster all the same?
#
# <details><summary>Answer</summary>
#
# A roof is only a limit, and the six loops are far below theirs. Their sum waits for its last
# addition each time, and they work on one number at a time. The new order has independent sums
# along the row, so the compiler uses vectors and the core starts an addition before the last one
# has ended. It pays with a load and a store of `row[w]` for each multiply-add, and that becomes its
# limit. The tile has both: independent sums *and* no load or store of them.
#
# </details>
#
# **2.** With 32 registers (AVX-512), which tiles load least for each multiply-add? minidet takes 8
# filters x 3 vectors. What does it lose?
#
# <details><summary>Answer</summary>
#
# 5 x 5 fits: 25 sums, 5 + 1 operands, 31 registers. It loads 10 times for 25 multiply-adds, 0.40
# each. 6 x 4 has 0.42, 8 x 3 has 11 / 24 = 0.46. All three need less than half a load for each
# multiply-add. A core that can do as many loads as multiply-adds in a cycle is held back by
# arithmetic in all of them, so little is lost. And 8 divides the numbers of filters that networks
# have, 16, 32, 64 and so on; with groups of 5, some tiles would be partly empty.
#
# </details>
#
# **3.** $F(4 \times 4, 3 \times 3)$ computes 4 x 4 outputs from a 6 x 6 window. How many
# multiplications does it save? Why does minidet not use it?
#
# <details><summary>Answer</summary>
#
# 36 in place of 16 x 9 = 144: a factor of 4, where $F(2 \times 2, 3 \times 3)$ has 36 / 16 = 2.25.
# But its matrices contain numbers such as 4, 5, 8 and 1/24 where ours have 1 and 1/2. Large terms
# are added and cancel later, and their rounding errors stay. In float32 its error is many times
# that of the direct sum. It also needs 36 panels, which leave the caches earlier.
#
# </details>
#
# **4.** A 1 x 1 convolution: what is left of im2col, of the offsets, of Winograd?
#
# <details><summary>Answer</summary>
#
# im2col copies each number once, so it is the image itself: nothing to do. The offsets are `c * H *
# W`: the image *is* the matrix (C, H W), and the convolution is a matrix product. Winograd has
# nothing to save: one tap, one multiplication for each output.
# [conv/pointwise.py](../minidet/kernels/conv/pointwise.py) is what remains: a copy to a panel, and
# the tile. It is the shortest of minidet's products, and the one that memory slows most.
#
# </details>
#
# **5.** With stride 2 the windows of two outputs share only one number in each axis, `d2`. Is there
# anything that Winograd's trick can save?
#
# <details><summary>Answer</summary>
#
# Yes, if you look at even and odd numbers separately. The even ones, `d0, d2, d4`, meet the taps
# `g0` and `g2` only: a filter of *two* taps with stride 1, whose two outputs need 3 products,
# `(d0 - d2) g0`, `d2 (g0 + g2)` and `(d4 - d2) g2`, not 4. The odd ones meet `g1` only: `d1 g1` and
# `d3 g1`. That is 5 in place of 6 along each axis, 25 in place of 36 for 2 x 2 outputs. Write down
# `y0` and `y1` to see that it is right.
# [winograd/strided.py](../minidet/kernels/conv/winograd/strided.py) does it, and the input
# gradient too.
#
# </details>
#
# ## What to read next
#
# - [docs/performance.md](../docs/performance.md): how minidet's kernels were built, what was tried,
#   what it gave. Then [simd/tiles.py](../minidet/kernels/simd/tiles.py),
#   [conv/tiles.py](../minidet/kernels/conv/tiles.py),
#   [winograd/unstrided.py](../minidet/kernels/conv/winograd/unstrided.py).
# - K. Goto, R. van de Geijn, *Anatomy of high-performance matrix multiplication*, ACM TOMS 34(3),
#   2008: which operand lives in which cache. Section 8 is its idea.
# - S. Williams, A. Waterman, D. Patterson, *Roofline: an insightful visual performance model for
#   multicore architectures*, CACM 52(4), 2009. It counts the bytes of main memory; we counted those
#   of every load and store.
# - A. Lavin, S. Gray, *Fast algorithms for convolutional neural networks*, 2015,
#   [arXiv:1509.09308](https://arxiv.org/abs/1509.09308): Winograd for convolution layers.
# - J. Zhang, F. Franchetti, T. M. Low, *High performance zero-memory overhead direct convolutions*,
#   2018, [arXiv:1809.10170](https://arxiv.org/abs/1809.10170): no im2col at all.
# - E. Georganas and others, *Anatomy of high-performance deep learning convolutions on SIMD
#   architectures*, 2018, [arXiv:1808.05567](https://arxiv.org/abs/1808.05567): the same on large
#   servers, with code made at run time.
