"""A folder of one's own pictures: what is read, how it is split, and what is said of a folder that is not complete."""

import numpy as np
import pytest
from PIL import Image

from minidet.data import FolderSegmentation
from minidet.data.photographs.folder import size_of


def write(root, name, labels, ending=".png"):
    """Write labels, and a picture in which class k is of the grey 40 k."""
    labels = np.asarray(labels, np.uint8)
    for folder in ("images", "labels"):
        (root / folder).mkdir(exist_ok=True)
    grey = np.where(labels == 255, 255, labels * 40).astype(np.uint8)
    Image.fromarray(np.stack([grey] * 3, -1)).save(root / "images" / f"{name}{ending}")
    Image.fromarray(labels).save(root / "labels" / f"{name}.png")


@pytest.fixture
def root(tmp_path):
    for number in range(7):
        write(tmp_path, f"p{number}", [[0, 1, 1], [number % 3, 0, 255]])
    return tmp_path


def test_a_sample(root):
    data = FolderSegmentation(root, "train")
    image, target = data[0]
    assert (image.dtype, image.shape, image.flags.c_contiguous) == (np.float32, (3, 2, 3), True)
    assert target["semantic"].tolist() == [[0, 1, 1], [2, 0, 255]]
    np.testing.assert_allclose(image[1], np.array([[0, 40, 40], [80, 0, 255]]) / 255, atol=1e-6)
    assert data.classes == ["0", "1", "2"]
    assert data.ignore_index == 255


def test_every_fifth_is_for_testing_and_the_next_for_validation(root):
    names = {split: FolderSegmentation(root, split).names for split in ("test", "val", "train")}
    assert names == {"test": ["p0", "p5"], "val": ["p1", "p6"], "train": ["p2", "p3", "p4"]}


def test_lists_and_names_of_classes(root):
    (root / "train.txt").write_text("p6.png\np2\n\n")
    (root / "classes.txt").write_text("road\ncar\ntree\n")
    data = FolderSegmentation(root)
    assert data.names == ["p6", "p2"]
    assert data.classes == ["road", "car", "tree"]
    with pytest.raises(FileNotFoundError, match=r"data set folder: there is no file .*val\.txt"):
        FolderSegmentation(root, "val")


def test_names_with_points_and_endings_of_many_kinds(tmp_path):
    write(tmp_path, "mr.bean", [[0, 1]], ".bmp")
    write(tmp_path, "Ms.Bean", [[1, 0]], ".PNG")
    (tmp_path / "images" / "Thumbs.db").touch()
    (tmp_path / "images" / "._mr.bean.bmp").touch()
    (tmp_path / "test.txt").write_text("mr.bean\nMs.Bean.PNG\n")
    data = FolderSegmentation(tmp_path, "test")
    assert [data.load(i)[1]["semantic"].tolist() for i in range(2)] == [[[0, 1]], [[1, 0]]]


def test_pictures_are_stretched_to_a_side(tmp_path):
    for number, size in enumerate([(8, 12), (20, 10), (4, 4)]):
        labels = np.zeros(size, np.uint8)
        labels[: size[0] // 2] = 1
        write(tmp_path, f"p{number}", labels)
    (tmp_path / "train.txt").write_text("p0\np1\np2\n")
    data = FolderSegmentation(tmp_path, side=8)
    for i, shape in enumerate([(8, 12), (16, 8), (8, 8)]):
        image, target = data[i]
        assert image.shape == (3, *shape)
        assert target["semantic"].shape == shape
        assert target["semantic"].mean() == 0.5
    assert size_of((3, 1000), 10) == (10, 3333)


def test_a_transform_is_applied(root):
    data = FolderSegmentation(root, transform=lambda image, target, rng: (image + 1, {}))
    assert data[0][0].min() == 1
    assert data[0][1] == {}


def test_folders_that_are_not_complete(root, tmp_path_factory):
    empty = tmp_path_factory.mktemp("empty")
    with pytest.raises(FileNotFoundError, match="data set folder: there is no folder .*images"):
        FolderSegmentation(empty)
    write(empty, "only", [[0]])
    with pytest.raises(
        ValueError, match=r"root has 1 pictures in images/, none for split train, expected at least 3 of"
    ):
        FolderSegmentation(empty)
    (root / "labels" / "p3.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"there is no picture .*labels.p3 \(with one of .png"):
        FolderSegmentation(root)
    FolderSegmentation(root, "test")
    Image.fromarray(np.zeros((5, 5), np.uint8)).save(root / "labels" / "p3.png")
    with pytest.raises(
        ValueError, match=r"labels, .*p3\.png, is of \(5, 5\) pixels, expected \(2, 3\), as .*images.p3"
    ):
        FolderSegmentation(root)
    (root / "images" / "p3.jpg").touch()
    with pytest.raises(ValueError, match=r"images holds p3\.jpg and p3\.png, expected one picture of each name"):
        FolderSegmentation(root)


def test_labels_beyond_the_classes_and_colours_for_labels(root):
    (root / "classes.txt").write_text("road\ncar\n")
    with pytest.raises(IndexError, match=r"labels, .*p2\.png, contains 2, expected integers in \[0, 2\)"):
        FolderSegmentation(root)
    (root / "classes.txt").write_text("\n")
    with pytest.raises(ValueError, match=r"classes\.txt has 0 lines, expected 1 to 255"):
        FolderSegmentation(root)
    (root / "classes.txt").unlink()
    Image.fromarray(np.zeros((2, 3, 3), np.uint8)).save(root / "labels" / "p2.png")
    with pytest.raises(ValueError, match=r"labels is .*p2\.png, of mode RGB, expected one integer per pixel"):
        FolderSegmentation(root)
