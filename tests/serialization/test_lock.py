"""One writer at a time, among real processes; a process that is killed leaves nothing that blocks."""

import errno
import os
import pathlib
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

from minidet.serialization import FolderLock, load_checkpoint, lock

pytestmark = pytest.mark.slow  # they start processes

HOLD = """
    from minidet.serialization import FolderLock
    held = FolderLock(folder, "a.lock", "train", "no")
    held.acquire()
    print("held", flush=True)
    import time
    time.sleep(600)
"""
COUNT = """
    from minidet.serialization import FolderLock
    for _ in range(50):
        one = FolderLock(folder, "a.lock", "train", "no")
        one.acquire(wait=120)
        value = int((folder / "count").read_text())
        (folder / "count").write_text(str(value + 1))
        one.release()
"""
SAVE = """
    import numpy as np
    from minidet.serialization import save_checkpoint
    while True:
        value = np.random.default_rng().integers(2**40)
        full = np.full(2000, value)
        save_checkpoint(folder, {"w": full}, {"state": {0: {"m": full}}, "param_groups": []}, {"value": value})
"""


def start(code, folder):
    """Start a process that knows ``folder``."""
    text = f"import pathlib, sys; folder = pathlib.Path(sys.argv[1])\n{textwrap.dedent(code)}"
    return subprocess.Popen([sys.executable, "-c", text, str(folder)], stdout=subprocess.PIPE, text=True)


@pytest.fixture
def processes():
    """A list of processes that are killed at the end."""
    found = []
    yield found
    for process in found:
        process.kill()
        process.wait()
        process.stdout.close()


def new(folder):
    return FolderLock(folder, "a.lock", "train", "two would quarrel")


def test_who_holds_it_is_said_and_a_killed_holder_blocks_nobody(tmp_path, processes):
    processes.append(start(HOLD, tmp_path))
    assert processes[0].stdout.readline() == "held\n"
    message = (
        rf"train: folder .* is in use by process {processes[0].pid} on .* since .*, expected .*: two would quarrel"
    )
    with pytest.raises(BlockingIOError, match=message):
        new(tmp_path).acquire()
    assert lock.is_held(tmp_path / "a.lock")
    processes[0].send_signal(signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
    processes[0].wait()
    assert (tmp_path / "a.lock").exists()  # and means nothing
    assert not lock.is_held(tmp_path / "a.lock")
    with new(tmp_path):
        assert lock.is_held(tmp_path / "a.lock")
        assert str(os.getpid()) in lock.holder(tmp_path / "a.lock")
    assert os.listdir(tmp_path) == []


def test_many_processes_take_turns(tmp_path, processes):
    (tmp_path / "count").write_text("0")
    processes += [start(COUNT, tmp_path) for _ in range(4)]
    assert [process.wait(120) for process in processes] == [0] * 4
    assert (tmp_path / "count").read_text() == "200"


def test_two_objects_of_one_process_exclude_each_other(tmp_path):
    with new(tmp_path), pytest.raises(BlockingIOError, match="in use"):
        new(tmp_path).acquire(wait=0.05)
    new(tmp_path).release()  # not held: nothing happens


def test_readers_beside_two_writers_see_complete_checkpoints(tmp_path, processes):
    processes += [start(SAVE, tmp_path) for _ in range(2)]
    while not (tmp_path / "run.json").exists():
        time.sleep(0.01)
    seen = set()
    while len(seen) < 20:
        checkpoint = load_checkpoint(tmp_path)
        value = checkpoint.info["value"]
        assert np.all(checkpoint.model["w"] == value)
        assert np.all(checkpoint.optimizer["state"][0]["m"] == value)
        seen.add(value)
    for process in processes:
        process.kill()
        process.wait()
    load_checkpoint(tmp_path)


def test_a_file_system_without_locks_is_used_without(tmp_path, monkeypatch):
    if lock.fcntl is None:
        pytest.skip("another call on Windows")

    def refuse(descriptor, how):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(lock.fcntl, "flock", refuse)
    with new(tmp_path):
        pass
    assert os.listdir(tmp_path) == []


def test_a_folder_that_cannot_be(tmp_path):
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(OSError, match=r"train: folder .*file.* cannot be made, expected a folder to write to: "):
            new(pathlib.Path(folder)).acquire()
