"""examples/mcp_crawler, pages: what is read of odd answers, true progress, manners, and addresses that are refused."""

from __future__ import annotations

import gzip
import ipaddress
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from crawler.addresses import Allowed, public
from crawler.bounded import bounded
from crawler.errors import CrawlError
from crawler.fetching import Fetcher, Limits, web_url
from crawler.page import parsed
from crawler.pages import check
from crawler.robots import Rules
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import crawling
from crawling import Site, calls, moved, page

pytestmark = pytest.mark.filterwarnings("ignore::mcp.shared.exceptions.MCPDeprecationWarning")

HTML = """<!doctype html><html lang="de"><head><title> Ein
 Titel </title><meta name="description" content="Worum es geht"><link rel="canonical" href="/eins">
<style>p { color: red }</style><script>var hidden = 1;</script></head><body>
<nav><a href="zwei?x=1#teil">Zwei</a> <a href="https://example.org/">Fort</a> <a href="javascript:alert(1)">Nein</a></nav>
<h1>Äpfel &amp; Birnen</h1><p>Ein <b>Absatz</b>
 mit Umbruch.</p><ul><li>eins</li><li>zwei</li></ul><h2>Code</h2><pre>a:
  b</pre><p hidden>unsichtbar</p></body></html>"""


@pytest.fixture
def site() -> Iterator[Site]:
    with crawling.a_site() as running:
        yield running


def allowing(site: Site) -> dict[str, str]:
    return {"CRAWLER_ALLOW_ADDRESSES": f"127.0.0.1:{site.port}"}


class TestAPage:
    async def test_gives_title_headings_links_and_what_a_reader_sees(self, site: Site, tmp_path: Path):
        site.answers["/ordner/seite"] = page(HTML)

        async with calls(tmp_path, **allowing(site)) as crawler:
            found = await crawler.data("crawl_single_page", url=f"{site.url}/ordner/seite#unten")

        assert {key: found[key] for key in ("title", "description", "language", "canonical", "url")} == {
            "title": "Ein Titel", "description": "Worum es geht", "language": "de",
            "canonical": f"{site.url}/eins", "url": f"{site.url}/ordner/seite",
        }  # fmt: skip
        assert found["headings"] == [{"level": 1, "text": "Äpfel & Birnen"}, {"level": 2, "text": "Code"}]
        assert found["links"] == [
            {"url": f"{site.url}/ordner/zwei?x=1", "text": "Zwei", "same_host": True},
            {"url": "https://example.org/", "text": "Fort", "same_host": False},
        ]
        assert found["text"].splitlines() == [
            "Zwei Fort Nein", "# Äpfel & Birnen", "Ein Absatz mit Umbruch.", "- eins", "- zwei", "## Code", "a:", "  b",
        ]  # fmt: skip

    async def test_is_cut_at_max_text_and_says_so(self, site: Site, tmp_path: Path):
        site.answers["/"] = page("word " * 100, "text/plain")

        async with calls(tmp_path, **allowing(site)) as crawler:
            found = await crawler.data("crawl_single_page", url=site.url, max_text=9)

        assert (found["text"], found["truncated"]) == ("word word", True)

    @pytest.mark.parametrize(
        ("content", "kind", "charset"),
        [
            ("<p>Привет", "text/html; charset=windows-1251", "windows-1251"),
            ("<meta charset=koi8-r><p>Привет", "text/html", "koi8-r"),
            ("<p>Привет", "text/html; charset=no-such-thing", "utf-8"),
            ("Привет", "text/plain; charset=utf-16", "utf-16"),
        ],
    )
    async def test_is_read_in_its_own_charset(self, site: Site, tmp_path: Path, content: str, kind: str, charset: str):
        site.answers["/"] = page(content.encode(charset), kind)

        async with calls(tmp_path, **allowing(site)) as crawler:
            found = await crawler.data("crawl_single_page", url=site.url)

        assert (found["text"], found["charset"]) == ("Привет", charset)

    async def test_nested_deeper_than_any_stack_is_read(self, site: Site, tmp_path: Path):
        site.answers["/"] = page("<div>" * 5_000 + "deep")

        async with calls(tmp_path, **allowing(site)) as crawler:
            found = await crawler.data("crawl_single_page", url=site.url)

        assert found["text"] == "deep"

    async def test_made_to_be_parsed_for_hours_is_given_up_and_others_are_read_meanwhile(self):
        hours = b"<div>" * 400_000

        async with anyio.create_task_group() as group:
            group.start_soon(slow, hours)
            short = await bounded(parsed, b"<title>short</title>" + b"x" * 60_000, None, "http://a.example/")

        assert short.title == "short"

    async def test_of_very_many_links_gives_the_first_thousand(self):
        content = "".join(f"<p><a href=/{number}>n</a>" for number in range(20_000)).encode()

        found = await bounded(parsed, content, None, "http://a.example/")

        assert [found.links[0], found.links[-1], len(found.links)] == [
            ("http://a.example/0", "n"), ("http://a.example/999", "n"), 1000,
        ]  # fmt: skip

    async def test_that_no_parser_reads_is_refused_wherever_it_is_parsed(self):
        for length in (10, 100_000):
            with pytest.raises(CrawlError, match="is called text, and is binary"):
                await bounded(parsed, b"\0" * length, None, "http://a.example/")


async def slow(content: bytes) -> None:
    with pytest.raises(CrawlError, match=r"could not be parsed within 0\.5 s"):
        await bounded(parsed, content, None, "http://a.example/", within_s=0.5)


class TestProgress:
    async def test_is_bytes_of_the_content_length_and_never_falls(self, site: Site, tmp_path: Path):
        content = b"<p>" + b"x" * 900_000
        site.answers["/"] = page(content)

        async with calls(tmp_path, **allowing(site)) as crawler:
            await crawler.data("crawl_single_page", url=site.url)

        amounts = [done for done, _, _ in crawler.progress]
        assert amounts == sorted(amounts)
        assert crawler.progress[0] == (0, len(content), "0 of 900,003 bytes")
        assert crawler.progress[-1] == (len(content), len(content), "900,003 of 900,003 bytes")
        assert {total for _, total, _ in crawler.progress} == {len(content)}

    async def test_of_compressed_content_is_what_came_over_the_wire(self, site: Site, tmp_path: Path):
        packed = gzip.compress(b"<p>" + bytes(range(32, 127)) * 999)
        site.answers["/"] = page(packed, Content_Encoding="gzip")

        async with calls(tmp_path, **allowing(site)) as crawler:
            found = await crawler.data("crawl_single_page", url=site.url)

        assert crawler.progress[-1][:2] == (len(packed), len(packed))
        assert found["bytes"] == 3 + 95 * 999

    async def test_without_a_length_is_a_count_without_a_total(self, site: Site, tmp_path: Path):
        def endless(request: Any) -> None:
            request.send_response(200)
            request.send_header("Content-Type", "text/plain")
            request.end_headers()
            request.wfile.write(b"y" * 70_000)

        site.answers["/"] = endless

        async with calls(tmp_path, **allowing(site)) as crawler:
            found = await crawler.data("crawl_single_page", url=site.url)

        assert {total for _, total, _ in crawler.progress} == {None}
        assert found["bytes"] == 70_000

    async def test_of_a_slow_body_stands_where_it_is(self, site: Site, tmp_path: Path):
        site.answers["/"] = site.paused(b"0123456789", at=4)

        async with calls(tmp_path, **allowing(site)) as crawler:

            async def tell(done: float, total: float | None, message: str | None) -> None:
                crawler.progress.append((done, total, message))
                site.going_on.set()  # the rest comes only when we have heard of the beginning

            await crawler.client.call_tool("crawl_single_page", {"url": site.url}, progress_callback=tell)

        assert crawler.progress[0][:2] == (0, 10)
        assert crawler.progress[-1][:2] == (10, 10)


class TestRefused:
    @pytest.mark.parametrize(
        ("answer", "sentence"),
        [
            (page(b"%PDF", "application/pdf"), "is application/pdf: only HTML and text are read."),
            (page(b"<p>\0\0", "text/html"), "The answer is called text, and is binary."),
            (page("gone", status=410), "answered 410 Gone."),
            (page("x" * 2001), "has 2,001 bytes, more than 2,000 (max_bytes)."),
            (page(gzip.compress(b"x" * 1_000_000), Content_Encoding="gzip"), "has more than 2,000 bytes (max_bytes)."),
            (page(gzip.compress(b"x" * 99)[:-9], Content_Encoding="gzip"), "ended in the middle of its compressed"),
            (page(b"plain", Content_Encoding="gzip"), "says gzip and is none"),
            (page(b"?", Content_Encoding="br"), "is encoded by 'br', which was not asked for."),
            (page(b"short", Content_Length="50"), "(received 5 bytes, expected 50)"),
            (moved("ftp://example.org/"), "is no http or https URL."),
            (moved("http://me:secret@example.org/"), "is not fetched: that of example.org has one."),
            (moved("/"), "was redirected more than 10 times, last to"),
        ],
    )
    async def test_is_said_by_what_was_wrong(self, site: Site, tmp_path: Path, answer: Any, sentence: str):
        site.answers["/"] = answer

        async with calls(tmp_path, **allowing(site)) as crawler:
            said = await crawler.refusal("crawl_single_page", url=site.url, max_bytes=2000)

        assert sentence in said
        assert "secret" not in said

    async def test_is_a_page_that_takes_too_long(self, site: Site):
        site.answers["/"] = site.paused(b"0123456789", at=4)
        fetcher = Fetcher("t", answering("127.0.0.1"), Allowed.of(f"127.0.0.1:{site.port}"))

        for limits, sentence in (
            (Limits(timeout_s=0.05), "took longer than 0.05 s (timeout_s)."),
            (Limits(quiet_s=0.05), "was silent for 0.05 s."),
        ):
            with pytest.raises(CrawlError) as refused:
                await fetcher.get(site.url, limits=limits, permit=anything, check=check, on_bytes=unseen)
            assert sentence in str(refused.value)

    @pytest.mark.parametrize("url", ["file:///etc/passwd", "no url", "http://", "gopher://x/", "http://[::1", "//x"])
    async def test_is_what_is_no_web_address(self, tmp_path: Path, url: str):
        async with calls(tmp_path) as crawler:
            said = await crawler.refusal("crawl_single_page", url=url)

        assert "URL" in said


class TestRobots:
    async def test_are_obeyed_before_a_page_is_asked_for(self, site: Site, tmp_path: Path):
        site.answers |= {
            "/robots.txt": page("User-agent: *\nDisallow: /private", "text/plain"),
            "/private/a": page("a"),
        }

        async with calls(tmp_path, **allowing(site)) as crawler:
            said = await crawler.refusal("crawl_single_page", url=f"{site.url}/private/a")

        assert said == f"robots.txt of 127.0.0.1 does not allow {site.url}/private/a."
        assert site.asked == ["/robots.txt"]

    async def test_that_cannot_be_read_allow_nothing(self, site: Site, tmp_path: Path):
        site.answers |= {"/robots.txt": page("", status=503), "/": page("a")}

        async with calls(tmp_path, **allowing(site)) as crawler:
            said = await crawler.refusal("crawl_single_page", url=site.url)

        assert "answered 503: until it can be read, nothing there may be fetched." in said

    async def test_hold_at_each_redirect_and_are_fetched_once(self, site: Site, tmp_path: Path):
        site.answers |= {
            "/robots.txt": page("User-agent: headway-mcp-crawler\nDisallow: /no\n", "text/plain"),
            "/": moved("/no"), "/no": page("a"), "/yes": page("b"),
        }  # fmt: skip

        async with calls(tmp_path, **allowing(site)) as crawler:
            said = await crawler.refusal("crawl_single_page", url=site.url)
            found = await crawler.data("crawl_single_page", url=f"{site.url}/yes")

        assert "does not allow" in said
        assert found["text"] == "b"
        assert site.asked == ["/robots.txt", "/", "/yes"]

    async def test_crawl_delay_is_kept_between_calls(self, site: Site, tmp_path: Path):
        site.answers |= {"/robots.txt": page("User-agent: *\nCrawl-delay: 7", "text/plain"), "/": page("a")}
        pauses: list[float] = []

        async def sleep(seconds: float) -> None:
            pauses.append(seconds)

        async with calls(tmp_path, {"sleep": sleep}, **allowing(site)) as crawler:
            await crawler.data("crawl_single_page", url=site.url)
            await crawler.data("crawl_single_page", url=site.url)

        (pause,) = pauses
        assert 6 < pause <= 7
        assert crawler.log == [f"waiting {pause:.1f} s: 127.0.0.1 wants a pause between pages"]

    @pytest.mark.parametrize(
        ("rules", "path", "allowed"),
        [
            ("User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/b/c", True),
            ("User-agent: *\nAllow: /a\nDisallow: /a/b", "/a/b", False),
            ("User-agent: *\nDisallow: /*.pdf$", "/x/y.pdf", False),
            ("User-agent: *\nDisallow: /*.pdf$", "/x/y.pdf?z", True),
            ("User-agent: *\nDisallow: /a*b*c", "/a1b2c3", False),
            ("User-agent: *\nDisallow: /a$", "/ab", True),
            ("User-agent: *\nDisallow:", "/a", True),
            ("User-agent: *\nDisallow: /\n\nUser-agent: us\nAllow: /", "/a", True),
            ("User-agent: us\nUser-agent: them\nDisallow: /", "/a", False),
            ("User-agent: *\nDisallow: /%61", "/a", False),
            ("User-agent: *\nDisallow: /", "/robots.txt", True),
            ("\ufeffuser-AGENT : *\r\ndisallow : /a # why", "/a", False),
        ],
    )
    def test_rules_are_those_of_rfc_9309(self, rules: str, path: str, allowed: bool):
        assert Rules.of(rules, "us/1.0").allow(path) is allowed


class TestAddresses:
    @pytest.mark.parametrize(
        "address",
        [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.100.100.200",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "192.0.0.192",
            "168.63.129.16",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::",
            "64:ff9b:1::1",
            "fec0::1",
            "240.0.0.1",
            "198.18.0.1",
        ],
    )
    def test_that_are_not_everybodys_are_refused(self, address: str):
        assert not public(ipaddress.ip_address(address))

    @pytest.mark.parametrize("address", ["93.184.216.34", "8.8.8.8", "2606:4700:4700::1111"])
    def test_of_the_internet_are_not(self, address: str):
        assert public(ipaddress.ip_address(address))

    @pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]"])
    async def test_of_this_machine_are_refused_however_written(self, site: Site, tmp_path: Path, host: str):
        async with calls(tmp_path) as crawler:
            said = await crawler.refusal("crawl_single_page", url=f"http://{host}:{site.port}/")

        assert "not public: refused." in said
        assert site.asked == []

    async def test_behind_a_redirect_are_refused_too(self, site: Site, tmp_path: Path):
        with crawling.a_site() as inside:
            site.answers["/"] = moved(inside.url)

            async with calls(tmp_path, **allowing(site)) as crawler:
                said = await crawler.refusal("crawl_single_page", url=site.url)

        assert "127.0.0.1 is not public: refused." in said
        assert said.endswith(f"CRAWLER_ALLOW_ADDRESSES=127.0.0.1:{inside.port}.")
        assert inside.asked == []

    async def test_are_all_judged_though_only_one_is_used(self, site: Site, tmp_path: Path):
        resolve = answering("93.184.216.34", "10.0.0.7")

        async with calls(tmp_path, {"resolve": resolve}) as crawler:
            said = await crawler.refusal("crawl_single_page", url="http://two.example/")

        assert "two.example is at 10.0.0.7, which is not public: refused." in said

    async def test_that_a_name_changes_to_are_judged_anew_at_each_connection(self, site: Site, tmp_path: Path):
        said_by_dns = [["127.0.0.1"], ["127.0.0.1"], ["127.0.0.2"]]
        site.answers["/"] = moved("/again")

        async def rebinding(host: str, port: int) -> list[str]:
            return said_by_dns.pop(0)

        async with calls(tmp_path, {"resolve": rebinding}, **allowing(site)) as crawler:
            said = await crawler.refusal("crawl_single_page", url=f"http://rebinding.example:{site.port}/")

        assert "rebinding.example is at 127.0.0.2, which is not public: refused." in said
        assert site.asked == ["/robots.txt", "/"]
        assert said_by_dns == []  # once for each connection: what was judged is what was connected to

    async def test_are_connected_to_by_address_and_asked_by_name(self, site: Site, tmp_path: Path):
        names: list[str | None] = []
        site.answers["/"] = lambda request: (names.append(request.headers["Host"]), page("x")(request))[1]

        async with calls(tmp_path, {"resolve": answering("127.0.0.1")}, **allowing(site)) as crawler:
            await crawler.data("crawl_single_page", url=f"http://named.example:{site.port}/")

        assert names == [f"named.example:{site.port}"]

    async def test_are_asked_by_tls_for_the_name_whose_certificate_must_be_good(self, tmp_path: Path):
        names: list[str | None] = []
        tls = self_signed("named.example", tmp_path)
        tls.sni_callback = lambda socket, name, context: names.append(name)

        with crawling.a_site(tls) as site:
            async with calls(tmp_path, {"resolve": answering("127.0.0.1")}, **allowing(site)) as crawler:
                said = await crawler.refusal("crawl_single_page", url=f"https://named.example:{site.port}/")

        assert names == ["named.example"]
        assert "CERTIFICATE_VERIFY_FAILED" in said

    @pytest.mark.parametrize("said", ["127.0.0.1", "localhost:80", "10.0.0.1/8:80", ":80", "127.0.0.1:http"])
    def test_are_allowed_one_by_one_with_their_port(self, said: str):
        with pytest.raises(ValueError, match="is no ADDRESS:PORT, such as"):
            Allowed.of(said)

    def test_are_allowed_for_one_port_only(self):
        allowed = Allowed.of("10.0.0.0/24:443, [::1]:80")

        assert allowed(ipaddress.ip_address("10.0.0.9"), 443)
        assert allowed(ipaddress.ip_address("::1"), 80)
        assert not allowed(ipaddress.ip_address("10.0.0.9"), 80)
        assert not allowed(ipaddress.ip_address("10.0.1.9"), 443)


class TestASite:
    async def test_is_read_from_near_to_far_and_no_further(self, site: Site, tmp_path: Path):
        site.answers |= {
            "/": page('<title>home</title><a href="/a">a</a><a href="/b">b</a><a href="http://127.0.0.1:1/">away</a>'),
            "/a": page('<title>a</title><a href="/c">c</a><a href="/">home</a>'),
            "/b": page("%PDF", "application/pdf"),
            "/c": page('<title>c</title><a href="/d">d</a>'),
            "/d": page("too deep"),
        }

        async with calls(tmp_path, **allowing(site)) as crawler:
            found = await crawler.data("crawl_site", url=site.url, pause_s=0)

        assert [(each["url"].removeprefix(site.url), each["depth"], each["title"]) for each in found["pages"]] == [
            ("/", 0, "home"), ("/a", 1, "a"), ("/b", 1, ""), ("/c", 2, "c"),
        ]  # fmt: skip
        assert "is application/pdf" in found["pages"][2]["error"]
        assert (found["read"], found["failed"], found["not_visited"]) == (3, 1, 0)
        assert [done for done, _, _ in crawler.progress] == sorted(done for done, _, _ in crawler.progress)
        assert crawler.progress[-1] == (4, 4, "4 pages")

    async def test_stops_at_max_pages_and_says_how_many_it_left(self, site: Site, tmp_path: Path):
        site.answers["/"] = page("".join(f'<a href="/{number}">n</a>' for number in range(9)))

        async with calls(tmp_path, **allowing(site)) as crawler:
            found = await crawler.data("crawl_site", url=site.url, pause_s=0, max_pages=3)

        assert (len(found["pages"]), found["not_visited"]) == (3, 7)
        assert all(total <= 3 for _, total, _ in crawler.progress if total is not None)

    async def test_gets_its_pauses(self, site: Site, tmp_path: Path):
        site.answers |= {"/": page('<a href="/a">a</a>'), "/a": page("a")}
        pauses: list[float] = []

        async def sleep(seconds: float) -> None:
            pauses.append(seconds)

        async with calls(tmp_path, {"sleep": sleep}, **allowing(site)) as crawler:
            await crawler.data("crawl_site", url=site.url, pause_s=5)

        assert len(pauses) == 1
        assert 4 < pauses[0] <= 5


def answering(*addresses: str) -> Any:
    """A resolver for which every name has these."""

    async def resolve(host: str, port: int) -> list[str]:
        return list(addresses)

    return resolve


def self_signed(name: str, folder: Path) -> ssl.SSLContext:
    """TLS with a certificate for a name that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC)).not_valid_after(datetime(2120, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    path = folder / "certificate.pem"
    path.write_bytes(certificate.public_bytes(pem) + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


async def anything(url: httpx.URL) -> None:
    assert web_url(str(url))


async def unseen(done: int, total: int | None) -> None: ...
