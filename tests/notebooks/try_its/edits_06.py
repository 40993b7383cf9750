"""What readers are asked to try in notebook 06, and what comes out."""

from .edit import Edit

#: Cells that later ones do not need: pictures, clocks, and what does not lead to the trained networks.
SLOW = (
    "def draw_fcn",
    "def draw_confusion",
    "def draw_fusion",
    "clock(lambda",
    "optim.SGD(",
    "climb(FCN32s)",
    "learned.items(), styles",
    "shift in (",
)
ALL_PAPER = "said = np.array([[0, 0, 1, 1]", "said = np.zeros_like(true)\n_ = np.array([[0, 0, 1, 1]"
LOUDER = "\nfused = enlarged + fine", "\nfine = 4 * fine\nfused = enlarged + fine"
TRAINED = "for all three"
FROM_SCRATCH = """
records = train(
    FCN8s(K, **SMALL), sum(STEPS), 5e-3, lambda: batch_of(6, draws), "from scratch", mean_iou
)
print(records[-1]["mIoU"], len(records))
"""
FOURS = "1, IGNORE, 1, 2, 1, 2, 2])", "1, IGNORE, 1, 2, 1, 2, 2])\nMEANING[5] = 2"

EDITS = {
    1: [
        Edit((ALL_PAPER,), until="def draw_confusion", prints="^pixels right: 7 of 15; mean IoU: 0.156\n"),
        Edit((ALL_PAPER,), until="on_paper = [[5", raises="(?s)AssertionError: .*the table is not the one on paper"),
    ],
    2: [
        Edit((LOUDER,), prints="fine alone    wrong in 3 of 16 pixels\nthe sum       wrong in 3 of 16 pixels\n"),
        Edit((LOUDER,), until="on_paper = 9 / 16", raises="(?s)AssertionError: .*the sum is not right everywhere"),
    ],
    3: [
        Edit(until=TRAINED, without=SLOW, add=FROM_SCRATCH, prints=r"^0\.\d+ 14\n$"),
    ],
    4: [
        Edit((FOURS,), until="paper_only = measure", without=SLOW, prints=r"(?s)ignore 0\.0%\n.*FCN-8s +0\.\d"),
    ],
}  # fmt: skip
