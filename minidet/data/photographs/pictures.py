"""Reading pictures of any kind: upright, and in one range.

Every picture that minidet reads comes through :func:`open_picture`. Pillow has many decoders, and each fails in its own
ways (``OSError``, ``SyntaxError``, ``struct.error``, ...); here all of it becomes one message that names the file.
"""

from __future__ import annotations

import io
import os
import pathlib
import stat
from typing import NamedTuple

import numpy as np
from PIL import Image

from ...errors import bad_argument

#: How a picture is turned upright, for each value of its EXIF orientation (EXIF 2.32, tag 274) but 1.
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
#: Each turn is a mirror of columns, then one of rows, then an exchange of the two (``SIDEWAYS``): where it has them.
_MIRRORS_X = {Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_90,
              Image.Transpose.TRANSVERSE}  # fmt: skip
_MIRRORS_Y = {Image.Transpose.FLIP_TOP_BOTTOM, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270,
              Image.Transpose.TRANSVERSE}  # fmt: skip
SIDEWAYS = {
    Image.Transpose.TRANSPOSE,
    Image.Transpose.TRANSVERSE,
    Image.Transpose.ROTATE_90,
    Image.Transpose.ROTATE_270,
}
_ORIENTATION, _BITS = 0x0112, 258  # tags of EXIF and TIFF
_SPREAD = {"L;2": 85, "L;4": 17}  # grey PNGs of 2 or 4 bits: Pillow makes their white 255


class _Facts(NamedTuple):
    white: int | None  # the largest number that more than 8 bits of grey can hold; None where nobody knows
    spread: int  # what Pillow multiplied grey of fewer bits with
    turn: Image.Transpose | None = None  # how it was turned upright


def open_picture(op: str, argument: str, source: str | os.PathLike | bytes, name=None) -> Image.Image:
    """Decode a picture, and turn it upright as its EXIF orientation says.

    Parameters
    ----------
    op, argument : str
        Who asks, and for what: for the error.
    source : path, or bytes
        A file, or what one holds.
    name : path, optional
        What to call bytes.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no picture, is damaged, or has more than ``PIL.Image.MAX_IMAGE_PIXELS`` pixels.
    """
    if not isinstance(source, (str, os.PathLike, bytes)):
        raise bad_argument(op, argument, f"is a {type(source).__name__}", "the path of a picture", error=TypeError)
    name = source if name is None and not isinstance(source, bytes) else name
    expected = "a picture that Pillow can read"
    try:
        if not isinstance(source, bytes) and stat.S_ISFIFO(os.stat(source).st_mode):
            raise ValueError("this is a pipe")  # opening one waits for whoever writes into it
        # from a file: given its path, Pillow 13 maps a TIFF into memory, and forgets that its sides change places
        with _opened(source) as file, Image.open(file) as picture:
            size, limit = picture.size, Image.MAX_IMAGE_PIXELS
            if limit is None or size[0] * size[1] <= limit:
                facts = _facts(picture)
                picture.load()
                turn = UPRIGHT.get(_orientation(picture))
                upright = picture.copy() if turn is None else picture.transpose(turn)
                upright.info = {**picture.info, "minidet": facts._replace(turn=turn)}
                return upright
    except FileNotFoundError as error:
        raise bad_argument(op, argument, f"is {name}", expected, "there is no such file", FileNotFoundError) from error
    except IsADirectoryError as error:
        raise bad_argument(op, argument, f"is {name}", expected, "this is a folder") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise bad_argument(op, argument, f"is {name}", _at_most(), str(error).rstrip(".")) from error
    except Exception as error:  # whatever a decoder meets in a damaged file
        why = str(error).rstrip(".") or type(error).__name__
        raise bad_argument(op, argument, f"is {name}", expected, why) from error
    raise bad_argument(op, argument, f"is {name}", _at_most(), f"it has {size[0]} x {size[1]}")


def read_rgb(op: str, argument: str, path: str | os.PathLike) -> np.ndarray:
    """Read a picture as RGB float32 (3, H, W) in [0, 1]; see :func:`rgb`."""
    pixels = rgb(op, argument, open_picture(op, argument, path), path)
    planes = np.ascontiguousarray(pixels.transpose(2, 0, 1), np.float32)
    return planes / np.float32(255) if pixels.dtype == np.uint8 else planes


def rgb(op: str, argument: str, picture: Image.Image, name) -> np.ndarray:
    """Return the colours of a picture (H, W, 3): uint8, or float32 in [0, 1] where it has more than 8 bits.

    Grey is spread over the three channels. What is transparent lies on white, as on a page. Integers are divided by the
    largest number of their type (16 bits: 65535); real numbers have to be in [0, 1]: nothing says what else white is.
    """
    if picture.mode == "F" or picture.mode.startswith("I"):
        grey = _deep_grey(op, argument, picture, name)
        return np.broadcast_to(grey[..., None], (*grey.shape, 3))
    try:
        if picture.has_transparency_data:
            layer = picture.convert("RGBA")
            picture = Image.new("RGBA", layer.size, "white")
            picture.alpha_composite(layer)
        return np.asarray(picture.convert("RGB"))
    except (ValueError, OSError) as error:
        raise bad_argument(op, argument, f"is {name}, of mode {picture.mode}", "grey or colours", str(error)) from error


def _deep_grey(op: str, argument: str, picture: Image.Image, name) -> np.ndarray:
    """Return grey of more than 8 bits as float32 (H, W) in [0, 1]."""
    values = np.asarray(picture)
    if picture.mode == "F":
        if not (np.isfinite(values).all() and values.min(initial=0) >= 0 and values.max(initial=0) <= 1):
            with np.errstate(all="ignore"):
                was = f"is {name}, with real numbers from {values.min():g} to {values.max():g}"
            raise bad_argument(op, argument, was, "numbers in [0, 1]", "nothing says which of them is white")
        return values.astype(np.float32)
    white = picture.info["minidet"].white
    if white is None:
        why = "nothing says which number is white"
        raise bad_argument(op, argument, f"is {name}, with integers of 32 bits or a sign", "8 or 16 bits", why)
    grey = values.astype(np.float32) / np.float32(white)
    clear = picture.info.get("transparency")
    return np.where(values == clear, np.float32(1), grey) if isinstance(clear, int) else grey


def read_labels(op: str, argument: str, path: str | os.PathLike) -> np.ndarray:
    """Read a picture whose pixels are labels, not colours: an integer array (H, W), upright like its image.

    Palettes stay numbers. Grey of fewer than 8 bits is what the file holds, not what Pillow spreads it to.
    """
    picture = open_picture(op, argument, path)
    if picture.mode not in ("1", "L", "P", "I") and not picture.mode.startswith("I;16"):
        raise bad_argument(op, argument, f"is {path}, of mode {picture.mode}", "one integer per pixel",
                           "save labels as grey or with a palette, without transparency")  # fmt: skip
    labels = np.array(picture)
    return (
        labels.astype(np.uint8) if picture.mode == "1" else labels // labels.dtype.type(picture.info["minidet"].spread)
    )


def _orientation(picture: Image.Image) -> int | None:
    """Return the EXIF orientation, None where there is none, or none that can be read: viewers show it as it is, then.

    To ask after the picture was decoded: Pillow turns TIFF files itself, and then takes the note out.
    """
    try:
        return picture.getexif().get(_ORIENTATION)
    except Exception:  # noqa: BLE001 - cut in any way; a damaged note is no damaged picture
        return None


def turn_boxes(boxes: np.ndarray, turn: Image.Transpose | None, size: tuple[int, int]) -> np.ndarray:
    """Turn boxes ``(x1, y1, x2, y2)``, (N, 4), as :func:`open_picture` turned their picture upright.

    Parameters
    ----------
    boxes : ndarray
        In pixels of the picture as the file holds it.
    turn : Transpose, optional
        ``picture.info["minidet"].turn``.
    size : (int, int)
        Height and width of the picture as the file holds it.
    """
    if turn is None:
        return boxes
    height, width = size
    x1, y1, x2, y2 = boxes.T
    if turn in _MIRRORS_X:
        x1, x2 = width - x2, width - x1
    if turn in _MIRRORS_Y:
        y1, y2 = height - y2, height - y1
    return np.stack([y1, x1, y2, x2] if turn in SIDEWAYS else [x1, y1, x2, y2], 1)


def turn_planes(planes: np.ndarray, turn: Image.Transpose | None) -> np.ndarray:
    """Turn planes of pixels (..., H, W) as :func:`open_picture` turned their picture upright."""
    if turn in _MIRRORS_X:
        planes = planes[..., ::-1]
    if turn in _MIRRORS_Y:
        planes = planes[..., ::-1, :]
    return np.ascontiguousarray(np.swapaxes(planes, -1, -2) if turn in SIDEWAYS else planes)


def _opened(source: str | os.PathLike | bytes):
    return io.BytesIO(source) if isinstance(source, bytes) else pathlib.Path(source).open("rb")


def _facts(picture: Image.Image) -> _Facts:
    """Note what is forgotten when the picture is decoded."""
    modes = [tile[3] for tile in getattr(picture, "tile", ())]
    spread = next((_SPREAD[mode] for mode in modes if isinstance(mode, str) and mode in _SPREAD), 1)
    bits = getattr(picture, "tag_v2", {}).get(_BITS, (16,))
    bits = bits[0] if isinstance(bits, tuple) and 8 < bits[0] < 16 else 16  # TIFF files may have 12
    # which mode Pillow gives PNG and PGM of 16 bits depends on its version
    known = picture.mode.startswith("I;16") or (picture.mode == "I" and picture.format in ("PNG", "PPM"))
    return _Facts(2**bits - 1 if known else None, spread)


def _at_most() -> str:
    return f"at most {Image.MAX_IMAGE_PIXELS} pixels (PIL.Image.MAX_IMAGE_PIXELS)"
