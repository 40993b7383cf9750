"""Changes in place: counted, found out by the backward pass; and arrays that are locked as long as they are needed."""

import gc

import numpy as np
import pytest

import minidet
import minidet.nn.functional as F
from minidet import Tensor, no_grad, optim
from minidet.autograd import Function


def write(tensor, how):
    """Change a tensor in place in one of all the ways there are."""
    with no_grad():
        how(tensor)


ROUTES = {
    "x[0] = 1": lambda x: x.__setitem__(0, 1.0),
    "x[mask] = 1": lambda x: x.__setitem__(x > 0, 1.0),
    "x[integers] = 1": lambda x: x.__setitem__(minidet.tensor([0, 1]), 1.0),
    "x[0, integers] = 1": lambda x: x.__setitem__((0, minidet.tensor([0, 1])), 1.0),
    "copy_": lambda x: x.copy_(minidet.zeros(2, 2)),
    "fill_": lambda x: x.fill_(3),
    "zero_": lambda x: x.zero_(),
    "add_": lambda x: x.add_(1),
    "sub_": lambda x: x.sub_(1, alpha=2),
    "mul_": lambda x: x.mul_(2),
    "div_": lambda x: x.div_(2),
    "+=": lambda x: x.__iadd__(1),
    "-=": lambda x: x.__isub__(1),
    "*=": lambda x: x.__imul__(2),
    "/=": lambda x: x.__itruediv__(2),
    "_write_array": lambda x: x._write_array().fill(1),
    "detach": lambda x: x.detach().add_(1),
    "data": lambda x: x.data.add_(1),
    "reshape": lambda x: x.reshape(4).add_(1),
    "view": lambda x: x.view(-1).add_(1),
    "transpose": lambda x: x.T.add_(1),
    "slice": lambda x: x[1:].add_(1),
    "one element": lambda x: x[0, 0].add_(1),
    "squeeze": lambda x: x.unsqueeze(0).squeeze().add_(1),
    "split": lambda x: x.split(1)[1].add_(1),
    "unbind": lambda x: x.unbind()[0].add_(1),
    "flatten": lambda x: x.flatten()[:2].add_(1),
}


@pytest.mark.parametrize("route", ROUTES)
def test_every_route_is_counted_and_reported(route):
    x = minidet.ones(2, 2, requires_grad=True)
    y = x * x
    write(x, ROUTES[route])
    assert x.version == 1
    with pytest.raises(
        RuntimeError, match="Mul: input 0 was changed in place after the operation .version 1., expected"
    ):
        y.sum().backward()


@pytest.mark.parametrize("route", ROUTES)
def test_a_change_before_the_operation_is_none_of_its_business(route):
    x = minidet.ones(2, 2, requires_grad=True)
    write(x, ROUTES[route])
    (x * x).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 2 * x.detach().numpy())


def test_the_change_of_a_view_counts_for_its_base_and_back():
    x = minidet.ones(4)
    view = x[1:].reshape(3, 1)
    view.add_(1)
    x.add_(1)
    assert x.version == view.version == 2
    assert x.tolist() == [2, 3, 3, 3]


def test_saved_outputs_are_guarded_too():
    x = minidet.ones(2, requires_grad=True)
    y = x.exp()
    with no_grad():
        y.add_(1)
    with pytest.raises(RuntimeError, match="Exp: output 0 was changed in place"):
        y.sum().backward()


def test_saved_indices_are_guarded_too():
    x, index = minidet.ones(3, requires_grad=True), minidet.tensor([0, 2])
    y = x[index]
    index[0] = 1
    with pytest.raises(RuntimeError, match="Index: input 2 was changed in place"):
        y.sum().backward()


def test_what_is_not_needed_may_change():
    x, w = minidet.ones(2, requires_grad=True), minidet.ones(2, requires_grad=True)
    y = x + w  # the gradient of a sum needs no values
    z = minidet.ones(2) * w  # ... and that of w does not need w
    with no_grad():
        x.add_(1)
        w.add_(1)
    (y + z).sum().backward()
    assert w.grad.tolist() == [2, 2]


def test_the_way_of_the_optimisers():
    w = minidet.ones(2, requires_grad=True)
    optimiser = optim.SGD([w], lr=0.1)
    loss = (w * w).sum()
    loss.backward(retain_graph=True)
    optimiser.step()
    assert w.version > 0
    with pytest.raises(RuntimeError, match="changed in place"):
        loss.backward()


class FirstSquares(Function):
    """Saves a view of its input, and returns a view of something else that it saves."""

    @staticmethod
    def forward(ctx, *arrays):
        flat = arrays[0].reshape(-1)
        out = flat * flat
        ctx.save_for_backward(flat, out)
        ctx.shape = arrays[0].shape
        return out[:2]

    @staticmethod
    def backward(ctx, grad):
        flat, out = ctx.saved_tensors
        dx = np.zeros_like(out)
        dx[:2] = 2 * flat[:2] * grad
        return dx.reshape(ctx.shape), *[None] * (len(ctx.needs_input_grad) - 1)


class TestSavedViews:
    """An operation may save a part of an input or of an output, or the whole that an output is a part of."""

    def test_of_an_input(self):
        x = minidet.ones(2, 2, requires_grad=True)
        y = FirstSquares.apply(x)
        with no_grad():
            x.add_(1)
        with pytest.raises(RuntimeError, match="FirstSquares: input 0 was changed in place after the operation"):
            y.sum().backward()

    def test_of_an_output(self):
        y = FirstSquares.apply(minidet.ones(2, 2, requires_grad=True))
        with no_grad():
            y.add_(1)
        with pytest.raises(RuntimeError, match="FirstSquares: output 0 was changed in place after the operation"):
            y.sum().backward()

    def test_lock_the_arrays_outside(self):
        array = np.ones((2, 2))
        y = FirstSquares.apply(Tensor(array, requires_grad=True))
        assert not array.flags.writeable
        y.sum().backward()
        assert array.flags.writeable

    def test_another_part_of_the_memory_may_change(self):
        array = np.ones(4)
        x, other = Tensor(array[:2], requires_grad=True), Tensor(array[2:], requires_grad=True)
        y = FirstSquares.apply(x, other)
        with no_grad():
            other.add_(1)
        y.sum().backward()
        assert x.grad.tolist() == [2, 2]

    @pytest.mark.parametrize("call, message", [
        (lambda x: (y := x.std(0), y), "Std: output 0"),
        (lambda x: (y := x.std(0, keepdim=True), y), "Std: output 0"),
        (lambda x: (y := x.logsumexp(0), y), "LogSumExp: output 0"),
        (lambda x: x.max(0), "Max: output 1"),
        (lambda x: (F.binary_cross_entropy(x, t := minidet.ones(2, 2)), t), "BinaryCrossEntropy: input 1"),
        (lambda x: (F.binary_cross_entropy(x, x.detach() * 1, t := minidet.ones(2)), t), "BinaryCrossEntropy: input 2"),
        (lambda x: (F.dice_loss(x.view(1, 2, 2), t := minidet.ones(1, 2, 2)), t), "DiceLoss: input 1"),
    ])  # fmt: skip
    def test_of_the_own_operations(self, call, message):
        x = minidet.tensor([[0.1, 0.7], [0.4, 0.2]], requires_grad=True)
        y, changed = call(x)
        with no_grad():
            changed.zero_()
        with pytest.raises(RuntimeError, match=f"{message} was changed in place after the operation"):
            y.sum().backward()

    def test_a_target_is_locked(self):
        target = np.ones(2, np.float32)
        loss = F.binary_cross_entropy(minidet.tensor([0.5, 0.6], requires_grad=True), target)
        with pytest.raises(ValueError, match="read-only"):
            target[0] = 0
        loss.backward()
        target[0] = 0

    def test_a_tensor_around_a_tensor_shares_the_count(self):
        x = minidet.ones(2, requires_grad=True)
        y = x * x
        Tensor(x).add_(1)
        with pytest.raises(RuntimeError, match="Mul: input 0 was changed"):
            y.sum().backward()


class TestNotRecorded:
    @pytest.mark.parametrize("route", [name for name in ROUTES if name not in ("_write_array", "detach", "data")])
    def test_leaves_that_require_grad_refuse(self, route):
        x = minidet.ones(2, 2, requires_grad=True)
        with pytest.raises(RuntimeError, match="requires grad"):
            ROUTES[route](x)
        assert x.version == 0
        assert x.tolist() == [[1, 1], [1, 1]]

    def test_values_that_require_grad_are_refused(self):
        x, y = minidet.zeros(2), minidet.ones(2, requires_grad=True)
        for change in (lambda: x.copy_(y), lambda: x.add_(y), lambda: x.__setitem__(0, y[0])):
            with pytest.raises(RuntimeError, match="requires grad, expected neither"):
                change()

    def test_augmented_assignment_records_a_new_tensor(self):
        x = minidet.ones(2, requires_grad=True)
        y = same = x * 2
        y += x
        y *= 3
        assert same.tolist() == [2, 2]
        y.sum().backward()
        assert x.grad.tolist() == [9, 9]

    def test_augmented_assignment_updates_in_place_without_recording(self):
        x = same = minidet.ones(2, requires_grad=True)
        with no_grad():
            x -= 0.5 * minidet.ones(2)
        assert x is same
        assert x.requires_grad
        assert x.tolist() == [0.5, 0.5]

    def test_shape_and_kind_stay(self):
        x, i = minidet.ones(1), minidet.tensor([1])
        with pytest.raises(ValueError, match="iadd: other makes the shape \\(2,\\), expected \\(1,\\)"):
            x += minidet.ones(2)
        with pytest.raises(TypeError, match="add_: other makes the dtype float32, expected int64"):
            i.add_(1.5)
        with pytest.raises(TypeError, match="itruediv|idiv"):
            i /= 2

    def test_float64_keeps_its_digits(self):
        assert minidet.ones(1, dtype=minidet.float64).mul_(0.1).item() == 0.1


class TestLocks:
    def test_read_only_while_needed(self):
        array = np.ones(2)
        x = Tensor(array, requires_grad=True)
        given = x.detach().numpy()
        y = (x * x).sum()
        later = x.detach().numpy()
        for held in (array, given, later):
            with pytest.raises(ValueError, match="read-only"):
                held[0] = 2
        y.backward()
        for held in (array, given, later):
            held[0] = 2
        assert x.detach().tolist() == [2, 1]

    def test_writable_again_when_the_graph_is_dropped(self):
        array = np.ones(2)
        y = Tensor(array, requires_grad=True).exp().log()
        z = Tensor(array, requires_grad=True) ** 3
        assert not array.flags.writeable
        del y, z
        gc.collect()
        assert array.flags.writeable

    def test_as_long_as_one_graph_is_left(self):
        array = np.ones(2)
        x = Tensor(array, requires_grad=True)
        y, z = (x * x).sum(), (x**3).sum()
        y.backward()
        assert not array.flags.writeable
        z.backward()
        assert array.flags.writeable

    def test_retain_graph_keeps_the_lock(self):
        array = np.ones(2)
        y = (Tensor(array, requires_grad=True) ** 2).sum()
        y.backward(retain_graph=True)
        assert not array.flags.writeable
        y.backward()
        assert array.flags.writeable

    @pytest.mark.parametrize("part_first", [True, False])
    def test_an_array_and_a_part_of_it(self, part_first):
        """NumPy unlocks no part of a locked array: it has to wait for the whole."""
        array = np.ones(4)
        part = array[1:]
        graphs = [(Tensor(part, requires_grad=True) ** 2).sum(), (Tensor(array, requires_grad=True) ** 2).sum()]
        for graph in graphs if part_first else reversed(graphs):
            graph.backward()
        assert array.flags.writeable
        assert part.flags.writeable

    def test_what_was_read_only_stays_so(self):
        array = np.ones(2)
        array.flags.writeable = False
        (Tensor(array, requires_grad=True) ** 2).sum().backward()
        assert not array.flags.writeable

    def test_nothing_is_locked_without_a_tape(self):
        array = np.ones(2)
        y = Tensor(array) * Tensor(array)
        assert array.flags.writeable
        assert y.numpy().flags.writeable
