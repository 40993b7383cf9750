"""CamVid: a made-up data set in its layout, and the real one where it is."""

import json

import numpy as np
import pytest
from PIL import Image

from minidet.data import CamVid, data_root


@pytest.fixture
def made_up(tmp_path):
    """Write two 6 x 4 frames in CamVid's layout."""
    root = tmp_path / "camvid240"
    for folder in ("images", "labels"):
        (root / folder).mkdir(parents=True)
    classes = [f"class {i}" for i in range(11)] + ["void"]
    palette = [[i, 2 * i, 3 * i] for i in range(12)]
    (root / "classes.json").write_text(json.dumps({"classes": classes, "palette": palette, "ignore_index": 11}))
    for number, name in enumerate(["a", "b"]):
        Image.fromarray(np.full((4, 6, 3), [250, 128, number], np.uint8)).save(
            root / "images" / f"{name}.jpg", quality=95
        )
        labels = Image.fromarray(np.repeat([[0, 0, 3, 3, 11, number]], 4, 0).astype(np.uint8))
        labels.putpalette([value for colour in palette for value in colour])
        labels.save(root / "labels" / f"{name}.png")
    (root / "train.txt").write_text("a\nb\n")
    (root / "val.txt").write_text("b\n")
    return root


def test_made_up(made_up):
    data = CamVid(made_up)
    assert len(data) == 2
    assert len(CamVid(made_up, "val")) == 1
    image, target = data[1]
    assert (image.shape, image.dtype) == ((3, 4, 6), np.float32)
    assert image.flags.c_contiguous
    np.testing.assert_allclose(image[:2, 0, 0], [250 / 255, 128 / 255], atol=0.02)
    assert target["semantic"].dtype == np.int64
    assert target["semantic"][0].tolist() == [0, 0, 3, 3, 11, 1]
    assert len(data.classes) == 11
    assert data.palette.shape == (12, 3)
    assert data.class_shares()[:4].tolist() == [0.5, 0.1, 0.0, 0.4]


def test_transform_gets_its_generator(made_up):
    data = CamVid(made_up, transform=lambda image, target, rng: (image, rng.random()))
    assert data.sample(0, np.random.default_rng(4))[1] == np.random.default_rng(4).random()


def test_root_comes_from_the_environment(made_up, monkeypatch):
    monkeypatch.setenv("MINIDET_DATA", str(made_up.parent))
    assert len(CamVid()) == 2
    assert data_root("camvid240") == made_up


def test_what_is_missing_is_named(made_up, monkeypatch, tmp_path):
    (made_up / "labels" / "b.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"data set camvid240: there is no file .*b\.png"):
        CamVid(made_up)
    with pytest.raises(FileNotFoundError, match=r"there is no file .*test\.txt"):
        CamVid(made_up, "test")
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*nowhere \(it was given as root\)"):
        CamVid(tmp_path / "nowhere")
    monkeypatch.setenv("MINIDET_DATA", str(tmp_path / "elsewhere"))
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*camvid240 \(MINIDET_DATA is .*elsewhere\)"):
        CamVid()
    monkeypatch.delenv("MINIDET_DATA")
    with pytest.raises(FileNotFoundError, match="MINIDET_DATA is not set, expected the folder that holds camvid240/"):
        CamVid()
    with pytest.raises(ValueError, match="CamVid: split is 'all'"):
        CamVid(made_up, "all")


@pytest.mark.data
def test_the_real_one():
    sizes = {split: CamVid(split=split) for split in ("train", "val", "test")}
    assert {split: len(data) for split, data in sizes.items()} == {"train": 367, "val": 101, "test": 233}
    names = [name for data in sizes.values() for name in data.names]
    assert len(set(names)) == 701
    data = sizes["val"]
    image, target = data[0]
    assert image.shape == (3, 180, 240)
    assert target["semantic"].shape == (180, 240)
    assert 0 <= target["semantic"].min() <= target["semantic"].max() <= 11
    assert data.classes[:4] == ["sky", "building", "pole", "road"]
    shares = data.class_shares()
    assert shares.sum() == pytest.approx(1)
    assert shares.argmax() == 3  # mostly road
    sky = np.concatenate([data.load(i)[0][:, data.load(i)[1]["semantic"] == 0].mean(1)[None] for i in range(10)])
    assert sky.mean() > 0.5  # the sky is bright: labels lie on their pixels


def test_pictures_that_do_not_belong_are_named(made_up):
    for folder, picture, match in (
        ("images", Image.new("RGB", (5, 4)), r"images.b\.jpg has shape \(4, 5, 3\), expected \(4, 6, 3\)"),
        ("labels", Image.new("L", (6, 4), 12), r"labels.b\.png, contains 12, expected integers in \[0, 12\)"),
        ("labels", Image.new("RGB", (6, 4)), r"labels is .*b\.png, of mode RGB, expected one integer per pixel"),
    ):
        path = made_up / folder / ("b.jpg" if folder == "images" else "b.png")
        before = path.read_bytes()
        picture.save(path)
        with pytest.raises((ValueError, IndexError), match=f"CamVid: .*{match}"):
            CamVid(made_up)
        path.write_bytes(before[:60])
        with pytest.raises(ValueError, match=f"CamVid: .* is .*{path.name}, expected a picture"):
            CamVid(made_up)
        path.write_bytes(before)
    (made_up / "train.txt").write_text("")
    with pytest.raises(ValueError, match=r"CamVid: .*train\.txt is empty"):
        CamVid(made_up)
    for damaged in ("{", "{}", "[]", '{"classes": 3, "palette": [], "ignore_index": 1}'):
        (made_up / "classes.json").write_text(damaged)
        with pytest.raises(ValueError, match=r"CamVid: .*classes\.json is damaged"):
            CamVid(made_up)
