"""The chapter's plan, its work on tiny scenes, and its tables."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from benchmarks.claims import __main__ as command
from benchmarks.claims import one_stage as chapter
from benchmarks.claims.report import Figures, save_picture
from benchmarks.claims.runs import perform_all


class Invented(Figures):
    """Figures as if all runs were finished: every claim is so, by a tenth."""

    def __init__(self, seeds=(0, 1, 2)):
        runs = chapter.plan(seeds)
        self.planned, self.records = len(runs), []
        for run in runs:
            score = {chapter.WHOLE: 0.5, "augmentation": 0.6}.get(run.variant, 0.4) + 0.01 * run.seed
            figures = {"steps": 240, "outputs": 1234, "accuracy": 0.9, **dict.fromkeys(chapter.SCORES, score)}
            self.records.append({"claim": run.claim, "variant": run.variant, "seed": run.seed, "settings": run.settings,
                                 "figures": figures, "seconds": 60.0})  # fmt: skip


def test_variants_differ_in_one_part():
    runs = chapter.plan((0, 1, 2))
    assert len(runs) == len({run.hash for run in runs}) == len({run.title for run in runs}) == 27
    assert not {run.hash for run in chapter.plan((0, 1, 2), quick=True)} & {run.hash for run in runs}
    by_name = {(run.claim, run.variant): run for run in runs if run.seed == 1}
    first = by_name.pop(("backbone", "crops"))
    assert first.keep
    assert {run.after for run in by_name.values()} == {first}
    for (claim, name), run in by_name.items():
        whole = by_name[claim, chapter.WHOLE].settings
        changed = {key for key in whole if run.settings[key] != whole[key]}
        assert changed == set(chapter.VARIANTS[claim][name])
        assert run.settings.keys() == whole.keys()
    assert {(claim, name) for _, claim, *names, _ in chapter.CLAIMS for name in names} == by_name.keys()


def test_what_a_variant_takes_away_is_gone():
    from minidet.models.detection import SSD, YOLOv1

    made = {}
    for run in chapter.plan([0])[1:]:
        network = {"ssd": SSD, "yolo": YOLOv1}[run.claim]
        arguments = {"backbone": "resnet20", "strides": (4,), **run.settings["model_args"]}
        made[run.variant if run.claim == "ssd" else f"yolo {run.variant}"] = network(3, **arguments)
    whole = made[chapter.WHOLE]
    assert (whole.neg_pos_ratio, made["no mining"].neg_pos_ratio) == (3.0, None)
    assert [len(cell) for cell in whole.default_boxes.cells] == [8, 4, 4]
    assert [len(cell) for cell in made["squares"].default_boxes.cells] == [4, 2, 2]
    (one,) = made["one map"].default_boxes.cells
    np.testing.assert_allclose(one, np.concatenate(whole.default_boxes.cells))  # the same boxes, on one map
    assert made["yolo no square root"].square_root is False
    assert made["yolo empty cells count fully"].lambda_noobj == 1.0
    assert made[f"yolo {chapter.WHOLE}"].lambda_noobj == 0.5


def test_scenes_stay_the_same_and_augmentation_changes_them():
    from benchmarks.claims.one_stage_work import training_data

    runs = {run.variant: run for run in chapter.plan([5], quick=True) if run.claim == "ssd"}
    plain, changed = training_data(runs[chapter.WHOLE]), training_data(runs["augmentation"])
    draws = [np.random.default_rng(seed) for seed in range(len(plain))]
    different = 0
    for i, rng in enumerate(draws):
        image, target = plain.sample(i, rng)
        np.testing.assert_array_equal(image, changed.load(i)[0])
        other, moved = changed.sample(i, rng)
        assert other.shape == image.shape
        assert 1 <= len(moved["labels"]) == len(moved["boxes"]) <= len(target["labels"])
        different += not np.array_equal(image, other)
    assert different >= 3


@pytest.mark.slow
def test_a_tiny_plan_runs_and_is_told(tmp_path):
    plan = chapter.plan([5], quick=True)
    perform_all(plan, tmp_path)
    figures = Figures(plan, tmp_path)
    assert len(figures.records) == len(plan) == 9
    text = chapter.tables(figures)
    assert "9 of 9 runs are finished" in text
    assert text.count("too few seeds") == 12
    plt.close(chapter.draw(figures))
    for claim, variants in chapter.VARIANTS.items():
        for name in variants:
            assert figures.of(claim, name, "steps") == {5: 4}
            assert all(0 <= figures.of(claim, name, score)[5] <= 1 for score in chapter.SCORES)
    # maps of 12 x 12, 6 x 6 and 3 x 3
    boxes = {name: figures.of("ssd", name, "outputs")[5] for name in chapter.VARIANTS["ssd"]}
    assert boxes == {chapter.WHOLE: 1332, "no mining": 1332, "one map": 2304, "squares": 666, "augmentation": 1332}
    assert figures.of("yolo", chapter.WHOLE, "outputs") == {5: 128}


def test_tables_of_a_finished_plan():
    text = chapter.tables(Invented())
    assert text.startswith("27 of 27 runs are finished")
    assert "| SSD, one map | 1,234 | 0.410 (0.400, 0.410, 0.420) |" in text
    published = "+0.088 (0.655, 0.743)"
    assert f"| SSD: augmentation above none, AP50 | {published} | +0.100 | +0.100 to +0.100 | shows |" in text
    assert text.count("| +0.100 | +0.100 to +0.100 | shows |") == 12
    assert max(len(line) for line in text.split("\n") if not line.startswith(("|", "!"))) <= 120


@pytest.mark.parametrize("figures", [Invented(), Invented([0])])
def test_the_picture_has_a_row_for_each_claim(tmp_path, figures):
    figure = chapter.draw(figures)
    assert figure.patch.get_alpha() == 0
    left, right = figure.axes
    assert len(left.get_yticklabels()) == 8
    assert right.get_yticklabels()[0].get_text() == "SSD: augmentation\nabove none"
    assert right.get_xlim()[0] == -right.get_xlim()[1]
    save_picture(figure, tmp_path / "a.svg")
    assert (tmp_path / "a.svg").stat().st_size < 100_000


def test_write_runs_nothing(tmp_path, monkeypatch, capsys):
    page = tmp_path / "results.md"
    page.write_text("<!-- claims one_stage: begin -->\n<!-- claims one_stage: end -->\n")
    for name, value in (
        ("RUNS", tmp_path / "runs"),
        ("RECORDS", tmp_path / "records"),
        ("PAGE", page),
        ("IMAGES", tmp_path / "images"),
    ):
        monkeypatch.setattr(command, name, value)
    command.main(["one_stage", "--write"])
    assert "0 of 27 runs are finished" in page.read_text()
    assert "runs are there already" not in capsys.readouterr().out
    assert [path.name for path in (tmp_path / "images").iterdir()] == ["claims_one_stage.svg"]
