from __future__ import annotations

from headway.model import command as c


async def test_a_server_that_takes_work_is_ready_and_one_that_stops_is_not(running):
    async with running() as bench:
        alive = await bench.http.get("/healthz")
        ready = await bench.http.get("/readyz")
        bench.site.close()
        stopping = await bench.http.get("/readyz")
        bench.site.ready = True

    assert (alive.status_code, ready.status_code, stopping.status_code) == (200, 200, 503)
    assert stopping.json() == {"status": "starting or stopping"}


async def test_metrics_count_jobs_workers_commits_and_answers(running):
    async with running() as bench:
        await bench.submit(queue="gpu")
        await bench.connect()
        await bench.do(c.Cancel(job=await bench.submit()))

        text = (await bench.http.get("/metrics")).text

    assert 'headway_jobs{queue="gpu",state="queued"} 1.0' in text
    assert 'headway_jobs{queue="default",state="cancelled"} 1.0' in text
    assert 'headway_workers{state="online"} 1.0' in text
    assert 'headway_http_answers_total{method="POST",status="2xx"} 2.0' in text
    assert "headway_ready 1.0" in text


async def test_two_servers_in_one_process_measure_apart(running, tmp_path):
    async with running() as one, running(store=f"sqlite:///{tmp_path}/other.db") as two:
        await one.submit()
        texts = [(await bench.http.get("/metrics")).text for bench in (one, two)]

    assert ["headway_jobs{" in text for text in texts] == [True, False]
