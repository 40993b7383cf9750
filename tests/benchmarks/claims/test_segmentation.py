"""The chapter's plan, its work on tiny networks, and its tables."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from benchmarks.claims import __main__ as command
from benchmarks.claims import segmentation as chapter
from benchmarks.claims.report import Figures, save_picture
from benchmarks.claims.runs import perform_all, select


class Invented(Figures):
    """Figures as if all runs were finished: finer networks and switches are better by a tenth."""

    def __init__(self, seeds=(0, 1, 2)):
        runs = chapter.plan(seeds)
        self.planned = len(runs)
        self.records = []
        for run in runs:
            score = 0.3 + 0.01 * run.seed + 0.1 * (("16s" in run.variant) + ("8s" in run.variant))
            score += 0.1 * (run.variant == "switches")
            figures = {
                "steps": 500, "accuracy": 0.75, "mean_iou": score, "boundary_f1": score, "majority_mean_iou": 0.1, "map_bytes": 1600,
                "switch_bytes": 800, "packed_bytes": 25, "overlap": 40.5, "cost_ratio": 40.5, "time_ratio": 20 + run.seed,
                "largest_difference": 1e-7, "same_labels": 1.0,
            }  # fmt: skip
            self.records.append({"claim": run.claim, "variant": run.variant, "seed": run.seed, "settings": run.settings,
                                 "figures": figures, "seconds": 60.0})  # fmt: skip


def test_the_plan_has_three_seeds_of_each_and_parents_first():
    runs = chapter.plan((0, 1, 2))
    assert len(runs) == 36
    assert len({run.hash for run in runs}) == 36
    for number, run in enumerate(runs):
        if run.after:
            assert run.after in runs[:number]
            assert run.after.keep
            assert run.after.seed == run.seed
            before = "fcn " + run.variant.rpartition("-")[0] if "-" in run.variant else "classifier crops"
            assert f"{run.after.claim} {run.after.variant}" == before
    steps = {run.settings["epochs"] * run.settings["scenes"] for run in runs if run.claim == "fcn"}
    assert len(steps) == 1  # equally many steps in every part
    assert not {run.hash for run in chapter.plan((0, 1, 2), quick=True)} & {run.hash for run in runs}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    plan = chapter.plan([5], quick=True)
    runs = [run for run in plan if run.claim != "segnet"] + select(plan, "switches") + select(plan, "nearest")
    perform_all(runs, folder)
    return runs, folder, Figures(plan, folder)


@pytest.mark.slow
def test_a_tiny_plan_runs_and_is_told(finished):
    runs, _, figures = finished
    assert len(figures.records) == len(runs) == 10
    assert figures.planned == 12
    text = chapter.tables(figures)
    assert "10 of 12 runs are finished" in text
    assert text.count("too few seeds") >= 9
    assert "2 steps of 4 scenes of 32 x 32 pixels" in text
    assert figures.of("segnet", "bilinear", "mean_iou") == {}
    for record in figures.records:
        score = "accuracy" if record["claim"] == "classifier" else "mean_iou"
        assert 0 <= record["figures"][score] <= 1


@pytest.mark.slow
def test_finer_networks_start_from_the_weights_of_the_coarser_one(finished):
    from minidet.serialization import load_file

    runs, folder, _ = finished
    weights = {run.variant: load_file(run.path(folder, ".safetensors")) for run in runs if run.keep}
    assert set(weights) == {"crops", "32s", "32s-32s", "32s-16s"}
    assert "score_pool4.weight" in weights["32s-16s"]
    assert "score_pool4.weight" not in weights["32s-32s"]
    name = "backbone.stages.0.0.0.weight"
    for earlier, later in (("crops", "32s"), ("32s", "32s-32s"), ("32s", "32s-16s")):
        first = weights[earlier][name]
        moved = np.abs(weights[later][name] - first).max()
        assert 0 < moved < 0.1 * np.abs(first).max()  # trained on, not begun again


@pytest.mark.slow
def test_windows_cost_as_often_as_they_overlap_and_score_the_same(finished):
    (record,) = (record for record in finished[2].records if record["claim"] == "windows")
    figures = record["figures"]
    assert figures["largest_difference"] < 1e-5
    assert figures["same_labels"] == 1
    assert figures["cost_ratio"] == pytest.approx(figures["overlap"], rel=1e-12)
    assert figures["overlap"] > 5
    assert figures["crop_seconds"] > 0


def test_crops_have_their_object_in_the_middle():
    from benchmarks.claims.segmentation_work import JITTER, around_object
    from minidet.data import ShapeScenes
    from minidet.data.transforms.geometry import boxes_of_masks

    scenes = ShapeScenes("test", 128, objects=1)
    near = 0
    for index in range(20):
        image, target = scenes.load(index)
        places = np.broadcast_to(target["masks"][0], (3, 128, 128))  # cut the mask as the picture is cut
        crop, label = around_object(places, target, np.random.default_rng(index))
        assert crop.shape == around_object(image, target, np.random.default_rng(index))[0].shape == (3, 64, 64)
        assert label == target["labels"][0]
        x1, y1, x2, y2 = boxes_of_masks(crop[:1])[0]
        near += max(abs((x1 + x2) / 2 - 32), abs((y1 + y2) / 2 - 32)) <= JITTER + 1
    assert near >= 10  # an object near the border of its scene cannot be in the middle of a crop


def test_overlap_and_memory_by_hand():
    from benchmarks.claims.segmentation_work import overlap, remembered_bytes
    from minidet.models import SegNet, SlidingWindow

    # One stage: windows of 4 x 4, maps of 2 x 2, 27 weights, then 1 x 1 and two layers of 2 and 4 weights.
    model = SlidingWindow(2, window=4, widths=(1,), kernels=(3,), hidden=2)
    assert (model.hidden.weight.numel(), model.classifier.weight.numel()) == (2, 4)
    made = 27 * 6 * 5 + 6 * 5 * 4  # 5 x 4 windows make products at 6 x 5 places
    used = 27 * 4 * 5 * 4 + 6 * 5 * 4  # of each of 20 windows at 2 x 2
    assert overlap(model, 5, 4) == pytest.approx(used / made)
    assert model.multiply_adds(5, 4) == (used, made)
    bytes_of = remembered_bytes(SegNet(2, widths=(4, 6), convs=(1, 1)), 8)
    # 4 maps of 8 x 8 and 6 of 4 x 4: 352 floats, 88 switches
    assert bytes_of == {"map_bytes": 4 * 352, "switch_bytes": 8 * 88, "packed_bytes": 22}


def test_tables_of_a_finished_plan():
    text = chapter.tables(Invented())
    assert "36 of 36 runs are finished" in text
    assert (
        "| 16s above the 32s that it started from | +0.030 (0.594, 0.624) | +0.100 | +0.100 to +0.100 | shows |" in text
    )
    assert "| 8s above 32s, equally many steps |  | +0.200 | +0.200 to +0.200 | shows |" in text
    assert "| mIoU: switches above bilinear | +0.044 (0.433, 0.477) | +0.100 | +0.100 to +0.100 | shows |" in text
    assert "| switches as stored here, int64 | 800 | 0.500 |" in text
    assert "| seconds, by itself / at once | 20.0, 21.0, 22.0 | above 1 | shows |" in text
    assert max(len(line) for line in text.split("\n") if not line.startswith(("|", "!"))) <= 120


def test_verdicts_on_windows_follow_the_figures():
    figures = Invented()
    for record in figures.records:
        record["figures"] |= {"largest_difference": 0.01, "cost_ratio": 41, "time_ratio": [0.5, 1, 2][record["seed"]]}
    assert chapter.windows_verdicts(figures) == ("opposite", "opposite", "does not show at this scale")


@pytest.mark.parametrize("figures", [Invented(), Invented([0])])
def test_the_picture_is_small_and_has_no_ground(tmp_path, figures):
    figure = chapter.draw(figures)
    assert figure.patch.get_alpha() == 0
    left, right = figure.axes
    assert [text.get_text() for text in left.get_legend().get_texts()] == ["FCN-32s", "FCN-16s", "FCN-8s"]
    assert [text.get_text() for text in right.get_xticklabels()] == ["switches", "bilinear", "nearest", "bed of nails"]
    save_picture(figure, tmp_path / "a.svg")
    assert (tmp_path / "a.svg").stat().st_size < 100_000


def test_nothing_finished_can_be_told_and_drawn(tmp_path):
    figures = Figures(chapter.plan((0, 1, 2)), tmp_path)
    assert "0 of 36 runs are finished" in chapter.tables(figures)
    plt.close(chapter.draw(figures))


@pytest.mark.slow
def test_the_command_redraws_the_page_unless_quick(tmp_path, monkeypatch, capsys):
    page, images = tmp_path / "results.md", tmp_path / "images"
    empty = "<!-- claims segmentation: begin -->\n<!-- claims segmentation: end -->\n"
    page.write_text(empty)
    for name, value in (
        ("RUNS", tmp_path / "runs"),
        ("RECORDS", tmp_path / "records"),
        ("PAGE", page),
        ("IMAGES", images),
    ):
        monkeypatch.setattr(command, name, value)
    command.main(["segmentation", "--quick", "--seeds", "4", "--only", "segnet bed"])
    assert "1 of 12 runs are finished" in capsys.readouterr().out
    assert page.read_text() == empty
    assert len(list((tmp_path / "runs/segmentation").glob("*.json"))) == 1
    command.main(["segmentation", "--only", "no such run"])
    assert "0 of 36 runs are finished" in page.read_text()
    assert [path.name for path in images.iterdir()] == ["claims_segmentation.svg"]


def test_bad_arguments(capsys):
    with pytest.raises(SystemExit):
        command.parse(["astronomy"])
    assert "invalid choice: 'astronomy'" in capsys.readouterr().err
