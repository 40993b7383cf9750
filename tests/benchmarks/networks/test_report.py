"""The report's arithmetic, with planted seconds."""

import pytest

from benchmarks.networks.figures import Figure, Figures
from benchmarks.networks.report import report, view_table, weighted_ratio
from benchmarks.networks.shapes import Shape
from benchmarks.networks.table import View

A, B, C = Shape(1, 2, 3, 3, 4, 3), Shape(1, 2, 5, 5, 4, 3), Shape(1, 2, 7, 7, 4, 3)


def figure(shape, backward, mine, theirs):
    return Figure(shape, backward, 2, 5, theirs / mine, theirs / mine - 0.1, theirs / mine + 0.1, mine, theirs)


@pytest.fixture
def figures():
    known = Figures()
    for shape, there, back in [(A, (1.0, 2.0), (2.0, 1.0)), (B, (1.0, 0.5), (4.0, 8.0)), (C, (1.0, 0.95), (1.0, 0.98))]:
        known.add(figure(shape, False, *there))
        known.add(figure(shape, True, *back))
    return known


VIEWS = [View("first", (9, 8), 1, {A: 3, B: 1}), View("second", (9, 8), 1, {B: 2, C: 1})]


def test_a_sum_counts_a_shape_as_often_as_it_occurs():
    two = [(3, figure(A, False, 1.0, 2.0)), (1, figure(B, False, 1.0, 0.5))]
    assert weighted_ratio(two) == pytest.approx(6.5 / 4)


def test_a_network_s_table(figures):
    lines = view_table(VIEWS[0], figures, 2)
    assert lines[0] == "### first, 9x8, batch 1, 2 threads"
    assert lines[4] == f"| {A.name} | 3 | 2.00 | 1.90 to 2.10 | 0.50 | 0.40 to 0.60 | 60% |"  # 3 * 2 of 10 seconds
    assert lines[5] == f"| {B.name} | 1 | 0.50 | 0.40 to 0.60 | 2.00 | 1.90 to 2.10 | 40% |"
    assert lines[6] == "| **sum** | **4** | **1.62** | | **1.10** | | |"  # 6.5 / 4; (3 + 8) / (6 + 4)


def test_networks_and_all_shapes(figures):
    lines = report(VIEWS, figures, 2, worst=2).splitlines()
    assert "| first, 9x8, batch 1 | 2 | 4 | 1.62 | 1.10 |" in lines
    assert "| second, 9x8, batch 1 | 2 | 3 | 0.65 | 1.89 |" in lines  # (2 * 0.5 + 0.95) / 3; (16 + 0.98) / 9
    # B is in both networks, and counts once: (2 * 0.5 * 0.95) ** (1 / 3), (0.5 * 2 * 0.98) ** (1 / 3)
    assert "**forward**: geometric mean 0.98 over 3 shapes; 1 below 0.9, 2 below 1." in lines
    assert "**forward + backward**: geometric mean 0.99 over 3 shapes; 1 below 0.9, 2 below 1." in lines


def test_the_lowest_come_first(figures):
    lines = report(VIEWS, figures, 2, worst=2).splitlines()
    at = lines.index("| lowest, forward | ratio | middle half | minidet, ms |")
    assert lines[at + 2 : at + 5] == [
        f"| {B.name} | 0.50 | 0.40 to 0.60 | 1000.000 |",
        f"| {C.name} | 0.95 | 0.85 to 1.05 | 1000.000 |",
        "",
    ]


def test_without_a_list_of_the_lowest(figures):
    assert "lowest" not in report(VIEWS, figures, 2, worst=0)


def test_one_thread_is_no_plural():
    known = Figures()
    for backward in (False, True):
        known.add(Figure(A, backward, 1, 5, 2.0, 2.0, 2.0, 1.0, 2.0))
    assert view_table(View("focus", None, None, {A: 1}), known, 1)[0] == "### focus, 1 thread"
