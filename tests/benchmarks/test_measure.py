"""A case beside ONNX Runtime: compared before it is timed, and reported as what it is."""

import importlib.util

import pytest

from benchmarks import measure as measuring
from benchmarks.__main__ import without_missing
from benchmarks.cases import ONNX, STEPS
from benchmarks.measure import measure
from benchmarks.report import tables


class Planted:
    """A worker whose seconds and scores are known."""

    def __init__(self, seconds, scores):
        self.seconds, self.scores = seconds, scores

    def ask(self, build=None, time=None, scores=None):
        return {"scores": self.scores, "seconds": self.seconds}


def planted(**scores):
    seconds = {"minidet": 0.002, "torch": 0.003, "onnx": 0.001}
    return {name: Planted(seconds[name], scores.get(name, [1.0, 2.0])) for name in seconds}


def test_the_ratio_is_that_of_what_the_case_stands_beside():
    workers = planted(onnx=[1.0, 2.0005])
    beside_torch, beside_onnx = (measure(case, workers, 2, 3, 0.004, None) for case in (STEPS[0], ONNX[0]))
    assert (beside_torch.ratio, beside_onnx.ratio) == pytest.approx((1.5, 0.5))
    assert tables([beside_torch], {}).count("ONNX") == 0
    assert "Here the ratio is ONNX Runtime's time / minidet's." in tables([beside_torch, beside_onnx], {})
    assert "\n| MobileNetV2, batch 1, 224x224 | 0.50 |" in tables([beside_onnx], {})


@pytest.mark.parametrize("scores", [{"torch": [1.0, 2.01]}, {"onnx": [1.0, float("nan")]}, {"onnx": [1.0]}])
def test_other_scores_are_not_timed(scores):
    with pytest.raises(RuntimeError, match=f"the scores of {next(iter(scores))} are not minidet's"):
        measure(ONNX[0], planted(**scores), 2, 3, 0.004, None)


def test_where_onnx_runtime_is_absent_its_rows_are_left_out_in_words(monkeypatch, capsys):
    cases = [STEPS[0], *ONNX]
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    assert without_missing(cases) == cases
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "onnxruntime" else name)
    assert without_missing(cases) == STEPS[:1]
    assert "left out: onnxruntime not installed" in capsys.readouterr().out
    assert without_missing(STEPS) == STEPS
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("cpu", "size", "bound"), [("haswell", 32, "AVX2"), ("", 32, None), ("skylake-avx512", 64, None)]
)
def test_peers_use_no_longer_vectors_than_kernels_that_are_compiled_for_another_processor(
    monkeypatch, cpu, size, bound
):
    monkeypatch.setenv("NUMBA_CPU_NAME", cpu)
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    monkeypatch.setattr(measuring, "VECTOR_BYTES", size)
    environment = measuring.worker_environment(2)
    assert environment.get("ONEDNN_MAX_CPU_ISA") == bound
    assert environment["OMP_NUM_THREADS"] == "2"
