"""Files in COCO's form: ids with gaps, defaults, masks, objects that turn with their picture, damage."""

import json

import numpy as np
import pytest
from PIL import Image

from minidet.data import CocoDetection, data_root
from minidet.data.transforms import RandomCrop
from minidet.ops.rle import rle_encode

CATEGORIES = [{"id": 90, "name": "tooth brush"}, {"id": 1, "name": "person"}, {"id": 7, "name": "train"}]


def write(root, annotations, size=(12, 20), pixels=None, orientation=None, images=None, said=None, name="a.png"):
    """Write a picture of (H, W) with id 5 and its JSON file; return both paths."""
    root.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(np.zeros((*size, 3), np.uint8) if pixels is None else pixels)
    exif = picture.getexif()
    if orientation is not None:
        exif[0x0112] = orientation
    picture.save(root / name, exif=exif)
    about = {"id": 5, "file_name": name, **({} if said is None else {"height": said[0], "width": said[1]})}
    path = root / "objects.json"
    path.write_text(json.dumps({"images": [about] if images is None else images, "categories": CATEGORIES,
                                "annotations": annotations}))  # fmt: skip
    return root, path


def entry(category, box, image=5, **more):
    return {"id": more.pop("id", 0), "image_id": image, "category_id": category, "bbox": box, **more}


def test_a_sample(tmp_path):
    data = CocoDetection(*write(tmp_path, [entry(7, [1, 2, 3, 4]), entry(90, [0.5, 0, 2, 12], iscrowd=1, id=3),
                                           entry(1, [4, 4, 0, 0], id=9)]))  # fmt: skip
    assert data.classes == ["background", "person", "train", "tooth brush"]
    assert data.category_ids == {1: 1, 2: 7, 3: 90}
    image, target = data[0]
    assert (image.dtype, image.shape, len(data), data.image_ids) == (np.float32, (3, 12, 20), 1, [5])
    assert {name: (value.dtype, value.tolist()) for name, value in target.items()} == {
        "boxes": (np.float32, [[1, 2, 4, 6], [0.5, 0, 2.5, 12], [4, 4, 4, 4]]),
        "labels": (np.int64, [2, 3, 1]),
        "iscrowd": (bool, [False, True, False]),
    }


def test_a_picture_without_objects(tmp_path):
    _, target = CocoDetection(*write(tmp_path, []), masks=True)[0]
    shapes = {name: value.shape for name, value in target.items()}
    assert shapes == {"boxes": (0, 4), "labels": (0,), "iscrowd": (0,), "masks": (0, 12, 20)}


def test_masks_are_polygons_or_run_lengths_and_four_numbers_are_no_box(tmp_path):
    square = np.zeros((12, 20), bool)
    square[3:9, 2:8] = True
    counts = [2 * 12 + 3, *[6, 6] * 5, 6, 3 + 12 * 12]
    segmentations = [[[2, 3, 8, 3, 8, 9, 2, 9]], rle_encode(square), {"size": [12, 20], "counts": counts},
                     [[2, 3, 8, 3, 8, 9, 2, 9], [2, 3, 5, 3, 5, 6]], [[2, 3, 8, 9]], []]  # fmt: skip
    entries = [entry(1, [2, 3, 6, 6], segmentation=one, id=i) for i, one in enumerate(segmentations)]
    data = CocoDetection(*write(tmp_path, [*entries, entry(7, [2, 3, 6, 6])]), masks=True)
    masks = data[0][1]["masks"]
    assert masks.dtype == bool
    assert [np.array_equal(mask, square) for mask in masks] == [True] * 4 + [False] * 3
    assert not masks[4:].any()


@pytest.mark.parametrize(
    ("orientation", "upright"), [(None, False), *((o, False) for o in range(1, 9)), *((o, True) for o in range(5, 9))]
)
def test_objects_turn_with_their_picture(tmp_path, orientation, upright):
    pixels = np.zeros((12, 20, 3), np.uint8)
    pixels[2:5, 3:10] = 255
    pixels[2, 3] = 0  # no mirror looks like another
    counts = rle_encode(pixels[..., 0])
    root = write(tmp_path, [entry(1, [3, 2, 7, 3], segmentation=counts)], pixels=pixels, orientation=orientation)
    image, target = CocoDetection(*root, masks=True)[0]
    assert image.shape == ((3, 20, 12) if orientation is not None and orientation >= 5 else (3, 12, 20))
    np.testing.assert_array_equal(target["masks"][0], image[0] > 0.5)
    rows, columns = np.nonzero(image[0] > 0.5)
    x1, y1, x2, y2 = seen = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    assert target["boxes"].tolist() == [seen]
    if upright:  # whoever drew the objects saw the picture upright
        box = [int(value) for value in (x1, y1, x2 - x1, y2 - y1)]
        objects = [entry(1, box, segmentation=rle_encode(image[0] > 0.5))]
        root = write(tmp_path, objects, pixels=pixels, orientation=orientation, said=(20, 12))
        again = CocoDetection(*root, masks=True)[0][1]
        assert again["boxes"].tolist() == [seen]
        np.testing.assert_array_equal(again["masks"], target["masks"])


def test_an_object_whose_mask_is_gone_after_a_crop_goes_with_all_that_belongs_to_it(tmp_path):
    corner = np.zeros((12, 20), bool)
    corner[:5, :8] = True
    objects = [entry(7, [0, 0, 20, 12], segmentation=rle_encode(corner), iscrowd=1),
               entry(1, [0, 0, 20, 12], segmentation=[[0, 0, 20, 0, 20, 12, 0, 12]])]  # fmt: skip
    data = CocoDetection(*write(tmp_path, objects), RandomCrop((6, 6)), masks=True)
    lengths = set()
    for seed in range(8):
        _, target = data.sample(0, np.random.default_rng(seed))
        assert len({len(value) for value in target.values()}) == 1
        lengths.add(len(target["labels"]))
        assert target["labels"].tolist() in ([2, 1], [1])
    assert lengths == {1, 2}


def test_samples_are_in_the_order_of_ids(tmp_path):
    images = [{"id": number, "file_name": "a.png"} for number in (9, 5, 7)]
    data = CocoDetection(*write(tmp_path, [entry(1, [0, 0, 2, 2], image=9)], images=images))
    assert data.image_ids == [5, 7, 9]
    assert [len(data[i][1]["labels"]) for i in range(3)] == [0, 0, 1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"images": None}, "there are not all three, expected lists of images, annotations, categories"),
        ({"categories": []}, "'categories' is empty"),
        ({"images": [{"id": 5}]}, "'images' has .*expected dicts with 'id', a number, and 'file_name'"),
        ({"images": [{"id": 5, "file_name": "a.png"}] * 2}, "'images' has the id 5 twice"),
        ({"annotations": [entry(2, [1, 1, 2, 2])]}, "an annotation has category_id 2, expected an id that is listed"),
        ({"annotations": [entry(1, [1, 1, 2, 2], image=6)]}, "an annotation has image_id 6"),
        ({"annotations": [{"id": 1}]}, "expected dicts with image_id, category_id and bbox"),
        ({"annotations": [entry(1, [1, 1, -2, 2])]}, "picture 5 has the boxes .*width and height from 0"),
        ({"annotations": [entry(1, [1, 1, 2, 2], segmentation={"size": [2, 2], "counts": [4]})]}, "a mask of"),
        ({"annotations": [entry(1, [1, 1, 2, 2], segmentation={"size": [12, 20], "counts": [4]})]}, "of 4 pixels"),
        ({"annotations": [entry(1, [1, 1, 2, 2], segmentation=[[1, 2, 3]])]}, "expected polygons"),
    ],
)
def test_damage_is_named(tmp_path, change, words):
    root, path = write(tmp_path, [])
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ValueError, match="CocoDetection: .*objects.json.*" + words):
        CocoDetection(root, path, masks=True)[0]


def test_what_is_missing(tmp_path):
    root, path = write(tmp_path, [])
    with pytest.raises(FileNotFoundError, match="data set coco: there is no file .*none.json"):
        CocoDetection(root, tmp_path / "none.json")
    with pytest.raises(TypeError, match="CocoDetection: annotations is a NoneType, expected a path"):
        CocoDetection(root, None)
    (tmp_path / "half.json").write_text('{"images"')
    with pytest.raises(ValueError, match=r"CocoDetection: annotations is .*half.json, expected a JSON file"):
        CocoDetection(root, tmp_path / "half.json")
    (root / "a.png").unlink()
    with pytest.raises(FileNotFoundError, match="CocoDetection: image is .*a.png"):
        CocoDetection(root, path)[0]


@pytest.mark.data
def test_nuclei():
    root = data_root("nuclei_coco")
    data = CocoDetection(root / "val", root / "annotations" / "val.json", masks=True)
    about = json.loads((root / "annotations" / "val.json").read_text())
    assert len(data) == len(about["images"])
    areas = {}
    for entry in about["annotations"]:
        areas.setdefault(entry["image_id"], []).append(entry["area"])
    for index in (0, 7):
        image, target = data[index]
        assert target["masks"].sum((1, 2)).tolist() == areas[data.image_ids[index]]
        assert target["masks"].shape[1:] == image.shape[1:]
