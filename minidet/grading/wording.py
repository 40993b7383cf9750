"""What students are told: the kind of mistake and the hint, never an input, an expected number, or words of their code.

A student's code can put what it was given into its result and into its errors. So of those only what cannot carry
anything is shown: a few fixed phrases, and the names of Python's own exceptions.
"""

from __future__ import annotations

import builtins
import re
import unicodedata

from .scoring import KINDS, PartScore

#: kind of a score -> what it says to a student
PHRASES = {
    "no answer": "there is no answer cell for this question in your file",
    "wrong values": "the result has the right shape, but wrong values",
    "NaN or infinity": "the result has NaN or infinity where it should have numbers",
    "wrong shape": "the result has the wrong shape",
    "wrong length": "the result has too many or too few parts",
    "wrong keys": "the result is a dict with other keys than asked for",
    "wrong kind of result": "the result is of the wrong kind: not the numbers, tuple or dict that was asked for",
    "wrong result": "the result is wrong",
    "returned None": "the function returned None: is there a return?",
    "no error raised": "the function returned a result where it should have raised an error",
    "another error": "the function raised another error than it should",
    "changed its input": "the function changed its input: work on a copy",
    "raised NotImplementedError": "not written yet",
    **{kind: f"the function {kind}" for kind in KINDS.values()},
}
#: Escape sequences of terminals: colours, titles, links.
ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")


def for_students(score: PartScore, hint: str = "") -> str:
    """Return a part's score in words for its student."""
    if not score.kind:
        return "right"
    words = PHRASES.get(score.kind)
    if words is None:
        raised = re.fullmatch(r"raised (\w+)", score.kind)
        known = raised and isinstance(getattr(builtins, raised[1], None), type)
        words = f"the function raised {raised[1]}" if known else "the function raised an error"
    return f"{words}. Hint: {hint}" if hint else words


def plain(text: str, length: int = 600) -> str:
    """Return what student's code said as text that does nothing: no colours, no control marks, not too long."""
    text = ANSI.sub("", text[: 4 * length])
    text = text.encode("utf-8", "replace").decode("utf-8")
    text = "".join(letter for letter in text if letter == "\n" or unicodedata.category(letter) not in ("Cc", "Cf"))
    return text if len(text) <= length else text[:length] + " …"
