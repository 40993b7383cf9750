import numpy as np
import pytest

import minidet
import minidet.nn.functional as F
from minidet import nn
from minidet.viz import draw_tape, read_tape
from minidet.viz.tape import fold_leaves


class Block(nn.Module):
    """A residual block: its input is read twice."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 2, 3, padding=1)

    def forward(self, x):
        x = F.relu(x)
        return x + self.conv(x)


def scores(net):
    return net(minidet.ones(1, 2, 4, 4, requires_grad=True))


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_read_by_hand():
    x, y = minidet.tensor(2.0, requires_grad=True), minidet.tensor(-3.0, requires_grad=True)
    nodes = read_tape((x * y + x) ** 2, names={"x": x, "y": y})
    assert {node.name for node in nodes[:2]} == {"x", "y"}
    assert [node.name for node in nodes[2:]] == ["Mul", "Add", "Pow"]
    mul, add, power = nodes[2:]
    assert [source.name for source in mul.inputs] == ["x", "y"]
    assert [source.name for source in add.inputs] == ["Mul", "x"]
    assert power.inputs == [add]
    assert [node.kind for node in nodes] == ["leaf", "leaf", "operation", "operation", "result"]


def test_inputs_come_before_what_reads_them():
    net = nn.Sequential(Block(), Block(), nn.Conv2d(2, 3, 1))
    nodes = read_tape(scores(net).mean(), net)
    place = {id(node): i for i, node in enumerate(nodes)}
    assert all(place[id(source)] < place[id(node)] for node in nodes for source in node.inputs)
    assert nodes[-1].kind == "result"


def test_parameters_have_the_names_of_the_module():
    net = nn.Sequential(Block())
    nodes = read_tape(scores(net), net)
    named = {node.name: node.details for node in nodes if node.kind == "parameter"}
    assert named == {"0.conv.weight": ["(2, 2, 3, 3)"], "0.conv.bias": ["(2,)"]}
    assert [node.name for node in read_tape(scores(net)) if node.kind == "parameter"] == ["parameter"] * 2


def test_tensors_without_gradient_are_not_on_the_tape():
    net = Block()
    nodes = read_tape(net(minidet.ones(1, 2, 4, 4)), net)
    assert [node.name for node in nodes if node.kind != "parameter"] == ["Conv2d", "Add"]


def test_a_tensor_that_is_read_twice_is_one_box_with_two_arrows():
    x = minidet.tensor([1.0, 2.0], requires_grad=True)
    leaf, product = read_tape(x * x)
    assert product.inputs == [leaf, leaf]


def test_numbers_show_their_value_and_gradient():
    x = minidet.tensor(2.0, requires_grad=True)
    y = x * x
    y.retain_grad()
    z = y * 3.0
    z.backward(retain_graph=True)
    nodes = {node.name: node for node in read_tape(z, names={"x": x, "y": y})}
    assert nodes["x"].details == ["2, grad 12"]
    assert [node.details for node in read_tape(z, names={"y": y}) if node.kind == "operation"] == [["y: 4, grad 3"]]


def test_only_the_outputs_that_are_used_are_shown():
    x = minidet.rand(1, 1, 4, 4, requires_grad=True)
    pooled, _ = F.max_pool2d(x, 2, return_indices=True)
    nodes = read_tape(pooled.sum())
    assert [node.details for node in nodes if node.name == "MaxPool2d"] == [["(1, 1, 2, 2)"]]


def test_folding_keeps_leaves_that_several_read():
    w = minidet.ones(2, requires_grad=True)
    b = minidet.ones(2, requires_grad=True)
    nodes = fold_leaves(read_tape((w * 2.0 + b) * w, names={"w": w, "b": b}))
    assert [node.name for node in nodes] == ["w", "Mul", "Add", "Mul"]
    assert nodes[2].details == ["(2,)", "b (2,)"]
    assert [source.name for source in nodes[3].inputs] == ["Add", "w"]


def test_folding_keeps_a_leaf_that_one_operation_reads_twice():
    x = minidet.ones(2, requires_grad=True)
    assert [node.name for node in fold_leaves(read_tape(x * x, names={"x": x}))] == ["x", "Mul"]


def test_the_drawing_has_every_name_and_shape():
    net = nn.Sequential(Block(), nn.Conv2d(2, 3, 1))
    drawn = texts(draw_tape(scores(net), net))
    for name in ("leaf", "Relu", "Conv2d", "Add", "0.conv.weight", "1.bias", "(3, 2, 1, 1)", "(1, 3, 4, 4)"):
        assert name in drawn
    assert drawn.count("Conv2d") == 2


def test_every_arrow_ends_at_its_box():
    from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

    net = Block()
    ax = draw_tape(scores(net), net)
    boxes = [(p.get_x(), p.get_y(), p.get_width(), p.get_height()) for p in ax.patches if isinstance(p, FancyBboxPatch)]
    arrows = [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]
    assert len(boxes) == 6  # input, weight, bias, Relu, Conv2d, Add
    assert len(arrows) == 6
    for arrow in arrows:
        path = arrow.get_path()  # its head included
        corners = path.vertices[path.codes != path.CLOSEPOLY]
        (x0, y0), (x1, y1) = corners[0], corners[corners[:, 1].argmax()]
        assert any(x <= x0 <= x + w and y0 == pytest.approx(y + h, abs=1) for x, y, w, h in boxes), "leaves below a box"
        assert any(x <= x1 <= x + w and y1 == pytest.approx(y, abs=1.5) for x, y, w, h in boxes), "arrives above a box"


def test_texts_lie_inside_their_boxes():
    from matplotlib.patches import FancyBboxPatch

    ax = draw_tape(scores(nn.Sequential(Block(), Block())))
    ax.figure.canvas.draw()
    boxes = [patch.get_window_extent() for patch in ax.patches if isinstance(patch, FancyBboxPatch)]
    for text in ax.texts:
        inner = text.get_window_extent()
        holds = [b.x0 <= inner.x0 and b.x1 >= inner.x1 and b.y0 <= inner.y0 and b.y1 >= inner.y1 for b in boxes]
        assert any(holds), text.get_text()


def test_a_long_tape_is_folded_and_a_longer_one_refused():
    net = nn.Sequential(*[nn.Conv2d(2, 2, 1) for _ in range(9)])
    out = net(minidet.ones(1, 2, 4, 4))
    assert "0.weight" in texts(draw_tape(out, net, max_nodes=27))
    folded = texts(draw_tape(out, net, max_nodes=26))
    assert "0.weight" not in folded
    assert "0.weight (2, 2, 1, 1)" in folded
    with pytest.raises(
        ValueError, match=r"draw_tape: tensor has a tape of 9 operations, expected at most 8: .*earlier layer"
    ):
        draw_tape(out, net, max_nodes=8)


def test_given_axes_scale_the_letters():
    from minidet.viz import subplots

    net = Block()
    out = scores(net)
    sizes = []
    for height in (6, 3):
        _, ax = subplots(figsize=(8, height))
        sizes.append(draw_tape(out, net, ax=ax).texts[0].get_fontsize())
    assert sizes[0] / sizes[1] == pytest.approx(2, rel=0.1)


def test_what_has_no_tape():
    x = minidet.ones(2, requires_grad=True)
    with minidet.no_grad():
        constant = x * 2
    for tensor in (x, constant):
        with pytest.raises(ValueError, match="draw_tape: tensor has no tape"):
            draw_tape(tensor)
    loss = (x * 2).sum()
    loss.backward()
    with pytest.raises(RuntimeError, match="draw_tape: the tape was freed.*retain_graph"):
        draw_tape(loss)


def test_bad_arguments():
    x = minidet.ones(2, requires_grad=True) * 2
    with pytest.raises(TypeError, match="draw_tape: tensor is a ndarray"):
        draw_tape(np.ones(2))
    with pytest.raises(TypeError, match=r"draw_tape: names\['x'\] is a int"):
        draw_tape(x, names={"x": 3})
    with pytest.raises(ValueError, match="draw_tape: max_nodes is 0"):
        draw_tape(x, max_nodes=0)
