"""What a sandbox must forbid, really tried: run in it as if it were a submission, before any submission is.

``attempt(...)`` returns the names of what succeeded and must not, or failed and must not. Stands alone.
"""

import ctypes
import errno
import fcntl
import mmap
import os
import socket

NEW_USER, LANDLOCK = 0x10000000, 444


def attempt(port, hidden, protected, grader, memory, folder, temporary):
    """Try everything; return the list of what went wrong (empty: this is a sandbox)."""

    def connect():
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            pass

    def see():
        if not any(os.path.lexists(path) for path in hidden):
            raise FileNotFoundError

    def write():
        done = 0
        for place in protected:
            try:
                with open(os.path.join(place, "minidet-trial"), "w"):
                    done += 1
            except OSError:
                pass
        if not done:
            raise PermissionError

    def fill():
        files = [open(f"{folder}/{i}", "wb", buffering=0) for i in range(8)]  # noqa: SIM115 -- closed below
        try:
            written = 0
            while written < 2 * temporary:
                written += files[written * 8 // (2 * temporary)].write(bytes(1 << 20))
        finally:
            for i, file in enumerate(files):
                file.close()
                os.remove(f"{folder}/{i}")

    def fork():
        if os.fork() == 0:
            os._exit(0)

    def unshare():
        if ctypes.CDLL(None, use_errno=True).unshare(NEW_USER) != 0:
            raise OSError(ctypes.get_errno(), "unshare")

    def be_root():
        if os.getuid() != 0:
            raise PermissionError

    def lock():
        with open(os.__file__) as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)

    def rules():
        if ctypes.CDLL(None, use_errno=True).syscall(LANDLOCK, None, ctypes.c_size_t(0), 1) < 0:
            raise OSError(ctypes.get_errno(), "landlock")

    forbidden = {
        "connect to a port of this machine": connect,
        "see files of the grader": see,
        "import minidet": lambda: __import__("minidet"),
        "write to the system": write,
        "fill the disk": fill,
        "start a process": fork,
        "start a program": lambda: os.execv("/bin/true", ["true"]) if os.path.exists("/bin/true") else unshare(),
        "reach the grader's process": lambda: os.kill(grader, 0),
        "take more memory than allowed": lambda: mmap.mmap(-1, 2 * memory),
        "make namespaces": unshare,
        "be root": be_root,
        "lock a file that other workers see": lock,
        "take memory of the kernel": rules,
    }
    return [name for name, attack in forbidden.items() if not _fails(attack)] + _own_folder(folder)


def _own_folder(folder):
    """Return what is wrong with the one folder that a submission may write to."""
    try:
        with open(f"{folder}/trial", "w") as file:
            file.write("kept")
        os.remove(f"{folder}/trial")
    except OSError as error:
        return [f"not write to its own folder ({errno.errorcode.get(error.errno)})"]
    return []


def _fails(attack):
    try:
        attack()
    except (OSError, ImportError, MemoryError):
        return True
    return False
