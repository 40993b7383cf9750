"""The walls that a process puts around itself, for good: limits, Landlock, a filter of system calls (Linux).

Runs inside the sandbox, before a line of a student's code; stands alone, so it imports nothing of minidet. Namespaces
(launch.py, or bubblewrap) already took files, network and processes away; these walls close what namespaces leave open.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct

#: Numbers of system calls on x86-64 and 64-bit ARM that a student's function has no use for. -1: not there.
FORBIDDEN = {
    # network: without sockets, also no file descriptor comes in from elsewhere
    "socket": (41, 198), "socketpair": (53, 199),
    # programs, name spaces, mounts
    "execve": (59, 221), "execveat": (322, 281), "unshare": (272, 97), "setns": (308, 268), "chroot": (161, 51),
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "open_tree": (428, 428),
    "move_mount": (429, 429), "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432),
    "fspick": (433, 433), "mount_setattr": (442, 442),
    # other processes
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "process_madvise": (440, 440),
    # memory that no limit counts
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194), "shmat": (30, 196),
    "semget": (64, 190), "msgget": (68, 186), "mq_open": (240, 180), "add_key": (248, 217),
    "request_key": (249, 218), "keyctl": (250, 219), "vmsplice": (278, 75),
    # what the kernel keeps for all processes of the machine: another worker could read it, and no limit counts it
    "flock": (73, 32), "inotify_init": (253, -1), "inotify_init1": (294, 26), "inotify_add_watch": (254, 27),
    "fanotify_init": (300, 262), "fanotify_mark": (301, 263), "futex_waitv": (449, 449), "mincore": (27, 232),
    "io_setup": (206, 0), "landlock_create_ruleset": (444, 444), "landlock_add_rule": (445, 445),
    "landlock_restrict_self": (446, 446),
    # parts of the kernel that have often been a way out of a sandbox
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "personality": (135, 92),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265),
    "modify_ldt": (154, -1), "iopl": (172, -1), "ioperm": (173, -1), "uselib": (134, -1),
    # the machine
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106), "kexec_load": (246, 104),
    "kexec_file_load": (320, 294), "reboot": (169, 142), "swapon": (167, 224), "swapoff": (168, 225),
    "acct": (163, 89), "quotactl": (179, 60), "quotactl_fd": (443, 443), "syslog": (103, 116),
    "settimeofday": (164, 170), "clock_settime": (227, 112), "adjtimex": (159, 171), "clock_adjtime": (305, 266),
    "sethostname": (170, 161), "setdomainname": (171, 162), "move_pages": (279, 239), "migrate_pages": (256, 238),
}  # fmt: skip
#: And of a worker that may not start another; beside clone.
FORKS = {"fork": (57, -1), "vfork": (58, -1)}
#: Per machine: its place in the table above, how the kernel names it, seccomp itself, and calls that are seen through.
MACHINES = {
    "x86_64": (0, 0xC000003E, 317, {"clone": 56, "prctl": 157, "fcntl": 72, "futex": 202}),
    "aarch64": (1, 0xC00000B7, 277, {"clone": 220, "prctl": 167, "fcntl": 25, "futex": 98}),
}
CLONE3, LAST_KNOWN = 435, 450
NEW_NAMESPACES = 0x7E020080
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38
#: fcntl: from F_GETLK on it knows locks, leases, notices, sizes of pipes; below, and here, only files' own numbers.
F_GETLK, F_DUPFD_CLOEXEC, FUTEX_PRIVATE = 5, 1030, 128

# Instructions of the filter: load a word, jump if equal / greater or equal / any bit set, return.
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, KILL, ERROR = 0x7FFF0000, 0x80000000, 0x00050000
NUMBER, MACHINE, ARGUMENT, SECOND = 0, 4, 16, 24  # where they stand in what the filter is shown

#: Landlock: the rights that version 1, 2, 3, ... of its interface know, as bits.
FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
TRUNCATE, DEVICE_CALLS = 1 << 14, 1 << 15
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446

_libc = ctypes.CDLL(None, use_errno=True)


def raise_walls(temporary: str, processes: int) -> None:
    """Forbid this process, and whatever it may start, all that a student's function has no use for.

    Parameters
    ----------
    temporary : str
        The one folder in which files may be written.
    processes : int
        If 1, this one starts no other, nor a thread.

    Raises
    ------
    OSError
        If the kernel refuses: then nothing may be run.
    """
    _call("prctl", _libc.prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0))  # dies with whoever started it
    _call("prctl", _libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _landlock(temporary)
    _filter_calls(alone=processes == 1)


def set_limits(limits: dict) -> None:
    """Set the limits of this process: ``cpu`` in seconds, ``memory`` and ``file`` in bytes, ``processes``."""
    import resource

    wanted = {
        "RLIMIT_CPU": limits["cpu"],
        "RLIMIT_AS": limits["memory"],
        "RLIMIT_FSIZE": limits["file"],
        "RLIMIT_NPROC": limits["processes"],
        "RLIMIT_NOFILE": 64,
        "RLIMIT_CORE": 0,
        "RLIMIT_MEMLOCK": 0,
        "RLIMIT_MSGQUEUE": 0,
        "RLIMIT_SIGPENDING": 64,
    }
    for name, value in wanted.items():
        kind = getattr(resource, name, None)
        if kind is None or value is None:  # not on this system, or not limited
            continue
        hard = resource.getrlimit(kind)[1]
        value = int(value) if hard == resource.RLIM_INFINITY else min(int(value), hard)
        resource.setrlimit(kind, (value, value))


def landlock_version() -> int:
    """Return the version of Landlock's interface; 0 if the kernel has none."""
    return max(0, _libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), 1))


def _call(name: str, result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")
    return result


def _landlock(temporary: str) -> None:
    """Allow reading everywhere, writing in ``temporary`` and to the devices; no TCP, no signals to the outside."""
    version = landlock_version()
    if version == 0:
        return  # an old kernel: the mounts are read-only without it, and sockets are forbidden below
    rights = FILE_RIGHTS[max(known for known in FILE_RIGHTS if known <= version)]
    network = 3 if version >= 4 else 0  # bind and connect
    scopes = 3 if version >= 6 else 0  # abstract sockets and signals
    attributes = struct.pack("=QQQ", rights, network, scopes)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = _call("landlock", _libc.syscall(CREATE_RULESET, attributes, ctypes.c_size_t(size), 0))
    here = rights & ~(EXECUTE | DEVICE_CALLS | 1 << 6 | 1 << 11)  # in the temporary folder: no programs, no devices
    to_devices = rights & (WRITE_FILE | READ_FILE | TRUNCATE)
    places = [("/", READ_FILE | READ_DIR), (temporary, here), ("/dev/null", to_devices)]
    for place, allowed in places:
        if os.path.exists(place):
            folder = os.open(place, os.O_PATH | os.O_CLOEXEC)
            rule = struct.pack("=Qi", allowed & rights, folder)
            _call("landlock", _libc.syscall(ADD_RULE, ruleset, 1, rule, 0))
            os.close(folder)
    _call("landlock", _libc.syscall(RESTRICT_SELF, ruleset, 0))
    os.close(ruleset)


def _filter_calls(alone: bool) -> None:
    """Install the filter. It also refuses what is newer than this file, and the 32-bit calls of a 64-bit kernel."""
    machine = platform.machine()
    if machine not in MACHINES:
        raise OSError(errno.ENOSYS, f"no filter of system calls for a {machine}: only for {', '.join(MACHINES)}")
    program = b"".join(struct.pack("=HBBI", *line) for line in filter_program(machine, alone))
    buffer = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("@HP", len(program) // 8, ctypes.addressof(buffer))
    set_filter, all_threads = 1, 1
    _call("seccomp", _libc.syscall(MACHINES[machine][2], set_filter, all_threads, header))


def filter_program(machine: str, alone: bool) -> list[tuple[int, int, int, int]]:
    """Return the filter's instructions: (operation, lines to skip if true, if false, constant)."""
    column, audit, _, number = MACHINES[machine]
    refuse, unknown = (RETURN, 0, 0, ERROR | errno.EPERM), (RETURN, 0, 0, ERROR | errno.ENOSYS)
    lines = [(LOAD, 0, 0, MACHINE), (EQUAL, 1, 0, audit), (RETURN, 0, 0, KILL), (LOAD, 0, 0, NUMBER)]
    if machine == "x86_64":
        lines += [(AT_LEAST, 0, 1, 0x40000000), (RETURN, 0, 0, KILL)]
    # glibc asks for the newest call first, and takes an older one if it is not there: one whose flags can be seen
    lines += [(AT_LEAST, 0, 1, LAST_KNOWN + 1), unknown, (EQUAL, 0, 1, CLONE3), unknown]
    if alone:
        lines += [(EQUAL, 0, 1, number["clone"]), refuse]
    for numbers in [*FORBIDDEN.values(), *(FORKS.values() if alone else ())]:
        if numbers[column] >= 0:
            lines += [(EQUAL, 0, 1, numbers[column]), refuse]
    lines += [(EQUAL, 0, 4, number["clone"]), (LOAD, 0, 0, ARGUMENT), (ANY_BIT, 0, 1, NEW_NAMESPACES), refuse,
              (RETURN, 0, 0, ALLOW)]  # fmt: skip
    lines += [(EQUAL, 0, 5, number["fcntl"]), (LOAD, 0, 0, SECOND), (AT_LEAST, 0, 2, F_GETLK),
              (EQUAL, 1, 0, F_DUPFD_CLOEXEC), refuse, (RETURN, 0, 0, ALLOW)]  # fmt: skip
    if alone:  # waits in memory that is its own; in a mapped file, another worker could wake it (and threads need it)
        lines += [(EQUAL, 0, 4, number["futex"]), (LOAD, 0, 0, SECOND), (ANY_BIT, 1, 0, FUTEX_PRIVATE), refuse,
                  (RETURN, 0, 0, ALLOW)]  # fmt: skip
    # prctl: the signal that comes with the end of whoever started this process stays as it is
    lines += [(EQUAL, 0, 3, number["prctl"]), (LOAD, 0, 0, ARGUMENT), (EQUAL, 0, 1, PR_SET_PDEATHSIG), refuse]
    return [*lines, (RETURN, 0, 0, ALLOW)]
