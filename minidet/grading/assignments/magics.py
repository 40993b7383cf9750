"""Lines that only IPython understands: ``%timeit f(x)``, ``!ls``, ``files = !ls``, ``np.pad?``, ``pip install scipy``.

A notebook runs them; plain Python, which the grader is, does not. IPython looks for them where a statement begins. So
does this: a line that begins with ``%`` inside a string or a bracket is none.
"""

from __future__ import annotations

import re

#: What follows on ``%time`` is a statement, whose names the notebook keeps.
TIMED = re.compile(r"([ \t]*)%time[ \t]+(?=\S)")
#: A magic word, a command for the shell, either of them assigned, a question about a name, a command without its mark.
MAGIC = re.compile(
    r"""[ \t]*(?:
    %{1,2}\w.*
    | !.*
    | [\w.,\[\] \t]+=[ \t]*(?:!|%[A-Za-z]).*
    | \?.*
    | %{0,2}[\w.*\[\]]+[ \t]*\?{1,2}[ \t]*
    | (?:pip|conda|mamba)[ \t]+(?:install|list|show|uninstall)\b(?![ \t]*[=(.,]).*
    )""",
    re.VERBOSE,
)
#: What decides whether the next line begins a statement: strings, comments, brackets, the end of the line.
PIECES = re.compile(
    r"(?P<string>\"{3}(?:\\.|[^\\])*?(?:\"{3}|\Z)|'{3}(?:\\.|[^\\])*?(?:'{3}|\Z)"
    r"|\"(?:\\.|[^\"\\\n])*\"?|'(?:\\.|[^'\\\n])*'?)"
    r"|(?P<comment>\#[^\n]*)|(?P<joined>\\\n)|(?P<opened>[(\[{])|(?P<closed>[)\]}])|(?P<end>\n)",
    re.DOTALL,
)


def without_magics(source: str) -> str:
    """Return the source of a cell without what only IPython understands. Lines keep their numbers.

    Parameters
    ----------
    source : str

    Returns
    -------
    str
        Of ``%time y = f(2)``, the statement is kept. An indented line becomes ``pass``, for it may be all that its
        block has.
    """
    if not re.search("[%!?]|pip|conda|mamba", source):
        return source
    kept, place = [], 0
    while place < len(source):
        after = source.find("\n", place) + 1 or len(source) + 1
        line = source[place : after - 1]
        if timed := TIMED.match(line):
            kept.append(timed[1])
            place += timed.end()
        elif MAGIC.fullmatch(line):
            while line.endswith("\\") and after <= len(source):  # the shell's line goes on
                start, after = after, source.find("\n", after) + 1 or len(source) + 1
                line = source[start : after - 1]
                kept.append("\n")
            text = source[place : after - 1]
            kept.append(text[: len(text) - len(text.lstrip(" \t"))] + "pass" if text[:1] in (" ", "\t") else "")
            kept.append("\n" * (after <= len(source)))
            place = min(after, len(source))
            continue
        end = _statement_end(source, place)
        kept.append(source[place:end])
        place = end
    return "".join(kept)


def _statement_end(source: str, start: int) -> int:
    """Return where the line ends that ends a statement: not in a string, a bracket, or behind a backslash."""
    depth = 0
    for piece in PIECES.finditer(source, start):
        if piece.lastgroup == "opened":
            depth += 1
        elif piece.lastgroup == "closed":
            depth = max(0, depth - 1)
        elif piece.lastgroup == "end" and not depth:
            return piece.end()
    return len(source)
