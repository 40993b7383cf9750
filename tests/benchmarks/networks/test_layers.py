import pytest

from benchmarks.networks.layers import At, Conv, Pool, walk


def test_sizes_follow_from_the_image():
    rows = [Conv(3, 8, 7, s=2, image=True), Pool(3, 2, 1), Conv(8, 16, aside=True, times=2), Conv(8, 4, 2, s=2, p=0,
            transposed=True), At(32), Conv(4, 4, 1)]  # fmt: skip
    shapes = walk(rows, (90, 61), 5)
    assert [(shape.h, shape.w) for shape in shapes] == [(90, 61), (23, 16), (23, 16), (23, 16), (3, 2)]
    assert shapes[3].output_size == (46, 32)
    assert [shape.n for shape in shapes] == [5] * 5
    assert [shape.p for shape in shapes] == [3, 1, 1, 0, 0]


def test_padding_keeps_the_size():
    (shape,) = walk([Conv(4, 4, 3, d=6)], (19, 7), 1)
    assert shape.p == 6
    assert shape.output_size == (19, 7)


@pytest.mark.parametrize("pool, sizes", [(Pool(), (3, 2)), (Pool(ceil=True), (4, 3)), (Pool(3, 2, 1), (4, 3)),
                                         (Pool(2, 1), (6, 4))])  # fmt: skip
def test_pooling(pool, sizes):
    assert pool.output((7, 5)) == sizes


def test_halvings_round_up_or_down():
    assert At(8).output((180, 239)) == (23, 30)
    assert At(8, ceil=False).output((180, 239)) == (22, 29)
