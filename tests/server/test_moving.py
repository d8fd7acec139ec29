"""A backup that is put in the place of a log under servers that go on."""

from __future__ import annotations

from pathlib import Path

from headway.store.copying import Copied, Source, Target, copy
from headway.store.postgres.address import Address
from headway.store.postgres.copying import PostgresSource, PostgresTarget
from headway.store.sqlite.copying import SqliteSource, SqliteTarget


def moved(source: Source, target: Target, epoch: str) -> Copied:
    with source, target:
        return copy(source, target, epoch=epoch, online=True)


async def test_two_servers_go_on_with_a_backup_that_was_put_in_the_place_of_their_log(
    running, database: str, tmp_path: Path
):
    address, backup = Address.parse(database), tmp_path / "backup.db"
    async with running(store=database) as a, running(store=database) as b:
        kept = await a.submit()
        moved(PostgresSource(address, online=True), SqliteTarget(backup, backup=True), "unused")
        lost = [await a.submit() for _ in range(20)]
        await b.until(lambda: b.site.seq == a.site.seq)
        before = b.site.seq

        moved(SqliteSource(backup, online=True), PostgresTarget(address, replace=True), "epoch2")
        for each in (a, b):
            await each.until(lambda each=each: each.application.hub.ledger.tail.seq < before)

        assert [(await each.http.get(f"/api/v1/jobs/{lost[0]}")).status_code for each in (a, b)] == [404, 404]
        assert (await b.job(kept))["state"] == "queued"
        fresh = await b.submit()
        await a.until(lambda: a.site.seq == b.site.seq)
        assert (await a.job(fresh))["state"] == "queued"
        verified = (await a.http.get("/api/v1/admin/verify")).json()
        assert verified["different"] == 0
