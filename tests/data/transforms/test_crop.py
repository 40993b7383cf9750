"""Random crops."""

import numpy as np

import minidet.data.transforms as T


def test_random_crop_reaches_every_place_and_pads_small_images(rng):
    image = np.arange(3 * 4 * 5, dtype=np.float32).reshape(3, 4, 5)
    corners = {T.RandomCrop((2, 3))(image, {}, rng)[0][0, 0, 0] for _ in range(300)}
    assert corners == {5 * top + left for top in range(3) for left in range(3)}
    out, target = T.RandomCrop((8, 3), fill=9)(image, {"semantic": np.ones((4, 5), np.int64)}, rng)
    np.testing.assert_array_equal(out[:, [0, 1, 6, 7]], np.float32(9))
    assert target["semantic"][:, 0].tolist() == [-100, -100, 1, 1, 1, 1, -100, -100]
