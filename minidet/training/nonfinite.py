"""When the loss is no longer a number: which layer was the first to say so?"""

from __future__ import annotations

import numpy as np

from ..autograd import Tensor, no_grad


def first_nonfinite(model, images) -> str:
    """Run ``model`` once more, and describe where NaN or infinity appears first.

    Looks at the images, then at the parameters, then at the output of every layer in the order of the forward pass.
    """
    if not np.isfinite(images._array).all():
        return "the images contain NaN or infinity"
    for name, parameter in model.named_parameters():
        if not np.isfinite(parameter._array).all():
            return f"parameter {name} contains NaN or infinity: an earlier step was too large (learning rate?)"
    found = []

    def watch(name):
        def hook(module, args, output):
            for part in output if isinstance(output, tuple) else (output,):
                if isinstance(part, Tensor) and not found and not np.isfinite(part._array).all():
                    found.append(f"layer {name} ({type(module).__name__}) is the first whose output is not finite")

        return hook

    handles = [module.register_forward_hook(watch(name)) for name, module in model.named_modules() if name]
    try:
        with no_grad(), np.errstate(all="ignore"):
            model(images)
    finally:
        for handle in handles:
            handle.remove()
    return found[0] if found else "every layer's output is finite, so it is the loss function or its targets"
