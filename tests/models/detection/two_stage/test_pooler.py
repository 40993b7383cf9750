"""Regions on the right map, in the order in which they were given."""

import numpy as np
import pytest

import minidet
from minidet.models.detection import MultiScaleRoIPool
from minidet.ops import roi_align, roi_pool

from ..cases import grid

STRIDES = [4, 8, 16, 32]


def maps_of(strides, size=64, count=2, channels=3):
    rng = np.random.default_rng(0)
    return {s: minidet.tensor(rng.normal(size=(count, channels, -(-size // s), -(-size // s))).astype(np.float32),
                              requires_grad=True) for s in strides}  # fmt: skip


def test_levels_are_those_of_the_formula():
    sides = np.array([10, 55, 56, 111, 112, 223, 224, 447, 448, 5000])
    boxes = np.stack([0 * sides, 0 * sides, sides * 2, sides / 2], 1).astype(np.float32)
    assert MultiScaleRoIPool().levels(boxes, STRIDES).tolist() == [0, 0, 0, 0, 1, 1, 2, 2, 3, 3]
    small = MultiScaleRoIPool(canonical_scale=56)
    assert small.levels(boxes, STRIDES).tolist() == [0, 1, 2, 2, 3, 3, 3, 3, 3, 3]
    assert MultiScaleRoIPool().levels(boxes[:, [0, 1, 0, 1]], STRIDES).tolist() == [0] * 10  # without area


@pytest.mark.parametrize("kind", ["align", "pool"])
def test_each_region_is_pooled_on_its_map(kind):
    maps = maps_of(STRIDES[:2])
    boxes = [np.float32([[0, 0, 60, 60], [4, 4, 20, 16]]), np.float32([[8, 0, 24, 32], [0, 8, 62, 64], [1, 1, 9, 9]])]
    pooler = MultiScaleRoIPool(3, kind, canonical_scale=112)  # above a side of 56: stride 8
    found = pooler(maps, boxes)
    assert found.shape == (5, 3, 3, 3)
    rows = [np.append(image, box) for image, part in enumerate(boxes) for box in part]
    for row, region, stride in zip(rows, found.detach().numpy(), (8, 4, 4, 8, 4), strict=True):
        x, region_row = maps[stride].detach(), row[None].astype(np.float32)
        if kind == "align":
            alone = roi_align(x, region_row, 3, 1 / stride, 2, True)
        else:
            alone = roi_pool(x, region_row, 3, 1 / stride)
        np.testing.assert_allclose(region, alone.numpy()[0], rtol=1e-5, atol=1e-6)
    found.sum().backward()
    for x in maps.values():
        assert np.abs(x.grad.numpy()).max() > 0


@pytest.mark.parametrize("kind", ["align", "pool"])
def test_images_without_regions(kind):
    maps = maps_of([8])
    pooler = MultiScaleRoIPool((3, 2), kind)
    nobody, some = np.zeros((0, 4), np.float32), grid((64, 64))[:3]
    assert pooler(maps, [nobody, nobody]).shape == (0, 3, 3, 2)
    found = pooler(maps, [nobody, some])
    assert found.shape == (3, 3, 3, 2)
    found.sum().backward()
    grad = maps[8].grad.numpy()
    assert not grad[0].any()
    assert grad[1].any()


def test_mistakes():
    with pytest.raises(ValueError, match="MultiScaleRoIPool: kind is 'max'"):
        MultiScaleRoIPool(7, "max")
