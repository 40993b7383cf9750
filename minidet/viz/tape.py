"""The tape drawn as a graph: which operation read which result, as ``backward()`` will walk it, the other way round."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..autograd import Tensor
from ..errors import bad_argument, integer
from ..nn import Module, Parameter
from .layered import Layout, layout, spread
from .page import COLOURS, INK, points

KINDS = {"operation": INK, "leaf": COLOURS[2], "parameter": COLOURS[1], "result": COLOURS[0]}
TITLE, DETAIL = 8.5, 7.5  # sizes of letters, in points
MARGIN = 6.0  # around a box's text


@dataclass(eq=False)
class TapeNode:
    """One box: an operation, or a leaf, a tensor that no recorded operation made.

    Attributes
    ----------
    name : str
        The operation's class, or the name of the parameter or leaf.
    kind : {"operation", "leaf", "parameter", "result"}
        The result is the operation that made the tensor that was asked for.
    details : list of str
        Shapes, values, and leaves that were folded in.
    inputs : list of TapeNode
        What the operation read, in the order of its arguments; only what gradients go to.
    """

    name: str
    kind: str
    details: list[str] = field(default_factory=list)
    inputs: list[TapeNode] = field(default_factory=list)


def read_tape(tensor: Tensor, module: Module | None = None, names: dict | None = None) -> list[TapeNode]:
    """Return everything that ``tensor`` was computed from, inputs before what reads them; the result comes last.

    Tensors that need no gradient are not on the tape, and so not here: images usually, labels always.

    Parameters
    ----------
    tensor : Tensor
        A result of recorded operations, before its ``backward()`` (or after ``backward(retain_graph=True)``).
    module : Module, optional
        Leaves that are its parameters get their names.
    names : dict of str to Tensor, optional
        Names for other tensors, leaves or results. Those of one element show their value and gradient too.
    """
    root = _checked_result(tensor)
    if module is not None and not isinstance(module, Module):
        was = f"is a {type(module).__name__}"
        raise bad_argument("draw_tape", "module", was, "a Module or None", error=TypeError)
    if names is not None and not isinstance(names, dict):
        was = f"is a {type(names).__name__}"
        raise bad_argument("draw_tape", "names", was, "a dict of names and Tensors, or None", error=TypeError)
    labels = {id(param): name for name, param in module.named_parameters()} if module is not None else {}
    results = {}  # (node of the tape, number of its output) -> (name, tensor)
    for name, named in (names or {}).items():
        if not isinstance(named, Tensor):
            raise bad_argument("draw_tape", f"names[{name!r}]", f"is a {type(named).__name__}", "a Tensor",
                               error=TypeError)  # fmt: skip
        if named.grad_fn is None:
            labels[id(named)] = name
        else:
            results.setdefault(id(named.grad_fn), {})[named.output_nr] = (name, named)
    order, used = _walk(root)
    nodes: dict[int, TapeNode] = {}
    for target in order:
        if isinstance(target, Tensor):
            kind = "parameter" if isinstance(target, Parameter) else "leaf"
            nodes[id(target)] = TapeNode(labels.get(id(target), kind), kind, [_describe(target)])
            continue
        outputs = used.get(id(target), set()) | ({tensor.output_nr} if target is root else set())
        node = TapeNode(target.name, "result" if target is root else "operation")
        for number in sorted(outputs):
            name, named = results.get(id(target), {}).get(number, ("", None))
            text = str(target.output_meta[number][0]) if named is None else _describe(named)
            node.details.append(f"{name}: {text}" if name else text)
        node.inputs = [nodes[id(edge[0])] for edge in target.edges if edge is not None]
        nodes[id(target)] = node
    return list(nodes.values())


def _checked_result(tensor):
    """Return the newest operation on the tape of ``tensor``."""
    if not isinstance(tensor, Tensor):
        raise bad_argument("draw_tape", "tensor", f"is a {type(tensor).__name__}", "a Tensor", error=TypeError)
    if tensor.grad_fn is None:
        why = "it is a leaf, or was computed inside no_grad(), or no input has requires_grad=True"
        raise bad_argument("draw_tape", "tensor", "has no tape", "a result of recorded operations", why)
    return tensor.grad_fn


def _walk(root) -> tuple[list, dict[int, set[int]]]:
    """List operations and leaves, oldest first, and which outputs of each operation were read."""
    found, used, stack = {}, {}, [root]
    while stack:
        target = stack.pop()
        if id(target) in found:
            continue
        if not isinstance(target, Tensor) and target.edges is None:
            why = "its backward() went through it; draw first, or call backward(retain_graph=True)"
            raise bad_argument("draw_tape", "the tape", "was freed", "one that still is there", why, RuntimeError)
        found[id(target)] = target
        for edge in () if isinstance(target, Tensor) else target.edges:
            if edge is not None:
                stack.append(edge[0])
                used.setdefault(id(edge[0]), set()).add(edge[1])
    leaves = [target for target in found.values() if isinstance(target, Tensor)]
    operations = [target for target in found.values() if not isinstance(target, Tensor)]
    return leaves + sorted(operations, key=lambda operation: operation.sequence), used


def _describe(tensor: Tensor) -> str:
    """Return a tensor's shape, or what it holds if that is one number."""
    if tensor.numel() != 1:
        return str(tensor.shape)
    grad = "" if tensor.grad is None else f", grad {tensor.grad.item():.4g}"
    return f"{tensor.item():.4g}{grad}"


def fold_leaves(nodes: list[TapeNode]) -> list[TapeNode]:
    """Write every leaf that one operation alone reads into that operation's box."""
    readers: dict[int, int] = {}
    for node in nodes:
        for source in node.inputs:
            readers[id(source)] = readers.get(id(source), 0) + 1
    folded = set()
    for node in nodes:
        own = [source for source in node.inputs if source.kind in ("leaf", "parameter") and readers[id(source)] == 1]
        node.details += [" ".join([source.name, *source.details]) for source in own]
        node.inputs = [source for source in node.inputs if source not in own]
        folded.update(own)
    return [node for node in nodes if node not in folded]


def draw_tape(tensor: Tensor, module: Module | None = None, names: dict | None = None, *, max_nodes: int = 40, ax=None):
    """Draw what a tensor was computed from: leaves above, the result below, arrows as the numbers went.

    ``backward()`` walks the arrows the other way. An operation's box shows the shape of its result.

    Parameters
    ----------
    tensor, module, names
        See :func:`read_tape`.
    max_nodes : int
        With more boxes than this, leaves are written into the boxes of the operations that read them.
    ax : matplotlib.axes.Axes, optional
        Where to draw, as large as fits. New ones are as large as the graph needs.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If more than ``max_nodes`` boxes are left, or the tensor is no result of recorded operations.
    RuntimeError
        If the tape was freed by ``backward()``.
    """
    max_nodes = integer("draw_tape", "max_nodes", max_nodes, low=1)
    nodes = read_tape(tensor, module, names)
    if len(nodes) > max_nodes:
        nodes = fold_leaves(nodes)
    if len(nodes) > max_nodes:
        why = ("nobody could read it: take the result of an earlier layer, a network of fewer layers, "
               "or a larger max_nodes")  # fmt: skip
        raise bad_argument("draw_tape", "tensor", f"has a tape of {len(nodes)} operations", f"at most {max_nodes}", why)
    number = {id(node): i for i, node in enumerate(nodes)}
    edges = [(number[id(source)], i) for i, node in enumerate(nodes) for source in node.inputs]
    weights = [8.0 if nodes[upper].kind == "operation" else 1.0 for upper, _ in edges]
    arranged = layout([_size(node) for node in nodes], edges, weights)
    ax, scale = points("draw_tape", ax, arranged.width, arranged.height)
    for node, box in zip(nodes, arranged.boxes, strict=True):
        _draw_box(ax, node, box, scale)
    _draw_arrows(ax, arranged, scale)
    return ax


def _size(node: TapeNode) -> tuple[float, float]:
    """Return width and height of a box in points: its text and a margin."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    bold, normal = FontProperties(size=TITLE, weight="bold"), FontProperties(size=DETAIL)
    texts = [(node.name, bold), *((detail, normal) for detail in node.details)]
    widths = [text_to_path.get_text_width_height_descent(text, font, ismath=False)[0] for text, font in texts]
    lines = TITLE + len(node.details) * DETAIL
    return max(max(widths), 24.0) + 2 * MARGIN, 1.25 * lines + 1.2 * MARGIN


def _draw_box(ax, node: TapeNode, box, scale: float) -> None:
    from matplotlib.colors import to_rgba
    from matplotlib.patches import FancyBboxPatch

    colour = KINDS[node.kind]
    style = "round,pad=0,rounding_size=5" if node.kind in ("operation", "result") else "square,pad=0"
    left, top = box.x - box.width / 2, box.y - box.height / 2
    line = 1.8 if node.kind == "result" else 1.0
    ax.add_patch(FancyBboxPatch((left, top), box.width, box.height, style, facecolor=to_rgba(colour, 0.1),
                                edgecolor=colour, linewidth=line * scale))  # fmt: skip
    lines = [(node.name, TITLE, "bold"), *((detail, DETAIL, "normal") for detail in node.details)]
    y = top + 0.6 * MARGIN
    for text, size, weight in lines:
        y += 1.25 * size
        ax.text(box.x, y - 0.62 * size, text, fontsize=size * scale, weight=weight, ha="center", va="center_baseline",
                color=INK if node.kind == "result" else colour)  # fmt: skip


def _draw_arrows(ax, arranged: Layout, scale: float) -> None:
    """Draw the edges as curves that leave and arrive vertically, each arrow at a place of its own on the box."""
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    arriving: dict[int, list[int]] = {}
    leaving: dict[int, list[int]] = {}
    for i, line in enumerate(arranged.lines):
        leaving.setdefault(line[0].number, []).append(i)
        arriving.setdefault(line[-1].number, []).append(i)
    start = _doors(arranged, leaving, lambda line: line[1].x, 0)
    end = _doors(arranged, arriving, lambda line: line[-2].x, -1)
    for i, line in enumerate(arranged.lines):
        upper, *places, lower = line
        corners = [(start[i], upper.y + upper.height / 2)]
        for place in places:
            corners += [(place.x, place.y - place.height / 2), (place.x, place.y + place.height / 2)]
        corners.append((end[i], lower.y - lower.height / 2))
        points, codes = [corners[0]], [Path.MOVETO]
        for k in range(0, len(corners) - 1, 2):
            (x0, y0), (x1, y1) = corners[k], corners[k + 1]
            middle = (y0 + y1) / 2
            points += [(x0, middle), (x1, middle), (x1, y1)]
            codes += [Path.CURVE4] * 3
            if k + 2 < len(corners):
                points.append(corners[k + 2])
                codes.append(Path.LINETO)
        ax.add_patch(FancyArrowPatch(path=Path(points, codes), arrowstyle="-|>", mutation_scale=8 * scale, color=INK,
                                     linewidth=1.0 * scale, capstyle="butt", joinstyle="miter"))  # fmt: skip


def _doors(arranged: Layout, lines_of: dict[int, list[int]], other_x, end: int) -> dict[int, float]:
    """Place the ends of each box's lines on its side: in line with where they come from or go to, if there is room."""
    doors = {}
    for numbers in lines_of.values():
        numbers = sorted(numbers, key=lambda i: other_x(arranged.lines[i]))
        box = arranged.lines[numbers[0]][end]
        reach = box.width / 2 - 2 * MARGIN
        wishes = [min(max(other_x(arranged.lines[i]), box.x - reach), box.x + reach) for i in numbers]
        pulls = [1 / (1 + abs(other_x(arranged.lines[i]) - box.x)) for i in numbers]
        gap = min(14.0, 2 * reach / max(len(numbers) - 1, 1))
        places = spread(wishes, pulls, gap)
        shift = max(box.x - reach - places[0], 0.0) + min(box.x + reach - places[-1], 0.0)
        doors.update(zip(numbers, (place + shift for place in places), strict=True))
    return doors
