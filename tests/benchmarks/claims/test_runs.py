import json
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.claims.runs import Run, perform, perform_all, select, unfinished
from minidet import nn, tensor


class Work:
    """Counts what is done; the model's weight is the parent's plus one."""

    def __init__(self):
        self.done = []
        self.fail_at = None

    def __call__(self, run, before):
        if run.title == self.fail_at:
            raise KeyboardInterrupt
        self.done.append(run.title)
        model = nn.Linear(1, 1)
        weight = 1.0 if before is None else before["weight"].item() + 1
        model.weight = nn.Parameter(tensor(np.full((1, 1), weight, np.float32)))
        return {"weight": weight}, model


@pytest.fixture
def work():
    return Work()


@pytest.fixture
def runs(work):
    first = Run("a", "x", 0, {"steps": 3}, work, keep=True)
    second = Run("a", "x-y", 0, {"steps": 4}, work, after=first, keep=True)
    third = Run("a", "x-y-z", 0, {"steps": 4}, work, after=second)
    return [first, second, third, Run("b", "w", 0, {}, work)]


def test_finished_runs_are_not_repeated_and_weights_are_handed_on(tmp_path, runs, work):
    perform_all(runs, tmp_path)
    assert work.done == ["a x seed 0", "a x-y seed 0", "a x-y-z seed 0", "b w seed 0"]
    assert [run.record(tmp_path)["figures"]["weight"] for run in runs] == [1, 2, 3, 1]
    perform_all(runs, tmp_path)
    assert len(work.done) == 4
    assert not list(tmp_path.glob("*.partial"))


def test_a_record_says_what_was_run(tmp_path, runs):
    record = perform(runs[0], tmp_path)
    written = json.loads(runs[0].path(tmp_path).read_text())
    assert written == record
    assert (record["claim"], record["variant"], record["seed"], record["settings"]) == ("a", "x", 0, {"steps": 3})
    assert record["after"] is None
    assert record["seconds"] >= 0
    assert perform(runs[1], tmp_path)["after"] == runs[0].path(tmp_path).name


def test_an_interruption_loses_one_run(tmp_path, runs, work):
    work.fail_at = "a x-y-z seed 0"
    with pytest.raises(KeyboardInterrupt):
        perform_all(runs, tmp_path)
    assert unfinished(runs, tmp_path) == runs[2:]
    work.fail_at = None
    perform_all(runs, tmp_path)
    assert work.done == ["a x seed 0", "a x-y seed 0", "a x-y-z seed 0", "b w seed 0"]


def test_weights_that_are_gone_are_made_again_only_where_a_run_needs_them(tmp_path, runs):
    perform_all(runs, tmp_path)
    for run in runs[:2]:
        run.path(tmp_path, ".safetensors").unlink()
    assert unfinished(runs, tmp_path) == []
    runs[2].path(tmp_path).unlink()
    assert unfinished(runs, tmp_path) == runs[:3]


@pytest.mark.parametrize("damage", ["", "{", "[]", "{}", '{"hash": "0"}'])
def test_a_damaged_record_is_no_record(tmp_path, runs, damage):
    perform(runs[3], tmp_path)
    assert runs[3].record(tmp_path) is not None
    runs[3].path(tmp_path).write_text(damage)
    assert runs[3].record(tmp_path) is None
    assert runs[3] in unfinished(runs, tmp_path)


def test_whatever_a_run_depends_on_changes_its_hash(runs):
    first, second, *_ = runs
    other = replace(first, settings={"steps": 5})
    hashes = {
        run.hash
        for run in (first, second, other, replace(first, seed=1), replace(first, variant="y"), replace(first, claim="b"),
                    replace(second, after=other), replace(second, after=None))
    }  # fmt: skip
    assert len(hashes) == 8
    assert replace(first, settings=dict(first.settings)).hash == first.hash
    lists, tuples = (replace(first, settings={"w": kind([1, 2]), "k": 1}) for kind in (list, tuple))
    assert lists.hash == tuples.hash == replace(first, settings={"k": 1, "w": [1, 2]}).hash


def test_the_hash_is_the_same_in_every_version():
    assert Run("a", "x", 0, {"steps": 3}, None).hash == "ccffc38d7accf1b2"


def test_select_takes_earlier_runs_along(runs):
    assert select(runs, "x-y seed") == runs[:2]
    assert select(runs, "x-y-z") == runs[:3]
    assert select(runs, "b w") == runs[3:]
    assert select(runs, "") == runs
    assert select(runs, "nothing") == []
