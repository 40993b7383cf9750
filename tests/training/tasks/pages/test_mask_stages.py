"""The pages' stages behind the box head: what is drawn is what the model said."""

import types

import numpy as np

import minidet
from minidet.ops import paste_masks_in_image
from minidet.training.tasks.pages.mask_stages import branch_stages, is_branch
from tests.models.detection.cases import mask, spots

IMAGE = spots()[0][0]


def recorded(predictor, logits, model, answer):
    call = types.SimpleNamespace(module=predictor, result=logits, seconds=0.1, takes="", gives="", inner=[])
    return call, types.SimpleNamespace(module=model, result=[answer])


def test_masks_are_pasted_where_the_model_pastes_them():
    minidet.manual_seed(2)
    model, logits = mask(score_thresh=0.0).eval(), []
    predictor = model.roi_heads.mask_predictor
    predictor.register_forward_hook(lambda module, args, out: logits.append(out))
    answer = model([IMAGE])[0]
    call, whole = recorded(predictor, logits[0], model, answer)
    assert is_branch(call)
    grid, pasted, targets = branch_stages(call, whole, IMAGE)
    assert [len(part.pictures) for part in (grid, pasted, targets)] == [3, 3, 3]
    assert pasted.gives == str((len(answer["labels"]), 1, 64, 64))
    assert targets.gives == str((len(answer["labels"]), 8, 8))
    chosen = minidet.sigmoid(logits[0]).numpy()[np.arange(len(answer["labels"])), answer["labels"].numpy()][:, None]
    again = paste_masks_in_image(chosen, answer["boxes"], (64, 64))
    np.testing.assert_array_equal(again.numpy(), answer["masks"].numpy())


def test_no_object_no_picture():
    model = mask(num_keypoints=14).eval()
    nothing = {"boxes": minidet.zeros((0, 4)), "labels": minidet.zeros((0,), dtype=np.int64),
               "keypoints": minidet.zeros((0, 14, 3)), "masks": minidet.zeros((0, 1, 64, 64))}  # fmt: skip
    for predictor, count in ((model.roi_heads.mask_predictor, 3), (model.roi_heads.keypoint_predictor, 14)):
        stages = branch_stages(*recorded(predictor, minidet.zeros((0, count, 8, 8)), model, nothing), IMAGE)
        assert not stages[0].pictures
    assert not is_branch(types.SimpleNamespace(module=model.rpn))
