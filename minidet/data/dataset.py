"""What a data set is: a length, and one sample per index."""

from __future__ import annotations

import operator

import numpy as np

from ..errors import bad_argument
from ..random import generator


class Dataset:
    """The base class of the data sets here. Anything with ``__len__`` and ``__getitem__`` works in a loader too.

    A subclass implements ``__len__`` and ``load(index)``, which returns ``(image, target)``: an image float32 (3, H, W)
    in [0, 1], and a dict that describes it (see :mod:`minidet.data.transforms.geometry`). ``load`` may be called from
    several threads at once.

    Parameters
    ----------
    transform : callable, optional
        ``transform(image, target, rng)`` returns a new image and target: augmentation.
    """

    def __init__(self, transform=None):
        if transform is not None and not callable(transform):
            was = f"is a {type(transform).__name__}"
            raise bad_argument(type(self).__name__, "transform", was, "a callable or None", error=TypeError)
        self.transform = transform

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__}: __len__ is missing: it returns the number of samples.")

    def load(self, index: int):
        """Return sample ``index`` as it is, before the transform."""
        raise NotImplementedError(f"{type(self).__name__}: load is missing: it returns the image and the target.")

    def sample(self, index: int, rng: np.random.Generator):
        """Return sample ``index``, transformed with random numbers from ``rng``."""
        image, target = self.load(check_index(type(self).__name__, index, len(self)))
        return (image, target) if self.transform is None else self.transform(image, target, rng)

    def __getitem__(self, index: int):
        return self.sample(index, generator())


class Subset(Dataset):
    """Some samples of another data set, under new numbers.

    Parameters
    ----------
    dataset : Dataset, or anything with ``__len__`` and ``__getitem__``
    indices : sequence of int
        Sample ``i`` here is sample ``indices[i]`` there.
    """

    def __init__(self, dataset, indices):
        super().__init__()
        self.dataset, length = dataset, length_of("Subset", "dataset", dataset)
        if not hasattr(indices, "__iter__") or (isinstance(indices, np.ndarray) and indices.ndim == 0):
            was = f"is a {type(indices).__name__}"
            raise bad_argument("Subset", "indices", was, "a sequence of integers", error=TypeError)
        self.indices = [check_index("Subset", index, length, "indices") for index in indices]

    def __len__(self) -> int:
        return len(self.indices)

    def load(self, index):
        """Return sample ``index`` before the other data set's transform, if it has one."""
        return getattr(self.dataset, "load", self.dataset.__getitem__)(
            self.indices[check_index("Subset", index, len(self))]
        )

    def sample(self, index, rng):
        """Return sample ``index`` as the other data set gives it."""
        index = self.indices[check_index("Subset", index, len(self))]
        return fetch(self.dataset, index, rng)


class TensorDataset(Dataset):
    """Arrays of one length; sample ``i`` is the tuple of their rows ``i``.

    Parameters
    ----------
    *arrays : Tensor or ndarray
    """

    def __init__(self, *arrays):
        super().__init__()
        self.arrays = [getattr(array, "_array", array) for array in arrays]
        lengths = [length_of("TensorDataset", f"arrays[{i}]", array) for i, array in enumerate(self.arrays)]
        if len(set(lengths)) != 1:
            raise bad_argument("TensorDataset", "arrays", f"has lengths {lengths}", "at least one, all of one length")

    def __len__(self) -> int:
        return len(self.arrays[0])

    def load(self, index):
        """Return the tuple of rows ``index``."""
        index = check_index("TensorDataset", index, len(self))
        return tuple(array[index] for array in self.arrays)

    def sample(self, index, rng):
        """Return the tuple of rows ``index``: nothing is random here."""
        return self.load(index)


def fetch(dataset, index: int, rng: np.random.Generator):
    """Return one sample of any data set; ours take their random numbers from ``rng``."""
    return dataset.sample(index, rng) if hasattr(dataset, "sample") else dataset[index]


def length_of(op: str, argument: str, dataset) -> int:
    """Return the length of a data set or array, or raise unless it has one, and takes an index."""
    try:
        if hasattr(dataset, "__getitem__"):
            return len(dataset)
    except TypeError:  # an array without axes has the method, and no length
        pass
    expected = "something with __len__ and __getitem__"
    raise bad_argument(op, argument, f"is a {type(dataset).__name__}", expected, error=TypeError)


def check_index(op: str, index, length: int, argument: str = "index") -> int:
    """Return ``index`` counted from 0 (negative ones count from the end), or raise ``IndexError``."""
    try:
        number = None if isinstance(index, (bool, np.bool_)) else operator.index(index)
    except TypeError:
        number = None
    if number is None:
        raise bad_argument(op, argument, f"is {index!r}", "an integer", error=TypeError)
    index = number
    if not -length <= index < length:
        raise bad_argument(op, argument, f"is {index}", f"an integer in [0, {length})", error=IndexError)
    return index % length
