import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from minidet.viz.layered import BELOW, BESIDE, layout, spread


def arrange(count, edges, size=(30.0, 20.0)):
    return layout([size] * count, edges, [1.0] * len(edges))


def overlap(a, b):
    """Whether two boxes cover each other."""
    return abs(a.x - b.x) < (a.width + b.width) / 2 - 1e-6 and abs(a.y - b.y) < (a.height + b.height) / 2 - 1e-6


def test_a_chain_is_a_straight_column():
    found = arrange(4, [(0, 1), (1, 2), (2, 3)])
    assert len({box.x for box in found.boxes}) == 1
    assert np.diff([box.y for box in found.boxes]) == pytest.approx([20 + BELOW] * 3)


def test_two_inputs_stand_symmetrically_above():
    left, right, result = arrange(3, [(0, 2), (1, 2)]).boxes
    assert left.y == right.y < result.y
    assert right.x - left.x == pytest.approx(30 + BESIDE)
    assert result.x == pytest.approx((left.x + right.x) / 2)


def test_a_leaf_stands_just_above_its_reader():
    """Not at the top, where the inputs are, though it could."""
    chain = [(0, 1), (1, 2), (2, 3)]
    found = arrange(5, [*chain, (4, 3)]).boxes
    assert found[4].y == found[2].y


def test_a_long_line_passes_beside_the_boxes():
    found = arrange(4, [(0, 1), (1, 2), (2, 3), (0, 3)])
    upper, *places, lower = found.lines[3]
    assert (upper, lower) == (found.boxes[0], found.boxes[3])
    assert [place.y for place in places] == [found.boxes[1].y, found.boxes[2].y]
    assert len({place.x for place in places}) == 1, "it should be straight"
    assert not any(overlap(place, box) for place in places for box in found.boxes)


def test_crossings_are_removed():
    """Two pairs that are given crosswise."""
    found = arrange(5, [(0, 3), (1, 2), (2, 4), (3, 4)]).boxes
    assert (found[0].x < found[1].x) == (found[3].x < found[2].x)


@st.composite
def graphs(draw):
    """Draw a graph without cycles in which everything leads to the last box."""
    count = draw(st.integers(1, 14))
    edges = [(upper, draw(st.integers(upper + 1, count - 1))) for upper in range(count - 1)]
    if count > 1:
        more = draw(st.lists(st.tuples(st.integers(0, count - 2), st.integers(1, count - 1)), max_size=8))
        edges += [(min(pair), max(pair)) for pair in more if pair[0] != pair[1]]
    sizes = draw(st.lists(st.tuples(st.floats(10, 120), st.floats(10, 50)), min_size=count, max_size=count))
    return sizes, edges


@given(graph=graphs())
def test_nothing_overlaps_and_every_line_leads_down(graph):
    sizes, edges = graph
    found = layout(sizes, edges, [1.0] * len(edges))
    everything = list({id(box): box for line in found.lines for box in line}.values()) or found.boxes
    for i, box in enumerate(everything):
        assert not any(overlap(box, other) for other in everything[:i])
        assert box.x - box.width / 2 >= 0
        assert box.y - box.height / 2 >= 0
        assert box.x + box.width / 2 <= found.width
        assert box.y + box.height / 2 <= found.height
    for (upper, lower), line in zip(edges, found.lines, strict=True):
        assert (line[0], line[-1]) == (found.boxes[upper], found.boxes[lower])
        assert (np.diff([box.y for box in line]) > 0).all()


def test_one_box():
    found = arrange(1, [])
    assert (found.boxes[0].x, found.boxes[0].y) == (found.width / 2, found.height / 2)


def test_spread_by_hand():
    assert spread([0.0, 10.0], [1, 1], 4) == [0, 10]
    assert spread([5.0, 5.0], [1, 1], 4) == [3, 7]
    assert spread([5.0, 5.0], [3, 1], 4) == [4, 8]


@given(wishes=st.lists(st.floats(-20, 20), min_size=1, max_size=6), seed=st.integers(0, 1000))
def test_spread_is_the_least_squares_solution(wishes, seed):
    wishes = sorted(wishes)
    pulls = np.random.default_rng(seed).uniform(0.5, 2, len(wishes))
    found = np.array(spread(wishes, list(pulls), 3.0))
    assert (np.diff(found) >= 3 - 1e-9).all()
    start = np.array(wishes[0] + 3.5 * np.arange(len(wishes)))
    gaps = {"type": "ineq", "fun": lambda x: np.diff(x) - 3.0} if len(wishes) > 1 else ()
    best = minimize(lambda x: pulls @ (x - wishes) ** 2, start, constraints=gaps, method="SLSQP")
    assert pulls @ (found - wishes) ** 2 <= best.fun + 1e-4
