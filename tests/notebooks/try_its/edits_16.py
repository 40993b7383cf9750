"""What readers are asked to try in notebook 16, and what comes out."""

from .edit import Edit

RATIOS = "RATIOS = ((2,), (2, 3), (2, 3), (2, 3), (2,), (2,))", "RATIOS = ((2,), (2,), (2,), (2,), (2,), (2,))"
FIRST_MAP = (
    "K_HOT, Y_HOT, X_HOT, A_HOT, C_HOT = 1, 2, 3, 1, 5",
    "K_HOT, Y_HOT, X_HOT, A_HOT, C_HOT = 0, 15, 15, 7, 10",
)
#: Cells that the edits do not need: what takes time, and pictures.
SLOW = (
    "two_looks = ",
    "PAPER = (",
    "draw_network()",
    "def draw_level(",
    "level=(0, 5)",
    "def draw_clash(",
    "def draw_matched(",
    "sliders(draw_matching",
)
STRICT = "print((library_match(overlaps, 0.9) >= 0).sum())"
EQUAL = "print(hard_negative_mining([[1.0, 1.0, 1.0, 1.0]], [[1, 0, 0, 0]], 2.0).numpy())"

EDITS = {
    1: [Edit((RATIOS,), until="assert len(boxes300)", without=SLOW, prints="7,760 boxes together",
             raises="AssertionError: 7,760 boxes")],
    2: [Edit((FIRST_MAP,), until="err_msg=\"the head's order", without=SLOW, prints="box 2047, class 10",
             raises="AssertionError")],
    3: [Edit(until="WATCHED = 0", add=STRICT, without=SLOW, prints=r"^6\n")],
    4: [Edit(until="same(heap.sum(1)", add=EQUAL, without=SLOW, prints=r"^\[\[False  True  True False\]\]\n")],
}  # fmt: skip
