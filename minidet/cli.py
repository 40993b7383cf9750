"""The command ``minidet``: one table of commands, each imported when it is asked for.

A command is a module with two functions: ``add_arguments(parser)`` and ``run(args)``, which returns the exit code.
"""

from __future__ import annotations

import argparse
import importlib
import re
import sys
import traceback
from collections.abc import Sequence

from . import __version__

#: name -> (module, one line of help)
COMMANDS = {
    "demo": ("minidet.commands.demo", "train on handwritten digits, and write a picture: three minutes"),
    "train": ("minidet.commands.train", "train a model on a data set"),
    "eval": ("minidet.commands.eval", "measure a trained model on held-out images"),
    "predict": ("minidet.commands.predict", "draw what a trained model sees in your images"),
    "explain": ("minidet.commands.explain", "show what happens to a picture inside a trained model, as one page"),
    "compare": ("minidet.commands.compare", "compare detectors: speed against accuracy, mistakes, as one page"),
    "classify": ("minidet.commands.classify", "say what your photos show, with a network that others trained"),
    "check": ("minidet.commands.check", "run the public checks of an assignment on your notebook"),
    "assignments": ("minidet.commands.assignments", "list the assignments, or make what students get of them"),
    "grade": ("minidet.commands.grade", "score what students handed in, and write grades and reports"),
    "download": ("minidet.commands.download", "fetch a data set from its publisher, and prepare it for training"),
    "doctor": ("minidet.commands.doctor", "show versions, processor, threads, caches and data sets, and what is wrong"),
}

#: What minidet.errors.bad_argument writes: such an error explains itself, a traceback would hide it.
MISSING = re.compile(r": pip install [\w-]+\.$")  # of an extra: it says how to get it
OUR_VOICE = re.compile(r"[\w.]+: .*, expected ", re.DOTALL)


def build_parser(command: str | None = None) -> argparse.ArgumentParser:
    """Build the parser; only ``command`` is imported, and gets its arguments."""
    parser = argparse.ArgumentParser(prog="minidet", description="Detection and segmentation from scratch.")
    parser.add_argument("--version", action="version", version=f"minidet {__version__}")
    parser.add_argument("--traceback", action="store_true", help="show where in the code an error comes from")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (module, line) in COMMANDS.items():
        subparser = subparsers.add_parser(name, help=line, description=line[0].upper() + line[1:] + ".")
        if name == command:
            importlib.import_module(module).add_arguments(subparser)
    return parser


def explains_itself(error: BaseException) -> bool:
    """Tell a mistake of the user (a missing file, a bad argument) from a mistake in the code."""
    if isinstance(error, OSError) or (isinstance(error, ImportError) and MISSING.search(str(error))):
        return True
    return isinstance(error, (ValueError, TypeError, IndexError)) and OUR_VOICE.match(str(error)) is not None


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command, and return its exit code: 2 for a mistake of the user, 130 after Ctrl-C."""
    argv = list(sys.argv[1:] if argv is None else argv)
    command = next((word for word in argv if not word.startswith("-")), None)
    args = build_parser(command).parse_args(argv)
    try:
        return importlib.import_module(COMMANDS[args.command][0]).run(args)
    except KeyboardInterrupt:
        print("minidet: interrupted", file=sys.stderr)
        return 130
    except Exception as error:
        if not explains_itself(error):
            raise
        if args.traceback:
            traceback.print_exc()
        print(f"minidet: error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
