"""Starts a command in Linux namespaces, by itself or through bubblewrap, and ends all of it when told to.

Run as ``python -I -S -E launch.py CONFIG`` by sandbox.py: a process with one thread, which forks safely. It stays
outside as the monitor: on SIGTERM, or when the grader is gone, it kills the first process of the sandbox, and with it
the kernel kills every other one, detached or not, before the monitor ends.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import sys

#: Where a new root is put together: a folder that every Linux has, that nothing below needs, seen so by us alone.
BASE = "/sys"
#: Who a student's code is: inside, and outside when root grades (root is exempt from the limit on processes).
INSIDE, NOBODY = 1000, 65534

NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = (
    0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000)  # fmt: skip
READ_ONLY, NO_SUID, NO_DEVICES, NO_PROGRAMS = 1, 2, 4, 8
BIND, RECURSIVE, PRIVATE, DETACH = 4096, 16384, 1 << 18, 2
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 1, 4, 38
MOUNT_SETATTR, AT_RECURSIVE, AT_FDCWD = 442, 0x8000, -100
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}

_libc = ctypes.CDLL(None, use_errno=True)


def main(config: dict) -> int:
    """Start ``config["command"]`` and wait for its end; return its exit status, as a shell does."""
    watched = {signal.SIGTERM, signal.SIGCHLD}
    signal.pthread_sigmask(signal.SIG_BLOCK, watched)
    staged = os.geteuid() == 0
    if staged:
        unshare(NEWNS)
        assemble(config)  # as root: an ordinary user may not even see where Python lies
        if knows_nobody():
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            call("prctl", _libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0))  # /proc/self is ours again
    call("prctl", _libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0))
    if os.getppid() != config["parent"]:
        return 1
    start = through_bubblewrap if config["bubblewrap"] else in_namespaces
    child, first = start(config, staged, watched)
    for descriptor in (0, 1, 2):  # so that the grader sees an end when the worker ends
        os.dup2(os.open(os.devnull, os.O_RDWR), descriptor)
    return watch(child, first, watched)


def watch(child: int, first: int, watched: set) -> int:
    """Wait for ``child``; on SIGTERM kill the process that ``first`` stands for, the first in the sandbox."""
    while True:
        if signal.sigwait(watched) == signal.SIGTERM:
            with contextlib.suppress(ProcessLookupError):  # it has just ended
                signal.pidfd_send_signal(first, signal.SIGKILL)
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def in_namespaces(config: dict, staged: bool, watched: set) -> tuple[int, int]:
    """Start the command as the first process of new namespaces, on a root that holds only what it may see.

    Returns the number of our child, and a descriptor that stands for the first process in the sandbox.
    """
    uid, gid = os.geteuid(), os.getegid()
    unshare(NEWUSER | NEWNS | NEWPID | NEWNET | NEWIPC | NEWUTS | NEWCGROUP)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{INSIDE} {uid} 1"), ("gid_map", f"{INSIDE} {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
    if staged:
        mount(BASE, BASE, None, BIND | RECURSIVE)  # mounts of another owner are locked; their copy is not
    else:
        assemble(config)
    os.chdir(BASE)
    call("pivot_root", _libc.syscall(PIVOT_ROOT[os.uname().machine], b".", b"."))
    call("umount", _libc.umount2(b".", DETACH))
    os.chdir("/")
    child = os.fork()
    if child == 0:
        try:
            call("prctl", _libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0))
            call("prctl", _libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
            signal.pthread_sigmask(signal.SIG_UNBLOCK, watched)
            os.setsid()
            os.execve(config["command"][0], config["command"], config["environment"])  # its capabilities end here
        except OSError as error:
            print(f"launch: {error}", file=sys.stderr, flush=True)
        finally:
            os._exit(127)
    return child, os.pidfd_open(child)


def through_bubblewrap(config: dict, staged: bool, watched: set) -> tuple[int, int]:
    """Start the command with bubblewrap, which tells the number of the first process."""
    told, tell = os.pipe()
    os.set_inheritable(tell, True)
    options = bubblewrap_options(config, staged)
    command = [config["bubblewrap"], "--info-fd", str(tell), *options, "--", *config["command"]]
    child = os.fork()
    if child == 0:
        try:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, watched)
            os.execve(command[0], command, {})
        except OSError as error:
            print(f"launch: {error}", file=sys.stderr, flush=True)
        finally:
            os._exit(127)
    os.close(tell)
    with open(told) as file:
        text = file.read()
    try:
        return child, os.pidfd_open(json.loads(text)["child-pid"])
    except (ValueError, ProcessLookupError):  # bubblewrap failed
        return child, os.pidfd_open(child)


def bubblewrap_options(config: dict, staged: bool) -> list[str]:
    """Return what makes bubblewrap build what :func:`assemble` builds."""
    options = ["--unshare-all", "--unshare-user", "--uid", str(INSIDE), "--gid", str(INSIDE), "--as-pid-1",
               "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"]  # fmt: skip
    for name, value in config["environment"].items():
        options += ["--setenv", name, value]
    if staged:
        return [*options, "--ro-bind", BASE, "/", "--dev-bind", BASE + "/dev", "/dev", "--bind",
                BASE + config["folder"], config["folder"]]  # fmt: skip
    for kind, source, target in config["view"]:
        option = {"bind": ["--ro-bind", source], "device": ["--dev-bind", source], "empty": ["--tmpfs"]}[kind]
        options += [*option, target]
    options += ["--size", str(config["temporary"]), "--tmpfs", config["folder"]]
    for place in ["/", *(target for kind, _, target in config["view"] if kind == "empty")]:
        options += ["--remount-ro", place]
    return options


def assemble(config: dict) -> None:
    """Build the new root at BASE: empty but for what the command may see, read-only but for one folder."""
    mount("none", "/", None, PRIVATE | RECURSIVE)  # what is mounted from here on is seen by us alone
    mount("tmpfs", BASE, "tmpfs", NO_SUID, "size=1m,nr_inodes=2k,mode=755")
    for kind, source, target in config["view"]:
        place = BASE + target
        if kind == "empty" or os.path.isdir(source):
            os.makedirs(place, exist_ok=True)
        else:
            os.makedirs(os.path.dirname(place), exist_ok=True)
            with open(place, "a"):
                pass
        if kind == "empty":
            mount("tmpfs", place, "tmpfs", NO_SUID | NO_DEVICES, "size=64k,nr_inodes=100,mode=755")
        else:
            mount(source, place, None, BIND | RECURSIVE)
    os.makedirs(BASE + config["folder"], exist_ok=True)
    attributes = (ctypes.c_uint64 * 4)(READ_ONLY | NO_SUID, 0, 0, 0)
    arguments = (AT_FDCWD, BASE.encode(), AT_RECURSIVE, attributes, ctypes.c_size_t(32))
    call("mount_setattr", _libc.syscall(MOUNT_SETATTR, *arguments))
    size = f"size={config['temporary']},nr_inodes=1k,mode=1777"
    mount("tmpfs", BASE + config["folder"], "tmpfs", NO_SUID | NO_DEVICES | NO_PROGRAMS, size)


def knows_nobody() -> bool:
    """Whether this root can become another user: in a container it may be the only one, and none outside."""
    with open("/proc/self/uid_map") as file:
        ranges = [tuple(map(int, line.split())) for line in file]
    return any(first <= NOBODY < first + count for first, _, count in ranges)


def unshare(flags: int) -> None:
    """Leave namespaces for new ones."""
    call("unshare", _libc.unshare(flags))


def mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    """Mount, or raise ``OSError`` with the name of the target."""
    texts = [None if text is None else os.fsencode(text) for text in (source, target, kind, data)]
    call(f"mount {source} on {target}", _libc.mount(*texts[:3], ctypes.c_ulong(flags), texts[3]))


def call(name: str, result: int) -> None:
    """Raise ``OSError`` if a call of the C library failed."""
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")


if __name__ == "__main__":
    try:
        sys.exit(main(json.loads(sys.argv[1])))
    except OSError as problem:
        print(f"launch: {problem}", file=sys.stderr, flush=True)
        sys.exit(126)
