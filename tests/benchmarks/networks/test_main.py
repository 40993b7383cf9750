import pytest

import benchmarks.__main__ as whole
from benchmarks.networks import __main__ as command
from benchmarks.networks.figures import Figure


@pytest.fixture
def measured(monkeypatch):
    """Return what was asked for; everything takes minidet one second, and PyTorch two."""
    asked = []

    def measure_missing(shapes, threads, figures, effort):
        asked.append((len(shapes), threads, effort.pairs))
        for shape in shapes:
            for backward in (False, True):
                if figures.get(shape, backward, threads) is None:
                    figures.add(Figure(shape, backward, threads, 5, 2.0, 1.9, 2.1, 1.0, 2.0))

    monkeypatch.setattr(command, "measure_missing", measure_missing)
    monkeypatch.setattr(command.importlib.metadata, "version", lambda name: "2.13.0")
    return asked


def test_a_part_of_the_benchmarks(measured, capsys, tmp_path):
    record = tmp_path / "record.jsonl"
    arguments = ["networks", "--only", "resnet18", "--size", "224", "--batch", "2", "--record", str(record)]
    whole.main(arguments)
    assert measured == [(11, 1, 15), (11, 2, 15)]
    assert len(record.read_text().splitlines()) == 1 + 11 * 2 * 2
    printed = capsys.readouterr().out
    assert "PyTorch 2.13.0" in printed
    assert "### resnet18, 224x224, batch 2, 1 thread\n" in printed
    assert "### resnet18, 224x224, batch 2, 2 threads\n" in printed
    assert "| **sum** | **20** | **2.00** | | **2.00** | | |" in printed


def test_quick(measured, capsys):
    command.main(["--only", "focus", "--quick", "--worst", "1"])
    assert measured == [(18, 2, 5)]
    assert "geometric mean 2.00 over 18 shapes; 0 below 0.9, 0 below 1." in capsys.readouterr().out


def test_the_list_measures_nothing(measured, capsys):
    command.main(["--list", "--only", "mask", "--batch", "128"])
    assert measured == []
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "mask_head, 14x14, batch 128: 3 shapes, 6 calls"
    assert lines[1] == "    4 x (128,256,14,14)->256,k3,s1,p1 bias"
    assert lines[-1] == "3 distinct shapes in all"


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--only", "alexnet"], "no network has such a name"),
        (["--only", "focus", "--batch", "2"], "no network has such a name, size and batch"),
        (["--size", "224*224"], "is no size"),
        (["--size", "x240"], "is no size"),
    ],
)
def test_mistakes(measured, capsys, arguments, message):
    with pytest.raises(SystemExit) as stop:
        command.main(arguments)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err
    assert measured == []


def test_without_pytorch(measured, monkeypatch, capsys):
    def version(name):
        raise command.importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(command.importlib.metadata, "version", version)
    with pytest.raises(SystemExit) as stop:
        command.main(["--only", "focus"])
    assert stop.value.code == 2
    assert "PyTorch is not installed" in capsys.readouterr().err
    assert measured == []


def test_the_other_benchmarks_are_read_as_before():
    args = whole.parse(["--only", "conv forward", "--threads", "2"])
    assert (args.only, args.threads, args.quick) == ("conv forward", [2], False)
