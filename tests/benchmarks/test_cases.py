"""The benchmark measures what it says it measures."""

import pathlib
import subprocess
import sys

import numpy as np
import pytest

import minidet
from benchmarks.cases import CASES, CLASSIFIER_STEPS, DEMO, INFERENCE, MOBILENET, RESNET18, STEPS, UNET_FAST
from benchmarks.frameworks.backends import Minidet
from minidet.models import UNet
from minidet.training.recipes import recipe_for


def test_the_demo_is_the_demo():
    recipe = recipe_for("deconvnet", "digits")
    assert DEMO[2] == recipe.model_args
    assert f"batch {recipe.batch_size}," in STEPS[0].name


def test_names_are_unique():
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)


def test_the_fast_unet_is_the_fast_unet():
    assert UNET_FAST[2] == UNet.FAST


@pytest.mark.slow
@pytest.mark.parametrize("case", [*STEPS, *CLASSIFIER_STEPS], ids=lambda case: case.name)
def test_every_training_step_runs_in_minidet(case):
    step = case.warm(Minidet())
    first, second = step().item(), step().item()
    assert np.isfinite([first, second]).all()
    assert first != second  # the same image: the weights have changed


@pytest.mark.slow
@pytest.mark.parametrize("case", INFERENCE[::2], ids=lambda case: case.name)
def test_inference_runs_in_minidet(case):
    scores = case.warm(Minidet())().numpy()
    assert scores.shape == (1, 1000)
    assert np.isfinite(scores).all()


@pytest.mark.slow
def test_pytorch_is_measured_without_minidet():
    pytest.importorskip("torch")
    code = (
        "import sys; from benchmarks.frameworks.backends import Torch; from benchmarks.cases import *; "
        "[case.warm(Torch())() for case in (*STEPS, *CLASSIFIER_STEPS, *INFERENCE)]; print(sorted(name for name in sys.modules if name.startswith(('minidet', 'numba'))))"
    )
    root = pathlib.Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
@pytest.mark.parity
@pytest.mark.parametrize("module, name", [MOBILENET, RESNET18])
def test_the_twin_of_a_classifier_is_the_classifier(module, name):
    torch = pytest.importorskip("torch")
    from benchmarks.frameworks.torch_twin import twin

    ours, theirs = getattr(Minidet().model_file(module), name)(), getattr(twin(module), name)()
    state = ours.state_dict()
    theirs.load_state_dict({key: torch.from_numpy(np.array(value.numpy())) for key, value in state.items()})
    images = np.random.default_rng(0).random((1, 3, 64, 64), np.float32)
    with torch.no_grad():
        expected = theirs.eval()(torch.from_numpy(images)).numpy()
    np.testing.assert_allclose(ours.eval()(minidet.tensor(images)).detach().numpy(), expected, rtol=1e-3, atol=1e-4)
