"""What has to come out of the edits of notebook 4."""

from .edit import Edit

#: Cells that the other edits do not need: checks of gradients, many random kernels, trainings, times.
SLOW = ("gradcheck(", "draws = 4000", "for _ in range(30):", "from 3 channels to 5", "inside = ...")
KERNEL_2 = '    "kernel 2": lambda width: nn.ConvTranspose2d(width, 1, 2, stride=2),\n'

EDITS = {
    1: [
        Edit((("draw_stamps(x, kernel, stride=2)", "draw_stamps(x, kernel, stride=3)"),),
             add="print(conv_transpose(x, kernel, stride=3))", prints=r"\[ 2\.  4\.  6\. -1\. -2\. -3\.  3\.  6\.  9\.\]"),
        Edit((("draw_stamps(x, kernel, stride=2)", "draw_stamps(x, kernel, stride=4)"),),
             add="print(conv_transpose(x, kernel, stride=4))",
             prints=r"\[ 2\.  4\.  6\.  0\. -1\. -2\. -3\.  0\.  3\.  6\.  9\.\]"),
    ],
    2: [
        Edit(until="plain, asked =", without=SLOW,
             add="layer(smaller, output_size=(15, 17))", raises=r"ValueError: .*output_size.*15"),
        Edit(until="plain, asked =", without=SLOW,
             add="print(*(layer(smaller, output_size=(h, w)).shape[2:] for h in (13, 14) for w in (17, 18)))",
             prints=r"\(13, 17\) \(13, 18\) \(14, 17\) \(14, 18\)"),
    ],
    3: [
        Edit((('    "enlarge, convolve": lambda', f'{KERNEL_2}    "enlarge, convolve": lambda'),),
             until="lines = ", without=SLOW, prints=r"kernel 2 +at the start +[1-9]\d*\.\d+ grey levels"),
    ],
    4: [
        Edit((("for K in (4, 6):", "for K in (4, 6, 8):"),), until="shown |=", without=(*SLOW, "lines = "),
             prints=r"kernel 8: trained [\d.]+, best possible"),
        Edit((('"all pictures")', '"all pictures", measure=absolute_error)'),), until="around = ",
             without=(*SLOW, "lines = "), prints=r"with ReLU +\d+\.\d+ +\d+\.\d+"),
    ],
}  # fmt: skip
