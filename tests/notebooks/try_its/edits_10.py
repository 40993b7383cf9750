"""What readers are asked to try in notebook 10, and what comes out."""

from .edit import Edit

LESS = "ALPHA = 0.2\n", "ALPHA = 0.15\n"
UNMASKED = "counts = np.array([[True, True, False]])", "counts = np.array([[True, True, True]])"
HALF = "SHIFT = 0.25\n", "SHIFT = 0.5\n"
EDITS = {
    1: [
        Edit((LESS,), until="pck_by_hand(true, said, 0, 1, ALPHA)", prints="PCK by hand: 1 of 3; minidet: 0.333\n"),
        Edit((LESS,), until="== (2, 3)", raises="AssertionError: .*on paper it is 2 of 3"),
    ],
    2: [
        Edit((UNMASKED,), prints=r"minidet: 0\.1233\ngradient: .*\[0\.267, 0\.267\]\]\n",
             raises="(?s)AssertionError: .*the loss is not the one by hand"),
    ],
    3: [
        Edit((HALF,), prints=r"shift 0: mean error 0\.2\d+ .*\nshift 0\.5: mean error 0\.2\d+ cells, largest 0\.5"),
        Edit((HALF,), until="heats, _ = encode", raises="AssertionError: the mean error with a quarter is"),
    ],
}  # fmt: skip
