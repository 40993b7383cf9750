"""The chapter's plan, its work on tiny scenes, and its tables."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from benchmarks.claims import __main__ as command
from benchmarks.claims import masks as chapter
from benchmarks.claims.masks_work import build, shapes, told
from benchmarks.claims.report import Figures, save_picture
from benchmarks.claims.runs import perform_all
from minidet.models.backbones import backbone

#: RoI pooling loses 0.1 and 0.2 of mask AP, more at 0.75; all else loses 0.1.
INVENTED = {
    "pool, stride 4": {"mask AP": 0.5, "mask AP50": 0.56, "mask AP75": 0.4},
    "align, stride 8": {},
    "pool, stride 8": {"mask AP": 0.4, "mask AP50": 0.5, "mask AP75": 0.2},
    "softmax": {"mask AP": 0.5},
    "one mask for all classes": {"mask AP": 0.65},
    "no masks": {"box AP": 0.5},
}


class Invented(Figures):
    """Figures as if all runs were finished."""

    def __init__(self, seeds=(0, 1, 2)):
        runs = chapter.plan(seeds)
        self.planned, self.records = len(runs), []
        for run in runs:
            scores = {**dict.fromkeys(chapter.SCORES, 0.6), **INVENTED.get(run.variant, {})}
            scores = {name: score + 0.01 * run.seed for name, score in scores.items()}
            if run.variant == "no masks":
                scores = {name: score for name, score in scores.items() if name.startswith("box")}
            self.records.append({"claim": run.claim, "variant": run.variant, "seed": run.seed, "settings": run.settings,
                                 "figures": {"steps": 240, "accuracy": 0.9, **scores}, "seconds": 60.0})  # fmt: skip


def flat(settings):
    """Return settings with those of the network beside the others; no mask head is one setting."""
    masks = settings["mask_args"] or {"mask_layers": None}
    others = {name: value for name, value in settings.items() if not name.endswith("_args")}
    return {"pooling": "align", "mask_loss": "sigmoid", "class_agnostic_masks": False, **others,
            **settings["model_args"], **masks}  # fmt: skip


def test_the_two_sides_of_a_claim_differ_in_one_part():
    runs = chapter.plan((0, 1, 2))
    assert len(runs) == len({run.hash for run in runs}) == len({run.title for run in runs}) == 24
    assert not {run.hash for run in chapter.plan((0, 1, 2), quick=True)} & {run.hash for run in runs}
    by_name = {run.variant: run for run in runs if run.seed == 1}
    first = by_name.pop("crops")
    assert first.keep
    assert {run.after for run in by_name.values()} == {first}
    assert by_name.keys() == chapter.VARIANTS.keys()
    gains = [gain for claim in chapter.CLAIMS for gain in (claim.gain, claim.other) if gain]
    assert {name for gain in gains for name in gain[:2]} == by_name.keys()
    parts = set()
    for better, worse, score in gains:
        assert score in chapter.SCORES
        one, other = (flat(by_name[name].settings) for name in (better, worse))
        (part,) = {name for name in one if one[name] != other[name]}
        parts.add(part)
    assert parts == {"pooling", "mask_loss", "class_agnostic_masks", "mask_layers"}


def test_variants_are_built_as_they_are_called_and_start_alike():
    runs = {run.variant: run for run in chapter.plan([0], quick=True)}
    start = backbone(chapter.NETWORK["backbone"], (8,)).state_dict()
    made = {name: build(runs[name], start) for name in chapter.VARIANTS}
    assert {name: tuple(model.backbone.strides) for name, model in made.items()} == {
        name: (8,) if name.endswith("8") else (4,) for name in made
    }
    for name, model in made.items():
        kind = "pool" if name.startswith("pool") else "align"
        assert model.roi_heads.box_roi_pool.kind == kind
        assert name == "no masks" or model.roi_heads.mask_roi_pool.kind == kind
    assert made["softmax"].roi_heads.mask_loss == "softmax"
    assert made["one mask for all classes"].roi_heads.mask_predictor.mask_fcn_logits.out_channels == 1
    assert made["no masks"].roi_heads.mask_head is None
    for name, model in made.items():
        weights = made[f"align, stride {model.backbone.strides[0]}"].state_dict()
        for key, value in model.state_dict().items():
            if key in weights and not (name == "one mask for all classes" and "mask_predictor" in key):
                np.testing.assert_array_equal(value.numpy(), weights[key].numpy(), err_msg=f"{name}: {key}")


def test_scenes_of_a_seed_are_the_same_for_all_and_new_in_every_epoch():
    one, other = (run for run in chapter.plan([3], quick=True) if run.variant in ("softmax", "no masks"))
    sees = [
        shapes(run, "train", transform=told).sample(0, np.random.default_rng(i)) for i in (1, 2) for run in (one, other)
    ]
    np.testing.assert_array_equal(sees[0][0], sees[1][0])
    assert not np.array_equal(sees[0][0], sees[2][0])
    assert sees[0][1].keys() == {"boxes", "labels", "masks"}
    held = [shapes(run, "test").load(0) for run in (one, other)]
    np.testing.assert_array_equal(held[0][1]["masks"], held[1][1]["masks"])


@pytest.mark.slow
def test_a_tiny_plan_runs_and_is_told(tmp_path):
    plan = chapter.plan([5], quick=True)
    perform_all(plan, tmp_path)
    figures = Figures(plan, tmp_path)
    assert len(figures.records) == len(plan) == 8
    text = chapter.tables(figures)
    assert "8 of 8 runs are finished" in text
    assert text.count("too few seeds") == len(chapter.CLAIMS)
    plt.close(chapter.draw(figures))
    for name in chapter.VARIANTS:
        assert figures.of(chapter.CLAIM, name, "steps") == {5: 2}
        scores = [score for score in chapter.SCORES if name != "no masks" or score.startswith("box")]
        assert all(0 <= figures.of(chapter.CLAIM, name, score)[5] <= 1 for score in scores)
    losses = [figures.of(chapter.CLAIM, name, "loss")[5] for name in chapter.VARIANTS]
    assert len(set(losses)) == len(losses)


def test_tables_of_a_finished_plan():
    text = chapter.tables(Invented())
    assert text.startswith("24 of 24 runs are finished")
    row = "| no masks | - | - | - | 0.510 (0.500, 0.510, 0.520) | 0.610 (0.600, 0.610, 0.620) |"
    assert row in text
    published = "+0.034 (0.269, 0.303; stride 16)"
    assert f"| RoIAlign above RoIPool, stride 4, mask AP | {published} | +0.100 | +0.100 to +0.100 | shows |" in text
    for title, gain in (("RoIAlign's gain in mask AP75 above that in mask AP50, stride 4", 0.16), ("... stride 8", 0.3),
                        ("RoIAlign's gain at stride 8 above that at stride 4, mask AP", 0.1),
                        ("sigmoids above a softmax, mask AP", 0.1), ("with masks above without, box AP", 0.1)):  # fmt: skip
        (found,) = (line for line in text.split("\n") if line.startswith(f"| {title} |"))
        assert f"| {gain:+.3f} | {gain:+.3f} to {gain:+.3f} | shows |" in found
    assert "| a mask for each class above one for all, mask AP | +0.006 (0.297, 0.303) | -0.050 |" in text
    assert max(len(line) for line in text.split("\n") if not line.startswith(("|", "!"))) <= 120


def test_a_seed_that_one_side_lacks_is_left_out():
    figures = Invented()
    figures.records = [r for r in figures.records if not (r["variant"] == "pool, stride 8" and r["seed"] == 1)]
    claims = {claim.title: chapter.differences(figures, claim) for claim in chapter.CLAIMS}
    assert claims["RoIAlign above RoIPool, stride 4, mask AP"].keys() == {0, 1, 2}
    assert claims["RoIAlign's gain at stride 8 above that at stride 4, mask AP"].keys() == {0, 2}


@pytest.mark.parametrize("figures", [Invented(), Invented([0])])
def test_the_picture_has_a_row_for_each_claim_with_short_words(tmp_path, figures):
    figure = chapter.draw(figures)
    assert figure.patch.get_alpha() == 0
    left, right = figure.axes
    assert len(left.get_yticklabels()) == 7
    assert len(right.get_yticklabels()) == sum(bool(claim.short) for claim in chapter.CLAIMS) == 10
    save_picture(figure, tmp_path / "a.svg")
    assert (tmp_path / "a.svg").stat().st_size < 100_000


def test_write_runs_nothing(tmp_path, monkeypatch, capsys):
    page = tmp_path / "results.md"
    page.write_text("<!-- claims masks: begin -->\n<!-- claims masks: end -->\n")
    for name, value in (
        ("RUNS", tmp_path / "runs"),
        ("RECORDS", tmp_path / "records"),
        ("PAGE", page),
        ("IMAGES", tmp_path / "images"),
    ):
        monkeypatch.setattr(command, name, value)
    command.main(["masks", "--write"])
    assert "0 of 24 runs are finished" in page.read_text()
    assert "runs are there already" not in capsys.readouterr().out
    assert [path.name for path in (tmp_path / "images").iterdir()] == ["claims_masks.svg"]
