"""Fetching a file from servers and over networks that behave badly."""

import errno
import hashlib
import io
import json
import socket

import numpy as np
import pytest

from minidet.data import transfer
from minidet.data.transfer import DownloadError, fetch
from tests.data.server import Manners, serving

CONTENT = np.random.default_rng(0).bytes(50_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def at_home(monkeypatch):
    """No proxy between us and this machine, and no waiting."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(transfer, "PAUSE", 0.001)
    monkeypatch.setattr(transfer, "CHUNK", 4096)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "file.zip"


def get(manners, path, sha256=SHA256):
    with serving(manners) as address:
        return fetch(f"{address}/file.zip", path, sha256, progress=False)


def assert_complete(path):
    assert path.read_bytes() == CONTENT
    assert [entry.name for entry in path.parent.iterdir()] == ["file.zip"]  # no partial file, no note


@pytest.mark.parametrize("chunked", [False, True])
def test_a_file_comes_whole(path, chunked):
    assert get(Manners(CONTENT, chunked=chunked), path) == SHA256
    assert_complete(path)


def test_a_file_that_is_there_is_only_checked(path):
    get(Manners(CONTENT), path)
    manners = Manners(CONTENT)
    assert get(manners, path) == SHA256
    assert manners.asked == []


@pytest.mark.parametrize("chunked", [False, True])
def test_a_connection_that_breaks_is_taken_up_again(path, chunked):
    manners = Manners(CONTENT, breaks=[20_000, 10_000, None], chunked=chunked)
    assert get(manners, path) == SHA256
    assert_complete(path)
    starts = [int(asked.removeprefix("bytes=").rstrip("-")) for asked in manners.asked[1:]]
    assert manners.asked[0] is None
    assert len(starts) == 2
    assert 0 < starts[0] <= 20_000 < starts[1] <= 30_000 or chunked
    assert starts == sorted(starts)


def test_a_later_run_goes_on_where_the_first_gave_up(path):
    manners = Manners(CONTENT, breaks=[8000, 8000, 8000, 8000])
    with pytest.raises(DownloadError, match=r"broke off after 0\.0 MB of 0\.1 MB, 4 times\. The same command goes on"):
        get(manners, path)
    assert path.with_name("file.zip.partial").read_bytes() == CONTENT[:32_000]
    assert not path.exists()
    manners.asked.clear()
    # the note does not say which address it was: the file's name does
    assert get(manners, path) == SHA256
    assert manners.asked == ["bytes=32000-"]
    assert_complete(path)


def test_the_date_serves_where_there_is_no_strong_etag(path):
    date = "Wed, 21 Oct 2015 07:28:00 GMT"
    for etag in (None, 'W/"weak"'):  # a weak one may stand for different bytes: no server resumes for it
        manners = Manners(CONTENT, etag=etag, modified=date, breaks=[20_000])
        assert get(manners, path) == SHA256
        assert manners.sent == [0, 20_000]
        path.unlink()


def test_without_a_version_it_starts_again(path):
    """A server that does not say which version it sends might send the rest of another one."""
    manners = Manners(CONTENT, etag=None, breaks=[20_000])
    assert get(manners, path) == SHA256
    assert manners.asked == [None, None]
    with pytest.raises(DownloadError, match="The same command starts again"):
        get(Manners(CONTENT, etag=None, breaks=[5] * 4), path.with_name("other.zip"))


def test_a_server_that_cannot_resume_sends_it_all(path):
    manners = Manners(CONTENT, ranges=False, breaks=[20_000])
    assert get(manners, path) == SHA256
    assert manners.asked == [None, "bytes=20000-"]
    assert manners.sent == [0, 0]
    assert_complete(path)


def test_a_file_that_changed_in_between_is_not_glued_together(path):
    other = CONTENT[::-1]
    with pytest.raises(DownloadError, match="broke off"):
        get(Manners(other, etag='"v0"', breaks=[20_000, 0, 0, 0]), path)
    assert path.with_name("file.zip.partial").stat().st_size == 20_000
    manners = Manners(CONTENT)
    assert get(manners, path) == SHA256
    assert manners.asked == ["bytes=20000-"]  # asked for, with If-Range; the server sent everything
    assert_complete(path)


def test_a_server_that_sends_another_part_is_not_believed(path):
    manners = Manners(CONTENT, breaks=[20_000], lies=True)
    assert get(manners, path) == SHA256
    assert manners.asked == [None, "bytes=20000-", None]


def test_everything_was_there_but_the_name(path):
    """Interrupted after the last byte, before the file got its name: the server has nothing to add."""
    path.parent.mkdir()
    path.with_name("file.zip.partial").write_bytes(CONTENT)
    path.with_name("file.zip.partial.json").write_text(json.dumps({"version": '"v1"'}))
    manners = Manners(CONTENT)
    assert get(manners, path) == SHA256
    assert manners.asked == ["bytes=50000-"]
    assert_complete(path)


def test_more_was_there_than_the_file_has(path):
    path.parent.mkdir()
    path.with_name("file.zip.partial").write_bytes(CONTENT + b"more")
    path.with_name("file.zip.partial.json").write_text(json.dumps({"version": '"v1"'}))
    manners = Manners(CONTENT)
    assert get(manners, path) == SHA256
    assert manners.asked == ["bytes=50004-", None]


@pytest.mark.parametrize("note", ["", "[]", "{}", '{"version": 3}'])
def test_a_note_that_cannot_be_read_is_no_note(path, note):
    path.parent.mkdir()
    path.with_name("file.zip.partial").write_bytes(b"something")
    path.with_name("file.zip.partial.json").write_text(note)
    manners = Manners(CONTENT)
    assert get(manners, path) == SHA256
    assert manners.asked == [None]


def test_a_wrong_checksum_names_both_and_leaves_nothing(path):
    wrong = "0" * 64
    with pytest.raises(DownloadError, match=f"has SHA-256 {SHA256}, expected {wrong}"):
        get(Manners(CONTENT), path, wrong)
    assert list(path.parent.iterdir()) == []
    assert get(Manners(CONTENT), path, None) == SHA256  # where none is known, it is told
    with pytest.raises(DownloadError, match="expected 0000"):  # a file that is there is checked, too
        get(Manners(CONTENT), path, wrong)
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_status_that_will_not_change_is_told_at_once(path, status):
    manners = Manners(CONTENT, statuses=[status])
    with pytest.raises(DownloadError, match=f"/file.zip: the server answers {status} "):
        get(manners, path)
    assert len(manners.asked) == 1
    assert list(path.parent.iterdir()) == []


def test_a_status_that_passes_is_waited_for(path):
    manners = Manners(CONTENT, statuses=[503, 429])
    assert get(manners, path) == SHA256
    with pytest.raises(DownloadError, match="the server answers 503 Service Unavailable, 4 times"):
        get(Manners(CONTENT, statuses=[503] * 4), path.with_name("other.zip"))


def test_no_network(path):
    with socket.socket() as taken:  # a port where nobody answers
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(DownloadError, match=f"cannot reach {address}: .*refused. Is there a network.$"):
            fetch(f"http://{address}/file.zip", path, progress=False)


def test_a_disk_that_is_too_small_is_known_before(path, monkeypatch):
    usage = transfer.shutil.disk_usage(path.parent.parent)
    monkeypatch.setattr(transfer.shutil, "disk_usage", lambda _: usage._replace(free=30_000))
    with pytest.raises(DownloadError, match=r"no space left for .*partial: 0\.1 MB are needed, 0\.0 MB are free"):
        get(Manners(CONTENT), path)


def test_old_bytes_never_lie_beside_a_new_version(path, monkeypatch):
    """Stopped between the answer and the first byte: the next run must not go on from the old version's bytes."""
    path.parent.mkdir()
    path.with_name("file.zip.partial").write_bytes(CONTENT[::-1][:20_000])
    path.with_name("file.zip.partial.json").write_text(json.dumps({"version": '"v0"'}))
    usage = transfer.shutil.disk_usage(path.parent)
    with monkeypatch.context() as patch:
        patch.setattr(transfer.shutil, "disk_usage", lambda _: usage._replace(free=0))
        with pytest.raises(DownloadError, match="no space left"):
            get(Manners(CONTENT), path)
    assert get(Manners(CONTENT), path) == SHA256
    assert_complete(path)


def test_a_disk_that_fills_up_keeps_what_it_has(path, monkeypatch):
    opened = type(path).open

    class Full:
        """A file that takes 12,000 bytes."""

        def __init__(self, file):
            self.file = file

        def write(self, data):
            if self.file.tell() + len(data) > 12_000:
                raise OSError(errno.ENOSPC, "No space left on device")
            return self.file.write(data)

        def __getattr__(self, name):
            return getattr(self.file, name)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.file.close()

    def limited(self, mode="r", *rest, **options):
        file = opened(self, mode, *rest, **options)
        return Full(file) if self.suffix == ".partial" and mode in ("wb", "r+b") else file

    with monkeypatch.context() as patch:
        patch.setattr(type(path), "open", limited)
        with pytest.raises(DownloadError, match=r"no space left for .*: the disk was full after 0\.0 MB"):
            get(Manners(CONTENT), path)
    manners = Manners(CONTENT)
    assert get(manners, path) == SHA256
    assert manners.asked == ["bytes=8192-"]


def test_the_bar_counts_bytes(path, capsys):
    with serving(Manners(CONTENT)) as address:
        fetch(f"{address}/file.zip", path)
    assert "file.zip: 100%" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("after", [-1, 0, 9000])
def test_a_server_that_falls_silent(path, monkeypatch, after):
    monkeypatch.setattr(transfer, "TIMEOUT", 0.2)
    manners = Manners(CONTENT, stalls=[after, after])
    assert get(manners, path) == SHA256
    assert len(manners.asked) == 3
    assert_complete(path)
    with pytest.raises(DownloadError, match="broke off .*4 times"):
        get(Manners(CONTENT, stalls=[after] * 4), path.with_name("other.zip"))


def test_another_address_is_followed(path):
    manners = Manners(CONTENT, redirects=["/elsewhere.zip", "/there.zip"], breaks=[None, None, 20_000])
    assert get(manners, path) == SHA256
    assert manners.asked == [None, None, None, "bytes=20000-"]
    assert_complete(path)


@pytest.mark.parametrize("to", ["file:///etc/hostname", "ftp://127.0.0.1/file.zip", "data:text/plain,evil"])
def test_addresses_of_another_kind_are_not_followed(path, to):
    with pytest.raises(DownloadError, match="file.zip: the server sends us to .*, which is not http") as caught:
        get(Manners(CONTENT, redirects=[to]), path)
    assert "\n" not in str(caught.value)
    assert list(path.parent.iterdir()) == []


def test_nobody_is_sent_from_a_safe_address_to_an_open_one():
    request = transfer.urllib.request.Request("https://host/file.zip")
    with pytest.raises(DownloadError, match="sends us to 'http://host/file.zip', which is not https"):
        transfer._Redirects().http_error_302(request, io.BytesIO(), 302, "Found", {"Location": "http://host/file.zip"})


def test_a_circle_of_addresses(path):
    manners = Manners(CONTENT, redirects=["/file.zip"] * 50)
    with pytest.raises(DownloadError, match="the server sends us in a circle") as caught:
        get(manners, path)
    assert "\n" not in str(caught.value)
    assert len(manners.asked) < 15


@pytest.mark.parametrize("length", ["-5", "many", "49999", "1", "0"])
def test_a_length_that_is_wrong(path, length):
    """Told in advance, it is believed only if the checksum agrees."""
    manners = Manners(CONTENT, length=length)
    if length in ("-5", "many"):
        assert get(manners, path) == SHA256
        assert_complete(path)
    else:
        with pytest.raises(DownloadError, match=f"has SHA-256 .*, expected {SHA256}"):
            get(manners, path)
        assert list(path.parent.iterdir()) == []


def test_a_length_that_promises_more(path):
    manners = Manners(CONTENT, length="50001")
    assert get(manners, path) == SHA256
    assert manners.asked == [None, "bytes=50000-"]  # it owns up then
    with pytest.raises(DownloadError, match=r"broke off after 0\.1 MB of 0\.1 MB, 4 times"):
        get(Manners(CONTENT, length="50001", ranges=False), path.with_name("other.zip"))


def test_a_range_answered_from_a_damaged_copy(path):
    """Right headers, wrong bytes: the checksum finds it, and the next attempt starts anew."""
    with pytest.raises(DownloadError, match="broke off"):
        get(Manners(bytes(50_000), breaks=[20_000, 0, 0, 0]), path)
    manners = Manners(CONTENT)
    with pytest.raises(DownloadError, match="The file was deleted; try again"):
        get(manners, path)
    assert manners.asked == ["bytes=20000-"]
    assert get(manners, path) == SHA256


def test_the_first_digits_of_a_checksum_serve(path):
    assert get(Manners(CONTENT), path, SHA256[:8]) == SHA256
    path.unlink()
    with pytest.raises(DownloadError, match="expected 00000000"):
        get(Manners(CONTENT), path, "00000000")


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://host/file.zip", "file.zip", ""])
def test_other_addresses_are_refused(path, url):
    with pytest.raises(ValueError, match="download: url is .*, expected one that begins with http:// or https://"):
        fetch(url, path)
