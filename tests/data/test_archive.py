"""Archives that are damaged, or mean harm."""

import io
import stat
import zipfile

import pytest

from minidet.data.archive import member, open_archive
from minidet.data.transfer import DownloadError


def write(path, entries):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


def test_entries_are_read(tmp_path):
    with open_archive(write(tmp_path / "a.zip", {"x/y.txt": b"hello", "x/..hidden..": b""})) as archive:
        assert member(archive, "x/y.txt") == b"hello"
        with pytest.raises(DownloadError, match=r"a\.zip has no entry x/z\.txt"):
            member(archive, "x/z.txt")


@pytest.mark.parametrize("name", ["../evil.txt", "x/../../evil.txt", "/etc/evil.txt", "x\\..\\evil.txt", "C:/evil.txt"])
def test_a_path_that_leads_out_is_refused(tmp_path, name):
    with pytest.raises(DownloadError, match="is refused: its entry .* leads out of its folder"):
        open_archive(write(tmp_path / "a.zip", {"good.txt": b"good", zipfile.ZipInfo(name): b"evil"}))


def test_a_link_is_refused(tmp_path):
    link = zipfile.ZipInfo("inside.txt")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(DownloadError, match=r"entry 'inside\.txt' leads out"):
        open_archive(write(tmp_path / "a.zip", {link: b"/etc/passwd"}))


def test_what_is_no_archive_shows_how_it_starts(tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(b"<html>Please log in to this network.</html>")
    with pytest.raises(DownloadError, match="is no zip archive: it starts with b'<html>Please log in"):
        open_archive(path)


def test_a_damaged_entry_is_found(tmp_path):
    path = write(tmp_path / "a.zip", {"x.bin": bytes(range(200))})
    data = bytearray(path.read_bytes())
    data[data.find(bytes(range(20))) + 5] ^= 1
    path.write_bytes(data)
    with open_archive(path) as archive, pytest.raises(DownloadError, match=r"is damaged: entry x\.bin: Bad CRC-32"):
        member(archive, "x.bin")


def test_a_truncated_archive_is_no_archive(tmp_path):
    path = write(tmp_path / "a.zip", {"x.bin": bytes(5000)})
    whole = io.BytesIO(path.read_bytes()).getvalue()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DownloadError, match="is no zip archive"):
        open_archive(path)
