"""What a segmentation network asks of a backbone that it is given."""

from __future__ import annotations

from itertools import pairwise

from ... import nn
from ...errors import bad_argument, shown
from ..backbones import Backbone, backbone


def trunk(op: str, given, pretrained, strides: tuple[int, ...] | None = None, levels: int | None = None) -> nn.Module:
    """Return the backbone that ``backbone=`` and ``pretrained=`` ask for, set to return the maps that are needed.

    Parameters
    ----------
    op : str
        The network, for messages.
    given, pretrained
        As in :func:`minidet.models.backbones.backbone`.
    strides : tuple of int, optional
        The maps that are needed.
    levels : int, optional
        Or how many, from the coarsest; fewer if there are fewer. Each has to be twice as coarse as the one before.
    """
    found = backbone(given, None, pretrained)
    there = tuple(sorted(found.levels if isinstance(found, Backbone) else found.channels))
    if strides is None:
        strides = there[-levels:]
        if any(coarse != 2 * fine for fine, coarse in pairwise(strides)):
            why = "every stage doubles the size"
            raise bad_argument(op, "backbone", f"has the strides {there}", "each twice the one before", why)
    elif not set(strides) <= set(there):
        expected = ", ".join(map(str, strides))
        why = "scores are made there"
        raise bad_argument(op, "backbone", f"has the strides {there}", f"{expected} among them", why)
    if isinstance(found, Backbone):
        found.choose(strides)
    return found


def check_unused(op: str, **options) -> None:
    """Raise unless every option is as it is by default; each is given as (value, default)."""
    for name, (value, default) in options.items():
        if value is not default and value != default:
            why = "it belongs to the encoder, whose place a backbone takes"
            raise bad_argument(op, name, f"is {shown(value)} beside a backbone", f"{default!r}", why)


def check_untrained(op: str, pretrained) -> None:
    """Raise if weights are asked for, but no backbone."""
    if pretrained is not False:
        why = "without a backbone nothing was trained before"
        raise bad_argument(op, "pretrained", f"is {shown(pretrained)}, and backbone is None", "False", why)
