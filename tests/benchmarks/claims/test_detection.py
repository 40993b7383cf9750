"""The chapter's plan, its work on tiny networks, and its tables."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pytest

from benchmarks.claims import __main__ as command
from benchmarks.claims import detection as chapter
from benchmarks.claims.report import Figures, save_picture
from benchmarks.claims.runs import perform_all


class Invented(Figures):
    """Figures as if all runs were finished: what the papers say is so, by a tenth or a factor of two."""

    SCORES = {"sliding window": 0.1, "every window": 0.15, "class only": 0.2, "R-CNN": 0.2, "staged": 0.25, "Fast R-CNN": 0.3,
              "Faster R-CNN": 0.4}  # fmt: skip

    def __init__(self, seeds=(0, 1, 2)):
        runs = chapter.plan(seeds)
        self.planned = len(runs)
        self.records = [self.record(run) for run in runs]

    def record(self, run):
        score = self.SCORES.get(run.variant, 0.5) + 0.01 * run.seed
        figures = dict.fromkeys(("ap", "ap50", "unmoved_ap", "unmoved_ap50", "accuracy"), score)
        proposals = {"Fast R-CNN": 0.09, "Faster R-CNN": 0.001}.get(run.variant, 0.02)
        figures |= {"steps": 320, "train_seconds": 400.0 if run.variant == "R-CNN" else 40.0, "regions": 150.0,
                    "bytes": 2e6, "proposals_seconds": proposals, "features_seconds": 0.01, "heads_seconds": 0.005}  # fmt: skip
        for name in ("searched", "rpn300", "rpn100", "rpn25"):
            kinds = ("ap", "ap50", "boxes", "recall", "recall75", "mabo")
            figures |= {f"{name}_{kind}": score for kind in kinds}
        figures |= {"image_products": 1.6e8, "region_products": 8.7e5, "crop_products": 2.3e7, "rate": 2e10}
        for count in chapter.REGIONS["counts"]:
            for name, each in (("rcnn", 1e-3 * count), ("fast", 1e-2 + 1e-4 * count), ("thin", 1e-2 + 5e-5 * count)):
                figures |= {f"{name}_{count}": each, f"{name}_predicted_{count}": each}
        for number, rank in enumerate((*chapter.RANKS["ranks"], "full")):
            for name in ("products", "layer_seconds", "seconds", "ap", "ap50"):
                figures[f"{name}_{rank}"] = 0.1 * (number + 1)
        return {"claim": run.claim, "variant": run.variant, "seed": run.seed, "settings": run.settings,
                "figures": figures, "seconds": 60.0}  # fmt: skip


def test_the_plan_trains_what_others_need_first():
    runs = chapter.plan((0, 1, 2))
    assert len(runs) == len({run.hash for run in runs}) == len({run.title for run in runs}) == 30
    for number, run in enumerate(runs):
        if run.after:
            assert run.after in runs[:number]
            assert run.after.keep
            assert run.after.seed == run.seed
    by_variant = {run.variant: run for run in runs if run.seed == 1}
    for learned in ("every window", "Fast R-CNN", "Faster R-CNN", "class only"):
        assert by_variant[learned].after is by_variant["crops"]
    same = [by_variant[name].settings for name in ("Fast R-CNN", "class only", "staged")]
    assert same[0] == same[1] == same[2]  # equally many steps, on the same scenes
    own, every = (by_variant[name].settings["window_args"] for name in ("sliding window", "every window"))
    sizes = ("window", "smallest", "scales_per_octave", "aspect_ratios")
    assert [own[name] for name in sizes] == [every[name] for name in sizes]
    assert every["stride"] == 2 * 2 ** len(own["kernels"])  # half as many places in each direction
    for name in ("scenes", "test_scenes", "size", "epochs"):
        assert len({by_variant[detector].settings[name] for detector in Invented.SCORES}) == 1
    assert not {run.hash for run in chapter.plan((0, 1, 2), quick=True)} & {run.hash for run in runs}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    plan = chapter.plan([5], quick=True)
    perform_all(plan, folder)
    return plan, folder, Figures(plan, folder)


@pytest.mark.slow
def test_a_tiny_plan_runs_and_is_told(finished):
    plan, _, figures = finished
    assert len(figures.records) == len(plan) == 10
    text = chapter.tables(figures)
    assert "10 of 10 runs are finished" in text
    assert text.count("too few seeds") >= 20
    plt.close(chapter.draw(figures))
    scores = [record["figures"]["ap"] for record in figures.records if "ap" in record["figures"]]
    assert len(scores) == 7
    assert all(0 <= ap <= 1 for ap in scores)


@pytest.mark.slow
def test_what_a_tiny_plan_measures_is_what_it_says(finished):
    plan, _, figures = finished
    settings = {run.variant: run.settings for run in plan}
    disk = next(iter(figures.of("detector", "R-CNN", "bytes").values()))
    cells = 64  # numbers of a region: channels of the map, on a grid of 1 x 1
    assert disk > 0
    assert disk % (4 * cells) == 0
    from minidet.models.detection.sliding_window.window_pyramid import WindowPyramid

    windows = WindowPyramid(**settings["every window"]["window_args"]).boxes((48, 48))
    assert figures.of("detector", "every window", "regions") == {5: len(windows)}
    spent = [figures.of("detector", "every window", f"{stage}_seconds")[5] for stage in ("features", "heads")]
    assert spent[0] > spent[1] > 0  # hundreds of crops go through the backbone
    (time,) = (record["figures"] for record in figures.records if record["claim"] == "regions")
    for count in settings["time"]["counts"]:
        assert time[f"rcnn_predicted_{count}"] == pytest.approx(count * time["crop_products"] / time["rate"])
        assert time[f"rcnn_{count}"] > 0
        assert time[f"fast_{count}"] > 0
    # fc6: 64 maps of 2 x 2 to 8, fc7: 8 to 8; 11 scores, 44 deltas
    assert time["region_products"] == 256 * 8 + 8 * 8 + 8 * 55
    (cut,) = (record["figures"] for record in figures.records if record["claim"] == "svd")
    assert cut["products_full"] == time["region_products"]
    assert cut["products_2"] == 2 * (256 + 8) + 1 * (8 + 8) + 8 * 55


@pytest.mark.slow
def test_the_staged_network_changes_its_boxes_alone(finished):
    from minidet.serialization import load_file

    plan, folder, _ = finished
    runs = {run.variant: run for run in plan}
    before = load_file(runs["class only"].path(folder, ".safetensors"))
    _, model = runs["staged"].work(runs["staged"], before)
    changed = {name for name, value in model.state_dict().items() if not np.array_equal(value.numpy(), before[name])}
    assert changed == {f"roi_heads.box_predictor.bbox_pred.{name}" for name in ("weight", "bias")}
    assert not np.any(before["roi_heads.box_predictor.bbox_pred.weight"])  # boxes are left where the proposals are


@pytest.mark.slow
def test_kept_networks_come_back(finished):
    from benchmarks.claims.detection_work import weights_of
    from minidet.serialization import load_file

    plan, folder, _ = finished
    runs = {run.variant: run for run in plan}
    kept = {name: load_file(runs[name].path(folder, ".safetensors")) for name in ("crops", "Fast R-CNN", "R-CNN")}
    start = weights_of(kept["Fast R-CNN"], "start")
    assert start.keys() == kept["crops"].keys()
    assert all(np.array_equal(start[name], kept["crops"][name]) for name in start)  # from where Fast R-CNN began
    first, then = (weights_of(kept[name], "fast") for name in ("Fast R-CNN", "R-CNN"))
    assert all(np.array_equal(first[name], then[name]) for name in first)
    moved = [not np.array_equal(first[f"backbone.{name}"], start[name]) for name in start]
    assert any(moved)


def test_tables_of_a_finished_plan():
    text = chapter.tables(Invented())
    assert "30 of 30 runs are finished" in text
    assert "| AP50: Fast R-CNN above R-CNN | +0.009 (0.660, 0.669) | +0.100 | +0.100 to +0.100 | shows |" in text
    assert "| training time: R-CNN / Fast R-CNN | 8.8 (84 h, 9.5 h) | 10.00 | 10.00 to 10.00 | shows |" in text
    assert "| 2,000 | 2,000.0 | 2,000.0 | 210.0 | 210.0 | 110.0 | 9.5 | 9.52 | 9.52 to 9.52 | shows | 18.18 |" in text
    assert "| proposals' share of Fast R-CNN above one half | +0.325 | +0.357 | +0.357 to +0.357 | shows |" in text
    assert "| 64, 16 | 0.71 | 0.71 | 0.71 | shows | 0.500 (0.500, 0.500, 0.500) | -0.200 | -0.200 to -0.200 |" in text
    assert "| sliding window, own small network, all windows at once | 0.110 (0.100, 0.110, 0.120) |" in text
    assert "| sliding window, same backbone, every window by itself | 0.160 (0.150, 0.160, 0.170) |" in text
    assert (
        "| AP50: R-CNN above sliding window, same backbone | (the same) | +0.050 | +0.050 to +0.050 | shows |" in text
    )
    found = "| AP50: multi-task above staged: classes, then boxes | +0.025, +0.026, +0.029 | +0.050 |"
    assert found in text
    assert max(len(line) for line in text.split("\n") if not line.startswith(("|", "!"))) <= 120


def test_a_ratio_is_judged_by_its_logarithm():
    from benchmarks.claims.detection_tables import ratio

    assert ratio({0: 2.0, 1: 8.0}, {0: 1.0, 1: 2.0})[0] == f"{math.sqrt(8):.2f}"
    assert ratio({0: 2.0, 1: 1.0}, {0: 1.0, 1: 2.0})[2] == "does not show at this scale"
    assert ratio({0: 1.0, 1: 1.01}, {0: 2.0, 1: 2.0, 2: 5.0})[2] == "opposite"
    assert ratio({}, {}) == ["-", "-", "too few seeds"]


def test_times_are_medians_without_the_first_round(monkeypatch):
    from benchmarks.claims import detection_time

    clock = iter(
        np.cumsum([0, 90, 0, 70, 0, 1, 0, 5, 0, 3, 0, 6, 0, 2, 0, 7]).tolist()
    )  # start, end; two ways, 4 rounds
    monkeypatch.setattr(detection_time.time, "process_time", lambda: next(clock))
    assert detection_time.in_turns({"a": lambda: None, "b": lambda: None}, 3) == {"a": 2, "b": 6}


def test_random_regions_lie_in_the_picture():
    from benchmarks.claims.detection_time import random_regions

    boxes = random_regions(500, 64, (10.0, 30.0), np.random.default_rng(0))
    sides = boxes[:, 2:] - boxes[:, :2]
    assert boxes.shape == (500, 4)
    assert boxes.min() >= 0
    assert boxes.max() <= 64
    assert 10 <= sides.min() < 11
    assert 29 < sides.max() <= 30


@pytest.mark.parametrize("figures", [Invented(), Invented([0])])
def test_the_picture_is_small_and_has_no_ground(tmp_path, figures):
    figure = chapter.draw(figures)
    assert figure.patch.get_alpha() == 0
    left, right = figure.axes
    names = [text.get_text() for text in left.get_legend().get_texts()]
    assert names == ["R-CNN", "R-CNN, predicted", "Fast R-CNN", "Fast R-CNN, predicted", "Fast R-CNN, SVD"]
    assert right.get_legend().get_texts()[0].get_text() == "AP50"
    save_picture(figure, tmp_path / "a.svg")
    assert (tmp_path / "a.svg").stat().st_size < 100_000


def test_nothing_finished_can_be_told_and_drawn(tmp_path):
    figures = Figures(chapter.plan((0, 1, 2)), tmp_path)
    assert "0 of 30 runs are finished" in chapter.tables(figures)
    plt.close(chapter.draw(figures))


def test_write_runs_nothing(tmp_path, monkeypatch, capsys):
    page = tmp_path / "results.md"
    page.write_text("<!-- claims detection: begin -->\n<!-- claims detection: end -->\n")
    for name, value in (("RUNS", tmp_path / "runs"), ("RECORDS", tmp_path / "records"), ("PAGE", page),
                        ("IMAGES", tmp_path / "images")):  # fmt: skip
        monkeypatch.setattr(command, name, value)
    command.main(["detection", "--write"])
    assert "0 of 30 runs are finished" in page.read_text()
    assert "runs are there already" not in capsys.readouterr().out
    assert not (tmp_path / "runs").exists()
    assert [path.name for path in (tmp_path / "images").iterdir()] == ["claims_detection.svg"]
