"""Switching the tape off and on."""

import threading

import pytest

import minidet
from minidet import enable_grad, is_grad_enabled, no_grad, set_grad_enabled


@pytest.fixture
def x():
    return minidet.ones(2, requires_grad=True)


def test_nothing_is_recorded(x):
    with no_grad():
        assert not is_grad_enabled()
        y = x * 2
    assert is_grad_enabled()
    assert not y.requires_grad
    assert y.grad_fn is None
    assert y.is_leaf


def test_nesting(x):
    with no_grad():
        with enable_grad():
            assert (x * 2).requires_grad
            with set_grad_enabled(False):
                assert not (x * 2).requires_grad
        assert not (x * 2).requires_grad


def test_one_object_used_twice(x):
    switch = no_grad()
    with switch, switch:
        assert not is_grad_enabled()
    assert is_grad_enabled()


def test_decorator(x):
    @no_grad()
    def twice(x):
        return x * 2

    assert not twice(x).requires_grad
    assert is_grad_enabled()


def test_decorator_without_brackets(x):
    @no_grad
    def twice(x):
        """Double."""
        return x * 2

    assert not twice(x).requires_grad
    assert twice.__doc__ == "Double."
    assert is_grad_enabled()


def trace(lib):
    """Return whether gradients are recorded, at many places."""
    on, seen = lib.is_grad_enabled, []

    @lib.no_grad()
    def steps(count):
        for i in range(count):
            seen.append((i, on(), (yield on())))
        return on()

    @lib.set_grad_enabled(False)
    def decorated():
        return on()

    def delegate():
        seen.append((yield from steps(1)))

    running = steps(2)
    seen += [next(running), on(), running.send("sent"), on(), list(running), on()]
    seen += [list(delegate()), on(), decorated(), on()]
    with lib.no_grad():
        seen += [decorated(), on()]
        with lib.enable_grad():
            seen += [decorated(), on(), list(steps(1)), on()]
    with lib.set_grad_enabled(False):
        seen.append(on())
    seen.append(on())
    lib.set_grad_enabled(False)
    seen.append(on())
    lib.set_grad_enabled(True)
    return [*seen, on()]


@pytest.mark.parity
def test_every_way_to_switch_is_pytorchs():
    import torch

    assert trace(minidet) == trace(torch)


def test_a_switch_that_stays():
    try:
        set_grad_enabled(False)
        assert not is_grad_enabled()
    finally:
        set_grad_enabled(True)
    assert is_grad_enabled()


def test_an_exception_switches_back():
    with pytest.raises(ZeroDivisionError), no_grad():
        raise ZeroDivisionError
    assert is_grad_enabled()


def test_views_made_without_recording(x):
    with no_grad():
        view = x.reshape(2, 1)
        view[0] = 5
    assert x.tolist() == [5, 1]
    assert x.version == 1


def test_each_thread_has_its_own(x):
    seen, inside, leave = {}, threading.Event(), threading.Event()

    def other():
        with no_grad():
            inside.set()
            leave.wait(10)
            seen["other"] = (x * 2).requires_grad

    thread = threading.Thread(target=other)
    thread.start()
    inside.wait(10)
    seen["here"] = (x * 2).requires_grad
    leave.set()
    thread.join()
    assert seen == {"here": True, "other": False}


def test_threads_build_and_walk_their_own_graphs():
    results = {}

    def work(i):
        x = minidet.full((3,), float(i), requires_grad=True)
        for _ in range(20):
            x.grad = None
            y = x
            for _ in range(50):
                y = y + x
            y.sum().backward()
        results[i] = x.grad.tolist()

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {i: [51.0] * 3 for i in range(4)}


def two_at_once(body):
    """Run ``body(meet)`` in two threads that are inside together; return what each saw inside, and afterwards.

    The second comes last, from where nothing is recorded, and stays longer.
    """
    results, first_is_in, first_is_out = {}, threading.Event(), threading.Event()
    meet = threading.Barrier(2, timeout=10)

    def work(name):
        def inside():
            seen = is_grad_enabled()
            first_is_in.set()
            meet.wait()
            if name == "second":
                first_is_out.wait(10)
            return seen

        if name == "second":
            first_is_in.wait(10)
            set_grad_enabled(False)
        results[name] = body(inside), is_grad_enabled()
        first_is_out.set()
        for _ in range(3):
            results[name] += (body(is_grad_enabled), is_grad_enabled())

    threads = [threading.Thread(target=work, args=(name,)) for name in ("first", "second")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


class TestTwoThreads:
    """Each call has a state of its own: the decorator, or an object that both threads use, has none."""

    right = {"first": (False, True) * 4, "second": (False, False) * 4}

    def test_in_one_function(self):
        @no_grad()
        def function(inside):
            return inside()

        assert two_at_once(function) == self.right

    def test_with_one_object(self):
        switch = no_grad()

        def body(inside):
            with switch:
                return inside()

        assert two_at_once(body) == self.right

    def test_with_one_object_made_elsewhere(self):
        switch = set_grad_enabled(False)
        set_grad_enabled(True)

        def body(inside):
            with switch:
                return inside()

        assert two_at_once(body) == self.right

    def test_in_one_generator_function(self):
        @no_grad()
        def steps(inside):
            yield inside()

        assert two_at_once(lambda inside: next(iter(list(steps(inside))))) == self.right

    def test_opposite_switches(self):
        """Recording in one thread while the other does not, decorated by objects of one class."""
        inside = threading.Barrier(2, timeout=10)
        seen = {}

        def look():
            inside.wait()
            inside.wait()
            return is_grad_enabled()

        def record(name, switch):
            seen[name] = switch(look)(), is_grad_enabled()

        threads = [threading.Thread(target=record, args=item) for item in (("on", enable_grad()), ("off", no_grad()))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert seen == {"on": (True, True), "off": (False, True)}


def test_recursion_through_both_switches():
    @no_grad()
    def down(depth):
        return [is_grad_enabled(), *(up(depth - 1) if depth else []), is_grad_enabled()]

    @enable_grad()
    def up(depth):
        return [is_grad_enabled(), *(down(depth - 1) if depth else []), is_grad_enabled()]

    assert down(3) == [False, True, False, True, True, False, True, False]
    assert is_grad_enabled()


def test_one_object_in_blocks_inside_each_other():
    off, on = no_grad(), enable_grad()
    with off, on:
        with off:
            assert not is_grad_enabled()
        assert is_grad_enabled()
        with off, on, off:
            assert not is_grad_enabled()
        assert is_grad_enabled()
    assert is_grad_enabled()


@pytest.mark.parametrize("switch", [no_grad, no_grad(), enable_grad(), set_grad_enabled(True)])
def test_only_functions_are_decorated(switch):
    with pytest.raises(TypeError, match="(no_grad|enable_grad|set_grad_enabled): function is .*, expected a function"):
        switch(3)
    with pytest.raises(TypeError, match="function is the class Net, expected a function: decorate a class's methods"):
        switch(type("Net", (), {}))


@pytest.mark.parametrize("mode", [None, 1, "yes", minidet.tensor(True)])
def test_a_mode_is_a_bool(mode):
    with pytest.raises(TypeError, match="set_grad_enabled: mode is .*, expected True or False"):
        set_grad_enabled(mode)
    assert is_grad_enabled()
