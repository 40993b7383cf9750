import pathlib

import numpy as np
import pytest

from benchmarks.claims.report import (
    Figures,
    difference,
    marks,
    mean_and_each,
    paragraph,
    redraw,
    save_picture,
    side_by_side,
    table,
)
from benchmarks.claims.runs import Run, perform
from benchmarks.claims.statistics import interval
from minidet.viz import subplots

PAGE = "# Results\n\nbefore\n\n<!-- claims birds: begin -->\nold\n<!-- claims birds: end -->\n\nafter\n"


def test_redraw_replaces_what_stands_between_the_marks(tmp_path):
    page = tmp_path / "results.md"
    page.write_text(PAGE)
    redraw(page, "birds", "| new |\n")
    begin, end = marks("birds")
    assert page.read_text() == f"# Results\n\nbefore\n\n{begin}\n\n| new |\n\n{end}\n\nafter\n"
    once = page.read_text()
    redraw(page, "birds", "| new |")
    assert page.read_text() == once
    assert [path.name for path in tmp_path.iterdir()] == ["results.md"]


@pytest.mark.parametrize("text", ["", PAGE.replace("end", "stop"), PAGE + PAGE, "\n".join(PAGE.split("\n")[::-1])])
def test_a_page_without_its_marks_stays_as_it_is(tmp_path, text):
    page = tmp_path / "results.md"
    page.write_text(text)
    with pytest.raises(ValueError, match="redraw: .* needs the lines"):
        redraw(page, "birds", "new")
    assert page.read_text() == text


def test_the_projects_page_has_the_marks():
    from benchmarks.claims.__main__ import CHAPTERS

    text = (pathlib.Path(__file__).parents[3] / "docs/results.md").read_text()
    for chapter in CHAPTERS:
        begin, end = marks(chapter)
        assert text.count(begin) == text.count(end) == 1
        assert text.index(begin) < text.index(end)


def test_formats():
    assert table(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"
    assert mean_and_each({2: 0.5, 0: 0.25}) == "0.375 (0.250, 0.500)"
    assert mean_and_each({}) == "-"
    assert difference(interval([0.1, 0.1])) == ["+0.100", "+0.100 to +0.100", "shows"]
    assert difference(interval([-0.1])) == ["-0.100", "-", "too few seeds"]
    assert difference(interval([])) == ["-", "-", "too few seeds"]
    lines = paragraph("long\n" + "word " * 100).split("\n")
    assert max(map(len, lines)) <= 120
    assert " ".join(lines).split() == ["long"] + ["word"] * 100


def test_figures_by_seed_of_the_finished_runs(tmp_path):
    settings = {"batch_size": 4, "size": 32}
    runs = [
        Run("a", "x", seed, settings, lambda run, before: ({"score": run.seed / 10, "steps": 9}, None))
        for seed in range(3)
    ]
    for run in runs[1:]:
        perform(run, tmp_path)
    figures = Figures(runs, tmp_path)
    assert figures.planned == 3
    assert figures.of("a", "x", "score") == {1: 0.1, 2: 0.2}
    assert figures.of("a", "y", "score") == figures.of("b", "x", "score") == {}
    assert figures.about("a") == "9 steps of 4 scenes of 32 x 32 pixels, 0 to 0 s a run"
    assert figures.about("b") == "no run is finished"


def test_two_drawings_side_by_side():
    """Each draws the figures on its own half, with the first row on top."""
    drawn = []
    figure = side_by_side("figures", *[lambda given, ax: drawn.append((given, ax))] * 2, height=3.0)
    assert figure.get_size_inches().tolist() == [9.0, 3.0]
    assert [(given, ax) for given, ax in drawn] == [("figures", ax) for ax in figure.axes]
    left, right = figure.axes
    assert left.get_position().x1 <= right.get_position().x0
    assert left.yaxis_inverted()
    assert right.yaxis_inverted()


def test_the_same_picture_gives_the_same_bytes(tmp_path):
    written = []
    for name in ("a.svg", "b.svg"):
        figure, ax = subplots()
        ax.plot(np.arange(3), label="line")
        ax.legend()
        save_picture(figure, tmp_path / "images" / name)
        written.append((tmp_path / "images" / name).read_bytes())
    assert written[0] == written[1]
    assert b"<svg" in written[0]


def test_records_in_the_repository_stand_for_runs_of_another_machine(tmp_path):
    runs = [Run("c", "v", seed, {"batch_size": 1}, lambda run, _: ({"score": run.seed / 4}, None)) for seed in range(3)]
    here, kept = tmp_path / "here", tmp_path / "records" / "c.json"
    Figures(runs, here, kept).keep(kept)
    assert not kept.exists()  # there is nothing to keep
    for run in runs[:2]:
        perform(run, here)
    Figures(runs, here, kept).keep(kept)
    elsewhere = Figures(runs, tmp_path / "elsewhere", kept)
    assert elsewhere.of("c", "v", "score") == {0: 0, 1: 0.25}
    assert elsewhere.planned == 3
    changed = [Run("c", "v", run.seed, {"batch_size": 2}, run.work) for run in runs]
    assert Figures(changed, tmp_path / "elsewhere", kept).records == []
    perform(runs[2], tmp_path / "elsewhere")
    Figures(runs, tmp_path / "elsewhere", kept).keep(kept)
    assert Figures(runs, tmp_path / "nowhere", kept).of("c", "v", "score") == {0: 0, 1: 0.25, 2: 0.5}
    kept.write_text("[")
    assert Figures(runs, tmp_path / "nowhere", kept).records == []
