import numpy as np
import pytest

import minidet
from minidet import nn
from minidet.training.nonfinite import first_nonfinite


class Root(nn.Module):
    def forward(self, x):
        return minidet.sqrt(x)


def test_names_the_first_layer():
    model = nn.Sequential(nn.Identity(), Root(), nn.ReLU())
    assert "layer 1 (Root)" in first_nonfinite(model, minidet.tensor([-1.0, 4.0]))


def test_names_a_parameter():
    model = nn.Sequential(nn.Linear(2, 2))
    with minidet.no_grad():
        model[0].weight[0, 0] = float("nan")
    assert "parameter 0.weight" in first_nonfinite(model, minidet.ones(1, 2))


def test_names_the_images():
    assert "images" in first_nonfinite(nn.ReLU(), minidet.tensor([np.inf]))


def test_finite_everywhere_points_at_the_loss_and_leaves_no_hook():
    model = nn.Sequential(nn.Linear(2, 2))
    assert "loss" in first_nonfinite(model, minidet.ones(1, 2))
    assert not model[0]._forward_hooks


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_fit_stops_with_the_layer_in_the_message(value):
    from minidet.optim import SGD
    from minidet.optim.lr_scheduler import LambdaLR
    from minidet.training.fit import fit

    class Task:
        def start_epoch(self):
            pass

        def loss(self, model, batch):
            return model(batch[0]).sum() * value

        def status(self):
            return {}

    class Loader(list):
        epoch = 0

    model = nn.Sequential(nn.Linear(2, 1))
    optimizer = SGD(model.parameters(), lr=0.1)
    scheduler = LambdaLR(optimizer, lambda step: 1.0)
    loader = Loader([(minidet.ones(1, 2), None)])
    with pytest.raises(FloatingPointError, match="epoch 1, step 1"):
        fit(model, Task(), loader, optimizer, scheduler, 1, progress=False)


def test_lists_of_images_and_dicts_of_outputs_are_looked_into():
    class Named(nn.Module):
        def forward(self, images, targets):
            return {"losses": [minidet.sqrt(images[0]) * targets]}

    model = nn.Sequential()
    model.add_module("named", Named())
    images = [minidet.tensor([-1.0]), np.ones(2, np.float32)]
    assert "layer named (Named)" in first_nonfinite(model, images, lambda: model.named(images, 1.0))
    assert "images" in first_nonfinite(model, [images[1], minidet.tensor([np.nan])])
