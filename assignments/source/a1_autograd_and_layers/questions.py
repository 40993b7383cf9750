"""What is checked in assignment 1. Never released.

Part names are the same in all variants of a question. Sizes are drawn too, so that nothing can be learned by heart.
A part tests one thing: losses of *one* image say nothing about the mean, scores near 1000 are tested with one image.
"""

import numpy as np

from minidet.grading.assignments.assignment import Call, Part, Question

VARIANTS = {
    "q5": ("joint", "shrink", "ceiling"),
    "q7": ("neighbours", "margin", "temperature"),
    "q9": ("rivals", "strongest", "offenders"),
    "q11": ("mad", "trimmed", "winsorized"),
}


def nonzero_numbers(rng, *shape):
    """Return numbers from -2 to 2, none of them near 0."""
    return rng.uniform(0.2, 2, shape) * rng.choice([-1.0, 1.0], shape)


def labels_for(rng, n, k):
    """Return true classes, at least two different ones if there are several images."""
    labels = rng.integers(k, size=n)
    if n > 1:
        labels[1] = (labels[0] + 1) % k
    return labels


# ---- q1: tape -------------------------------------------------------------------------------------------------------


def run_to_the_end(tape, inputs):
    """Return the value of every name: what the notebook's ``run_tape`` does."""
    values = dict(inputs)
    operations = {"add": lambda x, y: x + y, "subtract": lambda x, y: x - y, "multiply": lambda x, y: x * y,
                  "exp": lambda x: float(np.exp(x))}  # fmt: skip
    for operation, result, names in tape:
        values[result] = operations[operation](*(values[name] for name in names))
    return values


def tape_call(tape, inputs, result, text):
    """Return a call of ``tape_backward`` for a tape that was run."""
    return Call("tape_backward", (tape, run_to_the_end(tape, inputs), result), text=text)


def random_inputs(rng, names):
    """Return a number for each name."""
    return {name: float(nonzero_numbers(rng)) for name in names}


def random_tape(rng, names, length, once):
    """Return a tape in which every value is used ``once``, or in which several are used again and again."""
    free, tape = list(names), []
    for step in range(length):
        operation = ("multiply", "subtract", "add")[int(rng.integers(3))]
        chosen = [free[int(i)] for i in rng.choice(len(free), 2, replace=not once)]
        if once:
            free = [name for name in free if name not in chosen]
        tape.append((operation, f"t{step}", tuple(chosen)))
        free.append(f"t{step}")
    return tape


def q1_chain(rng, variant):
    """Each value is used once."""
    fixed = [("multiply", "u", ("a", "b")), ("subtract", "v", ("u", "c")), ("exp", "w", ("d",)),
             ("multiply", "out", ("v", "w"))]  # fmt: skip
    names = [f"x{i}" for i in range(int(rng.integers(5, 8)))]
    tape = random_tape(rng, names, len(names) - 1, once=True)
    return [
        tape_call(fixed, random_inputs(rng, "abcd"), "out", "each value used once"),
        tape_call(tape, random_inputs(rng, names), tape[-1][1], "a longer tape, each value used once"),
    ]


def q1_twice(rng, variant):
    """Values are used several times, also twice by the same entry."""
    fixed = [("multiply", "u", ("a", "b")), ("subtract", "v", ("u", "a")), ("multiply", "out", ("u", "v"))]
    square = [("multiply", "y", ("x", "x")), ("add", "z", ("y", "y")), ("exp", "e", ("x",)), ("add", "out", ("z", "e"))]
    names = ["x0", "x1", "x2"]
    tape = random_tape(rng, names, int(rng.integers(4, 7)), once=False)
    used = {name for _, _, sources in tape for name in sources}
    unused = [name for name in [*names, *(entry[1] for entry in tape[:-1])] if name not in used]
    for name in unused:
        tape.append(("add", f"with_{name}", (tape[-1][1], name)))
    tape += [("multiply", "last", (tape[-1][1], "x0")), ("subtract", "out", ("last", "x0"))]
    return [
        tape_call(fixed, random_inputs(rng, "ab"), "out", "the program of the example, other numbers"),
        tape_call(square, random_inputs(rng, "x"), "out", "entries that use the same name twice"),
        tape_call(tape, random_inputs(rng, names), "out", "a longer tape, values used several times"),
    ]


def q1_unused(rng, variant):
    """The result is not the last entry, and some values have nothing to do with it."""
    tape = [("multiply", "u", ("a", "b")), ("exp", "w", ("c",)), ("add", "out", ("u", "d")),
            ("multiply", "x", ("a", "d")), ("subtract", "y", ("x", "b"))]  # fmt: skip
    inputs = random_inputs(rng, "abcde")
    return [
        tape_call(tape, inputs, "out", "the result stands in the middle of the tape"),
        tape_call(tape, inputs, "w", "the result is an early entry"),
    ]


# ---- q2: broadcasting -----------------------------------------------------------------------------------------------


def unbroadcast_calls(rng, pairs):
    """Return calls for pairs of shapes: of the gradient, and of the array."""
    return [
        Call("unbroadcast", (nonzero_numbers(rng, *large), small), text=f"{small} was broadcast to {large}",
             picture=True)
        for large, small in pairs
    ]


def q2_added(rng, variant):
    """Axes that were added on the left."""
    n, c, d = (int(size) for size in rng.integers(2, 5, 3))
    pairs = [((n, c), (c,)), ((n, c, d), (d,)), ((n, c, d), (c, d)), ((n, c), ()), ((n, c), (n, c))]
    return unbroadcast_calls(rng, pairs)


def q2_stretched(rng, variant):
    """Axes of length 1."""
    n, c, d = (int(size) for size in rng.integers(2, 5, 3))
    return unbroadcast_calls(rng, [((n, c), (n, 1)), ((n, c), (1, c)), ((n, c, d), (1, c, 1)), ((n, c), (1, 1))])


def q2_both(rng, variant):
    """Both at once."""
    n, c, d = (int(size) for size in rng.integers(2, 5, 3))
    return unbroadcast_calls(rng, [((n, c, d), (c, 1)), ((n, c, d), (1, d)), ((n, c), (1,))])


# ---- q3: linear layer -----------------------------------------------------------------------------------------------


def linear_sizes(rng):
    """Return (N, C, F): all different, then a square weight, then one example."""
    n, c, f = (int(size) for size in rng.permutation([2, 3, 4, 5])[:3])
    return (n, c, f), (n, c, c), (1, c, f)


def q3_forward(rng, variant):
    """The value."""
    return [
        Call("linear_forward", (nonzero_numbers(rng, n, c), nonzero_numbers(rng, f, c), nonzero_numbers(rng, f)),
             picture=True, text=f"{n} examples, {c} numbers in, {f} out")
        for n, c, f in linear_sizes(rng)
    ]  # fmt: skip


def q3_input(rng, variant):
    """The gradient of x."""
    return [
        Call("linear_input_gradient", (nonzero_numbers(rng, n, f), nonzero_numbers(rng, f, c)), picture=True,
             text=f"{n} examples, {c} numbers in, {f} out")
        for n, c, f in linear_sizes(rng)
    ]  # fmt: skip


def q3_weight(rng, variant):
    """The gradient of the weight."""
    return [
        Call("linear_weight_gradient", (nonzero_numbers(rng, n, f), nonzero_numbers(rng, n, c)), picture=True,
             text=f"{n} examples, {c} numbers in, {f} out")
        for n, c, f in linear_sizes(rng)
    ]  # fmt: skip


def q3_bias(rng, variant):
    """The gradient of the bias."""
    return [
        Call("linear_bias_gradient", (nonzero_numbers(rng, n, f),), text=f"{n} examples, {f} numbers out")
        for n, _, f in linear_sizes(rng)
    ]


# ---- q4, q5: activations --------------------------------------------------------------------------------------------


def both_signs(rng, *shape):
    """Return numbers of which at least a third are positive, and a third negative."""
    size = np.prod(shape)
    return np.abs(nonzero_numbers(rng, *shape)) * rng.permutation(np.resize([1.0, -1.0], size)).reshape(shape)


def q4_forward(rng, variant):
    """The value, for several shapes."""
    shapes = (6,), (3, int(rng.integers(2, 6))), (2, 3, 2)
    return [Call("relu_forward", (both_signs(rng, *shape),), text=f"shape {shape}") for shape in shapes]


def q4_slope(rng, variant):
    """The gradient away from 0."""
    shapes = (6,), (3, int(rng.integers(2, 6))), (2, 3, 2)
    return [Call("relu_backward", (nonzero_numbers(rng, *s), both_signs(rng, *s)), text=f"shape {s}") for s in shapes]


def q4_zero(rng, variant):
    """The gradient at 0."""
    x = np.abs(nonzero_numbers(rng, 7)) * rng.permutation([0, 0, 0, 1, 1, -1, -1])
    return [Call("relu_backward", (nonzero_numbers(rng, 7), x), text="some x are exactly 0")]


#: Of each activation two settings, and where its round pieces lie: from, to, on the left too?
BENDS = {
    "joint": ([{"leak": 0.2, "width": 1.5}, {"leak": 0.05, "width": 0.5}], lambda s: (-s["width"], s["width"]), False),
    "shrink": ([{"threshold": 0.5, "knee": 1.5}, {"threshold": 1.25, "knee": 0.75}],
               lambda s: (s["threshold"], s["threshold"] + s["knee"]), True),
    "ceiling": ([{"limit": 0.5, "knee": 1.5}, {"limit": 1.25, "knee": 0.75}],
                lambda s: (s["limit"], s["limit"] + s["knee"]), True),
}  # fmt: skip


def bend_calls(rng, variant, joint, backward):
    """Return calls with all x on the round pieces (``joint``), or all of them on the straight ones."""
    settings, borders, both_sides = BENDS[variant]
    calls = []
    for setting, shape in zip(settings, ((8,), (3, int(rng.integers(3, 6))))):
        low, high = borders(setting)
        share = rng.uniform(0.05, 0.45, shape) + 0.5 * (np.arange(np.prod(shape)) % 2).reshape(shape)
        if joint:
            x = low + (high - low) * share
        else:  # below the piece down to 0 or far to the left, and above it
            below = low * (2 * share) if both_sides else low - 3 * share
            x = np.where(share < 0.5, below, high + 3 * share)
        if both_sides:
            x = x * rng.permutation(np.resize([1.0, -1.0, -1.0, 1.0], x.size)).reshape(shape)
        words = ", ".join(f"{name} = {value:g}" for name, value in setting.items())
        text = f"x on the {'round' if joint else 'straight'} pieces, {words}"
        args = (nonzero_numbers(rng, *shape), x) if backward else (x,)
        calls.append(Call("bend_backward" if backward else "bend", args, setting, text=text))
    return calls


def bend_part(joint, backward):
    """Return the case function of a part of question 5."""
    return lambda rng, variant: bend_calls(rng, variant, joint, backward)


# ---- q6 to q9: losses of scores -------------------------------------------------------------------------------------


def scores_one(rng, label=None, k=None):
    """Return the scores and the label of one image."""
    k = k or int(rng.integers(4, 7))
    return nonzero_numbers(rng, 1, k), np.array([int(rng.integers(k)) if label is None else label])


def scores_many(rng):
    """Return the scores and the labels of several images."""
    n, k = int(rng.integers(3, 7)), int(rng.integers(4, 7))
    return nonzero_numbers(rng, n, k), labels_for(rng, n, k)


def scores_large(rng, k=None):
    """Return scores near 1000, then near -1000; multiples of 1/8, which float32 holds exactly."""
    k = k or int(rng.integers(4, 7))
    scores = np.round(rng.uniform(-2, 2, (2, 1, k)) * 8) / 8
    return [(scores[0] + 1000, labels_for(rng, 1, k)), (scores[1] - 1000, labels_for(rng, 1, k))]


def loss_part(function, kind):
    """Return the case function of a part of question 6 or 8 for one or several images."""

    def cases(rng, variant):
        calls = []
        for _ in range(2):
            scores, labels = scores_one(rng) if kind == "one" else scores_many(rng)
            if function.startswith("hinge"):  # the true class is one in the middle: at least two rivals are above it
                labels = np.argsort(scores, axis=1)[:, scores.shape[1] // 2 - 1]
            text = f"{len(scores)} image{'s' * (len(scores) > 1)}, {scores.shape[1]} classes"
            calls.append(Call(function, (scores, labels), text=text, picture=function.endswith("backward")))
        return calls

    return cases


def large_part(function):
    """Return the case function of a part of question 6 with large scores."""
    texts = "one image, scores near 1000", "one image, scores near -1000"
    return lambda rng, variant: [
        Call(function, args, text=text, rtol=1e-4, atol=1e-5)
        for args, text in zip(scores_large(rng), texts, strict=True)
    ]


def q6_far(rng, variant):
    """The true class is far below the best."""
    k = int(rng.integers(3, 6))
    scores, label = np.round(rng.uniform(-2, 2, (1, k)) * 8) / 8, int(rng.integers(k))
    scores[0, label] -= 1000
    return [
        Call("cross_entropy", (np.array([[0.0, -1000.0]]), np.array([1])), text="the example: 0 and -1000"),
        Call("cross_entropy", (scores, np.array([label])), text=f"one image, {k} classes", rtol=1e-4),
    ]


def q8_corner(rng, variant):
    """Rivals exactly at the border, and some below it."""
    k = int(rng.integers(4, 7))
    label, (inside, border, *_) = 0, (int(i) for i in 1 + rng.permutation(k - 1))
    scores = rng.integers(-3, 3) - np.linspace(1.5, 2.5, k)
    scores[[label, border, inside]] = scores[0] + [2.0, 1.0, 1.75]
    roll = int(rng.integers(k))  # any class may be the true one
    text = "one rival is exactly at the border, one is in the zone"
    return [Call("hinge_backward", (np.roll(scores, roll)[None], np.array([(label + roll) % k])), text=text)]


def loss_and_gradient(name, args, settings, text, **options):
    """Return a call of a loss and one of its gradient."""
    return [Call(f"{name}{end}", args, settings, text=text, **options) for end in ("", "_backward")]


def q7_settings(rng, variant, k, twist):
    """Return the settings of this term's cross-entropy, for K classes: the usual ones, or those with the twist."""
    if variant == "neighbours":
        return {"smoothing": float(rng.choice([0.1, 0.2, 0.3]))}
    if variant == "margin":
        return {"margins": rng.uniform(0.2, 1, k), "scale": float(rng.choice([0.5, 2.0, 3.0])) if twist else 1.0}
    spread = np.linspace(0.5, 2, k)
    return {"temperatures": rng.permutation(spread) if twist else np.full(k, float(rng.choice([0.5, 2.0])))}


def q7_one(rng, variant):
    """Return scores and label of one image; the true class has two neighbours."""
    k = int(rng.integers(4, 7))
    return scores_one(rng, int(rng.integers(1, k - 1)), k)


def q7_part(function):
    """Return the case function of ``one`` or ``slope``."""

    def cases(rng, variant):
        scores, labels = q7_one(rng, variant)
        settings = q7_settings(rng, variant, scores.shape[1], twist=False)
        return [Call(function, (scores, labels), settings, text=f"one image, {scores.shape[1]} classes")]

    return cases


def q7_twist(rng, variant):
    """What is special in the variant: the first and last class, a scale, different temperatures."""
    calls = []
    for last in (False, True):
        scores, labels = q7_one(rng, variant)
        k = scores.shape[1]
        if variant == "neighbours":
            labels = np.array([k - 1 if last else 0])
        settings = q7_settings(rng, variant, k, twist=True)
        calls += loss_and_gradient("special_cross_entropy", (scores, labels), settings, f"one image, {k} classes")
    return calls


def q7_batch(rng, variant):
    """Several images, none with a twist but in the temperatures, where the definition has nothing else."""
    n, k = int(rng.integers(3, 6)), int(rng.integers(4, 7))
    labels = 1 + labels_for(rng, n, k - 2)
    settings = q7_settings(rng, variant, k, twist=variant == "temperature")
    return loss_and_gradient("special_cross_entropy", (nonzero_numbers(rng, n, k), labels), settings,
                             f"{n} images, {k} classes", picture=True)  # fmt: skip


def q7_large(rng, variant):
    """Scores near 1000 and -1000, without a twist."""
    k, calls = int(rng.integers(4, 7)), []
    for scores, _ in scores_large(rng, k):
        ones = {"temperatures": np.ones(k)} if variant == "temperature" else {}
        settings = q7_settings(rng, variant, k, twist=False) | ones
        text = f"one image, scores near {scores.mean():.0f}"
        labels = np.array([int(rng.integers(1, k - 1))])
        calls += loss_and_gradient("special_cross_entropy", (scores, labels), settings, text, rtol=1e-3, atol=1e-4)
    return calls


def q9_draw(rng, variant, n):
    """Return scores, labels and settings: every image has rivals in the zone, and no ties."""
    k = int(rng.integers(5, 8))
    scores, labels = np.empty((n, k)), labels_for(rng, n, k)
    for row, label in zip(scores, labels, strict=True):
        row[:] = rng.permutation(np.linspace(0, 1.6, k) + rng.uniform(-0.05, 0.05, k))
        best, true = np.argsort(row)[-2], row[label]
        row[label], row[best] = row[best], true  # the true class is the second: one rival above, several near
    settings = {"rivals": {"rivals": int(rng.integers(2, 4))},
                "strongest": {"margin": float(rng.choice([0.5, 1.0, 1.5]))},
                "offenders": {"gaps": rng.uniform(0.5, 1.5, k)}}  # fmt: skip
    return (scores, labels), settings[variant]


def q9_part(function, n=1):
    """Return the case function of ``one``, ``slope`` (one function), or ``batch`` (both)."""

    def cases(rng, variant):
        count = n if n == 1 else int(rng.integers(3, 6))
        args, settings = q9_draw(rng, variant, count)
        text = f"{count} image{'s' * (count > 1)}, {args[0].shape[1]} classes"
        if n == 1:
            return [Call(function, args, settings, text=text)]
        return loss_and_gradient("special_hinge", args, settings, text, picture=True)

    return cases


def q9_special(rng, variant):
    """Ties, or an image without offenders."""
    k = int(rng.integers(5, 8))
    label, (first, second, *others) = 0, (int(i) for i in 1 + rng.permutation(k - 1))
    scores = np.zeros((1, k))
    scores[0, label], scores[0, first] = 2.0, 2.5
    if variant == "rivals":  # the second and the third are equal: only the lower class number counts
        scores[0, [second, others[0]]], settings = 1.75, {"rivals": 2}
    elif variant == "strongest":
        scores[0, [second, others[0]]], settings = 2.5, {"margin": float(rng.choice([0.5, 1.0]))}
    else:
        scores[0, first], settings = 0.5, {"gaps": rng.uniform(0.5, 1.25, k)}
    roll = int(rng.integers(k))  # any class may be the true one
    settings = {name: np.roll(value, roll) if name == "gaps" else value for name, value in settings.items()}
    args = np.roll(scores, roll, axis=1), np.array([(label + roll) % k])
    calls = loss_and_gradient("special_hinge", args, settings, f"one image, {k} classes")
    if variant == "offenders":  # and one as usual: who always returns 0 gets nothing
        calls += loss_and_gradient("special_hinge", *q9_draw(rng, variant, 1), "one image with offenders")
    return calls


# ---- q10, q11: losses of differences --------------------------------------------------------------------------------


def q10_part(backward, betas):
    """Return the case function of a part of question 10."""

    def cases(rng, variant):
        calls = []
        for beta in betas:
            shape = ((9,), (3, 4))[int(rng.integers(2))]
            share = rng.permutation(np.linspace(0.1, 1.9, int(np.prod(shape))) + 0.01)  # on both sides of 1
            d = (beta * share * np.resize([1.0, -1.0, -1.0], share.size)).reshape(shape)
            args = (nonzero_numbers(rng, *shape), d, beta) if backward else (d, beta)
            calls.append(Call("smooth_l1_backward" if backward else "smooth_l1", args, text=f"beta = {beta:g}"))
        return calls

    return cases


def q11_part(function):
    """Return the case function of ``loss`` or ``slope``: all absolute values and deviations are different."""

    def cases(rng, variant):
        calls = []
        for _ in range(2):
            n = 2 * int(rng.integers(3, 7)) + 1
            d = rng.permutation(0.3 * 1.5 ** np.arange(n) + rng.uniform(0, 0.1, n)) * rng.choice([-1.0, 1.0], n)
            d[:2] = np.abs(d[:2]) * [1, -1]
            amount = int(rng.integers(1, 3))
            settings = {"mad": {}, "trimmed": {"trim": amount}, "winsorized": {"replace": amount}}[variant]
            calls.append(Call(function, (d,), settings, text=f"{n} numbers"))
        return calls

    return cases


def q11_ties(rng, variant):
    """Equal numbers where they decide."""
    if variant == "mad":  # the four deviations of 1 hold the middle
        d = float(rng.integers(-3, 4)) + rng.permutation([0.0, 1, 1, -1, -1, 3, -3])
        return [Call("robust_loss_backward", (side * d,), {}, text="7 numbers, equal deviations") for side in (1, -1)]
    amount, between = int(rng.integers(1, 3)), int(rng.integers(1, 4))
    values = np.array([1.0] * (amount + 1) + [2.0] * between + [4.0] * (amount + 2))
    d = rng.permutation(values) * rng.choice([-1.0, 1.0], len(values))
    name = {"trimmed": "trim", "winsorized": "replace"}[variant]
    text = f"{len(d)} numbers, equal absolute values"
    return [Call("robust_loss_backward", (side * d,), {name: amount}, text=text) for side in (1, -1)]


# ---- the questions --------------------------------------------------------------------------------------------------
QUESTIONS = [
    Question("q1", "The way back along a tape", ("tape_backward",), [
        Part("chain", 4, q1_chain, hint="begin with 1 for the result and read the tape from its end; each entry hands "
             "on its own gradient times a slope"),
        Part("twice", 5, q1_twice, hint="what happens to a gradient that is already there when another one arrives?"),
        Part("unused", 3, q1_unused, hint="the walk begins at the result, not at the end of the tape; the returned "
             "dict has an entry for every name in values"),
    ]),
    Question("q2", "Broadcasting", ("unbroadcast",), [
        Part("added", 3, q2_added, hint="count how many axes the gradient has more than the array"),
        Part("stretched", 3, q2_stretched, hint="an axis of length 1 must be there in the result too: look for an "
             "argument of sum that keeps axes"),
        Part("both", 2, q2_both, hint="first remove the axes on the left; then the others have the same positions in "
             "both"),
    ]),
    Question("q3", "Linear layer",
             ("linear_forward", "linear_input_gradient", "linear_weight_gradient", "linear_bias_gradient"), [
        Part("forward", 3, q3_forward, hint="write down the shapes of both factors and of the result; one must be "
             "transposed"),
        Part("input", 3, q3_input, hint="which product of an (N, F) and an (F, C) has the shape (N, C)?"),
        Part("weight", 4, q3_weight, hint="the sum over the examples is the inner sum of the product; the result has "
             "the shape of weight"),
        Part("bias", 2, q3_bias, hint="how often is each bias used?"),
    ]),
    Question("q4", "ReLU", ("relu_forward", "relu_backward"), [
        Part("forward", 2, q4_forward, hint="it must work for any shape, and x itself must stay as it is"),
        Part("slope", 2, q4_slope, hint="whether the gate is open depends on x, not on grad"),
        Part("zero", 2, q4_zero, hint="is the gate open or closed at x = 0? Read what we agreed on"),
    ]),
    Question("q5", "This term's activation", ("bend", "bend_backward"), [
        Part("outer", 2, bend_part(False, False), hint="check your pieces with the examples by hand; do not forget the "
             "sign"),
        Part("joint", 2, bend_part(True, False), hint="at the end of the round piece it must meet the straight piece: "
             "try it"),
        Part("outer_slope", 3, bend_part(False, True), hint="the slope of a straight piece is a constant; then comes "
             "grad"),
        Part("joint_slope", 3, bend_part(True, True), hint="differentiate the parabola; at its ends the slope must be "
             "that of the straight pieces"),
    ]),
    Question("q6", "Cross-entropy", ("cross_entropy", "cross_entropy_backward"), [
        Part("one", 2, loss_part("cross_entropy", "one"), hint="compute the example by hand with your function"),
        Part("mean", 2, loss_part("cross_entropy", "many"), hint="how does the loss of a batch follow from those of "
             "its images?"),
        Part("large", 2, large_part("cross_entropy"), hint="move the scores of each image such that exp is harmless"),
        Part("far", 2, q6_far, hint="do not take the logarithm of a number that was rounded to 0"),
        Part("slope", 2, loss_part("cross_entropy_backward", "one"), hint="look at the example: what is special about "
             "the true class?"),
        Part("slope_mean", 2, loss_part("cross_entropy_backward", "many"), hint="how much does one of N images count?"),
        Part("slope_large", 2, large_part("cross_entropy_backward"), hint="the gradient needs exp as well"),
    ]),
    Question("q7", "This term's cross-entropy", ("special_cross_entropy", "special_cross_entropy_backward"), [
        Part("one", 2, q7_part("special_cross_entropy"), hint="compute the example by hand with your function"),
        Part("slope", 2, q7_part("special_cross_entropy_backward"), hint="first the gradient with respect to what goes "
             "into the softmax; if that is not the scores themselves, one step further back"),
        Part("twist", 2, q7_twist, hint="read the definition once more: what is different from the usual case?"),
        Part("batch", 2, q7_batch, hint="each image has its own true class, and counts 1/N"),
        Part("large", 2, q7_large, hint="what you did in question 6 helps here too: but do it to what goes into exp"),
    ]),
    Question("q8", "Hinge loss", ("hinge", "hinge_backward"), [
        Part("one", 2, loss_part("hinge", "one"), hint="which classes does the sum go over?"),
        Part("mean", 1, loss_part("hinge", "many"), hint="how does the loss of a batch follow from those of its "
             "images?"),
        Part("slope", 2, loss_part("hinge_backward", "one"), hint="every rival in the zone pulls at two scores"),
        Part("slope_mean", 1, loss_part("hinge_backward", "many"), hint="how much does one of N images count?"),
        Part("corner", 2, q8_corner, hint="is a rival exactly at the border in the zone or not? Read the example"),
    ]),
    Question("q9", "This term's hinge loss", ("special_hinge", "special_hinge_backward"), [
        Part("one", 2, q9_part("special_hinge"), hint="compute the example by hand with your function"),
        Part("slope", 2, q9_part("special_hinge_backward"), hint="the cost is a square; and every rival pulls at the "
             "true class as well"),
        Part("batch", 2, q9_part("special_hinge", n=2), hint="each image has its own true class, and counts 1/N"),
        Part("special", 2, q9_special, hint="the second example by hand is such a case"),
    ]),
    Question("q10", "Smooth L1", ("smooth_l1", "smooth_l1_backward"), [
        Part("unit", 1, q10_part(False, (1.0,)), hint="the result has one number for each element: no mean, no sum"),
        Part("beta", 2, q10_part(False, (2.0, 0.25)), hint="at |d| = beta both pieces must have the same value: try "
             "it"),
        Part("slope_unit", 1, q10_part(True, (1.0,)), hint="on the line only the sign of d matters; then comes grad"),
        Part("slope_beta", 2, q10_part(True, (2.0, 0.25)), hint="at |d| = beta both pieces must have the same slope: "
             "try it"),
    ]),
    Question("q11", "This term's robust loss", ("robust_loss", "robust_loss_backward"), [
        Part("loss", 2, q11_part("robust_loss"), hint="compute the example by hand with your function"),
        Part("slope", 2, q11_part("robust_loss_backward"), hint="which numbers does the loss depend on, how often, and "
             "with which sign?"),
        Part("ties", 2, q11_ties, hint="sort indices, not values; sorting must keep the order of equal numbers: "
             "argsort has an argument for that"),
    ]),
]  # fmt: skip
