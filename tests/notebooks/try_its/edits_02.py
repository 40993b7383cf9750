"""What has to come out of the edits of notebook 2."""

from .edit import Edit

#: Trainings and pictures that the other edits do not need.
TRAININGS = (
    "linear = linear_model()",
    "assert falling[0]",
    "draw_photograph()",
    "random networks",
    "outside = (",
    "imshow(total",
    "by_heart(net)",
    "ladder",
    "fallen =",
)
CONVOLUTIONS = ("nn.Conv2d(1, a, 5, padding=2)", "nn.Conv2d(a, b, 3, stride=2, padding=1)",
                "nn.Conv2d(b, c, 3, padding=2, dilation=2)", "nn.Conv2d(c, d, 3, padding=2, dilation=2)")  # fmt: skip
HIGHEST = "nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(d, 10),"
PLACES = "nn.Flatten(), nn.Linear(d * 14 * 14, 10),"
LONG = "draw_runs()"  # a picture of many places
FORGOTTEN = ("row, column = h * stride + i * dilation,", "row, column = h * stride + i,")
NO_STRIDE = ("pixel = first + c, h * stride + i", "pixel = first + c, h + i")

EDITS = {
    1: [
        Edit(
            (("w = np.array([-1.0, 0, 1])", "w = np.array([1.0, -2, 1])"),),
            until="def slide(",
            add="print(slide(3 + 5.0 * np.arange(5), w))",
            prints=r"^\[ 1\.  1\. -2\.  0\. -1\. -2\.\]\n\[0\. 0\. 0\.\]",
        ),
        # the rest of the notebook's first half holds for any w
        Edit(
            (("w = np.array([-1.0, 0, 1])", "w = np.array([1.0, -2, 1])"),),
            until="def slide_backward(",
            without=TRAININGS[:2],
            prints="(?s)same_length: passed.*band: passed.*slide_backward: passed",
        ),
    ],
    2: [
        Edit((FORGOTTEN,), until="compared = refused = 0", without=TRAININGS,
             prints="the loops and SciPy agree", raises="(?s)AssertionError: .*the loops differ from minidet with"),
    ],
    3: [
        Edit((NO_STRIDE,), until='print(f"adjoint test', without=TRAININGS, raises="AssertionError: adjoint test"),
        Edit((NO_STRIDE,), until="before, sides =", without=(*TRAININGS, 'print(f"adjoint test'),
             raises="(?s)AssertionError: .*finite differences: the gradient of image is not the slope"),
    ],
    4: [
        Edit((("[-1, 8, -1]", "[-1, 9, -1]"),), until="sums of the weights", without=TRAININGS,
             add='print(F.conv2d(np.full((1, 5, 5), 0.25), kernels["outline"][None, None]).numpy())',
             prints=r"(?s)outline 1,.*\[\[\[0\.25 0\.25"),
    ],
    5: [
        Edit(tuple((f"{layer}, nn.ReLU()", layer) for layer in CONVOLUTIONS), until="rows = 0, 1, MIDDLE",
             without=(*TRAININGS[2:], LONG), prints=r"(?s)formula: 23.*convolutions +15,762 "),
        Edit((("stride=2, padding=1), nn.ReLU()", "padding=1), nn.ReLU()"),), until="rows = 0, 1, MIDDLE",
             without=(*TRAININGS[2:], LONG),
             prints=r"(?s)formula: 15 pixels; measured: 15 x 15.*maps by 1: they differ by 0\.0%"),
        Edit(((HIGHEST, PLACES),), until="rows = 0, 1, MIDDLE", without=(*TRAININGS[2:], LONG, "best, plain ="),
             prints=r"(?s)convolutions +109,362 .*more paper +nan%"),
    ],
}  # fmt: skip
