"""Batches: shuffled, prepared ahead by threads, and the same whatever the number of threads.

All randomness follows from one seed. The order of an epoch is drawn from (seed, epoch), and each sample has its own
generator from (seed, epoch, index); so it does not matter who prepares a sample, or when, or what came before. A run
that is continued in the middle of an epoch sees the batches that an uninterrupted run would have seen.
"""

from __future__ import annotations

import collections
import itertools
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ..errors import bad_argument, integer
from ..random import generator
from .collate import default_collate
from .dataset import fetch, length_of
from .targets import check_flag

MOST_WORKERS, MOST_AHEAD = 1024, 2**20  # more is a mistake
_ORDER, _SAMPLE = 0, 1  # what a random stream is for


class DataLoader:
    """Iterate over a data set in batches.

    Each ``for batch in loader`` is the next epoch. Workers are threads (never forks), so the data set is shared and its
    ``load`` must be safe to call from several threads; what they wait for is files and code that releases the
    interpreter's lock, such as Pillow's and NumPy's.

    Parameters
    ----------
    dataset : Dataset, or anything with ``__len__`` and ``__getitem__``
    batch_size : int
    shuffle : bool
        Draw a new order in each epoch.
    num_workers : int
        Threads that prepare batches ahead; 0 prepares each batch when it is asked for.
    collate_fn : callable, optional
        Makes a batch of a list of samples; :func:`~minidet.data.default_collate` unless given.
    drop_last : bool
        Leave out an incomplete last batch.
    prefetch_factor : int
        Batches per worker that are prepared ahead.
    rng : numpy.random.Generator, optional
        Where the loader's seed is drawn from, now; else minidet's generator.

    Attributes
    ----------
    epoch : int
        The epoch that the next loop will go through; set it to choose one.
    """

    def __init__(
        self,
        dataset,
        batch_size: int = 1,
        shuffle: bool = False,
        num_workers: int = 0,
        collate_fn=None,
        drop_last: bool = False,
        prefetch_factor: int = 2,
        *,
        rng: np.random.Generator | None = None,
    ):
        """Check the options, and draw the seed, from which the order and all augmentation of every epoch follow."""
        length_of("DataLoader", "dataset", dataset)
        self.dataset = dataset
        self.batch_size = integer("DataLoader", "batch_size", batch_size, 1)
        self.shuffle = check_flag("DataLoader", "shuffle", shuffle)
        self.num_workers = _at_most("num_workers", integer("DataLoader", "num_workers", num_workers), MOST_WORKERS)
        if collate_fn is not None and not callable(collate_fn):
            was = f"is a {type(collate_fn).__name__}"
            raise bad_argument("DataLoader", "collate_fn", was, "a callable or None", error=TypeError)
        self.collate_fn = default_collate if collate_fn is None else collate_fn
        self.drop_last = check_flag("DataLoader", "drop_last", drop_last)
        ahead = integer("DataLoader", "prefetch_factor", prefetch_factor, 1)
        self.prefetch_factor = _at_most("prefetch_factor", ahead, MOST_AHEAD)
        if rng is not None and not hasattr(rng, "integers"):
            was, expected = f"is a {type(rng).__name__}", "a numpy.random.Generator or None"
            raise bad_argument("DataLoader", "rng", was, expected, error=TypeError)
        self.seed = int(generator(rng).integers(2**63))
        self.epoch = 0
        self._start = 0  # batches of the next epoch to leave out: those that were seen before an interruption
        self._current: tuple[int, int] | None = None  # epoch and batches handed out, inside a loop

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        samples = len(self.dataset)
        return samples // self.batch_size if self.drop_last else -(-samples // self.batch_size)

    def __iter__(self):
        epoch, start = self.epoch, self._start
        self.epoch, self._start = epoch + 1, 0
        self._current = (epoch, start)
        return self._batches(epoch, start)

    def _batches(self, epoch: int, start: int):
        order = self._order(epoch)
        size = self.batch_size
        parts = [order[i * size : (i + 1) * size].tolist() for i in range(start, len(self))]
        ready = self._prefetch(epoch, parts) if self.num_workers else (self._prepare(epoch, part) for part in parts)
        for position, batch in enumerate(ready, start + 1):
            self._current = (epoch, position)
            yield batch
        if self._current == (epoch, len(self)):
            self._current = None

    def _order(self, epoch: int) -> np.ndarray:
        indices = np.arange(len(self.dataset))
        return self._rng(epoch, _ORDER).permutation(indices) if self.shuffle else indices

    def _rng(self, *key: int) -> np.random.Generator:
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))

    def _prepare(self, epoch: int, indices: list[int], stop: threading.Event | None = None):
        """Fetch and collate one batch; None once ``stop`` is set. An error gets a note: in which sample it happened."""
        samples = []
        for index in indices:
            if stop is not None and stop.is_set():
                return None
            try:
                samples.append(fetch(self.dataset, index, self._rng(epoch, _SAMPLE, index)))
            except Exception as error:
                error.add_note(f"DataLoader: this happened in sample {index} of {type(self.dataset).__name__}.")
                raise
        try:
            return self.collate_fn(samples)
        except Exception as error:
            error.add_note(f"DataLoader: this happened when samples {indices} were put into one batch.")
            raise

    def _prefetch(self, epoch: int, parts: list[list[int]]):
        """Keep ``num_workers * prefetch_factor`` batches under way; hand them out in order."""
        stop = threading.Event()
        pool = ThreadPoolExecutor(self.num_workers, thread_name_prefix="minidet-loader")
        try:
            waiting = iter(parts)
            under_way = collections.deque()
            for part in itertools.islice(waiting, self.num_workers * self.prefetch_factor):
                under_way.append(pool.submit(self._prepare, epoch, part, stop))
            while under_way:
                batch = under_way.popleft().result()
                for part in itertools.islice(waiting, 1):
                    under_way.append(pool.submit(self._prepare, epoch, part, stop))
                yield batch
        finally:  # also when the loop was left half-way, or an exception came
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)

    def state_dict(self) -> dict:
        """Return where the loader is, as integers. In a loop, the batch that was handed out last counts as seen."""
        inside = self._current is not None and self._current[0] + 1 == self.epoch
        epoch, position = self._current if inside else (self.epoch, self._start)
        return {"seed": self.seed, "epoch": epoch, "position": position}

    def load_state_dict(self, state_dict: dict) -> None:
        """Make the next loop continue where :meth:`state_dict` was called, in the middle of an epoch if need be.

        After the last batch of an epoch, but before the loop has ended, that leaves a loop without batches.
        """
        op = "DataLoader.load_state_dict"
        if not isinstance(state_dict, dict) or not state_dict.keys() >= {"seed", "epoch", "position"}:
            was = f"has {sorted(map(str, state_dict))}" if isinstance(state_dict, dict) else f"is {state_dict!r}"
            raise bad_argument(op, "state_dict", was, "a dict with 'seed', 'epoch' and 'position'")
        numbers = [integer(op, name, state_dict[name]) for name in ("seed", "epoch", "position")]
        self.seed, self.epoch, self._start = numbers  # all of them, or none
        self._current = None


def _at_most(argument: str, value: int, most: int) -> int:
    if value > most:
        raise bad_argument("DataLoader", argument, f"is {value}", f"an integer <= {most}")
    return value
