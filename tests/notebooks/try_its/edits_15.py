"""What readers are asked to try in notebook 15, and what comes out."""

from .edit import Edit

COARSE = "S, B = 8, 2", "S, B = 3, 2"
LAST = "ROW, COLUMN = 5, 2", "ROW, COLUMN = 7, 7"
BETTER = "HAND_SAID = np.array([[0.75, 0.75, 0.5, 0.5],", "HAND_SAID = np.array([[0.75, 0.75, 0.7, 0.7],"
FITS = "TARGET = 0.6", "TARGET = 0.9"
WIDE = "SPACING, BIRDS, GRID = 40, 5, 7", "SPACING, BIRDS, GRID = 64, 5, 7"
FINE = "SPACING, BIRDS, GRID = 40, 5, 7", "SPACING, BIRDS, GRID = 40, 5, 14"
#: Cells that the edits do not need: what takes time, and pictures.
SLOW = ("def seconds(", "7 × 7 cells", "draw_networks()", "an object's own cell", "TALL = int", "layers = [",
        "def draw_choice", "viz.sliders(", "who pays which term", "1 - IoU")  # fmt: skip
#: Numbers by hand, of before the edit.
HAND = ("same(hand_boxes, ",)
TOGETHER = r"the 3: .*row 1, column 1\nthe 9: .*row 1, column 1\nthe 0: .*row 2, column 0\n"
PAID = (r"loss_xy +by hand 0\.0000.*\n.*loss_wh +by hand 0\.0005.*\n.*loss_object +by hand 0\.5782"
        r".*\n.*loss_no_object +by hand 0\.3000")  # fmt: skip

EDITS = {
    1: [Edit((COARSE,), without=SLOW, prints=TOGETHER)],
    2: [Edit((LAST,), until="same(by_hand, [12", without=SLOW, prints=r"box:   52\.00 46\.48 64\.00 64\.00\n",
             raises="AssertionError")],
    3: [Edit((BETTER,), until="losses = small.losses_of(", without=SLOW + HAND, prints=PAID),
        Edit((BETTER,), until="same(hand_boxes, ", without=SLOW, prints="responsible: predictor 0, with IoU 0.960",
             raises="AssertionError")],
    4: [Edit((FITS,), without=SLOW, prints=r"weight  0\.5: a blind network says 0\.058")],
    5: [Edit((birds,), until="(kept >= 0).sum() == 9", without=SLOW, prints="25 of 25 birds", raises="AssertionError")
        for birds in (WIDE, FINE)],
}  # fmt: skip
