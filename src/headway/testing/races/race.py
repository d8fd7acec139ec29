"""One race by its seed: a started attempt, two rivals in one order, other commands between them, all of it committed.

Some commands share a commit and some do not; tries may be left or not; the next attempt may run elsewhere before the
second rival comes. Held against `table.Expected` after each step, and against the invariants of the simulator. Called by
tests/model/test_races.py and by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random  # noqa: TID251 - seeded: the same race again
from typing import Any

from headway.errors import Refused, ServerError
from headway.hub.ledger import commit_batch
from headway.model import command as c, report as r
from headway.model.event import Event
from headway.testing.disk import Disk
from headway.testing.factories import KIND, WORKER, Lab
from headway.testing.memory import MemoryStore
from headway.testing.races.table import OF_TIME, WAITS, WORDS, Expected, Rival
from headway.testing.simulator import checks

R = Rival
OTHER = "w/2"
SOON_S, LATER_S = 5.0, 7.0
"""When time that is a rival is due: the first, and the second if both are."""
PASSING = frozenset(
    {"state", "state_at", "stale_at", "disconnected_at", "left_at", "lost_at", "draining", "drained_by", "reason",
     "heard_at", "connected_at", "instance", "seq", "problems"}
)  # fmt: skip
"""What of a worker's document may change by what happens to it. All else is its registration."""
SOUND: dict[str, Any] = {"name": "one", "version": "1.0", "labels": {"gpu": "a"}, "boot_id": "b1", "pid": 7, "slots": 4}


class Violation(AssertionError):
    """It came out otherwise than the tables say. The message names the pair and the seed."""


class Watched(Lab):
    """A laboratory whose every commit is watched. `log` is all of it."""

    def __init__(self) -> None:
        self.witness = checks.Witness()
        self.disk = Disk()
        super().__init__(store=MemoryStore(self.disk), workers=False)

    @property
    def log(self) -> list[Event]:
        """Every event so far."""
        return self.disk.log

    def together(self, *commands: c.Command) -> list[Any]:
        batch = commit_batch(self.store, commands, self.now, self.settings)
        self.witness.watch(batch.commit)
        self.events = batch.commit.events
        return batch.results


class Race:
    """`run` it once."""

    def __init__(self, first: Rival, second: Rival, seed: int) -> None:
        self.pair = first, second
        self.dice = Random(f"{first}/{second}/{seed}")  # noqa: S311 - makes cases, not secrets
        self.lab = lab = Watched()
        tries = self.dice.choice([1, 3])
        self.expected = Expected(tries=tries)
        self.problems: list[str] = []
        self._name = f"{first} then {second}, seed {seed}"
        self._queue: list[tuple[c.Command, Callable[[Any], bool]]] = []
        self._said: list[c.Statement] = []
        self._n = 0
        self._lives = 1
        self._others = 0
        lab.worker(WORKER, kinds=(KIND, "other"), **SOUND)
        lab.worker(OTHER, kinds=(KIND, "other"))
        self._registered = self._registration()
        self.job = lab.submit(options=self._deadlines(), max_attempts=tries)
        lab.offer(self.job)
        lab.accept(self.job)

    def _deadlines(self) -> dict[str, float]:
        names = {R.TIMEOUT: "timeout_s", R.STALL: "progress_timeout_s"}
        times = zip(reversed(self.pair), (LATER_S, SOON_S), strict=True)
        return {names[rival]: seconds for rival, seconds in times if rival in names}

    # -- the whole -------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Both rivals, the end of the job, and everything once more. Violation: what came out otherwise."""
        first, second = self.pair
        self._murmur()
        self._let_time_pass(first, SOON_S)
        self._meet(first)
        self._murmur()
        self._let_time_pass(second, LATER_S)
        if self.dice.random() < 0.5:
            self._start_elsewhere()
        self._meet(second)
        self._murmur()
        self._settle("both had met it")
        self._speak_of_the_past()
        self._finish()
        self._meet_all_again()
        self._judge()
        self._raise()

    def _raise(self) -> None:
        if self.problems:
            raise Violation(f"{self._name}: " + "; ".join(self.problems[:5]))

    def _let_time_pass(self, rival: Rival, seconds: float) -> None:
        if rival in OF_TIME:
            self._flush()
            self.lab.wait(seconds + 0.5)

    def _start_elsewhere(self) -> None:
        """Where the job waits by now: its next attempt begins on another worker before the second rival comes."""
        self._settle("one had met it")
        if self.expected.state in WAITS:
            self.lab.wait(10)
            self.lab.look(self.job)
            self.lab.offer(self.job, OTHER)
            self.lab.accept(self.job)
            self.expected.start_elsewhere()

    def _finish(self) -> None:
        """Whoever has the job brings it to its end."""
        expected = self.expected
        if expected.state in WAITS:
            self._start_elsewhere()
        if expected.state in {"running", "cancelling"}:
            outcome = "succeeded" if expected.state == "running" else "cancelled"
            self.lab.end(self.job, outcome, n=1 if expected.elsewhere else self._next_n())
            expected.state = "completed" if outcome == "succeeded" else "cancelled(cancelled)"
            expected.outcome = expected.outcome or outcome
        self._settle("it was brought to its end")

    def _meet_all_again(self) -> None:
        """A final state is final."""
        for rival in self.dice.sample(tuple(Rival), len(Rival)):
            self._queue += [(command, _is_lawful) for command in self._commands(rival)]
            self._murmur()
        self.expected.worker = ""  # by now it is anything
        self.expected.say_last("succeeded" if self._first_word() is R.COMPLETE else "errored")
        self._settle("all had met it once more")

    def _first_word(self) -> Rival:
        ends = [command for command, _ in self._queue if isinstance(command, c.End)]
        words = [end for end in ends if end.worker == WORKER and end.attempt == 1]
        return R.COMPLETE if words[0].outcome == "succeeded" else R.ERROR

    # -- what happens ----------------------------------------------------------------------------------------------

    def _meet(self, rival: Rival) -> None:
        was_over = bool(self.expected.outcome)
        self.expected.meet(rival)
        fits = _is_fenced if rival in WORDS and was_over else _is_refused if self.expected.refused else _is_done
        self._queue += [(command, fits) for command in self._commands(rival)]

    def _commands(self, rival: Rival) -> list[c.Command]:
        match rival:
            case R.COMPLETE:
                return [self._word(c.End, outcome="succeeded", result=b"1")]
            case R.ERROR:
                return [self._word(c.End, outcome="errored", error={"type": "ValueError", "message": "no"})]
            case R.CANCEL:
                return [c.Cancel(job=self.job, by="ann")]
            case R.TIMEOUT | R.STALL:
                return [c.Elapse(job=self.job)]
            case R.LEASE_END:
                return [c.Lose(worker=WORKER, instance="i1")]
            case R.DRAIN:
                return [c.Drain(worker=WORKER, by="ann")]
            case R.LEAVE | R.DISCONNECT:
                return [c.Disconnect(worker=WORKER, instance="i1", goodbye=rival is R.LEAVE)]
            case R.REPLACE:
                self._lives += 1
                return [self._hello(f"i{self._lives}")]
            case R.FORGET:
                return [self._hello("i1")]

    def _hello(self, instance: str) -> c.Connect:
        """It names what it must, and nothing that it holds."""
        return c.Connect(
            worker=WORKER, profile={"machine": "m1", "instance": instance, "slots": 4},
            kinds=({"name": KIND, "hash": "h1"}, {"name": "other", "hash": "h1"}),
        )  # fmt: skip

    def _word(self, make: type[c.Statement], **fields: Any) -> c.Statement:
        """What the first attempt's worker says, numbered."""
        said = make(job=self.job, worker=WORKER, attempt=1, n=self._next_n(), **fields)
        self._said.append(said)
        return said

    def _new_id(self) -> str:
        self._others += 1
        return f"X{self._others:04d}"

    def _next_n(self) -> int:
        self._n += 1
        return self._n

    def _murmur(self) -> None:
        """What else may come at any moment, and decides nothing."""
        for _ in range(self.dice.randint(0, 3)):
            self._queue += [(command, _is_lawful) for command in self.dice.choice(self._murmurs())()]

    def _murmurs(self) -> list[Callable[[], list[c.Command]]]:
        job, lines = self.job, (r.LogLines(lines=[(0, "info", "x")]), r.Progressed(stage="", current=1, total=9))
        of_first: dict[str, Any] = {"job": job, "worker": WORKER, "attempt": 1}
        end: dict[str, Any] = {"outcome": "succeeded"}
        return [
            lambda: [self._word(c.Report, items=lines)],
            lambda: [*self._said[-1:]],  # resent
            lambda: [c.Report(**of_first, n=self._n + 5, items=lines)],  # before its turn
            lambda: [c.End(**of_first | {"worker": OTHER}, n=1, **end)],  # another's word
            lambda: [c.End(**of_first | {"attempt": 9}, n=1, **end)],  # of an attempt that never was
            lambda: [c.CancelStep(**of_first, step="delivered")],
            lambda: [c.Accept(**of_first)],
            lambda: [c.Hear(worker=WORKER, at=self.lab.now)],
            lambda: [c.Stale(worker=WORKER, instance="i1"), c.Back(worker=WORKER, instance="i1")],
            lambda: [c.Lose(worker=WORKER, instance="i0")],  # a process long gone
            lambda: [c.SetPriority(job=job, priority=3)],
            lambda: [c.Submit(id=self._new_id(), kind="other"), c.Claim(worker=OTHER, limit=1, kinds=("other",))],
            lambda: [c.Elapse(job=job)],
        ]

    def _speak_of_the_past(self) -> None:
        """A worker that did not hear that its attempt is over says its last all the same."""
        if self.expected.outcome:
            self._queue += [(self._word(c.Report), _is_fenced), (self._word(c.End, outcome="cancelled"), _is_fenced)]
            self.expected.say_last("cancelled")
        self._settle("the past was spoken of")

    # -- commits and checks ----------------------------------------------------------------------------------------

    def _flush(self) -> None:
        """Commit what has gathered, in order, in as many commits as the dice say."""
        while self._queue:
            size = self.dice.choice([1, 1, 2, 3, len(self._queue)])
            some, self._queue = self._queue[:size], self._queue[size:]
            self.lab.now += self.dice.randint(1, 20)
            answers = self.lab.together(*[command for command, _ in some])
            for (command, fits), answer in zip(some, answers, strict=True):
                if not fits(answer):
                    self.problems.append(f"{type(command).__name__} was answered {answer!r}")

    def _settle(self, when: str) -> None:
        self._flush()
        doc, expected = self.lab.doc(self.job), self.expected
        first = self.lab.attempt(self.job, 1)
        seen = {"state": self.lab.state(self.job), "outcome": first.get("outcome", ""), "late": first.get("late", "")}
        if expected.state == "scheduled" == seen["state"].replace("queued", "scheduled"):  # its time may have come
            seen["state"] = "scheduled"
        wanted = {"state": expected.state, "outcome": expected.outcome, "late": expected.late}
        if expected.worker:
            seen["worker"], wanted["worker"] = self.lab.worker_doc()["state"], expected.worker
        if ("cancel" in doc) is not expected.asked_to_stop:
            self.problems.append(f"the receipt is {doc.get('cancel')}")
        wrong = [key for key in wanted if seen[key] != wanted[key]]
        self.problems += [f"when {when}, {key} was {seen[key]!r}, not {wanted[key]!r}" for key in wrong]
        self._raise()

    def _registration(self) -> dict[str, Any]:
        return {key: value for key, value in self.lab.disk.documents["workers"][WORKER].items() if key not in PASSING}

    def _judge(self) -> None:
        lab, expected = self.lab, self.expected
        mine = [event for event in lab.log if event.job == self.job]
        for type, wanted in (("job.late_result", bool(expected.late)), ("job.cancel_too_late", expected.too_late)):
            if (told := sum(event.type == type and event.attempt == 1 for event in mine)) != wanted:
                self.problems.append(f"{type} was told {told} times")
        if self._registration() != self._registered:
            self.problems.append(f"the registration became {self._registration()}")
        if lab.witness.finals[self.job] != 1:
            self.problems.append(f"it reached {lab.witness.finals[self.job]} final states")
        self.problems += [
            *lab.witness.problems,
            *checks.rows_are_folds(lab.disk),
            *checks.one_outcome_each(lab.disk, lab.witness),
        ]


def _is_lawful(answer: Any) -> bool:
    """Whatever it was: no rule broke down over it."""
    return not isinstance(answer, ServerError)


def _is_done(answer: Any) -> bool:
    return not isinstance(answer, Exception) and not _is_fenced(answer)


def _is_refused(answer: Any) -> bool:
    return isinstance(answer, Refused)


def _is_fenced(answer: Any) -> bool:
    """A statement was; the `fenced` of a welcome is a list."""
    said: Any = getattr(answer, "get", None)
    return said is not None and isinstance(said("fenced"), str)


def race(first: Rival, second: Rival, seed: int) -> Race:
    """One race to its end. Violation: what came out otherwise."""
    one = Race(first, second, seed)
    one.run()
    return one
