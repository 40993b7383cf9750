"""Networks that look at images: classifiers, and the maps of features that other models are built on."""

from .pretrained import PRETRAINED, load_pretrained

__all__ = ["PRETRAINED", "load_pretrained"]
