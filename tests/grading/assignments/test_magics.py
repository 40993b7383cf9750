"""Lines that only IPython understands are left out, and no other line is."""

import pytest

from minidet.grading.assignments.magics import without_magics


@pytest.mark.parametrize("line, kept", [
    ("%timeit f(2)", ""), ("%matplotlib inline", ""), ("%%time", ""), ("%%timeit -n 3", ""), ("!ls *.npz", ""),
    ("x = !ls", ""), ("x = %pwd", ""), ("a, b = !echo 1", ""), ("np.pad?", ""), ("np.pad??", ""), ("?np.pad", ""),
    ("%time?", ""), ("pip install scipy", ""), ("!!ls", ""), ("%time y = f(2)", "y = f(2)"), ("! ls", ""),
    ("!echo 'it is' (so", ""),
])  # fmt: skip
def test_magic_lines(line, kept):
    assert without_magics(f"x = 1\n{line}\nz = 3") == f"x = 1\n{kept}\nz = 3"
    assert without_magics(line) == kept


@pytest.mark.parametrize("source", [
    'TABLE = """\n% a comment of LaTeX\n!important\nreally?\n"""\nx = 1',
    "TABLE = '''it's \\'''\n%time\n'''",
    "y = (x\n% 3)", "y = [1,\n     2, # ) it's\n% 3\n]", "y = x \\\n% 3", "x = a != b", "x != 3", "x %= 3", "s = '!ls'",
    "d = {'a': \"%d\" % 3}", "# really?", "x = 1  # why?", "def f(x):\n    return x % 3", "print('100 %')", "pip = 3\npip.x",
    "pip\nconda = 2", "x = 'a' '''\n%time f()\n'''", "f(lambda x: x,\n  \"it's\")", "x = {1: 2}[1] % 3", "x = y = z % 3",
    "@decorate\ndef f(x): return x", "install = 1\npip = install",
])  # fmt: skip
def test_plain_python_stays_as_it_is(source):
    assert without_magics(source) == source


def test_a_magic_line_behind_each_kind_of_statement():
    source = 'x = """\n%a\n"""\n%timeit 1\ny = (1,\n%b\n)\n!ls \\\n  more\nz = 1\\\n+ 2\nnp.pad?\n'
    kept = 'x = """\n%a\n"""\n\ny = (1,\n%b\n)\n\n\nz = 1\\\n+ 2\n\n'
    assert without_magics(source) == kept


def test_the_only_line_of_a_block():
    source = without_magics("def f(x):\n    if x:\n        %timeit f(0)\n    return x\n")
    assert source == "def f(x):\n    if x:\n        pass\n    return x\n"
    compile(source, "cell", "exec")


def test_a_long_cell_takes_no_long_time():
    """What grows with the square of the length takes hours here."""
    assert without_magics("%time x = (\n" * 20_000).startswith("x = (\n%time")
    assert without_magics('"""' + "%a\n\\" * 100_000).count("%a") == 100_000
    assert without_magics("!a\\\n" * 100_000).strip() == ""
    assert without_magics("%time " * 50_000) == "%time " * 49_999
    assert without_magics("a.b [c] " * 50_000) == "a.b [c] " * 50_000
