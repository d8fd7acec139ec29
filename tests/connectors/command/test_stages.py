"""Which stage a reading belongs to, and that none goes backwards."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from headway.connectors.command.reading import Reading
from headway.connectors.command.stages import MAX_MESSAGE, MAX_STAGES, Stages


def bar(
    stage: str | None, current: float | None, total: float | None = 100.0, *, source: str = "tqdm", message: str = ""
) -> Reading:
    return Reading(stage=stage, current=current, total=total, message=message or None, source=source)


@pytest.fixture
def stages() -> Stages:
    return Stages()


def place_all(stages: Stages, *readings: Reading, row: int = 0) -> list[Reading | None]:
    return [stages.place(reading, row=row) for reading in readings]


def names(placed: list[Reading | None]) -> list[str | None]:
    return [reading.stage for reading in placed if reading is not None]


class TestNewStages:
    def test_another_description_is_another_stage(self, stages):
        assert names(place_all(stages, bar("load", 50), bar("save", 60))) == ["load", "save"]

    def test_another_total_is_another_stage(self, stages):
        assert names(place_all(stages, bar("load", 5, 10), bar("load", 5, 20))) == ["load", "load (2)"]

    def test_a_fall_by_more_than_half_is_another_stage(self, stages):
        assert names(place_all(stages, bar("load", 80), bar("load", 29))) == ["load", "load (2)"]

    def test_a_fall_by_half_is_none(self, stages):
        placed = place_all(stages, bar("load", 80), bar("load", 30))

        assert placed[1] is None

    def test_a_nameless_bar_that_starts_over_is_numbered(self, stages):
        assert names(place_all(stages, bar(None, 100), bar(None, 0), bar(None, 100), bar(None, 0))) == [
            None, "part 2", "part 2", "part 3",
        ]  # fmt: skip

    def test_a_bar_in_a_later_row_starts_over_by_any_fall_once_the_first_has_ended(self, stages):
        first = stages.place(bar("load", 100), row=0)
        second = stages.place(bar("load", 70), row=1)

        assert names([first, second]) == ["load", "load (2)"]

    def test_a_count_without_total_that_falls_below_half_starts_over(self, stages):
        assert names(place_all(stages, bar("n", 10, None), bar("n", 6, None), bar("n", 4, None))) == ["n", "n (2)"]

    def test_a_total_that_becomes_known_is_the_same_stage(self, stages):
        placed = place_all(stages, bar("get", 0, None), bar("get", 5, 10), bar("get", 10, 10), bar("get", 7, None))

        assert names(placed) == ["get", "get", "get"]
        assert placed[2] is not None
        assert (placed[2].current, placed[2].total) == (10, 10)

    def test_numbers_in_a_description_do_not_make_it_another(self, stages):
        placed = place_all(stages, bar("loss 0.91", 10), bar("loss 1.5e-3", 20))

        assert names(placed) == ["loss 0.91", "loss 0.91"]
        assert placed[1] is not None
        assert placed[1].message == "loss 1.5e-3"

    def test_numbers_that_change_while_the_bar_falls_do(self, stages):
        assert names(place_all(stages, bar("epoch 1", 40), bar("epoch 2", 20))) == ["epoch 1", "epoch 2"]

    def test_a_name_has_no_slash_because_it_parts_nested_stages(self, stages):
        assert names(place_all(stages, bar("a/b", 1))) == ["a∕b"]

    def test_a_command_that_opens_too_many_stages_is_not_followed_further(self, stages):
        placed = place_all(stages, *(bar(chr(0x4E00 + at), 1) for at in range(MAX_STAGES + 5)))

        assert sum(reading is not None for reading in placed) == MAX_STAGES


class TestParallelAndNested:
    def test_bars_side_by_side_keep_their_stages(self, stages):
        placed = [
            stages.place(bar(name, at), row=row) for at in (10, 20, 90) for row, name in enumerate(("A", "B"))
        ]  # fmt: skip

        assert names(placed) == ["A", "B"] * 3

    def test_a_bar_that_starts_over_below_one_that_moves_is_its_message(self, stages):
        stages.place(bar("outer", 0, 3), row=0)
        stages.place(bar("inner", 100), row=1)
        stages.place(bar("outer", 1, 3), row=0)

        nested = stages.place(bar("inner", 0), row=1)
        again = stages.place(bar("inner", 50), row=1)

        assert nested == bar("outer", 1, 3, message="inner 0/100")
        assert again == bar("outer", 1, 3, message="inner 50/100")

    def test_a_nested_bar_may_change_its_total(self, stages):
        stages.place(bar("files", 0, 3), row=0)
        stages.place(bar("bytes", 7, 7), row=1)
        stages.place(bar("files", 1, 3), row=0)

        assert stages.place(bar("bytes", 0, 9), row=1) == bar("files", 1, 3, message="bytes 0/9")

    def test_a_bar_that_starts_over_below_one_that_stands_still_is_a_stage(self, stages):
        stages.place(bar("dead", 1, 3), row=0)
        stages.place(bar("load", 100), row=1)

        assert names([stages.place(bar("load", 0), row=1)]) == ["load (2)"]


class TestNeverBackwards:
    def test_a_step_back_is_no_news(self, stages):
        assert place_all(stages, bar("load", 50), bar("load", 40))[1] is None

    def test_a_step_back_with_news_tells_them_where_it_stood(self, stages):
        placed = place_all(stages, bar("load", 50), bar("load", 40, message="retrying"))

        assert placed[1] == bar("load", 50, message="retrying")

    def test_a_growing_total_does_not_lower_the_share(self, stages):
        stages.place(bar("build", 10, 20), growing=True)
        behind = stages.place(bar("build", 11, 40, message="b.o"), growing=True)
        ahead = stages.place(bar("build", 30, 40), growing=True)

        assert behind == bar("build", 10, 20, message="b.o")
        assert ahead == bar("build", 30, 40)

    def test_who_speaks_to_headway_can_not_start_a_stage_by_falling(self, stages):
        placed = place_all(stages, bar("a/b", 0.9, 1.0, source="headway"), bar("a/b", 0.1, 1.0, source="headway"))

        assert names(placed) == ["a/b"]

    def test_the_same_twice_is_no_news(self, stages):
        assert place_all(stages, bar("load", 50), bar("load", 50))[1] is None

    def test_a_message_alone_keeps_the_numbers_out(self, stages):
        placed = place_all(stages, bar("load", 50), bar("load", None, None, message="note"))

        assert placed[1] == bar("load", None, None, message="note")

    def test_a_message_is_one_line_of_bounded_length(self, stages):
        placed = stages.place(bar("load", 1, message="a \n  b" + "x" * 1000))

        assert placed is not None
        assert placed.message is not None
        assert placed.message.startswith("a bx")
        assert len(placed.message) == MAX_MESSAGE

    @given(
        st.lists(
            st.tuples(
                st.sampled_from([None, "load", "save 1", "save 2"]),
                st.integers(0, 100),
                st.sampled_from([None, 100.0, 200.0]),
                st.sampled_from(["tqdm", "percent", "headway"]),
                st.booleans(),
                st.integers(0, 3),
            ),
            max_size=60,
        )
    )
    def test_no_order_of_readings_takes_a_stage_back(self, seen, drawn):
        stages = Stages()

        placed = [
            stages.place(bar(stage, current, total, source=source), growing=growing, row=row)
            for stage, current, total, source, growing, row in drawn
        ]

        seen.assert_never_backwards(reading for reading in placed if reading is not None)
