from tests.fuzz.draw import Draw
from tests.fuzz.shrink import shrink


def used(condition):
    """A test of choices that fails where the condition holds."""
    return lambda choices: choices if condition(choices) else None


def test_finds_the_shortest_list():
    assert shrink([5, 9, 2, 8, 1, 7, 7], used(lambda c: 8 in c)) == [8]


def test_finds_the_smallest_numbers():
    first, second, third = shrink([90, 60, 3], used(lambda c: len(c) == 3 and c[0] + c[1] > 100))
    assert (first + second, third) == (101, 0)


def test_keeps_what_cannot_be_smaller():
    assert shrink([4, 2], used(lambda c: c == [4, 2])) == [4, 2]


def test_stops_in_time():
    assert shrink([9] * 50, used(lambda c: True), seconds=-1) == [9] * 50


def test_ends_with_a_call_as_small_as_it_gets():
    def fails(choices):
        draw = Draw(choices=choices)
        shape = draw.shape()
        return draw.choices if len(shape) >= 2 and shape[1] > 2 else None

    for seed in range(200):
        draw = Draw(seed)
        draw.shape()
        if fails(draw.choices):
            small = Draw(choices=shrink(draw.choices, fails)).shape()
            assert small == (1, 3)
            break
    else:
        raise AssertionError("no seed draws such a shape")
