"""What readers are asked to try in notebook 05, and what comes out."""

from .edit import Edit

#: Cells that later ones do not need: pictures, clocks, and the ladder's first rungs.
SLOW = "SlidingWindow.PAPER", "paper.window, published.ratio", "def by_heart", "log=True", "axes.plot(intact"
KERNEL = "kernel = weight.reshape(2, 1, 3, 3)"
SWAPPED = KERNEL, KERNEL + ".swapaxes(2, 3)"
TURNED = "F.conv2d(image[None, None]", "F.conv2d(image.T[None, None]"
AGREE = "the convolution's scores are not those"
RELU = '    x = pool(relu(convolve(x, *net["conv1"])), stride=1, dilation=1)'
ELSE = "AssertionError: .*all at once is not window by window"


def window(pixels):
    """Return the edit that makes the window of section 8 this large; everything below runs."""
    return Edit((("WINDOW = 31", f"WINDOW = {pixels}"),), until="1 + 2 * depths", without=SLOW,
                prints=rf"(?s)pixels that can matter: {pixels} x {pixels} .*\nsliding window +[\d,]+ +{pixels} ")  # fmt: skip


EDITS = {
    1: [
        Edit((SWAPPED,), prints=r"upright:\s+\[\[-1\.\s+1\.\]\s+\[-1\.\s+-4\.\]\]\s+flat:\s+\[\[ 18\. -10\.\]\s+\[ 12\.\s+-6\.\]\]"),
        Edit((SWAPPED,), until=AGREE, raises="(?s)AssertionError: .*convolution's scores are not those"),
        Edit((SWAPPED, TURNED), prints=r"upright:\s+\[\[ 17\.\s+11\.\]\s+\[-11\.\s+-7\.\]\]\s+flat:\s+\[\[ 0\.\s+0\.\]\s+\[ 2\. -3\.\]\]"),
        Edit((SWAPPED, TURNED), until=AGREE, raises="(?s)AssertionError: .*convolution's scores are not those"),
    ],
    2: [
        Edit(((RELU, RELU.replace("relu(convolve(x, *net[\"conv1\"]))", "convolve(x, *net[\"conv1\"])")),), raises=f"(?s){ELSE}.*4158 / 4158"),
        Edit((("stride=1, dilation=2)", "stride=1, dilation=1)"),), raises=r"AssertionError: \(11, 18, 21\) by windows, \(11, 19, 22\) at once"),
        Edit(((RELU, '    x = relu(pool(convolve(x, *net["conv1"]), stride=1, dilation=1))'),), prints=r"4158 scores, largest difference \de-1\d"),
    ],
    3: [
        Edit(until="counted while running", prints=r"^24\.78\d+\n$",
             add="print(SlidingWindow(K, hidden=256).multiply_adds(64, 64).ratio)"),
    ],
    4: [
        Edit((("WIDTH = 16", "WIDTH = 32"),), until="far > near, f\"the U-Net", without=SLOW,
             prints=r"(?s)15 layers +131,211 +31 +533\.5 .*3 levels +467,499 +44 +399\.2 "),
    ],
    5: [window(23), window(39)],
}  # fmt: skip
