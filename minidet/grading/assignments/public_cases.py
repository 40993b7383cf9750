"""The public cases of an assignment on disk: ``assignment.json`` with the words, ``public.npz`` with the numbers.

What is written is the same every time: names in order, no time stamps, and no computed number in the JSON, because its
last digit may be another on another processor.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...errors import bad_argument
from .assignment import Assignment, Call, Part, Question, expected

CASES, NUMBERS = "assignment.json", "public.npz"
#: Fields of a call that are stored as they are.
PLAIN = ("function", "text", "picture", "rtol", "atol", "error")
#: Files in a zip archive bear this date: the first that the format knows.
NO_DATE = (1980, 1, 1, 0, 0, 0)


class PublicAssignment(NamedTuple):
    """What a student has: the questions, and calls whose results are stored.

    Attributes
    ----------
    name, title, term : str
    variants : dict of str to str
    questions : list of Question
        The cases of their parts ignore the generator: they return the stored calls, ``expected`` filled in.
    """

    name: str
    title: str
    term: str
    variants: dict[str, str]
    questions: list[Question]


def pack(assignment: Assignment) -> tuple[str, dict[str, np.ndarray]]:
    """Return the two files' contents: JSON text, and arrays by name."""
    arrays: dict[str, np.ndarray] = {}
    questions = []
    for question in assignment.questions:
        parts = []
        for part in question.parts:
            calls = [_pack_call(assignment, call, arrays) for call in public_calls(assignment, question, part)]
            parts.append({"name": part.name, "points": part.points, "hint": part.hint, "calls": calls})
        functions = list(question.functions)
        questions.append({"id": question.id, "title": question.title, "functions": functions, "parts": parts})
    content = {key: getattr(assignment, key) for key in ("name", "title", "term", "variants")}
    return json.dumps(content | {"questions": questions}, indent=1, sort_keys=True) + "\n", arrays


def public_calls(assignment: Assignment, question: Question, part: Part) -> list[Call]:
    """Draw the public calls: from a seed that no student has, so that the hidden ones are others."""
    digest = hashlib.sha256(f"public/{assignment.name}/{question.id}/{part.name}".encode()).digest()
    return assignment.calls(question, part, np.random.default_rng(list(digest)))


def read_public(folder: Path) -> PublicAssignment:
    """Read the two files of a released assignment."""
    folder = Path(folder)
    try:
        content = json.loads((folder / CASES).read_text(encoding="utf-8"))
        arrays = read_npz((folder / NUMBERS).read_bytes())
        questions = [_unpack_question(question, arrays) for question in content["questions"]]
        return PublicAssignment(*(content[key] for key in ("name", "title", "term", "variants")), questions)
    except (ValueError, KeyError, TypeError) as error:
        was, why = f"of {folder} is damaged", f"{type(error).__name__}: {error}"
        raise bad_argument("read_public", f"{CASES} or {NUMBERS}", was, "it as released", why) from None


def write_npz(arrays: dict[str, np.ndarray]) -> bytes:
    """Return an npz file: stored, not compressed, because compressors differ between machines."""
    contents = {}
    for name, array in arrays.items():
        file = io.BytesIO()
        np.lib.format.write_array(file, array, version=(1, 0), allow_pickle=False)
        contents[f"{name}.npy"] = file.getvalue()
    return write_zip(contents, zipfile.ZIP_STORED)


def read_npz(data: bytes) -> dict[str, np.ndarray]:
    """Return the arrays of an npz file; ``ValueError`` if it is none."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as numbers:
            return dict(numbers.items())
    except (OSError, EOFError, AttributeError, zipfile.BadZipFile) as error:  # cut off, or a single array
        raise ValueError(f"no npz file: {error}") from None


def write_zip(contents: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip archive without dates."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in contents.items():
            entry = zipfile.ZipInfo(name, NO_DATE)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data, compression)
    return file.getvalue()


def same_numbers(before: bytes, arrays: dict[str, np.ndarray]) -> bool:
    """Tell whether an npz file holds these arrays, but for rounding: processors add up in different orders."""
    try:
        old = read_npz(before)
    except ValueError:
        return False
    return list(old) == list(arrays) and all(_close(old[name], arrays[name]) for name in arrays)


def _close(old: np.ndarray, new: np.ndarray) -> bool:
    if (old.dtype, old.shape) != (new.dtype, new.shape):
        return False
    largest = np.abs(new[np.isfinite(new)]).max(initial=0)
    return np.allclose(old, new, rtol=1e-6, atol=1e-6 * float(largest), equal_nan=True)


def _pack_call(assignment: Assignment, call: Call, arrays: dict) -> dict:
    packed = {name: getattr(call, name) for name in PLAIN}
    packed |= {name: list(getattr(call, name)) for name in ("names", "parameters")}
    packed["args"] = [encode(arg, arrays) for arg in call.args]
    packed["kwargs"] = [[name, encode(value, arrays)] for name, value in (call.kwargs or {}).items()]
    packed["partial"] = call.check is not None
    packed["expected"] = encode(expected(assignment, call), arrays)
    return packed


def _unpack_question(packed: dict, arrays: dict) -> Question:
    parts = []
    for part in packed["parts"]:
        calls = [_unpack_call(call, arrays) for call in part["calls"]]
        parts.append(Part(part["name"], part["points"], lambda rng, variant, calls=calls: calls, hint=part["hint"]))
    return Question(packed["id"], packed["title"], tuple(packed["functions"]), parts)


def _unpack_call(packed: dict, arrays: dict) -> Call:
    args = tuple(decode(arg, arrays) for arg in packed["args"])
    kwargs = {name: decode(value, arrays) for name, value in packed["kwargs"]}
    fields = {name: packed[name] for name in PLAIN} | {name: tuple(packed[name]) for name in ("names", "parameters")}
    if packed["partial"]:  # more than one answer is right: any numbers in the right form will do
        fields["atol"] = np.inf
    return Call(args=args, kwargs=kwargs, expected=decode(packed["expected"], arrays), **fields)


def encode(value, arrays: dict[str, np.ndarray]):
    """Return JSON for a value; arrays and floating-point numbers go into ``arrays``, and JSON has their names."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, (float, np.ndarray)):
        name = f"n{len(arrays)}"
        arrays[name] = np.asarray(value)
        return {"float" if isinstance(value, float) else "array": name}
    if isinstance(value, (tuple, list)):
        return {type(value).__name__: [encode(item, arrays) for item in value]}
    if isinstance(value, dict):
        return {"dict": [[encode(key, arrays), encode(item, arrays)] for key, item in value.items()]}
    expected = "None, a number, a string, an array, or a tuple, list or dict of them"
    raise bad_argument("encode", "an argument or a result", f"is a {type(value).__name__}", expected, error=TypeError)


def decode(packed, arrays: dict[str, np.ndarray]):
    """Return the value that :func:`encode` was given."""
    if not isinstance(packed, dict):
        return packed
    ((kind, content),) = packed.items()
    if kind == "array":
        return arrays[content]
    if kind == "float":
        return float(arrays[content])
    if kind == "dict":
        return {decode(key, arrays): decode(item, arrays) for key, item in content}
    return {"tuple": tuple, "list": list}[kind](decode(item, arrays) for item in content)
