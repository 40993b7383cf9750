"""All operations that the fuzzer knows, by name."""

from . import boxes, creation, elementwise, images, indexing, layers, linear, losses, norm, reduction, regions, shapes
from .array import Array
from .compare import Difference, assert_call_agrees
from .operation import Operation

MODULES = (elementwise, reduction, shapes, indexing, creation, linear, images, norm, losses, layers, boxes, regions)
OPERATIONS: dict[str, Operation] = {operation.name: operation for module in MODULES for operation in module.OPERATIONS}


def assert_agrees(name: str, *args, **kwargs) -> None:
    """Repeat a call, as the fuzzer prints it; raise Difference if it still goes wrong.

    >>> assert_agrees("minidet.exp", Array((2, 3), "float32"))
    """
    assert_call_agrees(OPERATIONS[name], args, kwargs)


__all__ = ["OPERATIONS", "Array", "Difference", "assert_agrees"]
