import numpy as np
import pytest

from minidet.viz import draw_curves
from minidet.viz.curves import smooth

EPOCHS = [{"epoch": i + 1, "loss": 2.0 / (i + 1), "seconds": 30.0, "mIoU": 0.1 * i} for i in range(5)]
STEPS = [{"step": i + 1, "loss": 1.0 + 0.01 * i, "lr": 0.1 * (i + 1)} for i in range(100)]


def curves(ax):
    """Every line of the axes and its twins, by label."""
    return {line.get_label(): line.get_xydata().T.tolist() for twin in ax.figure.axes for line in twin.lines}


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_what_fit_returns():
    ax = draw_curves(EPOCHS)
    assert legend(ax) == ["loss", "mIoU"], "seconds are no score"
    found = curves(ax)
    assert found["loss"] == [[1, 2, 3, 4, 5], [record["loss"] for record in EPOCHS]]
    assert found["mIoU"] == [[1, 2, 3, 4, 5], [record["mIoU"] for record in EPOCHS]]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "loss")
    assert all(tick == int(tick) for tick in ax.get_xticks())


def test_losses_of_steps_and_scores_of_epochs_share_one_axis():
    records = [*STEPS, {"step": 50, "val mIoU": 0.2}, {"step": 100, "val mIoU": 0.3}]
    ax = draw_curves(records)
    found = curves(ax)
    assert found["val mIoU"] == [[50, 100], [0.2, 0.3]]
    assert len(found["loss"][0]) == 100
    assert legend(ax) == ["loss", "loss, averaged over 5", "learning rate, up to 10", "val mIoU"]


def test_the_learning_rate_is_a_hill_of_its_shape():
    ax = draw_curves(STEPS, smoothing=1)
    assert legend(ax) == ["loss", "learning rate, up to 10"]
    twin = ax.figure.axes[1]
    (hill,) = twin.collections
    (path,) = hill.get_paths()
    assert path.vertices[:, 1].max() == pytest.approx(10)
    assert twin.get_ylim()[1] == pytest.approx(40)
    assert list(twin.get_yticks()) == []


def test_scores_between_0_and_1_have_that_axis():
    assert draw_curves(EPOCHS).figure.axes[1].get_ylim() == (0, 1)
    millimetres = [{"epoch": i, "loss": 1.0, "error": 10.0 * i} for i in range(4)]
    assert draw_curves(millimetres).figure.axes[1].get_ylim()[1] > 30


def test_chosen_scores():
    records = [{**record, "accuracy": 0.5} for record in EPOCHS]
    assert legend(draw_curves(records, scores=["accuracy"])) == ["loss", "accuracy"]
    assert legend(draw_curves(records, scores=[])) == ["loss"]


def test_scores_differ_in_their_lines_not_only_in_colour():
    records = [{"epoch": i, **dict.fromkeys("abcd", 0.1 * i)} for i in range(3)]
    lines = draw_curves(records).figure.axes[1].lines
    assert len({line.get_linestyle() for line in lines}) == 4


def test_smooth_by_hand():
    # smoothing 3: keep = 1 - 2/4 = 1/2
    assert smooth([4.0, 1.0, 1.0], 3) == pytest.approx([4, (2 + 1) / 1.5, (1 + 0.5 + 1) / 1.75])
    assert smooth([1.0, 2.0], 1).tolist() == [1, 2]


def test_smooth_is_the_weighted_mean(rng):
    losses = rng.standard_normal(30)
    weights = (1 - 2 / 11) ** np.arange(30)[::-1]
    assert smooth(losses, 10)[-1] == pytest.approx(np.average(losses, weights=weights))


def test_smooth_passes_over_what_is_not_finite():
    found = smooth([np.nan, 2.0, np.inf, 2.0], 5)
    assert np.isnan(found[0])
    assert found[1:] == pytest.approx([2, 2, 2])


def test_a_loss_that_became_nan_is_drawn_without_a_warning():
    ax = draw_curves([*EPOCHS, {"epoch": 6, "loss": float("nan")}], smoothing=2)
    ax.figure.canvas.draw()
    assert len(curves(ax)["loss"][0]) == 6


@pytest.mark.parametrize(
    ("history", "options", "message"),
    [
        ([], {}, "history is no list of dicts, or empty"),
        ([1.0, 2.0], {}, "history is no list of dicts, or empty"),
        ([{"loss": 1.0}], {}, "history has a record without a time"),
        ([{"epoch": 1, "loss": 1.0}, {"step": 2, "loss": 1.0}], {}, "history has a record without a time"),
        (EPOCHS, {"scores": ["accuracy"]}, "scores contains 'accuracy'"),
        (EPOCHS, {"smoothing": 0}, "smoothing is 0"),
    ],
)
def test_bad_input(history, options, message):
    with pytest.raises(ValueError, match=f"draw_curves: {message}"):
        draw_curves(history, **options)
