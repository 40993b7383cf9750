"""What each model is trained with: one literal table, every number a choice that can be read and changed."""

from __future__ import annotations

import os
from dataclasses import MISSING, asdict, dataclass, field, fields, replace

from ..errors import bad_argument, check_choice, integer, number
from ..models import UNet

LARGE = 1e12  # no number of a recipe is larger


@dataclass(frozen=True)
class Recipe:
    """Everything that a training run depends on, apart from the data and the seed.

    AdamW with linear warm-up and cosine decay to 0 at the last step; no weight decay on biases and normalisation.
    """

    model: str
    data: str
    epochs: int
    batch_size: int
    lr: float
    weight_decay: float = 0.02
    warmup_steps: int = 50
    max_norm: float = 5.0  # the gradient's norm is clipped here
    class_weights: str = "power"  # or "median_frequency": minidet.data.median_frequency_weights
    class_weight_power: float = 0.0  # weight of a class = share of its pixels ** -power, scaled to mean 1
    scale: tuple[float, float] = (0.9, 1.25)  # photographs are magnified by a factor between these ...
    degrees: float = 0.0  # ... and turned by an angle up to this
    quick_epochs: int = 1
    quick_samples: int = 32
    train_samples: int | None = None  # for generated data: scenes per epoch
    test_samples: int | None = None
    model_args: dict = field(default_factory=dict)

    def __post_init__(self):
        for name in ("model", "data", "class_weights"):
            if not isinstance(getattr(self, name), str):
                raise bad_argument("train", name, f"is {getattr(self, name)!r}", "a name", error=TypeError)
        for name in ("epochs", "batch_size", "quick_epochs", "quick_samples"):
            integer("train", name, getattr(self, name), low=1)
        integer("train", "warmup_steps", self.warmup_steps)
        for name in ("train_samples", "test_samples"):
            if getattr(self, name) is not None:
                integer("train", name, getattr(self, name), low=1)
        for name in ("lr", "weight_decay", "max_norm", "class_weight_power", "degrees"):
            number("train", name, getattr(self, name), -LARGE if name == "class_weight_power" else 0, LARGE)
        if not self.lr > 0:
            raise bad_argument("train", "lr", f"is {self.lr}", "a number above 0")
        if not isinstance(self.scale, (tuple, list)) or len(self.scale) != 2:
            raise bad_argument("train", "scale", f"is {self.scale!r}", "two numbers", error=TypeError)
        object.__setattr__(self, "scale", tuple(number("train", "scale", part, 0, LARGE) for part in self.scale))
        if not isinstance(self.model_args, dict) or not all(isinstance(name, str) for name in self.model_args):
            raise bad_argument("train", "model_args", f"is {self.model_args!r}", "a dict of arguments", error=TypeError)
        check_choice("train", "class_weights", self.class_weights, ("power", "median_frequency"))
        if self.class_weights != "power" and self.class_weight_power != 0:
            why = f"class_weights is {self.class_weights!r}, which needs no power"
            raise bad_argument("train", "class_weight_power", f"is {self.class_weight_power}", "0", why)

    def as_dict(self) -> dict:
        """Return the fields as JSON can hold them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict) -> Recipe:
        """Return the recipe that :meth:`as_dict` described.

        A field that did not exist yet when the run was written has its default: that is what the run did.

        Raises
        ------
        KeyError
            If a field without default is missing.
        """
        if not isinstance(values, dict):
            raise bad_argument("train", "recipe", f"is a {type(values).__name__}", "a dict of fields", error=TypeError)
        required = {f.name for f in fields(cls) if f.default is MISSING and f.default_factory is MISSING}
        present = [f.name for f in fields(cls) if f.name in values or f.name in required]
        return cls(**{name: values[name] for name in present})


RECIPES = {
    ("deconvnet", "digits"): Recipe(
        "deconvnet",
        "digits",
        epochs=8,
        batch_size=8,
        lr=8e-3,
        train_samples=1600,
        test_samples=400,
        model_args={"widths": (16, 32), "convs": (1, 2), "hidden": 64, "hidden_kernel": 5},
    ),
    ("segnet", "digits"): Recipe(
        "segnet",
        "digits",
        epochs=8,
        batch_size=32,
        lr=4e-3,
        train_samples=2048,
        test_samples=400,
        class_weight_power=0.25,
        model_args={"widths": (16, 32, 64, 96), "convs": (1, 2, 2, 2)},
    ),
    ("segnet", "shapes"): Recipe(
        "segnet",
        "shapes",
        epochs=6,
        batch_size=16,
        lr=4e-3,
        train_samples=1600,
        test_samples=400,
        class_weight_power=0.25,
        model_args={"widths": (16, 32, 64, 96), "convs": (1, 2, 2, 2)},
    ),
    ("segnet", "camvid"): Recipe(
        "segnet",
        "camvid",
        epochs=14,
        batch_size=4,
        lr=3e-3,
        class_weight_power=0.4,
        model_args={"widths": (16, 32, 64, 96), "convs": (1, 2, 2, 2)},
    ),
    ("deconvnet", "camvid"): Recipe(
        "deconvnet",
        "camvid",
        epochs=18,
        batch_size=4,
        lr=6e-3,
        class_weight_power=0.4,
        model_args={"widths": (16, 32, 64, 96), "convs": (1, 2, 2, 2)},
    ),
    ("deconvnet", "shapes"): Recipe(
        "deconvnet",
        "shapes",
        epochs=8,
        batch_size=8,
        lr=3e-3,
        train_samples=1600,
        test_samples=400,
        model_args={"widths": (16, 32, 64), "convs": (1, 2, 2), "hidden": 96},
    ),
    ("fcn32s", "digits"): Recipe(
        "fcn32s", "digits", epochs=8, batch_size=8, lr=3e-3, train_samples=1600, test_samples=400
    ),
    ("fcn32s", "shapes"): Recipe(
        "fcn32s", "shapes", epochs=8, batch_size=8, lr=3e-3, train_samples=1600, test_samples=400
    ),
    ("fcn32s", "camvid"): Recipe("fcn32s", "camvid", epochs=16, batch_size=4, lr=3e-3, class_weight_power=0.4),
    ("fcn16s", "digits"): Recipe(
        "fcn16s", "digits", epochs=8, batch_size=8, lr=3e-3, train_samples=1600, test_samples=400
    ),
    ("fcn16s", "shapes"): Recipe(
        "fcn16s", "shapes", epochs=8, batch_size=8, lr=3e-3, train_samples=1600, test_samples=400
    ),
    ("fcn16s", "camvid"): Recipe("fcn16s", "camvid", epochs=16, batch_size=4, lr=3e-3, class_weight_power=0.4),
    ("fcn8s", "digits"): Recipe(
        "fcn8s", "digits", epochs=8, batch_size=8, lr=3e-3, train_samples=1600, test_samples=400
    ),
    ("fcn8s", "shapes"): Recipe(
        "fcn8s", "shapes", epochs=8, batch_size=8, lr=3e-3, train_samples=1600, test_samples=400
    ),
    ("fcn8s", "camvid"): Recipe("fcn8s", "camvid", epochs=16, batch_size=4, lr=3e-3, class_weight_power=0.4),
    ("full_resolution", "digits"): Recipe(
        "full_resolution",
        "digits",
        epochs=8,
        batch_size=8,
        lr=3e-3,
        train_samples=1600,
        test_samples=400,
        model_args={"width": 16},
    ),
    ("full_resolution", "shapes"): Recipe(
        "full_resolution",
        "shapes",
        epochs=8,
        batch_size=8,
        lr=3e-3,
        train_samples=1600,
        test_samples=400,
        model_args={"width": 16},
    ),
    ("full_resolution", "camvid"): Recipe(
        "full_resolution", "camvid", epochs=6, batch_size=4, lr=3e-3, class_weight_power=0.4, model_args={"width": 24}
    ),
    ("sliding_window", "digits"): Recipe(
        "sliding_window", "digits", epochs=8, batch_size=8, lr=3e-3, train_samples=1600, test_samples=400
    ),
    ("sliding_window", "shapes"): Recipe(
        "sliding_window", "shapes", epochs=8, batch_size=8, lr=3e-3, train_samples=1600, test_samples=400
    ),
    ("sliding_window", "camvid"): Recipe(
        "sliding_window", "camvid", epochs=5, batch_size=4, lr=3e-3, class_weight_power=0.4
    ),
    ("unet", "digits"): Recipe(
        "unet",
        "digits",
        epochs=8,
        batch_size=8,
        lr=3e-3,
        train_samples=1600,
        test_samples=400,
        model_args={"width": 12},
    ),
    ("unet", "shapes"): Recipe(
        "unet",
        "shapes",
        epochs=8,
        batch_size=8,
        lr=3e-3,
        train_samples=1600,
        test_samples=400,
        model_args={"width": 12},
    ),
    ("unet", "camvid"): Recipe(
        "unet",
        "camvid",
        epochs=40,
        batch_size=4,
        lr=3e-3,
        class_weight_power=0.4,
        scale=(0.8, 1.6),
        degrees=4.0,
        model_args=UNet.FAST,
    ),
}


def is_quick() -> bool:
    """Tell whether ``MINIDET_QUICK`` asks for the same code with fewer steps."""
    return os.environ.get("MINIDET_QUICK", "0") not in ("", "0")


def recipe_for(model: str, data: str, **changes) -> Recipe:
    """Return the recipe of a model on a data set, with the given fields changed (None changes nothing)."""
    known = [f"{m} on {d}" for m, d in RECIPES]
    check_choice("train", "model and data", f"{model} on {data}", known)
    return replace(RECIPES[model, data], **{name: value for name, value in changes.items() if value is not None})
