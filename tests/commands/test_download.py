"""``minidet download``: what it says, and what it says when it cannot."""

import hashlib
import os

import numpy as np
import pytest

from minidet.cli import main
from minidet.data.photographs import prepare_camvid
from tests.data.photographs import camvid_release as release
from tests.data.server import Manners, serving

CONTENT = release.zipped(release.entries(np.random.default_rng(0)))
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def tiny(monkeypatch, tmp_path):
    monkeypatch.setattr(prepare_camvid, "FRAMES", release.FRAMES)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("MINIDET_DATA", raising=False)
    monkeypatch.chdir(tmp_path)


def test_prints_source_licence_checksum_and_what_is_next(capsys):
    with serving(Manners(CONTENT)) as address:
        assert main(["download", "camvid", "--url", f"{address}/release.zip"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"camvid: {address}/release.zip"
    assert "not for sale" in lines[1]
    folder = os.path.join("data", "camvid240")
    assert lines[2].startswith(f"{folder}: 6 frames of 240 x 180 (3 train, 1 val, 2 test)")
    assert SHA256 in lines[3]
    assert "names none to compare with; kept in source.json" in lines[3]
    assert lines[4] == f"next: minidet train segnet --data camvid --root {folder}"
    assert main(["download", "camvid"]) == 0  # there is no network here: nothing is fetched twice
    assert "nothing was fetched" in capsys.readouterr().out


def test_no_root_is_needed_where_minidet_data_points(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("MINIDET_DATA", str(tmp_path))
    with serving(Manners(CONTENT)) as address:
        assert main(["download", "camvid", "--url", f"{address}/release.zip"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "next: minidet train segnet --data camvid"


def test_a_mistake_is_one_line(capsys, tmp_path):
    with serving(Manners(CONTENT, statuses=[404])) as address:
        assert main(["download", "camvid", "--url", f"{address}/release.zip", "--root", str(tmp_path / "x")]) == 2
    error = capsys.readouterr().err
    assert error.splitlines() == [f"minidet: error: download: {address}/release.zip: the server answers 404 Not Found."]
