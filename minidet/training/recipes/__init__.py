"""What each model is trained with on each data set: one literal table a task."""

import inspect
from dataclasses import replace

from ...errors import bad_argument, flag
from ...models import MODELS
from ..recipe import Recipe
from ..tasks import check_fit
from . import detection, localization, pose, segmentation

#: (model, data set) -> recipe
RECIPES = {
    **pose.RECIPES,
    **segmentation.RECIPES,
    **localization.RECIPES,
    **detection.RECIPES,
}

#: (model, data set) -> recipe of a model that has a backbone only if one is asked for
ON_BACKBONE = {
    **segmentation.ON_BACKBONE,
}

__all__ = ["ON_BACKBONE", "RECIPES", "models_for", "recipe_for", "takes", "with_backbone"]


def recipe_for(model: str, data: str, *, on_backbone: bool = False, **changes) -> Recipe:
    """Return the recipe of a model on a data set, with the given fields changed (None changes nothing).

    A change of ``options`` is laid over those of the recipe. With ``on_backbone``, rows of ``ON_BACKBONE`` come first.

    Raises
    ------
    ValueError
        If the two do not fit; the message says which do.
    """
    source = check_fit(model, data).sources[data]
    table = {**RECIPES, **ON_BACKBONE} if flag("recipe_for", "on_backbone", on_backbone) else RECIPES
    known = next((table[model, name] for name in (data, source.recipes) if (model, name) in table), None)
    if known is None:
        fit = sorted(name for m, name in RECIPES if m == model)
        raise bad_argument("train", "data", f"is {data}", f"one of {', '.join(fit)}", f"{model} has no recipe for it")
    changes = {name: value for name, value in changes.items() if value is not None}
    if isinstance(changes.get("options"), dict):
        changes["options"] = {**known.options, **changes["options"]}
    return replace(known, data=data, **changes)


def models_for(data: str) -> list[str]:
    """Return the first model of each task that has a recipe for a data set."""
    found = {}
    for model, name in RECIPES:
        if name == data:
            found.setdefault(MODELS[model].task, model)
    return list(found.values())


def takes(model: str, argument: str) -> bool:
    """Tell whether a model has an argument of this name: ``backbone``, for example."""
    return argument in inspect.signature(MODELS[model].network).parameters


def with_backbone(recipe: Recipe, backbone: str | None, pretrained: bool) -> Recipe:
    """Return a recipe whose model has another backbone, or one that starts from weights that were trained before."""
    changes = {"backbone": backbone} if backbone is not None else {}
    if pretrained:
        changes["pretrained"] = True
    for name, value in changes.items():
        if not takes(recipe.model, name):
            do = [model for model in sorted(MODELS) if takes(model, name)]
            why = f"{recipe.model} does not take it; {', '.join(do) if do else 'no model'} would"
            was = "is given" if value is True else f"is {value}"
            raise bad_argument("train", f"--{name}", was, "nothing", why)
    if pretrained:  # an option that was asked for stands among the recipe's by now, and counts
        recipe = replace(recipe, options={**recipe.pretrained_options, **recipe.options})
    return replace(recipe, model_args={**recipe.model_args, **changes}) if changes else recipe
