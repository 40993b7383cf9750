"""The pickles in PyTorch's files, read as data: a stack machine that knows dicts, numbers, text and tensors.

``pickle.load`` imports what a file names and calls it: whoever wrote the file runs programs here. This reader has no
import and no call. A name that a file asks for stays a name, two words of text; "calling" it looks the words up in
:data:`CALLS`, a table of five functions of this file, which make records and nothing else. The opcodes are those that
``torch.save`` has written since 2017; how each is spelled comes from Python's ``pickletools``, which executes nothing.
"""

from __future__ import annotations

import io
import pickletools
from dataclasses import dataclass
from typing import NamedTuple

from ..errors import LARGEST, shown

#: Bytes of one pickle: the names and shapes of ten thousand tensors. A hostile one takes 200 MB of memory.
MOST_BYTES = 2**21
#: Axes of a tensor: NumPy's least.
MOST_AXES = 32

#: Storages by their class in ``torch`` or ``torch.cuda``: how the numbers lie in the file.
STORAGES = {
    "DoubleStorage": "<f8", "FloatStorage": "<f4", "HalfStorage": "<f2", "BFloat16Storage": "bfloat16",
    "LongStorage": "<i8", "IntStorage": "<i4", "ShortStorage": "<i2", "CharStorage": "|i1", "ByteStorage": "|u1",
    "BoolStorage": "|b1",
}  # fmt: skip


class Refused(Exception):
    """Why a file is not read: what it has, and what was expected."""

    def __init__(self, was: str, expected: str = "what torch.save writes", why: str = ""):
        super().__init__(was)
        self.was, self.expected, self.why = was, expected, why


class Name(NamedTuple):
    """What a file names, as ``torch.FloatStorage``; never looked up anywhere but in tables of text."""

    module: str
    name: str

    def __str__(self):
        return f"{self.module}.{self.name}"


@dataclass(frozen=True)
class Storage:
    """Numbers that lie elsewhere in the file."""

    key: str
    kind: str  # a value of STORAGES
    numel: int

    @property
    def itemsize(self) -> int:
        """Bytes of one number."""
        return 2 if self.kind == "bfloat16" else int(self.kind[2:])

    @property
    def nbytes(self) -> int:
        """Bytes of all of them."""
        return self.numel * self.itemsize


@dataclass(frozen=True)
class Record:
    """A tensor: which numbers of which storage."""

    storage: Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


def _rebuild_tensor(storage, offset, size, stride, *rest) -> Record:
    """Check a tensor's parts one by one; ``rest`` is whether it had a gradient, its hooks, and its kind."""
    if not isinstance(storage, Storage):
        raise Refused(f"has a tensor of {kind_of(storage)}", "one of a storage")
    if type(offset) is not int or not (_whole(size) and _whole(stride)) or len(size) != len(stride):
        raise Refused(f"has a tensor of {kind_of(size)}, {kind_of(stride)} and {kind_of(offset)}",
                      f"as many strides as sizes, at most {MOST_AXES} integers each, and an offset")  # fmt: skip
    if min((offset, *size, *stride)) < 0:
        was = f"has a tensor of size {shown(size)}, stride {shown(stride)} and offset {offset}"
        raise Refused(was, "no negative number", "it would begin before its storage")
    if len(rest) > 2 and rest[2] not in (None, {}):
        raise Refused("has a tensor that is conjugate or negative", "a plain one")
    return Record(storage, offset, size, stride)


def _rebuild_parameter(data, requires_grad, hooks) -> Record:
    if not isinstance(data, Record):
        raise Refused(f"has a parameter of {kind_of(data)}", "one of a tensor")
    return data


def _ordered_dict(pairs=None) -> dict:
    made = {}
    if pairs is None:
        return made
    if type(pairs) is not list or not all(isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in pairs):
        raise Refused("has a dict of no pairs", "names and what they name")
    for key, value in pairs:  # Python 2 wrote them so
        made[_key(key)] = value
    pairs.clear()  # or a file could have one long list read a million times
    return made


def _size(size=()) -> tuple:
    if not _whole(size):
        raise Refused(f"has a size of {kind_of(size)}", "one of integers")
    return size


#: All that a file can have done: name -> (function of this file, least and most arguments).
CALLS = {
    Name("collections", "OrderedDict"): (_ordered_dict, 0, 1),
    Name("torch", "Size"): (_size, 0, 1),
    Name("torch._utils", "_rebuild_tensor"): (_rebuild_tensor, 4, 4),
    Name("torch._utils", "_rebuild_tensor_v2"): (_rebuild_tensor, 6, 7),
    Name("torch._utils", "_rebuild_parameter"): (_rebuild_parameter, 3, 3),
}
_KINDS = {Name(module, name): kind for module in ("torch", "torch.cuda") for name, kind in STORAGES.items()}


def unpickle(file: io.BytesIO) -> tuple[object, dict[str, Storage]]:
    """Read one pickle from where ``file`` stands, and stop behind it.

    Returns
    -------
    value : dict, list, tuple, number, text, None or Record
    storages : dict of str to Storage
        All that it names.

    Raises
    ------
    Refused
        If it holds, names or does anything else, or is damaged.
    """
    machine = _Machine()
    while True:
        at = file.tell()
        opcode = pickletools.code2op.get(file.read(1).decode("latin-1"))
        if opcode is None:
            raise Refused(f"is damaged: nothing is known at byte {at} of its pickle")
        action = ACTIONS.get(opcode.name)
        if action is None:
            raise Refused(f"has {opcode.name} in its pickle, at byte {at}",
                          "only what dicts, numbers, text and tensors need")  # fmt: skip
        try:
            argument = None if opcode.arg is None else opcode.arg.reader(file)
        except ValueError as error:  # cut off, or text that is none
            raise Refused(f"is damaged: {opcode.name} at byte {at} of its pickle: {error}") from error
        if opcode.name == "STOP":
            return machine.result(), machine.storages
        action(machine, argument)


class _Machine:
    """The pickle machine: a stack, the marks on it, and what was kept for later."""

    def __init__(self):
        self.stack, self.marks, self.memo = [], [], {}
        self.storages: dict[str, Storage] = {}

    def pop(self):
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise Refused("is damaged: its pickle takes what it has not given")
        return self.stack.pop()

    def push(self, value):
        self.stack.append(value)

    def mark(self, _):
        self.marks.append(len(self.stack))

    def since_mark(self) -> list:
        if not self.marks:
            raise Refused("is damaged: its pickle has no mark")
        at = self.marks.pop()
        items = self.stack[at:]
        del self.stack[at:]
        return items

    def result(self):
        value = self.pop()
        if self.stack or self.marks:
            raise Refused("is damaged: its pickle ends too early")
        return value

    def put(self, index: int | None):
        value = self.pop()
        self.push(value)
        self.memo[len(self.memo) if index is None else index] = value

    def get(self, index: int):
        if index not in self.memo:
            raise Refused("is damaged: its pickle takes what it has not kept")
        self.push(self.memo[index])

    def long(self, value: int):
        if abs(value) > LARGEST:
            raise Refused("has an integer of more than 64 bits", "one that fits")
        self.push(value)

    def tuple_of(self, count: int):
        self.push(tuple([self.pop() for _ in range(count)][::-1]))

    def extend(self, items: list):
        target = self.pop()
        if type(target) is not list:
            raise Refused(f"appends to {kind_of(target)}", "a list")
        target += items
        self.push(target)

    def update(self, items: list):
        target = self.pop()
        if type(target) is not dict or len(items) % 2:
            raise Refused(f"sets {len(items) / 2:g} entries of {kind_of(target)}", "pairs for a dict")
        for key, value in zip(items[::2], items[1::2], strict=True):
            target[_key(key)] = value
        self.push(target)

    def name(self, words: str):
        module, _, name = words.partition(" ")
        self.push_name(module, name)

    def stacked_name(self, _):
        name, module = self.pop(), self.pop()
        if not (isinstance(name, str) and isinstance(module, str)):
            raise Refused(f"names {kind_of(name)} in {kind_of(module)}", "two words")
        self.push_name(module, name)

    def push_name(self, module: str, name: str):
        named = Name(module, name)
        if named not in CALLS and named not in _KINDS:
            raise Refused(f"asks for {shown(str(named))}", "nothing but dense tensors, dicts, numbers and text",
                          "nothing that a file names is imported or called")  # fmt: skip
        self.push(named)

    def call(self, _):
        arguments, function = self.pop(), self.pop()
        if not isinstance(function, Name) or function not in CALLS or type(arguments) is not tuple:
            raise Refused(f"calls {kind_of(function)}", f"one of {', '.join(map(str, CALLS))}")
        made, least, most = CALLS[function]
        if not least <= len(arguments) <= most:
            raise Refused(f"gives {function} {len(arguments)} arguments", f"{least} to {most}")
        self.push(made(*arguments))

    def storage(self, _):
        """Replace the words for a storage: ("storage", class, key, device, numbers[, None])."""
        words = self.pop()
        right = type(words) is tuple and len(words) in (5, 6) and words[0] == "storage" and words[5:] in ((), (None,))
        if not right or not isinstance(words[1], Name) or words[1] not in _KINDS:
            raise Refused("has a storage of another kind", f"one of {', '.join(STORAGES)}")
        if not isinstance(words[2], str) or type(words[4]) is not int or words[4] < 0:
            raise Refused(f"has a storage {kind_of(words[2])} of {kind_of(words[4])}", "a name and a length")
        storage = Storage(words[2], _KINDS[words[1]], words[4])
        if self.storages.setdefault(storage.key, storage) != storage:
            raise Refused(f"has a storage {shown(storage.key)} of two kinds", "one of one kind")
        self.push(storage)

    def build(self, _):
        """Leave out what torch hangs on a state dict beside its entries: the version of each module."""
        self.pop()
        target = self.pop()
        if type(target) is not dict:
            raise Refused(f"sets the state of {kind_of(target)}", "that of a dict")
        self.push(target)

    def proto(self, version: int):
        if version > 5:
            raise Refused(f"has a pickle of protocol {version}", "at most 5")


ACTIONS = {
    "PROTO": _Machine.proto, "FRAME": lambda machine, _: None, "STOP": lambda machine, _: None, "MARK": _Machine.mark,
    "NONE": lambda machine, _: machine.push(None), "NEWTRUE": lambda machine, _: machine.push(True),
    "NEWFALSE": lambda machine, _: machine.push(False), "BINFLOAT": _Machine.push,
    **dict.fromkeys(("BININT", "BININT1", "BININT2", "LONG1", "LONG4"), _Machine.long),
    **dict.fromkeys(("BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BINSTRING", "SHORT_BINSTRING"), _Machine.push),
    "EMPTY_DICT": lambda machine, _: machine.push({}), "EMPTY_LIST": lambda machine, _: machine.push([]),
    "EMPTY_TUPLE": lambda machine, _: machine.push(()),
    "TUPLE": lambda machine, _: machine.push(tuple(machine.since_mark())),
    "TUPLE1": lambda machine, _: machine.tuple_of(1), "TUPLE2": lambda machine, _: machine.tuple_of(2),
    "TUPLE3": lambda machine, _: machine.tuple_of(3),
    "APPEND": lambda machine, _: machine.extend([machine.pop()]),
    "APPENDS": lambda machine, _: machine.extend(machine.since_mark()),
    "SETITEM": lambda machine, _: machine.update([machine.pop(), machine.pop()][::-1]),
    "SETITEMS": lambda machine, _: machine.update(machine.since_mark()),
    "BINPUT": _Machine.put, "LONG_BINPUT": _Machine.put, "MEMOIZE": _Machine.put,
    "BINGET": _Machine.get, "LONG_BINGET": _Machine.get,
    "GLOBAL": _Machine.name, "STACK_GLOBAL": _Machine.stacked_name, "REDUCE": _Machine.call,
    "BINPERSID": _Machine.storage, "BUILD": _Machine.build,
}  # fmt: skip


def _whole(numbers) -> bool:
    return type(numbers) is tuple and len(numbers) <= MOST_AXES and all(type(number) is int for number in numbers)


def _key(key):
    """Return a dict's key; a tuple's hash may take longer than the world stands."""
    if type(key) not in (str, int):
        raise Refused(f"has {kind_of(key)} as a key", "text or an integer")
    return key


def kind_of(value) -> str:
    """Say what something is; to write a list out may take longer than the world stands, too."""
    if type(value) is int:
        return str(value)
    if isinstance(value, Record):
        return "a tensor"
    return str(value) if isinstance(value, Name) else "None" if value is None else f"a {type(value).__name__}"
