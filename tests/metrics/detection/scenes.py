"""Random scenes in COCO's form: what there is, and what somebody found."""

import numpy as np

from minidet.ops.rle import rle_encode

SIZE = (120, 160)
CATEGORIES = (1, 7, 90)
#: (seed, masks, a grid that coordinates lie on, max_dets): exact overlaps and equal scores are frequent on grids.
CASES = [
    (0, False, 0, (1, 10, 100)),
    (1, False, 5, (1, 2, 3)),
    (2, False, 20, (2, 5, 300)),
    (3, True, 0, (1, 10, 100)),
    (4, True, 8, (1, 3, 7)),
]


def lay(rng, grid):
    """Return a box somewhere."""
    width, height = rng.uniform(2, 115, 2)
    box = [rng.uniform(0, SIZE[1] - 10), rng.uniform(0, SIZE[0] - 10), width, height]
    return [round(value / grid) * grid for value in box] if grid else box


def rectangle(box):
    """Return the pixels of a box, bool (H, W)."""
    x, y, width, height = (int(value) for value in box)
    mask = np.zeros(SIZE, bool)
    mask[max(y, 0) : max(y + height, 0) + 1, max(x, 0) : max(x + width, 0) + 1] = True
    return mask


def counts(mask):
    """Return the run lengths of a mask as numbers."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.ravel(order="F").astype(int), [0]])))
    return {"size": list(SIZE), "counts": np.diff(np.concatenate([[0], edges, [mask.size]])).tolist()}


def outline(rng, box):
    """Return a mask inside a box: one polygon, two, packed run lengths with holes, or numbers."""
    x, y, width, height = box
    kind = rng.integers(4)
    if kind < 2:
        angles = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 9)))
        points = np.stack([x + width / 2 * (1 + np.cos(angles)), y + height / 2 * (1 + np.sin(angles))], 1)
        polygons = [points.ravel().round(2).tolist()]
        return [*polygons, [x, y, x + width / 3, y, x + width / 3, y + height / 3]] if kind else polygons
    holes = rectangle(box) & (rng.random(SIZE) < 0.95)
    return rle_encode(holes) if kind == 2 else counts(holes)


def random_scenes(seed, masks, grid, images=12, per_image=7, found=200):
    """Return ground truth and detections, most of them near what is there."""
    rng = np.random.default_rng(seed)
    ids = (5 + 3 * rng.permutation(images)).tolist()
    annotations, detections = [], []
    for number in ids:
        for _ in range(rng.integers(per_image)):
            box = lay(rng, grid)
            entry = {"id": len(annotations) + 1, "image_id": number, "category_id": int(rng.choice(CATEGORIES)), "bbox": box,
                     "area": 0.7 * box[2] * box[3], "iscrowd": int(rng.random() < 0.15)}  # fmt: skip
            if masks:
                entry["segmentation"] = counts(rectangle(box)) if entry["iscrowd"] else outline(rng, box)
            annotations.append(entry)
    for _ in range(found):
        near = annotations[rng.integers(len(annotations))]
        is_near = rng.random() < 0.7
        box = near["bbox"] if is_near else lay(rng, grid)
        box = [float(value) for value in np.array(box) + (rng.normal(0, 2, 4) if not grid else 0)]
        box[2:] = [max(side, 1.0) for side in box[2:]]
        entry = {"image_id": near["image_id"] if is_near else int(rng.choice(ids)), "bbox": box,
                 "category_id": near["category_id"] if rng.random() < 0.8 else int(rng.choice(CATEGORIES)),
                 "score": float(rng.integers(50) / 50)}  # fmt: skip
        if masks:
            segmentation = near["segmentation"] if is_near and rng.random() < 0.4 else outline(rng, box)
            entry["segmentation"] = segmentation
        detections.append(entry)
    truth = {"images": [{"id": number, "height": SIZE[0], "width": SIZE[1]} for number in ids],
             "categories": [{"id": number, "name": str(number)} for number in CATEGORIES],
             "annotations": annotations}  # fmt: skip
    return truth, detections


#: (seed, joints, a grid that coordinates lie on, max_dets) of scenes of people.
PEOPLE = [(5, 17, 0, (20,)), (6, 14, 10, (1, 3, 20))]


def random_people(seed, joints, grid, images=12, per_image=6, found=160):
    """Return ground truth and detections of people with joints, some without any that is labelled."""
    rng = np.random.default_rng(seed)
    ids = (2 + 5 * rng.permutation(images)).tolist()
    annotations, detections = [], []

    def draw(box, width):
        x, y, w, h = box
        places = np.stack([rng.uniform(x, x + w, joints), rng.uniform(y, y + h, joints)], 1) if width is None else width
        return np.round(places / grid) * grid if grid else places

    for number in ids:
        for _ in range(rng.integers(per_image)):
            box = lay(rng, grid)
            seen = rng.integers(0, 3, joints) * int(rng.random() < 0.85)
            places = draw(box, None) * (seen > 0)[:, None]
            annotations.append({
                "id": len(annotations) + 1, "image_id": number, "category_id": 1, "bbox": box, "area": 0.6 * box[2] * box[3],
                "iscrowd": int(rng.random() < 0.1), "num_keypoints": int((seen > 0).sum()),
                "keypoints": np.concatenate([places, seen[:, None]], 1).ravel().tolist()})  # fmt: skip
    for _ in range(found):
        near = annotations[rng.integers(len(annotations))]
        places = np.array(near["keypoints"]).reshape(-1, 3)[:, :2] + rng.normal(
            0, rng.choice([0.5, 3, 30]), (joints, 2)
        )
        places = draw(near["bbox"], places)
        detections.append({
            "image_id": near["image_id"] if rng.random() < 0.8 else int(rng.choice(ids)), "category_id": 1,
            "keypoints": np.pad(places, ((0, 0), (0, 1)), constant_values=1).ravel().tolist(),
            "score": float(rng.integers(40) / 40)})  # fmt: skip
    truth = {"images": [{"id": number, "height": SIZE[0], "width": SIZE[1]} for number in ids],
             "categories": [{"id": 1, "name": "person"}], "annotations": annotations}  # fmt: skip
    return truth, detections
