"""Arguments that several commands share: where a data set lies, and options of the task."""

from __future__ import annotations

import argparse
import json
import pathlib

from ..errors import bad_argument


def add_where(parser: argparse.ArgumentParser) -> None:
    """Declare where a data set lies."""
    parser.add_argument("--root", type=pathlib.Path, help="folder of the data set (default: under MINIDET_DATA)")
    parser.add_argument("--annotations", type=pathlib.Path, metavar="FILE",
                        help="what is in the pictures, for data sets that keep it elsewhere")  # fmt: skip


def parse_options(op: str, given: list[str]) -> dict:
    """Return ``NAME=VALUE`` as a dict: a value is JSON where it can be read as that, else text."""
    options = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise bad_argument(op, "--option", f"is {text}", "NAME=VALUE")
        try:
            options[name] = json.loads(value)
        except ValueError:
            options[name] = value
    return options
