"""How fast is a convolution?"""

from .edit import Edit

SIZES = ("(32, 32, 24, 24)", "(3, 32, 24, 24)")
WINOGRAD = "'Winograd F(2x2, 3x3)'"
#: Cells that the small examples do not need.
SLOW = ("step(", "check_blank(", "plt.show()", "clock(", "only_tiles", "dense_tile(", "viz.sliders(")

EDITS = {
    1: [Edit((SIZES,), prints=r"goes in or out: 24\n")],
    2: [
        Edit(
            (("[[1, 0, 2], [0, 1, 0], [1, 0, -1]]", "[[0, 0, 0], [0, 1, 0], [0, 0, 0]]"),),
            without=SLOW,
            add="print(columns[4])",
            prints=r"outputs: \[1\. 3\. 0\. 1\.\](.|\n)*\n\[1\. 3\. 0\. 1\.\]\n$",
        ),
        Edit(
            (("[[1, 0, 2], [0, 1, 0], [1, 0, -1]]", "[[0, 0, 0], [0, 1, 0], [0, 0, 0]]"),),
            without=SLOW,
            until="by_hand = ",
            raises="is the image, or the kernel, another one",
        ),
    ],
    3: [Edit((("scale = weight[f, c, i, j]", "scale = weight[f, c, 2 - i, 2 - j]"),),
             raises="loops in another order is not what(.|\n)*Mismatched elements")],
    4: [
        Edit((("BLOCK = 6144 // LANES", "BLOCK = 8"),), prints=r"GFLOP/s(.|\n)*at most 8 taps(.|\n)*blocks of taps: 36\n"),
        Edit((("BLOCK = 6144 // LANES", "BLOCK = 4096"),), prints=r"GFLOP/s(.|\n)*blocks of taps: 1\n"),
    ],
    5: [
        Edit((("np.array([1, 2, 3], np.float32)", "np.array([1, 0, -1], np.float32)"),), without=SLOW,
             prints=r"factors \[ ?1\. +0\. +0\. +-1\.\]\nproducts \[-1\. +0\. +-?0\. +4\.\], outputs \[-1\. +-4\.\]"),
        Edit((("np.array([1, 2, 3], np.float32)", "np.array([1, 0, -1], np.float32)"),),
             until="products = [", without=SLOW, raises="are the inputs, or the taps, others"),
    ],
    6: [Edit((SIZES,), until="bytes_moved = {",
             add=f"print(intensity[{WINOGRAD}] < 1 < intensity['tiles on offsets'] < intensity['minidet conv2d'])",
             prints=r"\nTrue\n$")],
}  # fmt: skip
