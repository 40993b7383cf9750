import numpy as np
import pytest

import minidet
from minidet.viz import draw_features, draw_filters


def mosaic_of(ax):
    """The picture that was drawn: (H, W, 4)."""
    (image,) = ax.images
    return np.asarray(image.get_array())


def tile(ax, number, columns, shape):
    """One tile of the grid, in the resolution of the drawing."""
    picture = mosaic_of(ax)
    height, width = shape
    finer = next(f for f in range(1, 20) if 0.12 * min(shape) * f >= 1)
    gap = round(0.12 * min(shape) * finer)
    top = (number // columns) * (height * finer + gap)
    left = (number % columns) * (width * finer + gap)
    return picture[top : top + height * finer : finer, left : left + width * finer : finer]


class TestFilters:
    def test_three_channels_are_colours_on_one_scale(self):
        weight = np.zeros((2, 3, 2, 2))
        weight[0, 0, 0, 0], weight[1, 2, 1, 1] = 2.0, -1.0
        ax = draw_filters(weight, columns=2)
        first, second = (tile(ax, i, 2, (2, 2)) for i in range(2))
        assert first[0, 0].tolist() == [1.0, 0.5, 0.5, 1.0]
        assert second[1, 1].tolist() == [0.5, 0.5, 0.25, 1.0]
        assert (first[1, 1] == [0.5, 0.5, 0.5, 1.0]).all()
        assert ax.get_title() == "2 filters, black -2, white 2"

    def test_other_channels_are_grey_a_row_for_each_filter(self):
        weight = np.arange(12.0).reshape(3, 4, 1, 1) - 5
        ax = draw_filters(weight)
        for f in range(3):
            for c in range(4):
                grey = 0.5 + weight[f, c, 0, 0] / 12
                assert tile(ax, 4 * f + c, 4, (1, 1))[0, 0] == pytest.approx([grey, grey, grey, 1])
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("input channel", "filter")

    def test_one_channel_is_a_grid(self):
        ax = draw_filters(minidet.rand(8, 1, 3, 3))
        assert mosaic_of(ax).shape[1] > mosaic_of(ax).shape[0]
        assert ax.get_xlabel() == ""

    def test_between_the_tiles_is_nothing(self):
        picture = mosaic_of(draw_filters(np.ones((5, 3, 3, 3)), columns=3))
        opaque = (picture[..., 3] == 1).sum()
        assert opaque == 5 * 9 * 9  # each pixel is drawn 3 x 3
        assert set(np.unique(picture[..., 3])) == {0, 1}

    def test_first_ones_only_and_the_title_says_so(self):
        ax = draw_filters(np.ones((6, 5, 3, 3)), filters=2, channels=4)
        assert ax.get_title().startswith("2 of 6 filters")
        assert ax.get_xlabel() == "input channel (4 of 5)"
        assert (mosaic_of(ax)[..., 3] == 1).sum() == 2 * 4 * 81

    def test_zeros_are_grey(self):
        assert tile(draw_filters(np.zeros((1, 3, 2, 2))), 0, 1, (2, 2))[0, 0].tolist() == [0.5, 0.5, 0.5, 1]

    @pytest.mark.parametrize(
        ("weight", "options", "error", "message"),
        [
            (np.ones((3, 2, 2)), {}, ValueError, "weight has shape"),
            (np.full((1, 3, 2, 2), np.nan), {}, ValueError, "weight contains NaN"),
            (np.ones((0, 3, 2, 2)), {}, ValueError, "weight has shape"),
            (np.ones((1, 3, 2, 2)), {"columns": 0}, ValueError, "columns is 0"),
            (np.ones((1, 3, 2, 2)), {"filters": 0}, ValueError, "filters is 0"),
            (np.ones((1, 4, 2, 2)), {"channels": 1.5}, TypeError, "channels is 1.5"),
        ],
    )
    def test_bad_input(self, weight, options, error, message):
        with pytest.raises(error, match=f"draw_filters: {message}"):
            draw_filters(weight, **options)


class TestFeatures:
    def maps(self):
        maps = np.zeros((3, 10, 12), np.float32)
        maps[0, 0, 0], maps[1, 0, 0], maps[2] = 4.0, 1.0, 2.0
        return maps

    def colours(self, *values):
        import matplotlib

        return matplotlib.colormaps["viridis"](np.array(values))

    def test_one_scale_for_all(self):
        ax = draw_features(minidet.tensor(self.maps()[None]), columns=3)
        found = np.array([tile(ax, i, 3, (10, 12))[0, 0] for i in range(3)])
        assert found == pytest.approx(self.colours(1.0, 0.25, 0.5))
        assert ax.get_title() == "3 channels of 10 x 12, 0 to 4"

    def test_a_scale_for_each(self):
        ax = draw_features(self.maps(), columns=3, common_scale=False)
        found = np.array([tile(ax, i, 3, (10, 12))[0, 0] for i in range(3)])
        assert found == pytest.approx(self.colours(1.0, 1.0, 0.0)), "a constant map has the lowest colour"
        assert ax.get_title().endswith("each on its own scale")

    def test_numbers_of_the_channels(self):
        assert [text.get_text() for text in draw_features(self.maps(), channels=2).texts] == ["0", "1"]
        assert len(draw_features(self.maps(), names=False).texts) == 0

    @pytest.mark.parametrize(
        ("features", "options", "message"),
        [
            (np.ones((2, 3, 4, 4)), {}, r"features has shape \(2, 3, 4, 4\)"),
            (np.full((1, 4, 4), np.inf), {}, "features contains NaN or infinity"),
            (np.ones((3, 0, 4)), {}, r"features has shape \(3, 0, 4\)"),
            (np.ones((1, 4, 4)), {"cmap": "rainbows"}, "cmap is 'rainbows'"),
            (np.ones((1, 4, 4)), {"channels": 0}, "channels is 0"),
        ],
    )
    def test_bad_input(self, features, options, message):
        with pytest.raises(ValueError, match=f"draw_features: {message}"):
            draw_features(features, **options)
