"""The command line: the table of commands, and who sees a traceback."""

import importlib
import importlib.metadata
import sys
import types

import pytest

from minidet import cli
from minidet.errors import bad_argument


@pytest.fixture
def command(monkeypatch):
    """Put a command of the test's own into the table; its ``run`` is what the test sets."""
    module = types.SimpleNamespace(add_arguments=lambda parser: parser.add_argument("--times", type=int, default=1))
    monkeypatch.setitem(cli.COMMANDS, "sing", ("a_module_that_sings", "sing a song"))
    loaded = importlib.import_module
    monkeypatch.setattr(
        cli.importlib, "import_module", lambda name: module if name == "a_module_that_sings" else loaded(name)
    )
    return module


def raiser(error):
    def run(args):
        raise error

    return run


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_has_its_two_functions_and_help(name, capsys):
    module = importlib.import_module(cli.COMMANDS[name][0])
    assert callable(module.run)
    with pytest.raises(SystemExit) as stop:
        cli.main([name, "--help"])
    assert stop.value.code == 0
    assert f"usage: minidet {name}" in capsys.readouterr().out


def test_help_lists_every_command_and_imports_none(monkeypatch, capsys):
    def refuse(name):
        raise AssertionError(f"{name} was imported only to be listed")

    monkeypatch.setattr(cli.importlib, "import_module", refuse)
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    printed = capsys.readouterr().out
    assert all(name in printed for name in cli.COMMANDS)


def test_version(capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"minidet {importlib.metadata.version('minidet')}\n"


@pytest.mark.parametrize("argv", [[], ["dance"], ["doctor", "--loudly"]])
def test_a_wrong_command_line_exits_with_2(argv, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(argv)
    assert stop.value.code == 2
    assert "usage: minidet" in capsys.readouterr().err


def test_a_command_may_name_its_arguments_as_it_likes(command):
    command.add_arguments = lambda parser: parser.add_argument("run")
    command.run = lambda args: int(args.run)
    assert cli.main(["sing", "3"]) == 3


def test_a_command_gets_its_arguments_and_gives_the_exit_code(command):
    command.run = lambda args: args.times
    assert cli.main(["sing", "--times", "7"]) == 7


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError(2, "No such file or directory", "runs/demo"),
        bad_argument("conv2d", "weight", "has shape (8, 4)", "(F, 3, KH, KW)", "input has 3 channels"),
        bad_argument("cross_entropy", "target", "contains 11", "integers in [0, 11)", error=IndexError),
        bad_argument("tensor", "data", "has dtype\ncomplex64", "a float dtype", error=TypeError),
    ],
)
def test_a_mistake_of_the_user_is_one_line_without_a_traceback(command, capsys, error):
    command.run = raiser(error)
    assert cli.main(["sing"]) == 2
    printed = capsys.readouterr().err
    assert printed == f"minidet: error: {error}\n"


def test_traceback_can_be_asked_for(command, capsys):
    command.run = raiser(FileNotFoundError(2, "No such file or directory", "runs/demo"))
    assert cli.main(["--traceback", "sing"]) == 2
    assert "Traceback (most recent call last)" in capsys.readouterr().err


@pytest.mark.parametrize(
    "error", [ValueError("operands could not be broadcast together"), KeyError("boxes"), AssertionError("loss: nan")]
)
def test_a_mistake_in_the_code_is_not_hidden(command, error):
    command.run = raiser(error)
    with pytest.raises(type(error)) as caught:
        cli.main(["sing"])
    assert caught.value is error


def test_ctrl_c(command, capsys):
    command.run = raiser(KeyboardInterrupt())
    assert cli.main(["sing"]) == 130
    assert capsys.readouterr().err == "minidet: interrupted\n"


def test_a_package_that_is_missing_is_named_without_a_traceback(command, capsys):
    command.run = raiser(ImportError("DigitScenes: scikit-learn is not installed: pip install scikit-learn."))
    assert cli.main(["sing"]) == 2
    assert capsys.readouterr().err.startswith("minidet: error: DigitScenes: scikit-learn is not installed: pip install")
    command.run = raiser(ImportError("cannot import name 'x' from 'minidet'"))
    with pytest.raises(ImportError):
        cli.main(["sing"])


def test_the_demo_without_scikit_learn_says_what_to_install(monkeypatch, capsys, tmp_path):
    from minidet.data.scenes import digits

    digits.load_scans.cache_clear()
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    assert cli.main(["demo", "--out", str(tmp_path / "run")]) == 2
    assert "pip install scikit-learn." in capsys.readouterr().err
