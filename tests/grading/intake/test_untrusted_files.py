"""Files that students sent."""

import io
import os
import zipfile

import pytest

from minidet.grading.intake import untrusted_files
from minidet.grading.intake.untrusted_files import (
    Found,
    Refused,
    list_files,
    list_links,
    list_zip,
    printable,
    read_file,
)


def found(path, member=""):
    return Found(path, (member or path.name).rpartition("/")[2], 0.0, member)


def make_zip(path, entries):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return found(path)


def test_plain_files_are_listed_with_their_folders(tmp_path):
    (tmp_path / "b/c").mkdir(parents=True)
    (tmp_path / ".ipynb_checkpoints").mkdir()
    for name in ("a.py", "b/c/d.py", ".hidden", ".ipynb_checkpoints/a.py"):
        (tmp_path / name).write_text("")
    assert [(item.name, item.folders) for item in list_files(tmp_path)] == [("a.py", ()), ("d.py", ("b", "c"))]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_links_and_pipes_are_not_followed(tmp_path):
    (tmp_path / "in").mkdir()
    secret = tmp_path / "secret.py"
    secret.write_text("password")
    (tmp_path / "in/link.py").symlink_to(secret)
    (tmp_path / "in/folder").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "in/pipe.py")
    assert list(list_files(tmp_path / "in")) == []
    assert list_links(tmp_path / "in") == ["folder", "link.py"]
    with pytest.raises(Refused, match="is a link"):
        read_file(found(tmp_path / "in/link.py"))
    with pytest.raises(Refused, match="no plain file"):  # and returns: a pipe without a writer would be waited for
        read_file(found(tmp_path / "in/pipe.py"))


def test_too_many_files_and_folders_too_deep_are_refused(tmp_path, monkeypatch):
    deep = tmp_path
    for _ in range(untrusted_files.LIMIT_DEPTH + 1):
        deep /= "x"
    deep.mkdir(parents=True)
    with pytest.raises(Refused, match="deep"):
        list(list_files(tmp_path))
    monkeypatch.setattr(untrusted_files, "LIMIT_ENTRIES", 3)
    for number in range(4):
        (tmp_path / f"{number}.py").write_text("")
    with pytest.raises(Refused, match="more than 3 files"):
        list(list_files(tmp_path))


def test_a_large_file_is_refused_unread(tmp_path):
    path = tmp_path / "large.ipynb"
    with path.open("wb") as file:
        file.truncate(200_000_000)  # takes no room on the disk
    with pytest.raises(Refused, match=r"large.ipynb is larger than 20 MB"):
        read_file(found(path))


@pytest.mark.parametrize("name", ["../out.py", "/etc/out.py", "a/../../out.py", "..\\out.py", "C:/out.py"])
def test_a_zip_that_leads_out_is_refused(tmp_path, name):
    with pytest.raises(Refused, match="leads out of its folder"):
        list_zip(make_zip(tmp_path / "a.zip", {name: "x", "a.py": "y"}))


def test_a_link_in_a_zip_is_refused(tmp_path):
    link = zipfile.ZipInfo("a.py")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(Refused, match="leads out"):
        list_zip(found(tmp_path / "a.zip"))


def test_a_zip_bomb_stops_at_the_limit(tmp_path):
    make_zip(tmp_path / "a.zip", {"dir/a.py": b"0" * 30_000_000})
    assert (tmp_path / "a.zip").stat().st_size < 100_000
    (entry,) = list_zip(found(tmp_path / "a.zip"))
    assert (entry.name, entry.folders) == ("a.py", ("dir",))
    with pytest.raises(Refused, match="larger than 20 MB"):
        read_file(entry)


def test_a_zip_of_very_many_entries_is_refused_before_it_is_listed(tmp_path, monkeypatch):
    zipped = make_zip(tmp_path / "a.zip", {f"{number}.txt": "" for number in range(30)})
    monkeypatch.setattr(untrusted_files, "LIMIT_LISTED", 29)
    monkeypatch.setattr(untrusted_files.zipfile, "ZipFile", None)
    with pytest.raises(Refused, match="a.zip has more than 29 entries"):
        list_zip(zipped)


@pytest.mark.parametrize("before", [0, 1, (1 << 20) - 3, (1 << 20) - 2, (1 << 20) - 1, 1 << 20, (2 << 20) - 2])
def test_marks_are_counted_across_blocks(before):
    file = io.BytesIO(b"x" * before + b"PK\1\2" * 2)
    assert (untrusted_files._count(file, b"PK\1\2"), file.tell()) == (2, 0)


def test_damaged_zips_are_refused(tmp_path):
    make_zip(tmp_path / "a.zip", {"a.py": os.urandom(3000)})
    data = bytearray((tmp_path / "a.zip").read_bytes())
    data[500] ^= 255
    (tmp_path / "b.zip").write_bytes(data)
    with pytest.raises(Refused, match="damaged"):
        read_file(found(tmp_path / "b.zip", "a.py"))
    (tmp_path / "c.zip").write_bytes(b"PK\3\4 no zip")
    with pytest.raises(Refused, match="no zip file"):
        list_zip(found(tmp_path / "c.zip"))


def test_an_entry_is_read(tmp_path):
    make_zip(tmp_path / "a.zip", {"a.py": b"print()"})
    assert read_file(found(tmp_path / "a.zip", "a.py")) == b"print()"


def test_a_virtual_environment_is_passed_over(tmp_path, monkeypatch):
    monkeypatch.setattr(untrusted_files, "LIMIT_ENTRIES", 20)
    (tmp_path / "a.py").write_text("")
    for folder in ("venv", "."):  # in a folder of its own, or right where the work is
        (tmp_path / folder / "lib/python3/site-packages").mkdir(parents=True)
        (tmp_path / folder / "bin").mkdir()
        (tmp_path / folder / "pyvenv.cfg").write_text("")
        (tmp_path / folder / "bin/python").symlink_to("/usr/bin/python3")
        for number in range(30):
            (tmp_path / folder / f"lib/python3/site-packages/{number}.py").write_text("")
    assert [item.name for item in list_files(tmp_path) if item.name != "pyvenv.cfg"] == ["a.py"]
    assert list_links(tmp_path) == []
    names = [
        str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file() and not path.is_symlink()
    ]
    listed = list_zip(make_zip(tmp_path / "a.zip", dict.fromkeys(names, "")))
    assert [item.name for item in listed if item.name != "pyvenv.cfg"] == ["a.py"]


def test_what_can_be_listed_comes_before_the_refusal(tmp_path, monkeypatch):
    """What lies above is listed first, so that one folder of pictures costs nobody the notebook beside it."""
    monkeypatch.setattr(untrusted_files, "LIMIT_ENTRIES", 5)
    (tmp_path / "aaa").mkdir()
    (tmp_path / "z.py").write_text("")
    for number in range(9):
        (tmp_path / f"aaa/{number}.png").write_text("")
    listing = list_files(tmp_path)
    assert next(listing).name == "z.py"
    with pytest.raises(Refused, match="more than 5 files"):
        list(listing)


def test_a_zip_of_windows_is_read(tmp_path):
    (tmp_path / "a.zip").write_bytes(make_zip(tmp_path / "b.zip", {"work|sub|a.py": b"print()", "work|": b""}).path
                                     .read_bytes().replace(b"|", b"\\"))  # fmt: skip
    (entry,) = list_zip(found(tmp_path / "a.zip"))
    assert (entry.name, entry.folders) == ("a.py", ("work", "sub"))
    assert read_file(entry) == b"print()"


def test_printable():
    assert printable("a\x1b[31m\n\u202eb\udc80") == "a?[31m??b?"
    assert len(printable("y" * 500)) == 100
