"""The synthetic submissions: a wrong answer stands beside the reference's functions, which go on using their own."""

from benchmarks.grading import closed

ANSWER = '''
# answer: q1
def half(x):
    """Return x / 2,

    twice as small."""
    return x / 2


def quarter(x):
    return half(half(x))
'''


def test_the_reference_s_functions_know_each_other():
    names = {}
    text = closed("q1", ANSWER) + "\n\ndef half(x):\n    return 0\n"
    assert text.startswith("# answer: q1\n")
    exec(text, names)
    assert names["half"](8) == 0
    assert names["quarter"](8) == 2
