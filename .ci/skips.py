"""Fail if a test was skipped for want of PyTorch, pycocotools, ONNX or the data sets: here all are installed.

Usage: python .ci/skips.py report.xml ...    (reports of pytest --junitxml)
"""

import re
import sys
import xml.etree.ElementTree as ElementTree

UNWANTED = re.compile(r"torch|pycocotools|onnx|MINIDET_DATA|sklearn|scikit-learn", re.IGNORECASE)


def skips(path):
    """Return (test, reason) of every skipped test in a report, and how many tests it has."""
    cases = list(ElementTree.parse(path).iter("testcase"))
    found = []
    for case in cases:
        skipped = case.find("skipped")
        if skipped is not None:
            found.append((f"{case.get('classname')}::{case.get('name')}", skipped.get("message") or skipped.text or ""))
    return found, len(cases)


def main(paths):
    """Print every skip; return 1 if one is unwanted, or a report holds no test."""
    unwanted = empty = 0
    for path in paths:
        found, tests = skips(path)
        empty += tests == 0
        print(f"{path}: {tests} tests, {len(found)} skipped")
        for test, reason in found:
            bad = UNWANTED.search(reason) is not None
            unwanted += bad
            print(f"  {'UNWANTED ' if bad else ''}{test}: {reason}")
    if unwanted:
        print(
            f"{unwanted} tests were skipped that need what is installed here: PyTorch, pycocotools, ONNX, the data sets"
        )
    if empty:
        print(f"{empty} reports hold no test")
    return 1 if unwanted or empty or not paths else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
