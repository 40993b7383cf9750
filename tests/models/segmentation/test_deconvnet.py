import pytest

from minidet import nn
from minidet.models import DeconvNet


def test_paper_size_is_one_argument_away():
    model = DeconvNet(21, **{**DeconvNet.PAPER, "hidden": 8})
    convolutions = [m for m in model.encoder.modules() if isinstance(m, nn.Conv2d)]
    assert len(convolutions) == 13  # VGG16's
    assert DeconvNet.PAPER["hidden"] == 4096


def test_bad_options():
    with pytest.raises(ValueError, match="DeconvNet: convs is"):
        DeconvNet(3, widths=(4, 4), convs=(1,))
    with pytest.raises(ValueError, match="DeconvNet: hidden_kernel is 4"):
        DeconvNet(3, hidden_kernel=4)
