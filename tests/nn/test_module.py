"""Module: registration, hooks, state and modes."""

import copy
import pickle

import numpy as np
import pytest

import minidet.nn.functional as F
from minidet import Tensor, nn, no_grad, tensor


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 3, 3, padding=1, bias=False)
        self.scale = nn.Parameter(np.ones(3, np.float32))
        self.register_buffer("steps", tensor(np.zeros((), np.int64)))
        self.register_buffer("cache", tensor(np.zeros(2)), persistent=False)
        self.register_parameter("shift", None)

    def forward(self, x):
        return self.conv(x) * self.scale.reshape(3, 1, 1)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = Block()
        self.again = self.first
        self.head = nn.Linear(3, 4)

    def forward(self, x):
        return self.head(self.first(x).mean((2, 3)))


def names(pairs):
    return [name for name, _ in pairs]


class TestRegistration:
    def test_names_follow_the_order_of_assignment_and_come_once(self):
        net = Net()
        assert names(net.named_parameters()) == ["first.scale", "first.conv.weight", "head.weight", "head.bias"]
        assert names(net.named_buffers()) == ["first.steps", "first.cache"]
        assert names(net.named_modules()) == ["", "first", "first.conv", "head"]
        assert names(net.named_children()) == ["first", "head"]
        assert names(net.named_parameters(prefix="net", recurse=False)) == []
        assert len(names(net.named_parameters(remove_duplicate=False))) == 6
        assert len(list(net.modules())) == 4

    def test_a_shared_parameter_comes_once(self):
        net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
        net[1].weight = net[0].weight
        assert names(net.named_parameters()) == ["0.weight", "0.bias", "1.bias"]

    def test_assigning_replaces(self):
        block = Block()
        block.conv = nn.Identity()
        assert names(block.named_parameters()) == ["scale"]
        block.scale = None
        assert names(block.named_parameters()) == []
        assert block.scale is None
        block.scale = nn.Parameter(np.ones(2, np.float32))
        assert names(block.named_parameters()) == ["scale"]
        block.steps = tensor([1.0])
        assert block.steps.item() == 1.0
        block.number = 3
        block.number = nn.Parameter(np.ones(1))
        assert names(block.named_parameters()) == ["scale", "number"]

    def test_delete_and_dir(self):
        block = Block()
        assert {"conv", "scale", "steps"} <= set(dir(block))
        del block.conv, block.cache
        assert "conv" not in dir(block)
        block.extra = 1
        del block.extra
        with pytest.raises(AttributeError, match="Block has no attribute 'conv'"):
            _ = block.conv

    @pytest.mark.parametrize(
        "act, error, message",
        [
            (lambda m: setattr(m, "scale", 3.0), TypeError, "Block: scale is a float, expected a Parameter or None"),
            (lambda m: setattr(m, "scale", tensor([1.0])), TypeError, "Block: scale is a Tensor, expected a Parameter"),
            (lambda m: setattr(m, "steps", np.ones(1)), TypeError, "Block: steps is a ndarray, expected a Tensor"),
            (lambda m: setattr(m, "conv", len), TypeError, "Block: conv is a builtin_function.*, expected a Module"),
            (
                lambda m: m.register_buffer("a.b", None),
                ValueError,
                "Block: name is 'a.b', expected a word without dots",
            ),
            (lambda m: m.register_buffer("", None), ValueError, "Block: name is ''"),
            (lambda m: m.register_buffer("conv", None), ValueError, "Block: name is 'conv', expected a new one"),
            (lambda m: m.register_buffer("x", np.ones(1)), TypeError, "Block: x is a ndarray"),
            (lambda m: m.register_parameter("x", tensor([1.0])), TypeError, "Block: x is a Tensor"),
            (lambda m: m.add_module("x", 3), TypeError, "Block: x is a int, expected a Module or None"),
            (lambda m: m.train("yes"), TypeError, "train: mode is a str"),
            (lambda m: m.to("int32"), TypeError, "to: dtype is 'int32', expected float32 or float64"),
            (lambda m: m.to(None), TypeError, "to: dtype is None"),
        ],
    )
    def test_refuses(self, act, error, message):
        with pytest.raises(error, match=message):
            act(Block())

    def test_without_super_init(self):
        class Late(nn.Module):
            def __init__(self):
                self.layer = nn.Identity()

        class Never(nn.Module):
            def __init__(self):
                self.width = 3

            def forward(self, x):
                return x

        with pytest.raises(AttributeError, match=r"Late: layer is used before .* super\(\).__init__\(\)"):
            Late()
        with pytest.raises(AttributeError, match=r"Never: .* expected super\(\).__init__\(\)"):
            Never()(1)
        with pytest.raises(AttributeError, match="Late: x is used before"):
            Late.__new__(Late).register_buffer("x", None)

    def test_without_forward(self):
        with pytest.raises(NotImplementedError, match="ModuleList: forward is not written"):
            nn.ModuleList()(1)


class TestParameter:
    def test_shares_memory_and_version(self):
        values = tensor([1.0, 2.0])
        parameter = nn.Parameter(values)
        values.zero_()
        assert parameter.tolist() == [0, 0]
        assert parameter.version == values.version == 1
        assert parameter.requires_grad
        assert isinstance(parameter, Tensor)
        assert repr(parameter).startswith("Parameter containing:\ntensor([0., 0.]")

    def test_frozen_and_integer(self):
        assert not nn.Parameter(np.ones(2), requires_grad=False).requires_grad
        assert not nn.Parameter(np.ones(2, int), requires_grad=False).requires_grad
        with pytest.raises(TypeError, match="requires_grad_"):
            nn.Parameter(np.ones(2, int))

    def test_results_are_plain_tensors(self):
        assert type(nn.Parameter(np.ones(2)) * 2) is Tensor

    def test_pickle(self):
        parameter = nn.Parameter(np.arange(3.0), requires_grad=False)
        twin = pickle.loads(pickle.dumps(parameter))
        assert isinstance(twin, nn.Parameter)
        assert twin.tolist() == [0, 1, 2]
        assert not twin.requires_grad


class TestState:
    def test_keys(self):
        keys = ["scale", "steps", "conv.weight"]
        assert list(Net().state_dict()) == [
            *(f"first.{key}" for key in keys), *(f"again.{key}" for key in keys), "head.weight", "head.bias",
        ]  # fmt: skip

    def test_shares_memory_and_is_detached(self):
        net = Net()
        state = net.state_dict()
        assert not any(value.requires_grad for value in state.values())
        state["head.bias"].fill_(7)
        assert net.head.bias.tolist() == [7, 7, 7, 7]

    def test_round_trip(self):
        net, twin = Net(), Net()
        state = {key: value.numpy().copy() for key, value in net.state_dict().items()}
        loaded = twin.load_state_dict(state)
        assert loaded == ([], [])
        assert repr(loaded) == "<All keys matched successfully>"
        for name, parameter in net.named_parameters():
            np.testing.assert_array_equal(
                parameter.detach().numpy(), dict(twin.named_parameters())[name].detach().numpy()
            )
        net.head.weight._write_array()[...] = 0
        assert twin.head.weight.detach().numpy().any(), "loading copies"

    def test_loading_converts_to_the_modules_dtype(self):
        layer = nn.Linear(2, 1)
        layer.load_state_dict({"weight": np.array([[1.5, 2.5]]), "bias": tensor(np.array([3], np.int64))})
        assert layer.weight.dtype == np.float32
        assert layer.weight.tolist() == [[1.5, 2.5]]
        assert layer.bias.tolist() == [3]
        layer.load_state_dict({"weight": np.ones((1, 2), np.float16), "bias": np.ones(1, np.float16)})
        assert layer.weight.tolist() == [[1, 1]]

    def test_all_problems_in_one_message_and_nothing_changed(self):
        layer = nn.Sequential(nn.Linear(2, 1), nn.Linear(2, 2, bias=False))
        before = {key: value.numpy().copy() for key, value in layer.state_dict().items()}
        state = {"0.weight": np.zeros((1, 2)), "1.weight": np.zeros((3, 2)), "2.bias": np.zeros(1)}
        with pytest.raises(ValueError, match="load_state_dict: the state does not fit Sequential") as caught:
            layer.load_state_dict(state)
        message = str(caught.value)
        assert "0.bias is missing" in message
        assert "2.bias is unexpected" in message
        assert "1.weight has shape (3, 2), expected (2, 2)" in message
        for key, value in layer.state_dict().items():
            np.testing.assert_array_equal(value.numpy(), before[key])

    def test_not_strict(self):
        layer = nn.Linear(2, 1)
        found = layer.load_state_dict({"weight": np.zeros((1, 2)), "other": np.zeros(1)}, strict=False)
        assert found.missing_keys == ["bias"]
        assert found.unexpected_keys == ["other"]
        assert repr(found) == "IncompatibleKeys(missing_keys=['bias'], unexpected_keys=['other'])"
        assert layer.weight.tolist() == [[0, 0]]
        with pytest.raises(ValueError, match=r"weight has shape \(2, 2\), expected \(1, 2\)"):
            layer.load_state_dict({"weight": np.zeros((2, 2))}, strict=False)
        with pytest.raises(ValueError, match="weight has dtype"):
            layer.load_state_dict({"weight": np.array([["a", "b"]])}, strict=False)
        with pytest.raises(TypeError, match="load_state_dict: state_dict is a list, expected a dict of arrays"):
            layer.load_state_dict([1])

    def test_loading_before_backward_is_noticed(self):
        layer = nn.Linear(2, 1)
        result = layer(tensor([[1.0, 2.0]], requires_grad=True)).sum()
        layer.load_state_dict(nn.Linear(2, 1).state_dict())
        with pytest.raises(RuntimeError, match="changed in place"):
            result.backward()

    def test_deepcopy(self):
        net = Net()
        net.head.weight.grad = tensor(np.ones((4, 3), np.float32))
        twin = copy.deepcopy(net)
        assert twin.again is twin.first
        assert names(twin.named_parameters()) == names(net.named_parameters())
        twin.head.weight._write_array()[...] = 5
        assert not (net.head.weight.detach().numpy() == 5).any()
        assert twin.head.weight.grad.tolist() == net.head.weight.grad.tolist()


class TestModes:
    def test_train_and_eval(self):
        net = Net()
        assert net.training
        assert net.eval() is net
        assert not any(module.training for module in net.modules())
        net.train()
        assert all(module.training for module in net.modules())

    def test_a_part_that_stays_in_evaluation(self):
        """``train`` of what contains a module calls the module's own."""

        class Frozen(nn.Dropout):
            def train(self, mode=True):
                return super().train(False)

        net = nn.Sequential(nn.ModuleList([Frozen(), nn.Dropout()]))
        net.train()
        assert [module.training for module in net[0]] == [False, True]
        with pytest.raises(TypeError, match="train: mode is a str, expected True or False"):
            net.train("eval")

    def test_requires_grad_and_zero_grad(self):
        net = Net()
        net(tensor(np.ones((1, 2, 4, 4), np.float32))).sum().backward()
        assert all(parameter.grad is not None for parameter in net.parameters())
        net.zero_grad(set_to_none=False)
        assert not any(parameter.grad.numpy().any() for parameter in net.parameters())
        net.zero_grad()
        assert all(parameter.grad is None for parameter in net.parameters())
        net.requires_grad_(False)
        assert not net(tensor(np.ones((1, 2, 4, 4), np.float32))).requires_grad

    def test_apply_goes_inside_out(self):
        seen = []
        net = Net()
        assert net.apply(lambda module: seen.append(type(module).__name__)) is net
        assert seen == ["Conv2d", "Block", "Linear", "Net"]

    def test_dtypes(self):
        net = Net()
        before = net.head.weight
        net(tensor(np.ones((1, 2, 4, 4), np.float32))).sum().backward()
        assert net.double() is net
        assert net.head.weight is before
        assert {parameter.dtype for parameter in net.parameters()} == {np.dtype(np.float64)}
        assert before.grad.dtype == np.float64
        assert net.first.steps.dtype == np.int64
        assert net(tensor(np.ones((1, 2, 4, 4)))).dtype == np.float64
        assert net.float().head.weight.dtype == np.float32
        assert net.to("float64").head.weight.dtype == np.float64


class TestHooks:
    def test_order_and_removal(self):
        layer, seen = nn.ReLU(), []
        first = layer.register_forward_pre_hook(lambda module, args: seen.append(("before", args[0].tolist())))
        second = layer.register_forward_hook(lambda module, args, output: seen.append(("after", output.tolist())))
        layer(tensor([-1.0]))
        assert seen == [("before", [-1]), ("after", [0])]
        first.remove()
        second.remove()
        layer(tensor([-1.0]))
        assert len(seen) == 2

    def test_replacing(self):
        layer = nn.Identity()
        with layer.register_forward_pre_hook(lambda module, args: args[0] * 2):
            assert layer(tensor([1.0])).tolist() == [2]
        with layer.register_forward_hook(lambda module, args, output: output + 1):
            assert layer(tensor([1.0])).tolist() == [2]
        assert layer(tensor([1.0])).tolist() == [1]

    def test_gradients_go_through_a_replaced_output(self):
        layer, x = nn.Identity(), tensor([1.0, 2.0], requires_grad=True)
        layer.register_forward_hook(lambda module, args, output: output * 3)
        layer(x).sum().backward()
        assert x.grad.tolist() == [3, 3]


def test_gradients_reach_every_parameter():
    net = Net()
    F.cross_entropy(net(tensor(np.ones((2, 2, 4, 4), np.float32))), np.array([0, 3])).backward()
    assert all(parameter.grad.shape == parameter.shape for parameter in net.parameters())
    with no_grad():
        assert not net(tensor(np.ones((2, 2, 4, 4), np.float32))).requires_grad
