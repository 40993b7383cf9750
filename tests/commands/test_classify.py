"""What ``minidet classify`` prints and draws. The network is a stand-in, but where the published weights are."""

import importlib.util
import io
import itertools
import os
import pathlib
import sys

import pytest
from PIL import Image

from minidet import tensor
from minidet.cli import main
from minidet.commands import classify
from minidet.models.backbones.classifiers import Classifier


class Colours:
    """Three classes: how red, green and blue the middle is."""

    def __call__(self, images):
        return tensor(images.numpy().mean((2, 3)) * 9)


@pytest.fixture
def stand_in(monkeypatch, tmp_path):
    row = Classifier(Colours, 12, 8, lambda: ("red", "green grass", "blue"))
    monkeypatch.setitem(classify.CLASSIFIERS, "mobilenet_v2", row)
    monkeypatch.setattr(classify, "pretrained_classifier", lambda name: Colours())
    monkeypatch.chdir(tmp_path)
    for name, colour in (("red.png", (255, 0, 0)), ("teal.png", (0, 128, 128))):
        Image.new("RGB", (20, 15), colour).save(name)


def test_bars(stand_in, capsys):
    assert main(["classify", "red.png", "teal.png", "--top", "2"]) == 0
    first, second, third, *rest = capsys.readouterr().out.splitlines()
    assert first == "red.png"
    assert second == f"  red          {'█' * 30}  100.0%"
    assert third == f"  green grass  {'░' * 30}    0.0%"
    assert rest[0] == "teal.png"
    assert rest[1].split()[-2:] == ["█" * 15 + "░" * 15, "49.7%"]
    assert len(rest) == 3


def test_where_blocks_cannot_be_written(stand_in, capsys, monkeypatch):
    written = io.TextIOWrapper(io.BytesIO(), "ascii")
    monkeypatch.setattr(sys, "stdout", written)
    assert main(["classify", "teal.png", "--top", "3"]) == 0
    written.flush()
    assert b"green grass  ###############...............   49.7%" in written.buffer.getvalue()
    assert classify.bars(None) == classify.bars("no such encoding") == ("#", ".")


def test_a_picture_of_it(stand_in, capsys):
    assert main(["classify", "red.png", "teal.png", "--top", "3", "--save", "out.PNG"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "picture: out.PNG"
    with Image.open("out.PNG") as picture:
        assert picture.format == "PNG"
        assert picture.height > 400
    assert sorted(os.listdir()) == ["out.PNG", "red.png", "teal.png"]


@pytest.mark.parametrize(("words", "said"), [
    (["red.png", "--top", "0"], "--top is 0, expected an integer from 1 to 3"),
    (["red.png", "--top", "4"], "--top is 4, expected an integer from 1 to 3"),
    (["red.png", "--save", "out.jpg"], "--save is out.jpg, expected a file that ends in .png"),
    (["red.png", "--save", "no/out.png"], "expected a file in a folder that is there"),
    (["red.png", "--save", "red.png"], "expected another file than the photos: it would be replaced"),
    (["red.png", "--save", "./other.png"], "expected another file than the photos"),
    (["red.png"] * 201 + ["--save", "out.png"], "is given with 201 photos and 1 classes of each, expected at most 200"),
    (["none.png"], "photo is none.png, expected a picture"),
    (["note.txt"], "photo is note.txt, expected a picture"),
    (["red.png", "none.png", "--save", "out.png"], "photo is none.png"),
])  # fmt: skip
def test_mistakes(stand_in, capsys, words, said):
    pathlib.Path("note.txt").write_text("no picture")
    os.link("red.png", "other.png")
    before = pathlib.Path("red.png").read_bytes()
    top = [] if "--top" in words else ["--top", "1"]
    assert main(["classify", *words, *top]) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith("minidet: error: classify: ")
    assert said in printed.err
    assert printed.out == ""  # nothing is classified in vain
    assert pathlib.Path("red.png").read_bytes() == before
    assert not pathlib.Path("out.png").exists()


def test_an_unknown_network(capsys):
    with pytest.raises(SystemExit):
        main(["classify", "red.png", "--model", "alexnet"])
    assert "invalid choice: 'alexnet'" in capsys.readouterr().err


def test_without_weights(monkeypatch, capsys, tmp_path):
    """No network, no file: what was tried, and what to do."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MINIDET_DATA", raising=False)
    Image.new("RGB", (20, 15)).save("black.png")
    assert main(["classify", "black.png", "--model", "mobilenet_v1_025"]) == 2
    assert "expected MINIDET_DATA to be a folder with weights_small/mobilenet_v1_025_128" in capsys.readouterr().err


# the published weights -------------------------------------------------------------------------------------------


def photographs(package, folder):
    found = importlib.util.find_spec(package)
    if found is None:
        pytest.skip(f"{package} is not installed")
    return pathlib.Path(found.origin).parent / folder


def first_classes(capsys):
    printed = capsys.readouterr().out.splitlines()
    return [after.split("  ")[1] for before, after in itertools.pairwise(printed) if before[:2] != "  "]


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize("name", ["mobilenet_v2", "squeezenet1_0", "mobilenet_v1_025"])
def test_a_cat_a_coffee_a_motorcycle(name, capsys, tmp_path):
    folder = photographs("skimage", "data")
    photos = [str(folder / photo) for photo in ("chelsea.png", "coffee.png", "motorcycle_left.png")]
    assert main(["classify", *photos, "--model", name, "--save", str(tmp_path / "out.png")]) == 0
    assert first_classes(capsys) == ["Egyptian cat", "espresso", "moped"]
    assert (tmp_path / "out.png").stat().st_size > 50_000


@pytest.mark.data
@pytest.mark.parametrize("name", ["mobilenet_v2", "squeezenet1_0"])
def test_a_temple(name, capsys):
    folder = photographs("sklearn", "datasets/images")
    assert main(["classify", str(folder / "china.jpg"), "--model", name]) == 0
    assert first_classes(capsys)[0] in ("palace", "bell cote", "monastery", "stupa")
