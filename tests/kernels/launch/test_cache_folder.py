"""Which folder holds compiled kernels: what lies there is unpickled."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import pytest

from minidet.kernels.launch import cache_folder

posix_only = pytest.mark.skipif(not hasattr(os, "getuid"), reason="owners and modes are POSIX's")
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="XDG_CACHE_HOME is Linux's")
ROOT = pathlib.Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def temporary(monkeypatch, tmp_path):
    """Take a folder of this test for the temporary directory, and give no other."""
    for name in ("MINIDET_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "tmp"
    folder.mkdir()
    folder.chmod(0o1777)
    monkeypatch.setattr(cache_folder, "temporary_folder", lambda: folder)
    return folder


@pytest.fixture
def only_temporary(temporary, monkeypatch):
    """Return the root in the temporary directory, where the user has no home."""
    monkeypatch.setattr(cache_folder, "user_folder", lambda: None)
    (root,) = cache_folder.roots()
    assert root.parent == temporary
    return root


def test_no_home(monkeypatch, temporary):
    def unknown():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(pathlib.Path, "home", unknown)
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    assert cache_folder.user_folder() is None
    chosen = cache_folder.choose("kernels-a")
    assert chosen.folder.parent.parent == temporary
    assert chosen.refused == []


def test_neither_home_nor_temporary_folder(monkeypatch):
    monkeypatch.setattr(cache_folder, "user_folder", lambda: None)
    monkeypatch.setattr(cache_folder, "temporary_folder", lambda: None)
    assert cache_folder.choose("kernels-a") == (None, [])


@linux_only
@pytest.mark.parametrize(
    ("named", "expected"), [("here", "~/.cache"), ("./a", "~/.cache"), ("", "~/.cache"), ("/x", "/x")]
)
def test_a_relative_cache_folder_is_ignored(monkeypatch, tmp_path, named, expected):
    monkeypatch.setenv("XDG_CACHE_HOME", named)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert str(cache_folder.user_folder()) == expected.replace("~", str(tmp_path)) + "/minidet"


def test_a_named_folder_is_the_only_one_wherever_the_process_goes(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MINIDET_CACHE", "here")
    roots = cache_folder.roots()
    monkeypatch.chdir("/")
    assert roots == [tmp_path / "here"]
    assert roots[0].is_absolute()


@posix_only
def test_what_is_made_is_closed_to_others(only_temporary):
    before = os.umask(0)
    try:
        folder = cache_folder.choose("kernels-a").folder
    finally:
        os.umask(before)
    assert folder.parent == only_temporary
    assert [path.stat().st_mode & 0o777 for path in (folder, only_temporary)] == [0o700, 0o700]


@posix_only
@pytest.mark.parametrize("mode", [0o770, 0o777, 0o702])
@pytest.mark.parametrize("which", ["root", "folder"])
def test_a_folder_that_others_may_write_to_is_refused(only_temporary, which, mode):
    folder = only_temporary / "kernels-a"
    folder.mkdir(parents=True)
    path = only_temporary if which == "root" else folder
    path.chmod(mode)
    chosen, ((root, reason),) = cache_folder.choose("kernels-a")
    assert chosen is None
    assert root == only_temporary
    assert reason == f"is not safe: other users may write to {path}"


@posix_only
@pytest.mark.parametrize("which", ["root", "folder"])
def test_a_link_is_refused(only_temporary, tmp_path, which):
    mine = tmp_path / "mine"
    mine.mkdir(mode=0o700)
    path = only_temporary if which == "root" else only_temporary / "kernels-a"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.symlink_to(mine)
    chosen, ((_, reason),) = cache_folder.choose("kernels-a")
    assert chosen is None
    assert reason == f"is not safe: {path} is a link"
    assert list(mine.iterdir()) == []


@posix_only
@pytest.mark.parametrize("which", ["root", "folder"])
def test_a_folder_of_somebody_else_is_refused(only_temporary, monkeypatch, which):
    """Whoever asks is another: a test that is not root's cannot give a folder away."""
    folder = only_temporary / "kernels-a"
    folder.mkdir(parents=True, mode=0o700)
    only_temporary.chmod(0o700)
    theirs = only_temporary if which == "root" else folder
    lstat = pathlib.Path.lstat

    def give_away(path):
        found = list(lstat(path))
        found[4] = 4321 if path == theirs else os.getuid()
        return os.stat_result(found)

    monkeypatch.setattr(pathlib.Path, "lstat", give_away)
    chosen, ((_, reason),) = cache_folder.choose("kernels-a")
    assert chosen is None
    assert reason == f"is not safe: {theirs} belongs to another user"


@posix_only
def test_a_named_folder_in_the_temporary_directory_is_looked_at_too(monkeypatch, temporary):
    shared = temporary / "shared"
    shared.mkdir()
    monkeypatch.setenv("MINIDET_CACHE", str(shared / "mine"))
    shared.chmod(0o777)
    assert "other users may write to" in cache_folder.choose("kernels-a").refused[0][1]
    shared.chmod(0o1777)  # as the temporary directory itself, or a file system that is mounted there
    assert cache_folder.choose("kernels-a").folder == shared / "mine" / "kernels-a"
    (shared / "mine" / "kernels-a").chmod(0o1777)
    assert cache_folder.choose("kernels-a").folder is None
    (shared / "mine" / "kernels-a").chmod(0o700)
    shared.chmod(0o755)
    assert cache_folder.choose("kernels-a").folder == shared / "mine" / "kernels-a"


@posix_only
def test_elsewhere_a_folder_is_the_users_own_affair(monkeypatch, tmp_path):
    shared = tmp_path / "shared"
    (shared / "kernels-a").mkdir(parents=True)
    shared.chmod(0o777)
    monkeypatch.setenv("MINIDET_CACHE", str(shared))
    assert cache_folder.choose("kernels-a") == (shared / "kernels-a", [])


@pytest.mark.slow
@pytest.mark.skipif(getattr(os, "getuid", lambda: 1)() != 0, reason="only root may become a user that is unknown")
def test_an_unknown_user_without_a_home(tmp_path):
    tmp_path.chmod(0o777)
    for folder in tmp_path.parents[: len(tmp_path.relative_to(tempfile.gettempdir()).parts) - 1]:
        folder.chmod(folder.stat().st_mode | 0o111)
    # The checkout and the virtual environment may lie in a folder that nobody else may enter: a copy of minidet, and
    # what it imports is loaded before.
    shutil.copytree(ROOT / "minidet", tmp_path / "minidet", ignore=shutil.ignore_patterns("__pycache__"))
    code = (
        f"import os, sys; sys.path[:0] = [{str(tmp_path)!r}]; import minidet.kernels\n"
        "for name in [name for name in sys.modules if name.split('.')[0] == 'minidet']: del sys.modules[name]\n"
        "os.setgid(54321); os.setuid(54321)\n"
        "import minidet; from minidet.kernels import jit; print(jit.folder_of_compiled() or '')"
    )
    environment = {"TMPDIR": str(tmp_path), "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    if os.environ.get("NUMBA_DISABLE_JIT", "0") == "0":
        assert pathlib.Path(done.stdout.strip()).parent == tmp_path / "minidet-54321"
