"""YOLO: who is responsible, the five terms of its loss, and what an answer is."""

import numpy as np
import pytest

import minidet
from minidet import tensor
from minidet.autograd.gradcheck import gradcheck
from minidet.models.detection import YOLOv1
from minidet.models.detection.one_stage.yolo import responsible
from minidet.models.detection.truth import read_target

from ..cases import NOTHING, Trunk, build, spots, total, values, yolo

IMAGES, TARGETS = spots()
S, B, C = 4, 2, 2
SIZE = (64, 96)


def truth(boxes, labels, **marks):
    return read_target("YOLOv1", {"boxes": boxes, "labels": labels, **marks}, 3)


def outputs(rng, images=1):
    """Draw what a network may say: boxes, confidences, classes."""
    boxes = rng.uniform(0.3, 0.9, (images, S, S, B, 4))
    return [boxes, rng.normal(size=(images, S, S, B)), rng.normal(size=(images, S, S, C))]


def said(model, *arrays, sizes, truths):
    return {name: term.item() for name, term in model.losses_of(*map(tensor, arrays), sizes, truths).items()}


def overlap(one, other):
    w, h = (min(one[i + 2], other[i + 2]) - max(one[i], other[i]) for i in (0, 1))
    shared = max(w, 0) * max(h, 0)
    return shared / ((one[2] - one[0]) * (one[3] - one[1]) + (other[2] - other[0]) * (other[3] - other[1]) - shared)


def equation_3(boxes, confidence, classes, objects):
    """Write the equation down, cell by cell, for one image; ``objects`` are ``{(row, column): (x, y, w, h, label)}``."""
    terms = dict.fromkeys(("loss_xy", "loss_wh", "loss_object", "loss_no_object", "loss_classifier"), 0.0)
    for row in range(S):
        for column in range(S):
            best = None
            if (row, column) in objects:
                x, y, w, h, label = objects[row, column]
                true = (x - w / 2, y - h / 2, x + w / 2, y + h / 2)
                ious = []
                for j in range(B):
                    px, py, pw, ph = boxes[row, column, j]
                    px, py, pw, ph = (column + px) / S, (row + py) / S, pw**2, ph**2
                    ious.append(overlap((px - pw / 2, py - ph / 2, px + pw / 2, py + ph / 2), true))
                best = int(np.argmax(ious))
                px, py, pw, ph = boxes[row, column, best]
                terms["loss_xy"] += 5 * ((px - (x * S - column)) ** 2 + (py - (y * S - row)) ** 2)
                terms["loss_wh"] += 5 * ((pw - w**0.5) ** 2 + (ph - h**0.5) ** 2)
                terms["loss_object"] += (confidence[row, column, best] - ious[best]) ** 2
                for k in range(C):
                    terms["loss_classifier"] += (classes[row, column, k] - (k + 1 == label)) ** 2
            for j in range(B):
                if j != best:
                    terms["loss_no_object"] += 0.5 * confidence[row, column, j] ** 2
    return terms


def test_the_five_terms_by_loops(rng):
    boxes, confidence, classes = outputs(rng)
    objects = {(0, 1): (0.4, 0.1, 0.3, 0.2, 2), (3, 3): (0.8, 0.9, 0.1, 0.5, 1)}
    corners = [[x - w / 2, y - h / 2, x + w / 2, y + h / 2] for x, y, w, h, _ in objects.values()]
    known = truth(np.array(corners) * [96, 64, 96, 64], [2, 1])
    found = said(yolo(), boxes, confidence, classes, sizes=[SIZE], truths=[known])
    assert found == pytest.approx(equation_3(boxes[0], confidence[0], classes[0], objects), rel=1e-5)
    twice = said(yolo(), *(np.concatenate([x, x]) for x in (boxes, confidence, classes)), sizes=[SIZE] * 2,
                 truths=[known, known])  # fmt: skip
    assert twice == pytest.approx(found), "the images' mean"
    other = yolo(lambda_coord=1.0, lambda_noobj=2.0)
    other = said(other, boxes, confidence, classes, sizes=[SIZE], truths=[known])
    assert other["loss_xy"] == pytest.approx(found["loss_xy"] / 5)
    assert other["loss_no_object"] == pytest.approx(found["loss_no_object"] * 4)


def test_without_square_roots_the_network_says_sides(rng):
    boxes, confidence, classes = outputs(rng)
    known = truth([[24, 16, 48, 24]], [1])  # shares 0.25 and 0.125, centre (0.375, 0.3125): row 1, column 1
    boxes[0, 1, 1] = [0.5, 0.25, 0.3, 0.2]
    model = yolo(square_root=False)
    found = said(model, boxes, confidence, classes, sizes=[SIZE], truths=[known])
    assert found["loss_wh"] == pytest.approx(5 * (0.05**2 + 0.075**2), rel=1e-5)
    assert found["loss_xy"] == pytest.approx(0, abs=1e-12)
    negative = model.corners(np.full((S, S, B, 4), -0.5))
    np.testing.assert_array_equal(negative[..., :2], negative[..., 2:])


def test_exactly_one_is_responsible_also_where_overlaps_are_equal():
    box = np.array([0.4, 0.4, 0.6, 0.6])
    far, near = [0.0, 0.0, 0.1, 0.1], [0.2, 0.2, 0.3, 0.3]
    assert responsible(np.array([far, near]), box) == (1, 0.0)  # neither touches it: the closer one
    assert responsible(np.array([near, far]), box) == (0, 0.0)
    assert responsible(np.array([far, far]), box) == (0, 0.0)  # equal: the first
    assert responsible(np.array([box, box]), box) == (0, 1.0)
    half, also_half = [0.4, 0.4, 0.6, 0.5], [0.3, 0.4, 0.7, 0.6]  # IoU 1/2 both; the first one's middle is off
    assert responsible(np.array([also_half, half]), box)[0] == 1
    far_better = [0.0, 0.0, 1.0, 1.0]  # IoU above 0 wins over what is closer and does not touch
    assert responsible(np.array([[0.39, 0.4, 0.4, 0.6], far_better]), box)[0] == 1


def test_equal_predictors_share_nothing():
    """Both say the same: one has the object's terms, the other the no-object term; the target is the IoU, detached."""
    boxes = np.full((1, S, S, B, 4), 0.5)
    confidence, classes = np.full((1, S, S, B), 0.25), np.zeros((1, S, S, C))
    known = truth([[24, 16, 48, 32]], [1])  # cell (1, 1), a quarter of each side: what is said, exactly
    leaves = [tensor(x, requires_grad=True) for x in (boxes, confidence, classes)]
    losses = yolo().losses_of(*leaves, [SIZE], [known])
    assert losses["loss_object"].item() == pytest.approx(0.75**2, rel=1e-5)
    assert losses["loss_no_object"].item() == pytest.approx(0.5 * 31 * 0.25**2)
    total(losses).backward()
    grad = leaves[1].grad.numpy()
    np.testing.assert_allclose(grad[0, 1, 1], [2 * (0.25 - 1), 2 * 0.5 * 0.25], rtol=1e-5)
    np.testing.assert_allclose(leaves[0].grad.numpy(), 0, atol=1e-6)  # also none from the confidence's target


def test_a_centre_on_the_border_belongs_to_the_last_cell(rng):
    boxes, confidence, classes = outputs(rng)
    known = truth([[76, 44, 116, 84]], [2])  # centre (96, 64): the lower right corner of the image
    for term, at in (("loss_object", 0), ("loss_classifier", 1)):
        arrays = [boxes, confidence.copy(), classes.copy()]
        before = said(yolo(), *arrays, sizes=[SIZE], truths=[known])
        arrays[at + 1][0, 3, 3] += 1
        after = said(yolo(), *arrays, sizes=[SIZE], truths=[known])
        assert after[term] != before[term]


def test_crowds_and_difficult_objects_are_not_learnt_as_empty(rng):
    arrays = outputs(rng)
    arrays[1] = np.ones_like(arrays[1])
    loss = {}
    for name, marks in (("nothing", {}), ("hard", {"difficult": [1]}), ("crowd", {"iscrowd": [1]})):
        box = [[0, 0, 48, 64]] if marks else np.zeros((0, 4))
        loss[name] = said(yolo(), *arrays, sizes=[SIZE], truths=[truth(box, [1] * len(box), **marks)])
    assert loss["nothing"]["loss_no_object"] == pytest.approx(0.5 * S * S * B)
    assert loss["hard"]["loss_no_object"] == pytest.approx(0.5 * (S * S - 1) * B), "the cell of its centre"
    assert loss["crowd"]["loss_no_object"] == pytest.approx(0.5 * (S * S - 8) * B), "its left half"
    assert loss["hard"]["loss_object"] == loss["crowd"]["loss_object"] == 0


def test_gradients_of_all_terms(rng):
    known = [truth([[0, 0, 40, 30], [50, 20, 90, 60]], [1, 2]), truth([[10, 10, 30, 50]], [2])]
    arrays = [tensor(x, requires_grad=True) for x in outputs(rng, 2)]
    model = yolo()

    def losses(boxes, confidence, classes):
        terms = model.losses_of(boxes, confidence, classes, [SIZE, SIZE], known)
        return tuple(terms[name] for name in ("loss_xy", "loss_wh", "loss_no_object", "loss_classifier"))

    assert gradcheck(losses, arrays)
    boxes = arrays[0].detach()  # the target of the confidence follows the boxes, but has no gradient
    assert gradcheck(
        lambda c: model.losses_of(boxes, c, arrays[2].detach(), [SIZE] * 2, known)["loss_object"], [arrays[1]]
    )


def test_answers_in_pixels_scored_by_confidence_times_class():
    model = build("yolo", score_thresh=0.1, boxes_per_cell=1).eval()
    head = model.head
    head.last.weight._write_array()[...] = 0
    bias = np.zeros((S, S, 7), np.float32)
    bias[2, 1] = [0.5, 0.5, 0.5, 0.25, 0.8, 0.1, 0.9]
    bias[0, 0] = [0.5, 0.5, 0.5, 0.5, 1.7, 1.4, -3.0]  # outputs beyond [0, 1] are cut off
    head.last.bias._write_array()[...] = bias.ravel()
    (found,) = model([IMAGES[0]], all_scores=True)
    np.testing.assert_allclose(found["boxes"].numpy(), [[0, 0, 16, 16], [16, 38, 32, 42]], atol=1e-4)
    assert found["labels"].numpy().tolist() == [1, 2]
    np.testing.assert_allclose(found["scores"].numpy(), [1, 0.72], rtol=1e-5)
    np.testing.assert_allclose(found["all_scores"].numpy(), [[0, 1, 0], [0.28, 0.08, 0.72]], atol=1e-5)


def test_an_image_in_a_larger_batch_is_divided_into_the_cells_that_it_has_alone():
    model = build("yolo", grid=3)
    x = tensor(np.random.default_rng(0).random((2, 8, 6, 8)))
    together = model.cells(x, [(48, 64), (24, 40)]).numpy()
    np.testing.assert_allclose(together[:1], model.cells(x[:1], [(48, 64)]).numpy())
    np.testing.assert_allclose(together[1:], model.cells(x[1:, :, :3, :5], [(24, 40)]).numpy())


def test_a_convolution_in_the_place_of_the_fully_connected_layers():
    """Every cell says what the same weights make of it."""
    model = build("yolo", width=None)
    assert model.head.last.weight.shape == (5 * B + C, 8, 1, 1)
    total(model(IMAGES, TARGETS)).backward()
    assert all(p.grad is not None for p in model.parameters())
    model.head.last.weight._write_array()[...] = 0
    bias = np.arange(12, dtype=np.float32)
    model.head.last.bias._write_array()[...] = bias
    ((batch, *_),) = model.eval().prepared([IMAGES[0]])
    boxes, confidence, classes = (x.detach().numpy() for x in model.says(batch))
    assert (boxes == [[0, 1, 2, 3], [5, 6, 7, 8]]).all()
    assert (confidence == [4, 9]).all()
    assert (classes == [10, 11]).all()


def test_images_without_objects_teach_that_there_is_nothing():
    losses = values(build("yolo")(IMAGES, [NOTHING] * 2))
    assert losses.pop("loss_no_object") > 0
    assert set(losses.values()) == {0.0}


def test_by_default_seven_cells_and_two_boxes():
    minidet.manual_seed(0)
    model = YOLOv1(21).eval()
    assert (model.grid, model.boxes_per_cell, model.lambda_coord, model.lambda_noobj) == (7, 2, 5, 0.5)
    assert model.head.last.weight.shape[0] == 7 * 7 * 30
    assert model([IMAGES[0]])[0]["boxes"].shape[1] == 4


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"grid": 0}, ValueError, "grid is 0"),
        ({"boxes_per_cell": 1.5}, TypeError, "boxes_per_cell is 1.5"),
        ({"lambda_noobj": -1}, ValueError, "lambda_noobj is -1"),
        ({"square_root": "yes"}, TypeError, "square_root is a str"),
        ({"width": 0}, ValueError, "width is 0"),
        ({"dropout": 2}, ValueError, "dropout is 2"),
    ],
)
def test_bad_arguments(options, error, words):
    with pytest.raises(error, match=f"YOLOv1: {words}"):
        YOLOv1(3, Trunk(strides=(8,)), **options)
