"""Wrong kinds of values for every argument of everything public in data, metrics and viz: errors that say what was wrong.

Each public function or class has a call that works; then one argument after the other gets each wrong value, and
methods (``transform(image, target)``, ``matrix.update(target, prediction)``) are treated alike. Some wrong values are right
for some arguments: then nothing is raised, and nothing is asked.
"""

import inspect
import tracemalloc

import numpy as np
import pytest

from minidet import data, metrics, nn, tensor, viz
from minidet.data import transforms as T

WRONG = {
    "None": None, "text": "x", "fraction": 2.5, "nan": float("nan"), "inf": float("inf"), "huge": 2**100, "-huge": -(2**100),
    "2**62": 2**62, "-1": -1, "0": 0, "True": True, "object": object(), "list": [], "nested": [[1, 2], [3]], "dict": {},
    "complex": 1j, "bytes": b"x", "type": int, "texts": np.array(["a", "b"]), "objects": np.array([None, {}]),
    "0-d": np.array(3), "0-d nan": np.array(np.nan), "complexes": np.ones(3, np.complex128), "flat": np.ones(3),
    "uint64": np.full((4, 6), 2**64 - 1, np.uint64), "nans": np.full((3, 4, 6), np.nan, np.float32),
    "empty": np.zeros((3, 0, 6), np.float32), "dates": np.array(["2020-01-01"], "M8[D]"), "tensor": tensor([1.0, 2.0]),
}  # fmt: skip
ERRORS = (ValueError, TypeError, IndexError, RuntimeError, OSError)


def image():
    return np.full((3, 4, 6), 0.5, np.float32)


def target():
    return {"boxes": np.array([[0, 0, 3, 3]], np.float32), "labels": np.array([1]), "scores": np.array([0.5]),
            "masks": np.ones((1, 4, 6), bool), "semantic": np.ones((4, 6), np.int64),
            "keypoints": np.ones((1, 14, 3), np.float32)}  # fmt: skip


LABELS = np.ones((4, 6), np.int64)
JOINTS = np.array([[[0, 0, 2], [3, 4, 2], [5, 5, 0]]], np.float32)
COLOURS = np.array([[0, 0, 0], [255, 0, 0]], np.uint8)
SET = [(image(), target())] * 3
COCO = {"images": [{"id": 1, "height": 4, "width": 6}], "categories": [{"id": 1}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 3, 3], "score": 0.5, "area": 9,
                         "segmentation": [[0, 0, 3, 0, 3, 3, 0, 3]]}]}  # fmt: skip
MODULE = nn.Sequential(nn.Conv2d(3, 2, 1), nn.ReLU())


def tape():
    return (MODULE[0].weight * 2).sum()


def rows():
    return viz.layer_table(MODULE, image()[None])


#: name -> (callable, arguments of a call that works, {method: arguments} of what it returns)
MOVES = {"__call__": {"image": image(), "target": target(), "rng": np.random.default_rng(0)}}
OUTCOMES = metrics.Outcomes(np.zeros(1, np.int64), np.ones(1, bool), np.array([0, 1]), np.ones((1, 1), np.int64))

CALLS = {
    "hflip": (data.geometry.hflip, {"image": image(), "target": target(), "keypoint_pairs": [(0, 1)]}, {}),
    "vflip": (data.geometry.vflip, {"image": image(), "target": target(), "keypoint_pairs": [(0, 1)]}, {}),
    "crop": (data.geometry.crop, {"image": image(), "target": target(), "top": 1, "left": -1, "size": (3, 5)}, {}),
    "pad": (data.geometry.pad, {"image": image(), "target": target(), "padding": 2}, {}),
    "resize": (data.geometry.resize, {"image": image(), "target": target(), "size": (3, 5)}, {}),
    "warp_affine": (data.geometry.warp_affine, {"image": image(), "target": target(), "matrix": np.eye(2, 3),
                                                "size": (3, 5)}, {}),
    "boxes_of_masks": (data.geometry.boxes_of_masks, {"masks": np.ones((1, 4, 6), bool)}, {}),
    "Compose": (T.Compose, {"transforms": [T.Pad(1)]}, MOVES),
    "RandomHorizontalFlip": (T.RandomHorizontalFlip, {"p": 1.0}, MOVES),
    "RandomVerticalFlip": (T.RandomVerticalFlip, {"p": 1.0}, MOVES),
    "RandomIoUCrop": (T.RandomIoUCrop, {}, MOVES),
    "RandomZoomOut": (T.RandomZoomOut, {"p": 1.0}, MOVES),
    "RandomPhotometricDistort": (T.RandomPhotometricDistort, {"p": 1.0}, MOVES),
    "RandomCrop": (T.RandomCrop, {"size": 3}, MOVES),
    "Resize": (T.Resize, {"size": 3}, MOVES),
    "RandomScale": (T.RandomScale, {}, MOVES),
    "Pad": (T.Pad, {"padding": 1}, MOVES),
    "PersonCrop": (T.PersonCrop, {"size": 3}, MOVES),
    "RandomAffineCrop": (T.RandomAffineCrop, {"size": 3}, MOVES),
    "RandomRotation": (T.RandomRotation, {"degrees": 30}, MOVES),
    "ColorJitter": (T.ColorJitter, {"brightness": 0.5, "contrast": 0.5}, MOVES),
    "Normalize": (T.Normalize, {"mean": [0.5] * 3, "std": [0.2] * 3}, MOVES),
    "LargestObject": (data.LargestObject, {"dataset": SET}, {"load": {"index": 0}, "__getitem__": {"index": 0}}),
    "DataLoader": (data.DataLoader, {"dataset": SET}, {"load_state_dict": {"state_dict": {"seed": 1, "epoch": 0,
                                                                                         "position": 0}}}),
    "Dataset": (data.Dataset, {}, {}),
    "Subset": (data.Subset, {"dataset": SET, "indices": [0]}, {"load": {"index": 0}, "__getitem__": {"index": 0}}),
    "TensorDataset": (data.TensorDataset, {"arrays": (np.ones(3),)}, {"load": {"index": 0}, "__getitem__": {"index": 0}}),
    "default_collate": (data.default_collate, {"samples": SET}, {}),
    "collate_semantic": (data.collate_semantic, {"samples": SET}, {}),
    "collate_detection": (data.collate_detection, {"samples": SET}, {}),
    "median_frequency_weights": (data.median_frequency_weights, {"labels": [LABELS], "num_classes": 3}, {}),
    "data_root": (data.data_root, {"name": "camvid240", "root": "."}, {}),
    "CamVid": (data.CamVid, {"root": "nowhere"}, {}),
    "FolderSegmentation": (data.FolderSegmentation, {"root": "nowhere"}, {}),
    "CocoDetection": (data.CocoDetection, {"root": "nowhere", "annotations": "nowhere.json"}, {}),
    "VOCDetection": (data.VOCDetection, {"root": "nowhere"}, {}),
    "LSPET": (data.LSPET, {"root": "nowhere"}, {}),
    "FigurePoses": (data.FigurePoses, {"length": 2, "size": 32}, {"load": {"index": 0}, "__getitem__": {"index": 0}}),
    "ShapeScenes": (data.ShapeScenes, {"length": 2}, {"load": {"index": 0}, "__getitem__": {"index": 0}}),
    "ShapeSegmentation": (data.ShapeSegmentation, {"length": 2}, {"load": {"index": 0}, "__getitem__": {"index": 0}}),
    "DigitScenes": (data.DigitScenes, {"length": 2}, {"load": {"index": 0}, "__getitem__": {"index": 0}}),
    "ConfusionMatrix": (metrics.ConfusionMatrix, {"num_classes": 3}, {"update": {"target": LABELS, "prediction": LABELS}}),
    "BoundaryF1": (metrics.BoundaryF1, {"num_classes": 3}, {"update": {"target": LABELS, "prediction": LABELS}}),
    "PCK": (metrics.PCK, {"num_joints": 3, "segment": (0, 1)}, {"update": {"target": JOINTS, "prediction": JOINTS}}),
    "OKS": (metrics.OKS, {"sigmas": (0.1, 0.1, 0.1)}, {"update": {"target": JOINTS, "prediction": JOINTS,
                                                                  "area": np.ones(1)}}),
    "majority_class": (metrics.majority_class, {"matrix": metrics.ConfusionMatrix(2)}, {}),
    "LocalizationAccuracy": (metrics.LocalizationAccuracy, {"num_classes": 3}, {
        "update": {"targets": [target()], "predictions": [target()]}}),
    "MeanBox": (metrics.MeanBox, {"num_classes": 3}, {"update": {"target": target(), "size": (4, 6)},
                                                      "predict": {"size": (4, 6)}}),
    "proposal_recall": (metrics.proposal_recall, {"boxes": [target()["boxes"]], "truth": [target()]}, {}),
    "mean_average_best_overlap": (metrics.mean_average_best_overlap, {"boxes": [target()["boxes"]],
                                                                      "truth": [target()]}, {}),
    "coco_evaluate": (metrics.coco_evaluate, {"ground_truth": COCO, "detections": COCO["annotations"], "iou_type": "segm"}, {}),
    "voc_ap": (metrics.voc_ap, {"ground_truth": [target()], "detections": [target()]}, {}),
    "error_types": (metrics.error_types, {"ground_truth": [target()], "detections": [target()]}, {}),
    "MeanAveragePrecision": (metrics.MeanAveragePrecision, {"num_classes": 3, "iou_type": "segm"}, {
        "update": {"targets": [target()], "detections": [target()]}}),
    "bootstrap_ap50": (metrics.bootstrap_ap50, {"outcomes": [OUTCOMES], "rounds": 3}, {}),
    "interval_of": (metrics.interval_of, {"value": 0.5, "draws": [0.4, 0.6]}, {}),
    "Interval": None,  # what interval_of returns,
    "Outcomes": None,  # what MeanAveragePrecision.outcomes() returns,
    "CocoFigures": None,  # coco_evaluate,
    "ErrorTypes": None,  # error_types,
    "VOCPrecision": None,  # and voc_ap: holders of values
    "LayerRow": None,  # what layer_table returns, and
    "TapeNode": None,  # read_tape: holders of values
    "as_picture": (viz.as_picture, {"image": image()}, {}),
    "colour_labels": (viz.colour_labels, {"labels": LABELS, "colours": COLOURS}, {}),
    "draw_boxes": (viz.draw_boxes, {"image": image(), "target": target(), "class_names": ["a", "b"]}, {}),
    "draw_curves": (viz.draw_curves, {"history": [{"step": i, "loss": 1.0, "lr": 1.0, "mIoU": 0.5} for i in range(3)]}, {}),
    "draw_features": (viz.draw_features, {"features": image()}, {}),
    "draw_filters": (viz.draw_filters, {"weight": np.ones((2, 4, 3, 3))}, {}),
    "draw_image": (viz.draw_image, {"image": image()}, {}),
    "draw_joints": (viz.draw_joints, {"image": image(), "target": target()}, {}),
    "overlay_joints": (viz.overlay_joints, {"image": image(), "target": target()}, {}),
    "draw_labels": (viz.draw_labels, {"image": image(), "labels": LABELS, "class_names": ["a", "b"]}, {}),
    "draw_layers": (viz.draw_layers, {"rows": rows()}, {}),
    "draw_masks": (viz.draw_masks, {"image": image(), "target": target()}, {}),
    "draw_tape": (viz.draw_tape, {"tensor": tape()}, {}),
    "format_layers": (viz.format_layers, {"rows": rows()}, {}),
    "layer_table": (viz.layer_table, {"module": MODULE, "inputs": (image()[None],)}, {}),
    "overlay_boxes": (viz.overlay_boxes, {"image": image(), "target": target(), "class_names": ["a", "b"]}, {}),
    "overlay_objects": (viz.overlay_objects, {"image": image(), "target": target(), "class_names": ["a", "b"]}, {}),
    "overlay_labels": (viz.overlay_labels, {"image": image(), "labels": LABELS, "colours": COLOURS}, {}),
    "palette": (viz.palette, {"num_classes": 3}, {}),
    "plot_classes": (viz.plot_classes, {"images": [image()], "probabilities": np.full((1, 2), 0.5),
                                        "class_names": ["a", "b"], "top": 2}, {}),
    "plot_predictions": (viz.plot_predictions, {"images": [image()], "truths": [LABELS], "predictions": [LABELS],
                                                "class_names": ["a", "b"], "colours": COLOURS}, {}),
    "read_tape": (viz.read_tape, {"tensor": tape()}, {}),
    "subplots": (viz.subplots, {}, {}),
    "sliders": (viz.sliders, {"draw": lambda **values: None, "kernel": (1, 2)}, {}),
    "use_style": (viz.use_style, {}, {}),
    "sample_photograph": (data.sample_photograph, {"scale": 0.1}, {}),
}  # fmt: skip
#: Who else may speak: a function that others are made of, a data set by its name.
ALSO = {
    "overlay_objects": ["overlay_boxes", "overlay_joints"],"RandomScale": ["resize"], "Resize": ["resize"], "RandomCrop": ["crop"], "Pad": ["pad"], "read_tape": ["draw_tape"],
        "RandomHorizontalFlip": ["hflip"], "RandomVerticalFlip": ["vflip"], "RandomZoomOut": ["crop"],
        "RandomAffineCrop": ["warp_affine", "hflip"], "RandomRotation": ["warp_affine"],
        "Compose": ["pad"], "data_root": ["data set"], "CamVid": ["data set camvid240"], "FolderSegmentation": ["data set folder"],
        "VOCDetection": ["data set voc"], "CocoDetection": ["data set coco"],
        "LSPET": ["data set lspet_pose128"],
        "DigitScenes": ["Dataset"], "layer_table": ["tensor", "conv2d", "item"]}  # fmt: skip


def test_everything_public_is_here():
    public = {*data.__all__, *metrics.__all__, *viz.__all__} - {"geometry", "transforms"}
    public |= {*T.__all__}
    public |= {name for name, thing in vars(data.geometry).items() if not name.startswith("_")
               and getattr(thing, "__module__", "") == data.geometry.__name__}  # fmt: skip
    assert public - {"Move"} == CALLS.keys()


def given(call, arguments):
    """Return positional and named arguments: ``*inputs`` are positional."""
    star = [p.name for p in inspect.signature(call).parameters.values() if p.kind is p.VAR_POSITIONAL]
    named = {name: value for name, value in arguments.items() if name not in star}
    if star and star[0] in arguments:
        before = [named.pop(name) for name in list(inspect.signature(call).parameters) if name in named
                  and inspect.signature(call).parameters[name].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]  # fmt: skip
        return [*before, *arguments[star[0]]], named
    return [], named


def attempt(name, call, arguments, what):
    """Call, and return a complaint if what is raised is not in our voice."""
    import matplotlib.pyplot as plt

    tracemalloc.start()
    try:
        positional, named = given(call, arguments)
        call(*positional, **named)
        found = None
    except ERRORS as error:
        speakers = [f"{speaker}" for speaker in (name, *ALSO.get(name, []))]
        found = (
            None if str(error).startswith(tuple(speakers)) else f"{what}: {type(error).__name__}: {str(error)[:100]}"
        )
    except Exception as error:  # noqa: BLE001 - it is the finding
        found = f"{what}: {type(error).__name__}: {str(error)[:100]}"
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        plt.close("all")
    return found if peak < 700e6 else f"{what}: {peak / 1e6:.0f} MB"


def complaints(name, call, arguments):
    """Yield what is said to each wrong value of each argument."""
    for parameter in inspect.signature(call).parameters.values():
        for kind, wrong in WRONG.items():
            value = (wrong,) if parameter.kind is parameter.VAR_POSITIONAL else wrong
            complaint = attempt(name, call, {**arguments, parameter.name: value}, f"{name}({parameter.name}={kind})")
            if complaint:
                yield complaint


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, row in CALLS.items() if row])
def test_wrong_kinds_of_values(name):
    if name == "DigitScenes":
        pytest.importorskip("sklearn", reason="needs scikit-learn's digits")
    make, arguments, methods = CALLS[name]
    found = list(complaints(name, make, arguments))
    for method, own in methods.items():
        positional, named = given(make, arguments)
        bound = getattr(make(*positional, **named), method)
        found += complaints(name, bound, own)
    assert not found, "\n".join(found)
