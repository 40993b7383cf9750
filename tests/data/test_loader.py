"""The loader: the same batches for any number of threads, from any point on; errors and threads that end."""

import collections
import dataclasses
import gc
import threading
import time

import numpy as np
import pytest

from minidet import random
from minidet.autograd.tensor import Tensor
from minidet.data import (
    DataLoader,
    Dataset,
    Subset,
    TensorDataset,
    collate_detection,
    collate_semantic,
    default_collate,
)


class Noise(Dataset):
    """Sample i is (i, a random number): what augmentation does, in small."""

    def __init__(self, length=23, delay=0.0, bad=()):
        super().__init__(lambda image, target, rng: (image, rng.random()))
        self.length, self.delay, self.bad = length, delay, bad

    def __len__(self):
        return self.length

    def load(self, index):
        if index in self.bad:
            raise ValueError("cannot read")
        time.sleep(self.delay * (index % 3))
        return index, None


def batches(loader):
    return [(indices.tolist(), values.tolist()) for indices, values in loader]


def loader(workers=0, seed=5, **options):
    options = {"batch_size": 4, "shuffle": True, **options}
    return DataLoader(options.pop("dataset", Noise()), num_workers=workers, rng=np.random.default_rng(seed), **options)


def worker_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("minidet-loader")]


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_any_number_of_workers_gives_the_same(workers):
    plain, threaded = loader(), loader(workers, dataset=Noise(delay=0.001))
    for _ in range(2):
        assert batches(plain) == batches(threaded)
    assert not worker_threads()


def flat(epoch):
    """Return {sample: its random number} of one epoch, in the order in which they came."""
    return {i: value for indices, values in epoch for i, value in zip(indices, values, strict=True)}


def test_every_sample_once_per_epoch_in_a_new_order():
    one = loader()
    first, second = batches(one), batches(one)
    assert len(first) == len(one) == 6
    assert sum(len(indices) for indices, _ in first) == 23
    first, second = flat(first), flat(second)
    assert sorted(first) == sorted(second) == list(range(23))
    assert list(first) != list(second)
    assert all(first[i] != second[i] for i in first)  # augmented anew
    assert len(set(first.values())) == 23


def test_without_shuffling_and_drop_last():
    one = loader(shuffle=False, drop_last=True)
    assert [indices for indices, _ in batches(one)] == [list(range(i, i + 4)) for i in range(0, 20, 4)]
    assert len(one) == 5


def test_seed_comes_from_manual_seed():
    def draw(seed):
        random.manual_seed(seed)
        return batches(DataLoader(Noise(), shuffle=True))

    first = draw(7)
    assert draw(8) != first
    assert draw(7) == first
    assert batches(loader(seed=1)) != batches(loader(seed=2))


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("seen", [0, 1, 5, 6])
def test_resumes_in_the_middle_of_an_epoch(workers, seen):
    whole = loader()
    expected = batches(whole) + batches(whole) + batches(whole)
    one = loader(workers)
    got = batches(one)
    iterator = iter(one)
    for _ in range(seen):
        indices, values = next(iterator)
        got.append((indices.tolist(), values.tolist()))
    state = one.state_dict()
    assert state == {"seed": one.seed, "epoch": 1, "position": seen}
    iterator.close()
    resumed = loader(2 - workers, seed=99)
    resumed.load_state_dict(state)
    assert resumed.state_dict() == state
    assert got + batches(resumed) + batches(resumed) == expected


def test_state_between_epochs():
    one = loader()
    assert one.state_dict()["epoch"] == 0
    batches(one)
    assert one.state_dict() == {"seed": one.seed, "epoch": 1, "position": 0}
    one.epoch = 7
    assert one.state_dict()["epoch"] == 7
    expected = batches(one)
    other = loader(seed=5)
    other.epoch = 7
    assert batches(other) == expected


def test_a_loop_left_half_way_is_an_epoch():
    one, other = loader(), loader()
    for _ in one:
        break
    assert one.state_dict() == {"seed": one.seed, "epoch": 0, "position": 1}
    batches(other)
    assert batches(one) == batches(other)


@pytest.mark.parametrize("workers", [0, 2])
def test_an_error_names_the_sample(workers):
    one = loader(workers, dataset=Noise(bad=[13]), shuffle=False)
    with pytest.raises(ValueError, match="cannot read") as caught:
        batches(one)
    assert caught.value.__notes__ == ["DataLoader: this happened in sample 13 of Noise."]
    assert not worker_threads()


def test_batches_before_the_error_arrive():
    iterator = iter(loader(2, dataset=Noise(bad=[9]), shuffle=False))
    assert next(iterator)[0].tolist() == [0, 1, 2, 3]
    assert next(iterator)[0].tolist() == [4, 5, 6, 7]
    with pytest.raises(ValueError, match="cannot read"):
        next(iterator)


def test_an_error_in_collate_names_the_samples():
    class Ragged(Noise):
        def load(self, index):
            return np.zeros(index), None

    with pytest.raises(ValueError, match=r"default_collate: samples\[:\]\[0\] has arrays of shapes") as caught:
        batches(loader(1, dataset=Ragged(4), shuffle=False))
    assert "samples [0, 1, 2, 3]" in caught.value.__notes__[0]


def test_threads_end_when_the_loop_is_left():
    for _ in loader(3, dataset=Noise(200, delay=0.001)):
        break
    gc.collect()
    assert not worker_threads()
    iterator = iter(loader(3, dataset=Noise(200, delay=0.001)))
    next(iterator)
    assert worker_threads()
    del iterator
    gc.collect()
    assert not worker_threads()


def test_no_more_than_prefetch_factor_is_prepared():
    started = []

    class Counted(Noise):
        def load(self, index):
            started.append(index)
            return index, None

    iterator = iter(loader(2, dataset=Counted(100), batch_size=1, prefetch_factor=3))
    next(iterator)
    time.sleep(0.05)
    assert len(started) <= 7
    iterator.close()


def test_any_sequence_is_a_data_set():
    data = [(np.full(2, i, np.float32), i) for i in range(5)]
    images, labels = next(iter(DataLoader(data, batch_size=3)))
    assert isinstance(images, Tensor)
    assert images.tolist() == [[0, 0], [1, 1], [2, 2]]
    assert labels.tolist() == [0, 1, 2]
    assert labels.dtype == np.int64


def test_default_collate():
    batch = default_collate([{"a": (1.5, np.float64(2)), "b": "x", "c": [np.arange(2)]}] * 2)
    assert batch["a"][0].dtype == np.float32
    assert batch["a"][1].dtype == np.float64
    assert batch["b"] == ["x", "x"]
    assert batch["c"][0].shape == (2, 2)


Pair = collections.namedtuple("Pair", "image label")


class Named(dict):
    """A dict of a class of its own."""


def test_collate_of_named_tuples_and_other_containers():
    samples = [Pair(np.full(3, i), {"label": i, "names": ("a", "b")}) for i in range(2)]
    batch = default_collate(samples)
    assert isinstance(batch, Pair)
    assert batch.image.shape == (2, 3)
    assert batch.label["label"].tolist() == [0, 1]
    assert batch.label["names"] == (["a", "a"], ["b", "b"])
    nested = default_collate([[Pair(1, Pair(2.0, "x"))]] * 3)
    assert type(nested) is list
    assert nested[0].label.image.shape == (3,)
    own = default_collate([Named(x=1), Named(x=2)])
    assert type(own) is Named
    assert own["x"].tolist() == [1, 2]
    assert [part.tolist() for part in default_collate([range(2)] * 2)] == [[0, 0], [1, 1]]
    assert default_collate([True, False]).dtype == bool


@pytest.mark.parity
def test_collate_is_pytorchs():
    from torch.utils.data import default_collate as theirs

    samples = [Pair(np.arange(3.0), {"a": 1, "b": [np.float32(2), "x"]})] * 2
    ours, expected = default_collate(samples), theirs(samples)
    assert type(ours) is type(expected) is Pair
    np.testing.assert_array_equal(ours.image.numpy(), expected.image.numpy(), strict=True)
    np.testing.assert_array_equal(ours.label["a"].numpy(), expected.label["a"].numpy(), strict=True)
    assert ours.label["b"][1] == list(expected.label["b"][1])

    @dataclasses.dataclass
    class Sample:
        label: int

    for wrong in ([Sample(1)], [None], [object()]):
        with pytest.raises(TypeError, match="batch must contain"):
            theirs(wrong)
        with pytest.raises(TypeError, match="default_collate: samples contains a .*, expected arrays, numbers"):
            default_collate(wrong)


def test_samples_of_different_forms():
    for samples, match in (
        ([{"a": 1}, {"b": 1}], r"samples has entries \['a'\] and \['b'\]"),
        ([(1, 2), (1,)], r"samples has lengths \[1, 2\]"),
        ([1, "x"], "contains a int and a str"),
        ([{"a": [1, None]}, {"a": [1, 2]}], r"samples\[:\]\['a'\]\[:\]\[1\] contains a NoneType"),
        ([], "samples is empty"),
        ([2**100, 1], "samples has dtype object"),
    ):
        with pytest.raises((ValueError, TypeError), match=f"default_collate: .*{match}"):
            default_collate(samples)


def test_collate_for_pictures():
    samples = [(np.zeros((3, 4, 5), np.float32), {"semantic": np.ones((4, 5), np.int64)})] * 2
    images, labels = collate_semantic(samples)
    assert (images.shape, labels.shape, labels.dtype) == ((2, 3, 4, 5), (2, 4, 5), np.int64)
    images, targets = collate_detection(samples)
    assert len(images) == len(targets) == 2


def test_subset_and_tensor_dataset():
    data = TensorDataset(np.arange(6) * 10, np.eye(6))
    part = Subset(data, [4, -1])
    assert [part[i][0] for i in range(2)] == [40, 50]
    assert part.load(0)[0] == 40
    nested = Subset(part, [1])
    assert nested[-1][0] == 50
    noise = Noise()
    rng = np.random.default_rng(0)
    assert Subset(noise, [3]).sample(0, rng) == (3, np.random.default_rng(0).random())


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: DataLoader(Noise(), batch_size=0), ValueError, "DataLoader: batch_size is 0"),
        (lambda: DataLoader(Noise(), num_workers=-1), ValueError, "DataLoader: num_workers"),
        (lambda: DataLoader(Noise(), prefetch_factor=0), ValueError, "DataLoader: prefetch_factor"),
        (lambda: DataLoader(5), TypeError, "DataLoader: dataset is a int"),
        (lambda: Subset(Noise(3), [3]), IndexError, r"Subset: indices is 3, expected an integer in \[0, 3\)"),
        (lambda: Noise(3)[3], IndexError, "Noise: index is 3"),
        (lambda: Noise(3)["a"], TypeError, "Noise: index is 'a'"),
        (lambda: TensorDataset(np.ones(3), np.ones(2)), ValueError, r"TensorDataset: arrays has lengths \[3, 2\]"),
        (lambda: TensorDataset(), ValueError, "TensorDataset: arrays"),
        (lambda: len(Dataset()), NotImplementedError, "__len__ is missing"),
        (lambda: Dataset().load(0), NotImplementedError, "load is missing"),
    ],
)
def test_bad_arguments(make, error, match):
    with pytest.raises(error, match=match):
        make()
