"""What every training run has, whatever it learns."""

from __future__ import annotations

import os
from dataclasses import MISSING, asdict, dataclass, field, fields

from ..errors import bad_argument, integer, number

LARGE = 1e12  # no number of a recipe is larger
#: Options of the task that stood among a recipe's own fields when segmentation was all that could be learnt.
ONCE_FIELDS = ("class_weights", "class_weight_power", "scale", "degrees")


@dataclass(frozen=True)
class Recipe:
    """Everything that a training run depends on, apart from the data and the seed.

    AdamW with linear warm-up and cosine decay to 0 at the last step; no weight decay on biases and normalisation.
    """

    model: str  # a row of minidet.models.MODELS
    data: str  # a source of the model's task
    epochs: int
    batch_size: int
    lr: float
    weight_decay: float = 0.02
    warmup_steps: int = 50
    max_norm: float = 5.0  # the gradient's norm is clipped here
    pretrained_lr: float = 1.0  # with pretrained=True, model.backbone learns at this share of lr
    pretrained_options: dict = field(default_factory=dict)  # with pretrained=True, options besides those below
    minutes: float | None = None  # the time that training may take; it sets the number of epochs
    quick_epochs: int = 1
    quick_samples: int = 32
    train_samples: int | None = None  # for generated data: scenes per epoch
    test_samples: int | None = None
    options: dict = field(default_factory=dict)  # what only this task needs: its Options
    model_args: dict = field(default_factory=dict)

    def __post_init__(self):
        for name in ("model", "data"):
            if not isinstance(getattr(self, name), str):
                raise bad_argument("train", name, f"is {getattr(self, name)!r}", "a name", error=TypeError)
        for name in ("epochs", "batch_size", "quick_epochs", "quick_samples"):
            integer("train", name, getattr(self, name), low=1)
        integer("train", "warmup_steps", self.warmup_steps)
        for name in ("train_samples", "test_samples"):
            if getattr(self, name) is not None:
                integer("train", name, getattr(self, name), low=1)
        for name in ("lr", "weight_decay", "max_norm", "pretrained_lr"):
            number("train", name, getattr(self, name), 0, LARGE)
        if not self.lr > 0:
            raise bad_argument("train", "lr", f"is {self.lr}", "a number above 0")
        if self.minutes is not None and not number("train", "minutes", self.minutes, 0, LARGE) > 0:
            raise bad_argument("train", "minutes", f"is {self.minutes}", "a number above 0")
        for name in ("options", "pretrained_options", "model_args"):
            values = getattr(self, name)
            if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
                raise bad_argument("train", name, f"is {values!r}", "a dict of names and values", error=TypeError)

    def as_dict(self) -> dict:
        """Return the fields as JSON can hold them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict) -> Recipe:
        """Return the recipe that :meth:`as_dict` described.

        A field that did not exist yet when the run was written has its default: that is what the run did. Options that
        stood among the fields then are found there.

        Raises
        ------
        KeyError
            If a field without default is missing.
        """
        if not isinstance(values, dict):
            raise bad_argument("train", "recipe", f"is a {type(values).__name__}", "a dict of fields", error=TypeError)
        if "options" not in values:
            values = {**values, "options": {name: values[name] for name in ONCE_FIELDS if name in values}}
        required = {f.name for f in fields(cls) if f.default is MISSING and f.default_factory is MISSING}
        present = [f.name for f in fields(cls) if f.name in values or f.name in required]
        return cls(**{name: values[name] for name in present})


def is_quick() -> bool:
    """Tell whether ``MINIDET_QUICK`` asks for the same code with fewer steps."""
    return os.environ.get("MINIDET_QUICK", "0") not in ("", "0")
