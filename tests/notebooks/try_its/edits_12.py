"""What readers are asked to try in notebook 12, and what comes out."""

from .edit import Edit

NO_CONTEXT = "HAND_CONTEXT, FILL = 1, 5.0", "HAND_CONTEXT, FILL = 0, 5.0"
STRICTER = "SVM_IOU = 0.3", "SVM_IOU = 0.5"
SMALLER = "HARDEST = 150", "HARDEST = 40"
WEAKER = "LAMBDA = 1000.0", "LAMBDA = 200.0"
#: Cells that the edits do not need: pictures, trainings, and what looks at them.
PICTURES = "shapes = proposals_of_example", "viz.sliders(draw_warp", "smooth = ["
LADDER = ("def overfit(", "zip(grid.ravel(), batch")
SVMS = "test_fc7 = [", "HARDEST = 150", "picked = ["
EARLIER = ("train, test = scenes", "def rectangle(", "def draw_method(", "def search(", "ranks {low", *PICTURES, "class Trunk",
           "SVM_IOU = 0.3", "groups = (", "regions = [", *LADDER, "STEPS = 20", *SVMS, "small_box = np.array",
           "crop, by_hand", "by_hand)):", "S, P = 32, 4", "def region_of(")  # fmt: skip

EDITS = {
    1: [
        Edit((NO_CONTEXT,), without=EARLIER[:6],
             prints=r"^\[\[1\. +3\. +5\. +7\. *\]\n \[1\.25 3\.25 5\.25 7\.25\]\n"),
        Edit((NO_CONTEXT,), without=EARLIER[:6], until="same(crop, by_hand", raises="AssertionError: "),
    ],
    2: [
        Edit((STRICTER,), without=("def search(", "ranks {low", *PICTURES),
             prints=r"^133 proposals .*\nfine.*\nSVM of circle: +1 true boxes, 118 negatives, 15 ignored\n"),
    ],
    3: [
        Edit((SMALLER,), without=(*PICTURES, *LADDER, "tops = "),
             prints=r"round  [5-9]: .* done\n"),
    ],
    4: [Edit((WEAKER,), without=EARLIER, prints=r"lambda  200: w = 0\.005000, b = 0\.1000; .* says \[0\.15 0\.25\]\n$")],
}  # fmt: skip
