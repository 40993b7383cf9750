"""Switching the tape off in generators and coroutines: what is sent, thrown and awaited goes on to what is decorated."""

import asyncio
import contextlib

import pytest

import minidet
from minidet import is_grad_enabled, no_grad


def through(lib, on, seen):
    """Throw, close, send and return through a decorated generator."""

    @contextlib.contextmanager
    @lib.no_grad()
    def swallows():
        seen.append(on())
        try:
            yield on()
        except KeyError as error:
            seen.append((on(), repr(error)))
        finally:
            seen.append(on())

    @lib.no_grad()
    def talks():
        sent = 0
        while sent != "end":
            try:
                sent = yield sent, on()
            except ValueError as error:
                sent = repr(error)
            except GeneratorExit:
                seen.append(("closed", on()))
                raise
        return "returned", on()

    with swallows() as inside:
        seen.append((inside, on()))
        raise KeyError("handled")
    return talks


def talk(lib):
    seen, on = [], lib.is_grad_enabled
    talks = through(lib, on, seen)

    def outer(steps):
        seen.append((yield from steps))

    steps = talks()
    seen += [next(steps), on(), steps.send("a"), on(), steps.throw(ValueError("b")), on()]
    steps.close()
    seen.append(on())
    with pytest.raises(KeyError):
        running = talks()
        next(running)
        running.throw(KeyError("not handled"))
    seen.append(on())
    steps = outer(talks())
    seen += [next(steps), steps.send("c"), next(steps, "over") if steps.send("d") else 0]
    with pytest.raises(StopIteration):
        steps.send("end")
    return [*seen, on()]


def test_throw_and_close_are_passed_on():
    seen = talk(minidet)
    assert seen[:4] == [False, (False, True), (False, "KeyError('handled')"), False]
    assert ("closed", False) in seen
    assert ("ValueError('b')", False) in seen
    assert ("returned", False) in seen
    assert seen[-1] is True


@pytest.mark.parity
def test_generators_are_pytorchs():
    import torch

    assert talk(minidet) == talk(torch)


class TestCoroutines:
    """An ``async`` function is switched while it runs, and not while another task does (PyTorch's is not at all)."""

    def test_two_tasks(self):
        seen = []

        @no_grad()
        async def off(name):
            for _ in range(3):
                seen.append((name, is_grad_enabled()))
                await asyncio.sleep(0)
            return is_grad_enabled()

        async def on():
            for _ in range(3):
                seen.append(("on", is_grad_enabled()))
                await asyncio.sleep(0)
            return is_grad_enabled()

        async def main():
            return await asyncio.gather(off("a"), on(), off("b"))

        assert asyncio.run(main()) == [False, True, False]
        assert set(seen) == {("a", False), ("on", True), ("b", False)}
        assert is_grad_enabled()

    def test_exceptions_and_cancelling(self):
        seen = []

        @no_grad()
        async def waits():
            try:
                await asyncio.sleep(100)
            except asyncio.CancelledError:
                seen.append(is_grad_enabled())
                raise

        @no_grad()
        async def fails():
            await asyncio.sleep(0)
            raise ZeroDivisionError

        async def main():
            task = asyncio.create_task(waits())
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            with pytest.raises(ZeroDivisionError):
                await fails()
            return is_grad_enabled()

        assert asyncio.run(main())
        assert seen == [False]

    def test_asynchronous_generators(self):
        seen = []

        @contextlib.asynccontextmanager
        @no_grad
        async def swallows():
            try:
                await asyncio.sleep(0)
                yield is_grad_enabled()
            except KeyError:
                await asyncio.sleep(0)
                seen.append(is_grad_enabled())

        @no_grad()
        async def counts():
            try:
                sent = yield 0, is_grad_enabled()
                while True:
                    await asyncio.sleep(0)
                    sent = yield sent, is_grad_enabled()
            finally:
                seen.append(("closed", is_grad_enabled()))

        async def main():
            async with swallows() as inside:
                seen.append((inside, is_grad_enabled()))
                raise KeyError
            steps = counts()
            seen.append(await steps.asend(None))
            seen.append(await steps.asend("sent"))
            seen.append(is_grad_enabled())
            await steps.aclose()
            return is_grad_enabled()

        assert asyncio.run(main())
        assert seen == [(False, True), False, (0, False), ("sent", False), True, ("closed", False)]
