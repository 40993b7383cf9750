"""Submissions on a Dask cluster, which is this machine."""

import functools
import sys

import pytest

from minidet.grading.scoring.batch import grade
from minidet.grading.scoring.dask_cluster import run_on_cluster
from minidet.grading.scoring.task import Task

from ..handed_in import LAST, RIGHT, hand_in


def test_without_dask_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ValueError, match=r"expected dask.distributed: pip install distributed"):
        next(run_on_cluster([], "tcp://127.0.0.1:1"))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # distributed's own
def test_a_local_cluster_grades(toy, tmp_path):
    distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed")
    hand_in(tmp_path / "in/ann/a0_toy.ipynb", *RIGHT.values())
    hand_in(tmp_path / "in/bob/a0_toy.ipynb", RIGHT["q1"], LAST)
    (tmp_path / "in/cy").mkdir()
    with distributed.LocalCluster(n_workers=1, threads_per_worker=2, processes=True, dashboard_address=None) as cluster:
        run = functools.partial(run_on_cluster, address=cluster.scheduler_address)
        _, everyone = grade(tmp_path / "in", toy, tmp_path / "out", run=run)
        points = [sum(part.earned for part in graded.parts.values()) for graded in everyone]
        assert [graded.reason for graded in everyone if graded.status == "not graded"] == []
        assert points == [100, 80, 0]
        (outcome,) = run([Task(b"no assignment", "2026s", (), 0, {}, ())])
        assert outcome[1]["failure"].startswith("BadZipFile")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_nobody_at_the_address(toy):
    pytest.importorskip("distributed", reason="dask.distributed is not installed")
    with pytest.raises(ValueError, match="--dask is tcp://127.0.0.1:9, expected the address of a running scheduler"):
        next(run_on_cluster([], "tcp://127.0.0.1:9", timeout=1.0))
