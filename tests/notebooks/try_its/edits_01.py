"""What readers are asked to try in notebook 01, and what comes out."""

from .edit import Edit

#: Cells that later ones do not need: pictures, and checks that take time.
SLOW = (
    "draw_three_points",
    "viz.sliders",
    "draw_tangents",
    "draw_product",
    "draw_broadcast",
    "draw_walk()",
    "send_at_once",
)
SLOW = *SLOW, "error_of_difference", "best32", "axes.loglog", "viz.draw_tape", "draw_silu", "mistakes = {", "agrees = "
RELU = "    def relu(self):\n        return Value("
TANH = "    def tanh(self):\n        t = math.tanh(self.data)\n        return Value(t, (self,), (1 {} t**2,))\n\n"
FOLDS = "pulls = (lambda g: fold(g, self.data.shape), lambda g: fold(g, other.data.shape))"
NO_FOLDS = FOLDS, "pulls = (lambda g: g, lambda g: g)"
CHAIN = ("        x = x + x", "        x = x * 1.0"), ("(1, 2, 4, 8, 12 if QUICK else 16)", "()")
LABELS = 'print(f"training: {train_x.shape}'
SHUFFLED = LABELS, "train_y = np.random.default_rng(1).permutation(train_y)\n" + LABELS
RUNG_1 = "weights that are too large were not noticed"
RUNG_2 = "the rung did not notice the mistake"
RUNG_3 = "of the test digits, expected"
SOFTSIGN = """
class Softsign(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x / (1 + np.abs(x))

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad / (1 + np.abs(x)){}

print(gradcheck(Softsign.apply, x))
"""
PRODUCT = """
class Product(Function):
    @staticmethod
    def forward(ctx, x, y):
        ctx.save_for_backward(x, y)
        return x * y

    @staticmethod
    def backward(ctx, grad):
        x, y = ctx.saved_tensors
        return {}

y = minidet.tensor(rng.standard_normal(5), requires_grad=True)
print(gradcheck(Product.apply, (x, y)))
"""


def learned_by_heart(change):
    """Return the edit that still climbs the second rung."""
    return Edit((change,), until=RUNG_2, without=SLOW, prints=r"as it should be: 0\.0\d+ of its start")


def stops_at_rung_3(change, share):
    """Return the edit that reads this share of the test digits."""
    return Edit(
        (change,), until=RUNG_3, without=SLOW, raises=rf"AssertionError: {share}% of the test digits, expected 85%"
    )


EDITS = {
    1: [
        Edit(((RELU, TANH.format("-") + RELU),), until="judge(wavy", without=SLOW, prints=r"\n0\.786\d*\n$",
             add="print(*judge(lambda x: x.tanh(), 0.5))"),
        Edit(((RELU, TANH.format("+") + RELU),), until="judge(wavy", without=SLOW, add="judge(lambda x: x.tanh(), 0.5)",
             raises=r"AssertionError: input 0: gradient 1\.21\d+, by finite differences 0\.786\d+"),
    ],
    2: [
        Edit((("(1, 2, 4, 8, 12 if QUICK else 16)", "(20,)"),), without=SLOW, prints=r"\n   20 +2,097,151 +21 +1,048,576\n"),
        Edit(CHAIN, without=SLOW, add="send_at_once(doubled(Value(1.0), 5000), 1.0)", raises="RecursionError"),
        Edit(CHAIN, without=SLOW, prints=r"\n1\.0\n$",
             add="x = Value(1.0)\ndoubled(x, 5000).backward()\nprint(x.grad)"),
    ],
    3: [
        Edit((NO_FOLDS,), without=SLOW, prints=r"the row +shape \(2,\) +its gradient \(4, 2\)\n"),
        Edit((NO_FOLDS,), until='err_msg="the gradient of the row"', without=SLOW,
             raises=r"(?s)AssertionError: .*the gradient of the row.*shapes \(4, 2\), \(2,\) mismatch"),
    ],
    4: [
        Edit(until="class Array", without=SLOW, prints=r"^\[10\.\] \[3\.\]\n$",
             add="x, y = Array([2.0]), Array([3.0])\nz = x * y\nx.data[:] = 10\nz.backward()\nprint(y.grad, x.grad)"),
    ],
    5: [
        Edit(until="class Silu", without=SLOW, add=SOFTSIGN.format(" ** 2"), prints=r"^True\n$"),
        Edit(until="class Silu", without=SLOW, add=SOFTSIGN.format(""), raises="GradcheckError: "),
        Edit(until="class Silu", without=SLOW, prints=r"^True\n$",
             add=PRODUCT.format("fold(grad * y, x.shape), fold(grad * x, y.shape)")),
        Edit(until="class Silu", without=SLOW, add=PRODUCT.format("grad * y, grad * x"),
             raises=r"gradient of argument 1 has shape \(4, 5\), expected \(5,\)"),
    ],
    6: [
        Edit((("last=0.01", "last=5.0"),), until=RUNG_1, without=SLOW, raises=r"AssertionError: loss at the start 1\d\.\d+"),
        learned_by_heart(("hidden=32", "hidden=4")),
        stops_at_rung_3(("hidden=32", "hidden=4"), r"[4-7]\d\.\d"),
        stops_at_rung_3(("rate=0.5, batch", "rate=5.0, batch"), r"\b\d?\d\.\d"),
        learned_by_heart(SHUFFLED),
        stops_at_rung_3(SHUFFLED, r"\b1?\d\.\d"),
    ],
}  # fmt: skip
