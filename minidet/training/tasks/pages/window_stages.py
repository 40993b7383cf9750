"""What happens inside a sliding-window detector: windows of every size, a score for each, the best of them."""

from __future__ import annotations

import numpy as np

from ....nn import functional as F
from ....viz.explain import Call, Picture, Stage, heat, shape_of, source_of
from .detector_stages import SMALL, drawn

WORDS = {
    "windows": (
        "The picture in {0} sizes; a window of {1} x {1} pixels, {2} pixels from the next, is a box of it. Drawn: the "
        "middle window of each size."
    ),
    "scores of the windows": (
        "The classifier of windows runs over each size as a whole, by convolutions. Drawn: how sure it is that there "
        "is an object, whichever; a pixel is a window."
    ),
    "final boxes": (
        "Windows that score more than {:g}; of two of a class that overlap by more than {:g}, the better is kept."
    ),
}


def window_stages(call: Call, classes: list[str]) -> list[Stage]:
    """Return the stages of a sliding-window detector's call, for its first picture."""
    model = call.module
    ((batch, _, _),) = model.prepared([call.args[0][0]])
    image = batch.images[0].detach().numpy()
    levels, boxes = model.windows.levels(image.shape[1:]), model.windows.boxes(image.shape[1:])
    counts = [level.rows * level.columns for level in levels]
    begins = np.cumsum([0, *counts[:-1]])
    middle = [begin + level.rows // 2 * level.columns + level.columns // 2
              for begin, level in zip(begins, levels, strict=True)]  # fmt: skip
    words = WORDS["windows"].format(len(levels), model.classifier.window, model.classifier.stride)
    windows = Stage("windows", words, shape_of(image), shape_of(boxes), None, source_of(model.windows))
    windows.pictures = [
        Picture(drawn(image, boxes[middle], np.arange(len(levels))), f"{len(boxes)} windows", large=True)
    ]

    calls = [part for part in call.inner if part.module is model.classifier]
    scored = Stage("scores of the windows", WORDS["scores of the windows"], shape_of([part.args[0] for part in calls]),
                   shape_of([part.result for part in calls]), sum(part.seconds for part in calls),
                   source_of(model.classifier))  # fmt: skip
    for part, number in zip(calls, middle, strict=True):
        sure = 1 - F.softmax(part.result.detach(), 1).numpy()[0, 0]
        width, height = boxes[number, 2:] - boxes[number, :2]
        words = f"boxes of {width:.0f} x {height:.0f}: {sure.min():.2f} to {sure.max():.2f}"
        scored.pictures.append(Picture(heat(sure), words))

    found = call.result[0]
    words = WORDS["final boxes"].format(model.score_thresh, model.nms_thresh)
    final = Stage("final boxes", words, gives=shape_of(found), source=source_of(type(model).detections))
    picture = drawn(image, found["boxes"].numpy(), found["labels"].numpy(), side=2 * SMALL)
    final.pictures = [Picture(picture, f"after NMS: {len(found['boxes'])}", large=True)]
    return [windows, scored, final]
