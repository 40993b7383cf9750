"""``minidet download NAME``: fetch a data set from those who published it, and prepare it for training."""

from __future__ import annotations

import argparse
import os
import pathlib

from ..data.download import RELEASES, download
from ..training.recipes import models_for


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("name", choices=sorted(RELEASES))
    parser.add_argument("--root", type=pathlib.Path,
                        help="folder of the data set (default: under MINIDET_DATA, else under data/)")  # fmt: skip
    parser.add_argument("--url", help="address of a copy of the archive (default: its publisher's)")


def run(args: argparse.Namespace) -> int:
    """Fetch, check and prepare; print what there is, and what to do next."""
    release = RELEASES[args.name]
    print(f"{args.name}: {args.url or release.url}")
    print(f"licence: {release.licence}")
    ready = download(args.name, args.root, args.url)
    print(f"{ready.folder}: {ready.description}")
    if ready.sha256 is None:
        print("nothing was fetched: the folder was there, and is complete")
    else:
        known = "as published" if ready.published else "its publisher names none to compare with; kept in source.json"
        print(f"SHA-256 of the archive: {ready.sha256} ({known})")
    where = f" --root {ready.folder}" if args.root or not os.environ.get("MINIDET_DATA") else ""
    for model in models_for(args.name):
        print(f"next: minidet train {model} --data {args.name}{where}")
    return 0
