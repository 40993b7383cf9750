"""What has to come out of the edits of notebook 7."""

from .edit import Edit

PAPER = "np.testing.assert_array_equal(pooled, [[7, 8], [9, 6]])"
#: Drawings and measurements that the edits do not need.
DRAWN = ("draw_unet()", "photograph = sample", "table = layer_table", "clock(", "for size in ((48", "gradcheck(")
MOVED = ("x = np.array([[1.0, 3, 2, 0]", "x = np.array([[1.0, 7.5, 2, 0]")
EXCHANGED = ("return grad[:, : ctx.channels], grad[:, ctx.channels :]",
             "return grad[:, ctx.channels :], grad[:, : ctx.channels]")  # fmt: skip
SAME_CHANNELS = (("b = tensor(rng.standard_normal((2, 2, 4, 4))", "b = tensor(rng.standard_normal((2, 3, 4, 4))"),
                 ("g = rng.standard_normal((2, 5, 4, 4))", "g = rng.standard_normal((2, 6, 4, 4))"))  # fmt: skip
TWO_STAGES = ("widths=(12, 24, 64), convs=(1, 1, 1)", "widths=(12, 24), convs=(1, 1)")
ONE_CUT = ('("U-Net, no skips", (0, 1, 2))', '("U-Net, no skips", (1,))')
TEN = (("GROUP = np.array([0, 1, 2] + [3] * 8)", "GROUP = np.arange(11)"),
       ('CLASSES = "background", "zero", "one", "other digit"', "CLASSES, PALETTE = DigitScenes.classes, DigitScenes.palette"),
       ("PALETTE = np.array([[232, 232, 226], [201, 101, 28], [61, 124, 192], [150, 150, 150]], np.uint8)", ""))  # fmt: skip

EDITS = {
    1: [
        Edit((MOVED,), until="pooled, switches = pool(x)", without=DRAWN, add="print(sparse, dense)",
             prints=r"(?s)^\[\[0\. 4\. 0\. 0\.\]\n \[0\. 0\. 8.*"
                    r"\[\[ 2\.  6\.  6\.  2\.\]\n \[ 3\. 10\. 12\.  6\.\]\n \[ 4\. 10\. 10\.  6\.\]\n \[ 2\.  4\.  3\.  2\.\]\]$"),
        Edit((MOVED,), until=PAPER, without=DRAWN, raises=r"(?s)AssertionError: .*7\.5"),
        Edit((MOVED,), until="for _ in range(100)", without=(*DRAWN, PAPER),
             prints="SegNet's answer is the same, U-Net's is another one each time"),
    ],
    2: [
        Edit((EXCHANGED,), until="class Cat(", without=DRAWN, raises=r"Error: .*\(2, 2, 4, 4\)"),
        Edit((EXCHANGED, *SAME_CHANNELS), until="class Cat(", without=DRAWN,
             raises="(?s)AssertionError: .*adjoint test: each part to its map"),
    ],
    3: [
        Edit((TWO_STAGES,), until="networks, histories, answers = {}", without=DRAWN,
             prints=r"(?s)SegNet here: switches, int64 +82,944 bytes.*way up.*switches.*bed_of_nails"),
    ],
    4: [
        Edit((ONE_CUT,), until='rows = {"SegNet, switches"', without=DRAWN, prints="cut before training: all  "),
    ],
    5: [
        Edit(TEN, until="def heaps(", add='print(K, answers["U-Net"].shape)', without=DRAWN,
             prints=r"(?s)log 11 = 2\.3979.*11 \(8, 48, 48\)"),
    ],
}  # fmt: skip
