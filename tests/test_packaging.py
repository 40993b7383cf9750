"""What a wheel holds: the package, and nothing of the assignments."""

import configparser
import importlib.metadata
import locale
import os
import pathlib
import shutil
import subprocess
import sys
import sysconfig
import zipfile

import pytest

import minidet

ROOT = pathlib.Path(__file__).parents[1]
SOLVED = ROOT / "assignments" / "source"


def packaged():
    """List the files that setuptools packs by setup.cfg: the modules of the packages found, and the data files named."""
    setuptools = pytest.importorskip("setuptools")  # not part of every virtual environment
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    include = config["options.packages.find"]["include"].split()
    packages = setuptools.find_packages(str(ROOT), include=include)
    data = [ROOT / name.replace(".", "/") / what for name, what in config["options.package_data"].items()]
    return [path for name in packages for path in (ROOT / name.replace(".", "/")).glob("*.py")] + data


def test_only_minidet_is_packed():
    files = packaged()
    assert ROOT / "minidet" / "grading" / "assignments" / "assignment.py" in files
    others = [path.relative_to(ROOT).as_posix() for path in files if path.suffix != ".py"]
    assert others == ["minidet/models/backbones/imagenet_classes.txt"]
    assert all(path.is_file() for path in files)
    assert {path.relative_to(ROOT).parts[0] for path in files} == {"minidet"}
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    assert not {"data_files", "include_package_data", "package_data", "py_modules"} & set(config["options"])
    assert not (ROOT / "MANIFEST.in").exists(), "a test of what it adds is needed then"


def test_no_file_of_the_package_holds_an_assignment():
    """No solution is copied into the package: not one function of a variant, whole or in part."""
    answers = {line.strip() for path in SOLVED.glob("*/questions.py") for line in path.read_text().splitlines()
               if line.startswith("def ") and "(rng, variant)" in line}  # fmt: skip
    assert len(answers) > 20
    for path in packaged():
        text = path.read_text()
        assert not [line for line in answers if line in text], path


def copy_for_pip(source):
    """Copy what pip builds from to a new folder; skip the test where pip would need the network."""
    versions = {one.name: one.version for one in importlib.metadata.distributions(path=sys.path)}
    if "pip" not in versions or int(versions.get("setuptools", "0").split(".")[0]) < 77:
        pytest.skip("no pip, or no setuptools >= 77, here")
    source.mkdir(parents=True)
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("minidet", "assignments"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))


@pytest.mark.slow
def test_a_wheel(tmp_path):
    """Built as ``pip install .`` builds it."""
    source = tmp_path / "source"
    copy_for_pip(source)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run([*command, "-w", tmp_path, source], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "minidet/grading/assignments/assignment.py" in names
    assert "minidet/models/backbones/imagenet_classes.txt" in names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"minidet"}
    assert not [name for name in names if name.endswith((".ipynb", ".npz")) or "questions" in name]


@pytest.mark.slow
def test_beside_a_clone(tmp_path):
    """After ``pip install -e .``, Python started in the folder above a clone called minidet finds the package."""
    clone = tmp_path / "täst folder" / "minidet"
    copy_for_pip(clone)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    bin_, site = (sysconfig.get_path(name, "venv", {"base": tmp_path / "venv"}) for name in ("scripts", "purelib"))
    # What is installed here serves there, without its .pth files: this checkout must not be found.
    here = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    (pathlib.Path(site) / "here.pth").write_text("\n".join(here), encoding=locale.getencoding())
    python = shutil.which("python", path=bin_)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP_"))}

    def run(*command, cwd):
        done = subprocess.run(
            [python, *command], cwd=cwd, env=environment, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    offline = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    run("-m", "pip", "install", *offline, "-e", ".", cwd=clone)
    for cwd in (clone.parent, clone, tmp_path):
        told = run("-c", "import minidet; print(minidet.__version__, minidet.__file__)", cwd=cwd)
        assert told.split(" ", 1) == [minidet.__version__, f"{clone / 'minidet' / '__init__.py'}\n"]
