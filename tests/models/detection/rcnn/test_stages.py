"""Training stage by stage: what comes out, interrupted anywhere, and what is refused."""

import numpy as np
import pytest

from minidet.models.detection.rcnn import cache as cache_file
from minidet.models.detection.rcnn import stages
from minidet.ops import box_iou

from .scene import pictures, small, state

DATA, PROPOSALS = pictures()
IMAGES, TARGETS = (list(part) for part in zip(*DATA, strict=True))


def fit(model, data=DATA, proposals=PROPOSALS, **options):
    return model.fit(data, proposals, **{"steps": 60, "lr": 0.02, "progress": False, **options})


@pytest.fixture(scope="module")
def trained():
    model = small()
    return model, fit(model)


def test_objects_are_found(trained):
    model, _ = trained
    found = model.eval()(IMAGES, proposals=PROPOSALS)
    for answer, target in zip(found, TARGETS, strict=True):
        sure = answer["scores"].numpy() > 0.4  # with three positives and C = 0.001, margins stay small
        iou = box_iou(target["boxes"], answer["boxes"].numpy()[sure]).numpy()
        right = (iou > 0.6) & (answer["labels"].numpy()[sure] == target["labels"][:, None])
        assert right.any(1).all(), (answer, target)
        assert (np.diff(answer["scores"].numpy()) <= 0).all()


def test_the_regressor_brings_boxes_closer(trained):
    model, _ = trained
    before, after = [], []
    for (image, target), proposals in zip(DATA, PROPOSALS, strict=True):
        for box, label in zip(target["boxes"], target["labels"], strict=True):
            near = proposals[box_iou(box[None], proposals).numpy()[0] > 0.6]
            moved = model.regressors.boxes(near, model.pool5_of(image, near))[:, label - 1]
            before += box_iou(box[None], near).numpy()[0].tolist()
            after += box_iou(box[None], moved).numpy()[0].tolist()
    assert np.mean(after) > np.mean(before) + 0.03


def test_the_record_says_what_was_done(trained):
    model, record = trained
    assert tuple(record) == stages.STAGES
    assert all(stage["seconds"] >= 0 for stage in record.values())
    regions = sum(map(len, PROPOSALS))
    assert record["proposals"]["regions"] == regions
    assert record["features"]["bytes"] == (regions + 10) * model.network.cells * 4
    losses = record["fine-tuning"]["loss"]
    assert len(losses) == 60
    assert losses[0] == pytest.approx(np.log(3), rel=0.1)
    assert np.mean(losses[-5:]) < losses[0] / 2
    assert all(count > 0 for count in record["svm"]["hard"])
    assert sum(record["regression"]["pairs"]) > 50
    assert model.svms.trained.numpy().tolist() == [1, 1]


class Interrupted(Exception):
    """Somebody pressed a key."""


def interrupt(monkeypatch, place, name, calls):
    """Let a function raise when it is called for the last time of ``calls``."""
    right, left = getattr(place, name), [calls]

    def stop(*args, **kwargs):
        left[0] -= 1
        if left[0] == 0:
            raise Interrupted
        return right(*args, **kwargs)

    monkeypatch.setattr(place, name, stop)


SHORT = {"steps": 6, "save_every": 2}


@pytest.fixture(scope="module")
def uninterrupted():
    model = small()
    return model, fit(model, **SHORT)


@pytest.mark.parametrize(
    ("place", "name", "calls"),
    [(cache_file.RowCache, "append", 3), (stages, "draw_batch", 5), (cache_file.RowCache, "append", 8),
     (stages, "mine", 1), (stages, "fit_ridge", 2)],
    ids=["proposals", "fine-tuning", "features", "svm", "regression"],
)  # fmt: skip
def test_an_interrupted_run_goes_on_to_the_same_result(uninterrupted, tmp_path, monkeypatch, place, name, calls):
    whole, record = uninterrupted
    model = small()
    monkeypatch.setattr(cache_file, "EVERY", 1)  # save every image's rows
    with monkeypatch.context() as patch, pytest.raises(Interrupted):
        interrupt(patch, place, name, calls)
        fit(model, folder=tmp_path, **SHORT)
    again = small(seed=99)  # other weights and another state of the random numbers: those of the folder count
    if name != "append" or calls > 5:
        resumed = fit(again, folder=tmp_path, **SHORT)
    else:  # nothing had been learnt, and no model saved
        again = small()
        resumed = fit(again, folder=tmp_path, **SHORT)
    for key, value in state(whole).items():
        np.testing.assert_array_equal(value, state(again)[key], err_msg=key)
    for stage in stages.STAGES:
        assert {**resumed[stage], "seconds": 0} == {**record[stage], "seconds": 0}


def test_a_finished_run_is_only_read(tmp_path, monkeypatch):
    model = small()
    record = fit(model, folder=tmp_path, steps=2)
    for name in ("draw_batch", "mine", "fit_ridge"):
        interrupt(monkeypatch, stages, name, 1)
    again = small(seed=5)
    assert fit(again, folder=tmp_path, steps=2) == record
    for key, value in state(model).items():
        np.testing.assert_array_equal(value, state(again)[key], err_msg=key)


def test_a_folder_of_another_run_is_refused(tmp_path):
    fit(small(), folder=tmp_path, steps=1)
    before = sorted((path.name, path.stat().st_size) for path in tmp_path.rglob("*.f32"))
    other = [(image, {**target, "labels": 3 - target["labels"]}) for image, target in DATA]
    for model, data, options in ((small(), DATA, {"steps": 2}), (small(width=8), DATA, {"steps": 1}),
                                 (small(svm_iou=0.2), DATA, {"steps": 1}), (small(), other, {"steps": 1})):  # fmt: skip
        with pytest.raises(ValueError, match=r"RCNN\.fit: folder .* holds another run"):
            fit(model, data, folder=tmp_path, **options)
    assert before == sorted((path.name, path.stat().st_size) for path in tmp_path.rglob("*.f32"))


def test_a_class_without_objects_never_fires():
    model = small(4, score_thresh=0.0)
    assert fit(model, steps=2)["regression"]["pairs"][2] == 0
    assert model.svms.trained.numpy().tolist() == [1, 1, 0]
    for answer in model.eval()(IMAGES, proposals=PROPOSALS):
        assert set(answer["labels"].numpy()) == {1, 2}
    proposals = PROPOSALS[0]
    boxes = model.regressors.boxes(proposals, model.pool5_of(IMAGES[0], proposals))
    np.testing.assert_allclose(boxes[:, 2], proposals, atol=1e-4)  # and its regressor is the identity


def test_nothing_is_learnt_from_images_without_objects():
    nothing = {"boxes": np.zeros((0, 4)), "labels": np.zeros(0, np.int64)}
    model = small(score_thresh=0.0)
    record = fit(model, [(image, nothing) for image in IMAGES], steps=2)
    assert record["svm"]["hard"] == [0, 0]
    assert all(np.isfinite(record["fine-tuning"]["loss"]))
    assert all(len(answer["scores"]) == 0 for answer in model.eval()(IMAGES, proposals=PROPOSALS))


def test_without_proposals_only_the_objects_are_seen():
    empty = [np.zeros((0, 4), np.float32)] * len(DATA)
    record = fit(small(), proposals=empty, steps=2)
    assert record["proposals"]["regions"] == 0
    assert record["regression"]["pairs"] == [0, 0]


def test_ignored_objects_are_neither_positive_nor_negative():
    marked = [(image, {**target, "difficult": np.array([1, 0])}) for image, target in DATA]
    alone = small()
    record = fit(alone, marked, steps=1)
    labels = np.concatenate([target["labels"][1:] for target in TARGETS])
    assert record["features"]["bytes"] == (sum(map(len, PROPOSALS)) + len(labels)) * alone.network.cells * 4
    run = stages.Run(alone, marked, PROPOSALS, None, {}, 1, False)
    run.read()
    for truth, target, proposals in zip(run.truths, TARGETS, PROPOSALS, strict=True):
        assert truth.labels.tolist() == target["labels"][1:].tolist()
        hidden = box_iou(target["boxes"][:1], proposals).numpy()[0]
        negative = stages.svm_negatives(proposals, truth, 3)
        assert not negative[hidden >= 0.3].any()
        assert negative[(hidden < 0.3) & (box_iou(truth.boxes, proposals).numpy()[0] < 0.3)].all()


def test_selective_search_where_there_are_no_proposals(monkeypatch):
    calls = []

    def propose(images):
        calls.append(images[0].shape)
        return [np.float32([[0, 0, 20, 20], [5, 5, 5, 9]])]

    model = small(min_size=96)
    monkeypatch.setattr(model, "propose", propose)
    record = fit(model, proposals=None, steps=1)
    assert calls == [(3, 48, 48)] * 5
    assert record["proposals"]["regions"] == 5  # without the one that has no area
    given = [(image, {**target, "proposals": boxes}) for (image, target), boxes in zip(DATA, PROPOSALS, strict=True)]
    assert fit(model, given, None, steps=1)["proposals"]["regions"] == sum(map(len, PROPOSALS))


def test_samples_have_to_stay_the_same():
    class Noisy(list):
        def __getitem__(self, i):
            image, target = super().__getitem__(i)
            return image + np.random.default_rng().random(image.shape, dtype=np.float32) * np.float32(0.01), target

    with pytest.raises(ValueError, match=r"RCNN\.fit: data has another image .*leave out random transforms"):
        fit(small(), Noisy(DATA), steps=1)


def test_mistakes():
    with pytest.raises(FloatingPointError, match=r"RCNN\.fit: loss of step 0 is nan"):
        model = small()
        model.network.fc7.weight._write_array()[0, 0] = np.nan
        fit(model, steps=2)
    with pytest.raises(ValueError, match=r"RCNN\.fit: data is empty"):
        fit(small(), [], [])
    with pytest.raises(TypeError, match=r"RCNN\.fit: proposals has 4, expected a list of 5 arrays"):
        fit(small(), proposals=PROPOSALS[:4])
    with pytest.raises(ValueError, match=r"RCNN\.fit: steps is -1"):
        fit(small(), steps=-1)


def test_the_mode_of_the_model_is_as_before():
    model = small().eval()
    fit(model, steps=1)
    assert not model.training
    fit(model.train(), steps=1)
    assert model.training
    assert model.network.backbone.bn.training
