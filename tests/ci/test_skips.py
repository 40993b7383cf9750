"""The script that keeps CI from passing by skipping."""

import importlib.util
import pathlib

import pytest

PATH = pathlib.Path(__file__).parents[2] / ".ci" / "skips.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("skips", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write(folder, *cases):
    path = folder / "report.xml"
    path.write_text(f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>")
    return str(path)


PASSED = '<testcase classname="tests.test_table" name="test_value[exp]"/>'
SKIPPED = '<testcase classname="tests.test_x" name="test_y"><skipped message="{}">where</skipped></testcase>'


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("could not import 'torch': No module named 'torch'", 1),
        ("PyTorch is not installed", 1),
        ("MINIDET_DATA is not set", 1),
        ("could not import 'sklearn'", 1),
        ("only on Windows", 0),
    ],
)
def test_a_skip(script, tmp_path, capsys, reason, code):
    assert script.main([write(tmp_path, PASSED, SKIPPED.format(reason))]) == code
    printed = capsys.readouterr().out
    assert "2 tests, 1 skipped" in printed
    assert ("UNWANTED tests.test_x::test_y" in printed) == bool(code)


def test_no_skip(script, tmp_path):
    assert script.main([write(tmp_path, PASSED)]) == 0


def test_no_test_at_all(script, tmp_path):
    assert script.main([write(tmp_path)]) == 1
    assert script.main([]) == 1
