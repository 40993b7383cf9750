"""Models and training runs on the disk."""

from . import torch_zip
from .checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from .lock import FolderLock
from .safetensors import load_file, save_file

__all__ = ["Checkpoint", "FolderLock", "load_checkpoint", "load_file", "save_checkpoint", "save_file", "torch_zip"]
