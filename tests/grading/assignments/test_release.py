"""What students get: no solution in it, and the same bytes every time."""

import io
import json
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest

from minidet.grading.assignments.assignment import Call
from minidet.grading.assignments.public_cases import (
    _pack_call,
    _unpack_call,
    decode,
    encode,
    pack,
    read_public,
    same_numbers,
    write_npz,
)
from minidet.grading.assignments.release import (
    notebook,
    release,
    release_all,
    release_zip,
    released_files,
    sources,
    term_of,
)
from minidet.grading.scoring.compare import compare

from ..toy import load_toy, write_toy


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_release(tmp_path):
    folder = release(load_toy(tmp_path), tmp_path / "out")
    assert folder == tmp_path / "out" / "a0_toy"
    assert set(contents(folder)) == {"a0_toy.ipynb", "assignment.json", "public.npz"}
    cells = json.loads((folder / "a0_toy.ipynb").read_text())["cells"]
    text = "\n\n".join("".join(cell["source"]) for cell in cells)
    assert text.count("raise NotImplementedError(") == 2
    assert "scaled = factor * x" not in text
    assert "SOLUTION" not in text
    assert "The first one counts." in text
    assert "last" not in text
    assert [cell["id"] for cell in cells] == [f"cell-{number}" for number in range(len(cells))]


def test_a_solved_notebook_is_for_tests(tmp_path):
    assert "scaled = factor * x" in notebook(load_toy(tmp_path), solved=True)


def test_nothing_is_touched_that_is_right(tmp_path):
    toy = load_toy(tmp_path)
    folder = release(toy, tmp_path)
    before = contents(folder)
    times = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    release(toy, tmp_path)
    assert contents(folder) == before
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == times


def test_numbers_of_another_processor_are_the_same_numbers(tmp_path):
    toy = load_toy(tmp_path)
    folder = release(toy, tmp_path)
    _, arrays = pack(toy)
    rounded = {
        name: np.nextafter(array, np.inf) if array.dtype.kind == "f" else array for name, array in arrays.items()
    }
    other = write_npz(rounded)
    assert other != (folder / "public.npz").read_bytes()
    (folder / "public.npz").write_bytes(other)
    release(toy, tmp_path)
    assert (folder / "public.npz").read_bytes() == other


@pytest.mark.parametrize("broken", [b"", b"PK", write_npz({"n0": np.zeros(3)})])
def test_numbers_that_are_wrong_are_written_again(tmp_path, broken):
    toy = load_toy(tmp_path)
    folder = release(toy, tmp_path)
    right = (folder / "public.npz").read_bytes()
    (folder / "public.npz").write_bytes(broken)
    release(toy, tmp_path)
    assert (folder / "public.npz").read_bytes() == right


def test_same_numbers():
    arrays = {"a": np.array([1.0, np.nan]), "b": np.array([3])}
    assert same_numbers(write_npz(arrays), arrays)
    assert not same_numbers(write_npz(arrays), {"a": arrays["a"]})
    assert not same_numbers(write_npz(arrays), arrays | {"a": np.array([1.001, np.nan])})
    assert not same_numbers(write_npz(arrays), arrays | {"a": np.array([1.0, 2.0])})
    assert not same_numbers(write_npz(arrays), arrays | {"b": np.array([3.0])})
    assert not same_numbers(write_npz(arrays), arrays | {"b": np.array([[3]])})


def test_npz_is_what_numpy_reads_and_has_no_dates():
    arrays = {"a": np.asfortranarray(np.ones((2, 3))), "b": np.float64(2.5)}
    data = write_npz(arrays)
    read = np.load(io.BytesIO(data), allow_pickle=False)
    assert read["a"].flags.f_contiguous
    assert float(read["b"]) == 2.5
    assert {entry.date_time for entry in zipfile.ZipFile(io.BytesIO(data)).infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize(
    "value",
    [None, True, 3, "text", 2.5, float("nan"), (1, [2, "x"]), {"a": (1,), 3: None}, np.arange(4).reshape(2, 2), (), {}],
)
def test_every_kind_of_value_comes_back(value):
    arrays = {}
    packed = json.loads(json.dumps(encode(value, arrays), allow_nan=False))
    back = decode(packed, arrays)
    assert type(back) is type(value)
    np.testing.assert_equal(back, value)


def test_numpy_scalars_become_numbers_and_other_things_are_refused():
    assert encode(np.int64(3), {}) == 3
    with pytest.raises(TypeError, match="encode: an argument or a result is a set, expected None, a number"):
        encode({1, 2}, {})


def test_what_is_read_is_what_was_written(tmp_path):
    toy = load_toy(tmp_path)
    public = read_public(release(toy, tmp_path))
    assert (public.name, public.title, public.term, public.variants) == ("a0_toy", "A toy", "2026s", {"q2": "first"})
    for question, mine in zip(public.questions, toy.questions, strict=True):
        assert (question.id, question.title, question.functions) == (mine.id, mine.title, mine.functions)
        assert [part[:] for part in map(about, question.parts)] == [about(part) for part in mine.parts]
    call = public.questions[0].parts[0].cases(None, None)[0]
    assert (call.function, call.text, call.picture, call.parameters) == ("scale", "a matrix", True, ("x", "factor"))
    assert call.names == ("scaled", "total")
    scaled, total = call.expected
    np.testing.assert_allclose(scaled, 2.5 * call.args[0])
    assert total == pytest.approx(scaled.sum())
    assert public.questions[1].parts[1].cases(None, None)[1].error == "ValueError"


def test_keyword_arguments_keep_their_order():
    arrays = {}
    toy = SimpleNamespace(reference={"f": lambda **kwargs: 1})
    packed = _pack_call(toy, Call("f", (), {"stride": 2, "padding": 1}), arrays)
    assert list(_unpack_call(json.loads(json.dumps(packed, sort_keys=True)), arrays).kwargs) == ["stride", "padding"]


def test_where_more_than_one_answer_is_right_only_the_form_is_compared():
    arrays = {}
    toy = SimpleNamespace(reference={"f": lambda: (np.zeros(3), 1)})
    call = _unpack_call(_pack_call(toy, Call("f", (), check=lambda value, call: None), arrays), arrays)
    assert compare((np.ones(3), 7), call, call.expected).ok
    assert not compare((np.ones(4), 7), call, call.expected).ok


def about(part):
    return part.name, part.points, part.hint


@pytest.mark.parametrize("name, content", [
    ("assignment.json", b"{"), ("assignment.json", b"[]"), ("assignment.json", b'{"questions": []}'),
    ("public.npz", b""), ("public.npz", b"PK\x03\x04"), ("public.npz", write_npz({})),
])  # fmt: skip
def test_damaged_files_are_said_in_words(tmp_path, name, content):
    folder = release(load_toy(tmp_path), tmp_path)
    (folder / name).write_bytes(content)
    with pytest.raises(
        ValueError, match="read_public: assignment.json or public.npz of .* is damaged, expected it as released"
    ):
        read_public(folder)


def test_the_archive_holds_what_is_released_and_nothing_else(tmp_path):
    folder = release(load_toy(tmp_path), tmp_path)
    (folder / "my_notes.txt").write_text("solutions")
    path = release_zip(folder, tmp_path / "zips")
    archive = zipfile.ZipFile(path)
    assert archive.namelist() == ["a0_toy/a0_toy.ipynb", "a0_toy/assignment.json", "a0_toy/public.npz"]
    assert archive.read("a0_toy/public.npz") == (folder / "public.npz").read_bytes()
    first = path.read_bytes()
    assert release_zip(folder, tmp_path / "zips").read_bytes() == first
    (folder / "public.npz").unlink()
    with pytest.raises(ValueError, match="has no public.npz, expected a released assignment"):
        released_files(folder)


def test_all_of_a_folder(tmp_path):
    write_toy(tmp_path)
    assert [source.name for source in sources(tmp_path)] == ["a0_toy"]
    assert term_of(tmp_path) == "2026s"
    (folder,) = release_all(tmp_path, "2027s")
    assert term_of(tmp_path) == "2027s"
    assert read_public(folder).term == "2027s"
