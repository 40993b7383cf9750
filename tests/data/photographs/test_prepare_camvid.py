"""The preparation of CamVid: on a made-up release, and what can be compared with the real folder."""

import io
import json
import os
import pathlib
import zipfile

import numpy as np
import pytest
from PIL import Image

from minidet.data import CamVid
from minidet.data.photographs import prepare_camvid
from minidet.data.photographs.prepare_camvid import check_camvid, majority, write_labels
from minidet.data.transfer import DownloadError
from tests.data.photographs import camvid_release as release


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setattr(prepare_camvid, "FRAMES", release.FRAMES)


@pytest.fixture(scope="module")
def found():
    return release.entries(np.random.default_rng(0))


def prepare(found, folder):
    folder.mkdir()
    with zipfile.ZipFile(io.BytesIO(release.zipped(found))) as archive:
        prepare_camvid.prepare_camvid(archive, folder, progress=False)
    return folder


def opened(data):
    return np.asarray(Image.open(io.BytesIO(data)))


def test_the_prepared_folder(found, tmp_path):
    root = prepare(found, tmp_path / "camvid240")
    assert "6 frames of 240 x 180 (3 train, 1 val, 2 test); the labels are not those" in check_camvid(root)
    for split, number in release.FRAMES.items():
        data = CamVid(root, split)
        assert data.names == [f"{split}_{i:03}" for i in range(number)]
        for name, (image, target) in zip(data.names, (data[i] for i in range(number)), strict=True):
            original = opened(found[f"{release.BASE}{split}/{name}.png"]).astype(float)
            halved = original.reshape(180, 2, 240, 2, 3).mean((1, 3)).transpose(2, 0, 1) / 255
            assert image.shape == (3, 180, 240)
            np.testing.assert_allclose(image, halved, atol=0.06)  # another filter, JPEG
            labels = opened(found[f"{release.BASE}{split}annot/{name}.png"])
            np.testing.assert_array_equal(target["semantic"], majority_by_counting(labels))
    assert data.ignore_index == 11
    assert data.classes[0] == "sky"
    about = json.loads((root / "classes.json").read_text())
    labels = np.stack([opened((root / "labels" / f"{name}.png").read_bytes()) for split in release.FRAMES
                       for name in CamVid(root, split).names])  # fmt: skip
    np.testing.assert_allclose(about["pixel_share"], np.bincount(labels.ravel(), minlength=12) / labels.size, atol=1e-5)


def majority_by_counting(labels):
    blocks = labels.reshape(len(labels) // 2, 2, -1, 2).transpose(0, 2, 1, 3).reshape(-1, 4)
    counts = (blocks[:, :, None] == np.arange(12)).sum(1)  # (blocks, classes)
    first = blocks[:, 0]
    wins = counts[np.arange(len(blocks)), first] == counts.max(1)
    return np.where(wins, first, counts.argmax(1)).reshape(len(labels) // 2, -1)


def test_majority_of_every_possible_block():
    """All 256 blocks of four labels, beside each other."""
    every = np.stack(np.meshgrid(*[np.arange(4, dtype=np.uint8)] * 4, indexing="ij"), -1).reshape(-1, 2, 2)
    labels = every.transpose(1, 0, 2).reshape(2, -1)
    np.testing.assert_array_equal(majority(labels), majority_by_counting(labels))
    assert majority(np.uint8([[3, 5], [5, 3]])).tolist() == [[3]]
    assert majority(np.uint8([[3, 5], [5, 7]])).tolist() == [[5]]
    assert majority(np.uint8([[3, 7], [5, 5]])).tolist() == [[5]]
    assert majority(np.uint8([[3, 4], [5, 6]])).tolist() == [[3]]


def test_images_are_resized_with_lanczos(found, tmp_path, monkeypatch):
    """A stripe pattern is weighed as the formula sinc(x) sinc(x / 3), stretched by two, weighs it."""
    rows = np.random.default_rng(1).integers(60, 200, 480).astype(float)
    picture = np.repeat(np.repeat(rows[None, :, None], 360, 0), 3, 2).astype(np.uint8)
    saved = []
    monkeypatch.setattr(Image.Image, "save", lambda self, *_, **__: saved.append(np.asarray(self)))
    monkeypatch.setattr(prepare_camvid, "_picture", lambda archive, path: Image.fromarray(
        picture if "annot" not in path else np.zeros((360, 480), np.uint8)))  # fmt: skip
    prepare(found, tmp_path / "camvid240")
    offsets = np.arange(-6, 6) + 0.5
    weights = np.sinc(offsets / 2) * np.sinc(offsets / 6)
    weights /= weights.sum()
    for x in (20, 100, 200):
        expected = (weights * rows[2 * x + 1 - 6 : 2 * x + 1 + 6]).sum()
        assert saved[0][90, x, 0] == pytest.approx(expected, abs=1.01)


def swap(found, name, data):
    return {**found, release.BASE + name: data}


def test_another_archive_is_refused(found, tmp_path):
    small, labels = np.zeros((36, 48, 3), np.uint8), np.full((360, 480), 12, np.uint8)
    no_label = {name: data for name, data in found.items() if not name.endswith("valannot/val_000.png")}
    no_list = {name: data for name, data in found.items() if not name.endswith("val.txt")}
    for number, (wrong, match) in enumerate(
        (
            (no_label, "has no entry .*valannot/val_000.png"),
            (no_list, "0 folders CamVid with train.txt, val.txt and test.txt"),
            ({**found, **{f"copy/CamVid/{s}.txt": b"" for s in release.FRAMES}}, "2 folders CamVid"),
            (swap(found, "val.txt", b"/SegNet/CamVid/val/val_000.png"), "val.txt has 1 paths, expected 1 pairs"),
            (
                swap(found, "val.txt", b"/a/val/val_000.png /a/valannot/val_001.png"),
                "val.txt pairs val/val_000.png with",
            ),
            (swap(found, "val/val_000.png", release.png(small)), "48 x 36 pixels, expected 480 x 360"),
            (swap(found, "val/val_000.png", b"no picture"), "val/val_000.png is no picture"),
            (swap(found, "valannot/val_000.png", release.png(labels)), "has label 12, expected 0 to 11"),
            (
                swap(found, "valannot/val_000.png", found[release.BASE + "val/val_000.png"]),
                "mode RGB, expected one byte",
            ),
        )
    ):
        with pytest.raises(DownloadError, match=match):
            prepare(wrong, tmp_path / str(number))


def test_a_folder_that_is_not_complete_is_found(found, tmp_path):
    def broken(number, change):
        root = prepare(found, tmp_path / str(number))
        change(root)
        return root

    def write_labels_of(value, size):
        return lambda root: write_labels(np.full(size, value, np.uint8), root / "labels" / "val_000.png")

    for number, (change, match) in enumerate(
        (
            (lambda root: (root / "val.txt").unlink(), r"no file .*val\.txt"),
            (
                lambda root: (root / "val.txt").write_text("train_000\n"),
                r"val\.txt is not a list of 1 frames of its own",
            ),
            (lambda root: (root / "test.txt").write_text("test_000\ntest_000\n"), r"test\.txt is not a list of 2"),
            (lambda root: (root / "classes.json").unlink(), r"no file .*classes\.json"),
            (lambda root: (root / "images" / "val_000.jpg").unlink(), r"val_000\.jpg is missing or no picture"),
            (lambda root: (root / "labels" / "val_000.png").write_text("x"), r"val_000\.png is missing or no picture"),
            (write_labels_of(12, (180, 240)), "frame val_000 .* is no image with labels 0 to 11"),
            (write_labels_of(3, (90, 120)), "frame val_000 .* is no image with labels 0 to 11"),
        )
    ):
        with pytest.raises(DownloadError, match=match):
            check_camvid(broken(number, change))


@pytest.mark.data
class TestTheRealFolder:
    """What the folder under MINIDET_DATA shows of its preparation is what this one does."""

    @pytest.fixture
    def root(self, monkeypatch):
        monkeypatch.undo()  # the real numbers of frames
        return pathlib.Path(os.environ["MINIDET_DATA"]) / "camvid240"

    def test_it_is_complete_and_has_the_known_labels(self, root):
        assert check_camvid(root).endswith("(367 train, 101 val, 233 test); the labels are those of docs/results.md")

    def test_labels_are_written_byte_for_byte_alike(self, root, tmp_path):
        for path in sorted((root / "labels").iterdir())[::100]:
            write_labels(opened(path.read_bytes()), tmp_path / path.name)
            assert (tmp_path / path.name).read_bytes() == path.read_bytes()

    def test_classes_and_colours_are_alike(self, root):
        about = json.loads((root / "classes.json").read_text())
        assert about["classes"] == list(prepare_camvid.CLASSES)
        assert [tuple(colour) for colour in about["palette"]] == list(prepare_camvid.CLASSES.values())

    def test_jpeg_of_the_same_quality(self, root, found, tmp_path, monkeypatch):
        monkeypatch.setattr(prepare_camvid, "FRAMES", release.FRAMES)
        own = prepare(found, tmp_path / "camvid240") / "images" / "val_000.jpg"
        with Image.open(own) as mine, Image.open(next((root / "images").iterdir())) as theirs:
            assert mine.quantization == theirs.quantization
            assert mine.layer == theirs.layer  # colours at half the resolution
            assert mine.size == theirs.size
