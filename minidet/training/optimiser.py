"""How a recipe's numbers become an optimiser and a schedule."""

from __future__ import annotations

from ..errors import bad_argument
from ..nn import Module
from ..optim import CosineAnnealingLR, LinearLR, SequentialLR


def parameter_groups(model, weight_decay: float, lr: float | None = None, pretrained_lr: float = 1.0) -> list[dict]:
    """Split the parameters: weights decay; biases and the scales and shifts of normalisation (one axis) do not.

    Parameters
    ----------
    model : Module
    weight_decay : float
    lr : float, optional
        The highest learning rate; needed with ``pretrained_lr``.
    pretrained_lr : float
        Where it is not 1, the parameters of ``model.backbone`` learn at this share of ``lr``, in groups of their own.
        Of a pyramid's, only those of the backbone that it stands on: its own layers are new.
    """
    if pretrained_lr == 1:
        return _by_decay(model.parameters(), weight_decay)
    if not isinstance(getattr(model, "backbone", None), Module):
        why = f"{type(model).__name__} has no backbone"
        raise bad_argument("train", "pretrained_lr", f"is {pretrained_lr}", "1", why)
    trunk = model.backbone
    trunk = trunk.backbone if isinstance(getattr(trunk, "backbone", None), Module) else trunk
    before = {id(parameter) for parameter in trunk.parameters()}
    new = _by_decay((p for p in model.parameters() if id(p) not in before), weight_decay)
    old = _by_decay(trunk.parameters(), weight_decay)
    return [{**group, "lr": rate} for part, rate in ((new, lr), (old, lr * pretrained_lr)) for group in part]


def _by_decay(parameters, weight_decay: float) -> list[dict]:
    parameters = [p for p in parameters if p.requires_grad]  # a frozen one learns nothing
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]


def warmup_then_cosine(optimizer, steps: int, warmup: int) -> SequentialLR:
    """Raise the learning rate linearly over ``warmup`` steps, then let it fall to 0 along a cosine."""
    warmup = max(1, min(warmup, steps // 4))
    parts = [
        LinearLR(optimizer, start_factor=1 / (warmup + 1), total_iters=warmup),
        CosineAnnealingLR(optimizer, T_max=max(1, steps - warmup)),
    ]
    return SequentialLR(optimizer, parts, milestones=[warmup])
