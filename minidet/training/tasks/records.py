"""What was found in a picture, as COCO's result files have it."""

from __future__ import annotations

import numpy as np

from ...ops.rle import rle_encode


def coco_records(found: dict[str, np.ndarray], classes: list[str]) -> list[dict]:
    """Return one record for each object, the best first.

    Parameters
    ----------
    found : dict
        ``"boxes"`` (D, 4) in pixels, ``"labels"`` (D,), ``"scores"`` (D,), and if they are there ``"masks"``: (D, H, W)
        of 0 and 1, or (D, 1, H, W) of probabilities, and ``"keypoints"`` (D, J, 3).
    classes : list of str
        The names of the labels.

    Returns
    -------
    list of dict
        ``"category_id"``, ``"category_name"``, ``"bbox"`` (x, y, width, height), ``"area"``, ``"score"``, and with
        masks ``"segmentation"``, run lengths, with joints ``"keypoints"``, x, y, v of each in one row.
    """
    records = []
    for i in np.argsort(-found["scores"], kind="stable").tolist():
        x1, y1, x2, y2 = found["boxes"][i].astype(float).tolist()
        record = {"category_id": int(found["labels"][i]), "category_name": classes[found["labels"][i]],
                  "bbox": [x1, y1, x2 - x1, y2 - y1], "area": (x2 - x1) * (y2 - y1),
                  "score": float(found["scores"][i])}  # fmt: skip
        if "masks" in found:
            mask = found["masks"][i]
            mask = (mask.reshape(mask.shape[-2:]) >= 0.5).astype(np.uint8)
            record |= {"segmentation": rle_encode(mask), "area": int(mask.sum())}
        if "keypoints" in found:
            joints = found["keypoints"][i].astype(float)
            record |= {"keypoints": joints.reshape(-1).tolist(), "num_keypoints": int((joints[:, 2] > 0).sum())}
        records.append(record)
    return records
