import pytest

from minidet import nn
from minidet.models import SegNet


@pytest.mark.slow
def test_paper_size_is_one_argument_away():
    model = SegNet(21, **SegNet.PAPER)
    convolutions = [m for m in model.encoder.modules() if isinstance(m, nn.Conv2d)]
    assert len(convolutions) == 13  # VGG16's


def test_bad_options():
    with pytest.raises(ValueError, match="SegNet: convs is"):
        SegNet(3, widths=(4, 4), convs=(1,))
