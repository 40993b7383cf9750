"""Kills and full disks while a checkpoint is written: the last complete one is there, and nothing half-written stays."""

import os
import random
import subprocess
import sys
import time

import numpy as np
import pytest

from minidet.serialization import load_checkpoint, save_checkpoint

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name != "posix", reason="kills and limits of POSIX")]

#: prints a number when that checkpoint is complete
SAVE = """
import sys, numpy as np
from minidet.serialization import load_checkpoint, save_checkpoint
value = int(sys.argv[2])
while True:
    value += 1
    full = np.full(300_000, value)
    save_checkpoint(sys.argv[1], {"w": full}, {"state": {0: {"m": full}}, "param_groups": []}, {"value": value})
    print(value, flush=True)
"""
#: the disk is full: no file may grow beyond a limit, which Linux and macOS enforce in write()
FULL = """
import resource, sys, numpy as np
from minidet.serialization import save_checkpoint
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
full = np.full(30_000, 2.0)
try:
    save_checkpoint(sys.argv[1], {"w": full[: int(sys.argv[3])]}, {"state": {0: {"m": full}}, "param_groups": []}, {"value": 2})
except OSError as error:
    print(error)
"""


def check(folder) -> int:
    """Return the checkpoint's value, after looking at all of it."""
    checkpoint = load_checkpoint(folder)
    value = checkpoint.info["value"]
    assert np.all(checkpoint.model["w"] == value)
    assert np.all(checkpoint.optimizer["state"][0]["m"] == value)
    return value


def test_thirty_kills_lose_nothing(tmp_path):
    draw = random.Random(5)
    value = 0
    for _ in range(30):
        process = subprocess.Popen([sys.executable, "-c", SAVE, str(tmp_path), str(value)], stdout=subprocess.PIPE,
                                   text=True)  # fmt: skip
        complete = int(process.stdout.readline())  # the first is there; killed in one of the next
        time.sleep(draw.random() * 0.05)
        process.kill()
        rest = process.communicate()[0].split()
        complete = int(rest[-1]) if rest else complete
        value = check(tmp_path)
        assert value in (complete, complete + 1)
    save_checkpoint(tmp_path, {"w": np.ones(1)}, info={})
    assert len(os.listdir(tmp_path)) == 2  # what the kills left behind is gone, the lock too


@pytest.mark.parametrize("numbers", [30_000, 10])  # the model does not fit; the model fits, the optimiser does not
def test_a_full_disk_leaves_the_checkpoint_before(tmp_path, numbers):
    full = np.full(100, 1.0)
    save_checkpoint(tmp_path, {"w": full}, {"state": {0: {"m": full}}, "param_groups": []}, {"value": 1})
    before = sorted(os.listdir(tmp_path))
    done = subprocess.run([sys.executable, "-c", FULL, str(tmp_path), "20000", str(numbers)], capture_output=True,
                          text=True, check=True)  # fmt: skip
    kind = "model" if numbers == 30_000 else "optimizer"
    assert (
        f"{kind}-000002.safetensors cannot be written, expected a place with room for it: File too large" in done.stdout
    )
    assert "nothing has been changed" in done.stdout
    assert check(tmp_path) == 1
    assert sorted(os.listdir(tmp_path)) == before
