"""What 03_pooling_and_unpooling asks to be tried."""

from .edit import Edit

LATER = ("if x[h, w] > best:", "if x[h, w] >= best:")
LARGER = ("tied = np.array([[6.0, 6], [3, 6]])", "tied = np.array([[6.001, 6], [3, 6]])")
BELOW = ("y = np.array([[3.0, 1.0], [0.5, 2.0]])", "y = np.array([[3.0, 1.0], [-0.5, 2.0]])")
SLOW = "20 random images", "some = scans[", "many = DigitScenes", "times = {", "viz.sliders("
UNPOOL = "def max_unpool(y, switches, shape):"

EDITS = {
    1: [
        Edit((LATER,), prints=r"switch\n\[4, 2\]\n\[9, 15\]\n"),
        Edit(
            (LATER,),
            until="np.testing.assert_array_equal(mean, by_hand",
            raises="(?s)AssertionError:.*the switches",
            without=("axes = canvas",),
        ),
        Edit(
            (LATER,),
            until="20 random images",
            without=("np.testing.assert_array_equal(mean, by_hand",),
            raises="AssertionError",
        ),
    ],
    2: [
        Edit(
            (LARGER,), prints=r"0 +1\.00 +1\.00 +1\.00 +1\n +1 +0\.00 +0\.00 +0\.00 +0\n +2 +0\.00 +0\.00 +0\.00 +0\n"
        ),
        Edit(
            (LARGER,),
            until="gradcheck at the tie:",
            prints="gradcheck at the tie: they agree",
            raises="(?s)AssertionError:.*slopes at the tie",
        ),
    ],
    3: [
        Edit(
            until=UNPOOL,
            add="print(max_unpool(np.array([[7, 1], [3, 9]]), switches, x.shape).tolist())",
            prints=r"\[\[0\.0, 0\.0, 1\.0, 0\.0\], \[7\.0, 0\.0, 0\.0, 0\.0\], \[0\.0, 3\.0, 9\.0, 0\.0\], \[0\.0",
        ),
        Edit(
            until=UNPOOL,
            add="print(max_unpool(largest, np.array([[2, 4], [9, 10]]), x.shape).tolist())",
            prints=r"\[\[0\.0, 0\.0, 5\.0, 0\.0\], \[2\.0, 0\.0, 0\.0, 0\.0\], \[0\.0, 4\.0, 6\.0, 0\.0\], \[0\.0",
        ),
    ],
    4: [
        Edit(
            (BELOW,),
            prints=r"nearest, mean .* back as \[ 3\. +1\. +-0\.5 +2\. *\]\n"
            r"bed of nails.* back as \[ 3\. +1\. +-0\.5 +2\. *\]\n"
            r"max unpooling.* back as \[3\. +1\. +0\. +2\.\]",
        ),
        Edit(
            (BELOW,),
            until="for name, back in there_and_back.items():\n    same(",
            raises="(?s)AssertionError:.*max unpooling, max",
        ),
    ],
    5: [
        Edit(
            until="viz.sliders(",
            add="print(np.abs([trip(grey, 1) - grey for trip in trips.values()]).max())",
            prints=r"^0\.0\n$",
        ),
        Edit(
            until="viz.sliders(",
            add='draw_trip("photograph", "mean, bilinear", 8)\n'
            "errors = {name: np.sqrt(np.mean((trip(grey, 8) - grey) ** 2)) for name, trip in trips.items()}\n"
            "print(sorted(errors, key=errors.get)); print(*(f'{error:.2f}' for error in errors.values()))",
            prints=r"^\['mean, bilinear', 'mean, nearest', 'max, nearest', .*\n0\.10 0\.10 0\.23 0\.6[23] 0\.62\n$",
        ),
    ],
    6: [
        Edit(
            until="largest5, switches5 =",
            add="more, _ = F.max_pool2d(x5[None, None], 2, ceil_mode=True, return_indices=True)\n"
            "print(more.shape[-2:], more.numpy().ravel(), F.max_pool2d(np.zeros((1, 1, 6, 6)), 2).shape[2])",
            prints=r"\(3, 3\) \[7\. 3\. 9\. 8\. 5\. 9\. 9\. 9\. 9\.\] 3",
        ),
    ],
    7: [
        Edit(
            (('200, 2e-2, "one batch")', '200, 2e-2, "one batch", exchange=from_the_scene_before)'),),
            without=SLOW,
            prints=r"as it should be +loss 0\.6931 at the start, 0\.0[3-6].*climbs the rung\none ReLU too many +loss 0\.6931 at the start, 0\.6931 at the end: fails",
        ),
    ],
    8: [
        Edit(
            (("width=16, levels=3)", "width=16, levels=2)"),),
            until="answer against the scene of the switches",
            without=SLOW,
            prints="zeros in the unpooled maps: .*\n.*\nanswer against the scene of the values",
        )
    ],
}
