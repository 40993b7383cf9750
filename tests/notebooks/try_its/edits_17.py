"""What readers are asked to try in notebook 17, and what comes out."""

from .edit import Edit

OTHER = 'name = "ssd"\n', 'name = "faster_rcnn"\n'
#: Pictures, and what the patients do not need.
SLOW = (
    "viz.draw_boxes(",
    "left.plot(middle",
    "left.hist(",
    "left.bar(",
    "DIAL = ",
    "axes.annotate(str(most)",
    "ROUNDS = ",
)

EDITS = {
    1: [
        Edit((OTHER,), without=SLOW, prints=r"as it should be +AP50 0\.\d+, [\d.]+ ms\nA  only boxes above 0\.5 +AP50 ")
    ],
}
