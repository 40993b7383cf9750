"""The chapter's plan, its work on a tiny data set, and its tables."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from benchmarks.claims import __main__ as command
from benchmarks.claims import localization as chapter
from benchmarks.claims.report import Figures, save_picture
from minidet.models import backbones
from minidet.serialization.safetensors import save_file
from tests.data.photographs.test_voc import entry, write


class Invented(Figures):
    """Figures as if all runs were finished: a frozen trunk is better by a tenth, a fine-tuned one by two."""

    def __init__(self):
        runs = chapter.plan((0, 1, 2))
        self.planned = len(runs)
        self.records = []
        for run in runs:
            score = 0.3 + 0.01 * run.seed + 0.1 * chapter.STARTS.index(run.settings["start"])
            names = {name: score for key in chapter.NAMES for name in (key, f"mean_box_{key}")}
            figures = {"steps": 240, "pictures": round(205 * run.settings["share"]), **names}
            self.records.append({"claim": run.claim, "variant": run.variant, "seed": run.seed, "settings": run.settings,
                                 "figures": figures, "seconds": 60.0})  # fmt: skip


def test_the_plan_has_three_starts_at_three_shares():
    runs = chapter.plan((0, 1, 2))
    assert len(runs) == len({run.hash for run in runs}) == 27
    assert len({run.title for run in runs}) == 27
    assert not {run.hash for run in chapter.plan((0, 1, 2), quick=True)} & {run.hash for run in runs}


def test_smaller_shares_are_parts_of_larger_ones():
    few, some, every = (chapter.chosen(205, share, seed=1) for share in chapter.SHARES)
    assert (len(few), len(some), every) == (10, 41, list(range(205)))
    assert set(few) < set(some)
    assert few != chapter.chosen(205, 0.05, seed=2)
    assert chapter.chosen(3, 0.05, seed=0) == [2]


def test_tables_and_picture(tmp_path):
    text = chapter.tables(Invented())
    assert text.startswith("27 of 27 runs are finished.")
    assert "| 5 % | 10 | scratch | 0.310 (0.300, 0.310, 0.320) |" in text
    assert "| frozen above scratch, 20 % of the pictures | +0.100 | +0.100 to +0.100 | shows |" in text
    assert all(len(line) <= 120 or line.startswith("|") for line in text.splitlines())
    save_picture(chapter.draw(Invented()), tmp_path / "picture.svg")
    assert (tmp_path / "picture.svg").read_text().count("<path") > 10
    none = Figures(chapter.plan((0,)), tmp_path)
    assert chapter.tables(none).startswith("0 of 9 runs are finished.")
    plt.close(chapter.draw(none))


@pytest.fixture
def data(tmp_path, monkeypatch):
    """Write a tiny bccd_voc, and weights of a trunk, where MINIDET_DATA is."""
    root = tmp_path / "data" / "bccd_voc"
    for number in range(12):
        pixels = np.full((40, 50, 3), 60, np.uint8)
        pixels[5:25, 8:33] = 200
        name = ("RBC", "WBC")[number % 2]
        write(root, f"p{number}", entry(name, 8, 5, 33, 25), pixels=pixels, listed="test" if number > 7 else "train")
    weights = tmp_path / "data" / "weights_small"
    weights.mkdir()
    save_file(backbones.resnet20(10).state_dict(), weights / "resnet20_cifar10.safetensors")
    monkeypatch.setenv("MINIDET_DATA", str(tmp_path / "data"))


def test_what_was_finished_is_not_repeated(data, tmp_path, monkeypatch, capsys):
    for name in ("RUNS", "RECORDS", "PAGE", "IMAGES"):
        monkeypatch.setattr(command, name, tmp_path / name)
    again = ["localization", "--quick", "--seeds", "3", "--only"]
    command.main([*again, "20 %"])
    printed = capsys.readouterr().out
    assert "0 of 3 runs are there already" in printed
    assert "3 of 9 runs are finished" in printed
    command.main([*again, "20 %"])
    assert "3 of 3 runs are there already" in capsys.readouterr().out
    figures = Figures(chapter.plan([3], quick=True), tmp_path / "RUNS" / "localization")
    for start in chapter.STARTS:
        assert figures.of("transfer", f"{start} 20 %", "steps") == {3: 4}
        assert figures.of("transfer", f"{start} 20 %", "pictures") == {3: 2}


def test_a_frozen_trunk_ends_as_it_began(data, tmp_path):
    began = backbones.load_pretrained("resnet20")
    changed = {}
    for run in chapter.plan([1], quick=True)[:3]:
        _, model = chapter.localizer(run, None)
        state = model.backbone.state_dict()
        changed[run.settings["start"]] = not all(np.array_equal(state[key].numpy(), began[key]) for key in state)
    assert changed == {"scratch": True, "frozen": False, "fine-tuned": True}
