"""Two thin layers for a thick one."""

import numpy as np
import pytest

import minidet
from minidet import nn
from minidet.models import Localizer
from minidet.models.detection import compress
from minidet.models.detection.two_stage.svd import truncated_svd

from ..cases import fast, grid, spots

IMAGES, _ = spots()


def test_full_rank_changes_nothing_and_less_is_the_best_approximation(rng):
    layer = nn.Linear(7, 5)
    x = rng.normal(size=(4, 7)).astype(np.float32)
    for rank in (1, 3, 5):
        twin = truncated_svd(layer, rank)
        product = twin[1].weight.detach().numpy() @ twin[0].weight.detach().numpy()
        error = np.linalg.norm(product - layer.weight.detach().numpy())
        left = np.linalg.svd(layer.weight.detach().numpy(), compute_uv=False)[rank:]
        assert error == pytest.approx(np.linalg.norm(left), abs=1e-5)
    np.testing.assert_allclose(twin(x).detach().numpy(), layer(minidet.tensor(x)).detach().numpy(), atol=1e-5)
    assert truncated_svd(nn.Linear(7, 5, bias=False), 2)[1].bias is None
    with pytest.raises(ValueError, match="truncated_svd: rank is 6"):
        truncated_svd(layer, 6)


def test_a_compressed_detector_finds_the_same():
    model = fast().eval()
    proposals = [grid((64, 64))] * 2
    before = model(IMAGES, proposals=proposals)
    small = model.compress((16, 16))
    for mine, yours in zip(small(IMAGES, proposals=proposals), before, strict=True):
        np.testing.assert_allclose(mine["scores"].numpy(), yours["scores"].numpy(), atol=1e-5)
    thin = compress(model, 4)
    assert sum(p.numel() for p in thin.roi_heads.box_head.parameters()) == 4 * (72 + 16) + 16 + 4 * (16 + 16) + 16
    assert isinstance(model.roi_heads.box_head.fc6, nn.Linear)  # a copy was changed
    assert not thin.training
    with pytest.raises(TypeError, match="they are compressed"):
        compress(thin, 4)
    with pytest.raises(TypeError, match="a Localizer without"):
        compress(Localizer(3), 4)
