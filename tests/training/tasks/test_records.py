"""What was found, as COCO's files have it; boxes alone are tested through `minidet predict`."""

import numpy as np

from minidet.ops.rle import rle_decode
from minidet.training.tasks.records import coco_records


def test_masks_are_listed_as_run_lengths():
    masks = np.zeros((2, 4, 6), bool)
    masks[0, 1:3, 2:4], masks[1, 0, 0] = True, True
    found = {
        "boxes": np.array([[2, 1, 4, 3], [0, 0, 1, 1.0]]),
        "labels": np.array([1, 1]),
        "scores": np.array([0.5, 0.9]),
    }
    first, second = coco_records({**found, "masks": masks}, ["background", "cat"])
    assert (first["area"], second["area"]) == (1, 4)
    np.testing.assert_array_equal(rle_decode([second["segmentation"], first["segmentation"]]), masks)
