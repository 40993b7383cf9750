"""What a module prints: its repr, PyTorch's to the letter, and its summary."""

import numpy as np
import pytest

from minidet import nn, tensor

from .test_module import Net


class TestText:
    def test_repr(self):
        assert repr(Net()) == (
            "Net(\n"
            "  (first): Block(\n"
            "    (conv): Conv2d(2, 3, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), bias=False)\n"
            "  )\n"
            "  (again): Block(\n"
            "    (conv): Conv2d(2, 3, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), bias=False)\n"
            "  )\n"
            "  (head): Linear(in_features=3, out_features=4, bias=True)\n"
            ")"
        )

    @pytest.mark.parity
    @pytest.mark.parametrize(
        "build",
        [
            lambda nn: nn.Conv2d(4, 6, 3, 2, 1, 2, 2, False),
            lambda nn: nn.Conv2d(4, 6, (3, 1), padding="same"),
            lambda nn: nn.Conv1d(4, 6, 3),
            lambda nn: nn.ConvTranspose2d(4, 6, 3, 2, 1, 1, 2, dilation=2),
            lambda nn: nn.ConvTranspose1d(4, 6, 3, bias=False),
            lambda nn: nn.Linear(3, 4, bias=False),
            lambda nn: nn.Sequential(nn.ReLU(), nn.ReLU(inplace=True), nn.ReLU6(), nn.LeakyReLU(0.2, inplace=True)),
            lambda nn: nn.Sequential(nn.Sigmoid(), nn.Tanh(), nn.Softmax(1), nn.LogSoftmax(dim=-1), nn.Softplus(2)),
            lambda nn: nn.Sequential(nn.Dropout(0.1), nn.Dropout2d(), nn.Flatten(), nn.Identity()),
            lambda nn: nn.ModuleList([nn.ReLU(), nn.ReLU(), nn.Sequential(nn.Tanh()), nn.ReLU()]),
            lambda nn: nn.ModuleList(),
            lambda nn: nn.ModuleDict({"a": nn.ReLU(), "b": nn.Sequential()}),
            lambda nn: nn.Sequential(nn.MSELoss(), nn.CrossEntropyLoss(ignore_index=3), nn.SmoothL1Loss()),
        ],
    )
    def test_repr_is_pytorchs(self, build):
        torch = pytest.importorskip("torch")
        assert repr(build(nn)) == repr(build(torch.nn))

    def test_summary(self):
        net = Net()
        net.again = nn.Identity()
        lines = net.summary((2, 2, 8, 8)).splitlines()
        assert lines[0].split() == ["layer", "output", "shape", "parameters"]
        assert lines[2].split() == ["Net", "(2,", "4)", "-"]
        assert lines[3].split() == ["first", "Block", "(2,", "3,", "8,", "8)", "3"]
        assert lines[4].split() == ["conv", "Conv2d", "(2,", "3,", "8,", "8)", "54"]
        assert lines[5].split() == ["again", "Identity", "-", "-"], "a layer that is not called has no shape"
        assert lines[-1] == "parameters: 73, of which trained: 73"

    def test_summary_leaves_no_trace(self):
        net = nn.Sequential(nn.Dropout(0.5), nn.Linear(2, 2)).eval()
        net[0].train()
        net[1].bias.requires_grad_(False)
        text = net.summary(tensor(np.ones((3, 2), np.float32)))
        assert text.endswith("parameters: 6, of which trained: 4")
        assert [module.training for module in net.modules()] == [False, True, False]
        assert not net[1]._forward_hooks
        with pytest.raises(ValueError, match="linear: input has shape"):
            net.summary((3, 5))
        assert net[0].training
        assert not net[1]._forward_hooks

    def test_summary_of_lists_and_dicts(self):
        class Detector(nn.Module):
            def forward(self, images, count):
                return [{"boxes": images.reshape(-1, 4), "count": count}]

        assert "[{boxes: (6, 4), count: int}]" in Detector().summary((2, 3, 4), 7)
