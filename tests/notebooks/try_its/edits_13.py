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
}  # fmt: skip
