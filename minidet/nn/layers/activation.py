"""The nonlinearities as layers, to stand in a Sequential."""

from __future__ import annotations

from ...autograd.operations.elementwise import sigmoid, tanh
from ...errors import bad_argument
from ..functional import activation as F
from ..module import Module


class ReLU(Module):
    """``max(input, 0)``. ``inplace`` is accepted for PyTorch's sake; the result is a new tensor all the same."""

    def __init__(self, inplace: bool = False):
        super().__init__()
        self.inplace = inplace

    def forward(self, input):
        return F.relu(input)

    def extra_repr(self) -> str:
        return "inplace=True" if self.inplace else ""


class ReLU6(ReLU):
    """``min(max(input, 0), 6)``. ``inplace`` as in :class:`ReLU`."""

    def forward(self, input):
        return F.relu6(input)


class LeakyReLU(Module):
    """``input`` where it is positive, else ``negative_slope * input``. ``inplace`` as in :class:`ReLU`."""

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False):
        super().__init__()
        self.negative_slope = negative_slope
        self.inplace = inplace

    def forward(self, input):
        return F.leaky_relu(input, self.negative_slope)

    def extra_repr(self) -> str:
        return f"negative_slope={self.negative_slope}" + (", inplace=True" if self.inplace else "")


class Sigmoid(Module):
    """``1 / (1 + exp(-input))``."""

    def forward(self, input):
        return sigmoid(input)


class Tanh(Module):
    """The hyperbolic tangent."""

    def forward(self, input):
        return tanh(input)


class Softplus(Module):
    """``log(1 + exp(beta * input)) / beta``; the input itself where ``beta * input > threshold``."""

    def __init__(self, beta: float = 1.0, threshold: float = 20.0):
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, input):
        return F.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        return f"beta={self.beta}, threshold={self.threshold}"


class Softmax(Module):
    """``exp(input) / sum(exp(input))`` along the axis ``dim``, which has to be given."""

    def __init__(self, dim: int | None = None):
        super().__init__()
        if dim is None:
            why = "which axis is to sum to 1 is not guessed"
            raise bad_argument(type(self).__name__, "dim", "is None", "the axis of the classes", why)
        self.dim = dim

    def forward(self, input):
        return F.softmax(input, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class LogSoftmax(Softmax):
    """``input - log(sum(exp(input)))`` along the axis ``dim``, which has to be given."""

    def forward(self, input):
        return F.log_softmax(input, self.dim)
