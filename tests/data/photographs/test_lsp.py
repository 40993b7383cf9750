"""LSPET: a made-up data set in its form, and the real one where it is."""

import json

import numpy as np
import pytest
from PIL import Image

from minidet.data import LSPET


def annotation(number, v=2, **changes):
    joints = [part for joint in range(14) for part in (number + joint, 2 * joint, v)]
    return {"id": 7 * number, "image_id": number, "keypoints": joints, "bbox": [1, 2, 20, 28], **changes}


@pytest.fixture
def made_up(tmp_path):
    """Return a function that writes two pictures of 32 x 30 pixels, with the given annotations."""

    def write(annotations):
        root = tmp_path / "lspet_pose128"
        (root / "annotations").mkdir(parents=True)
        (root / "val").mkdir()
        images = [{"id": number, "file_name": f"{number}.png"} for number in (1, 3)]
        for image in images:
            Image.fromarray(np.full((30, 32, 3), image["id"], np.uint8)).save(root / "val" / image["file_name"])
        text = json.dumps({"images": images, "annotations": annotations})
        (root / "annotations" / "val.json").write_text(text)
        return root

    return write


def test_made_up(made_up):
    """Annotations in another order than images; integers mean the middle of a pixel."""
    people = LSPET(made_up([annotation(3), annotation(1, v=1)]), "val")
    assert len(people) == 2
    image, target = people[1]
    assert (image.shape, image.dtype) == ((3, 30, 32), np.float32)
    np.testing.assert_allclose(image, 3 / 255, rtol=1e-6)
    assert target["keypoints"].shape == (1, 14, 3)
    assert target["keypoints"][0, 2].tolist() == [5.5, 4.5, 2]
    assert target["boxes"].tolist() == [[1.5, 2.5, 21.5, 30]]  # cut off at the image's border
    assert people[0][1]["keypoints"][0, 2].tolist() == [3.5, 4.5, 1]


def test_joints_that_are_not_there_are_0(made_up):
    target = LSPET(made_up([annotation(1, v=0), annotation(3)]), "val")[0][1]
    assert not target["keypoints"].any()


@pytest.mark.parametrize("annotations", [
    [annotation(1)], [annotation(1), annotation(1)], [annotation(1), annotation(3, keypoints=[1, 2, 3])], [],
    [annotation(1), annotation(3, bbox=[1, 2])], [annotation(1), annotation(3, v=7)], ["x"], None,
])  # fmt: skip
def test_damaged(made_up, annotations):
    root = made_up(annotations)
    with pytest.raises(
        ValueError, match=r"LSPET: .*val.json is damaged, expected 'images' and 'annotations' in COCO's"
    ):
        LSPET(root, "val")


def test_missing(made_up, monkeypatch, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"data set lspet_pose128: there is no file .*train.json"):
        LSPET(made_up([annotation(1), annotation(3)]))
    monkeypatch.delenv("MINIDET_DATA", raising=False)
    with pytest.raises(FileNotFoundError, match="data set lspet_pose128: the environment variable MINIDET_DATA"):
        LSPET()


@pytest.mark.data
def test_the_real_one():
    people = LSPET(split="test")
    assert len(people) == 200
    for index in (0, 77, 199):
        image, target = people[index]
        assert image.shape == (3, 128, 128)
        assert (target["keypoints"][..., 2] == 2).all()
        x1, y1, x2, y2 = target["boxes"][0]
        assert ((target["keypoints"][0, :, :2] >= [x1, y1]) & (target["keypoints"][0, :, :2] <= [x2, y2])).all()
