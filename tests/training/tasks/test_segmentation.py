from dataclasses import replace

import numpy as np
import pytest

import minidet
from minidet import nn, tensor
from minidet.metrics import BoundaryF1
from minidet.training.recipes import recipe_for
from minidet.training.tasks import segmentation, task_for
from minidet.training.tasks.segmentation import (
    PixelLoss,
    Segmentation,
    class_shares,
    class_weights,
    colours_of,
    evaluate,
    predict_labels,
    weights_for,
)


class Labels:
    """A data set whose images show their labels."""

    classes = ("a", "b", "c")
    ignore_index = 9

    def __init__(self):
        labels = np.zeros((4, 6, 6), np.int64)
        labels[:, 2:4] = 1
        labels[0, 4:] = 2
        labels[:, 0] = 9
        self.labels = labels

    def __len__(self):
        return len(self.labels)

    def load(self, i):
        return np.eye(10, dtype=np.float32)[self.labels[i]].transpose(2, 0, 1)[:3], {"semantic": self.labels[i]}

    __getitem__ = load


def test_evaluate_leaves_out_ignored_pixels_and_partial_batches_count():
    dataset = Labels()
    matrix = evaluate(nn.Identity(), dataset, batch_size=3)
    assert matrix.matrix.sum() == 4 * 30
    assert matrix.mean_iou == 1


def test_class_shares_by_hand():
    shares = class_shares(Labels())
    assert shares.sum() == pytest.approx(1)
    assert shares[1] == pytest.approx(48 / 120)
    assert shares[2] == pytest.approx(12 / 120)


def test_class_weights_favour_rare_classes():
    weights = class_weights(np.array([0.64, 0.36, 0.0]), 0.5)
    assert weights.mean() == pytest.approx(1)
    assert weights[1] / weights[0] == pytest.approx(0.8 / 0.6)
    assert np.isfinite(weights).all()
    assert class_weights(np.array([0.5, 0.5]), 0) is None


def test_evaluate_scores_outlines_too():
    boundary = BoundaryF1(3, Labels.ignore_index)
    evaluate(nn.Identity(), Labels(), batch_size=3, boundary=boundary)
    assert boundary.mean_f1 == 1
    assert boundary.f1_per_class.tolist() == [1, 1, 1]


def test_options_choose_the_class_weights():
    dataset = Labels()
    options = Segmentation.Options()
    assert weights_for(options, dataset) is None
    power = weights_for(replace(options, class_weight_power=0.5), dataset)
    assert np.array_equal(power, class_weights(class_shares(dataset), 0.5))
    median = weights_for(replace(options, class_weights="median_frequency"), dataset)
    # Pixels of 4 x 36: class 0 has 60, class 1 has 48, class 2 has 12 in one image; a sixth is ignored.
    assert median == pytest.approx([0.8, 1, 1])
    with pytest.raises(ValueError, match="train: class_weights is 'inverse'"):
        replace(options, class_weights="inverse")
    with pytest.raises(ValueError, match="train: class_weight_power is 0.5"):
        replace(options, class_weights="median_frequency", class_weight_power=0.5)


def test_task_counts_the_epoch_and_the_loss_is_log_k_at_the_start():
    task = PixelLoss(3, ignore_index=9)
    labels = minidet.tensor(Labels().labels)
    loss = task.loss(lambda images: images * 0, (minidet.zeros(4, 3, 6, 6), labels))
    assert loss.item() == pytest.approx(np.log(3), rel=1e-6)
    assert task.status()["mIoU"] == f"{task.running.mean_iou:.3f}"
    task.start_epoch()
    assert task.running.matrix.sum() == 0


def test_training_and_held_out_scans_differ():
    pytest.importorskip("sklearn", reason="needs scikit-learn's digits: pip install minidet[demo]")
    task = task_for(recipe_for("deconvnet", "digits"), quick=True)
    train, test = task.open("train", training=True), task.open("test")
    assert (train.split, test.split) == ("train", "test")
    assert colours_of(train).shape == (11, 3)


def test_shapes_are_new_at_every_visit_and_held_out_ones_stay():
    recipe = recipe_for("segnet", "shapes")
    train = task_for(recipe, quick=True).open("train", training=True)
    assert len(train) == recipe.quick_samples
    first, again = train[0][0], train[0][0]
    assert first.shape == (3, 64, 64)
    assert not np.array_equal(first, again)
    task = task_for(recipe)
    tests = {split: task.open(split) for split in ("train", "val", "test")}
    assert len(tests["test"]) == recipe.test_samples
    images = [data[0][0] for data in tests.values()]
    np.testing.assert_array_equal(images[2], tests["test"][0][0])
    assert not np.array_equal(images[0], images[1])
    assert not np.array_equal(images[1], images[2])
    assert not np.array_equal(images[0], task.open("train", training=True).load(0)[0])  # another seed
    assert colours_of(train).shape == (7, 3)


@pytest.mark.data
def test_camvid_batches_have_the_window_and_void_is_ignored():
    recipe = recipe_for("segnet", "camvid")
    task = task_for(recipe)
    dataset = task.open("train", training=True)
    image, target = dataset[0]
    assert image.shape == (3, 176, 240)
    assert target["semantic"].shape == (176, 240)
    assert set(np.unique(target["semantic"])) <= set(range(12))
    assert len(task.open("test")) == 233
    assert colours_of(dataset).shape == (11, 3)


class Leans(nn.Module):
    """Class 0 scores 1 in column 0 and 0 elsewhere, class 1 scores 0.4 everywhere, class 2 what is in the image."""

    def forward(self, images):
        image = images.numpy()[:, 0]
        scores = np.zeros((len(image), 3, *image.shape[1:]), np.float32)
        scores[:, 0, :, 0], scores[:, 1], scores[:, 2] = 1, 0.4, image
        return tensor(scores)


def test_the_mirror_image_counts_as_much():
    image = np.zeros((1, 1, 2, 4), np.float32)
    image[0, 0, 0, 1] = 0.9  # an image and its mirror image see it in the same place
    once = predict_labels(Leans(), tensor(image))
    assert once.tolist() == [[[0, 2, 1, 1], [0, 1, 1, 1]]]
    both = predict_labels(Leans(), tensor(image), flip_test=True)
    assert both.tolist() == [[[0, 2, 1, 0], [0, 1, 1, 0]]]  # 1 / 2 is more than 0.4
    mirrored = predict_labels(Leans(), tensor(np.ascontiguousarray(image[..., ::-1])), flip_test=True)
    assert mirrored.tolist() == both[..., ::-1].tolist()


def test_the_option_reaches_the_evaluation(monkeypatch):
    recipe = replace(recipe_for("unet", "shapes", options={"flip_test": True}), quick_samples=2)
    task = task_for(recipe, quick=True)
    task.prepare(task.open("train", training=True))
    seen = []
    monkeypatch.setattr(segmentation, "predict_labels", lambda model, images, flip_test: seen.append(flip_test) or
                        np.zeros((len(images), *images.shape[2:]), np.int64))  # fmt: skip
    task.evaluate(nn.Identity())
    task.draw(nn.Identity(), np.zeros((3, 64, 64), np.float32))
    task.draw_samples(nn.Identity(), 1)
    assert seen == [True] * len(seen)
    assert len(seen) >= 3
