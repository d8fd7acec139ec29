from __future__ import annotations

from typing import get_args

import msgspec
import pytest
from hypothesis import given, strategies as st

from headway.errors import BadCursor, BadFrame, TooLarge
from headway.model.event import Event
from headway.model.report import LogLines, Progressed
from headway.protocol.frames import (
    REFUSALS,
    Ack,
    Batch,
    Begin,
    CloseCode,
    Cursor,
    Ended,
    FromViewer,
    FromWorker,
    Hello,
    Offer,
    Ping,
    Report,
    Snapshot,
    Subscribe,
    ToViewer,
    ToWorker,
    Unknown,
    WireEvent,
    WorkerHello,
    batch_body,
    decode_to_viewer,
    decode_to_worker,
    decode_viewer,
    decode_worker,
    encode,
    encode_event,
    encode_many,
    encode_value,
    event_of,
    frame_of,
    parse_cursor,
)

LOADED = Event(
    type="job.progressed",
    at=1_700_000_000_123,
    subject="01J",
    job="01J",
    attempt=2,
    worker="gpu-3/1",
    queue='g"pu',
    kind="sum",
    labels={"a": "b"},
    data={"set": {"progress": {"overall": 0.5}}, "stage": "x"},
    seq=7,
)


def sentence(problem: pytest.ExceptionInfo[BadFrame]) -> str:
    return problem.value.problem


class TestCursor:
    def test_reads_as_it_is_written(self):
        assert parse_cursor("a-B_9.42") == Cursor("a-B_9", 42)
        assert str(Cursor("e", 0)) == "e.0"

    @pytest.mark.parametrize("text", ["", "7", "e.", ".7", "e.-1", "e.07", "e.1.2", "e.1 ", "é.1", "e." + "9" * 17])
    def test_what_no_server_gave_is_refused_with_the_way_out(self, text: str):
        with pytest.raises(BadCursor) as refusal:
            parse_cursor(text)

        assert str(refusal.value).startswith(f"{text!r} is not a cursor. A cursor reads '<epoch>.<seq>'")


class TestFromViewers:
    def test_a_subscription_needs_only_id_and_topics(self):
        frame = decode_viewer(b'{"type":"subscribe","id":"s1","topics":["jobs"]}')

        assert frame == Subscribe(id="s1", topics=["jobs"])
        assert isinstance(frame, Subscribe)
        assert (frame.want, frame.conflate, frame.since) == ("auto", True, None)

    @pytest.mark.parametrize(
        ("text", "problem"),
        [
            ('{"type":"subscribe","id":"a","topics":[1]}', "topics[0]: Expected `str`, got `int`"),
            ('{"type":"subscribe","topics":["jobs"]}', "Object missing required field `id`"),
            ('{"type":"subscribe","id":"a","topics":[]}', "topics: Expected `array` of length >= 1"),
            ('{"type":"subscribe","id":"a","topics":["jobs"],"want":"all"}', "want: Invalid enum value 'all'"),
            ('{"type":"hello","tokn":"x"}', "Object contains unknown field `tokn`"),
            ('{"type":"nope"}', "type: Invalid value 'nope'"),
            ('{"id":"a"}', "Object missing required field `type`"),
            ('"x"', "Expected `object`, got `str`"),
            ("{", "not JSON (Input data was truncated)"),
        ],
    )
    def test_a_wrong_frame_is_refused_and_the_field_named(self, text: str, problem: str):
        with pytest.raises(BadFrame) as refusal:
            decode_viewer(text.encode())

        assert sentence(refusal) == problem
        assert str(refusal.value) == f"Frame not understood: {problem}. The frames are in spec/frames.schema.json."

    def test_a_frame_over_the_limit_is_refused_unread(self):
        with pytest.raises(TooLarge) as refusal:
            decode_viewer(b" " * 65_537)

        assert refusal.value.message == "The frame has 65,537 bytes; the limit is 65,536."

    @pytest.mark.parametrize(("depth", "fits"), [(32, True), (33, False)])
    def test_json_may_nest_32_deep_and_no_deeper(self, depth: int, fits: bool):
        text = b'{"type":"request","id":"a","method":"m","params":{"x":%b}}' % (b"[" * (depth - 2) + b"]" * (depth - 2))

        if fits:
            decode_viewer(text)
        else:
            with pytest.raises(BadFrame) as refusal:
                decode_viewer(text)
            assert sentence(refusal) == "JSON nested deeper than 32"

    def test_many_brackets_side_by_side_or_in_texts_are_no_depth(self):
        text = b'{"type":"request","id":"a","method":"m","params":{"x":[%b],"y":"%b\\"[["}}' % (
            b"{}," * 50 + b"{}",
            b"[" * 99,
        )

        assert decode_viewer(text)

    def test_what_nests_beyond_the_interpreter_is_refused_too(self):
        with pytest.raises(BadFrame) as refusal:
            decode_viewer(b'{"type":"request","id":"a","method":"m","params":{"x":' + b"[" * 20_000, max_depth=100_000)

        assert sentence(refusal) == "JSON nested too deep"

    @given(st.recursive(st.none() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3), max_leaves=60))
    def test_depth_is_counted_as_a_plain_walk_counts_it(self, value: object):
        def depth(part: object) -> int:
            return 1 + max(map(depth, part), default=0) if isinstance(part, list) else 0

        text = encode_value({"type": "pong", "x": value})

        with pytest.raises(BadFrame) as refusal:
            decode_viewer(text, max_depth=4)

        assert ("nested deeper" in sentence(refusal)) == (depth(value) + 1 > 4)


class TestFromWorkers:
    def test_a_message_is_one_frame_or_an_array_of_frames(self):
        ack = Report(
            job="j", attempt=1, n=1, items=[Progressed(stage="s", current=1.0), LogLines(lines=[(1, "info", "x")])]
        )
        end = Ended(job="j", attempt=1, n=2, outcome="succeeded", result=msgspec.Raw(b'{"a":null}'))

        assert decode_worker(encode(ack)) == [ack]
        assert decode_worker(b" \n" + encode_many([ack, end])) == [ack, end]

    def test_fields_of_a_newer_worker_are_passed_over(self):
        [frame] = decode_worker(b'{"type":"hello","worker":{"id":"w"},"mood":"good"}')

        assert frame == WorkerHello(worker={"id": "w"})

    def test_an_unknown_item_is_refused_by_place(self):
        with pytest.raises(BadFrame) as refusal:
            decode_worker(b'[{"type":"report","job":"j","attempt":1,"n":1,"items":[{"type":"song"}]}]')

        assert sentence(refusal) == "[0].items[0].type: Invalid value 'song'"

    def test_a_result_is_null_and_args_are_empty_where_nobody_gave_any(self):
        ended = Ended(job="j", attempt=1, n=1, outcome="errored")
        begin = Begin(external_id="x", kind="k")

        assert (bytes(ended.result), bytes(begin.args)) == (b"null", b"{}")
        assert decode_worker(encode(ended)) == [ended]


class TestFromServers:
    def test_a_frame_type_never_heard_of_is_passed_over(self):
        assert decode_to_viewer(b'{"type":"hologram","x":1}') == Unknown("hologram")
        assert decode_to_worker(b'[{"type":"hologram"},{"type":"ack","job":"j","attempt":1,"n":3}]') == [
            Unknown("hologram"),
            Ack(job="j", attempt=1, n=3),
        ]

    def test_one_frame_alone_is_a_message_too(self):
        assert decode_to_worker(b'{"type":"ping","now":"x"}') == [Ping(now="x")]

    def test_what_is_no_frame_at_all_is_still_refused(self):
        with pytest.raises(BadFrame) as refusal:
            decode_to_viewer(b'{"type":"batch"}')

        assert "missing required field" in sentence(refusal)

    def test_json_that_is_decoded_already_becomes_a_frame(self):
        assert frame_of({"type": "snapshot", "id": "a", "seq": 1, "now": "x"}) == Snapshot(id="a", seq=1, now="x")


class TestEvents:
    def test_an_event_comes_back_as_it_went(self):
        assert event_of(msgspec.json.decode(encode_event(LOADED), type=WireEvent)) == LOADED

    def test_the_subject_of_a_job_event_is_said_once(self):
        assert b"subject" not in encode_event(LOADED)

    @pytest.mark.parametrize(
        "event",
        [
            Event(type="worker.stale", at=5, subject="w/1", worker="w/1", seq=1),
            Event(type="system.started", at=5, seq=1),
            Event(type="crew.started", at=5, job="01J", seq=1),
            Event(type="job.noted", at=5, job="01J", subject="other", seq=1),
        ],
    )
    def test_subjects_of_other_events_come_back(self, event: Event):
        assert event_of(msgspec.json.decode(encode_event(event), type=WireEvent)) == event

    def test_log_lines_are_joined_with_their_instants_as_texts(self):
        event = Event(
            type="job.logged", at=0, job="j", subject="j", data={"first": 3}, extra={"lines": [(3, 5, "info", "x")]}
        )

        wire = msgspec.json.decode(encode_event(event))

        assert wire["data"] == {"first": 3, "lines": [[3, "1970-01-01T00:00:00.005Z", "info", "x"]]}

    def test_what_is_soft_does_not_leave_the_server(self):
        event = Event(type="job.noted", at=0, job="j", data={"soft": {"n": 3}, "set": {"a": 1}})

        assert msgspec.json.decode(encode_event(event))["data"] == {"set": {"a": 1}}

    def test_data_that_is_encoded_already_is_used_as_it_is(self):
        assert b'"data":{"kept":1}}' in encode_event(LOADED, b'{"kept":1}')

    def test_a_wrong_instant_is_named(self):
        wire = msgspec.json.decode(encode_event(LOADED), type=WireEvent)

        with pytest.raises(BadFrame) as refusal:
            event_of(msgspec.structs.replace(wire, at="noon"))

        assert sentence(refusal) == "events: at: 'noon' is not an ISO 8601 time"

    def test_a_batch_put_together_by_hand_is_a_batch(self):
        body = batch_body(3, 7, "now", encode_event(LOADED), 2)

        frame = decode_to_viewer(b'{"type":"batch","id":"s1"' + body)

        assert isinstance(frame, Batch)
        assert (frame.since, frame.to, frame.conflated, [event.seq for event in frame.events]) == (3, 7, 2, [7])


def test_every_frame_has_a_word_of_its_own_in_its_direction():
    for union in (FromViewer, ToViewer, FromWorker, ToWorker):
        tags = [frame.__struct_config__.tag for frame in get_args(union)]

        assert len(tags) == len(set(tags))


def test_links_end_for_good_by_the_four_codes_of_the_protocol():
    assert sorted(REFUSALS) == [4001, 4003, 4009, 4013]
    assert CloseCode(4200) is CloseCode.DRAIN


def test_defaults_are_left_out_of_the_wire():
    assert encode(Hello()) == b'{"type":"hello"}'
    assert b"tries" not in encode(Offer(job="j", attempt=1, kind="k"))
