"""Data sets, augmentation, and batches prepared by threads."""

from . import transforms
from .class_weights import median_frequency_weights
from .collate import collate_detection, collate_semantic, default_collate
from .dataset import Dataset, Subset, TensorDataset
from .largest_object import LargestObject
from .loader import DataLoader
from .photographs.camvid import CamVid
from .photographs.coco import CocoDetection
from .photographs.folder import FolderSegmentation
from .photographs.lsp import LSPET
from .photographs.root import data_root
from .photographs.sample_photograph import sample_photograph
from .photographs.voc import VOCDetection
from .scenes.digits import DigitScenes
from .scenes.figures import FigurePoses
from .scenes.shapes import ShapeScenes, ShapeSegmentation
from .transforms import geometry

__all__ = [
    "LSPET",
    "CamVid",
    "CocoDetection",
    "DataLoader",
    "Dataset",
    "DigitScenes",
    "FigurePoses",
    "FolderSegmentation",
    "LargestObject",
    "ShapeScenes",
    "ShapeSegmentation",
    "Subset",
    "TensorDataset",
    "VOCDetection",
    "collate_detection",
    "collate_semantic",
    "data_root",
    "default_collate",
    "geometry",
    "median_frequency_weights",
    "sample_photograph",
    "transforms",
]
