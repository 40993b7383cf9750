"""What all detectors have in common: images without objects, of all sizes, ignored objects, the same seed, mistakes."""

import re

import numpy as np
import pytest

import minidet
from minidet import optim
from minidet.models.detection import Detector
from minidet.training.fit import fit

from .cases import BACKGROUND, CASES, LAYERS, LOSSES, NOTHING, Trunk, build, gradient, spots, total, values

IMAGES, TARGETS = spots()


@pytest.fixture(params=CASES)
def name(request):
    return request.param


def assert_detections(found, images, all_scores=None):
    """Check the form of what was found: inside the image, sorted, of real classes."""
    assert len(found) == len(images)
    for answer, image in zip(found, images, strict=True):
        boxes, labels, scores = (answer[key].numpy() for key in ("boxes", "labels", "scores"))
        assert boxes.shape == (len(scores), 4)
        assert labels.shape == scores.shape
        assert (boxes.dtype, labels.dtype, scores.dtype) == (np.float32, np.int64, np.float32)
        assert (boxes >= 0).all()
        assert (boxes <= [image.shape[2], image.shape[1]] * 2).all()
        assert (boxes[:, 2:] > boxes[:, :2]).all()
        assert ((labels >= 1) & (labels < 3)).all()
        assert (np.diff(scores) <= 0).all()
        assert (scores >= 0).all()
        assert (scores <= 1).all()
        more = {"masks", "keypoints", "keypoints_scores"} if "masks" in answer else set()
        assert set(answer) == {"boxes", "labels", "scores"} | ({"all_scores"} if all_scores else set()) | more


def assert_equal_answers(one, other, **tolerance):
    assert len(one) == len(other)
    for mine, yours in zip(one, other, strict=True):
        for key in mine:
            np.testing.assert_allclose(mine[key].numpy(), yours[key].numpy(), **tolerance)


def test_losses_in_training_and_boxes_in_evaluation(name):
    model = build(name)
    losses = model(IMAGES, TARGETS)
    assert set(losses) == LOSSES.get(name, LOSSES[name.split(",")[0]])
    assert all(loss.shape == () and np.isfinite(loss.item()) for loss in losses.values())
    total(losses).backward()
    assert all(p.grad is not None for p in model.parameters())
    found = model.eval()(IMAGES)
    assert_detections(found, IMAGES)
    assert not found[0]["boxes"].requires_grad


def test_a_tensor_is_a_list_of_images(name):
    model = build(name).eval()
    assert_equal_answers(model(minidet.tensor(np.stack(IMAGES))), model(IMAGES), rtol=0)


def test_images_without_objects(name):
    for targets in ([NOTHING, NOTHING], [TARGETS[0], NOTHING], [NOTHING, TARGETS[1]]):
        model = build(name)
        losses = model(IMAGES, targets)
        assert all(np.isfinite(loss.item()) for loss in losses.values())
        if targets[0] is targets[1]:
            assert "loss_box_reg" not in losses or losses["loss_box_reg"].item() == 0
            learns = BACKGROUND.get(name, "loss_classifier")
            assert {key for key, loss in losses.items() if "rpn" not in key and loss.item() > 0} >= {learns} - {None}
            assert learns is not None or total(losses).item() == 0
        total(losses).backward()
        if "faster" in name:
            assert gradient(model.rpn.head.cls_logits) > 0
            assert (losses["loss_rpn_box_reg"].item() == 0) == (targets[0] is targets[1])
    empty = {"boxes": [], "labels": []}
    assert np.isfinite(total(build(name)([IMAGES[0]], [empty])).item())


def test_objects_without_area_are_left_out(name):
    flat = {"boxes": [[5, 5, 5, 40], [9, 9, 30, 9], [7, 7, 7, 7]], "labels": [1, 2, 1]}
    mixed = {key: np.concatenate([TARGETS[0][key], flat[key]]) for key in flat}
    assert values(build(name)([IMAGES[0]], [flat])) == values(build(name)([IMAGES[0]], [NOTHING]))
    assert values(build(name)([IMAGES[0]], [mixed])) == values(build(name)([IMAGES[0]], [TARGETS[0]]))


def test_images_of_any_size(name):
    images = [np.full((3, *size), 0.4, np.float32) for size in ((97, 131), (32, 32), (1, 1), (20, 90))]
    model = build(name)
    losses = model(images, [NOTHING] * 4)
    assert all(np.isfinite(loss.item()) for loss in losses.values())
    assert_detections(model.eval()(images), images)
    for image in images:
        if image.size > 3:  # batch normalisation wants more than one number
            assert np.isfinite(total(model.train()([image], [NOTHING])).item())
        assert_detections(model.eval()([image]), [image])


def test_an_image_alone_gives_what_it_gives_beside_others(name):
    images = [*IMAGES, *spots(3, 1, (48, 80))[0], *spots(4, 1, (97, 131))[0]]
    model = build(name, score_thresh=0.2).eval()
    together = model(images)
    assert all(len(answer["scores"]) for answer in together)
    for image, answer in zip(images, together, strict=True):
        assert_equal_answers(model([image]), [answer], rtol=1e-4, atol=1e-4)


def test_nothing_found(name):
    model = build(name, score_thresh=1.0).eval()
    for answer in model(IMAGES, all_scores=True):
        assert answer["boxes"].shape == (0, 4)
        assert answer["all_scores"].shape == (0, 3)
        assert answer["scores"].shape == answer["labels"].shape == (0,)
        assert answer["labels"].dtype == np.int64


def test_losses_and_detections_at_once(name):
    model = build(name)
    minidet.manual_seed(3)
    model.eval()
    losses, found = model(IMAGES, TARGETS, return_losses=True)
    assert_detections(found, IMAGES)
    assert_equal_answers(found, model(IMAGES), rtol=0)
    model.train()
    for module in model.modules():
        if type(module).__name__ == "BatchNorm2d":
            module.eval()
    if "faster" in name:  # as many proposals as in evaluation
        model.rpn.post_nms_top_n = model.rpn.post_nms_top_n[1:] * 2
        model.rpn.pre_nms_top_n = model.rpn.pre_nms_top_n[1:] * 2
    minidet.manual_seed(3)
    assert values(losses) == pytest.approx(values(model(IMAGES, TARGETS)), rel=1e-6)


def test_every_class_has_its_score(name):
    for answer in build(name).eval()(IMAGES, all_scores=True):
        scores = answer["all_scores"].numpy()
        if name in ("rcnn", "yolo"):  # each class is scored by itself, the background is what is left
            np.testing.assert_allclose(scores[:, 0], 1 - scores[:, 1:].max(1), rtol=1e-5)
        else:
            np.testing.assert_allclose(scores.sum(1), 1, rtol=1e-5)
        rows = np.arange(len(scores))
        np.testing.assert_array_equal(scores[rows, answer["labels"].numpy()], answer["scores"].numpy())


def test_the_same_seed_gives_the_same_losses(name):
    first, again = (values(build(name)(IMAGES, TARGETS)) for _ in range(2))
    assert first == again


@pytest.mark.parametrize("mark", ["iscrowd", "difficult"])
def test_ignored_objects_teach_nothing(name, mark):
    ignored = {**TARGETS[0], mark: np.ones(2, np.int64), "labels": [0, 77]}  # whatever their labels
    losses = build(name)([IMAGES[0]], [ignored])
    assert "loss_box_reg" not in losses or losses["loss_box_reg"].item() == 0
    everything = {"boxes": [[-99, -99, 200, 200]], "labels": [1], mark: [True]}
    losses = build(name)([IMAGES[0]], [everything])
    if mark == "iscrowd":  # every part of a crowd: then there is no background, either
        assert set(values(losses).values()) == {0.0}
        total(losses).backward()


def test_scaled_images(name):
    model = build(name, min_size=96, max_size=120)
    image = spots(5, 1, (60, 100))[0][0]
    ((batch, *_),) = model.prepared([image])
    assert batch.sizes == [(72, 120)]
    assert batch.given == [(60, 100)]
    assert_detections(model.eval()([image]), [image])
    found = model([image])[0]["boxes"].numpy()
    assert found.max() > 80  # in pixels of the image as it was given, all over it


def test_labels_outside_and_other_mistakes(name):
    model = build(name)
    boxes = TARGETS[0]["boxes"]
    for labels in ([1, 3], [0, 1], [-1, 1]):
        with pytest.raises(IndexError, match="labels contains"):
            model([IMAGES[0]], [{"boxes": boxes, "labels": labels}])
    for target, error, words in (
        ({"boxes": boxes * np.nan, "labels": [1, 1]}, ValueError, "boxes contains NaN"),
        ({"boxes": boxes, "labels": [1]}, ValueError, r"labels has shape \(1,\)"),
        ({"boxes": boxes, "labels": [1.5, 1.0]}, TypeError, "labels has dtype"),
        ({"boxes": boxes[:, :3], "labels": [1, 1]}, ValueError, "boxes has shape"),
        ({"boxes": boxes}, TypeError, "a target has boxes"),
    ):
        with pytest.raises(error, match=words):
            model([IMAGES[0]], [target])
    with pytest.raises(TypeError, match="targets is a NoneType"):
        model(IMAGES)
    with pytest.raises(TypeError, match="targets has 1 entries"):
        model(IMAGES, TARGETS[:1])


def test_images_that_are_none(name):
    model = build(name).eval()
    for image, error in (((IMAGES[0] * 255).astype(np.uint8), TypeError), (IMAGES[0] * 255, ValueError),
                         (IMAGES[0][:2], ValueError), (IMAGES[0][0], ValueError),
                         (np.zeros((3, 0, 5), np.float32), ValueError)):  # fmt: skip
        with pytest.raises(error, match=rf"{re.escape(type(model).__name__)}: images"):
            model([image])
    with pytest.raises(ValueError, match="images is empty"):
        model([])


class Task:
    """The losses of a model, for ``fit``."""

    def loss(self, model, batch):
        return model(*batch)

    def status(self):
        return {}

    def start_epoch(self):
        pass


class Loader:
    """The same batch again and again."""

    epoch = 0

    def __init__(self, count, images):
        self.count, self.images = count, images

    def __len__(self):
        return self.count

    def __iter__(self):
        for _ in range(self.count):
            yield IMAGES[: self.images], TARGETS[: self.images]


def learn(model, steps, lr=1e-2, images=2):
    optimizer = optim.AdamW(model.parameters(), lr=lr)
    scheduler = optim.CosineAnnealingLR(optimizer, T_max=steps)
    return fit(model, Task(), Loader(steps, images), optimizer, scheduler, 1, max_norm=5.0, progress=False)


def test_a_loss_that_is_no_number_names_the_layer(name):
    model, (layer, weight) = build(name), LAYERS[name.split(",")[0]]
    nan = np.float32("nan")
    dict(model.named_modules())[layer].register_forward_hook(
        lambda module, args, out: {k: x * nan for k, x in out.items()} if isinstance(out, dict) else out * nan
    )
    with pytest.raises(FloatingPointError, match=rf"layer {re.escape(layer)} \("):
        learn(model, 1)
    model = build(name)
    dict(model.named_parameters())[weight]._write_array()[0, 0] = np.nan
    with pytest.raises(FloatingPointError, match=rf"parameter {re.escape(weight)}"):
        learn(model, 1)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in CASES if name != "rcnn"])  # for that one: rcnn/test_stages.py
def test_learns_one_image_by_heart(name):
    minidet.manual_seed(2)
    trunk = Trunk(16) if name in ("faster_rcnn", "faster_rcnn, masks", "ssd") else Trunk(16, (8,))
    more = {"proposals": (200, 40)} if "faster" in name else {}
    model = build(name) if name == "sliding_window" else CASES[name](trunk=trunk, width=32, **more)
    learn(model, 200, lr=1e-2, images=1)
    (answer,) = model.eval()(IMAGES[:1])
    sure = answer["scores"].numpy() > 0.6
    boxes, labels = answer["boxes"].numpy()[sure], answer["labels"].numpy()[sure]
    iou = minidet.ops.box_iou(TARGETS[0]["boxes"], boxes).numpy()
    right = (iou > 0.5) & (labels == TARGETS[0]["labels"][:, None])
    assert right.any(1).all(), (boxes, labels)  # each object is found,
    assert right.any(0).all(), (boxes, labels)  # and nothing else


def test_num_classes_and_sizes_are_checked():
    for options in ({"num_classes": 1}, {"num_classes": 3, "min_size": 0}, {"num_classes": 3, "max_size": 0}):
        with pytest.raises(ValueError, match="Detector: "):
            Detector(**options)
    with pytest.raises(NotImplementedError, match="losses is missing"):
        Detector(2)(IMAGES, [NOTHING] * 2)
    with pytest.raises(NotImplementedError, match="detections is missing"):
        Detector(2).eval()(IMAGES)
