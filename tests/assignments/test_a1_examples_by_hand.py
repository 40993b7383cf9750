"""The numbers that assignment 1 works out by hand in its text, against the reference of each variant."""

import pathlib

import numpy as np
import pytest

from minidet.grading.assignments.assignment import load

SOURCE = pathlib.Path(__file__).parents[2] / "assignments" / "source" / "a1_autograd_and_layers"
SCORES = np.log([[1.0, 2.0, 5.0]])
D = np.array([3, 1, -2, 0.5, 10])


def reference(**variants):
    return load(SOURCE, "by hand", variants=variants).reference


def assert_example(functions, name, args, settings, value, gradient, atol=6e-4):
    np.testing.assert_allclose(functions[name](*args, **settings), value, atol=atol)
    np.testing.assert_allclose(np.squeeze(functions[f"{name}_backward"](*args, **settings)), gradient, atol=atol)


def test_the_standard_questions():
    functions = reference()
    tape = [("multiply", "u", ("a", "b")), ("subtract", "v", ("u", "a")), ("multiply", "out", ("u", "v"))]
    values = {"a": 3, "b": 2, "u": 6, "v": 3, "out": 18}
    assert functions["tape_backward"](tape, values, "out") == {"a": 12, "b": 27, "u": 9, "v": 6, "out": 1}

    g = np.array([[1, 0, 2], [3, -1, 4]])
    for shape, gradient in (((3,), [4, -1, 6]), ((2, 1), [[3], [6]]), ((), 9), ((2, 3), g)):
        np.testing.assert_array_equal(functions["unbroadcast"](g, shape), gradient)
    np.testing.assert_array_equal(functions["unbroadcast"](np.ones((5, 4, 3)), (4, 1)), np.full((4, 1), 15))

    x, weight, bias = np.array([[1, 2, 0], [0, 1, 3]]), np.array([[1, 0, 2], [-1, 1, 0]]), np.array([10, 20])
    grad = np.array([[1, 2], [0, -1]])
    np.testing.assert_array_equal(functions["linear_forward"](x, weight, bias), [[11, 21], [16, 21]])
    np.testing.assert_array_equal(functions["linear_input_gradient"](grad, weight), [[-1, 2, 2], [1, -1, 0]])
    np.testing.assert_array_equal(functions["linear_weight_gradient"](grad, x), [[1, 2, 0], [2, 3, -3]])
    np.testing.assert_array_equal(functions["linear_bias_gradient"](grad), [1, 1])

    x, grad = np.array([-2, 0.5, 3, 0]), np.array([7.0, -4, 2, 5])
    np.testing.assert_array_equal(functions["relu_forward"](x), [0, 0.5, 3, 0])
    np.testing.assert_array_equal(functions["relu_backward"](grad, x), [0, -4, 2, 0])

    assert_example(functions, "cross_entropy", (SCORES, np.array([1])), {}, 1.386, [1 / 8, -6 / 8, 5 / 8])
    assert functions["cross_entropy"](np.array([[0.0, -1000]]), np.array([1])) == 1000
    assert_example(functions, "hinge", (np.array([[2, 0.5, 3, 1.5]]), np.array([0])), {}, 2.5, [-2, 0, 1, 1])
    for d, beta, loss, slope in ((1, 2, 0.25, 0.5), (-1, 2, 0.25, -0.5), (3, 2, 2, 1), (1, 0.5, 0.75, 1)):
        assert functions["smooth_l1"](np.array([d]), beta) == loss
        assert functions["smooth_l1_backward"](np.ones(1), np.array([d]), beta) == slope


@pytest.mark.parametrize("variant, settings, x, values, at, slope", [
    ("joint", {"leak": 0.2, "width": 2}, [-3, 1, 3], [-0.6, 1.1, 3], 1.0, 0.8),
    ("shrink", {"threshold": 1, "knee": 2}, [0.5, -2, 4], [0, -0.25, 2], -2.0, 0.5),
    ("ceiling", {"limit": 1, "knee": 2}, [0.5, -2, 5], [0.5, -1.75, 2], -2.0, 0.5),
])  # fmt: skip
def test_the_activation(variant, settings, x, values, at, slope):
    functions = reference(q5=variant)
    np.testing.assert_allclose(functions["bend"](np.array(x), **settings), values, atol=1e-12)
    assert abs(functions["bend_backward"](np.ones(1), np.array([at]), **settings) - slope) < 1e-12


@pytest.mark.parametrize("variant, settings, label, value, gradient", [
    ("neighbours", {"smoothing": 0.2}, 1, 1.364, [0.025, -0.55, 0.525]),
    ("neighbours", {"smoothing": 0.2}, 0, 1.941, [-0.675, 0.05, 0.625]),
    ("margin", {"margins": np.log([1, 2, 1]), "scale": 1}, 1, 1.946, [1 / 7, -6 / 7, 5 / 7]),
    ("margin", {"margins": np.log([1, 2, 1]), "scale": 2}, 1, 3.296, [0.074, -1.926, 1.852]),
    ("temperature", {"temperatures": np.array([1, 0.5, 1])}, 1, 0.916, [0.1, -1.2, 0.5]),
])  # fmt: skip
def test_the_cross_entropy(variant, settings, label, value, gradient):
    assert_example(
        reference(q7=variant), "special_cross_entropy", (SCORES, np.array([label])), settings, value, gradient
    )


@pytest.mark.parametrize("variant, settings, scores, value, gradient", [
    ("rivals", {"rivals": 2}, [2, 1.5, 3, 2.5], 6.25, [-7, 0, 4, 3]),
    ("rivals", {"rivals": 1}, [2, 3, 3, 1], 4, [-4, 4, 0, 0]),
    ("strongest", {"margin": 1}, [2, 1.5, 3, 2.5], 4, [-4, 0, 4, 0]),
    ("strongest", {"margin": 1}, [2, 3, 3, 1], 4, [-4, 2, 2, 0]),
    ("offenders", {"gaps": np.array([1, 1, 1, 0.5])}, [2, 0.5, 3, 2.5], 2.5, [-3, 0, 2, 1]),
    ("offenders", {"gaps": np.array([1, 1, 1, 0.5])}, [2, 0, 0.5, 1], 0, [0, 0, 0, 0]),
])  # fmt: skip
def test_the_hinge(variant, settings, scores, value, gradient):
    assert_example(
        reference(q9=variant), "special_hinge", (np.array([scores]), np.array([0])), settings, value, gradient
    )


@pytest.mark.parametrize("variant, settings, d, value, gradient", [
    ("mad", {}, D, 2, [1, -1, 0, 0, 0]),
    ("mad", {}, np.array([1, -1, 2, 0, -2]), 1, [0, -1, 0, 1, 0]),
    ("trimmed", {"trim": 1}, D, 2, [1 / 3, 1 / 3, -1 / 3, 0, 0]),
    ("trimmed", {"trim": 1}, np.array([4, -4, 1, 2]), 3, [1 / 2, 0, 0, 1 / 2]),
    ("winsorized", {"replace": 1}, D, 1.9, [2 / 5, 1 / 5, -1 / 5, 1 / 5, 0]),
    ("winsorized", {"replace": 1}, np.array([4, -4, 1, 2]), 11 / 4, [2 / 4, 0, 1 / 4, 1 / 4]),
])  # fmt: skip
def test_the_robust_loss(variant, settings, d, value, gradient):
    assert_example(reference(q11=variant), "robust_loss", (d,), settings, value, gradient)
