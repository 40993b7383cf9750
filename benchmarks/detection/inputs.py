"""What detection is measured on, the same for every library: boxes, regions, a picture, a test set's detections."""

from __future__ import annotations

import numpy as np

PICTURE = (800, 1088)  # of 16 x 16 pixels a cell of the map
CATEGORIES = 80
OBJECTS = 7  # in an image of COCO, on average


def boxes(count: int, rng: np.random.Generator, size=PICTURE) -> np.ndarray:
    """Draw boxes (count, 4) in a picture, float32: a hundred lie around each object, as a network's do."""
    height, width = size
    centre = rng.uniform(0, [width, height], (max(count // 100, 1), 2))
    side = np.exp(rng.uniform(np.log(16), np.log(256), (len(centre), 2)))
    object_ = rng.integers(len(centre), size=count)
    centre = centre[object_] + rng.normal(0, 0.15, (count, 2)) * side[object_]
    side = side[object_] * np.exp(rng.normal(0, 0.2, (count, 2)))
    corners = np.concatenate([centre - side / 2, centre + side / 2], 1)
    corners = np.clip(corners, 0, [width, height, width, height])
    corners[:, 2:] = np.maximum(corners[:, 2:], corners[:, :2] + 1)
    return corners.astype(np.float32)


def regions(count: int, rng: np.random.Generator) -> np.ndarray:
    """Draw regions (count, 5) of one picture: 0, then the box."""
    return np.concatenate([np.zeros((count, 1), np.float32), boxes(count, rng)], 1)


def ellipses(boxes: np.ndarray, size) -> np.ndarray:
    """Return masks (N, H, W) of the ellipses that touch the sides of boxes (N, 4), uint8."""
    y, x = np.mgrid[: size[0], : size[1]] + 0.5
    x1, y1, x2, y2 = boxes.T[:, :, None, None]
    inside = ((2 * x - x1 - x2) / (x2 - x1)) ** 2 + ((2 * y - y1 - y2) / (y2 - y1)) ** 2 < 1
    return inside.astype(np.uint8)


def picture(height: int = 480, width: int = 640, seed: int = 0) -> np.ndarray:
    """Paint a picture (H, W, 3) in [0, 1], float32: shades, fifty ellipses with texture, a little noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    shade = 0.5 + 0.2 * np.sin(x / width * 5)[..., None] * np.array([1, 0.5, -0.5]) + 0.2 * (y / height)[..., None]
    for _ in range(50):
        cx, cy = rng.uniform(0, [width, height])
        rx, ry = np.exp(rng.uniform(np.log(8), np.log(min(height, width) / 4), 2))
        inside = ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < 1
        stripes = np.sin(x * rng.uniform(0, 0.6) + y * rng.uniform(0, 0.6))[..., None] * rng.uniform(0, 0.12)
        shade = np.where(inside[..., None], rng.uniform(0.1, 0.9, 3) + stripes, shade)
    return np.clip(shade + rng.normal(0, 0.02, shade.shape), 0, 1).astype(np.float32)


def scenes(images: int, detections: int, seed: int = 0) -> tuple[dict, list]:
    """Return a ground truth in COCO's form, and detections: half of them near an object, and of its class."""
    rng = np.random.default_rng(seed)
    count = images * OBJECTS
    truth, place = boxes(count, rng, (480, 640)), rng.integers(images, size=count)
    category = rng.integers(CATEGORIES, size=count)
    source = rng.integers(count, size=detections)
    side = np.tile(truth[source, 2:] - truth[source, :2], 2)
    found = truth[source] + (rng.normal(0, 0.08, (detections, 4)) * side)
    found[:, 2:] = np.maximum(found[:, 2:], found[:, :2] + 1)
    known = rng.random(detections) < 0.5
    classes = np.where(known, category[source], rng.integers(CATEGORIES, size=detections))
    scores = np.where(known, rng.uniform(0.2, 1, detections), rng.uniform(0, 0.6, detections))
    annotations = [
        {"id": i + 1, "image_id": int(p) + 1, "category_id": int(c) + 1, "bbox": box, "area": box[2] * box[3],
         "iscrowd": 0}
        for i, (p, c, box) in enumerate(zip(place, category, _widths(truth), strict=True))
    ]  # fmt: skip
    answers = [
        {"image_id": int(place[s]) + 1, "category_id": int(c) + 1, "bbox": box, "score": float(score)}
        for s, c, box, score in zip(source, classes, _widths(found), scores, strict=True)
    ]
    listed = [{"id": i + 1, "height": 480, "width": 640} for i in range(images)]
    categories = [{"id": i + 1, "name": str(i + 1)} for i in range(CATEGORIES)]
    return {"images": listed, "categories": categories, "annotations": annotations}, answers


def _widths(corners: np.ndarray) -> list[list[float]]:
    """Return boxes as COCO has them: x, y, width, height."""
    return np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], 1).astype(np.float64).tolist()
