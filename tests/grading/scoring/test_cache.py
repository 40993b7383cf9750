"""Verdicts that are kept, and those that are not."""

import pytest

from minidet.grading.scoring.cache import read_verdicts, write_verdicts
from minidet.grading.scoring.points import KINDS, PartScore


def test_verdicts_come_back(tmp_path):
    verdicts = {
        "1": PartScore("q1", "values", 40, 40),
        "2": PartScore("q1", "ties", 20, 0, "wrong values", "no", "text"),
    }
    write_verdicts(tmp_path / "a" / "s.json", verdicts)
    assert read_verdicts(tmp_path / "a" / "s.json") == verdicts


@pytest.mark.parametrize("reply, kept", [("timeout", False), ("died", False), ("untried", False), ("forbidden", True),
                                         ("unloaded", True)])  # fmt: skip
def test_what_time_or_the_machine_decided_is_tried_again(tmp_path, reply, kept):
    verdicts = {"1": PartScore("q1", "values", 40, 40), "2": PartScore("q1", "ties", 20, 0, KINDS[reply], "no")}
    write_verdicts(tmp_path / "s.json", verdicts)
    assert set(read_verdicts(tmp_path / "s.json")) == ({"1", "2"} if kept else {"1"})


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": 1}', '{"a": {"question": "q1"}}'])
def test_a_damaged_file_costs_only_time(tmp_path, text):
    (tmp_path / "s.json").write_text(text)
    assert read_verdicts(tmp_path / "s.json") == {}
