"""What readers are asked to try in notebook 18, and what comes out."""

from .edit import Edit

LARGE = "inside = np.array([[0, 3.3, 2.6, 15.4, 14.9]])"
SMALL = "inside = np.array([[0, 3.3, 2.6, 8.3, 7.6]])"
#: Pictures.
SLOW = ("outline(left", 'left.plot(1.25, 1.0, "o"', "naive_roi_align(maps, rois", "gradcheck(")

EDITS = {
    1: [Edit(((LARGE, SMALL),), without=SLOW, prints=r"sampling_ratio= 1: 0\.06\d away.*\n.* 2: 0\.01\d away")],
}
