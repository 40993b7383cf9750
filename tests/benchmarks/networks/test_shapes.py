"""Every kind of convolution runs, in minidet and in PyTorch, and is what its shape says."""

import io
import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from benchmarks import worker
from benchmarks.frameworks.backends import Minidet
from benchmarks.networks.shapes import Shape, build_command, commanded_case, shape_case
from benchmarks.networks.table import all_views, distinct

TINY = list(dict.fromkeys(shape.tiny() for shape in distinct(all_views())))


class Watched(Minidet):
    """Keeps the tensors that a case draws."""

    def __init__(self):
        super().__init__()
        self.drawn = []

    def random(self, shape, grad=False):
        self.drawn.append(super().random(shape, grad))
        return self.drawn[-1]


def test_there_are_tiny_ones_of_every_kind():
    kinds = {(shape.k, shape.s, shape.d, shape.transposed, shape.image, shape.bias) for shape in distinct(all_views())}
    assert {(shape.k, shape.s, shape.d, shape.transposed, shape.image, shape.bias) for shape in TINY} == kinds
    assert len(kinds) >= 15
    assert max(shape.h for shape in TINY) <= 15
    assert max(shape.c for shape in TINY) <= 16


@pytest.mark.slow
@pytest.mark.parametrize("shape", TINY, ids=lambda shape: shape.name)
def test_every_case_runs_in_minidet(shape):
    forward = shape_case(shape, backward=False).build(Minidet())
    result = forward()
    assert tuple(result.shape) == (1, shape.f, *shape.output_size)
    assert not result.requires_grad
    backend = Watched()
    shape_case(shape, backward=True).build(backend)()
    *inputs, cotangent = backend.drawn
    assert cotangent.shape == result.shape
    x, weight, *bias = inputs
    assert len(bias) == shape.bias
    assert (x.grad is None) == shape.image
    for leaf in (weight, *bias):
        assert leaf.grad.shape == leaf.shape
        assert np.abs(leaf.grad.numpy()).max() > 0


@pytest.mark.parity
@pytest.mark.slow
def test_pytorch_runs_the_same_without_minidet():
    pytest.importorskip("torch")
    code = (
        "import sys; from benchmarks.frameworks.backends import Torch; from benchmarks.networks.shapes import shape_case; "
        "from benchmarks.networks.table import all_views, distinct\n"
        "for shape in dict.fromkeys(shape.tiny() for shape in distinct(all_views())):\n"
        "    assert tuple(shape_case(shape, False).build(Torch())().shape) == (1, shape.f, *shape.output_size), shape\n"
        "    shape_case(shape, True).build(Torch())()\n"
        "print(sorted(name for name in sys.modules if name.startswith(('minidet', 'numba'))))"
    )
    root = pathlib.Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


def test_what_a_shape_costs():
    shape = Shape(2, 8, 10, 6, 12, 3, 2, 1, g=4)
    assert shape.weight_shape == (12, 2, 3, 3)
    assert shape.output_size == (5, 3)
    assert shape.parameters == 12 * 2 * 9 + 12
    assert shape.multiply_adds == 2 * 15 * 12 * 2 * 9
    assert shape_case(shape, backward=False).flops == 2 * shape.multiply_adds
    up = Shape(2, 8, 5, 3, 12, 2, 2, bias=False, transposed=True)
    assert up.weight_shape == (8, 12, 2, 2)
    assert up.output_size == (10, 6)
    assert up.parameters == 8 * 12 * 4
    assert up.multiply_adds == 2 * 15 * 8 * 12 * 4


def test_a_command_survives_json():
    shape = Shape(1, 4, 5, 5, 4, 3, p=1, g=4, bias=False)
    case = commanded_case(json.loads(json.dumps(build_command(shape, True))))
    assert (case.name, case.part) == (shape.name, "forward + backward")


def test_a_worker_builds_and_times_a_shape(monkeypatch, capsys):
    shape = Shape(1, 3, 6, 6, 4, 3, image=True)
    commands = [{"build": build_command(shape, False)}, {"time": 2}, {"build": build_command(shape, True)}, {"time": 1}]
    monkeypatch.setattr(sys, "argv", ["worker", "minidet"])
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(json.dumps(command) + "\n" for command in commands)))
    worker.main()
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [set(answer) for answer in answers] == [set(), {"seconds"}, set(), {"seconds"}]
