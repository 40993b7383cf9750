import numpy as np
import pytest

from benchmarks import measure
from benchmarks.networks import measuring
from benchmarks.networks.figures import Figures
from benchmarks.networks.measuring import Effort, measure_missing
from benchmarks.networks.shapes import Shape

A, B = Shape(1, 2, 3, 3, 4, 3), Shape(1, 2, 5, 5, 4, 3)


class Planted:
    """A worker whose seconds are known: PyTorch's are those of minidet times 3 with gradients, times 0.5 without."""

    built = []

    def __init__(self, name, threads):
        self.name, self.threads = name, threads

    def ask(self, build=None, time=None):
        if build is not None:
            self.backward = build["backward"]
            Planted.built.append((self.name, self.threads, build["shape"]["h"], self.backward))
            return {}
        return {"seconds": 0.001 * (1 if self.name == "minidet" else 3 if self.backward else 0.5)}

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        return False


@pytest.fixture(autouse=True)
def planted(monkeypatch):
    monkeypatch.setattr(measure, "PAUSE", 0)
    monkeypatch.setattr(measuring, "Worker", Planted)
    monkeypatch.setattr(Planted, "built", [])


def test_what_is_missing_is_measured_in_both_directions():
    figures = Figures()
    measure_missing([A, B], 2, figures, Effort())
    assert Planted.built == [(name, 2, side, backward) for side in (3, 5) for backward in (False, True)
                             for name in ("minidet", "torch")]  # fmt: skip
    assert figures.get(A, False, 2).ratio == pytest.approx(0.5)
    both = figures.get(B, True, 2)
    assert (both.ratio, both.low, both.high) == pytest.approx((3, 3, 3))
    assert (both.minidet_seconds, both.torch_seconds) == pytest.approx((0.001, 0.003))


def test_what_is_known_is_not_measured_again(tmp_path):
    path = tmp_path / "record.jsonl"
    measure_missing([A], 1, Figures(path, {}), Effort())
    Planted.built.clear()
    measure_missing([A, B], 1, Figures(path, {}), Effort())
    assert {side for _, _, side, _ in Planted.built} == {5}
    Planted.built.clear()
    measure_missing([A, B], 1, Figures(path, {}), Effort())
    assert Planted.built == []


class Clock:
    """A worker that takes its seconds per run, and keeps what it was asked for."""

    def __init__(self, seconds):
        self.seconds, self.asked = seconds, []

    def ask(self, time):
        self.asked.append(time)
        return {"seconds": self.seconds}


@pytest.mark.parametrize(
    "seconds, pairs",
    [((1e-4, 2e-4), 15), ((0.02, 0.02), 10), ((0.05, 0.01), 6), ((1.0, 2.0), 5)],
)
def test_a_slow_shape_has_fewer_turns(seconds, pairs):
    workers = {name: Clock(duration) for name, duration in zip(("minidet", "torch"), seconds, strict=True)}
    times = measure.take_turns(workers, 15, 0.012, 0.4)
    assert {name: array.size for name, array in times.items()} == {"minidet": pairs, "torch": pairs}
    np.testing.assert_allclose(times["torch"] / times["minidet"], seconds[1] / seconds[0])


def test_without_a_budget_all_turns_are_taken():
    workers = {"minidet": Clock(1.0), "torch": Clock(2.0)}
    assert measure.take_turns(workers, 15, 0.03)["torch"].size == 15
