"""``python -m tests.mutants``: plant every small mistake in every ``backward``; the tests of the table must find it."""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
from collections import Counter
from pathlib import Path

import tests.table
from tests import test_table

from .listed import listed
from .mutations import Mutant
from .targets import Target, all_targets
from .workers import try_all


def main(arguments: list[str] | None = None) -> int:
    """Return 1 if a mutant survives that is not known to be equivalent, or if one is listed that is none."""
    options = _options(arguments)
    targets = {name: target for name, target in all_targets().items() if (options.name or "").lower() in name.lower()}
    if not targets:
        print(f"mutants: NAME is {options.name!r}, expected a part of a function's name, like Pow or unbroadcast")
        return 2
    mutants = [mutant for target in targets.values() for mutant in target.mutants()]
    if options.sample and options.sample < len(mutants):
        mutants = random.Random(options.seed).sample(mutants, options.sample)
    mutants.sort(key=lambda mutant: (mutant.function, mutant.number))
    found = _try(mutants, targets, options)
    return _report(mutants, found, listed(), _stale(targets))


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.mutants", description=__doc__)
    parser.add_argument("name", nargs="?", help="only functions with this in their name: Pow, matmul, unbroadcast")
    parser.add_argument("--jobs", type=int, default=2, help="processes at once (2)")
    parser.add_argument("--sample", type=int, help="try only so many mutants, drawn at random")
    parser.add_argument("--seed", type=int, default=0, help="of the sample (0)")
    parser.add_argument("--results", type=Path, help="keep results in this file, and go on from there")
    return parser.parse_args(arguments)


def _try(mutants: list[Mutant], targets: dict[str, Target], options: argparse.Namespace) -> dict[str, str]:
    """Return key -> how it was found ("": it was not), from the file of results where that is still true."""
    digests = {name: _digest(target.source) for name, target in targets.items()}
    tables = [*sorted(Path(tests.table.__file__).parent.glob("*.py")), Path(test_table.__file__)]
    table = _digest("".join(path.read_text(encoding="utf-8") for path in tables))
    found = {}
    if options.results and options.results.exists():
        for line in options.results.read_text(encoding="utf-8").splitlines():
            key, digest, tested, how = json.loads(line)
            same = digests.get(key.split(" | ")[0]) == digest
            if same and (how or tested == table):  # more rows may find a survivor
                found[key] = how
    waiting = [mutant for mutant in mutants if mutant.key not in found]
    for count, (mutant, how) in enumerate(try_all(waiting, options.jobs), 1):
        found[mutant.key] = how
        if options.results:
            with options.results.open("a", encoding="utf-8") as file:
                file.write(json.dumps([mutant.key, digests[mutant.function], table, how]) + "\n")
        if count % 100 == 0:
            print(f"{count} of {len(waiting)}", file=sys.stderr, flush=True)
    return found


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _stale(targets: dict[str, Target]) -> list[str]:
    """Return what is listed as equivalent for these functions, and is no mutant of them (any more)."""
    keys = {mutant.key for target in targets.values() for mutant in target.mutants()}
    known = all_targets()
    return [
        key for key in listed() if key not in keys and ((name := key.split(" | ")[0]) in targets or name not in known)
    ]


def _report(mutants: list[Mutant], found: dict[str, str], reasons: dict[str, str], stale: list[str]) -> int:
    """Print the survivors that are not listed, and a table of all functions."""
    survivors = [mutant for mutant in mutants if not found[mutant.key]]
    unknown = [mutant for mutant in survivors if mutant.key not in reasons]
    wrong = [mutant.key for mutant in mutants if found[mutant.key] and mutant.key in reasons]
    for mutant in unknown:
        print(f"survives, line {mutant.line}: {mutant.key}")
    for key in stale:
        print(f"listed, but no mutant: {key}")
    for key in wrong:
        print(f"listed, but found by {found[key]}: {key}")
    total, alive, missed = (Counter(mutant.function for mutant in some) for some in (mutants, survivors, unknown))
    print(f"{'function':<60} mutants  caught  equivalent  open")
    for name in sorted(total):
        equivalent = alive[name] - missed[name]
        print(f"{name:<60} {total[name]:7} {total[name] - alive[name]:7} {equivalent:11} {missed[name]:5}")
    print(
        f"{'all':<60} {len(mutants):7} {len(mutants) - len(survivors):7} {len(survivors) - len(unknown):11} {len(unknown):5}"
    )
    return int(bool(unknown or stale or wrong))


if __name__ == "__main__":
    sys.exit(main())
