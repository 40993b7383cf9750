"""Fetching one large file over HTTP: resumed where it broke off, checked, and never half there.

The bytes go to ``NAME.partial``; ``NAME`` appears when all of them have come and the checksum is right. Beside the
partial file lies a note of which version of the file it began with (the server's ETag or date), so that a transfer
goes on only if the file is still the same: RFC 9110, sections 13.1.5 (If-Range) and 14 (Range).
"""

from __future__ import annotations

import errno
import hashlib
import http.client
import json
import os
import pathlib
import re
import shutil
import time
import urllib.error
import urllib.parse
import urllib.request

from tqdm import tqdm

from ..errors import bad_argument

ATTEMPTS = 4  # connections that may break before we give up
PAUSE = 2.0  # seconds before the second attempt; twice as many before each further one
TIMEOUT = 30.0  # seconds without a byte
CHUNK = 1 << 18  # bytes
PASSING = (408, 429, 500, 502, 503, 504)  # answers that may be different in a moment


class DownloadError(OSError):
    """A file could not be fetched or is not what it should be; the message says what to do."""


class Unreachable(DownloadError):
    """There is no network, or nobody at the address."""


class _BrokenOff(Exception):
    """The connection ended too early: worth another attempt."""


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follow the server to other addresses on the web, and from a safe one (https) to safe ones only."""

    def http_error_302(self, req, fp, code, msg, headers):
        """Refuse before the handler above looks: it follows to ftp, too."""
        to = urllib.parse.urljoin(req.full_url, headers.get("Location", ""))
        allowed = ("https",) if req.type == "https" else ("http", "https")
        before = getattr(req, "redirect_dict", {})
        if urllib.parse.urlsplit(to).scheme not in allowed:
            where = f"the server sends us to {to[:100]!r}, which is not {' or '.join(allowed)}"
        elif len(before) >= self.max_redirections or max([0, *before.values()]) >= self.max_repeats:
            where = "the server sends us in a circle"
        else:
            return super().http_error_302(req, fp, code, msg, headers)
        fp.close()
        raise DownloadError(f"download: {req.full_url}: {where}.")

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


def fetch(url: str, path: str | os.PathLike, sha256: str | None = None, progress: bool = True) -> str:
    """Fetch ``url`` into the file ``path``, and return its SHA-256 as 64 hexadecimal digits.

    A transfer that was interrupted, now or in an earlier run, is continued if the server can do that, else started
    again. If ``path`` is already there, it is only checked.

    Parameters
    ----------
    url : str
        ``http://`` or ``https://``.
    path : path
        Its folder is made if it is not there.
    sha256 : str, optional
        What the checksum must be, or its first digits.
    progress : bool
        Show a progress bar.

    Raises
    ------
    DownloadError
        No network, an answer that is no file, a transfer that broke off again and again, a wrong checksum, a full disk.
    """
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise bad_argument("download", "url", f"is {url!r}", "one that begins with http:// or https://")
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    note = path.with_name(path.name + ".partial.json")
    if not path.exists():
        _fetch_all(url, partial, note, progress)
    found = checksum(path if path.exists() else partial)
    if sha256 is not None and not found.startswith(sha256):
        for wrong in (path, partial, note):
            wrong.unlink(missing_ok=True)
        raise DownloadError(f"download: {url} has SHA-256 {found}, expected {sha256}. The file was deleted; try again.")
    if not path.exists():
        partial.replace(path)
        note.unlink(missing_ok=True)
    return found


def checksum(path: pathlib.Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fetch_all(url: str, partial: pathlib.Path, note: pathlib.Path, progress: bool) -> None:
    """Try until the partial file is complete, ``ATTEMPTS`` times at most."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return _fetch_on(url, partial, note, progress)
        except _BrokenOff as error:
            if attempt == ATTEMPTS:
                later = "goes on from there" if _version_begun(partial, note) else "starts again"
                raise DownloadError(f"download: {url}: {error}, {ATTEMPTS} times. The same command {later}.") from error
            time.sleep(PAUSE * 2 ** (attempt - 1))
    return None


def _fetch_on(url: str, partial: pathlib.Path, note: pathlib.Path, progress: bool) -> None:
    """Open one connection, and read from it what is missing."""
    version = _version_begun(partial, note)
    have = partial.stat().st_size if version else 0
    headers = {"User-Agent": "minidet", "Accept-Encoding": "identity"}
    if have:
        headers |= {"Range": f"bytes={have}-", "If-Range": version}
    try:
        opener = urllib.request.build_opener(_Redirects)
        with opener.open(urllib.request.Request(url, headers=headers), timeout=TIMEOUT) as response:
            if response.status == 200:  # all of it: the server cannot resume, or the file has changed
                have = 0
                partial.unlink(missing_ok=True)  # before the note: old bytes must never lie beside a new version
                note.write_text(json.dumps({"version": _version(response)}))
            elif response.status != 206 or _first_byte(response) != have:
                note.unlink(missing_ok=True)  # start again
                raise _BrokenOff("the server sent another part of the file than was asked for")
            _read_into(response, partial, have, progress)
    except urllib.error.HTTPError as error:
        if error.code == 416 and _total(error) == have:  # nothing is missing
            return
        if error.code == 416 or error.code in PASSING:
            if error.code == 416:
                note.unlink(missing_ok=True)
            raise _BrokenOff(f"the server answers {error.code} {error.reason}") from error
        raise DownloadError(f"download: {url}: the server answers {error.code} {error.reason}.") from error
    except (http.client.HTTPException, ConnectionError, TimeoutError) as error:
        raise _BrokenOff(f"the connection broke off ({type(error).__name__})") from error
    except urllib.error.URLError as error:
        host = urllib.parse.urlsplit(url).netloc
        raise Unreachable(f"download: cannot reach {host}: {error.reason}. Is there a network?") from error


def _read_into(response, partial: pathlib.Path, have: int, progress: bool) -> None:
    """Write what comes after the first ``have`` bytes of the partial file."""
    length = response.headers.get("Content-Length") or ""
    total = have + int(length) if re.fullmatch("[0-9]{1,18}", length) else None
    free = shutil.disk_usage(partial.parent).free
    if total is not None and total - have > free:
        raise _disk_full(partial, f"{_megabytes(total - have)} are needed, {_megabytes(free)} are free")
    bar = tqdm(total=total, initial=have, disable=not progress, unit="B", unit_scale=True, desc=partial.stem)
    with bar, partial.open("r+b" if have else "wb") as file:
        file.seek(have)
        while chunk := _read(response):
            try:
                file.write(chunk)
                file.flush()
            except OSError as error:
                if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                    raise
                raise _disk_full(partial, f"the disk was full after {_megabytes(bar.n)}") from error
            bar.update(len(chunk))
        end = file.tell()
    if total is not None and end < total:
        raise _BrokenOff(f"the connection broke off after {_megabytes(end)} of {_megabytes(total)}")


def _read(response) -> bytes:
    try:
        return response.read(CHUNK)
    except (OSError, http.client.HTTPException) as error:
        raise _BrokenOff(f"the connection broke off ({type(error).__name__})") from error


def _version_begun(partial: pathlib.Path, note: pathlib.Path) -> str | None:
    """Return which version of the file the partial one began with; None if there is none, or nobody knows."""
    if not partial.is_file() or partial.stat().st_size == 0 or not note.is_file():
        return None
    try:
        version = json.loads(note.read_text())["version"]
    except (ValueError, KeyError, TypeError):
        return None
    return version if isinstance(version, str) else None


def _version(response) -> str | None:
    """Return the ETag, unless it is a weak one, which may stand for different bytes; else the date of last change."""
    tag = response.headers.get("ETag", "")
    return tag if tag.startswith('"') else response.headers.get("Last-Modified")


def _first_byte(response) -> int:
    match = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return int(match[1]) if match else -1


def _total(error: urllib.error.HTTPError) -> int:
    match = re.match(r"bytes \*/(\d+)", error.headers.get("Content-Range", ""))
    return int(match[1]) if match else -1


def _disk_full(partial: pathlib.Path, why: str) -> DownloadError:
    return DownloadError(f"download: no space left for {partial}: {why}.")


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
