"""XML files in PASCAL VOC's form: what is read, how pixels are counted, how boxes turn with their picture."""

import numpy as np
import pytest
from PIL import Image

from minidet.data import LargestObject, VOCDetection, data_root

OBJECT = "<object><name>{name}</name>{more}<bndbox>{sides}</bndbox></object>"
SIDES = ("xmin", "ymin", "xmax", "ymax")


def entry(name, *box, more="<difficult>0</difficult>"):
    return OBJECT.format(
        name=name, more=more, sides="".join(f"<{s}>{v}</{s}>" for s, v in zip(SIDES, box, strict=True))
    )


def write(root, name, *objects, size=(12, 20), orientation=None, said=None, pixels=None, listed="train"):
    """Write a picture of (H, W), its XML file, and its name into a list."""
    for folder in ("JPEGImages", "Annotations", "ImageSets/Main"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(np.zeros((*size, 3), np.uint8) if pixels is None else pixels)
    exif = picture.getexif()
    if orientation is not None:
        exif[0x0112] = orientation
    picture.save(root / "JPEGImages" / f"{name}.png", exif=exif)
    text = "" if said is None else f"<size><width>{said[1]}</width><height>{said[0]}</height><depth>3</depth></size>"
    (root / "Annotations" / f"{name}.xml").write_text(f"<annotation>{text}{''.join(objects)}</annotation>")
    with (root / "ImageSets" / "Main" / f"{listed}.txt").open("a") as lines:
        lines.write(f"{name}\n")


def test_a_sample(tmp_path):
    write(tmp_path, "a", entry("dog", 1, 2, 5, 6), entry("cat", 3, 3, 4.5, 9, more="<difficult>1</difficult>"),
          entry("dog", 2, 2, 8, 8, more=""))  # fmt: skip
    data = VOCDetection(tmp_path, "train")
    assert data.classes == ["background", "cat", "dog"]
    image, target = data[0]
    assert (image.dtype, image.shape, len(data)) == (np.float32, (3, 12, 20), 1)
    assert target["boxes"].dtype == np.float32
    assert target["boxes"].tolist() == [[0, 1, 5, 6], [2, 2, 4.5, 9], [1, 1, 8, 8]]  # VOC's first pixel is 1
    assert target["labels"].tolist() == [2, 1, 2]
    assert target["difficult"].tolist() == [False, True, False]
    edges = VOCDetection(tmp_path, "train", first_pixel=0)[0][1]["boxes"]
    assert edges.tolist() == [[1, 2, 5, 6], [3, 3, 4.5, 9], [2, 2, 8, 8]]


def test_the_first_pixel_of_voc_covers_one_pixel(tmp_path):
    write(tmp_path, "a", entry("dot", 1, 1, 1, 1))
    assert VOCDetection(tmp_path)[0][1]["boxes"].tolist() == [[0, 0, 1, 1]]
    assert VOCDetection(tmp_path, first_pixel=0)[0][1]["boxes"].tolist() == [[1, 1, 1, 1]]  # no area: models ignore it


def test_lists_classes_and_pictures_without_objects(tmp_path):
    write(tmp_path, "a", listed="val")
    write(tmp_path, "b", entry("dog", 1, 2, 5, 6), listed="train")
    (tmp_path / "ImageSets" / "Main" / "dog_val.txt").write_text("a -1\n\nb  1\n")
    (tmp_path / "classes.txt").write_text("zebra\ndog\n")
    data = VOCDetection(tmp_path, "dog_val")
    assert data.names == ["a", "b"]
    assert data.classes == ["background", "zebra", "dog"]
    assert data[0][1]["boxes"].shape == (0, 4)
    assert data[1][1]["labels"].tolist() == [2]
    with pytest.raises(
        FileNotFoundError, match=r"data set voc: there is no file .*test.txt; image sets there: dog_val, "
    ):
        VOCDetection(tmp_path, "test")


@pytest.mark.parametrize(
    ("orientation", "upright"), [(None, False), *((o, False) for o in range(1, 9)), *((o, True) for o in range(5, 9))]
)
def test_boxes_turn_with_their_picture(tmp_path, orientation, upright):
    height, width = 12, 20
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[2:5, 3:10] = 255
    turned = orientation is not None and orientation >= 5
    raw = [3, 2, 10, 5]
    write(tmp_path, "raw", entry("it", *raw), orientation=orientation, said=(height, width), pixels=pixels)
    image, target = VOCDetection(tmp_path, first_pixel=0)[0]
    assert image.shape == ((3, width, height) if turned else (3, height, width))
    rows, columns = np.nonzero(image[0] > 0.5)
    seen = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    assert target["boxes"].tolist() == [seen]
    if upright:  # whoever drew the boxes saw the picture upright
        write(tmp_path, "up", entry("it", *seen), orientation=orientation, said=(width, height), pixels=pixels)
        assert VOCDetection(tmp_path, first_pixel=0)[1][1]["boxes"].tolist() == [seen]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<annotation>", "is .*a.xml, expected an XML file: "),
        ("", "is .*a.xml, expected an XML file: "),
        ("<annotation><object><name>dog</name></object></annotation>", "has an object without <bndbox>"),
        ("<annotation>" + entry("", 1, 1, 2, 8) + "</annotation>", "has an object without <name>"),
        ("<annotation>" + entry("dog", 5, 1, 2, 8) + "</annotation>", "has a box that ends before it begins"),
        ("<annotation>" + entry("dog", "x", 1, 2, 8) + "</annotation>", "has <xmin> 'x', expected a number"),
        ("<annotation>" + entry("dog", "nan", 1, 2, 8) + "</annotation>", "has <xmin> 'nan', expected a number"),
        ("<annotation>" + entry("cow", 1, 1, 2, 8) + "</annotation>", "has the class 'cow', expected one of dog"),
    ],
)
def test_damaged_annotations_name_their_file(tmp_path, text, words):
    write(tmp_path, "a", entry("dog", 1, 2, 5, 6))
    (tmp_path / "classes.txt").write_text("dog\n")
    data = VOCDetection(tmp_path)
    (tmp_path / "Annotations" / "a.xml").write_text(text)
    with pytest.raises(ValueError, match="VOCDetection: annotation .*" + words):
        data.load(0)
    (tmp_path / "Annotations" / "a.xml").unlink()
    with pytest.raises(FileNotFoundError, match="data set voc: there is no file .*a.xml"):
        data.load(0)


def test_what_is_missing(tmp_path):
    write(tmp_path, "a")
    with pytest.raises(ValueError, match="Annotations names no object, expected some: without classes.txt"):
        VOCDetection(tmp_path)
    (tmp_path / "classes.txt").write_text("dog\n")
    (tmp_path / "JPEGImages" / "a.png").unlink()
    with pytest.raises(FileNotFoundError, match="VOCDetection: image is .*a.jpg"):
        VOCDetection(tmp_path)[0]
    with pytest.raises(ValueError, match="VOCDetection: first_pixel is 2, expected one of 0, 1"):
        VOCDetection(tmp_path, first_pixel=2)


@pytest.mark.data
def test_blood_cells():
    counts = {}
    for split, number in (("train", 205), ("val", 87), ("test", 72)):
        data = VOCDetection(data_root("bccd_voc"), split, first_pixel=0)
        assert data.classes == ["background", "Platelets", "RBC", "WBC"]
        targets = [data.load(i)[1] for i in range(len(data))]
        boxes = np.concatenate([target["boxes"] for target in targets])
        assert len(targets) == number
        assert boxes.min() >= 0
        assert (boxes.max(0) <= [320, 240, 320, 240]).all()
        counts[split] = np.bincount(np.concatenate([target["labels"] for target in targets]), minlength=4)
    assert sum(counts.values()).tolist() == [0, 361, 4153, 372]
    chosen = LargestObject(VOCDetection(data_root("bccd_voc"), "test", first_pixel=0))
    labels = np.concatenate([chosen.load(i)[1]["labels"] for i in range(len(chosen))])
    assert len(labels) == 72
    assert (labels == 3).mean() > 0.5  # a white cell is the largest in most photographs
