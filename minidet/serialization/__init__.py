"""Models and training runs on the disk."""

from .checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from .safetensors import load_file, save_file

__all__ = ["Checkpoint", "load_checkpoint", "load_file", "save_checkpoint", "save_file"]
