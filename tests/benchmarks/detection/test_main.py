import ast
import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from benchmarks import __main__ as everything
from benchmarks import measure
from benchmarks.detection import __main__ as command
from benchmarks.detection import measuring, peers
from benchmarks.detection.measuring import Effort, Figure, measure_rows
from benchmarks.detection.peers import BORROWED, Found, Peer, find
from benchmarks.detection.report import duration, report

HERE = Found(sys.executable, "3.11", {"torch": "2.13"})


class Planted:
    """A worker whose seconds are known: minidet's are 0.1, the others' 0.3."""

    started = []

    def __init__(self, name, threads, python=sys.executable):
        self.name = name
        Planted.started.append((name, threads, python))

    def ask(self, build=None, time=None):
        return {} if time is None else {"seconds": 0.1 if self.name == "minidet" else 0.3}

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        return False


@pytest.fixture(autouse=True)
def planted(monkeypatch):
    monkeypatch.setattr(measure, "PAUSE", 0)
    monkeypatch.setattr(measuring, "Worker", Planted)
    monkeypatch.setattr(Planted, "started", [])


def test_peers_take_turns_and_who_is_missing_is_not_asked():
    rows = command.select(["nms, 1,000", "felz"])
    found = {"torchvision": Found("/elsewhere/python", "3.9", {})}
    compared, alone = measure_rows(rows, found, 2, Effort(repeats=3))
    assert Planted.started == [("minidet", 2, sys.executable), ("torchvision", 2, "/elsewhere/python")]
    assert compared.ratio == pytest.approx(3)
    assert (compared.minidet_seconds, compared.peer_seconds, compared.repeats) == (0.1, 0.3, 3)
    assert alone == Figure("felzenszwalb, 640x480", 2, 3, 0.1)


def test_the_report(monkeypatch, capsys):
    asked = []

    def planted_find(names, python):
        asked.append(python)
        return {"torchvision": HERE}, {"OpenCV": "OpenCV cannot be imported (why): how to"}

    monkeypatch.setattr(command, "find", planted_find)
    command.main(["--only", "roi_pool", "640x480, fast", "--threads", "1", "--repeats", "2",
                  "--torchvision-python", "/elsewhere"])  # fmt: skip
    printed = capsys.readouterr().out
    assert "### detection, 1 thread\n" in printed
    rows = [line.strip("| ").split(" | ") for line in printed.splitlines() if line.startswith("| ")][1:]
    assert [row[1:] for row in rows] == [
        *[["torchvision", "100", "300", "3.00", "3.00 to 3.00", "1.25 times as fast", "reached", "2"]] * 2,
        ["OpenCV", "100", "-", "-", "-", "not slower", "not compared", "2"],
    ]
    assert printed.rstrip().endswith("- OpenCV cannot be imported (why): how to")
    assert f"Peers:\n\n- torchvision: torch 2.13, run by {sys.executable} (Python 3.11)\n" in printed
    assert asked == ["/elsewhere"]
    assert BORROWED not in printed


def test_what_pytorch_borrows_is_said():
    with_torchvision = Found(sys.executable, "3.11", {"torch": "2.13", "torchvision": "0.28"})
    assert BORROWED in report([], {"PyTorch": HERE}, {})
    assert BORROWED not in report([], {"PyTorch": with_torchvision}, {})


def test_a_goal_that_is_missed_is_said():
    assert "| not reached |" in report([Figure("felzenszwalb, 640x480", 2, 3, 0.151)], {}, {})


@pytest.mark.parametrize(("seconds", "text"), [(None, "-"), (0.0001234, "0.123"), (0.151, "151"), (2.3456, "2,346")])
def test_durations_are_milliseconds(seconds, text):
    assert duration(seconds) == text


def test_what_is_missing_is_said_with_the_remedy(monkeypatch):
    monkeypatch.setitem(peers.PEERS, "here", Peer(("json",), "nothing", ("no_such_module", "numpy")))
    monkeypatch.setitem(peers.PEERS, "gone", Peer(("no_such_module",), "pip install such"))
    found, without = find(["here", "gone", "gone"])
    assert (list(found), list(without)) == (["here"], ["gone"])
    assert found["here"].versions == {"json": json.__version__, "numpy": np.__version__}
    assert f"({sys.executable}: ModuleNotFoundError: No module named 'no_such_module')" in without["gone"]
    assert without["gone"].endswith(": pip install such")


@pytest.fixture
def other_python(tmp_path, monkeypatch):
    """Return the path of a Python that has the peer "new", which this one has not."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "such_a_peer.py").write_text("__version__ = '1.2'")
    path = tmp_path / "python"
    path.write_text(f'#!/bin/sh\nPYTHONPATH="{folder}:$PYTHONPATH" exec "{sys.executable}" "$@"\n')
    path.chmod(0o755)
    monkeypatch.setitem(peers.PEERS, "new", Peer(("such_a_peer",), "pip install such", elsewhere=True))
    return str(path)


def test_another_python_runs_what_this_one_has_not(other_python, monkeypatch):
    monkeypatch.setattr(peers, "SYSTEM_PYTHON", other_python)
    found, without = find(["new"])
    assert without == {}
    assert found["new"].python == other_python
    assert f"such_a_peer 1.2, run by {other_python} (Python 3." in str(found["new"])
    monkeypatch.setattr(peers, "SYSTEM_PYTHON", "/no/such/python")
    assert find(["new"], other_python)[0]["new"].python == other_python
    found, without = find(["new"])
    assert found == {}
    assert f"({sys.executable}: ModuleNotFoundError" in without["new"]
    assert "; /no/such/python: " in without["new"]


def test_this_python_comes_first_and_one_that_is_asked_for_alone(other_python, monkeypatch):
    monkeypatch.setitem(peers.PEERS, "here", Peer(("json",), "nothing", elsewhere=True))
    monkeypatch.setattr(peers, "SYSTEM_PYTHON", other_python)
    assert find(["here"])[0]["here"].python == sys.executable
    assert find(["here"], other_python)[0]["here"].python == other_python
    assert list(find(["here"], "/no/such/python")[1]) == ["here"]


def test_a_worker_of_another_python_serves(other_python):
    with measure.Worker("minidet", 1, other_python) as worker:
        assert worker.ask(build={"detection": "nms, 1,000 boxes"}) == {}


def test_a_worker_needs_no_more_than_numpy_and_an_older_python():
    code = "import sys, benchmarks.worker; print(*{'minidet', 'numba', 'tqdm', 'torch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
    for path in (*pathlib.Path("benchmarks").glob("*.py"), *pathlib.Path("benchmarks/detection").glob("*.py")):
        ast.parse(path.read_text(), feature_version=(3, 9))


def test_quick_leaves_out_what_takes_long():
    names = [row.name for row in command.select(quick=True)]
    assert "nms, 6,000 boxes" in names
    assert not any(name.startswith(("coco_evaluate", "nms, 30,000")) for name in names)


def test_it_is_a_part_of_benchmarks(capsys):
    everything.main(["detection", "--list", "--only", "pycocotools"])
    assert capsys.readouterr().out == "coco_evaluate, 1,000 images, 50,000 boxes: 5 times as fast (pycocotools)\n"
    with pytest.raises(SystemExit):
        everything.main(["detection", "--only", "no such row"])


def test_a_worker_runs_a_row():
    with measure.Worker("minidet", 1) as worker:
        assert worker.ask(build={"detection": "nms, 1,000 boxes"}) == {}
        assert 0 < worker.ask(time=1)["seconds"] < 60
