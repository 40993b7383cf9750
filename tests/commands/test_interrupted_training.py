"""Ctrl-C, two trainings at once, folders that are no run: words and an exit code, from the command line."""

import os
import signal
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

TRAIN = ["train", "segnet", "--data", "shapes", "--out", "run", "--epochs", "3", "--batch-size", "32"]


@pytest.fixture
def start(tmp_path):
    """Return a function that starts ``minidet`` in an empty folder."""
    started = []

    def begin(*arguments, quick="1"):
        environment = {**os.environ, "MINIDET_QUICK": quick}
        process = subprocess.Popen([sys.executable, "-m", "minidet.cli", *arguments], cwd=tmp_path, env=environment,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # fmt: skip
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def ended(process, code):
    out, err = process.communicate(timeout=300)
    assert process.returncode == code, err
    assert "Traceback" not in err
    return out, err


def until(process, text):
    """Read what the progress bar says until ``text`` comes."""
    seen = ""
    while text not in seen:
        letter = process.stderr.read(1)
        assert letter, seen
        seen += letter
    return seen


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_ctrl_c_keeps_the_checkpoint_and_resume_goes_on(start, tmp_path):
    ended(start(*TRAIN[:-4]), 0)  # one quick epoch
    there = sorted(os.listdir(tmp_path / "run"))
    training = start(*TRAIN, quick="0")
    until(training, "mIoU")
    training.send_signal(signal.SIGINT)
    assert "minidet: interrupted" in ended(training, 130)[1]
    assert sorted(os.listdir(tmp_path / "run")) == there  # no lock, nothing half-written
    ended(start(*TRAIN[:-4], "--resume"), 0)
    assert "mIoU" in ended(start("eval", "run"), 0)[0]


def test_a_second_training_and_a_reader_beside_the_first(start, tmp_path):
    training = start(*TRAIN, quick="0")
    until(training, "mIoU")
    message = ended(start(*TRAIN), 2)[1]
    assert f"minidet: error: train: folder run is in use by process {training.pid} on " in message
    assert "another --out" in message
    assert "has no checkpoint yet" in ended(start("eval", "run"), 2)[1]
    assert "has no checkpoint yet" in ended(start("predict", "run", "a.png"), 2)[1]
    training.kill()
    training.communicate()
    ended(start(*TRAIN[:-4]), 0)  # a killed training blocks nobody


@pytest.mark.parametrize(
    "command", [["eval"], ["predict"], ["train", "segnet", "--data", "shapes", "--resume", "--out"]]
)
def test_folders_that_are_no_run(start, tmp_path, command):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "run.json").write_text("{")
    image = ["a.png"] if command == ["predict"] else []
    for name, words in (("nowhere", "is not there"), ("empty", "is empty"), ("file", "is no folder"),
                        ("damaged", "is damaged or is no checkpoint")):  # fmt: skip
        message = ended(start(*command, name, *image), 2)[1].strip().splitlines()[-1]
        assert message.startswith("minidet: error: ")
        assert name in message
        assert words in message
