import json

import pytest

from benchmarks.networks.figures import Figure, Figures
from benchmarks.networks.shapes import Shape

A, B = Shape(1, 2, 3, 3, 4, 3), Shape(1, 2, 3, 3, 4, 3, bias=False)
ORIGIN = {"machine": "a", "torch": "2.13"}


def figure(shape, backward=False, threads=1, ratio=1.5):
    return Figure(shape, backward, threads, 7, ratio, 1.4, 1.6, 2e-3, 3e-3)


def test_figures_come_back(tmp_path):
    path = tmp_path / "deeper" / "record.jsonl"
    kept = Figures(path, ORIGIN)
    kept.add(figure(A))
    kept.add(figure(A, backward=True, ratio=0.5))
    kept.add(figure(B, threads=2))
    again = Figures(path, ORIGIN)
    assert again.get(A, False, 1) == figure(A)
    assert again.get(A, True, 1).ratio == 0.5
    assert again.get(B, False, 2) == figure(B, threads=2)
    assert again.get(A, False, 2) is None
    assert again.get(B, False, 1) is None


def test_what_an_interrupted_write_left_is_measured_again(tmp_path):
    path = tmp_path / "record.jsonl"
    kept = Figures(path, ORIGIN)
    kept.add(figure(A))
    kept.add(figure(B))
    path.write_text(path.read_text()[:-20])
    again = Figures(path, ORIGIN)
    assert again.get(A, False, 1) == figure(A)
    assert again.get(B, False, 1) is None
    again.add(figure(B))
    assert Figures(path, ORIGIN).get(B, False, 1) == figure(B)
    assert [len(json.loads(line)) for line in path.read_text().splitlines()] == [1, 9, 9]


def test_another_machine_needs_another_file(tmp_path):
    path = tmp_path / "record.jsonl"
    Figures(path, ORIGIN).add(figure(A))
    before = path.read_text()
    with pytest.raises(SystemExit, match="choose another file"):
        Figures(path, {**ORIGIN, "torch": "2.14"})
    assert path.read_text() == before


@pytest.mark.parametrize("text", ["notes\n", '{"a": 1}\n', "[1]\n"])
def test_a_file_of_something_else_is_not_overwritten(tmp_path, text):
    path = tmp_path / "notes.txt"
    path.write_text(text)
    with pytest.raises(SystemExit, match="no record of figures"):
        Figures(path, ORIGIN)
    assert path.read_text() == text


def test_without_a_file_figures_stay_in_memory():
    kept = Figures()
    kept.add(figure(A))
    assert kept.get(A, False, 1) == figure(A)
