"""Python source as the index wants it."""

from __future__ import annotations

from headway.demo.source import python_files, read_source


def test_files_are_found_in_order_and_tests_and_packages_of_others_are_left_out(tmp_path):
    for name in ("b.py", "a/z.py", "a/data.txt", "tests/t.py", "site-packages/p.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")

    assert [path.relative_to(tmp_path).as_posix() for path in python_files(tmp_path)] == ["a/z.py", "b.py"]


def test_functions_and_classes_are_found_with_their_lines(tmp_path):
    (tmp_path / "m.py").write_text("import os\n\nclass A:\n    async def f(self): ...\n\ndef g(): ...\n")

    source = read_source(tmp_path / "m.py", tmp_path)

    assert len(source.lines) == 6
    assert sorted(source.symbols) == [
        ("A", "class", "m.py", 3),
        ("f", "function", "m.py", 4),
        ("g", "function", "m.py", 6),
    ]


def test_a_file_that_can_not_be_parsed_is_still_searched_by_line(tmp_path):
    (tmp_path / "m.py").write_text("def (:\n")

    source = read_source(tmp_path / "m.py", tmp_path)

    assert (source.lines, source.symbols) == (["def (:"], [])
    assert source.problem.startswith("not parsed: ")


def test_a_file_that_can_not_be_read_says_why(tmp_path):
    (tmp_path / "m.py").write_bytes(b"x = '\xff'\n")

    assert read_source(tmp_path / "m.py", tmp_path).problem.startswith("not read: ")


def test_the_encoding_that_a_file_names_is_honoured(tmp_path):
    (tmp_path / "m.py").write_bytes("# -*- coding: latin-1 -*-\nname = 'é'\n".encode("latin-1"))

    assert read_source(tmp_path / "m.py", tmp_path).lines[1] == "name = 'é'"
