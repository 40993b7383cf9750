"""One trunk, two heads: losses by hand and as PyTorch's, what teaches nothing, a trunk that stays as it is."""

import math

import numpy as np
import pytest

import minidet
from minidet import nn, optim
from minidet.models import Localizer, backbones
from minidet.models.backbones import FeaturePyramid
from minidet.models.localization import BOX_LOSSES, CLASS_LOSSES
from minidet.nn import functional as F

NOTHING = {"boxes": np.zeros((0, 4), np.float32), "labels": np.zeros(0, np.int64)}


class Trunk(nn.Module):
    """A very small backbone of strides 4 and 8."""

    channels = {4: 6, 8: 8}

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 5, 4, padding=2)
        self.bn = nn.BatchNorm2d(6)
        self.deeper = nn.Conv2d(6, 8, 3, 2, padding=1)

    def forward(self, images):
        x = F.relu(self.bn(self.conv(images)))
        return {4: x, 8: F.relu(self.deeper(x))}


def build(num_classes=4, **options):
    return Localizer(num_classes, Trunk(), **{"width": 8, "grid": 2, **options})


def disturb(model, rng):
    """Add noise to the box head's last layer, which says the same of every picture at first."""
    weight = model.box_head.edges.weight
    weight._write_array()[...] = rng.normal(0, 0.1, weight.shape)
    return model


def spots(rng, count=6, size=(24, 32)):
    """Generate pictures of a bright box each, and its target; the class is its colour."""
    images, targets = rng.random((count, 3, *size), dtype=np.float32) * np.float32(0.2), []
    for i, image in enumerate(images):
        x, y, w, h = rng.integers(0, 16), rng.integers(0, 12), *rng.integers(6, 12, 2)
        image[i % 3, y : y + h, x : x + w] = 1
        targets.append({"boxes": np.array([[x, y, x + w, y + h]], np.float32), "labels": np.array([1 + i % 3])})
    return images, targets


def total(losses):
    return losses["loss_classifier"] + losses["loss_box_reg"]


@pytest.mark.parametrize("class_specific", [False, True])
@pytest.mark.parametrize("class_loss", CLASS_LOSSES)
@pytest.mark.parametrize("box_loss", BOX_LOSSES)
def test_losses_are_those_of_the_formula(class_specific, class_loss, box_loss, rng):
    model = build(class_specific=class_specific, class_loss=class_loss, box_loss=box_loss, box_weight=3.0, beta=0.2)
    disturb(model, rng)
    images, targets = spots(rng)
    losses = model(images, targets)
    scores, boxes = (output.detach().numpy().astype(np.float64) for output in model.heads(minidet.tensor(images)))
    assert boxes.shape == (6, 3 if class_specific else 1, 4)
    classes, wrong = 0.0, 0.0
    for score, box, target in zip(scores, boxes, targets, strict=True):
        k = int(target["labels"][0]) - 1
        if class_loss == "cross_entropy":
            classes += np.log(np.exp(score).sum()) - score[k]
        elif class_loss == "bce":
            classes += sum(math.log1p(math.exp(-s if j == k else s)) for j, s in enumerate(score))
        else:
            classes += sum(max(0, 1 - score[k] + s) for j, s in enumerate(score) if j != k) / 3
        x1, y1, x2, y2 = target["boxes"][0]
        d = np.abs(box[k if class_specific else 0] - [x1 / 32, y1 / 24, x2 / 32, y2 / 24])
        wrong += {"l2": d**2, "l1": d, "smooth_l1": np.where(d < 0.2, d**2 / 0.4, d - 0.1)}[box_loss].sum()
    assert losses["loss_classifier"].item() == pytest.approx(classes / 6, rel=1e-4)
    assert losses["loss_box_reg"].item() == pytest.approx(3 * wrong / 6, rel=1e-4)


@pytest.mark.parity
@pytest.mark.parametrize("class_loss", CLASS_LOSSES)
@pytest.mark.parametrize("box_loss", BOX_LOSSES)
def test_gradients_are_torchs(class_loss, box_loss, rng):
    torch = pytest.importorskip("torch")
    from torch.nn import functional as TF

    model = build(class_loss=class_loss, box_loss=box_loss, class_specific=True)
    labels, edges = np.array([2, 0]), rng.random((2, 4))
    arrays = rng.normal(size=(2, 3)), rng.normal(size=(2, 3, 4))
    mine = [minidet.tensor(array, requires_grad=True) for array in arrays]
    theirs = [torch.tensor(array, requires_grad=True) for array in arrays]
    losses = model._losses(*mine, edges, labels)
    total(losses).backward()
    scores, boxes = theirs
    true = torch.tensor(labels)
    expected_classes = {
        "cross_entropy": lambda: TF.cross_entropy(scores, true),
        "bce": lambda: TF.binary_cross_entropy_with_logits(scores, TF.one_hot(true, 3).double(), reduction="sum") / 2,
        "hinge": lambda: TF.multi_margin_loss(scores, true),
    }[class_loss]()
    chosen = boxes[torch.arange(2), true]
    expected_box = {
        "l2": lambda: TF.mse_loss(chosen, torch.tensor(edges), reduction="sum"),
        "l1": lambda: TF.l1_loss(chosen, torch.tensor(edges), reduction="sum"),
        "smooth_l1": lambda: TF.smooth_l1_loss(chosen, torch.tensor(edges), reduction="sum", beta=0.1),
    }[box_loss]() * (10 / 2)  # fmt: skip
    (expected_classes + expected_box).backward()
    assert losses["loss_classifier"].item() == pytest.approx(expected_classes.item())
    assert losses["loss_box_reg"].item() == pytest.approx(expected_box.item())
    for ours, other in zip(mine, theirs, strict=True):
        np.testing.assert_allclose(ours.grad.numpy(), other.grad.numpy(), rtol=1e-9, atol=1e-12)


def test_loss_at_the_start():
    images, targets = spots(np.random.default_rng(1), 12)
    losses = Localizer(7, "resnet20")(images, targets)
    assert losses["loss_classifier"].item() == pytest.approx(math.log(6), abs=0.1)
    middle = [np.abs(target["boxes"][0] / [32, 24, 32, 24] - [0.25, 0.25, 0.75, 0.75]) for target in targets]
    assert losses["loss_box_reg"].item() == pytest.approx(10 * np.mean(np.sum(np.square(middle), 1)), rel=1e-4)


@pytest.mark.parametrize(("class_loss", "box_loss", "class_specific"),
                         [("cross_entropy", "l2", False), ("bce", "l1", True), ("hinge", "smooth_l1", True)])  # fmt: skip
def test_learns_one_batch_by_heart(class_loss, box_loss, class_specific, rng):
    model = build(class_loss=class_loss, box_loss=box_loss, class_specific=class_specific)
    images, targets = spots(rng)
    optimizer = optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.0)
    first = None
    for step in range(250):
        if step == 200:
            optimizer.param_groups[0]["lr"] = 1e-3
        loss = total(model(images, targets))
        first = first or loss.item()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < first / 10
    for answer, target in zip(model.eval()(images), targets, strict=True):
        assert answer["labels"].numpy().tolist() == target["labels"].tolist()
        assert minidet.ops.box_iou(answer["boxes"], target["boxes"]).item() > 0.7


def test_answers_have_the_form_of_detectors(rng):
    images, _ = spots(rng, 3)
    for class_loss in CLASS_LOSSES:
        answers = build(class_loss=class_loss).eval()(images)
        assert len(answers) == 3
        for answer in answers:
            assert {key: value.shape for key, value in answer.items()} == {
                "boxes": (1, 4),
                "labels": (1,),
                "scores": (1,),
            }
            assert answer["boxes"].dtype == answer["scores"].dtype == np.float32
            assert answer["labels"].dtype == np.int64
            assert class_loss == "hinge" or 0 < answer["scores"].item() < 1


def test_boxes_are_put_in_order_and_clipped(rng):
    model = build(class_specific=True).eval()
    images, _ = spots(rng, 1)
    bias = np.array([[0.9, 0.5, 0.1, 0.25], [-1, -1, 2, 2], [0.5, 0.5, 0.5, 3]], np.float32)
    model.box_head.edges.weight._write_array()[...] = 0
    model.box_head.edges.bias._write_array()[...] = bias.ravel()
    model.classifier.weight._write_array()[...] = 0
    expected = [[3.2, 6, 28.8, 12], [0, 0, 32, 24], [16, 12, 16, 24]]
    for k in range(3):
        model.classifier.bias._write_array()[...] = np.eye(3)[k]
        (answer,) = model(images)
        assert answer["labels"].item() == k + 1
        np.testing.assert_allclose(answer["boxes"].detach().numpy(), [expected[k]], rtol=1e-5)


def test_an_image_alone_is_seen_as_beside_others(rng):
    model = disturb(build(), rng).eval()
    images = [rng.random((3, *size), dtype=np.float32) for size in ((24, 32), (24, 32), (40, 17))]
    together = model(images)
    for image, answer in zip(images, together, strict=True):
        (alone,) = model([image])
        (batch,) = model(image[None])
        for key in answer:
            np.testing.assert_allclose(alone[key].detach().numpy(), answer[key].detach().numpy(), rtol=1e-4)
            np.testing.assert_allclose(batch[key].detach().numpy(), answer[key].detach().numpy(), rtol=1e-4)


@pytest.mark.parametrize(
    "empty",
    [
        NOTHING,
        {"boxes": [], "labels": []},
        {"boxes": [[3, 4, 3, 9]], "labels": [2]},
        {"boxes": [[9, 4, 3, 9]], "labels": [1]},
    ],
)
@pytest.mark.parametrize("class_loss", CLASS_LOSSES)
def test_pictures_without_an_object_teach_nothing(empty, class_loss, rng):
    model = build(class_loss=class_loss).train()
    images, targets = spots(rng)
    losses = model(images, [empty] * 6)
    assert {name: loss.item() for name, loss in losses.items()} == {"loss_classifier": 0, "loss_box_reg": 0}
    total(losses).backward()
    assert all(p.grad is not None and (p.grad.numpy() == 0).all() for p in model.parameters())
    model.backbone.bn.eval()  # else the others' statistics differ with the empty pictures
    mixed = model(images, [targets[0], empty, targets[2], empty, empty, empty])
    alone = model(images[[0, 2]], [targets[0], targets[2]])
    for name in mixed:
        assert mixed[name].item() == pytest.approx(alone[name].item(), rel=1e-5)


def test_only_the_true_classs_box_learns(rng):
    model = build(class_specific=True)
    images, targets = spots(rng, 1)
    model(images, targets)["loss_box_reg"].backward()
    gradient = np.abs(model.box_head.edges.bias.grad.numpy()).reshape(3, 4).sum(1)
    assert gradient[0] > 0
    assert gradient[1:].tolist() == [0, 0]


@pytest.mark.parametrize(
    ("target", "error", "words"),
    [
        ({"boxes": [[0, 0, 4, 4]], "labels": [0]}, IndexError, r"labels contains 0, expected integers in \[1, 4\)"),
        ({"boxes": [[0, 0, 4, 4]], "labels": [4]}, IndexError, "labels contains 4"),
        ({"boxes": [[0, 0, 4, 4]], "labels": [1.0]}, TypeError, "labels has dtype float"),
        ({"boxes": [[0, 0, np.nan, 4]], "labels": [1]}, ValueError, "boxes contains NaN or infinity"),
        (
            {"boxes": [[0, 0, 4, 4]] * 2, "labels": [1, 1]},
            ValueError,
            r"boxes has shape \(2, 4\), expected at most one",
        ),
        ({"boxes": [[0, 0, 4, 4]], "labels": [1, 1]}, ValueError, r"labels has shape \(2,\), expected \(1,\)"),
        ({"boxes": [[0, 0, 4, 4]]}, TypeError, "a target has boxes, expected a dict with boxes and labels"),
        (None, TypeError, "a target is a NoneType"),
    ],
)
def test_wrong_targets(target, error, words, rng):
    images, targets = spots(rng, 2)
    with pytest.raises(error, match="Localizer: " + words):
        build()(images, [targets[0], target])


def test_wrong_images_and_lists(rng):
    model, (images, targets) = build(), spots(rng, 2)
    with pytest.raises(ValueError, match="Localizer: targets is None, expected a list of 2 dicts"):
        model(images)
    with pytest.raises(ValueError, match="Localizer: targets has 1 entries, expected a list of 2"):
        model(images, targets[:1])
    with pytest.raises(TypeError, match="Localizer: images has dtype uint8"):
        model((images * 255).astype(np.uint8), targets)
    with pytest.raises(ValueError, match="Localizer: images contains 255"):
        model(images * np.float32(255), targets)
    with pytest.raises(ValueError, match="Localizer: images has sizes .* expected one size in training"):
        model([images[0], images[1][:, :20]], targets)
    with pytest.raises(ValueError, match="Localizer: images is empty"):
        model([], [])
    for options, words in (({"class_loss": "l2"}, "class_loss is 'l2', expected one of 'cross_entropy', 'bce', 'hinge'"),
                           ({"box_loss": "iou"}, "box_loss is 'iou'"), ({"num_classes": 1}, "num_classes is 1"),
                           ({"box_weight": -1}, "box_weight is -1")):  # fmt: skip
        with pytest.raises(ValueError, match="Localizer: " + words):
            build(**options)


@pytest.mark.parametrize("name", ["mobilenet_v1_025", "resnet20"])
def test_every_kind_of_trunk(name, rng):
    images, targets = spots(rng, 2)
    trunks = [name, backbones.BACKBONES[name](), FeaturePyramid(name, 8)]
    for trunk in trunks:
        model = Localizer(4, trunk)
        assert model.stride == max(model.backbone.channels)
        assert np.isfinite(total(model(images, targets)).item())
    finer = Localizer(4, name, stride=2)
    assert finer.stride == 2


def test_pretrained_weights_are_in_the_trunk():
    state = backbones.resnet20(10).state_dict()
    state = {key: np.full_like(value.numpy(), 0.5) for key, value in state.items()}
    model = Localizer(4, "resnet20", pretrained=state)
    for key, value in model.backbone.state_dict().items():
        assert (value.numpy() == state[key]).all(), key


def test_a_frozen_trunk_stays_and_then_learns(rng):
    model = disturb(Localizer(4, "resnet20", width=8), rng)
    images, targets = spots(rng)
    optimizer = optim.AdamW(model.parameters(), lr=1e-2)

    def step():
        losses = total(model.train()(images, targets))
        optimizer.zero_grad()
        losses.backward()
        optimizer.step()
        return {key: value.numpy().copy() for key, value in model.state_dict().items()}

    before = {key: value.numpy().copy() for key, value in model.state_dict().items()}
    model.backbone.freeze()
    after = step()
    changed = {key for key in before if not np.array_equal(before[key], after[key])}
    assert changed == {key for key in before if not key.startswith("backbone.")}
    model.backbone.unfreeze()
    later = step()
    assert not any(
        np.array_equal(after[key], later[key]) for key in before if key.endswith(("weight", "tracked", "mean"))
    )
