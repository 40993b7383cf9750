"""A record as ``minidet compare`` writes it, small."""

import numpy as np

KINDS = ("correct", "localization", "confusion", "duplicate", "background", "both", "ignored", "missed")


def interval(value, low, high):
    return {"value": value, "low": low, "high": high}


def model(name, title, ap50, speed, **more):
    return {
        "model": name, "title": title, "run": f"runs/{name}", "backbone": "resnet20", "epochs": 3, "minutes": 1.25,
        "ap50": interval(ap50, ap50 - 0.02, ap50 + 0.03), "ap": ap50 / 2,
        "images_per_second": interval(speed, speed * 0.9, speed * 1.1), "parameters": 1_234_567,
        "multiply_adds": 2.5e9, "errors": {kind: i for i, kind in enumerate(KINDS)},
        "precision": np.linspace(1, ap50, 101).tolist(),
        "trained_with": {"batch_size": 8, "lr": 0.002, "model_args": {"backbone": "resnet20"},
                         "options": {"size": None, "flip": 0.5}}, **more,
    }  # fmt: skip


def record(*models, **more):
    models = models or (model("faster_rcnn", "Faster R-CNN", 0.8, 20.0), model("ssd", "SSD", 0.7, 45.0))
    return {
        "made_by": "minidet compare", "data": "digits", "split": "test", "images": 400, "objects": 1500, "seed": 0,
        "quick": False, "budget": "5 minutes each", "turns": 60, "rounds": 2000, "confidence": 0.95,
        "claim": "The claim holds.", "notes": ["A note."], "recall": np.linspace(0, 1, 101).tolist(),
        "models": list(models),
        "pairs": [{"accuracy_words": "a is more accurate", "speed_words": "b is faster"}], **more,
    }  # fmt: skip
