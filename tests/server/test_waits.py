from __future__ import annotations

from headway.model.event import Event
from headway.server.waits import Waits


async def test_only_the_end_of_the_job_wakes_who_waits_for_it():
    waits = Waits()

    with waits.until_final("a") as ended:
        waits.feed([Event(type="job.progressed", at=0, subject="a"), Event(type="job.completed", at=0, subject="b")])
        assert not ended.done()
        waits.feed([Event(type="job.failed", at=0, subject="a")])
        assert ended.done()

    assert len(waits) == 0


async def test_several_may_wait_and_the_end_of_the_server_wakes_all():
    waits = Waits()

    with waits.until_final("a") as one, waits.until_final("a") as two, waits.until_final("b") as three:
        assert len(waits) == 3
        waits.wake_all()
        waits.wake_all()

        assert one.done()
        assert two.done()
        assert three.done()
