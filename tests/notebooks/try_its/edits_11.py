"""What readers are asked to try in notebook 11, and what comes out."""

from .edit import Edit

COARSE = "S, STRIDE = 25, 2", "S, STRIDE = 25, 4"
WINDOWS = 'print(f"{len(crops):,} windows together")'
#: Cells that the edits do not need: trainings, and what looks at their scores.
SLOW = (
    "overfit(batch",
    "def fit(",
    "on_face = box_iou",
    "negatives = np.concatenate",
    "history[turn]",
    "def draw_nms",
    "viz.sliders",
    "over_levels = ",
    "cuts = {",
    "cuts.items()",
    "proposals = selective_search",
    "show(grid[3], half",
)
THREE, SIX = (("HAND_THRESHOLD = 0.4", f"HAND_THRESHOLD = {threshold}") for threshold in (0.3, 0.6))
LARGER = "K_HAND = 20", "K_HAND = 130"
SINGLE = 'MODE = "fast"', 'MODE = "single"'

EDITS = {
    1: [
        Edit((COARSE,), until=WINDOWS, prints=r"6,355 windows together\n$"),
        Edit((COARSE,), until="assert len(crops)", raises="AssertionError: 6355 windows"),
    ],
    2: [
        Edit((THREE,), without=SLOW, prints=r"kept: A D\n$"),
        Edit((SIX,), without=SLOW, prints=r"kept: A C D E\n$"),
    ],
    3: [Edit((LARGER,), without=SLOW, prints=r"27, sizes .*joined\n(.*refused\n)*\[\[0 0 1 1\]\n \[0 0 1 1\]\n \[0 0 1 1\]\n \[0 0 1 1\]\]")],
    4: [Edit((SINGLE,), without=SLOW, prints=r"^single: \d\d boxes in a scene\nselective search +1 ")],
}  # fmt: skip
