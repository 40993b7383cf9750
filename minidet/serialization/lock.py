"""One writer at a time: a lock on a folder, which the system takes back when its holder dies, however it dies.

The lock is the system's own (``flock`` on Linux and macOS, a locked byte on Windows) on a small file in the folder. The
file alone means nothing: it says who holds the lock, for whoever has to wait.
"""

from __future__ import annotations

import contextlib
import datetime
import errno
import os
import pathlib
import platform
import time

from ..errors import bad_argument

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None
    import msvcrt

_BUSY = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
_UNKNOWN = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)  # a network file system without locks
_FAR = 2**30  # the byte that is locked on Windows lies beyond the text, which then can be read
_POLL = 0.02  # seconds between two looks


class FolderLock:
    """The right to write in a folder, for one holder: a process, or one of the threads of a process.

    Parameters
    ----------
    folder : path
        Made if needed.
    name : str
        The lock's file in it; removed when the lock is given back.
    op : str
        The operation that errors name.
    why : str
        What would go wrong with two holders, and what to do: the end of the error.

    Notes
    -----
    A folder on a file system that knows no locks is used without one.
    """

    def __init__(self, folder: str | os.PathLike, name: str, op: str, why: str):
        self.folder = folder_path(op, folder)
        if not isinstance(name, str) or not name or pathlib.PurePath(name).name != name:
            raise bad_argument("FolderLock", "name", f"is {name!r}", "the name of a file", error=TypeError)
        self.path = self.folder / name
        self.op, self.why = op, why
        self._descriptor: int | None = None

    def acquire(self, wait: float = 0.0) -> None:
        """Take the lock, within ``wait`` seconds.

        Raises
        ------
        BlockingIOError
            Somebody else holds it; the message says who.
        """
        make_folder(self.op, self.folder)
        end = time.monotonic() + wait
        while not self._try():
            if time.monotonic() >= end:
                was = f"{self.folder} is in use by {holder(self.path)}"
                raise bad_argument(self.op, "folder", was, "one that nobody writes to", self.why, BlockingIOError)
            time.sleep(_POLL)

    def release(self) -> None:
        """Give the lock back; does nothing if it is not held."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        try:
            if fcntl is not None:
                with contextlib.suppress(OSError):
                    self.path.unlink()  # while it is held: nobody else can hold a file that is about to go
        finally:
            os.close(descriptor)
        if fcntl is None:
            with contextlib.suppress(OSError):  # open elsewhere: whoever has it removes it
                self.path.unlink()

    def _try(self) -> bool:
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        except PermissionError:
            if fcntl is None and self.path.exists():  # Windows, while the holder before removes it
                return False
            raise
        try:
            if not _lock(descriptor) or not self._is_ours(descriptor):
                os.close(descriptor)
                return False
            os.ftruncate(descriptor, 0)
            os.write(descriptor, _signature().encode())
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return True

    def _is_ours(self, descriptor: int) -> bool:
        """Tell whether the locked file is still the one in the folder: the holder before may have removed it."""
        try:
            return os.path.samestat(os.fstat(descriptor), os.stat(self.path))
        except FileNotFoundError:
            return False

    def __enter__(self) -> FolderLock:
        self.acquire()
        return self

    def __exit__(self, *exc_info) -> None:
        self.release()


def folder_path(op: str, folder) -> pathlib.Path:
    """Return ``folder`` as a path, or raise ``TypeError``."""
    if not isinstance(folder, (str, os.PathLike)) or "\0" in os.fspath(folder):
        raise bad_argument(op, "folder", f"is {folder!r}", "the path of a folder", error=TypeError)
    return pathlib.Path(folder)


def make_folder(op: str, folder: pathlib.Path) -> None:
    """Make a folder and those above it, or raise in words."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        was = f"{folder} cannot be made"
        raise bad_argument(op, "folder", was, "a folder to write to", describe(error), type(error)) from error


def describe(error: OSError) -> str:
    """Return what the system says, without its number."""
    return error.strerror or str(error)


def holder(path: pathlib.Path) -> str:
    """Return who holds the lock ``path``, in words."""
    try:
        with open(path, "rb") as file:
            text = file.read(200).decode("utf-8", "replace")
    except OSError:
        text = ""
    return "".join(letter for letter in text if letter.isprintable()) or "another process"


def is_held(path: pathlib.Path) -> bool:
    """Tell whether somebody holds the lock ``path`` now."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        return not _lock(descriptor)
    finally:
        os.close(descriptor)


def _signature() -> str:
    now = datetime.datetime.now().isoformat(" ", "seconds")
    return f"process {os.getpid()} on {platform.node() or 'this computer'} since {now}"


def _lock(descriptor: int) -> bool:
    """Lock an open file until it is closed; False if somebody else has."""
    try:
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            os.lseek(descriptor, _FAR, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            os.lseek(descriptor, 0, os.SEEK_SET)
    except OSError as error:
        if error.errno in _BUSY:
            return False
        if error.errno in _UNKNOWN:
            return True
        raise
    return True
