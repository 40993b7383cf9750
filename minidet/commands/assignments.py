"""``minidet assignments list`` and ``minidet assignments release``: for instructors."""

from __future__ import annotations

import argparse
import pathlib

import minidet

from ..errors import bad_argument
from ..grading.assignments.assignment import load
from ..grading.assignments.public_cases import CASES, read_public
from ..grading.assignments.release import release, release_all, release_zip, sources, term_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    commands = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = commands.add_parser("list", help="print the assignments, with their questions and points")
    making = commands.add_parser("release", help="write what students get: notebook and public checks, no solution")
    making.add_argument("names", nargs="*", metavar="NAME", help="as a2; all if none is named")
    making.add_argument("--term", help="draws the variants, as 2027s (default: as in the assignments' folder)")
    making.add_argument("--zip", action="store_true", help="pack each in a zip archive")
    making.add_argument("--out", type=pathlib.Path, help="where to (default: the assignments' folder; of --zip, here)")
    for subparser in (listing, making):
        subparser.add_argument("--assignments", type=pathlib.Path, help="the assignments' folder, if it is not found")


def run(args: argparse.Namespace) -> int:
    """List, or release."""
    folder = args.assignments or find_assignments()
    if args.action == "list":
        print(listing(folder))
        return 0
    there = chosen(folder, args.names)
    term = args.term or term_of(folder)
    if args.out is None and not args.zip and not args.names:
        released = release_all(folder, term)
    else:
        released = [_release(source, term, folder, args) for source in there]
    for path in released:
        print(path)
    return 0


def _release(source: pathlib.Path, term: str, folder: pathlib.Path, args: argparse.Namespace) -> pathlib.Path:
    """Release one assignment as the arguments say; return the folder or the archive."""
    if not args.zip:
        if args.out is None and term != term_of(folder):
            why = "name no assignment, or say --out, so that those that lie together are of one term"
            raise bad_argument("release", "--term", f"is {term}", f"{term_of(folder)}, as the other assignments", why)
        return release(load(source, term), args.out or folder)
    import tempfile

    with tempfile.TemporaryDirectory() as passing:
        return release_zip(release(load(source, term), passing), args.out or pathlib.Path())


def find_assignments() -> pathlib.Path:
    """Return the folder ``assignments`` here or above, or that of the checkout that minidet is imported from."""
    here = pathlib.Path.cwd().resolve()
    checkout = pathlib.Path(minidet.__file__).resolve().parents[1]
    for above in (here, *here.parents, checkout):
        for place in (above, above / "assignments"):
            if place.is_dir() and (sources(place) or list(place.glob(f"a*/{CASES}"))):
                return place
    why = "they come with minidet's repository, not with the installed package"
    raise bad_argument("assignments", "the folder", f"{here} has no assignments", "a checkout of minidet", why)


def chosen(folder: pathlib.Path, names: list[str]) -> list[pathlib.Path]:
    """Return the source folders that names mean: ``a2`` or ``a2_conv_pool_unpool``; all if there are none."""
    there = sources(folder)
    if not there:
        why = "what was released is there, but only the sources can be released again"
        raise bad_argument("assignments", "the folder", f"{folder} has no sources", "assignments/source", why)
    found = []
    for name in names:
        fits = [source for source in there if name in (source.name, source.name.split("_")[0])]
        if not fits:
            known = ", ".join(source.name for source in there)
            raise bad_argument("assignments", "the name", f"is {name!r}", f"one of {known}")
        found += fits
    return found or there


def listing(folder: pathlib.Path) -> str:
    """Return a table: each assignment with its questions, their points and the variants drawn."""
    lines = []
    for path in sorted(folder.glob(f"*/{CASES}")):
        public = read_public(path.parent)
        lines.append(f"{public.name}: {public.title} (term {public.term})")
        for question in public.questions:
            variant = public.variants.get(question.id)
            drawn = f"  [{variant}]" if variant else ""
            lines.append(f"  {question.id:<4} {question.points:>3} points  {question.title}{drawn}")
    if not lines:
        raise bad_argument("assignments", "the folder", f"{folder} has nothing released", "`make assignments` before")
    return "\n".join(lines)
