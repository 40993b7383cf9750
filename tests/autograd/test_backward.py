"""The backward pass: order, sums, graphs that are freed, hooks."""

import gc
import itertools
import time
import weakref

import numpy as np
import pytest

import minidet
from minidet import Tensor

STEPS = ["retain", "retain", "double", "add", "look"]


def leaf(*values):
    return minidet.tensor([float(value) for value in values], requires_grad=True)


@pytest.mark.slow
class TestLongChains:
    LENGTH = 100_000

    def test_forward_backward_and_release(self):
        x = y = leaf(1.0)
        for _ in range(self.LENGTH):
            y = y + 1
        y.backward()
        assert x.grad.tolist() == [1.0]
        del y

    def test_release_without_backward(self):
        y = leaf(1.0)
        for _ in range(self.LENGTH):
            y = minidet.tanh(y)
        alive = weakref.ref(y)
        del y
        gc.collect()
        assert alive() is None

    def test_many_paths_cost_no_more_than_many_operations(self):
        x = y = leaf(1.0)
        for _ in range(60):
            y = y + y  # 2^60 paths
        start = time.perf_counter()
        y.backward()
        assert x.grad.tolist() == [2.0**60]
        assert time.perf_counter() - start < 5


class TestSums:
    def test_fan_out(self):
        x = leaf(2.0)
        sum((x * i for i in range(1, 100)), start=minidet.zeros(1)).backward()
        assert x.grad.tolist() == [4950.0]

    def test_diamond(self):
        x = leaf(3.0)
        a = x * 2
        (a * a + a).backward()
        assert x.grad.tolist() == [2 * (2 * 6 + 1)]

    def test_uneven_paths(self):
        """A node far from the end must wait for the longest way to it."""
        x = leaf(1.0)
        a = x * 1
        b = a
        for _ in range(10):
            b = b * 1
        (a + b).backward()
        assert x.grad.tolist() == [2.0]

    def test_leaves_accumulate_over_calls(self):
        x = leaf(1.0, 2.0)
        for _ in range(3):
            (x * 2).sum().backward()
        assert x.grad.tolist() == [6, 6]

    def test_leaf_itself(self):
        x = leaf(1.0)
        x.backward()
        x.backward(np.array([2.0]))
        assert x.grad.tolist() == [3.0]

    def test_two_leaves_do_not_share_a_gradient(self):
        x, y = leaf(1.0, 1.0), leaf(2.0, 2.0)
        (x + y).backward(np.ones(2))
        x.grad.mul_(10)
        assert y.grad.tolist() == [1, 1]

    def test_the_given_gradient_stays_as_it_is(self):
        x, given = leaf(1.0), np.ones(1, np.float32)
        x.backward(given)
        x.grad.mul_(10)
        assert given.tolist() == [1.0]

    def test_gradient_of_a_broadcast_view_can_be_changed(self):
        x = minidet.ones(2, 3, requires_grad=True)
        x.sum().backward()
        x.grad[0] = 7
        assert x.grad.tolist() == [[7, 7, 7], [1, 1, 1]]

    def test_several_outputs_of_which_one_is_used(self):
        x = leaf(1.0, 5.0, 3.0)
        values, indices = x.max(0)
        assert not indices.requires_grad
        values.backward()
        assert x.grad.tolist() == [0, 1, 0]

    def test_integers_get_no_gradient(self):
        x = leaf(1.0, 2.0)
        (x * minidet.tensor([3, 4])).sum().backward()
        assert x.grad.tolist() == [3, 4]


class TestArguments:
    def test_more_than_one_element_needs_a_gradient(self):
        x = leaf(1.0, 2.0)
        with pytest.raises(ValueError, match="backward: the tensor has shape \\(2,\\), expected exactly one element"):
            (x * 2).backward()
        (x * 2).backward(minidet.tensor([1.0, 10.0]))
        assert x.grad.tolist() == [2, 20]

    def test_gradient_of_the_wrong_shape(self):
        with pytest.raises(ValueError, match="backward: gradient has shape \\(2,\\), expected \\(1,\\)"):
            (leaf(1.0) * 2).backward(np.ones(2))

    def test_without_a_graph(self):
        with pytest.raises(RuntimeError, match="backward: the tensor does not require grad"):
            minidet.ones(1).backward()


class TestFreedGraph:
    def test_second_time(self):
        y = (leaf(1.0) * 2).exp()
        y.backward()
        with pytest.raises(RuntimeError, match="the graph of Exp was freed.*retain_graph=True"):
            y.backward()

    def test_shared_part(self):
        a = leaf(1.0).exp()
        (a * 2).backward()
        with pytest.raises(RuntimeError, match="the graph of Exp was freed"):
            (a * 3).backward()

    def test_retain_graph(self):
        x = leaf(1.0)
        y = x * x
        y.backward(retain_graph=True)
        y.backward()
        assert x.grad.tolist() == [4.0]

    def test_saved_arrays_go_with_the_graph(self):
        x = leaf(1.0)
        y = x.exp()
        saved = weakref.ref(y._array)
        z = y * 2
        del y
        assert saved() is not None
        z.backward()
        assert saved() is None


class TestHooks:
    def test_sees_the_gradient(self):
        x, seen = leaf(1.0, 2.0), []
        y = x * 3
        y.register_hook(lambda grad: seen.append(grad.tolist()))
        x.register_hook(lambda grad: seen.append(grad.tolist()))
        (y * y).sum().backward()
        assert seen == [[6, 12], [18, 36]]

    def test_sees_the_sum_once(self):
        x, seen = leaf(1.0), []
        y = x * 1
        y.register_hook(lambda grad: seen.append(grad.item()))
        (y + y + y).backward()
        assert seen == [3.0]

    def test_replaces_the_gradient(self):
        x = leaf(1.0, 2.0)
        y = x * 3
        y.register_hook(lambda grad: grad * 10)
        x.register_hook(lambda grad: grad.clamp(max=29))
        y.sum().backward()
        assert x.grad.tolist() == [29, 29]

    def test_removed(self):
        x, seen = leaf(1.0), []
        handle = x.register_hook(lambda grad: seen.append(1))
        with x.register_hook(lambda grad: seen.append(2)):
            (x * 1).backward()
        handle.remove()
        handle.remove()
        (x * 1).backward()
        assert seen == [1, 2]

    def test_second_output(self):
        x, seen = minidet.tensor([[1.0, 2.0]], requires_grad=True), []
        _, second = x.unbind(1)
        second.register_hook(lambda grad: seen.append(grad.tolist()))
        (second * 5).backward()
        assert seen == [[5.0]]
        assert x.grad.tolist() == [[0, 5]]

    def test_needs_a_gradient(self):
        with pytest.raises(RuntimeError, match="register_hook: the tensor does not require grad"):
            minidet.ones(1).register_hook(print)
        with pytest.raises(RuntimeError, match="retain_grad: the tensor does not require grad"):
            minidet.ones(1).retain_grad()

    def test_needs_a_function(self):
        with pytest.raises(TypeError, match="register_hook: hook is 3, expected a function"):
            leaf(1.0).register_hook(3)

    def test_may_return_an_array(self):
        x = leaf(1.0, 2.0)
        x.register_hook(lambda grad: grad.numpy() * 2)
        x.sum().backward()
        assert x.grad.tolist() == [2, 2]

    @pytest.mark.parametrize("returned, was", [(3, "is a int"), (np.ones(1), r"has shape \(1,\)")])
    def test_may_not_return_anything_else(self, returned, was):
        x = leaf(1.0, 2.0)
        y = x * 2
        y.register_hook(lambda grad: returned)
        message = f"register_hook: the hook's result {was}, expected None or a tensor of shape \\(2,\\)"
        with pytest.raises(RuntimeError, match=message):
            y.sum().backward()
        assert x.grad is None

    def test_retain_grad(self):
        x = leaf(1.0)
        y = x * 3
        y.retain_grad()
        x.retain_grad()
        (y * y).backward(retain_graph=True)
        assert y.grad.tolist() == [6.0]
        (y * y).backward()
        assert y.grad.tolist() == [12.0]
        assert isinstance(y.grad, Tensor)

    def test_retain_grad_twice_is_once(self):
        y = leaf(1.0) * 3
        y.retain_grad()
        y.retain_grad()
        (y * y).backward()
        assert y.grad.tolist() == [6.0]

    def test_retained_is_what_all_hooks_made_of_it(self):
        x = leaf(1.0)
        y = x * 3
        y.register_hook(lambda grad: grad * 10)
        y.retain_grad()
        removed = y.register_hook(lambda grad: grad * 100)
        y.register_hook(lambda grad: grad + 1)
        removed.remove()
        (y * y).backward()
        assert y.grad.tolist() == [61.0]
        assert x.grad.tolist() == [183.0]
        y.grad.zero_()
        assert x.grad.tolist() == [183.0]

    def test_retained_of_some_outputs(self):
        x = leaf(1.0, 2.0, 3.0)
        first, second, third = x.unbind()
        first.retain_grad()
        third.retain_grad()
        (second * 5 + third * 7).backward()
        assert first.grad is None  # nothing came
        assert second.grad is None  # nothing was kept
        assert third.grad.item() == 7

    def test_retain_grad_keeps_no_tensor_alive(self):
        x = leaf(1.0)
        y = x * 3
        y.retain_grad()
        gone, z = weakref.ref(y), y * 2
        del y
        gc.collect()
        assert gone() is None
        z.backward()
        assert x.grad.tolist() == [6.0]

    @pytest.mark.parity
    @pytest.mark.parametrize("order", sorted(set(itertools.permutations(STEPS, 4))))
    def test_retain_grad_among_hooks_is_pytorchs(self, order):
        import torch

        def run(lib):
            x, seen = lib.tensor([1.0, 2.0], requires_grad=True), []
            y = x * 3
            steps = {"retain": y.retain_grad, "double": lambda: y.register_hook(lambda grad: grad * 2),
                     "add": lambda: y.register_hook(lambda grad: grad + 1),
                     "look": lambda: y.register_hook(lambda grad: seen.append(grad.tolist()))}  # fmt: skip
            for step in order:
                steps[step]()
            for _ in range(2):
                (y * y).sum().backward(retain_graph=True)
            return seen, x.grad.tolist(), y.grad.tolist()

        assert run(minidet) == run(torch)


def test_infinite_gradients_are_results_not_warnings():
    x = leaf(0.0, 1.0)
    x.sqrt().sum().backward()
    assert x.grad.tolist() == [np.inf, 0.5]


@pytest.mark.parametrize("route", ["leaf", "identity", "sum"])
def test_the_given_gradient_is_read_only_by_agreement(route):
    """It is neither copied on the way nor handed out: what becomes ``grad`` is a leaf's own."""
    x, given = leaf(1.0, 2.0), np.array([3.0, 4.0], np.float32)  # the dtype of x: nothing has to be converted
    y = {"leaf": x, "identity": x + 0.0, "sum": x + x}[route]
    y.backward(given)
    expected = given * (2 if route == "sum" else 1)
    np.testing.assert_array_equal(x.grad.numpy(), expected)
    assert not np.shares_memory(x.grad.numpy(), given)
    x.grad.numpy()[:] = 0
    np.testing.assert_array_equal(given, [3.0, 4.0])


def test_a_given_gradient_may_be_of_any_layout():
    x = Tensor(np.arange(4.0).reshape(2, 2), requires_grad=True)
    (x * 2.0).backward(np.broadcast_to(np.array([5.0, 7.0]), (2, 2)))
    np.testing.assert_array_equal(x.grad.numpy(), [[10.0, 14.0], [10.0, 14.0]])
