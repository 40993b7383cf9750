"""Weights by name: where they are looked for, how they are fetched, and what is said when neither works."""

import hashlib
import os
import threading

import numpy as np
import pytest

from minidet.data import transfer
from minidet.data.transfer import DownloadError
from minidet.models.backbones import pretrained
from minidet.models.backbones.pretrained import PRETRAINED, Weights, load_pretrained
from minidet.serialization import save_file
from tests.data.server import Manners, serving
from tests.serialization.torch_files import archived, dict_of, storage, tensor

SIX = np.arange(6, dtype=np.float32)
FILE = archived(dict_of({"w": tensor(storage())}), {"0": SIX.tobytes()})
SHA256 = hashlib.sha256(FILE).hexdigest()
NAME = "net-abcdef01.pth"


@pytest.fixture(autouse=True)
def at_home(monkeypatch, tmp_path):
    """An empty folder, a network called "net", and no internet."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(transfer, "PAUSE", 0.001)
    monkeypatch.delenv("MINIDET_DATA", raising=False)
    monkeypatch.setitem(PRETRAINED, "net", Weights(NAME, SHA256, 1, "weights_x/net.safetensors"))
    monkeypatch.setattr(pretrained, "_TORCHVISION", "http://127.0.0.1:9/")  # nobody answers there
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def publisher(monkeypatch):
    """Serve the file, as its manners say; returns what was asked."""

    def load(manners, *args, **options):
        with serving(manners) as address, monkeypatch.context() as patch:
            patch.setattr(pretrained, "_TORCHVISION", f"{address}/")
            return load_pretrained("net", *args, progress=False, **options)

    return load


def assert_whole(weights, value=0):
    assert list(weights) == ["w"]
    np.testing.assert_array_equal(weights["w"], SIX.reshape(2, 3) + value)


def test_fetched_once_and_kept_beside_the_data_sets(publisher, tmp_path):
    manners = Manners(FILE)
    assert_whole(publisher(manners))
    assert_whole(publisher(manners))
    assert_whole(load_pretrained("net"))
    assert manners.asked == [None]
    assert os.listdir(tmp_path / "data" / "weights") == [NAME]  # no lock, nothing partial


def test_where_it_goes(publisher, monkeypatch, tmp_path):
    monkeypatch.setenv("MINIDET_DATA", str(tmp_path / "sets"))
    assert_whole(publisher(Manners(FILE)))
    assert (tmp_path / "sets" / "weights" / NAME).is_file()
    assert_whole(publisher(Manners(FILE), tmp_path / "mine"))
    assert (tmp_path / "mine" / NAME).is_file()
    monkeypatch.setenv("MINIDET_DATA", str(tmp_path / "a file" / "sets"))
    (tmp_path / "a file").touch()  # nothing can be written below it: as in a folder that is read-only
    assert_whole(publisher(Manners(FILE)))
    assert (tmp_path / "data" / "weights" / NAME).is_file()


@pytest.mark.skipif(os.name == "nt", reason="folders have no such rights there")
def test_a_folder_that_is_read_only_stays_as_it_is(publisher, monkeypatch, tmp_path):
    """Also for those who may write everywhere, as in a container."""
    (tmp_path / "sets").mkdir(mode=0o555)
    monkeypatch.setenv("MINIDET_DATA", str(tmp_path / "sets"))
    assert_whole(publisher(Manners(FILE)))
    assert (tmp_path / "data" / "weights" / NAME).is_file()
    assert os.listdir(tmp_path / "sets") == []


def test_what_was_prepared_comes_first(publisher, monkeypatch, tmp_path):
    monkeypatch.setenv("MINIDET_DATA", str(tmp_path / "sets"))
    (tmp_path / "sets" / "weights_x").mkdir(parents=True)
    (tmp_path / "data" / "weights").mkdir(parents=True)
    (tmp_path / "data" / "weights" / NAME).write_bytes(FILE)
    assert_whole(load_pretrained("net"))
    save_file({"w": SIX.reshape(2, 3) + 1}, tmp_path / "sets" / "weights_x" / "net.safetensors")
    assert_whole(load_pretrained("net"), 1)
    assert_whole(load_pretrained("net", "data/weights"))  # the only folder, if one is named


def test_offline_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("MINIDET_DATA", str(tmp_path / "sets"))
    with pytest.raises(DownloadError) as caught:
        load_pretrained("net", progress=False)
    said = str(caught.value)
    for words in (
        f"net is not in {tmp_path}/sets/weights or data/weights", "cannot reach 127.0.0.1:9", "Is there a network?",
        f"By hand: put http://127.0.0.1:9/{NAME} (1 MB) into {tmp_path}/sets/weights",
    ):  # fmt: skip
        assert words in said
    assert os.listdir(tmp_path / "sets" / "weights") == []


@pytest.mark.parametrize(("manners", "words"), [
    (Manners(FILE[::-1]), f"expected {SHA256}"),
    (Manners(FILE, length="100"), f"expected {SHA256}"),
    (Manners(b"<html>log in</html>"), f"expected {SHA256}"),
    (Manners(FILE, statuses=[404]), "the server answers 404"),
    (Manners(FILE, breaks=[100, 0, 0, 0]), "broke off .*The same command goes on from there"),
    (Manners(FILE, redirects=["file:///etc/hostname"]), "which is not http or https"),
    (Manners(FILE, redirects=[f"/{NAME}"] * 20), "in a circle"),
], ids=["garbled", "short", "login", "404", "broken off", "another scheme", "circle"])  # fmt: skip
def test_what_servers_do(publisher, tmp_path, manners, words):
    """Nothing wrong is kept, and the same call works as soon as the server does."""
    with pytest.raises(DownloadError, match=f"load_pretrained: net is not in data/weights, .*{words}.* By hand: put"):
        publisher(manners)
    assert not (tmp_path / "data" / "weights" / NAME).exists()
    assert_whole(publisher(Manners(FILE)))


def test_taken_up_again(publisher):
    manners = Manners(FILE, breaks=[300, 200])
    assert_whole(publisher(manners))
    assert manners.asked == [None, "bytes=300-", "bytes=500-"]


def test_a_file_that_is_another(tmp_path):
    (tmp_path / "data" / "weights").mkdir(parents=True)
    path = tmp_path / "data" / "weights" / NAME
    path.write_bytes(FILE[:-1])
    with pytest.raises(
        ValueError, match=f"load_pretrained: file .*{NAME} has SHA-256 .*, expected {SHA256}.*move it away"
    ):
        load_pretrained("net")
    assert path.exists()  # it may be somebody's


def test_two_at_once_fetch_once(publisher, monkeypatch):
    manners, got = Manners(FILE), []
    with serving(manners) as address, monkeypatch.context() as patch:
        patch.setattr(pretrained, "_TORCHVISION", f"{address}/")
        threads = [
            threading.Thread(target=lambda: got.append(load_pretrained("net", progress=False))) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert manners.asked == [None]
    assert len(got) == 4
    for weights in got:
        assert_whole(weights)


def test_what_nobody_publishes(monkeypatch, tmp_path):
    with pytest.raises(FileNotFoundError, match="mobilenet_v1_025.* MINIDET_DATA is not set, expected MINIDET_DATA"):
        load_pretrained("mobilenet_v1_025")
    monkeypatch.setenv("MINIDET_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=f"in {tmp_path}/weights_small/resnet20_cifar10.safetensors"):
        load_pretrained("resnet20")


def test_the_table():
    for name, weights in PRETRAINED.items():
        if weights.file:
            stem, digits = weights.file.removesuffix(".pth").rsplit("-", 1)
            assert stem == name or name == "net"
            assert weights.sha256.startswith(digits) or name == "net"
            assert len(weights.sha256) in (8, 64)
            assert weights.megabytes > 0
        else:
            assert weights.prepared


def test_bad_arguments():
    with pytest.raises(ValueError, match="load_pretrained: name is 'resnet19', expected one of 'mobilenet_v1_025'"):
        load_pretrained("resnet19")
    with pytest.raises(TypeError, match="load_pretrained: folder is a int"):
        load_pretrained("net", 3)
    with pytest.raises(TypeError, match="load_pretrained: progress is a str"):
        load_pretrained("net", progress="no")


@pytest.mark.data
@pytest.mark.parametrize(("name", "numbers"), [
    ("mobilenet_v1_025", 467_336), ("mobilenet_v2", 3_504_872 + 2 * 17_056), ("resnet20", None),
    ("squeezenet1_0", 1_248_424),
])  # fmt: skip
def test_what_was_prepared(name, numbers, monkeypatch, data_folder):
    monkeypatch.setenv("MINIDET_DATA", data_folder)
    weights = load_pretrained(name)
    assert numbers is None or sum(array.size for array in weights.values()) == numbers
    assert all(np.isfinite(array).all() for array in weights.values())


@pytest.fixture(scope="module")
def data_folder():
    return os.environ["MINIDET_DATA"]
