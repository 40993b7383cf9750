"""What happens inside R-CNN, in the order of its figure: regions, crops, features, margins, boxes.

Its network sees dozens of crops at a time, over and over: what it does with the regions that are drawn is done once
more here, with the model's own functions, and timed.
"""

from __future__ import annotations

import time

import numpy as np

from ....ops import clip_boxes_to_image
from ....viz import as_picture
from ....viz.explain import Bars, Call, Picture, Stage, heat, shape_of, source_of
from .detector_stages import DRAWN, REGIONS, SMALL, drawn

CROPS = 8  # that are shown
WORDS = {
    "proposals": "Regions in which something may be, as selective search finds them, the best first.",
    "warped regions": (
        "Every region is stretched to {0} x {0} pixels, with {1} on each side for what is around it; grey is beyond "
        "the picture. Drawn, here and below: the regions that score most."
    ),
    "features of regions": (
        "Every crop goes through the network by itself: {0} numbers for a region, its pool5. The time is that of all "
        "regions."
    ),
    "margins": "A linear SVM for each class: 1 / (1 + exp(-margin)) of a region's fc7. The background has none.",
    "regions moved": "Each class has a ridge regression that moves and stretches a region; drawn: the surest class's.",
    "final boxes": (
        "Boxes of a class that score more than {:g}; of two of a class that overlap by more than {:g}, the better "
        "is kept."
    ),
}


def rcnn_stages(call: Call, classes: list[str]) -> list[Stage]:
    """Return the stages of an R-CNN's call, for its first picture."""
    model = call.module
    ((batch, _, _),) = model.prepared([call.args[0][0]])
    image = batch.images[0].detach().numpy()
    clock = Clock()
    boxes = model.regions(model.propose([image])[0], image.shape[1:])
    first = boxes[:DRAWN][::-1]
    stages = [made("proposals", clock, type(model).propose, image, boxes)]
    stages[0].pictures = [Picture(drawn(image, first), f"the first {len(first)} of {len(boxes)}", large=True)]

    pool5 = model.pool5_of(image, boxes)
    features = made("features of regions", clock, model.network, boxes, pool5, len(pool5.T))
    scores = model.svms.scores(model.network.features_of(pool5))  # (P, K - 1)
    margins = made("margins", clock, model.svms, pool5, scores)
    moved = model.regressors.boxes(boxes, pool5)
    regressed = made("regions moved", clock, model.regressors, pool5, moved)
    chosen = np.argsort(-scores.max(1, initial=0), kind="stable")[:CROPS]
    clock.seconds()
    crops = model.crops(image, boxes[chosen])
    warped = made("warped regions", clock, model.crops, boxes[chosen], crops, model.crop_size, model.context)
    for number, crop in enumerate(crops, 1):
        warped.pictures.append(Picture(as_picture(crop), f"region {number}"))
    if len(chosen):
        words = f"the regions above, from {pool5[chosen].min():.2f} to {pool5[chosen].max():.2f}"
        features.pictures = [Picture(heat(pool5[chosen].repeat(8, 0)), words, large=True)]
    for number, i in enumerate(chosen[:REGIONS], 1):
        best = int(scores[i].argmax())
        margins.pictures.append(Bars(classes[1:], scores[i].tolist(), f"region {number}"))
        pair = np.stack([moved[i, best], boxes[i]])
        words = f"region {number}, and where {classes[best + 1]} would be"
        picture = drawn(image, pair, [best + 1, 0], ["region", *classes[1:]], SMALL)
        regressed.pictures.append(Picture(picture, words))
    return [*stages, warped, features, margins, regressed, final(call, image, scores, moved)]


class Clock:
    """Time between two moments."""

    def __init__(self):
        self.begun = time.perf_counter()

    def seconds(self) -> float:
        """Return the seconds since the last call."""
        before, self.begun = self.begun, time.perf_counter()
        return self.begun - before


def made(title: str, clock: Clock, thing, takes, gives, *numbers) -> Stage:
    """Return a stage of this file, with its words and the time since the one before."""
    words = WORDS[title].format(*numbers)
    return Stage(title, words, shape_of(takes), shape_of(gives), clock.seconds(), source_of(thing))


def final(call: Call, image: np.ndarray, scores: np.ndarray, moved: np.ndarray) -> Stage:
    """Return the stage in which what scores little and what is found twice is left out."""
    model, found = call.module, call.result[0]
    rows, labels = np.nonzero(scores > model.score_thresh)
    before = clip_boxes_to_image(moved[rows, labels], image.shape[1:]).numpy()
    words = WORDS["final boxes"].format(model.score_thresh, model.nms_thresh)
    stage = Stage("final boxes", words, shape_of(scores), shape_of(found), None, source_of(type(model).detections))
    boxes, kinds = found["boxes"].numpy(), found["labels"].numpy()
    stage.pictures = [Picture(drawn(image, before, labels + 1, side=SMALL), f"before NMS: {len(before)}"),
                      Picture(drawn(image, boxes, kinds, side=SMALL), f"after NMS: {len(boxes)}")]  # fmt: skip
    return stage
