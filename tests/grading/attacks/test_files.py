"""Code that writes or reads files."""

import os
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest

import minidet
from minidet.grading.sandbox.session import Limits, Session

PACKAGE = Path(minidet.__file__).parent


def test_a_huge_file_is_refused(play_everywhere):
    end = play_everywhere("def f(x):\n    with open('/student/a', 'wb') as file: file.truncate(10**9)\n    return x")
    assert end.reply.kind == "error"
    assert "too large" in end.reply.words
    assert end.honest_right


def test_many_files_fill_only_their_own_folder(play_everywhere):
    source = """
    def f(x):
        written = 0
        try:
            for i in range(10**6):
                with open(f"/student/{i}", "wb", buffering=0) as file: written += file.write(bytes(10**6))
        except OSError:
            return written
    """
    end = play_everywhere(source, temporary=4_000_000, file=2_000_000)
    assert end.reply.kind == "value"
    assert 2_000_000 <= end.reply.value <= 5_000_000
    assert end.honest_right


def test_a_sparse_file_is_no_way_around(play):
    source = "import os\ndef f(x):\n    a = os.open('/student/a', os.O_RDWR | os.O_CREAT)\n    os.posix_fallocate(a, 0, 10**9)"
    assert play(source).reply.kind == "error"


def test_its_own_folder_is_there_and_is_empty_again_for_the_next(sandbox):
    answers = {
        "q1": "import os\ndef f():\n    before = os.listdir('.')\n    open('mine', 'w').write('a')\n    return [before, os.getcwd()]"
    }
    for _ in range(2):
        with Session(answers, limits=Limits(), sandbox=sandbox) as session:
            assert session.call("q1", "f").value == [[], "/student"]


@pytest.fixture
def treasure(tmp_path):
    """What a student would like to change, where every user of the machine could."""
    names = ["report/feedback.html", "gradebook.csv", "submissions/anna.ipynb", "home/.bashrc", "site/sitecustomize.py"]
    tmp_path.chmod(0o777)
    for folder in list(tmp_path.parents)[:2]:
        folder.chmod(folder.stat().st_mode | 0o111)
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.parent.chmod(0o777)
        path.write_text(f"this is {name}")
        path.chmod(0o666)
    return [tmp_path / name for name in names]


WRITE = """
import os, shutil
def f(x):
    done = []
    for path in PATHS:
        for attack in (lambda: open(path, "w").write("A+"), lambda: open(path).read(), lambda: os.remove(path),
                       lambda: os.chmod(path, 0), lambda: os.listdir(os.path.dirname(path)), lambda: os.stat(path),
                       lambda: os.rename(path, path + "2"), lambda: os.rmdir(os.path.dirname(path)),
                       lambda: os.symlink(path, "/student/link") or open("/student/link").read(),
                       lambda: os.link(path, "/student/hard"), lambda: os.chdir(os.path.dirname(path)),
                       lambda: open("/student/../../../../../.." + path, "w")):
            try:
                attack()
                done.append(path)
            except OSError:
                pass
            if os.path.islink("/student/link"): os.remove("/student/link")
    return done
"""


def test_files_of_the_grader_are_out_of_reach(play_everywhere, treasure):
    before = [path.stat() for path in treasure]
    end = play_everywhere(WRITE.replace("PATHS", repr([str(path) for path in treasure])))
    assert end.reply.kind == "value", end.reply
    assert end.reply.value == []
    for path, old in zip(treasure, before, strict=True):
        assert path.read_text().startswith("this is ")
        assert (path.stat().st_mtime_ns, path.stat().st_mode) == (old.st_mtime_ns, old.st_mode)


def test_start_up_files_of_the_worker_cannot_be_written(play_everywhere):
    """Neither what Python reads when it starts, nor NumPy, nor the worker itself."""
    end = play_everywhere(
        """
        import os, sys, sysconfig
        def f(x):
            folders = [os.path.dirname(np.__file__), sysconfig.get_path("stdlib"), os.path.dirname(sys.executable),
                       "/grader", "/", "/etc", "/root", "/home", os.path.expanduser("~/.config"), *sys.path]
            done = []
            for folder in folders:
                for name in ("sitecustomize.py", "usercustomize.py", "codec.py", "a.pth", ".bashrc", "__init__.py"):
                    try:
                        open(os.path.join(folder, name), "a").close()
                        done.append(os.path.join(folder, name))
                    except OSError:
                        pass
            return done
        """
    )
    assert end.reply.value == []


def test_another_submission_sees_nothing_of_what_was_left(sandbox):
    """Files that Python runs when it starts, written to the only folder there is, are gone before the next starts."""
    names = ("sitecustomize.py", "usercustomize.py", "numpy.py", "json.py", "walls.py", ".bashrc", "pyvenv.cfg")
    leave = f"def f():\n    for name in {names}: open(name, 'w').write('raise SystemExit')\n    import os; os._exit(0)"
    with Session({"q1": leave, "q2": "import os\ndef g(): return os.listdir('/student')"}, sandbox=sandbox) as session:
        assert session.call("q1", "f").kind == "died"
        assert session.call("q2", "g").value == []


def test_only_python_and_numpy_are_on_the_disk(play_everywhere):
    """A walk over all there is: no home, no shell, no minidet, no set-user-id program, no process information.

    What may be there is known by its folder: any word may be part of the path of a virtual environment.
    """
    numpy = Path(np.__file__).parent
    library = [sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")]
    folders = [f"{folder}/" for folder in (numpy, numpy.parent / "numpy.libs", *library)]
    files = ["/grader/codec.py", "/grader/walls.py", "/grader/worker.py", os.path.realpath(sys.executable)]
    files += ["/etc/ld.so.cache", "/dev/null", "/dev/zero", "/dev/urandom"]
    packages = [f"{folder}/{name}/" for folder in library for name in ("site-packages", "dist-packages")]
    within = [f"{numpy.parent}/numpy"]  # in the standard library's folder where Python is no virtual environment
    end = play_everywhere(
        f"""
        import os, re
        def f(x):
            found, programs = [], []
            for folder, folders, files in os.walk("/"):
                for name in files:
                    path = os.path.join(folder, name)
                    found.append(path)
                    if os.stat(path).st_mode & 0o6000: programs.append(path)
            def is_known(path):
                if path.startswith(tuple({packages})): return path.startswith(tuple({within}))
                is_shared = re.search(r"[.]so([.][0-9]+)*$", path) and not path.startswith({str(PACKAGE)!r})
                return path in {files} or path.startswith(tuple({folders})) or is_shared
            return [len(found), programs, [path for path in found if not is_known(path)][:100]]
        """,
        call=20.0,
    )
    assert end.reply.kind == "value", end.reply
    number, programs, unknown = end.reply.value
    assert number > 500
    assert programs == []
    assert unknown == []
