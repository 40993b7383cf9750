"""A page that shows what happens to a picture on its way through a model, stage by stage."""

from .maps import features_picture, heat, strength_picture
from .page import write_page
from .recorder import Call, record, shape_of
from .stage import Bars, Picture, Stage, parts_of, source_of, stage_of, stages_of

__all__ = [
    "Bars",
    "Call",
    "Picture",
    "Stage",
    "features_picture",
    "heat",
    "parts_of",
    "record",
    "shape_of",
    "source_of",
    "stage_of",
    "stages_of",
    "strength_picture",
    "write_page",
]
