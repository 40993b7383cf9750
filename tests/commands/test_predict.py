"""What ``minidet predict`` writes, and what it never writes over. The network is a stand-in: brightness is the class."""

import json
import os
import pathlib
import re
import types

import numpy as np
import pytest
from PIL import Image

from minidet import tensor
from minidet.cli import main
from minidet.commands import predict
from minidet.data import CocoDetection
from minidet.metrics import coco_evaluate
from minidet.models import MODELS, Row
from minidet.training.recipe import Recipe
from minidet.training.recipes import recipe_for
from minidet.training.tasks import TASKS, task_for


class Brightness:
    """Two classes: dark and light."""

    def eval(self):
        return self

    def __call__(self, images):
        grey = images.numpy().mean(1)  # (N, H, W)
        return tensor(np.stack([1 - grey, grey], 1))


@pytest.fixture(autouse=True)
def stand_in(monkeypatch, tmp_path):
    colours = [[0, 0, 255], [255, 0, 0]]
    facts = {"classes": ["dark", "light"], "palette": colours}
    opened = types.SimpleNamespace(model=Brightness(), task=task_for(recipe_for("segnet", "shapes"), facts=facts))
    monkeypatch.setattr(predict, "open_run", lambda folder, changes: opened)
    monkeypatch.chdir(tmp_path)


def photo(path, seed=0, **options):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (8, 10, 3), np.uint8)).save(path, **options)
    return content(path)


def content(path):
    return pathlib.Path(path).read_bytes()


def written(capsys):
    """Return {picture: overlay} as the command printed it."""
    lines = capsys.readouterr().out.splitlines()
    return dict(line.split(": ", 1)[0].split(" -> ") for line in lines if " -> " in line)


def test_the_picture_of_the_user_stays(capsys, tmp_path):
    before = photo("b/0001.png")
    assert main(["predict", "run", "b/0001.png", "--out", "b"]) == 0
    assert content("b/0001.png") == before
    assert written(capsys) == {"b/0001.png": "b/0001-2.png"}
    assert main(["predict", "run", "b/0001.png", "--out", "b"]) == 0  # again: replaces its own
    assert sorted(os.listdir("b")) == ["0001-2.png", "0001.png"]
    assert content("b/0001.png") == before


def test_files_of_others_stay(capsys):
    photo("a/0001.jpg")
    other = photo("out/0001.png", 1)
    os.makedirs("out/0001-2.png")
    pathlib.Path("out/0001-3.png").touch()
    os.symlink("nowhere", "out/0001-4.png")
    assert main(["predict", "run", "a/0001.jpg", "--out", "out"]) == 0
    assert written(capsys) == {"a/0001.jpg": "out/0001-5.png"}
    assert content("out/0001.png") == other
    assert content("out/0001-3.png") == b""
    assert os.path.islink("out/0001-4.png")


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_links_to_a_picture_are_the_picture(capsys, link):
    before = photo("a/0001.png")
    os.makedirs("out")
    link(os.path.abspath("a/0001.png"), "out/0001.png")
    os.symlink("out", "also")
    assert main(["predict", "run", "a/0001.png", "--out", "also"]) == 0
    assert written(capsys) == {"a/0001.png": "also/0001-2.png"}
    assert content("a/0001.png") == content("out/0001.png") == before


def test_an_overlay_that_is_now_a_picture_stays(capsys):
    photo("a/0001.png")
    main(["predict", "run", "a/0001.png", "--out", "out"])
    before = content("out/0001.png")
    assert main(["predict", "run", "a/0001.png", "out/0001.png", "--out", "out"]) == 0
    assert content("out/0001.png") == before
    assert sorted(os.listdir("out")) == ["0001-2.png", "0001-3.png", "0001.png"]


def test_pictures_of_one_name_get_overlays_of_their_own(capsys):
    names = ["a/0001.png", "b/0001.png", "b/0001.jpg", "b/0001-2.png"]
    for seed, name in enumerate(names):
        photo(name, seed)
    expected = dict(zip(names, ["out/0001.png", "out/0001-2.png", "out/0001-3.png", "out/0001-2-2.png"], strict=True))
    for _ in range(2):
        assert main(["predict", "run", *names, "--out", "out", "--alpha", "0"]) == 0
        assert written(capsys) == expected
    for name, overlay in expected.items():
        with Image.open(name) as picture, Image.open(overlay) as shown:
            np.testing.assert_array_equal(np.asarray(shown), np.asarray(picture))
    assert main(["predict", "run", "b/0001.jpg", "--out", "out"]) == 0  # alone, it finds its own again
    assert written(capsys) == {"b/0001.jpg": "out/0001-3.png"}
    assert main(["predict", "run", "a/0001.png", "a/0001.png", "./a/0001.png", "--out", "out"]) == 0
    assert set(written(capsys).values()) == {"out/0001.png"}
    assert len(os.listdir("out")) == 4


def test_names_that_differ_in_capitals_or_in_how_an_accent_is_written(capsys):
    for seed, name in enumerate(["a/Tree.png", "b/tree.png", "c/caf\u00e9.png", "d/cafe\u0301.png"]):
        photo(name, seed)
    main(["predict", "run", "a/Tree.png", "b/tree.png", "c/caf\u00e9.png", "d/cafe\u0301.png", "--out", "out"])
    assert list(written(capsys).values()) == [
        "out/Tree.png", "out/tree-2.png", "out/caf\u00e9.png", "out/cafe\u0301-2.png"
    ]  # fmt: skip


def test_an_interrupted_write_leaves_what_was_there(monkeypatch):
    photo("a.png")
    main(["predict", "run", "a.png", "--out", "out"])
    before = content("out/a.png")

    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    assert main(["predict", "run", "a.png", "--out", "out", "--alpha", "0.9"]) == 130
    assert os.listdir("out") == ["a.png"]
    assert content("out/a.png") == before


def test_a_turned_photograph_is_labelled_upright():
    seen = np.zeros((32, 48, 3), np.uint8)
    seen[:, :16] = 255  # the left third is light
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.rot90(seen, 1)).save("a.jpg", exif=exif, quality=95)
    assert main(["predict", "run", "a.jpg", "--out", "out", "--alpha", "1"]) == 0
    with Image.open("out/a.png") as overlay:
        pixels = np.asarray(overlay)
    assert pixels.shape == (32, 48, 3)
    assert (pixels[:, :14] == [255, 0, 0]).all()
    assert (pixels[:, 18:] == [0, 0, 255]).all()


def test_mistakes_are_one_line_that_names_the_file(capsys):
    data = photo("a.jpg")
    pathlib.Path("cut.jpg").write_bytes(data[:400])
    pathlib.Path("file").touch()
    pathlib.Path("empty").mkdir()
    for arguments, message in (
        (["cut.jpg"], "predict: image is cut.jpg, expected a picture"),
        (["nowhere.jpg"], "predict: image is nowhere.jpg, expected a picture"),
        (["empty"], "predict: image is empty, a folder, expected pictures in it"),
        (["a.jpg", "--save", "file"], "predict: --save is file, a file, expected a folder"),
        ([".", "--save", "empty/.."], "predict: --save is empty/.., which holds the pictures to look at"),
        (["a.jpg", "--alpha", "nan"], "predict: --alpha is nan"),
    ):
        assert main(["predict", "run", *arguments]) == 2
        assert message in capsys.readouterr().err


def test_a_folder_is_all_of_its_pictures(capsys):
    for seed, name in enumerate(["a/b.png", "a/a.JPG", "c.png"]):
        photo(name, seed)
    pathlib.Path("a/notes.txt").touch()
    os.makedirs("a/folder.png")
    assert main(["predict", "run", "a", "c.png", "--save", "out"]) == 0
    lines = capsys.readouterr().out.splitlines()
    shown = [line.split(": ")[0] for line in lines[:-1]]
    assert shown == ["a/a.JPG -> out/a.png", "a/b.png -> out/b.png", "c.png -> out/c.png"]
    assert re.fullmatch(r"3 images, [\d.e+]+ images per second; the model alone [\d.e+]+", lines[-1])
    assert sorted(os.listdir("out")) == ["a.png", "b.png", "c.png"]  # and no list: these have no boxes


class Finder:
    """Two boxes in every picture, the surer one last."""

    def eval(self):
        return self

    def __call__(self, images):
        boxes = np.array([[1, 2, 4, 8], [0, 0, 10, 8]], np.float32)
        return [{"boxes": tensor(boxes), "labels": tensor([2, 1]), "scores": tensor(np.array([0.25, 0.5], np.float32))}
                for _ in images]  # fmt: skip


@pytest.fixture
def finder(monkeypatch):
    monkeypatch.setitem(MODELS, "finder", Row(Finder, "detection"))
    task = TASKS["detection"](Recipe("finder", "shapes", 1, 1, 1.0), facts={"classes": ["background", "cat", "dog"]})
    opened = types.SimpleNamespace(model=Finder(), task=task)
    monkeypatch.setattr(predict, "open_run", lambda folder, changes: opened)


def test_boxes_are_listed_as_coco_has_them(finder):
    photo("a/x/1.png")
    photo("a/y/1.png", 1)
    assert main(["predict", "run", "a/x", "a/y/1.png", "--save", "out"]) == 0
    listed = json.loads(content("out/detections.json"))
    assert listed["images"] == [{"id": i, "file_name": name, "height": 8, "width": 10}
                                for i, name in ((1, "x/1.png"), (2, "y/1.png"))]  # fmt: skip
    assert listed["categories"] == [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
    assert listed["annotations"][2:] == [
        {"id": 3, "image_id": 2, "file_name": "y/1.png", "iscrowd": 0, "category_id": 1, "category_name": "cat",
         "bbox": [0, 0, 10, 8], "area": 80, "score": 0.5},
        {"id": 4, "image_id": 2, "file_name": "y/1.png", "iscrowd": 0, "category_id": 2, "category_name": "dog",
         "bbox": [1, 2, 3, 6], "area": 18, "score": 0.25},
    ]  # fmt: skip
    assert coco_evaluate(listed, listed["annotations"])["AP"] == 1
    dataset = CocoDetection("a", "out/detections.json")  # it is a data set, too
    np.testing.assert_array_equal(dataset[1][1]["boxes"], [[0, 0, 10, 8], [1, 2, 4, 8]])


def test_a_list_of_another_stays(finder, capsys):
    photo("a.png")
    assert main(["predict", "run", "a.png", "--save", "out"]) == 0
    assert main(["predict", "run", "a.png", "--save", "out"]) == 0  # its own is replaced
    for other in (b"{}", b"[1]", b"\xff", b'{"info": {"description": "mine"}}'):
        pathlib.Path("out/detections.json").write_bytes(other)
        assert main(["predict", "run", "a.png", "--save", "out"]) == 2
        assert "predict: --save is out, where detections.json is another's" in capsys.readouterr().err
        assert content("out/detections.json") == other
