"""Proposals are looked for once: what is kept, what is found again, and what is made anew."""

import numpy as np
import pytest

from minidet.kernels.launch import cache_folder
from minidet.models.detection import FasterRCNN, FastRCNN
from minidet.training.tasks import proposals
from minidet.training.tasks.proposals import Proposals, key_of, mode_for, whole

IMAGES = np.random.default_rng(0).random((3, 3, 20, 30), np.float32)


@pytest.fixture
def searched(monkeypatch):
    """Count searches; each finds a box whose corner says what the picture was."""
    asked = []

    def search(image, mode):
        asked.append(mode)
        return np.array([[image[0, 0, 0], 0, 20, 20], [3, 4, 5, 6]], np.float32)

    monkeypatch.setattr(proposals, "search", search)
    return asked


def test_a_picture_is_searched_once_and_found_again_by_its_pixels(searched, tmp_path):
    first = Proposals("fast", tmp_path)
    assert first.find(IMAGES[0]) is None
    found = [first.of(image) for image in (*IMAGES, *IMAGES)]
    assert searched == ["fast"] * 3
    again = Proposals("fast", tmp_path)
    for i, image in enumerate(IMAGES):
        np.testing.assert_array_equal(again.of(image.copy()), found[i])
        np.testing.assert_array_equal(found[i], found[i + 3])
        assert found[i][0, 0] == image[0, 0, 0]
    assert searched == ["fast"] * 3
    Proposals("single", tmp_path).of(IMAGES[0])  # another mode finds other boxes
    assert searched == ["fast"] * 3 + ["single"]
    assert not list(tmp_path.rglob("*.partial"))


def test_a_damaged_file_is_made_anew(searched, tmp_path):
    kept = Proposals("fast", tmp_path)
    kept.of(IMAGES[0])
    (path,) = (path for path in tmp_path.rglob("*") if path.is_file())
    good = path.read_bytes()
    other = Proposals("fast", tmp_path / "other")
    for bad in (b"", good[:40], good[:-3]):
        path.write_bytes(bad)
        assert kept.find(IMAGES[0]) is None
        np.testing.assert_array_equal(kept.of(IMAGES[0]), other.of(IMAGES[0]))
        assert path.read_bytes() == good
    assert len(searched) == 5


@pytest.mark.parametrize("boxes", [[[0, 0, 2, np.nan]], [[3, 0, 2, 4]], [[0, 0, 2]], [0, 1, 2, 3]])
def test_an_array_that_is_no_boxes_is_not_taken(boxes):
    assert not whole(np.array(boxes, np.float32))
    assert whole(np.zeros((0, 4), np.float32))
    assert not whole(np.zeros((1, 4), np.int32))


def test_without_a_folder_they_are_kept_in_memory(searched, tmp_path, monkeypatch):
    monkeypatch.setattr(cache_folder, "choose", lambda name: cache_folder.Choice(None, []))
    kept = Proposals("fast")
    for _ in range(2):
        assert len(kept.of(IMAGES[0])) == 2
    (tmp_path / "file").write_text("in the way")
    blocked = Proposals("fast", tmp_path / "file")
    for _ in range(2):
        assert len(blocked.of(IMAGES[1])) == 2
    assert len(searched) == 2


def test_as_a_transform_they_stand_in_the_target(searched, tmp_path):
    kept, target = Proposals("fast", tmp_path), {"labels": [1]}
    image, moved = kept(IMAGES[0], target)
    np.testing.assert_array_equal(image, IMAGES[0])
    assert set(moved) == {"labels", "proposals"}
    assert set(target) == {"labels"}
    np.testing.assert_array_equal(kept.anew(IMAGES[1], target)[1]["proposals"][0, 0], IMAGES[1, 0, 0, 0])
    assert kept.find(IMAGES[1]) is None


def test_the_bar_says_what_is_done(searched, tmp_path, capsys):
    Proposals("fast", tmp_path).look_at(iter(IMAGES), 3)
    shown = capsys.readouterr().err
    assert "selective search: 100%" in shown
    assert "3/3" in shown
    Proposals("fast", tmp_path).look_at(iter(IMAGES), 3, progress=False)
    assert capsys.readouterr().err == ""
    assert len(searched) == 3


def test_pictures_of_the_same_numbers_in_another_shape_differ():
    keys = {key_of(IMAGES[0]), key_of(IMAGES[0].reshape(3, 30, 20)), key_of(IMAGES[1])}
    assert len(keys) == 3
    assert key_of(IMAGES[0][:, ::-1]) == key_of(np.ascontiguousarray(IMAGES[0][:, ::-1]))


def test_which_models_take_proposals():
    assert mode_for(FastRCNN, {}) == "fast"
    assert mode_for(FastRCNN, {"search": "single"}) == "single"
    assert mode_for(FasterRCNN, {}) is None
