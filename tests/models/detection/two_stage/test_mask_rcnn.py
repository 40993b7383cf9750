"""Mask R-CNN: what it returns, what it needs, and that masks lie where their boxes are."""

import numpy as np
import pytest

import minidet
from minidet.models import MaskRCNN
from minidet.models.detection import FasterRCNN

from ..cases import NOTHING, Trunk, filled, mask, rectangles, spots, total, values

IMAGES, TARGETS = spots()


def found_by(image=IMAGES[0], **options):
    minidet.manual_seed(2)
    return mask(score_thresh=0.0, **options).eval()([image])[0]


def test_masks_and_joints_of_every_detection():
    answer = found_by()
    count = len(answer["scores"])
    assert count > 3
    assert answer["masks"].shape == (count, 1, 64, 64)
    assert answer["keypoints"].shape == (count, 2, 3)
    assert answer["keypoints_scores"].shape == (count, 2)
    masks, boxes = answer["masks"].numpy()[:, 0], answer["boxes"].numpy()
    assert (masks[~rectangles(boxes, (64, 64))] == 0).all()
    assert (masks[rectangles(boxes, (64, 64))] > 0).all()
    joints = answer["keypoints"].numpy()
    assert (joints[..., :2] >= boxes[:, None, :2] - 1e-3).all()
    assert (joints[..., 0] <= np.maximum(boxes[:, 2:3], boxes[:, :1] + 1) + 1e-3).all()
    assert (joints[..., 2] == 1).all()


def test_heads_are_arguments():
    only_masks, only_joints = found_by(num_keypoints=None), found_by(mask_size=None)
    assert set(only_masks) == {"boxes", "labels", "scores", "masks"}
    assert set(only_joints) == {"boxes", "labels", "scores", "keypoints", "keypoints_scores"}
    agnostic = mask(class_agnostic_masks=True)
    assert agnostic.roi_heads.mask_predictor.mask_fcn_logits.weight.shape[0] == 1
    assert np.isfinite(total(agnostic(IMAGES, TARGETS)).item())
    assert np.isfinite(total(mask(mask_loss="softmax")(IMAGES, TARGETS)).item())
    names = set(MaskRCNN(3, Trunk(), anchor_sizes=((9, 9), (9, 9))).state_dict())
    plain = set(FasterRCNN(3, Trunk(), anchor_sizes=((9, 9), (9, 9))).state_dict())
    assert {name.split(".")[1] for name in names - plain} == {"mask_head", "mask_predictor"}
    assert plain < names


def test_boxes_are_those_of_faster_rcnn():
    model = mask().eval()
    plain = FasterRCNN(3, Trunk(), width=16, pool_size=3, anchor_sizes=((10, 16), (24, 36)), proposals=(60, 40)).eval()
    own = plain.state_dict()
    plain.load_state_dict({name: value for name, value in model.state_dict().items() if name in own})
    for one, other in zip(model(IMAGES), plain(IMAGES), strict=True):
        for key in ("boxes", "labels", "scores"):
            np.testing.assert_array_equal(one[key].numpy(), other[key].numpy())


def test_a_scaled_images_masks_are_in_its_own_pixels():
    answer = found_by(spots(5, 1, (60, 100))[0][0], min_size=96, max_size=120)
    masks, boxes = answer["masks"].numpy()[:, 0], answer["boxes"].numpy()
    assert masks.shape[1:] == (60, 100)
    np.testing.assert_array_equal(masks > 0, rectangles(boxes, (60, 100)))
    assert answer["keypoints"].numpy()[..., :2].max() < 101


def test_images_without_objects_teach_no_masks():
    minidet.manual_seed(2)
    losses = mask()(IMAGES, [NOTHING, NOTHING])
    assert losses["loss_mask"].item() == losses["loss_keypoint"].item() == 0
    total(losses).backward()


def test_an_object_without_a_pixel_is_left_out():
    target = filled(IMAGES[0], TARGETS[0])
    hidden = {key: np.concatenate([value, value]) for key, value in target.items()}
    hidden["masks"][2:] = False
    hidden["boxes"][2:] += 20
    results = []
    for given in (hidden, target):
        minidet.manual_seed(2)
        results.append(values(plain()([IMAGES[0]], [given])))
    assert results[0] == results[1]


def plain():
    """Build a Mask R-CNN that takes targets as they are."""
    return MaskRCNN(3, Trunk(), width=16, anchor_sizes=((10, 16), (24, 36)), mask_size=8, mask_layers=(8,),
                    num_keypoints=2, keypoint_size=8, keypoint_layers=(8,))  # fmt: skip


@pytest.mark.parametrize(("change", "error", "words"), [
    ({"masks": None}, TypeError, "a target has boxes, labels, keypoints, expected masks"),
    ({"keypoints": None}, TypeError, "expected keypoints"),
    ({"masks": np.zeros((2, 64, 60), bool)}, ValueError, r"masks has shape \(2, 64, 60\)"),
    ({"masks": np.full((2, 64, 64), 0.5)}, ValueError, "masks has dtype float64"),
    ({"masks": np.full((2, 64, 64), 2)}, ValueError, "masks has values beyond 0 and 1"),
    ({"keypoints": np.zeros((2, 3, 3))}, ValueError, r"keypoints has shape \(2, 3, 3\)"),
    ({"keypoints": np.full((2, 2, 3), np.nan)}, ValueError, "keypoints contain nan"),
])  # fmt: skip
def test_targets_that_do_not_fit(change, error, words):
    target = {key: value for key, value in {**filled(IMAGES[0], TARGETS[0]), **change}.items() if value is not None}
    with pytest.raises(error, match=words):
        plain()([IMAGES[0]], [target])


@pytest.mark.parametrize(("options", "words"), [
    ({"mask_size": None}, "mask_size is None beside num_keypoints=None"),
    ({"mask_size": 27}, "mask_size is 27, expected a multiple of 2"),
    ({"num_keypoints": 2, "keypoint_size": 10}, "keypoint_size is 10"),
    ({"mask_loss": "l1"}, "mask_loss"),
    ({"mask_loss": "softmax", "class_agnostic_masks": True}, "mask_loss is 'softmax' with one mask"),
    ({"mask_layers": (8, 0)}, "mask_layers"),
])  # fmt: skip
def test_options_that_do_not_fit(options, words):
    with pytest.raises(ValueError, match=f"MaskRCNN: {words}"):
        MaskRCNN(3, Trunk(), anchor_sizes=((9, 9), (9, 9)), **options)
