import os
import platform
import subprocess
import sys

import pytest

CODE = """
import resource, sys
import numpy as np
import minidet.kernels
def use():
    for _ in range(20):
        arrays = [np.ones(1_000_000) for _ in range(4)]  # 4 x 8 MB: 7812 pages
        del arrays
use()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
use()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(keep: str) -> int:
    environment = {**os.environ, "MINIDET_KEEP_MEMORY": keep}
    return int(subprocess.run([sys.executable, "-c", CODE], env=environment, capture_output=True, check=True).stdout)


@pytest.mark.slow
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is told to keep memory")
def test_memory_is_kept_and_the_switch_works():
    assert page_faults("1") < 1000
    assert page_faults("0") > 10_000
