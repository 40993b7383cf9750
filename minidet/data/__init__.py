"""Data sets, augmentation, and batches prepared by threads."""

from . import geometry, transforms
from .camvid import CamVid
from .class_weights import median_frequency_weights
from .collate import collate_detection, collate_semantic, default_collate
from .dataset import Dataset, Subset, TensorDataset
from .digits import DigitScenes
from .folder import data_root
from .loader import DataLoader
from .sample_photograph import sample_photograph
from .shapes import ShapeScenes, ShapeSegmentation

__all__ = [
    "CamVid",
    "DataLoader",
    "Dataset",
    "DigitScenes",
    "ShapeScenes",
    "ShapeSegmentation",
    "Subset",
    "TensorDataset",
    "collate_detection",
    "collate_semantic",
    "data_root",
    "default_collate",
    "geometry",
    "median_frequency_weights",
    "sample_photograph",
    "transforms",
]
