"""What readers are asked to try in notebook 13, and what comes out."""

from .edit import Edit

LARGER = "SIZE, WARPED, BINS, UNITS, K = 96", "SIZE, WARPED, BINS, UNITS, K = 192"
COSTS = 'print(f"one look is cheaper from {even} regions on")'
TIE = "GRID = np.array([[1.0, 4, 2, 0], [3, 5, 9, 6]", "GRID = np.array([[1.0, 4, 2, 0], [3, 9, 9, 6]"
LOOSE = "FOREGROUND, LOW = 0.5, 0.1", "FOREGROUND, LOW = 0.3, 0.1"
#: Cells that the edits do not need: numbers from paper, what is counted, drawn, moved or searched.
PAPER, COUNTED = "same(pooled", "with counting(model)"
DRAWN = "STYLES = {", "viz.sliders", "def draw_pooling", "for axes, image, target in zip(grid, test_images"
SHOWN = "naive_roi_pool(maps", "one_map = ", "images, targets = scenes("
GRADIENTS = "gradient_by_hand(", "def total(", "on_paper", "def pool_gradient("
#: A whole head is all that the two last edits need.
SLOW = *DRAWN, *SHOWN[:2], *GRADIENTS, "def climb("
PART = "8, 128", "128, 8"
CUT = 'print(precision(detect(model.compress(({})), test_images, test_targets))["AP"])'
MENDED = (
    ("    y1, x1, y2, x2 = boxes.T", "    x1, y1, x2, y2 = boxes.T"),
    ("    names = sorted(CLASSES)", "    names = CLASSES"),
    ("boxes[:, :, 0::2].clip(0, height)", "boxes[:, :, 0::2].clip(0, width)"),
    ("boxes[:, :, 1::2].clip(0, width)", "boxes[:, :, 1::2].clip(0, height)"),
    ('target | {"boxes": mirrored(target["boxes"])}',
     'target | {name: mirrored(target[name]) for name in ("boxes", "proposals")}'),
    ("    order, kept = scores.argsort(), []", "    order, kept = (-scores).argsort(), []"),
)  # fmt: skip
#: Neither do the patients need the sections before them.
LONG = (
    "together = {",
    "classes_only = {",
    "staged = {",
    "def second_stage(",
    "WAYS = {",
    "def roughened(",
    "results.items()",
    "def says(",
    "def svd_by_hand(",
    "singular values",
    "def cut_cost(",
    "def fast_seconds(",
    "spent = {}",
    "right.barh",
    "full_cost ==",
    "def time_left(",
    "zip(climbs.items()",
    "grid, SCENES",
    "grid, in_wide.items()",
)

EDITS = {
    1: [
        Edit((LARGER,), until=COSTS, prints=r"one look is cheaper from 48 regions on\n"),
        Edit((LARGER,), until="assert even == 12", raises="AssertionError: 96 x 96 pixels"),
    ],
    2: [
        Edit((TIE,), without=(PAPER, *DRAWN), until='print("added up:"',
             prints=r"added up: \[\[0\.0, 0\.0, 0\.0, 0\.0\], \[0\.0, 15\.0, 6\.0, 0\.0\], .* sum 36\.0\n"),
        Edit((TIE,), without=(COUNTED, *DRAWN), until=PAPER, raises="(?s)AssertionError:.*A: of 1 4 3 5"),
    ],
    3: [
        Edit((LOOSE,), without=(PAPER, COUNTED, *DRAWN, *SHOWN, *GRADIENTS),
             prints=r"^objects +(\d{3}) of 1652 proposals, 16 of 64 drawn\nbackground +\d{3} of 1652 .* 48 of 64"),
    ],
    4: [
        Edit(until="history = fit()", without=SLOW, add="\n".join(CUT.format(ranks) for ranks in PART),
             prints=r"^0\.\d+\n0\.\d+\n$"),
    ],
    5: [
        Edit(MENDED, until="def keep_e(", without=(*SLOW, *LONG),
             prints=r"(?s)A: mended\n.*B: mended\n.*C: mended\n.*D: mended\n.*E: mended\n"),
    ],
}  # fmt: skip
