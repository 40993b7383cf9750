"""What readers are asked to try in notebook 19, and what comes out."""

from .edit import Edit

INSIDE = "REGIONS = np.array([[1.0, 1, 5, 5], [0.5, 1, 4.5, 5]])"
BEYOND = "REGIONS = np.array([[1.0, 1, 5, 5], [-3, -3, 5, 5]])"
SHARES = "cut = crop_masks(masks, boxes, (bins, bins))[:, None]"
ROUNDED = "cut = np.round(crop_masks(masks, boxes, (bins, bins)))[:, None]"
UNSURE, SURE = "2 * (cut - 0.5)", "20 * (cut - 0.5)"
#: Pictures, joints, training and what is made of it.
SLOW = ("_, grid = viz.subplots", "draw_threshold()", "viz.sliders(", "people = ShapeScenes", "image, target = people",
        "learn(", "network(*batch_of", "heart[", "errors[56]", "trained.items()", "answers = [", 'table["segm"]',
        "given = [", 'parts["true boxes', "pairs = []", "def mean_iou", "def draw_learnt", "draw_learnt()")  # fmt: skip

EDITS = {
    1: [Edit(((INSIDE, BEYOND),), until="same(targets[1]", without=SLOW, prints=r"\[\[0\.\s+0\.\s+\]\n\s*\[0\.\s+0\.75\]\]",
             raises="AssertionError")],
    2: [Edit(((SHARES, ROUNDED),), until="assert overlaps[", without=SLOW,
             prints=r"28 x 28: mask AP (0\.99|1\.00)\d[\s\S]* 7 x  7: mask AP 0\.[456]")],
    3: [Edit(((UNSURE, SURE),), until="signs = {}", without=SLOW,
             prints=r"right: IoU 1\.00, area 1\.00[\s\S]*D    : IoU (0\.99|1\.00), area (0\.99|1\.00)")],
}  # fmt: skip
