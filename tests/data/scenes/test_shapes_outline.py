"""Outlines against areas, corners and symmetries that geometry gives."""

import numpy as np
import pytest

from minidet.data.scenes.shapes_outline import REACH, SHAPES, opacity, signed_distance

STEP = 0.004
V, U = np.meshgrid(*[np.arange(-1.4, 1.4, STEP, dtype=np.float32) + STEP / 2] * 2, indexing="ij")

#: Areas by the formulas of school, in squared radii; of the star: ten triangles between a tip and an inner corner.
AREAS = {
    "circle": lambda form: np.pi * 0.79**2,
    "square": lambda form: 1.4**2,
    "triangle": lambda form: 3 * np.sqrt(3) * 0.61**2,  # of the distance from the middle to a side
    "star": lambda form: 5 * 1.16**2 * (0.42 + 0.10 * form) * np.sin(np.pi / 5),
    "cross": lambda form: 8 * 0.98 * (0.26 + 0.08 * form) - 4 * (0.26 + 0.08 * form) ** 2,
    "ring": lambda form: 2 * np.pi * (0.68 - 0.04 * form) * 2 * (0.19 + 0.06 * form),
}


@pytest.mark.parametrize("form", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("name", SHAPES)
def test_area_reach_and_slope(name, form):
    distance = signed_distance(name, U, V, form)
    assert distance.dtype == np.float32
    inside = distance < 0
    area = inside.sum() * STEP**2
    assert area == pytest.approx(AREAS[name](form), rel=0.005)
    assert 1.55 < area < 2.25  # size does not tell the class
    assert np.hypot(U, V)[inside].max() < REACH
    down, right = np.gradient(distance, STEP)
    slope = np.hypot(down, right)[np.abs(distance) < 0.02]
    assert np.median(slope) == pytest.approx(1, abs=0.01)  # a distance grows by 1 per unit


TURNS = {"circle": 7, "square": 4, "triangle": 3, "star": 5, "cross": 4, "ring": 7}


@pytest.mark.parametrize("name", SHAPES)
def test_symmetry(name):
    angle = 2 * np.pi / TURNS[name]
    c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    distance = signed_distance(name, U, V, 0.3)
    turned = signed_distance(name, c * U - s * V, s * U + c * V, 0.3)
    near = np.hypot(U, V) < 1.3
    np.testing.assert_allclose(turned[near], distance[near], atol=2e-5)
    np.testing.assert_allclose(signed_distance(name, -U, V, 0.3), distance, atol=2e-5)
    if TURNS[name] < 7:
        half = signed_distance(name, *[np.float32(np.cos(angle / 2)) * U - np.float32(np.sin(angle / 2)) * V,
                                       np.float32(np.sin(angle / 2)) * U + np.float32(np.cos(angle / 2)) * V], 0.3)  # fmt: skip
        assert np.abs(half - distance)[near].max() > 0.05


def test_points_by_hand():
    def at(name, u, v, form=0.0):
        return signed_distance(name, np.float32([u]), np.float32([v]), form).item()

    assert at("circle", 0.3, 0.4) == pytest.approx(0.5 - 0.79)
    assert at("square", 0.2, -0.9) == pytest.approx(0.2)
    assert at("triangle", 0, 0) == pytest.approx(-0.61)
    assert at("triangle", 0, -1.22) == pytest.approx(0, abs=1e-6)  # the tip
    assert at("star", 0, 1.16) == pytest.approx(0, abs=1e-6)  # a tip
    assert at("star", 0, -0.42 * 1.16) == pytest.approx(0, abs=1e-6)  # an inner corner
    assert at("cross", 0.5, 0.36) == pytest.approx(0.1)
    assert at("ring", 0, 0) == pytest.approx(0.68 - 0.19)
    assert at("ring", 0.68, 0) == pytest.approx(-0.19)


def test_opacity_is_the_covered_share_of_a_pixel():
    """A half-plane that ends at x = 3.3 covers three pixels, and 0.3 of the next."""
    centres = np.arange(6) + 0.5
    np.testing.assert_allclose(opacity(centres - 3.3), [1, 1, 1, 0.3, 0, 0], atol=1e-12)
