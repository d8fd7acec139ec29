"""When the dashboard is built for a package, with what, and what is refused. tools/dashboard.py; no Node is started.

A real build is `make dashboard`, and what the tests of the browser look at.
"""

from __future__ import annotations

import importlib.util
import json
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent


def tool() -> ModuleType:
    """tools/dashboard.py as a module."""
    spec = importlib.util.spec_from_file_location("dashboard_tool", ROOT / "tools" / "dashboard.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


dashboard = tool()
NODE = dashboard.Node(Path("/usr/bin/node"), ("/usr/bin/npm",), "22.12.0")
PAGE = f'<head>{dashboard.PLACEHOLDER}<link href="./icon.svg"><script src="./assets/x.js"></script></head>'


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A tree with sources and no build."""
    for name in dashboard.SOURCES:
        place = tmp_path / name
        if Path(name).suffix:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text('{"packages": {}}')
        else:
            place.mkdir(parents=True, exist_ok=True)
            (place / "main.ts").write_text("run()")
    return tmp_path


@pytest.fixture
def built(checkout: Path) -> Path:
    """The same with a build of them."""
    folder = checkout / dashboard.BUILT
    folder.mkdir(parents=True)
    (folder / "index.html").write_text(PAGE)
    (folder / dashboard.STAMP).write_text(dashboard.stamp_of(checkout) + "\n")
    return checkout


class TestWhenItIsBuilt:
    def test_a_checkout_without_a_build_makes_one_due(self, checkout: Path):
        assert dashboard.is_due(checkout, {})

    def test_a_build_of_the_sources_as_they_are_is_not_made_again(self, built: Path):
        assert not dashboard.is_due(built, {})

    @pytest.mark.parametrize(
        "changed",
        ["web/main.ts", "web/new.ts", "clients/typescript/src/main.ts", "package-lock.json", "web/src/a/b.css"],
    )
    def test_a_changed_source_makes_one_due(self, changed: str, built: Path):
        place = built / changed
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("changed")

        assert dashboard.is_due(built, {})

    def test_a_renamed_source_makes_one_due(self, built: Path):
        (built / "web/main.ts").rename(built / "web/other.ts")

        assert dashboard.is_due(built, {})

    @pytest.mark.parametrize(
        "name",
        [
            "web/main.test.tsx",
            "web/test/setup.ts",
            "web/e2e/a.ts",
            "web/node_modules/x/x.js",
            "web/.cache",
            "README.md",
        ],
    )
    def test_what_the_build_does_not_read_makes_none_due(self, name: str, built: Path):
        (built / name).parent.mkdir(parents=True, exist_ok=True)
        (built / name).write_text("new")

        assert not dashboard.is_due(built, {})

    def test_a_tree_without_sources_makes_none_due_so_an_sdist_may_leave_them_out(self, built: Path):
        (built / "package-lock.json").unlink()

        assert not dashboard.is_due(built, {})
        assert dashboard.is_built(built)

    def test_who_asks_to_do_without_gets_none(self, checkout: Path):
        assert not dashboard.is_due(checkout, {dashboard.SKIP: "1"})


class TestWithWhat:
    def test_node_comes_from_pypi_only_where_a_build_is_due_and_the_machine_has_none(self, checkout: Path):
        assert dashboard.requirements(checkout, {}) == [dashboard.NODE_WHEEL]
        assert dashboard.requirements(checkout, {}, node=NODE) == []
        assert dashboard.requirements(checkout, {dashboard.SKIP: "1"}) == []

    def test_it_never_comes_where_the_build_is_there(self, built: Path):
        assert dashboard.requirements(built, {}) == []

    @pytest.mark.parametrize(
        ("version", "fits"),
        [
            ("20.19.0", True),
            ("20.18.3", False),
            ("21.7.0", False),
            ("22.11.0", False),
            ("22.12.0", True),
            ("24.19.0", True),
            ("18.20.0", False),
            ("", False),
        ],
    )
    def test_a_node_that_vite_does_not_run_on_is_passed_over(self, version: str, fits: bool):
        assert dashboard.new_enough(version) is fits

    @pytest.mark.parametrize(
        ("programs", "found"),
        [
            ({"node": "v22.12.0", "npm": ""}, True),
            ({"node": "v18.1.0", "npm": ""}, False),
            ({"node": "v22.12.0"}, False),
            ({}, False),
        ],
    )
    def test_node_of_the_path_counts_with_npm_beside_it(self, programs: dict[str, str], found: bool, tmp_path: Path):
        for name, said in programs.items():
            (tmp_path / name).write_text(f"#!/bin/sh\necho {said}\n")
            (tmp_path / name).chmod(0o755)

        node = dashboard.node_on_path({"PATH": str(tmp_path)})

        assert (node is not None) is found
        assert node is None or node.npm == (str(tmp_path / "npm"),)


LOCK = {
    "": {},
    "web": {"version": "1.0.0"},
    "node_modules/web": {"link": True},
    "node_modules/vite": {"version": "8.3.8"},
    "node_modules/fsevents": {"version": "2.3.3", "optional": True},
}


class TestPackages:
    def tree(self, folder: Path, version: str) -> Path:
        (folder / "package-lock.json").write_text(json.dumps({"packages": LOCK}))
        (folder / "node_modules/vite").mkdir(parents=True)
        installed = {"packages": {"node_modules/vite": {"version": version}}}
        (folder / "node_modules/.package-lock.json").write_text(json.dumps(installed))
        return folder

    def test_what_the_lock_names_and_is_there_is_not_installed_again(self, tmp_path: Path):
        assert not dashboard.packages_are_due(self.tree(tmp_path, "8.3.8"))

    def test_another_version_or_a_missing_folder_is_installed(self, tmp_path: Path):
        old, gone, none = (tmp_path / name for name in ("old", "gone", "none"))
        for folder in (old, gone, none):
            folder.mkdir()
        self.tree(old, "8.3.7")
        (self.tree(gone, "8.3.8") / "node_modules/vite").rmdir()
        (none / "package-lock.json").write_text(json.dumps({"packages": LOCK}))

        assert [dashboard.packages_are_due(folder) for folder in (old, gone, none)] == [True, True, True]


class TestWhatIsRefused:
    def test_a_page_with_its_placeholder_first_and_relative_links_is_fine(self, built: Path):
        dashboard.check(built / dashboard.BUILT)

    @pytest.mark.parametrize(
        ("page", "sentence"),
        [
            ("", "lacks <!--headway-->"),
            ('<head><link href="./icon.svg"></head>', "lacks <!--headway-->"),
            ('<head><link href="./icon.svg"><!--headway--></head>', "before its first link"),
            ('<head><!--headway--><script src="/assets/x.js"></script></head>', "absolute link /assets/x.js"),
        ],
    )
    def test_one_that_would_not_work_below_a_prefix_is_not(self, page: str, sentence: str, built: Path):
        (built / dashboard.BUILT / "index.html").write_text(page)

        with pytest.raises(dashboard.CanNotBuild, match=sentence):
            dashboard.check(built / dashboard.BUILT)

    def test_a_build_that_fails_leaves_the_old_one_and_says_how_to_go_on(self, built: Path):
        npm = built / "npm"
        npm.write_text("#!/bin/sh\necho 'it is broken'\necho '    at some (file.js:1)'\nexit 3\n")
        npm.chmod(0o755)

        with pytest.raises(dashboard.CanNotBuild) as caught:
            dashboard.build(built, NODE._replace(npm=(str(npm),)))

        said = str(caught.value)
        assert "`npm run build` failed (3).\nit is broken\n" in said
        assert "HEADWAY_SKIP_DASHBOARD=1" in said
        assert dashboard.is_current(built)

    def test_a_build_that_works_takes_the_place_of_the_old_one_whole(self, built: Path):
        npm = built / "npm"
        npm.write_text('#!/bin/sh\nmkdir -p "$7" && printf %s "$PAGE" > "$7/index.html"\n')
        npm.chmod(0o755)
        (built / "node_modules").mkdir()
        (built / dashboard.BUILT / "old.js").touch()
        (built / "web/main.ts").write_text("changed")

        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PAGE", PAGE)
            dashboard.build(built, NODE._replace(npm=(str(npm),)))

        assert dashboard.is_current(built)
        assert {place.name for place in (built / dashboard.BUILT).iterdir()} == {dashboard.STAMP, "index.html"}
        assert list((built / "node_modules").iterdir()) == []


class TestThisProject:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())

    def test_an_sdist_has_all_that_the_build_reads_and_the_hook(self):
        packed = self.project["tool"]["hatch"]["build"]["targets"]["sdist"]["only-include"]

        tops = {Path(source).parts[0] for source in dashboard.SOURCES}
        assert tops | {"tools"} <= set(packed)
        assert (ROOT / "hatch_build.py").is_file()

    def test_what_is_built_is_packed_though_git_ignores_it(self):
        assert self.project["tool"]["hatch"]["build"]["artifacts"] == [f"/{dashboard.BUILT.as_posix()}/**"]
        assert f"/{dashboard.BUILT.as_posix()}/" in (ROOT / ".gitignore").read_text().splitlines()

    def test_every_source_is_there(self):
        assert dashboard.has_sources(ROOT)

    def test_the_index_of_the_sources_has_the_placeholder(self):
        page = (ROOT / "web" / "index.html").read_text()

        assert "href=" not in page.partition(dashboard.PLACEHOLDER)[0]
        assert dashboard.PLACEHOLDER in page
