"""Rows on the disk: interrupted, gone on with, damaged, of another network."""

import json

import numpy as np
import pytest

from minidet.models.detection.rcnn import RowCache


def parts(rng):
    return [rng.random((count, 3), dtype=np.float32) for count in (4, 0, 2, 7)]


def test_rows_come_back_and_bytes_are_counted(tmp_path, rng):
    arrays = parts(rng)
    with RowCache(tmp_path, "rows", 3, "key") as cache:
        for i, rows in enumerate(arrays):
            cache.append(rows)
            np.testing.assert_array_equal(cache[i], rows)  # also while it grows
        assert len(cache) == 4
        assert cache.nbytes == 13 * 3 * 4
    assert (tmp_path / "rows.f32").stat().st_size == cache.nbytes
    again = RowCache(tmp_path, "rows", 3, "key")
    for i, rows in enumerate(arrays):
        np.testing.assert_array_equal(again[i], rows)
        assert not again[i].flags.writeable
        assert isinstance(again[i].base, np.memmap) or isinstance(again[i], np.memmap)
    again.close()
    with pytest.raises(IndexError, match="RowCache: image is 4"):
        again[4]


def test_what_was_written_after_the_last_save_is_written_again(tmp_path, rng):
    arrays = parts(rng)
    cache = RowCache(tmp_path, "rows", 3, "key")
    cache.append(arrays[0])
    cache.save()
    cache.append(arrays[2])
    cache._file.flush()  # the process dies here
    cache._file.close()
    with RowCache(tmp_path, "rows", 3, "key") as again:
        assert len(again) == 1
        again.append(arrays[3])
        np.testing.assert_array_equal(again[0], arrays[0])
        np.testing.assert_array_equal(again[1], arrays[3])


def test_rows_of_another_network_are_thrown_away(tmp_path, rng):
    with RowCache(tmp_path, "rows", 3, "old") as cache:
        cache.append(parts(rng)[0])
    with RowCache(tmp_path, "rows", 3, "new") as cache:
        assert len(cache) == 0
        assert cache.nbytes == 0
    assert (tmp_path / "rows.f32").stat().st_size == 0
    with RowCache(tmp_path, "rows", 5, "new") as cache:
        cache.append(np.ones((2, 5)))
    with RowCache(tmp_path, "rows", 3, "new") as cache:
        assert len(cache) == 0


@pytest.mark.parametrize("damage", ["short", "gone", "text", "keys", "order"])
def test_damage_is_told(tmp_path, rng, damage):
    with RowCache(tmp_path, "rows", 3, "key") as cache:
        cache.append(parts(rng)[0])
    index, data = tmp_path / "rows.json", tmp_path / "rows.f32"
    if damage == "short":
        data.write_bytes(data.read_bytes()[:-1])
    elif damage == "gone":
        data.unlink()
    elif damage == "text":
        index.write_text("{")
    elif damage == "keys":
        index.write_text("{}")
    else:
        index.write_text(json.dumps({**json.loads(index.read_text()), "ends": [4, 2]}))
    with pytest.raises(ValueError, match="rows.json is damaged"):
        RowCache(tmp_path, "rows", 3, "key")


def test_an_index_is_never_ahead_of_its_rows(tmp_path, rng, monkeypatch):
    """Rows are on the disk before the index names them; if they cannot be written, the index stays as it was."""
    cache = RowCache(tmp_path, "rows", 3, "key")
    cache.append(parts(rng)[0])
    cache.save()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    cache.append(parts(rng)[2])
    monkeypatch.setattr("minidet.models.detection.rcnn.cache.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        cache.save()
    assert json.loads((tmp_path / "rows.json").read_text())["ends"] == [4]
    cache._file.close()


def test_rows_of_another_width(tmp_path):
    with RowCache(tmp_path, "rows", 3, "key") as cache, pytest.raises(ValueError, match=r"rows has shape \(2, 4\)"):
        cache.append(np.zeros((2, 4)))
