"""What readers are asked to try in notebook 14, and what comes out."""

from .edit import Edit

COARSE = "STRIDE, SIZES, RATIOS = 8,", "STRIDE, SIZES, RATIOS = 16,"
STRICT = "HIGH, LOW = 0.7, 0.3", "HIGH, LOW = 0.9, 0.3"
CORNER = "A_HOT, Y_HOT, X_HOT = 4, 10, 7", "A_HOT, Y_HOT, X_HOT = 4, 0, 0"
SURE = "LOGITS = np.array([-2.0, 0.0, 0.0, 1.0])", "LOGITS = np.array([3.0, 0.0, 0.0, 5.0])"
#: Cells that the edits do not need: what takes time, and pictures.
SLOW = ("def seconds(", "PAPER = {", "draw_network()", "crop = sample_photograph", "draw_matching", "PAIRS = ")
#: What comes out of a cell before the last one that is run is printed, too.
MANY = r"7 x 9 places with 9 anchors each: 567 anchors\n"
PAID = r"loss_objectness   by hand 1\.1104, the library 1\.1104\nloss_rpn_box_reg  by hand 0\.0174"

EDITS = {
    1: [Edit((COARSE,), until="13 * 17 * 9", without=SLOW, prints=MANY, raises="AssertionError: 567 anchors")],
    2: [Edit((STRICT,), without=SLOW, prints=r"positive 6, ignored 96, negative 672\n.*\[0.76 0.59 0.78\]")],
    3: [Edit((CORNER,), without=SLOW, prints=r"the first proposal: \[ 0\.  0\. 12\.  6\.\]")],
    4: [Edit((SURE,), until="log = math.log", without=SLOW, prints=PAID, raises="AssertionError")],
}
