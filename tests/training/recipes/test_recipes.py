"""The table of recipes, and what is said to a model and a data set that do not fit."""

from dataclasses import replace

import pytest

from minidet.models import MODELS, Row
from minidet.training import recipes
from minidet.training.recipe import Recipe
from minidet.training.recipes import ON_BACKBONE, RECIPES, models_for, recipe_for, takes, with_backbone
from minidet.training.tasks import TASKS, Segmentation, completed, task_for

#: What the models of each task know of their data sets.
FACTS = {
    "detection": {"classes": ["background", *"abcd"]},
    "localization": {"classes": list("abcde")},
    "pose": {"joints": list("abcdefghijklmn"), "pairs": [[0, 5]], "mean_pose": [[0.5, 0.5]] * 14},
    "segmentation": {"classes": list("abcde"), "palette": [[0, 0, 0]] * 5},
}


WITHOUT = {("mask_rcnn", "bccd"), ("mask_rcnn", "voc")}  # their objects have boxes only


def test_every_model_has_a_recipe_for_every_data_set_of_its_task_and_can_be_built():
    for model, row in MODELS.items():
        for data in TASKS[row.task].sources:
            if (model, data) in WITHOUT:
                with pytest.raises(ValueError, match=f"{model} has no recipe for it"):
                    recipe_for(model, data)
                continue
            recipe = recipe_for(model, data)
            assert (recipe.model, recipe.data) == (model, data)
            assert task_for(recipe).recipe == completed(recipe)
    for recipe in RECIPES.values():
        facts = FACTS[MODELS[recipe.model].task]
        assert task_for(recipe, facts=facts).build().state_dict()


def test_recipes_name_what_they_are_for():
    for (model, data), recipe in [*RECIPES.items(), *ON_BACKBONE.items()]:
        assert (recipe.model, recipe.data) == (model, data)
        assert Recipe.from_dict(recipe.as_dict()) == recipe


def test_recipes_on_a_backbone_take_the_place_of_the_others():
    facts = {"classes": list("abcde"), "palette": [[0, 0, 0]] * 5}
    for (model, data), recipe in ON_BACKBONE.items():
        assert takes(model, "backbone")
        assert recipe_for(model, data, on_backbone=True) == recipe
        assert recipe_for(model, data) == RECIPES[model, data]
    chosen = with_backbone(recipe_for("unet", "folder", on_backbone=True, epochs=3), "mobilenet_v1_025", False)
    assert (chosen.data, chosen.epochs, chosen.model_args["backbone"]) == ("folder", 3, "mobilenet_v1_025")
    assert hasattr(task_for(chosen, facts=facts).build().backbone, "pw13")
    assert recipe_for("segnet", "camvid", on_backbone=True) == RECIPES["segnet", "camvid"]


def test_fields_are_changed_and_options_laid_over():
    recipe = recipe_for("unet", "camvid", epochs=3, lr=None, options={"degrees": 9})
    assert (recipe.epochs, recipe.lr) == (3, RECIPES["unet", "camvid"].lr)
    assert recipe.options == {"class_weight_power": 0.4, "scale": (0.8, 1.6), "degrees": 9}


class Other(Segmentation):
    name = "other"
    sources = {"shapes": Segmentation.sources["shapes"], "stars": Segmentation.sources["shapes"]}


@pytest.fixture
def other(monkeypatch):
    """Another task, with a model and a data set of its own."""
    monkeypatch.setitem(TASKS, "other", Other)
    monkeypatch.setitem(MODELS, "gazer", Row(MODELS["segnet"].network, "other"))


def test_a_misfit_says_which_do_fit(other):
    with pytest.raises(ValueError, match="train: model is 'nothing', expected one of 'deconvnet', "):
        recipe_for("nothing", "shapes")
    with pytest.raises(
        ValueError, match="train: data is 'nowhere', expected one of camvid, digits, .*shapes: segnet lea"
    ):
        recipe_for("segnet", "nowhere")
    words = (
        "train: data is 'stars', which serves other, expected one of camvid, .*: segnet learns segmentation; gazer fit"
    )
    with pytest.raises(ValueError, match=words):
        recipe_for("segnet", "stars")
    with pytest.raises(
        ValueError, match="data is 'camvid', which serves segmentation, expected one of shapes, stars: gaz"
    ):
        task_for(replace(RECIPES["segnet", "camvid"], model="gazer"))
    with pytest.raises(ValueError, match="train: data is shapes, expected one of stars: gazer has no recipe for it"):
        recipes.RECIPES["gazer", "stars"] = RECIPES["segnet", "shapes"]
        try:
            recipe_for("gazer", "shapes")
        finally:
            del recipes.RECIPES["gazer", "stars"]


def test_a_source_may_use_the_recipes_of_another(other, monkeypatch):
    monkeypatch.setitem(Other.sources, "stars", replace(Other.sources["stars"], recipes="shapes"))
    monkeypatch.setitem(RECIPES, ("gazer", "shapes"), replace(RECIPES["segnet", "shapes"], model="gazer"))
    assert recipe_for("gazer", "stars") == replace(RECIPES["gazer", "shapes"], data="stars")


def test_an_option_that_the_task_does_not_have():
    with pytest.raises(
        ValueError, match="train: option is 'anchors', expected one of class_weights, class_weight_power"
    ):
        task_for(recipe_for("segnet", "shapes", options={"anchors": 9}))


def test_a_model_for_each_task_to_try_a_data_set_with(other, monkeypatch):
    assert models_for("camvid") == ["segnet"]
    assert models_for("nowhere") == []
    monkeypatch.setitem(RECIPES, ("gazer", "shapes"), replace(RECIPES["segnet", "shapes"], model="gazer"))
    assert models_for("shapes") == ["deconvnet", "localization", "faster_rcnn", "gazer"]


def test_only_models_with_a_backbone_take_one(monkeypatch):
    def network(num_classes, backbone="resnet18", pretrained=False):
        """Stand in for a model."""

    def half(num_classes, backbone="resnet18"):
        """Stand in for one whose backbone has no weights to begin with."""

    recipe = recipe_for("segnet", "shapes")
    assert with_backbone(recipe, None, False) is recipe
    monkeypatch.setitem(MODELS, "gazer", Row(network, "segmentation"))
    monkeypatch.setitem(MODELS, "half", Row(half, "segmentation"))
    for model, backbone, pretrained, was, would in (
        ("segnet", "resnet18", False, "--backbone is resnet18", "gazer, half,.* unet, yolo"),
        ("segnet", None, True, "--pretrained is given", "gazer,.* unet, yolo"),
        ("half", "resnet18", True, "--pretrained is given", "gazer,.* unet, yolo"),
    ):
        words = f"train: {was}, expected nothing: {model} does not take it; .*{would} would"
        with pytest.raises(ValueError, match=words):
            with_backbone(replace(recipe, model=model), backbone, pretrained)
    chosen = with_backbone(replace(recipe, model="gazer", model_args={"width": 3}), "resnet50", True)
    assert chosen.model_args == {"width": 3, "backbone": "resnet50", "pretrained": True}


def test_options_of_a_pretrained_backbone_come_only_with_it():
    recipe = recipe_for("pose", "lspet")
    assert recipe.pretrained_options == {"frozen_until": 4}
    assert "frozen_until" not in with_backbone(recipe, "mobilenet_v1_025", False).options
    assert with_backbone(recipe, None, True).options == {**recipe.options, "frozen_until": 4}
    asked = recipe_for("pose", "lspet", options={"frozen_until": None})
    assert with_backbone(asked, None, True).options == {**recipe.options, "frozen_until": None}


def test_options_of_a_pretrained_backbone_are_options_of_the_task():
    found = [recipe for table in (RECIPES, ON_BACKBONE) for recipe in table.values() if recipe.pretrained_options]
    assert found
    for recipe in found:
        task = task_for(with_backbone(recipe, None, True))
        for name, value in recipe.pretrained_options.items():
            assert getattr(task.options, name) == value
