"""What readers are asked to try in notebook 09, and what comes out."""

from .edit import Edit

#: Cells that the edits do not need: pictures, clocks, and other trainings.
SLOW = (
    "def draw_transfer",
    "learned = {",
    "learned.items()",
    "distances = {}",
    "PHOTOGRAPHS =",
    "CHANGES = {",
    "grid = ",
)
CLOCK = "def clock("
AS_BRIGHT = ("dark[0] * 0.3", "dark[0] * 1.0")
LOADED = "    model.backbone.load_state_dict(table)\n    model.backbone.freeze()\n    if start"
SHUFFLE = """    for layer in model.backbone.modules():
        if isinstance(layer, nn.Conv2d):
            shuffled = draws.permutation(layer.weight.detach().numpy().ravel())
            layer.load_state_dict(
                {"weight": shuffled.reshape(layer.weight.shape), "bias": layer.bias.detach()}
            )
"""
SHUFFLED = (LOADED, LOADED.replace("\n    model.backbone.freeze", "\n" + SHUFFLE + "    model.backbone.freeze"))
ALL = ("for p in late.parameters() if p.requires_grad]", "for p in late.parameters() if True]")

EDITS = {
    1: [
        Edit((AS_BRIGHT,), without=(*SLOW, CLOCK),
             prints=r"^naive +arrays of weights changed: 0, of running statistics: 8, .*\nfreeze\(\) .*statistics: 0, .*0\.000\n$"),
    ],
    2: [Edit((SHUFFLED,), until="baseline.localization_accuracy", without=(*SLOW, CLOCK), prints=r"(?s)9 runs.*frozen .*fine-tuned .*\(mean box\)")],
    3: [Edit((ALL,), without=(*SLOW, "in tqdm(plan", "simplest = MeanBox", "real, pictures", "COMMITTED", "viz.sliders", "results["),
             raises="AssertionError: an optimiser has changed what it does not know")],
}  # fmt: skip
