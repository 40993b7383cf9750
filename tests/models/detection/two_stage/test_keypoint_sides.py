"""Which of two joints lies farther left: what is known, the loss, and whom it teaches."""

import math

import numpy as np
import pytest

import minidet
from minidet.autograd import gradcheck
from minidet.data import ShapeScenes
from minidet.data.skeleton import PAIRS
from minidet.data.transforms import RandomHorizontalFlip
from minidet.models import MaskRCNN
from minidet.models.detection.two_stage.keypoint_sides import sides_loss, sides_of

from ..cases import NOTHING, Trunk, filled, mask, spots, total

IMAGES, TARGETS = spots()


def people(*rows):
    """Three joints of each person, of which x and v are given: (P, 3, 3)."""
    return np.array([[(x, 5.0, v) for x, v in row] for row in rows])


def test_the_joint_with_the_larger_x():
    joints = people([(4, 2), (1, 1), (9, 2)], [(4, 2), (4, 2), (1, 2)], [(7, 0), (3, 2), (2, 2)])
    right, known = sides_of(joints, ((0, 1), (2, 0)))
    assert known.tolist() == [[True, True], [False, True], [False, False]]  # one x twice, a joint without label
    assert right[known].tolist() == [True, True, False]


def test_a_mirror_that_exchanges_joints_changes_no_side():
    scenes = ShapeScenes("train", (96, 96), 10, 0, classes=("person",), objects=(1, 3))
    mirror = RandomHorizontalFlip(1.0, keypoint_pairs=scenes.keypoint_pairs)
    seen = set()
    for image, target in (scenes.load(i) for i in range(10)):
        right, known = sides_of(target["keypoints"], PAIRS)
        _, turned = mirror(image, target, np.random.default_rng(0))
        again, still = sides_of(turned["keypoints"], PAIRS)
        np.testing.assert_array_equal(known, still)
        np.testing.assert_array_equal(right[known], again[known])
        seen |= set(right[known].tolist())
    assert seen == {True, False}


def test_the_loss_is_the_mean_of_what_is_known():
    joints = people([(4, 2), (1, 1), (9, 2)], [(4, 0), (3, 2), (8, 2)])
    logits = np.array([[0.5, -2.0], [1.5, 9.0]])
    pairs = ((0, 1), (1, 2))  # of the first person: right of, left of; of the second: unknown, left of
    wanted = (math.log1p(math.exp(-0.5)) + math.log1p(math.exp(-2)) + math.log1p(math.exp(9))) / 3
    assert sides_loss(minidet.tensor(logits), joints, pairs).item() == pytest.approx(wanted, rel=1e-12)
    other_way = sides_loss(minidet.tensor(logits), joints, ((1, 0), (2, 1))).item()
    assert other_way != pytest.approx(wanted, rel=0.1)


def test_gradient(rng):
    joints = np.concatenate([rng.uniform(0, 50, (4, 3, 2)), rng.integers(0, 3, (4, 3, 1))], 2)
    assert sides_of(joints, ((0, 1), (1, 2)))[1].any()
    logits = minidet.tensor(rng.normal(size=(4, 2)), requires_grad=True)
    gradcheck(lambda x: sides_loss(x, joints, ((0, 1), (1, 2))), [logits])


@pytest.mark.parametrize("joints", [np.zeros((0, 3, 3)), people([(1, 0), (2, 2), (3, 0)])])
def test_nothing_known_is_no_loss(joints):
    logits = minidet.zeros((len(joints), 1), requires_grad=True)
    loss = sides_loss(logits, joints, ((0, 1),))
    assert loss.item() == 0
    loss.backward()
    assert logits.grad.shape == logits.shape


def taught(**options):
    """Build a network, and return it with its losses."""
    minidet.manual_seed(2)
    model = mask(**options)
    targets = [filled(*pair) for pair in zip(IMAGES, TARGETS, strict=True)]
    for target in targets:
        target["keypoints"][:, 1, 0] += 3
    return model, model(IMAGES, targets)


def test_the_box_head_learns_it_and_evaluation_does_not_change():
    model, losses = taught(keypoint_pairs=((1, 0),))
    assert losses["loss_sides"].item() == pytest.approx(math.log(2), abs=0.2)  # both as likely
    losses["loss_sides"].backward()
    parts = {name.split(".")[1] for name, value in model.named_parameters() if value.grad is not None}
    assert parts >= {"box_head", "side_predictor"}
    assert not parts & {"box_predictor", "keypoint_head"}
    assert any(value.grad is not None for name, value in model.named_parameters() if name.startswith("backbone"))
    plain, without = taught()
    assert set(losses) - set(without) == {"loss_sides"}
    assert set(model.state_dict()) - set(plain.state_dict()) == {
        "roi_heads.side_predictor.weight", "roi_heads.side_predictor.bias"}  # fmt: skip
    plain.load_state_dict({name: value for name, value in model.state_dict().items() if "side" not in name})
    answers = [one.eval()(IMAGES)[0] for one in (model, plain)]
    assert set(answers[0]) == set(answers[1])
    for key, value in answers[0].items():
        np.testing.assert_array_equal(value.numpy(), answers[1][key].numpy())


def test_images_without_people_teach_no_sides():
    minidet.manual_seed(2)
    losses = mask(keypoint_pairs=((0, 1),))(IMAGES, [NOTHING, NOTHING])
    assert losses["loss_sides"].item() == 0
    total(losses).backward()


def test_a_few_steps_learn_it():
    """Two people, one seen from each side."""
    minidet.manual_seed(0)
    features = minidet.tensor(np.array([[1.0, 0], [0, 1]], np.float32))
    layer = minidet.nn.Linear(2, 1)
    joints = people([(1, 2), (4, 2), (0, 0)], [(4, 2), (1, 2), (0, 0)])
    optimiser = minidet.optim.SGD(layer.parameters(), lr=1.0)
    for _ in range(100):
        optimiser.zero_grad()
        loss = sides_loss(layer(features), joints, ((0, 1),))
        loss.backward()
        optimiser.step()
    assert loss.item() < 0.1
    assert (layer(features).detach().numpy()[:, 0] > 0).tolist() == [False, True]


@pytest.mark.parametrize(("options", "error", "words"), [
    ({"keypoint_pairs": ((0, 1),)}, ValueError, "keypoint_pairs are given without num_keypoints"),
    ({"num_keypoints": 2, "keypoint_pairs": ((0, 2),)}, ValueError, r"keypoint_pairs contains \[0, 2\], expected two different"),
    ({"num_keypoints": 2, "keypoint_pairs": ((1, 1),)}, ValueError, r"keypoint_pairs contains \[1, 1\]"),
    ({"num_keypoints": 2, "keypoint_pairs": ((0, -1),)}, ValueError, "keypoint_pairs is -1"),
    ({"num_keypoints": 2, "keypoint_pairs": (0, 1)}, TypeError, "keypoint_pairs contains 0"),
    ({"num_keypoints": 2, "keypoint_pairs": ((0, 1, 1),)}, TypeError, r"keypoint_pairs contains \[0, 1, 1\]"),
    ({"num_keypoints": 2, "keypoint_pairs": ()}, TypeError, r"keypoint_pairs is \(\)"),
    ({"num_keypoints": 2, "keypoint_pairs": "01"}, TypeError, "keypoint_pairs is '01'"),
])  # fmt: skip
def test_pairs_that_do_not_fit(options, error, words):
    with pytest.raises(error, match=f"MaskRCNN: {words}"):
        MaskRCNN(3, Trunk(), anchor_sizes=((9, 9), (9, 9)), **{"mask_size": 8, **options})
