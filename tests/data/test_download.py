"""From an address to a folder that CamVid reads, and everything that may go wrong between."""

import dataclasses
import hashlib
import json
import os
import socket

import numpy as np
import pytest

from minidet.data import CamVid, transfer
from minidet.data.download import RELEASES, download, folder_of
from minidet.data.photographs import prepare_camvid
from minidet.data.transfer import DownloadError
from tests.data.photographs import camvid_release as release
from tests.data.server import Manners, serving

CONTENT = release.zipped(release.entries(np.random.default_rng(0)))
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def tiny(monkeypatch, tmp_path):
    monkeypatch.setattr(prepare_camvid, "FRAMES", release.FRAMES)
    monkeypatch.setattr(transfer, "PAUSE", 0.001)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("MINIDET_DATA", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def root(tmp_path):
    return tmp_path / "sets" / "camvid240"


def get(manners, root=None):
    with serving(manners) as address:
        return download("camvid", root, f"{address}/release.zip", progress=False)


def assert_ready(root):
    assert [len(CamVid(root, split)) for split in ("train", "val", "test")] == [3, 1, 2]
    assert [entry.name for entry in root.parent.iterdir()] == [root.name]  # no archive, nothing partial


def test_fetched_checked_prepared(root):
    ready = get(Manners(CONTENT), root)
    assert_ready(root)
    assert (ready.folder, ready.sha256, ready.published) == (root, SHA256, False)
    source = json.loads((root / "source.json").read_text())
    assert source["sha256"] == SHA256
    assert source["bytes"] == len(CONTENT)
    assert source["url"].endswith("/release.zip")
    assert "CC BY-NC 4.0" in source["licence"]


def test_a_folder_that_is_there_is_only_checked(root):
    get(Manners(CONTENT), root)
    manners = Manners(CONTENT)
    assert get(manners, root).sha256 is None
    assert manners.asked == []
    (root / "labels" / "val_000.png").unlink()
    with pytest.raises(DownloadError, match=r"is there, but it is not complete: .*val_000\.png .* Move it away"):
        get(manners, root)
    assert (root / "labels" / "train_000.png").exists()  # nobody's folder is deleted


def test_an_empty_folder_is_filled(root):
    root.mkdir(parents=True)
    get(Manners(CONTENT), root)
    assert_ready(root)


def test_interrupted_and_taken_up_again(root):
    manners = Manners(CONTENT, breaks=[len(CONTENT) // 2, 0, 0, 0])
    with serving(manners) as address:
        with pytest.raises(DownloadError, match="The same command goes on from there"):
            download("camvid", root, f"{address}/release.zip", progress=False)
        assert not root.exists()
        download("camvid", root, f"{address}/release.zip", progress=False)
    assert manners.asked[-1] == f"bytes={len(CONTENT) // 2}-"
    assert_ready(root)


def test_stopped_while_preparing(root, monkeypatch):
    """The archive stays, so that it need not be fetched twice; the half-made folder goes."""

    def stop(*_):
        raise KeyboardInterrupt

    manners = Manners(CONTENT)
    with serving(manners) as address:
        with monkeypatch.context() as patch:
            patch.setattr(prepare_camvid, "majority", stop)
            with pytest.raises(KeyboardInterrupt):
                download("camvid", root, f"{address}/release.zip", progress=False)
        assert [entry.suffix for entry in root.parent.iterdir()] == [".zip"]
        download("camvid", root, f"{address}/release.zip", progress=False)
    assert len(manners.asked) == 1
    assert_ready(root)


def test_a_published_checksum_is_compared(root, monkeypatch):
    for sha256, right in (("0" * 64, False), (SHA256, True)):
        monkeypatch.setitem(RELEASES, "camvid", dataclasses.replace(RELEASES["camvid"], sha256=sha256))
        if right:
            assert get(Manners(CONTENT), root).published
            assert_ready(root)
        else:
            with pytest.raises(DownloadError, match=f"has SHA-256 {SHA256}, expected 0000"):
                get(Manners(CONTENT), root)
            assert list(root.parent.iterdir()) == []


@pytest.mark.parametrize("evil", ["../evil.txt", "/evil.txt"])
def test_an_archive_that_reaches_out_is_refused_and_deleted(root, tmp_path, evil):
    entries = {**release.entries(np.random.default_rng(0)), evil: b"evil"}
    with pytest.raises(DownloadError, match="is refused: its entry"):
        get(Manners(release.zipped(entries)), root)
    assert list(root.parent.iterdir()) == []
    assert not list(tmp_path.rglob("evil.txt"))


@pytest.mark.parametrize("content", [b"<html>log in</html>", release.zipped({"README": b"another"}), CONTENT[:5000]])
def test_what_is_not_the_release_leaves_nothing_behind(root, content):
    with pytest.raises(DownloadError, match="no zip archive|not the release that is expected"):
        get(Manners(content), root)
    assert list(root.parent.iterdir()) == []


def test_where_it_goes(root, monkeypatch, tmp_path):
    assert os.fspath(folder_of("camvid")) == os.path.join("data", "camvid240")
    monkeypatch.setenv("MINIDET_DATA", str(tmp_path / "sets"))
    assert folder_of("camvid") == root
    assert folder_of("camvid", "elsewhere").name == "elsewhere"
    get(Manners(CONTENT))
    assert len(CamVid()) == 3  # where MINIDET_DATA points, nobody has to say more


def test_every_release_is_described():
    for name, release_of in RELEASES.items():
        assert release_of.url.startswith("https://")
        assert release_of.url.endswith(".zip")
        assert release_of.licence
        assert release_of.sha256 is None or len(release_of.sha256) == 64
        assert folder_of(name).name == release_of.folder


def test_bad_arguments(root):
    with pytest.raises(ValueError, match="download: name is 'imagenet', expected one of 'camvid'"):
        download("imagenet", root)
    with pytest.raises(ValueError, match="download: url is 'release.zip'"):
        download("camvid", root, "release.zip")


def test_no_network(root):
    with socket.socket() as taken:  # a port where nobody answers
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(DownloadError, match=f"cannot reach {address}: .* --url takes the address of a copy"):
            download("camvid", root, f"http://{address}/release.zip", progress=False)
