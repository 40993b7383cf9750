"""The answers are taken out of what was handed in, and nothing else is; nothing is run."""

import json
import os

import pytest

from minidet.grading.intake.answers import read_answers

ANSWER = "# answer: q1\ndef f(x):\n    return x"


def write(path, *sources, kind="code"):
    cells = [{"cell_type": kind, "source": source, "metadata": {}, "outputs": []} for source in sources]
    path.write_text(json.dumps({"cells": cells, "nbformat": 4}))
    return path


def test_answers_of_a_notebook(tmp_path):
    path = write(tmp_path / "a.ipynb", "print(1)", ANSWER, 'check("q1")', "# answer: q2\ny = 2", "# answer: q1\nz = 3")
    assert read_answers(path) == {"q1": [ANSWER, "# answer: q1\nz = 3"], "q2": ["# answer: q2\ny = 2"]}


def test_markdown_is_no_answer(tmp_path):
    assert read_answers(write(tmp_path / "a.ipynb", ANSWER, kind="markdown")) == {}


def test_answers_of_a_python_file(tmp_path):
    path = tmp_path / "a.py"
    path.write_text(f"import os\n\n# %%\n{ANSWER}\n\n# %% [markdown]\n# # answer: q2\n")
    assert read_answers(path) == {"q1": [ANSWER]}


def test_a_file_without_cells_is_cut_at_its_marks(tmp_path):
    """A mistake in one answer costs no other; the imports are everybody's."""
    path = tmp_path / "a.py"
    path.write_text("import math\n# Answer: Q1\nx = 1\n# answer: q2 (done)\ny = (\n# %% x=y\nprint()\n")
    answers = read_answers(path)
    assert set(answers) == {"q1", "q2"}
    assert all("import math" in "".join(sources) for sources in answers.values())
    assert "y = (" not in "".join(answers["q1"])
    assert "print" not in "".join(answers["q2"])


def test_magic_lines_are_left_out_and_lines_keep_their_numbers(tmp_path):
    source = "# answer: q1\n%timeit f(2)\n!ls\nx = (5\n% 3)\n%%time\ny = 1"
    assert read_answers(write(tmp_path / "a.ipynb", source))["q1"] == ["# answer: q1\n\n\nx = (5\n% 3)\n\ny = 1"]


def test_nothing_is_run(tmp_path):
    mark = tmp_path / "ran"
    read_answers(write(tmp_path / "a.ipynb", f"# answer: q1\nopen({str(mark)!r}, 'w')"))
    assert not mark.exists()


def test_a_byte_order_mark_is_no_mistake(tmp_path):
    path = tmp_path / "a.py"
    path.write_bytes(b"\xef\xbb\xbf" + ANSWER.encode())
    assert read_answers(path) == {"q1": [ANSWER]}


def test_what_is_too_large_is_refused(tmp_path):
    path = write(tmp_path / "a.ipynb", "x" * 1000)
    with pytest.raises(ValueError, match=r"read_answers: the file is larger than 0.0005 MB, expected less"):
        read_answers(path, limit_bytes=500)


def test_a_large_file_is_not_read_to_its_end(tmp_path):
    path = tmp_path / "a.ipynb"
    with path.open("wb") as file:
        file.truncate(200_000_000_000)  # takes no room on the disk
    with pytest.raises(ValueError, match="is larger than 20 MB"):
        read_answers(path)


@pytest.mark.parametrize("name, content, words", [
    ("a.ipynb", b"\xff\xfe\x00", "is not text"),
    ("a.ipynb", b"{", "is no JSON"),
    ("a.docx", b"", "is 'a.docx', expected a notebook"),
])  # fmt: skip
def test_what_cannot_be_read_is_said_in_words(tmp_path, name, content, words):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"the file {words}"):
        read_answers(path)


def test_a_folder_a_pipe_and_nothing_are_no_files(tmp_path):
    (tmp_path / "folder.ipynb").mkdir()
    with pytest.raises(ValueError, match="is a folder or a device, expected a plain file"):
        read_answers(tmp_path / "folder.ipynb")
    with pytest.raises(ValueError, match="cannot be read, expected a file: No such file"):
        read_answers(tmp_path / "nothing.ipynb")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.ipynb")
        with pytest.raises(ValueError, match="is a folder or a device"):
            read_answers(tmp_path / "pipe.ipynb")
