"""Compiled kernels as files: one for each kernel and signature, which is whole or is not used.

Numba keeps an index beside its files and trusts both: a damaged one stops every later process, a disk without room
stops this one, and two processes that compile one kernel for different types at once may swap the two. Here, a file's
name is a hash of what was compiled, and it begins with a checksum; it is written beside its place and then moved there.
What is damaged is dropped and compiled again. What cannot be written is kept in memory.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import pathlib
import pickle
import shutil
import uuid
import warnings

from numba.core import compiler, serialize

from . import cache_folder

MAGIC = b"minidet kernel 1\n"
SUFFIX = ".kernel"
UNFINISHED = ".partial"


class Damaged(Exception):
    """A file is not what was written."""


class _Told:
    """What this process has said already: once is enough."""

    dropped = False
    unwritable = False


def pack(payload: bytes) -> bytes:
    """Return what a file holds."""
    return MAGIC + hashlib.sha256(payload).digest() + payload


def read(path: pathlib.Path) -> bytes | None:
    """Return what a file was written with; None if there is none.

    Raises
    ------
    Damaged
        It cannot be read, or is not what was written.
    """
    try:
        whole = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Damaged(error.strerror) from None
    payload = whole[len(MAGIC) + hashlib.sha256().digest_size :]
    if whole != pack(payload):
        raise Damaged("its checksum is wrong")
    return payload


def write(path: pathlib.Path, payload: bytes) -> None:
    """Write a file: another process sees all of it or nothing, and nothing remains if this is interrupted."""
    for folder in path.parents[2::-1]:  # where all of them are cleared away while this process runs
        folder.mkdir(mode=0o700, exist_ok=True)
    beside = path.with_name(f"{path.name}.{uuid.uuid4().hex}{UNFINISHED}")
    try:
        beside.write_bytes(pack(payload))
        os.replace(beside, path)
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()


def drop(path: pathlib.Path, reason: object) -> None:
    """Take a damaged file away, whatever is there, and say so once."""
    try:
        path.unlink()
    except OSError:  # a folder, or on Windows a file that another process reads
        shutil.rmtree(path, ignore_errors=True)
    if not _Told.dropped:
        _Told.dropped = True
        warnings.warn(f"minidet: {path} was damaged ({reason}): the kernel is compiled again", stacklevel=2)


def examine(folder: pathlib.Path) -> tuple[int, list[pathlib.Path], list[pathlib.Path]]:
    """Read every file of a folder: return how many are whole, the damaged, and what killed processes left."""
    whole, damaged = 0, []
    for path in folder.rglob(f"*{SUFFIX}"):
        try:
            whole += read(path) is not None
        except Damaged:
            damaged.append(path)
    return whole, damaged, list(folder.rglob(f"*{UNFINISHED}"))


@functools.cache
def source_of(path: str) -> bytes:
    """Return a hash of a source file: the byte code of a function holds neither its constants nor its globals."""
    return hashlib.sha256(pathlib.Path(path).read_bytes()).digest()


class KernelCache:
    """Keeps what numba compiles of one function; has the methods of numba's own cache."""

    def __init__(self, function, folder: pathlib.Path):
        self.function = function
        self.cache_path = str(folder)
        self.folder = folder

    def key(self, signature, codegen) -> tuple:
        """Return what decides which code it is: the source, where in it, the types, the processor, the closure."""
        code = self.function.__code__
        closure = [cell.cell_contents for cell in self.function.__closure__ or ()]
        kept = hashlib.sha256(serialize.dumps(closure)).digest() if closure else b""
        return source_of(code.co_filename), code.co_firstlineno, signature, codegen.magic_tuple(), kept

    def path(self, key: tuple) -> pathlib.Path:
        """Return the file of a key."""
        name = f"{self.function.__module__}.{self.function.__qualname__}".replace("<", "").replace(">", "")
        return self.folder / f"{name}-{hashlib.sha256(str(key).encode()).hexdigest()[:24]}{SUFFIX}"

    def load_overload(self, signature, target_context):
        """Return the code that was compiled for a signature, None if it has to be compiled."""
        target_context.refresh()
        key = self.key(signature, target_context.codegen())
        path = self.path(key)
        try:
            payload = read(path)
            if payload is None:
                return None
            if cache_folder.why_open_to_others(self.folder):  # not when this process started, but since
                return None
            kept_key, parts = pickle.loads(payload)
            return compiler.CompileResult._rebuild(target_context, *parts) if kept_key == key else None
        except Exception as error:  # noqa: BLE001 Damaged, or whatever an unknown pickle raises: it is compiled again
            drop(path, error)
            return None

    def save_overload(self, signature, compiled) -> None:
        """Keep the code of a signature for later processes; it runs in this one even if that is not possible."""
        if compiled.lifted or compiled.library.has_dynamic_globals:
            return
        key = self.key(signature, compiled.codegen)
        payload = serialize.dumps((key, compiled._reduce()))
        path = self.path(key)
        try:
            write(path, payload)
        except OSError as error:
            with contextlib.suppress(Damaged):
                if read(path) is not None:  # another process was faster; Windows does not move a file over an open one
                    return
            if not _Told.unwritable:
                _Told.unwritable = True
                warnings.warn(
                    f"minidet: cannot write to {self.folder} ({error.strerror or error}): compiled kernels are kept in "
                    "memory, and compiled again by the next process. `minidet doctor` says more",
                    stacklevel=2,
                )

    def enable(self) -> None:
        """Do nothing: this cache is on."""

    disable = flush = enable
