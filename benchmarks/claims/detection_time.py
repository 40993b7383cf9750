"""How long a detector looks at a picture, stage by stage, against the number of regions, and with thinner layers.

Seconds are the processor's, of all threads together: what else the machine does changes them little. What is compared
is measured in turns.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from minidet import nn, no_grad, tensor
from minidet.models.complexity import multiply_adds
from minidet.models.detection.proposals import clipped
from minidet.nn import functional as F

STAGES = ("proposals", "features", "heads")


# stages: each takes the model, and what the stage before returned -------------------------------------------------


def _search(model, image):
    return image, model.propose([image])


def _prepare(model, given):
    image, boxes = given
    return model.prepared([image], proposals=[np.asarray(b, np.float64) for b in boxes])[0]


def _maps(model, given):
    batch, _, boxes = _prepare(model, given)
    return batch, boxes, model.features(batch.images)


def _heads(model, given):
    batch, boxes, maps = given
    return model.roi_heads.detections(maps, clipped(boxes, batch), batch.sizes)


def _rpn_maps(model, image):
    ((batch, _, _),) = model.prepared([image])
    return batch, model.features(batch.images)


def _rpn(model, given):
    batch, maps = given
    return batch, model.rpn(maps, batch.sizes)[0], maps


def _rpn_heads(model, given):
    batch, boxes, maps = given
    return model.roi_heads.detections(maps, boxes, batch.sizes)


def _crops(model, given):
    batch, _, boxes = _prepare(model, given)
    boxes = model.regions(boxes[0], batch.sizes[0])
    return batch, boxes, model.pool5_of(batch.images.numpy()[0], boxes)


def _machines(model, given):
    batch, boxes, pool5 = given
    scores = model.svms.scores(model.network.features_of(pool5))
    return model._answer(scores, model.regressors.boxes(boxes, pool5), batch.sizes[0], False)


def _best_crops(model, given):
    batch, boxes, pool5 = given
    return model.best(pool5, boxes, batch.sizes[0])


def _pyramid(model, image):
    ((batch, _, _),) = model.prepared([image])
    return batch, model.windows.images(batch.images)


def _windows(model, given):
    batch, pictures = given
    return batch, F.softmax(model._scores_of(pictures), 2).numpy()


def _best_windows(model, given):
    batch, probabilities = given
    return model._answer(probabilities[0], model.windows.boxes(batch.images.shape[2:]).astype(np.float32), False)


FAST = (("proposals", _search), ("features", _maps), ("heads", _heads))
RCNN_STAGES = (("proposals", _search), ("features", _crops), ("heads", _machines))
EVERY = (("proposals", _search), ("features", _crops), ("heads", _best_crops))
FASTER = (("features", _rpn_maps), ("proposals", _rpn), ("heads", _rpn_heads))
WINDOWS = (("proposals", _pyramid), ("features", _windows), ("heads", _best_windows))


def stage_seconds(model, stages, images, repeats: int) -> dict[str, float]:
    """Return the seconds of each stage, of one picture: the mean over ``images`` of the medians of ``repeats``."""
    model.eval()
    spent = np.zeros((len(stages), len(images), repeats + 1))
    with no_grad():
        for r in range(repeats + 1):  # the first is not counted: it compiles
            for i, image in enumerate(images):
                value = image
                for n, (_, stage) in enumerate(stages):
                    start = time.process_time()
                    value = stage(model, value)
                    spent[n, i, r] = time.process_time() - start
    seconds = np.median(spent[:, :, 1:], 2).mean(1)
    return {f"{name}_seconds": float(s) for (name, _), s in zip(stages, seconds, strict=True)}


def in_turns(ways: dict[str, Callable], repeats: int) -> dict[str, float]:
    """Return the median processor seconds of each way, all of them once in each round."""
    spent = {name: [] for name in ways}
    with no_grad():
        for _ in range(repeats + 1):
            for name, way in ways.items():
                start = time.process_time()
                way()
                spent[name].append(time.process_time() - start)
    return {name: float(np.median(times[1:])) for name, times in spent.items()}  # the first round compiles


# against the number of regions ------------------------------------------------------------------------------------


def random_regions(count: int, size: int, sides: tuple[float, float], rng: np.random.Generator) -> np.ndarray:
    """Draw boxes (count, 4) inside a picture of ``size`` x ``size`` pixels."""
    side = rng.uniform(*sides, (count, 2))
    corner = rng.uniform(0, 1, (count, 2)) * (size - side)
    return np.concatenate([corner, corner + side], 1)


def linear_weights(model: nn.Module) -> int:
    """Return the weights of all fully connected layers: the multiply-adds of one region."""
    return sum(layer.weight.numel() for layer in model.modules() if isinstance(layer, nn.Linear))


def count_products(fast, rcnn, size: int) -> dict[str, int]:
    """Return multiply-adds: Fast R-CNN's of a picture, and of a region more; R-CNN's of a region."""
    side = rcnn.crop_size
    layers = (rcnn.network.fc7.weight, rcnn.svms.weight, rcnn.regressors.weight)
    return {
        "image_products": multiply_adds(fast.backbone, (1, 3, size, size)),
        "region_products": linear_weights(fast.roi_heads),
        "crop_products": multiply_adds(rcnn.backbone, (1, 3, side, side)) + sum(weight.numel() for weight in layers),
    }


def predicted(figures: dict, regions: int) -> dict[str, float]:
    """Say how many seconds a picture with so many regions takes, from multiply-adds and their rate alone."""
    rate = figures["rate"]
    return {
        "rcnn": regions * figures["crop_products"] / rate,
        "fast": (figures["image_products"] + regions * figures["region_products"]) / rate,
    }


def against_regions(fast, rcnn, image: np.ndarray, settings: dict, seed: int) -> dict[str, float]:
    """Predict both detectors' seconds for a picture from its multiply-adds, then measure them in turns.

    The rate is that of Fast R-CNN's backbone on the picture. Times are without proposals: the regions are drawn.
    """
    size, counts = image.shape[-1], settings["counts"]
    thin = fast.compress(tuple(settings["thin"]))
    for model in (fast, rcnn, thin):
        model.eval()
    figures = count_products(fast, rcnn, size)
    picture = tensor(image[None])
    backbone = in_turns({"seconds": lambda: fast.features(picture)}, settings["rate_repeats"])
    figures["rate"] = figures["image_products"] / backbone["seconds"]
    for count in counts:
        figures |= {f"{name}_predicted_{count}": value for name, value in predicted(figures, count).items()}
    for count in counts:
        boxes = [random_regions(count, size, settings["sides"], np.random.default_rng([seed, count]))]
        ways = {
            "rcnn": lambda boxes=boxes: rcnn([image], proposals=boxes),
            "fast": lambda boxes=boxes: fast([image], proposals=boxes),
            "thin": lambda boxes=boxes: thin([image], proposals=boxes),
        }
        figures |= {f"{name}_{count}": value for name, value in in_turns(ways, settings["repeats"]).items()}
    return figures


# thinner fully connected layers -----------------------------------------------------------------------------------


def against_rank(models: dict[str, nn.Module], image: np.ndarray, settings: dict, seed: int) -> dict[str, float]:
    """Measure, in turns, a picture with many regions, and of that the fully connected layers alone."""
    count, size = settings["regions"], image.shape[-1]
    boxes = random_regions(count, size, settings["sides"], np.random.default_rng(seed))
    for model in models.values():
        model.eval()
    some = next(iter(models.values()))
    with no_grad():
        pooled = some.roi_heads.box_roi_pool(some.features(tensor(image[None])), [boxes])
    whole = {name: lambda model=model: model([image], proposals=[boxes]) for name, model in models.items()}
    layers = {
        name: lambda heads=model.roi_heads: heads.box_predictor(heads.box_head(pooled))
        for name, model in models.items()
    }
    found = {f"seconds_{name}": value for name, value in in_turns(whole, settings["repeats"]).items()}
    found |= {f"layer_seconds_{name}": value for name, value in in_turns(layers, settings["repeats"]).items()}
    return found | {f"products_{name}": linear_weights(model.roi_heads) for name, model in models.items()}
