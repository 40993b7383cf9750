"""How assigning registers: parameters, buffers and modules among a module's attributes."""

from __future__ import annotations

from ..autograd.tensor import Tensor
from ..errors import bad_argument, flag, shown
from .parameter import Parameter

KINDS = ("_parameters", "_buffers", "_modules")


class Members:
    """What a :class:`~minidet.nn.Module` consists of: three dicts of names, which attributes are looked up in.

    ``self.weight = Parameter(...)`` puts the parameter in ``_parameters``, and a module in ``_modules``; buffers are
    registered by name. ``self.weight`` then is found there. All else is an ordinary attribute.
    """

    def __init__(self):
        state = self.__dict__
        state["_parameters"] = {}
        state["_buffers"] = {}
        state["_modules"] = {}
        state["_not_saved"] = set()  # the names of buffers that state_dict leaves out

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Make ``param`` an attribute that :meth:`parameters` lists. None reserves the name."""
        if param is not None and not isinstance(param, Parameter):
            raise _wrong_kind(self, name, param, "a Parameter or None")
        self._register("_parameters", name, param)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Make ``tensor`` an attribute that is state but not trained, as running means are.
        :meth:`state_dict` leaves it out unless it is ``persistent``.
        """
        if tensor is not None and not isinstance(tensor, Tensor):
            raise _wrong_kind(self, name, tensor, "a Tensor or None")
        self._register("_buffers", name, tensor)
        if not flag("register_buffer", "persistent", persistent):
            self._not_saved.add(name)

    def add_module(self, name: str, module: Members | None) -> None:
        """Make ``module`` an attribute that :meth:`children` lists. None reserves the name."""
        if module is not None and not isinstance(module, Members):
            raise _wrong_kind(self, name, module, "a Module or None")
        self._register("_modules", name, module)

    register_module = add_module

    def _register(self, kind: str, name: str, value) -> None:
        op = type(self).__name__
        if kind not in self.__dict__:
            raise _not_initialised(self, name)
        if not isinstance(name, str) or not name or "." in name:
            raise bad_argument(op, "name", f"is {shown(name)}", "a word without dots", "dots separate parts of a key")
        if hasattr(self, name) and name not in self.__dict__[kind]:
            raise bad_argument(op, "name", f"is {shown(name)}", "a new one", "the module has such an attribute already")
        self.__dict__[kind][name] = value

    def __setattr__(self, name: str, value) -> None:
        """Register parameters and modules; a registered name takes no other value but None, or a Tensor as a buffer."""
        state = self.__dict__
        kind = "_parameters" if isinstance(value, Parameter) else "_modules" if isinstance(value, Members) else None
        if kind is not None:
            if kind not in state:
                raise _not_initialised(self, name)
            state.pop(name, None)
            for other in KINDS:
                if other != kind:
                    state[other].pop(name, None)
            self._register(kind, name, value)
            return
        for registered, expected in zip(KINDS, ("a Parameter or None", "a Tensor or None", "a Module or None"),
                                        strict=True):  # fmt: skip
            if name in state.get(registered, ()):
                if value is not None and not (registered == "_buffers" and isinstance(value, Tensor)):
                    raise _wrong_kind(self, name, value, expected)
                state[registered][name] = value
                return
        object.__setattr__(self, name, value)

    def __getattr__(self, name: str):  # only asked for what ordinary attributes do not have
        state = self.__dict__
        for kind in KINDS:
            if name in state.get(kind, ()):
                return state[kind][name]
        if "_parameters" not in state:
            raise _not_initialised(self, name)
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    def __delattr__(self, name: str) -> None:
        for kind in KINDS:
            if name in self.__dict__.get(kind, ()):
                del self.__dict__[kind][name]
                self._not_saved.discard(name)
                return
        object.__delattr__(self, name)

    def __dir__(self):
        return sorted({*super().__dir__(), *(name for kind in KINDS for name in self.__dict__.get(kind, ()))})


def _wrong_kind(module: Members, name: str, value, expected: str) -> Exception:
    return bad_argument(type(module).__name__, name, f"is a {type(value).__name__}", expected, error=TypeError)


def _not_initialised(module: Members, name: str) -> Exception:
    kind = type(module).__name__
    return AttributeError(f"{kind}: {name} is used before Module's own constructor ran, expected super().__init__() "
                          f"as the first line of {kind}.__init__.")  # fmt: skip
