"""The table of formats: every recording to its readings, every documented line to what it says."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from headway.connectors.command.formats import FORMATS, MAX_LINE, Reader
from headway.connectors.command.generic import GENERIC
from headway.connectors.command.reading import Reading
from headway.connectors.command.screen import Line

RECORDINGS = ["alive", "apt", "curl", "curl2", "ffmpeg", "pip", "pytest", "rich", "rsync", "tqdm", "wget", "yt-dlp"]


def redrawn(*texts: str) -> list[Line]:
    return [Line(text, transient=True) for text in texts]


class TestRecordings:
    @pytest.mark.parametrize("name", RECORDINGS)
    def test_no_recording_goes_backwards_within_a_stage(self, seen, name):
        seen.assert_never_backwards(seen.readings(seen.recorded(name)))

    @pytest.mark.parametrize("name", RECORDINGS)
    @given(step=st.integers(1, 97))
    def test_a_recording_cut_anywhere_gives_the_same_readings(self, seen, name, step):
        whole = seen.recorded(name)

        assert seen.readings(*(whole[at : at + step] for at in range(0, len(whole), step))) == seen.readings(whole)

    @pytest.mark.parametrize(
        ("name", "sources"),
        [
            ("alive", {"alive-progress"}),
            ("apt", {"apt"}),
            ("curl", {"curl"}),
            ("curl2", {"curl"}),
            ("ffmpeg", {"ffmpeg"}),
            ("pip", {"pip"}),
            ("pytest", {"pytest"}),
            ("rich", {"rich"}),
            ("rsync", {"rsync"}),
            ("tqdm", {"tqdm"}),
            ("wget", {"wget"}),
            ("yt-dlp", {"yt-dlp"}),
        ],
    )
    def test_each_recording_is_read_by_its_own_format_alone(self, seen, name, sources):
        assert {reading.source for reading in seen.readings(seen.recorded(name))} == sources

    def test_alive_progress(self, seen):
        assert seen.points(seen.readings(seen.recorded("alive"))) == [
            ("A", float(done), 4.0) for done in range(5)
        ]  # fmt: skip

    def test_apt(self, seen):
        points = seen.points(seen.readings(seen.recorded("apt")))
        stages = list(dict.fromkeys(stage for stage, _, _ in points))

        assert stages == [
            "Reading package lists",
            "Building dependency tree",
            "Reading state information",
            "Downloading",
            "Installing",
            "Reading database",
        ]
        assert [at for stage, at, _ in points if stage == "Reading package lists"] == [0.0, 93.0, 98.0, 100.0]
        assert [at for stage, at, _ in points if stage == "Downloading"] == [0.0, 100.0]
        assert [at for stage, at, _ in points if stage == "Reading database"] == [float(n) for n in range(5, 101, 5)]
        assert points[-1] == ("Installing", 80.0, 100.0)
        assert seen.readings(seen.recorded("apt"))[-1].message == "Installed rsync (amd64)"

    def test_curl_meter(self, seen):
        readings = seen.readings(seen.recorded("curl"))

        assert seen.points(readings) == [
            (None, 0.0, None),
            (None, 10.4 * 1024**2, 16.1 * 1024**2),
            (None, 16.1 * 1024**2, 16.1 * 1024**2),
        ]
        assert (readings[-1].unit, readings[-1].message) == ("B", "9490k/s")

    def test_curl_hash_bar(self, seen):
        assert seen.points(seen.readings(seen.recorded("curl2"))) == [
            (None, at, 100.0) for at in (23.2, 48.8, 74.7, 100.0)
        ]

    def test_ffmpeg_of_an_input_without_duration_has_no_total(self, seen):
        readings = seen.readings(seen.recorded("ffmpeg"))

        assert seen.points(readings) == [(None, 0.0, None), (None, 11.63, None), (None, 19.96, None)]
        assert (readings[1].unit, readings[1].message) == ("s", "speed 23.2x")

    def test_pip(self, seen):
        readings = seen.readings(seen.recorded("pip"))
        stage = "Downloading numpy-2.3.0-cp311-cp311-manylinux_2_28_x86_64.whl"

        assert seen.points(readings) == [(stage, at, 16.9e6) for at in (0.0, 2.3e6, 9.1e6, 12.9e6, 16.9e6)]
        assert [reading.message for reading in readings][:2] == [None, "73.5 MB/s"]

    def test_pytest_quiet(self, seen):
        readings = seen.readings(seen.recorded("pytest"))

        assert seen.points(readings) == [("tests", 100.0, 100.0), ("tests", None, None)]
        assert readings[-1].message == "1 failed, 29 passed"

    def test_rich(self, seen):
        assert seen.points(seen.readings(seen.recorded("rich"))) == [
            ("Working", at, 100.0) for at in (0.0, 25.0, 50.0, 75.0, 100.0)
        ]

    def test_rsync(self, seen):
        readings = seen.readings(seen.recorded("rsync"))

        assert seen.points(readings) == [(None, at, 100.0) for at in (0.0, 70.0, 98.0, 100.0)]
        assert readings[1].message == "39.10MB/s"

    def test_tqdm(self, seen):
        readings = seen.readings(seen.recorded("tqdm"))

        assert seen.points(readings) == [
            *(("load", float(done), 5.0) for done in range(6)),
            *(("dl", at, 2.86e6) for at in (0.0, 977e3, 1.91e6, 2.86e6)),
            *(("nototal", at, None) for at in (0.0, 7.0, 14.0, 21.0)),
            ("outer", 0.0, 2.0),
            *(("inner", at, 2.0) for at in (0.0, 1.0, 2.0)),
            ("outer", 1.0, 2.0),
            ("outer", 2.0, 2.0),
        ]
        assert [reading.unit for reading in readings if reading.stage == "dl"][1:] == ["B"] * 4

    def test_tqdm_bars_that_start_over_below_another_become_its_message(self, seen):
        readings = [reading for reading in seen.readings(seen.recorded("tqdm")) if reading.stage == "outer"]

        assert [reading.message for reading in readings] == [
            None, "4.12it/s", "inner 0/2", "inner 1/2", "inner 2/2", "4.12it/s",
        ]  # fmt: skip

    def test_wget(self, seen):
        points = seen.points(seen.readings(seen.recorded("wget")))

        assert points[:3] == [("null", 0.0, 100.0), ("null", 7.0, 100.0), ("null", 15.0, 100.0)]
        assert points[-1] == ("null", 100.0, 100.0)
        assert len(points) == 15

    def test_yt_dlp(self, seen):
        readings = seen.readings(seen.recorded("yt-dlp"))

        assert seen.points(readings)[-5:] == [("x.bin", at, 100.0) for at in (24.8, 49.5, 74.3, 99.1, 100.0)]
        assert readings[-1].message == "in 00:00:02 at 7.90MiB/s"


ONE_LINE = [
    # tqdm
    ("tqdm", " 20%|██        | 1/5 [00:00<00:00,  6.66it/s]", (None, 1.0, 5.0), "it", "6.66it/s"),
    ("tqdm", "a: b: 20%|██  | 1/5 [00:00<?, ?it/s]", ("a: b", 1.0, 5.0), "it", None),
    ("tqdm", "ep 1:  50%|##5  | 5/10 [1:02:03<00:05,  2.50s/img, loss=0.31, lr=1e-4]",
     ("ep 1", 5.0, 10.0), "img", "2.50s/img, loss=0.31, lr=1e-4"),
    ("tqdm", "dl:  33%|███▎ | 977k/2.86M [00:00<00:00, 7.54MB/s]", ("dl", 977e3, 2.86e6), "B", "7.54MB/s"),
    ("tqdm", "dl:  50%|██ | 1.00Gi/2.00Gi [00:00<00:00, 7.54MB/s]", ("dl", 2.0**30, 2.0**31), "B", "7.54MB/s"),
    ("tqdm", "58it [00:01, 2.4s/it]", (None, 58.0, None), "it", "2.4s/it"),
    ("tqdm", "get: 1.20MB [00:01, 1.1MB/s]", ("get", 1.2e6, None), "B", "1.1MB/s"),
    # rich
    ("rich", "Working ━━━━╺━━━━━  25% 0:00:01", ("Working", 25.0, 100.0), "%", "0:00:01"),
    ("rich", "Copy ━━━━━━╸      12/40 0:00:01", ("Copy", 12.0, 40.0), None, "0:00:01"),
    ("rich", "big.iso ━━━━━━━━ 10.5/16.9 MB 73.5 MB/s 0:00:01", ("big.iso", 10.5e6, 16.9e6), "B", "73.5 MB/s 0:00:01"),
    # alive-progress
    ("alive-progress", "|██████ | ▃▅▇ 1,000/4,000 [25%] in 12s (~36s, 83.3/s)", (None, 1000.0, 4000.0), None, "~36s, 83.3/s"),
    ("alive-progress", "on 3 |████⚠  | (!) 3/4 [75%] in 0.9s (3.31/s)", ("on 3", 3.0, 4.0), None, "3.31/s"),
    ("alive-progress", "|███ | ▃▅▇ 12 in 3s (4.0/s)", (None, 12.0, None), None, "4.0/s"),
    # pip
    ("pip", "     ━━━━━╺━━━ 2.3/16.9 MB 73.5 MB/s eta 0:00:01", ("Downloading", 2.3e6, 16.9e6), "B", "73.5 MB/s"),
    ("pip", "   ━━━━━━━━━━ 512.0/512.0 kB ? eta -:--:--", ("Downloading", 512e3, 512e3), "B", None),
    ("pip", "Progress 1048576 of 16929402", ("Downloading", 1048576.0, 16929402.0), "B", None),
    ("pip", "Installing collected packages: a, b", ("Installing", None, None), None, "a, b"),
    ("pip", "   ━━━━━━━━━━ 2/3 [numpy]", ("Installing", 2.0, 3.0), "packages", "numpy"),
    # keras
    ("keras", "Epoch 2/5", ("Epochs", 1.0, 5.0), "epochs", None),
    ("keras", " 38/100 ━━━━━━━━━━━━━━━━━━━━ 1s 9ms/step - accuracy: 0.51", (None, 38.0, 100.0), "steps", "1s 9ms/step - accuracy: 0.51"),
    ("keras", "38/100 [=====>.....] - ETA: 1s - loss: 0.2", (None, 38.0, 100.0), "steps", "ETA: 1s - loss: 0.2"),
    # pytest
    ("pytest", "t/test_a.py ..F..                              [ 53%]", ("tests", 53.0, 100.0), "%", "t/test_a.py"),
    ("pytest", "......F..s                                     [ 53%]", ("tests", 53.0, 100.0), "%", None),
    ("pytest", "t/test_a.py::test_x[0] PASSED                  [  3%]", ("tests", 3.0, 100.0), "%", "t/test_a.py::test_x[0] passed"),
    ("pytest", "t/test_a.py::test_y SKIPPED (no tool)          [ 10%]", ("tests", 10.0, 100.0), "%", "t/test_a.py::test_y skipped"),
    ("pytest", "[gw0] [  3%] PASSED t/test_a.py::test_x", ("tests", 3.0, 100.0), "%", "t/test_a.py::test_x passed"),
    ("pytest", "==== 1 failed, 29 passed, 2 warnings in 0.52s ====", ("tests", None, None), None, "1 failed, 29 passed, 2 warnings"),
    # curl, wget, yt-dlp
    ("curl", "100  1000  100  1000    0     0   2000      0 --:--:-- --:--:-- --:--:--  2000", (None, 1000.0, 1000.0), "B", "2000/s"),
    ("curl", "  5  10.0G    0     0    5  512M      0  80.0M  0:02:08  0:00:06  0:02:02  80.0M",
     (None, 512 * 1024.0**2, 10 * 1024.0**3), "B", "80.0M/s"),
    ("curl", "####                                     23.2%", (None, 23.2, 100.0), "%", None),
    ("wget", "file.iso   37%[====>     ]   6.08M  6.00MB/s    eta 2s", (None, 37.0, 100.0), "%", "6.00MB/s"),
    ("wget", "index.html    [ <=>      ]  15.20K  --.-KB/s    in 0.001s", (None, 15.2 * 1024, None), "B", "--.-KB/s"),
    ("wget", " 16400K .......... .......... 99%  381M 0s", (None, 99.0, 100.0), "%", "381M"),
    ("wget", " 16450K .......... .......... ..        100%  381M=0.04s", (None, 100.0, 100.0), "%", "381M"),
    ("yt-dlp", "[download]  12.5% of ~  16.15MiB at    6.11MiB/s ETA 00:02 (frag 3/24)", (None, 12.5, 100.0), "%",
     "at 6.11MiB/s ETA 00:02 (frag 3/24)"),
    ("yt-dlp", 'HW {"status": "downloading", "downloaded_bytes": 1024, "total_bytes": 4096, "filename": "out/v.mp4"}',
     ("v.mp4", 1024.0, 4096.0), "B", "downloading"),
    ("yt-dlp", 'HW {"downloaded_bytes": 10, "total_bytes": null, "total_bytes_estimate": 40.5}', (None, 10.0, 40.5), "B", None),
    # rsync, git
    ("rsync", "     43,122,688  70%   39.10MB/s    0:00:00", (None, 70.0, 100.0), "%", "39.10MB/s"),
    ("rsync", "         41.12M  70%   39.10MB/s    0:00:00 (xfr#1, to-chk=1/3)", (None, 70.0, 100.0), "%", "39.10MB/s"),
    ("git", "Receiving objects:  37% (123/332), 1.20 MiB | 2.40 MiB/s", ("Receiving objects", 123.0, 332.0), None, "1.20 MiB | 2.40 MiB/s"),
    ("git", "remote: Compressing objects: 100% (20/20), done.", ("Compressing objects", 20.0, 20.0), None, None),
    ("git", "Resolving deltas:   0% (0/55)", ("Resolving deltas", 0.0, 55.0), None, None),
    # ffmpeg
    ("ffmpeg", "size=     256kB time=00:00:05.50 bitrate= 381.0kbits/s speed= 11x", (None, 5.5, None), "s", "speed 11x"),
    # apt
    ("apt", "Reading package lists... 93%", ("Reading package lists", 93.0, 100.0), "%", None),
    ("apt", "dlstatus:1:41.6667:Retrieving file 1 of 2", ("Downloading", 41.6667, 100.0), "%", "Retrieving file 1 of 2"),
    ("apt", "pmstatus:libc6:60.0000:Unpacking libc6", ("Installing", 60.0, 100.0), "%", "Unpacking libc6"),
    ("apt", "12% [3 linux-image 12.3 MB/98.1 MB 12%]", ("Downloading", 12.0, 100.0), "%", "3 linux-image 12.3 MB/98.1 MB 12%"),
    ("apt", "Progress: [ 40%] [#######.........]", ("Installing", 40.0, 100.0), "%", None),
    # builds
    ("cargo", "    Building [=====>       ] 45/120: serde, syn", ("Building", 45.0, 120.0), None, "serde, syn"),
    ("cmake", "[ 42%] Building CXX object a.o", (None, 42.0, 100.0), "%", "Building CXX object a.o"),
    ("ninja", "[12/345] CC a.o", (None, 12.0, 345.0), "steps", "CC a.o"),
    ("docker", "#7 [3/9] RUN make", ("build", 2.0, 9.0), "steps", "RUN make"),
    ("docker", "#11 [stage-1 2/4] COPY . .", ("stage-1", 1.0, 4.0), "steps", "COPY . ."),
]  # fmt: skip


class TestLines:
    @pytest.mark.parametrize(
        ("source", "line", "point", "unit", "message"), ONE_LINE, ids=[f"{row[0]} {row[1].strip()}" for row in ONE_LINE]
    )
    def test_a_line_says_what_its_tool_means(self, seen, source, line, point, unit, message):
        stage, current, total = point
        expected = Reading(stage=stage, current=current, total=total, unit=unit, message=message, source=source)

        assert seen.read([line]) == [expected]
        assert seen.read(redrawn(line)) == [expected]

    def test_every_format_that_knows_its_tool_is_tried_by_some_line(self):
        tried = {row[0] for row in ONE_LINE}

        assert {form.name for form in FORMATS} == tried

    def test_every_hint_is_part_of_what_its_pattern_takes(self):
        """A hint that a matching line lacks would silence the format."""
        for form in (*FORMATS, *GENERIC):
            for _, line, *_ in ONE_LINE:
                if form.pattern.search(line):
                    assert form.hint in line, form.name


class TestContext:
    """Lines that need what an earlier line said."""

    def test_ffmpeg_counts_against_the_longest_input(self, seen):
        assert seen.points(
            seen.read(
                [
                    "  Duration: 00:00:30.00, start: 0.000000, bitrate: 100 kb/s",
                    "  Duration: 00:01:00.50, start: 0.000000, bitrate: 100 kb/s",
                    "  Duration: 00:00:20.00, start: 0.000000, bitrate: 100 kb/s",
                    *redrawn("frame=  350 fps=1 q=1 size= 5kB time=00:00:30.25 bitrate= 3.6kbits/s speed=23.2x"),
                ]
            )
        ) == [(None, 30.25, 60.5)]

    def test_ffmpeg_without_a_time_yet_says_nothing(self, seen):
        assert seen.read(["frame=    0 fps=0.0 q=0.0 size= 0kB time=N/A bitrate=N/A speed=N/A"]) == []

    def test_ffmpeg_key_value_blocks_are_read_at_their_end(self, seen):
        blocks = ["frame=10", "out_time_us=5000000", "out_time_ms=5000000", "progress=continue"]
        end = ["out_time_us=19960000", "progress=end"]

        assert seen.points(seen.read(["  Duration: 00:00:20.00, start: 0.0", *blocks, *end])) == [
            (None, 5.0, 20.0),
            (None, 20.0, 20.0),
        ]

    def test_dots_of_pytest_count_before_their_line_has_a_percentage(self, seen):
        lines = [
            "collected 20 items",
            *redrawn("t/test_a.py ...", "t/test_a.py ....."),
            "t/test_a.py .......... [ 50%]",
        ]

        assert seen.points(seen.read([*lines, *redrawn("t/test_b.py ....")])) == [
            ("tests", at, 100.0) for at in (0.0, 15.0, 25.0, 50.0, 70.0)
        ]

    def test_docker_counts_a_step_when_it_is_done_and_a_cached_one_too(self, seen):
        lines = ["#5 [1/3] FROM x", "#5 CACHED", "#6 [2/3] RUN y", "#6 0.5 output", "#6 DONE 1.0s", "#9 DONE 0.1s"]

        assert seen.points(seen.read(lines)) == [("build", float(done), 3.0) for done in (0, 1, 2)]

    def test_keras_names_its_bars_by_epoch(self, seen):
        lines = ["Epoch 1/2", *redrawn("50/100 ━━━━━━━ 1s"), "Epoch 2/2", *redrawn("7/100 ━━━━━━━ 1s")]

        assert seen.points(seen.read(lines)) == [
            ("Epochs", 0.0, 2.0),
            ("Epoch 1 of 2", 50.0, 100.0),
            ("Epochs", 1.0, 2.0),
            ("Epoch 2 of 2", 7.0, 100.0),
        ]

    def test_pip_gives_each_file_a_stage(self, seen):
        lines = [
            "  Downloading a-1.whl (2.0 MB)",
            *redrawn("  ━━━━━━━ 1.0/2.0 MB 7.5 MB/s eta 0:00:01"),
            "  Downloading b-1.whl (2.0 MB)",
            *redrawn("  ━━━━━━━ 0.5/2.0 MB 7.5 MB/s eta 0:00:01"),
        ]

        assert [stage for stage, _, _ in seen.points(seen.read(lines))] == [
            "Downloading a-1.whl",
            "Downloading b-1.whl",
        ]

    def test_rsync_claims_no_share_while_it_still_lists_files(self, seen):
        readings = seen.read(
            redrawn(
                "     30,000  98%   39.10MB/s    0:00:00 (xfr#1, ir-chk=1000/2000)",
                "     31,000  99%   39.10MB/s    0:00:00",
                "     32,000  40%   39.10MB/s    0:00:00 (xfr#9, to-chk=600/2000)",
            )
        )

        assert seen.points(readings) == [(None, None, None), (None, 40.0, 100.0)]
        assert readings[0].message == "30,000 bytes, 39.10MB/s, still listing files"

    def test_rsync_that_finds_more_files_waits_where_it_was(self, seen):
        lines = redrawn(*(f"     30,000  {at}%   39.10MB/s    0:00:00" for at in (70, 60, 5, 80)))

        assert [at for _, at, _ in seen.points(seen.read(lines))] == [70.0, 5.0, 80.0]

    def test_a_total_that_grows_is_no_new_stage_for_a_build(self, seen):
        lines = ["[10/20] CC a.o", "[11/40] CC b.o", "[30/40] CC c.o"]

        assert seen.points(seen.read(lines)) == [(None, 10.0, 20.0), (None, 30.0, 40.0)]

    def test_wget_names_the_file_whole_although_the_bar_scrolls_it(self, seen):
        lines = ["Saving to: ‘a-very-long-name.iso’", *redrawn("a-very-l   1%[> ] 1K", "-very-lo   2%[> ] 2K")]

        assert seen.points(seen.read(lines)) == [
            ("a-very-long-name.iso", 1.0, 100.0),
            ("a-very-long-name.iso", 2.0, 100.0),
        ]


class TestOrder:
    def test_a_known_bar_silences_guesses_until_it_ends(self, seen):
        bar = "{}|█ | {}/10 [00:00<00:00, 1it/s]"
        lines = [
            *redrawn(bar.format(" 10%", 1), "loss 40%"),
            "50% of it",
            *redrawn(bar.format("100%", 10), "next 40%"),
        ]

        assert [reading.source for reading in seen.read(lines)] == ["tqdm", "tqdm", "percent"]

    def test_a_command_that_speaks_for_itself_is_believed_alone(self, seen):
        lines = [
            "::headway progress=0.2",
            *redrawn(" 90%|█ | 9/10 [00:00<00:00, 1it/s]"),
            "80%",
            "::headway progress=0.3",
        ]

        assert seen.points(seen.read(lines)) == [(None, 0.2, 1.0), (None, 0.3, 1.0)]

    def test_json_on_the_pipe_and_marked_lines_are_one_voice(self):
        reader = Reader()
        first = reader.read_json(b'{"progress": 0.5, "stage": "encode"}')
        second = reader.read(Line("::headway progress=0.4 stage=encode", transient=False))

        assert first == Reading(stage="encode", current=0.5, total=1.0, source="headway")
        assert second is None

    def test_a_line_longer_than_any_bar_is_not_read(self, seen):
        assert seen.read(["50% " + "x" * MAX_LINE]) == []

    @given(st.text(alphabet=" .:%|[]/━=#0123456789aeé(),-", max_size=300), st.booleans())
    def test_any_line_is_read_without_an_error_and_within_its_total(self, seen, text, transient):
        for reading in seen.read([Line(text, transient=transient)]):
            assert reading.current is None or reading.total is None or 0 <= reading.current <= reading.total
