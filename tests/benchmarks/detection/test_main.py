import pytest

from benchmarks import __main__ as everything
from benchmarks import measure
from benchmarks.detection import __main__ as command
from benchmarks.detection import measuring, peers
from benchmarks.detection.measuring import Effort, Figure, measure_rows
from benchmarks.detection.peers import Peer, missing
from benchmarks.detection.report import duration, report


class Planted:
    """A worker whose seconds are known: minidet's are 0.1, the others' 0.3."""

    started = []

    def __init__(self, name, threads):
        self.name = name
        Planted.started.append((name, threads))

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
    compared, alone = measure_rows(rows, {"scikit-image": "gone"}, 2, Effort(repeats=3))
    assert Planted.started == [("minidet", 2), ("torchvision", 2)]
    assert compared.ratio == pytest.approx(3)
    assert (compared.minidet_seconds, compared.peer_seconds, compared.repeats) == (0.1, 0.3, 3)
    assert alone == Figure("felzenszwalb, 640x480", 2, 3, 0.1)


def test_the_report(monkeypatch, capsys):
    monkeypatch.setattr(command, "missing", lambda names: {"OpenCV": "OpenCV cannot be imported (why): how to"})
    command.main(["--only", "roi_pool", "640x480, fast", "--threads", "1", "--repeats", "2"])
    printed = capsys.readouterr().out
    assert "### detection, 1 thread\n" in printed
    rows = [line.strip("| ").split(" | ") for line in printed.splitlines() if line.startswith("| ")][1:]
    assert [row[1:] for row in rows] == [
        *[["torchvision", "100", "300", "3.00", "3.00 to 3.00", "1.25 times as fast", "reached", "2"]] * 2,
        ["OpenCV", "100", "-", "-", "-", "not slower", "not compared", "2"],
    ]
    assert printed.rstrip().endswith("- OpenCV cannot be imported (why): how to")


def test_a_goal_that_is_missed_is_said():
    assert "| not reached |" in report([Figure("felzenszwalb, 640x480", 2, 3, 0.151)], {})


@pytest.mark.parametrize(("seconds", "text"), [(None, "-"), (0.0001234, "0.123"), (0.151, "151"), (2.3456, "2,346")])
def test_durations_are_milliseconds(seconds, text):
    assert duration(seconds) == text


def test_what_is_missing_is_said_with_the_remedy(monkeypatch):
    monkeypatch.setitem(peers.PEERS, "here", Peer("json", "nothing"))
    monkeypatch.setitem(peers.PEERS, "gone", Peer("no_such_module", "pip install such"))
    found = missing(["here", "gone", "gone"])
    assert list(found) == ["gone"]
    assert "No module named 'no_such_module'" in found["gone"]
    assert found["gone"].endswith(": pip install such")


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
