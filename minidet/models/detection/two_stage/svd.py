"""Truncated SVD of fully connected layers: fewer multiply-adds where thousands of regions go through them.

Girshick. Fast R-CNN. ICCV 2015, section 3.1:

    W (F, C)  ~  U (F, t)  S (t, t)  V' (t, C)          of the t largest singular values

    x -- linear S V', no bias -- linear U, the old bias -->      t (F + C) multiply-adds, not F C

With t = min(F, C) the layer computes what it computed.
"""

from __future__ import annotations

import copy

import numpy as np

from .... import nn
from ....errors import bad_argument, integers


def truncated_svd(layer: nn.Linear, rank: int) -> nn.Sequential:
    """Return two layers in a row that nearly compute what a linear layer does.

    Parameters
    ----------
    layer : Linear
        (C to F).
    rank : int
        t, at most min(F, C).
    """
    weight = layer.weight.detach().numpy()
    features, channels = weight.shape
    if rank > min(weight.shape):
        raise bad_argument("truncated_svd", "rank", f"is {rank}", f"at most {min(weight.shape)}",
                           f"the layer's weight has shape {weight.shape}")  # fmt: skip
    u, s, v = np.linalg.svd(weight.astype(np.float64), full_matrices=False)
    first = nn.Linear(channels, rank, bias=False)
    second = nn.Linear(rank, features, bias=layer.bias is not None)
    parts = [(first.weight, s[:rank, None] * v[:rank]), (second.weight, u[:, :rank])]
    if layer.bias is not None:
        parts.append((second.bias, layer.bias.detach().numpy()))
    for parameter, values in parts:
        parameter._write_array()[...] = values
    return nn.Sequential(first, second)


def compress(model: nn.Module, rank) -> nn.Module:
    """Return a copy of a detector with fc6 and fc7 of ``model.roi_heads.box_head`` compressed.

    Parameters
    ----------
    rank : int or (int, int)
        Of fc6 and fc7; the paper's are 1024 and 256, of layers of 4096 units.
    """
    head = getattr(getattr(model, "roi_heads", None), "box_head", None)
    if not all(isinstance(getattr(head, name, None), nn.Linear) for name in ("fc6", "fc7")):
        was = f"is a {type(model).__name__} without roi_heads.box_head.fc6 and fc7, or they are compressed"
        raise bad_argument("compress", "model", was, "a FastRCNN or FasterRCNN", error=TypeError)
    ranks = integers("compress", "rank", rank, 2, 1)
    model = copy.deepcopy(model)
    head = model.roi_heads.box_head
    head.fc6, head.fc7 = truncated_svd(head.fc6, ranks[0]), truncated_svd(head.fc7, ranks[1])
    return model
