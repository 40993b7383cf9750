"""``minidet doctor``: it sees what is there, and has a hint for what is wrong."""

import errno
import importlib.metadata
import os
import pathlib
import re

import numpy as np
import pytest

import minidet
from minidet.cli import main
from minidet.commands import doctor
from minidet.kernels.launch import jit
from minidet.kernels.launch.cache_folder import Choice

if jit.ENABLED:
    from minidet.kernels.launch.cache_files import pack

DATA = os.environ.get("MINIDET_DATA", "")  # before the fixture below takes it away
PACKAGE = pathlib.Path(minidet.__file__).parent


@pytest.fixture(autouse=True)
def clean(monkeypatch):
    for name in list(os.environ):
        if name.startswith(("MINIDET_", *doctor.THEIR_VARIABLES)):
            monkeypatch.delenv(name)


def by_name(findings):
    return {finding.name: finding for finding in findings}


def test_the_report(capsys):
    code = main(["doctor"])
    printed = capsys.readouterr().out
    for title in ("Versions", "Processor", "Threads", "Compiled kernels", "Environment", "Data sets"):
        assert f"{title}\n" in printed
    assert re.search(rf"numpy +{re.escape(np.__version__)}\n", printed)
    assert "MINIDET_DATA           not set" in printed
    assert (code == 0) == printed.endswith("Nothing is wrong.\n")


def test_versions_are_those_of_the_installed_packages():
    found = by_name(doctor.versions())
    for package in doctor.REQUIRED:
        assert found[package].value == importlib.metadata.version(package)


def test_required_packages_are_those_of_setup_cfg():
    required = importlib.metadata.requires("minidet")
    names = {re.match(r"[\w-]+", line)[0].lower() for line in required if "extra ==" not in line}
    assert names == {name.lower() for name in doctor.REQUIRED} - {"llvmlite"}  # llvmlite comes with numba


def test_a_missing_package_is_wrong(monkeypatch):
    real = doctor.installed
    monkeypatch.setattr(doctor, "installed", lambda package: None if package == "scipy" else real(package))
    found = by_name(doctor.versions())
    assert found["scipy"] == doctor.Finding("scipy", "absent", "pip install scipy", wrong=True)
    assert not found["numpy"].wrong


def test_a_missing_optional_package_is_not_wrong(monkeypatch):
    real = doctor.installed
    monkeypatch.setattr(doctor, "installed", lambda package: None if package == "torch" else real(package))
    assert by_name(doctor.versions())["torch"] == doctor.Finding(
        "torch", "absent (only needed for comparing with PyTorch)"
    )


def test_numba_switched_off_and_numba_broken(monkeypatch):
    monkeypatch.setattr(jit, "ENABLED", False)
    found = by_name(doctor.versions())["numba"]
    assert (found.value, found.wrong) == ("switched off", True)
    monkeypatch.setattr(doctor, "import_error", lambda module: "Numba needs NumPy 2.5 or less")
    found = by_name(doctor.versions())["numba"]
    assert found.value == "cannot be imported: Numba needs NumPy 2.5 or less"
    assert found.wrong
    assert [finding.value for finding in doctor.kernel_cache()] == ["none: kernels are not compiled"]
    assert "numba" not in by_name(doctor.threads())


def test_why_a_module_cannot_be_imported():
    assert doctor.import_error("minidet") == ""
    assert "no_such_module" in doctor.import_error("no_such_module")


@pytest.mark.parametrize(
    ("features", "width"),
    [
        ({"sse2", "avx", "avx2", "fma"}, "256 bits: 8 float32 at once, fused multiply-add"),
        ({"sse2", "avx", "avx2", "fma", "avx512f"}, "512 bits: 16 float32 at once, fused multiply-add"),
        ({"neon"}, "128 bits: 4 float32 at once, fused multiply-add"),
        ({"sse2"}, "128 bits: 4 float32 at once, no fused multiply-add"),
        (set(), "unknown (llvmlite tells it)"),
    ],
)
def test_simd_width(monkeypatch, features, width):
    monkeypatch.setattr(doctor, "cpu", lambda: ("a processor", features))
    found = by_name(doctor.processor())
    assert found["SIMD width"].value == width
    assert bool(found["SIMD width"].hint) == (features == {"sse2"})


def test_this_processor_is_recognised():
    name, features = doctor.cpu()
    assert name
    if jit.ENABLED:
        assert features & set(doctor.SIMD)


@pytest.mark.skipif(not jit.ENABLED, reason="numba is switched off")
def test_the_threading_layer_is_one_of_numba():
    assert doctor.threading_layer() in {"tbb", "omp", "workqueue"}


def test_blas_is_found():
    assert all(name for name, _ in doctor.blas())
    assert doctor.blas()


@pytest.mark.skipif(not jit.ENABLED, reason="numba is switched off")
class TestKernelCache:
    @pytest.fixture
    def folder(self, monkeypatch, tmp_path):
        folder = tmp_path / "kernels-new"
        folder.mkdir()
        monkeypatch.setattr(jit, "cache_choice", lambda: Choice(folder, []))
        return folder

    def keep(self, folder, name, size):
        path = folder / f"{name}.kernel"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(pack(bytes(size)))
        return path

    def test_size_and_older_folders(self, folder):
        self.keep(folder, "conv/a", 1_500_000)
        self.keep(folder, "b", 100_000)
        (folder.parent / "kernels-old").mkdir()
        (folder.parent / "kernels-old" / "c.nbc").write_bytes(bytes(300_000))
        found = by_name(doctor.kernel_cache())
        assert found["folder"].value == f"{folder} (writable)"
        assert found["size"].value == "1.6 MB in 2 files"
        assert found["whole"].value.startswith("2 compiled kernels")
        assert found["of other versions"].value == "1 folders, 0.3 MB"
        assert not any(finding.wrong for finding in found.values())

    def test_damaged_and_unfinished_files(self, folder):
        self.keep(folder, "whole", 1000)
        self.keep(folder, "serial/cut", 1000).write_bytes(pack(bytes(1000))[:-1])
        (folder / "serial" / "a.kernel.0.partial").touch()
        found = by_name(doctor.kernel_cache())
        assert found["damaged"].wrong
        assert found["damaged"].value == f"1 compiled kernels: {pathlib.Path('serial/cut.kernel')}"
        assert found["damaged"].hint
        assert found["unfinished"].value.startswith("1 files")

    def test_a_full_disk(self, folder, monkeypatch):
        def full(path, data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(pathlib.Path, "write_bytes", full)
        found = by_name(doctor.kernel_cache())["room"]
        assert found.wrong
        assert "No space left on device" in found.value
        assert "MINIDET_CACHE" in found.hint
        monkeypatch.undo()
        assert [path for path in folder.rglob("*") if path.is_file()] == []

    def test_nowhere_to_write(self, monkeypatch):
        monkeypatch.setattr(jit, "cache_choice", lambda: Choice(None, [(pathlib.Path("/a"), "belongs to a cat")]))
        refused, none = doctor.kernel_cache()
        assert refused.wrong
        assert refused.value == f"{pathlib.Path('/a')} belongs to a cat"
        assert none.wrong
        assert "MINIDET_CACHE" in none.hint

    def test_the_second_choice(self, folder, monkeypatch):
        monkeypatch.setattr(jit, "cache_choice", lambda: Choice(folder, [(pathlib.Path("/a"), "is not writable")]))
        found = by_name(doctor.kernel_cache())
        assert found["refused"].wrong
        assert not found["folder"].wrong
        assert found["size"].value.startswith("empty")

    def test_a_relative_cache_folder(self, folder, monkeypatch):
        monkeypatch.setenv("XDG_CACHE_HOME", "here")
        found = by_name(doctor.kernel_cache())["XDG_CACHE_HOME"]
        assert found.wrong
        assert found.value == "here is ignored: it is not absolute"


def test_every_variable_that_minidet_reads_is_known():
    read = {name for path in PACKAGE.rglob("*.py") for name in re.findall(r"MINIDET_[A-Z_]*[A-Z]", path.read_text())}
    assert read == set(doctor.VARIABLES)


def test_variables(monkeypatch):
    monkeypatch.setenv("MINIDET_QUICK", "1")
    monkeypatch.setenv("MINIDET_DTA", "photographs")
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    found = by_name(doctor.environment())
    assert not found["MINIDET_QUICK"].wrong
    assert found["MINIDET_DTA"].wrong
    assert found["MINIDET_DTA"].hint == "did you mean MINIDET_DATA?"
    assert found["OMP_NUM_THREADS"].value == "2"
    assert by_name(doctor.environment()).keys() == {"MINIDET_QUICK", "MINIDET_DTA", "OMP_NUM_THREADS"}


def test_data_sets(monkeypatch, tmp_path):
    (tmp_path / "camvid240").mkdir()
    (tmp_path / "camvid240" / "train.txt").touch()
    (tmp_path / "bccd_voc").mkdir()  # an empty folder is no data set
    monkeypatch.setenv("MINIDET_DATA", str(tmp_path))
    found = by_name(doctor.data_sets())
    assert found["camvid240"].value.startswith("found")
    assert found["bccd_voc"].value.startswith("absent")
    assert found.keys() == doctor.DATA_SETS.keys()


def test_a_data_folder_that_is_not_there_is_wrong(monkeypatch, tmp_path):
    monkeypatch.setenv("MINIDET_DATA", str(tmp_path / "nowhere"))
    (found,) = doctor.data_sets()
    assert found.wrong
    monkeypatch.setattr(doctor, "kernel_cache", lambda: iter(()))
    assert main(["doctor"]) == 1


@pytest.mark.data
@pytest.mark.parametrize("name", doctor.DATA_SETS)
def test_the_shared_data_sets_are_found(monkeypatch, name):
    monkeypatch.setenv("MINIDET_DATA", DATA)
    assert by_name(doctor.data_sets())[name].value.startswith("found")
