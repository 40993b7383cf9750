"""Faster R-CNN in four steps: how two networks that were made for different tasks come to share their convolutions.

Ren et al., 2015, section 3.2, "4-Step Alternating Training":

    step  backbone          learns                              proposals
    1     its own (A)       A, region proposal network
    2     its own (B)       B, box head                         of step 1, which stay as they are
    3     B, fixed          region proposal network
    4     B, fixed          box head                            of step 3, which stay as they are

Before step 3 the networks share nothing; afterwards one backbone serves both. Joint training (``FasterRCNN`` as it is)
does the same in one step, and leaves out only the gradient with respect to the proposals' places.

Deviation from the paper: step 3 goes on from the region proposal network of step 1, not from new layers.
"""

from __future__ import annotations

from collections.abc import Callable

from .... import nn
from ....errors import bad_argument
from .faster_rcnn import FasterRCNN


def train_in_four_steps(build: Callable, learn: Callable) -> FasterRCNN:
    """Train a Faster R-CNN as the table says.

    >>> def learn(step, parameters, losses):
    ...     optimizer = optim.AdamW(parameters, lr=1e-3)
    ...     for images, targets in loader:
    ...         optimizer.zero_grad()
    ...         sum(losses(images, targets).values()).backward()
    ...         optimizer.step()
    >>> model = train_in_four_steps(lambda: FasterRCNN(4, pretrained=True), learn)

    Parameters
    ----------
    build : callable
        Returns a new FasterRCNN, called twice; both have the same shape.
    learn : callable
        ``learn(step, parameters, losses)`` trains in step 1 to 4: ``parameters`` is the list of what learns, and
        ``losses(images, targets)`` returns a dict of scalars.

    Returns
    -------
    FasterRCNN
        All of whose parameters may learn again.
    """
    first, model = build(), build()
    for network in (first, model):
        if not isinstance(network, FasterRCNN):
            raise bad_argument("train_in_four_steps", "build", f"returned a {type(network).__name__}", "a FasterRCNN",
                               error=TypeError)  # fmt: skip

    first.train()
    learn(1, learning(first.backbone, first.rpn), first.proposal_losses)

    first.backbone.eval()  # its proposals are what they are; ``first.rpn`` still gives as many as in training
    model.train()
    learn(2, learning(model.backbone, model.roi_heads), lambda images, targets: _heads(model, first, images, targets))

    fix(model.backbone)
    model.rpn.load_state_dict(first.rpn.state_dict())
    learn(3, learning(model.rpn), model.proposal_losses)
    learn(4, learning(model.roi_heads), lambda images, targets: _heads(model, model, images, targets))

    free(model.backbone)
    return model.train()


def _heads(model: FasterRCNN, proposer: FasterRCNN, images, targets) -> dict:
    """Return the losses of the box head on another network's proposals."""
    return model(images, targets, proposer.propose(images))


def learning(*modules: nn.Module) -> list:
    """Return the parameters of modules that learn."""
    return [parameter for module in modules for parameter in module.parameters() if parameter.requires_grad]


def fix(backbone: nn.Module) -> None:
    """Keep a backbone as it is; a pyramid with all of its layers."""
    if hasattr(backbone, "freeze"):
        backbone.freeze()
    else:
        backbone.eval()
    backbone.requires_grad_(False)


def free(backbone: nn.Module) -> None:
    """Let a backbone learn again."""
    if hasattr(backbone, "unfreeze"):
        backbone.unfreeze()
    backbone.requires_grad_(True)
