import numpy as np
import pytest

import minidet
from minidet.data import CamVid, median_frequency_weights

FIRST = np.array([[0, 0, 0, 0], [0, 0, 1, 1]])  # class 0: 6 pixels, class 1: 2
SECOND = np.array([[0, 0], [0, 2]])  # class 0: 3, class 2: 1


def test_by_hand():
    """Class 0 fills 9 of 12 pixels, class 1 2 of 8, class 2 1 of 4: the last two are equally frequent where they are."""
    weights = median_frequency_weights([FIRST, SECOND], 3)
    assert weights.dtype == np.float32
    assert weights == pytest.approx([0.25 / 0.75, 1, 1])


def test_an_even_number_of_classes_has_the_mean_of_the_middle_two_as_median():
    assert median_frequency_weights([FIRST], 2) == pytest.approx([0.5 / 0.75, 0.5 / 0.25])


def test_a_class_that_never_appears_has_weight_one_and_no_part_in_the_median():
    assert median_frequency_weights([FIRST, SECOND], 5) == pytest.approx([1 / 3, 1, 1, 1, 1])


def test_appearing_in_few_images_is_not_being_rare():
    without = [np.zeros((2, 4), int)] * 50
    weights = median_frequency_weights([FIRST, *without], 2)
    frequency = np.array([(6 + 50 * 8) / (51 * 8), 2 / 8])
    assert weights == pytest.approx(np.median(frequency) / frequency)


def test_void_is_no_class_but_part_of_the_image():
    image = FIRST.copy()
    image[0, 0] = 255
    assert median_frequency_weights([image], 2, ignore_index=255) == pytest.approx([(5 / 8 + 2 / 8) / 2 / (5 / 8),
                                                                                   (5 / 8 + 2 / 8) / 2 / (2 / 8)])  # fmt: skip


def test_tensors_small_integers_and_generators():
    expected = median_frequency_weights([FIRST, SECOND], 3)
    tensors = (minidet.tensor(image.astype(np.uint8)) for image in (FIRST, SECOND))
    assert np.array_equal(median_frequency_weights(tensors, 3), expected)


@pytest.mark.data
def test_street_scenes_are_near_the_published_weights():
    """SegNet's authors list weights for their 480 x 360 labels; theirs are to the median of 12, void being a class.

    The labels here are 240 x 180, which thin things do not survive unchanged, so: ratios within a quarter. Class 6,
    signs, is left out: in these labels it is two and a half times as frequent.
    """
    published = np.array([0.2595, 0.1826, 4.5640, 0.1417, 0.9051, 0.3826, 9.6446, 1.8418, 0.6823, 6.2478, 7.3614])
    dataset = CamVid()
    labels = (dataset.load(i)[1]["semantic"] for i in range(len(dataset)))
    ratio = median_frequency_weights(labels, 11, dataset.ignore_index) / published
    others = np.arange(11) != 6
    assert ratio[others] / np.median(ratio) == pytest.approx(np.ones(10), rel=0.25)


@pytest.mark.parametrize(
    ("labels", "num_classes", "error", "message"),
    [
        ([FIRST.astype(float)], 2, TypeError, "labels has dtype float64"),
        ([FIRST[None]], 2, ValueError, "labels has shape"),
        ([FIRST], 1, IndexError, "labels contains 1"),
        ([FIRST], 0, ValueError, "num_classes is 0"),
        ([], 2, ValueError, "labels hold no pixel"),
        ([np.zeros((0, 4), int)], 2, ValueError, "labels hold no pixel"),
    ],
)
def test_bad_input(labels, num_classes, error, message):
    with pytest.raises(error, match=f"median_frequency_weights: {message}"):
        median_frequency_weights(labels, num_classes)
