"""Leeds Sports Pose Extended: people doing sports, 14 joints each, many in hard poses.

Johnson and Everingham, Learning effective human pose estimation from inaccurate annotation, CVPR 2011. Photographs from
Flickr without a licence: for research and teaching. Here a square around each person, at 128 x 128 pixels, with the
joints in COCO's form; 1600 people for training, 200 for validation, 200 for testing, all joints inside the picture.
"""

from __future__ import annotations

import json
import os

import numpy as np

from ...errors import bad_argument, check_choice
from ..dataset import Dataset, check_index
from ..skeleton import JOINTS, PAIRS
from .pictures import open_picture, rgb
from .root import data_root, existing_file


class LSPET(Dataset):
    """Photographs of one person each: a sample is ``(image, {"boxes", "labels", "keypoints"})``.

    The target is that of :class:`~minidet.data.FigurePoses`. In COCO's files the place 0 is the middle of the first
    pixel; here that is 0.5.

    Parameters
    ----------
    root : path, optional
        The folder with ``annotations/`` and a folder of pictures for each split; ``$MINIDET_DATA/lspet_pose128`` unless
        given.
    split : {"train", "val", "test"}
    transform : callable, optional
        ``transform(image, target, rng)``.

    Attributes
    ----------
    classes : list of str
        ``["background", "person"]``
    keypoint_names, keypoint_pairs
        The 14 joints, and those that change places in a mirror.

    Notes
    -----
    The whole split is read when it is made, and kept as uint8: 79 MB for training.
    """

    classes = ["background", "person"]
    keypoint_names = JOINTS
    keypoint_pairs = PAIRS

    def __init__(self, root: str | os.PathLike | None = None, split: str = "train", transform=None):
        super().__init__(transform)
        check_choice("LSPET", "split", split, ("train", "val", "test"))
        self.root = data_root("lspet_pose128", root)
        listing = existing_file("lspet_pose128", self.root / "annotations" / f"{split}.json")
        try:
            names, keypoints, boxes = read_people(json.loads(listing.read_text()))
        except (ValueError, KeyError, TypeError, IndexError, OverflowError, RecursionError) as error:
            why = f"{type(error).__name__}: {error}"
            expected = "'images' and 'annotations' in COCO's form, one person of 14 joints for each image"
            raise bad_argument("LSPET", str(listing), "is damaged", expected, why) from error
        pictures = []
        for name in names:
            path = existing_file("lspet_pose128", self.root / split / name)
            pixels = rgb("LSPET", "image", open_picture("LSPET", "image", path), path)
            pictures.append(pixels if pixels.dtype == np.uint8 else (pixels * 255).round().astype(np.uint8))
            if pictures[-1].shape != pictures[0].shape:
                was = f"has shape {pictures[-1].shape}"
                raise bad_argument("LSPET", str(path), was, f"{pictures[0].shape}, as the first one")
        self._images = np.stack(pictures)  # (N, H, W, 3)
        height, width = self._images.shape[1:3]
        keypoints[..., :2] = np.clip(keypoints[..., :2] + np.float32(0.5), 0, [width, height])
        keypoints[keypoints[..., 2] == 0] = 0
        self._keypoints = keypoints  # (N, 14, 3)
        self._boxes = np.clip(boxes + np.float32(0.5), 0, [width, height] * 2)  # (N, 4)

    def __len__(self) -> int:
        return len(self._images)

    def load(self, index):
        """Return the image float32 (3, H, W) and its target."""
        index = check_index("LSPET", index, len(self))
        image = np.multiply(self._images[index].transpose(2, 0, 1), np.float32(1 / 255), dtype=np.float32, order="C")
        return image, {"boxes": self._boxes[index][None].copy(), "labels": np.ones(1, np.int64),
                       "keypoints": self._keypoints[index][None].copy()}  # fmt: skip


def read_people(about: dict) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Return file names, joints float32 (N, 14, 3) and boxes (N, 4) as (x1, y1, x2, y2), as COCO's file has them.

    Raises
    ------
    ValueError, KeyError, TypeError, IndexError
        The file is of another form.
    """
    people = {person["image_id"]: person for person in about["annotations"]}
    if len(people) != len(about["annotations"]) or not people:
        raise ValueError("an image has several people, or there is nobody")
    names = [os.path.basename(image["file_name"]) for image in about["images"]]
    people = [people[image["id"]] for image in about["images"]]
    keypoints = np.array([person["keypoints"] for person in people], np.float32).reshape(len(people), len(JOINTS), 3)
    boxes = np.array([person["bbox"] for person in people], np.float32).reshape(len(people), 4)
    if (
        not np.isfinite(keypoints).all()
        or not np.isfinite(boxes).all()
        or not np.isin(keypoints[..., 2], range(3)).all()
    ):
        raise ValueError("a joint is not (x, y, v) with v = 0, 1 or 2, or a box not four numbers")
    return names, keypoints, np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], 1)
