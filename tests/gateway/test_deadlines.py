"""A request has its time; nobody else pays for that."""

import asyncio

import pytest

from gateway.deadlines import Deadlines


async def test_a_task_is_cancelled_once_its_time_has_gone() -> None:
    deadlines = Deadlines()

    async def request() -> bool:
        task = deadlines.begin(0.02)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            task.uncancel()
            return deadlines.passed(task)
        finally:
            deadlines.end(task)
        return False

    assert await asyncio.wait_for(asyncio.create_task(request()), 5)


async def test_a_task_cancelled_by_somebody_else_is_not_called_late() -> None:
    deadlines = Deadlines()
    begun = asyncio.Event()
    late: list[bool] = []

    async def request() -> None:
        task = deadlines.begin(60)
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            late.append(deadlines.passed(task))
            deadlines.end(task)

    running = asyncio.create_task(request())
    await begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert late == [False]


async def test_a_task_that_is_done_in_time_is_left_alone() -> None:
    deadlines = Deadlines()

    async def request(seconds: float) -> None:
        task = deadlines.begin(seconds)
        deadlines.end(task)
        await waited_for(0.02)  # beyond the first deadline, were it still in force

    async def waited_for(seconds: float) -> None:
        """Until a task with a deadline of its own was cancelled by it: long enough for the other's, too."""
        other = asyncio.create_task(hangs(seconds))
        with pytest.raises(asyncio.CancelledError):
            await other

    async def hangs(seconds: float) -> None:
        deadlines.begin(seconds)
        await asyncio.Event().wait()

    await asyncio.wait_for(asyncio.create_task(request(0.01)), 5)


async def test_a_deadline_needs_a_task() -> None:
    refused: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def outside() -> None:
        try:
            Deadlines().begin(1)
        except RuntimeError as error:
            refused.set_result(str(error))

    asyncio.get_running_loop().call_soon(outside)
    assert await refused == "a deadline is of a task"
