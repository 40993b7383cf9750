"""Array in, array out: the loops. Each module has a twin of the same name in plain NumPy, in ``kernels.reference``.

Call a kernel through its module, ``kernels.conv.conv2d(...)``: which twin stands behind the name is decided here, and
in which room it is. So ``kernels.roi`` is ``regions/roi.py``, or its twin.
"""

import warnings

from .launch import jit, memory

memory.keep_freed_memory()

if jit.ENABLED:
    from . import (
        activation,
        conv,
        gaussian,
        linear,
        loss,
        norm,
        optim,
        outside,
        pool,
        pool_values,
        svm,
        unpool,
        upsample,
    )
    from .launch import announce
    from .regions import average_precision, grouping, nms, rle, roi, segments

    announce.compilation()
else:
    from .reference import (
        activation,
        conv,
        gaussian,
        linear,
        loss,
        norm,
        optim,
        outside,
        pool,
        pool_values,
        svm,
        unpool,
        upsample,
    )
    from .reference.regions import average_precision, grouping, nms, rle, roi, segments

    warnings.warn(
        "minidet: numba is absent or switched off (NUMBA_DISABLE_JIT): everything runs on NumPy, many times slower",
        stacklevel=2,
    )

__all__ = [
    "activation",
    "average_precision",
    "conv",
    "gaussian",
    "grouping",
    "jit",
    "linear",
    "loss",
    "nms",
    "norm",
    "optim",
    "outside",
    "pool",
    "pool_values",
    "rle",
    "roi",
    "segments",
    "svm",
    "unpool",
    "upsample",
]
