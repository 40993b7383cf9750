"""What readers are asked to try in notebook 08, and what comes out."""

from .edit import Edit

#: Cells that the edits do not need: pictures, and the network that learns by heart.
DRAWN = ("def draw_network", "def draw_iou", "draw_box_loss", "learned = {", "learned.items()", "left = {")
TIE = ("labels = np.array([0.2, 0.2, 0.2, 1.0])", "labels = np.array([0.2, 0.2, 1.0, 1.0])")
SIDE_BY_SIDE = ("A, B = (1, 1, 6, 5), (3, 2, 9, 6)", "A, B = (1, 1, 6, 5), (6, 1, 9, 5)")
NO_BOX_LOSS = ('{"box_weight": 0.01}', '{"box_weight": 0.0}')
LOOK = 'print(localise(models["shared, w = 0.01"], test_images[:2])[1]["boxes"].round(0))'

EDITS = {
    1: [Edit((TIE,), prints=r"L2 chooses 0\.600, the mean is 0\.600\nL1 chooses [01]\.\d+, the median is 0\.600\n")],
    2: [
        Edit((SIDE_BY_SIDE,), prints=r"^both 0, at least one 32, IoU 0/32 = 0\.000\n"),
        Edit((SIDE_BY_SIDE,), until="corners = np.sort", without=DRAWN, raises="AssertionError: on paper, 9 of 35"),
    ],
    3: [Edit((NO_BOX_LOSS,), without=DRAWN, add=LOOK, prints=r"(?s)w = 0\.01 +class.*\[\[12\. 12\. 36\. 36\.\]\]\n$")],
    4: [
        Edit(until="corners = np.sort", without=DRAWN, add="print(box_iou(truth[None], truth[None][:, [1, 0, 3, 2]]))",
             prints=r"0\.30"),
    ],
}  # fmt: skip
