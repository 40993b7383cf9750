"""One stage of a page: what goes in and comes out, how long it takes, where its code is, and what it looks like."""

from __future__ import annotations

import inspect
import pathlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ...autograd import Tensor
from ...nn import Identity, Sequential
from .maps import features_picture, heat, smaller, strength_picture
from .recorder import Call

PACKAGE = pathlib.Path(__file__).resolve().parents[3]
MOST_BARS = 40
MOST_MAPS = 4  # results of one stage that are drawn


@dataclass(frozen=True)
class Picture:
    """Pixels uint8 (H, W, 3 or 4), and what they show; ``large`` is as wide as the page allows."""

    pixels: np.ndarray
    caption: str
    large: bool = False


@dataclass(frozen=True)
class Bars:
    """Numbers with names."""

    names: Sequence[str]
    values: Sequence[float]
    caption: str


@dataclass
class Stage:
    """One section of the page.

    Attributes
    ----------
    title, words : str
        What it is called, and what is to be known of it.
    takes, gives : str
        Shapes.
    seconds : float, optional
    source : str
        As :func:`source_of` returns it.
    pictures : list of Picture or Bars
    inner : list of Call
        Calls that are listed below it.
    """

    title: str
    words: str = ""
    takes: str = ""
    gives: str = ""
    seconds: float | None = None
    source: str = ""
    pictures: list = field(default_factory=list)
    inner: list[Call] = field(default_factory=list)


def source_of(thing) -> str:
    """Return the file and the name of a class, a function or an object's class: ``minidet/ops/nms.py: nms``."""
    named = thing if inspect.isclass(thing) or inspect.isroutine(thing) else type(thing)
    try:
        path = pathlib.Path(inspect.getsourcefile(named)).resolve()
    except (TypeError, OSError):
        return named.__qualname__
    inside = path.relative_to(PACKAGE).as_posix() if path.is_relative_to(PACKAGE) else path.name
    return f"{inside}: {named.__qualname__}"


def stages_of(call: Call, classes: Sequence[str] = ()) -> list[Stage]:
    """Return a stage for each call inside a model's; layers in a row (``Sequential``) count one by one."""
    return [stage_of(inner, classes) for inner in parts_of(call)]


def parts_of(call: Call) -> list[Call]:
    """Return the calls inside a model's call, layers in a row one by one; the call itself if there is none."""
    parts = []
    for inner in call.inner:
        if type(inner.module) is Identity:
            continue
        parts += inner.inner if type(inner.module) is Sequential and inner.inner else [inner]
    return parts or [call]


def stage_of(call: Call, classes: Sequence[str] = ()) -> Stage:
    """Return the stage of a call: its shapes, and pictures of what it returned."""
    title = f"{call.name or 'the model'}: {type(call.module).__name__}"
    inner = list(call.walk())[1:]
    pictures = []
    for name, array in list(arrays_in(call.result))[:MOST_MAPS]:
        pictures += pictures_of(array, name, classes)
    return Stage(title, first_line(type(call.module)), call.takes, call.gives, call.seconds, source_of(call.module),
                 pictures, inner)  # fmt: skip


def first_line(thing) -> str:
    """Return the first line of what a class says of itself."""
    return (inspect.cleandoc(vars(thing).get("__doc__") or "").splitlines() or [""])[0].replace("``", "")


def arrays_in(value, name: str = ""):
    """Yield names and arrays of what a module returned."""
    if isinstance(value, (Tensor, np.ndarray)):
        yield name, value.detach().numpy() if isinstance(value, Tensor) else value
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from arrays_in(part, f"stride {key}" if isinstance(key, int) else f"{key}")
    elif isinstance(value, (list, tuple)):
        for i, part in enumerate(value):
            yield from arrays_in(part, name or f"{i + 1} of {len(value)}")


def pictures_of(array: np.ndarray, name: str = "", classes: Sequence[str] = ()) -> list:
    """Return pictures of an array, of its first image if it has several: maps, bars of few numbers, a table as heat."""
    if not array.size or array.dtype.kind not in "biuf":
        return []
    array = array.astype(np.float64)
    with np.errstate(all="ignore"):
        scale = f"{np.min(array):.3g} to {np.max(array):.3g}"
    title = f"{name}: " if name else ""
    if array.ndim == 4 and array.shape[2] * array.shape[3] > 1:
        maps = array[0]
        pixels, shown = features_picture(maps)
        size = f"{maps.shape[1]} x {maps.shape[2]}"
        some = f"the first {shown} of {len(maps)} channels" if shown < len(maps) else f"all channels ({shown})"
        strength = Picture(
            strength_picture(maps), f"{title}strength, the mean of |x| over {len(maps)} channels; {size}"
        )
        return [strength, Picture(pixels, f"{title}{some}, each on its own scale; in all {scale}")]
    row = array.reshape(len(array), -1) if array.ndim > 1 else array[None]
    if len(row) == 1 and row.shape[1] <= MOST_BARS:
        return [Bars(names_for(row.shape[1], classes), row[0].tolist(), f"{title}{scale}")]
    if len(row) == 1:
        side = int(np.ceil(np.sqrt(row.shape[1])))
        row = np.pad(row[0], (0, side * side - row.shape[1]), constant_values=np.nan).reshape(side, side)
        return [Picture(heat(row), f"{title}{array.size} numbers, row by row; {scale}")]
    return [Picture(heat(smaller(row)), f"{title}{row.shape[0]} rows of {row.shape[1]} numbers; {scale}")]


def names_for(count: int, classes: Sequence[str]) -> list[str]:
    """Return names of numbers: of the classes, or of those without the background, if they are as many."""
    for names in (list(classes), list(classes)[1:]):
        if len(names) == count:
            return names
    return [str(i) for i in range(count)]
