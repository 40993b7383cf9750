"""What all pose networks have in common; each learns one batch."""

import math

import numpy as np
import pytest

import minidet
from minidet.data import FigurePoses
from minidet.models import DeepPose, DeepPoseCascade, HeatmapPose
from minidet.models.backbones import FeaturePyramid
from minidet.models.pose.deeppose import flip_places
from minidet.optim import AdamW

CASES = {
    "regression": (DeepPose, {"width": 16}),
    "cascade": (DeepPoseCascade, {"width": 16}),
    "heatmaps": (HeatmapPose, {"width": 16}),
    "heatmaps, squares": (HeatmapPose, {"width": 16, "loss": "mse"}),
}
FIGURES = FigurePoses(size=64, length=4)
PEOPLE = [FIGURES.load(index) for index in range(4)]
IMAGES, TARGETS = [image for image, _ in PEOPLE], [target for _, target in PEOPLE]


def build(name, **options):
    minidet.random.manual_seed(1)
    network, arguments = CASES[name]
    return network(14, **{"backbone": "mobilenet_v1_025", **arguments, **options})


@pytest.fixture(params=CASES)
def name(request):
    return request.param


def places(answers):
    return np.concatenate([answer["keypoints"].numpy()[..., :2] for answer in answers])


def mean_error(answers, targets):
    truth = np.concatenate([target["keypoints"] for target in targets])
    distance = np.linalg.norm(places(answers) - truth[..., :2], axis=-1)
    return distance[truth[..., 2] > 0].mean()


def learn(name, steps, people=4):
    """Return a model, and its loss at the first and the last of so many steps on one batch."""
    model = build(name)
    optimizer = AdamW(model.parameters(), lr=3e-3)
    totals = []
    for _ in range(steps):
        losses = model(IMAGES[:people], TARGETS[:people])
        total = losses.popitem()[1]
        for part in losses.values():
            total = total + part
        totals.append(total.item())
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
    return model, totals[0], totals[-1]


def test_learns_in_a_few_steps(name):
    _, first, last = learn(name, 25, people=2)
    least = math.log(2 * math.pi * math.e * 1.3**2) if name == "heatmaps" else 0  # the Gaussian's own entropy
    assert last - least < 0.75 * (first - least)


@pytest.mark.slow
def test_learns_one_batch_by_heart(name):
    model, _, _ = learn(name, 300)
    assert mean_error(model.eval()(IMAGES), TARGETS) < 1.2  # pixels


def test_answers_have_the_form_of_a_detectors(name):
    model = build(name).eval()
    answers = model(IMAGES)
    assert len(answers) == 4
    for answer in answers:
        shapes = {key: value.shape for key, value in answer.items()}
        assert shapes == {"keypoints": (1, 14, 3), "keypoints_scores": (1, 14), "scores": (1,)}
        assert all(value.dtype == np.float32 for value in answer.values())
        assert (answer["keypoints"].numpy()[..., 2] == 1).all()
        assert answer["scores"].item() == pytest.approx(answer["keypoints_scores"].numpy().mean())
        assert 0 <= answer["scores"].item() <= 1


def test_an_image_alone_is_the_same_as_beside_others(name):
    model = build(name).eval()
    np.testing.assert_allclose(places(model(IMAGES[2:3])), places(model(IMAGES))[2:3], atol=1e-3)


def test_joints_that_are_not_seen_do_not_matter(name):
    """What stands at v = 0 may be anything; with nobody there at all, losses are 0, and gradients too."""
    targets = [{"keypoints": target["keypoints"].copy()} for target in TARGETS]
    for target in targets:
        target["keypoints"][0, 3:6, 2] = 0
    losses = []
    for anything in (0, 50, np.nan):
        for target in targets:
            target["keypoints"][0, 3:6, :2] = anything
        losses.append({key: value.item() for key, value in build(name)(IMAGES, targets).items()})
    assert losses[0] == losses[1] == losses[2]
    nobody = [{"keypoints": np.zeros((0, 14, 3))}, {"keypoints": np.zeros((1, 14, 3))}] * 2
    model = build(name)
    for loss in model(IMAGES, nobody).values():
        assert loss.item() == 0
        loss.backward()
    assert not any(p.grad.numpy().any() for p in model.parameters() if p.grad is not None)


def test_with_the_flip_test_a_mirror_image_has_the_mirrored_answer(name):
    """Both are means of the same two answers: exactly so, whatever the network."""
    model = build(name, flip_test=True).eval()
    images = np.stack(IMAGES)
    straight, turned = places(model(minidet.tensor(images))), places(model(minidet.tensor(images[..., ::-1].copy())))
    np.testing.assert_allclose(turned, flip_places(straight, model.mirrored, 64), atol=2e-3)
    alone = build(name).eval()
    assert not np.allclose(places(alone(IMAGES)), straight)


@pytest.mark.parametrize("backbone", ["resnet20", "pyramid"])
def test_takes_any_backbone(name, backbone):
    if backbone == "pyramid":
        backbone = FeaturePyramid("mobilenet_v1_025", 8, strides=(8, 16))
    model = build(name, backbone=backbone)
    small = [image[:, :32, :40] for image in IMAGES[:2]]
    assert all(np.isfinite(loss.item()) for loss in model(small, TARGETS[:2]).values())
    assert places(model.eval()(small)).shape == (2, 14, 2)


def test_a_frozen_backbone_stays_as_it_is(name):
    model = build(name)
    model.backbone.freeze()
    model.train()
    before = {key: value.numpy().copy() for key, value in model.backbone.state_dict().items()}
    sum(loss.item() for loss in model(IMAGES, TARGETS).values())
    for key, value in model.backbone.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), before[key], err_msg=key)


def test_saved_and_loaded(name):
    model, other = build(name), build(name)
    model(IMAGES, TARGETS)  # running statistics move
    other.load_state_dict(model.state_dict())
    np.testing.assert_array_equal(places(model.eval()(IMAGES)), places(other.eval()(IMAGES)))


WRONG = {
    "bytes": (lambda model: model(minidet.tensor(np.zeros((1, 3, 64, 64), np.uint8)), TARGETS[:1]), "images has dtype uint8"),
    "0 to 255": (lambda model: model([IMAGES[0] * 255], TARGETS[:1]), "images contains 2"),
    "sizes": (lambda model: model([IMAGES[0], IMAGES[0][:, :32]], TARGETS[:2]), "images have the shapes"),
    "no images": (lambda model: model([], []), "images is empty, expected one shape"),
    "no targets": (lambda model: model(IMAGES), "targets is a NoneType, expected a list of 4 dicts"),
    "too few": (lambda model: model(IMAGES, TARGETS[:2]), "targets has 2, expected a list of 4 dicts"),
    "no joints": (lambda model: model(IMAGES[:1], [{"boxes": 1}]), r"targets\[0\] has no 'keypoints'"),
    "two people": (lambda model: model(IMAGES[:1], [{"keypoints": np.ones((2, 14, 3))}]), "an image shows one person"),
    "nan": (lambda model: model(IMAGES[:1], [{"keypoints": np.full((1, 14, 3), [np.nan, 1, 2])}]), "targets contain nan"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_errors(case):
    call, words = WRONG[case]
    with pytest.raises((ValueError, TypeError), match=f"HeatmapPose: {words}|HeatmapPose: .*: {words}"):
        call(build("heatmaps"))


@pytest.mark.parametrize("pairs", [[(0, 14)], [(3, 3)], [(0, 1), (1, 2)]])
def test_pairs_are_pairs(pairs):
    with pytest.raises(ValueError, match="DeepPose: keypoint_pairs contains"):
        build("regression", keypoint_pairs=pairs)


def test_names_alone_build_them():
    for network, _ in CASES.values():
        assert network().num_keypoints == 14
