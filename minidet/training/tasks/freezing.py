"""A backbone that was trained before: kept as it is at first, then fine-tuned."""

from __future__ import annotations

from ...errors import bad_argument, integer


def check_freezing(options) -> None:
    """Raise unless ``frozen_epochs`` and ``frozen_until`` of a task's options are what :func:`freeze_first` takes."""
    integer("train", "frozen_epochs", options.frozen_epochs)
    if options.frozen_until is not None:
        integer("train", "frozen_until", options.frozen_until, 1)


def freeze_first(model, epoch: int, options) -> None:
    """Keep ``model.backbone`` as it is in the first epochs, and its first layers for as long as ``frozen_until`` says.

    Parameters
    ----------
    model : Module
    epoch : int
        The one that is about to begin, counted from 0.
    options
        ``frozen_epochs``: so many epochs without it. ``frozen_until``: a stride; layers up to its map stay frozen.
        With 0 and None nothing is done.
    """
    if not options.frozen_epochs and options.frozen_until is None:
        return
    backbone = getattr(model, "backbone", None)
    if not hasattr(backbone, "freeze"):
        name = "frozen_epochs" if options.frozen_epochs else "frozen_until"
        why = f"this {type(model).__name__} has no backbone of --backbone"
        raise bad_argument("train", name, f"is {getattr(options, name)}", "0" if options.frozen_epochs else "None", why)
    if epoch < options.frozen_epochs:
        backbone.freeze()
        return
    backbone.unfreeze()
    if options.frozen_until is not None:
        backbone.freeze(options.frozen_until)
