"""What is accepted as an account's base URL, and that no request can be made to lead out of it."""

from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoice_mcp.errors import InvalidRequest, TooLarge, VendorContract
from invoice_mcp.net import Origin
from invoice_mcp.settings.where import ConfigError
from tests.net.conftest import ConnectTo, origin
from tests.net.peer import Peer

BASE = "https://api.vendor.example/v1"


def parse(url: str, *, allow_custom_host: bool = False) -> Origin:
    return Origin.parse(
        url,
        key="accounts.books.base_url",
        vendor_hosts={"api.vendor.example"},
        allow_custom_host=allow_custom_host,
    )


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://api.vendor.example", ("https", "api.vendor.example", 443, "")),
        ("https://api.vendor.example/", ("https", "api.vendor.example", 443, "")),
        ("https://API.Vendor.Example:443/api/v2/", ("https", "api.vendor.example", 443, "/api/v2")),
        ("http://127.0.0.1:8080/v1", ("http", "127.0.0.1", 8080, "/v1")),
        ("http://localhost", ("http", "localhost", 80, "")),
        ("https://[::1]:8443/x", ("https", "::1", 8443, "/x")),
    ],
)
def test_an_address_of_the_vendor_or_of_this_machine_is_accepted(url: str, expected: tuple[str, str, int, str]) -> None:
    found = parse(url)
    assert (found.scheme, found.host, found.port, found.base) == expected


@pytest.mark.parametrize("url", ["https://other.example/v1", "https://api.vendor.example:8443/v1", "https://9.9.9.9"])
def test_another_host_is_accepted_only_when_the_account_allows_it(url: str) -> None:
    with pytest.raises(ConfigError, match=r"^accounts\.books\.base_url: .*allow_custom_host"):
        parse(url)
    assert parse(url, allow_custom_host=True).scheme == "https"


@pytest.mark.parametrize(
    "url",
    [
        "http://api.vendor.example/v1",
        "http://other.example",
        "http://0.0.0.0",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "http://[::ffff:127.0.0.1]",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "//api.vendor.example",
        "api.vendor.example",
        "https://",
        "https://user@api.vendor.example",
        "https://user:secret@api.vendor.example",
        "https://@api.vendor.example",
        "https://api.vendor.example?x=1",
        "https://api.vendor.example/?",
        "https://api.vendor.example/#",
        "https://api.vendor.example:0",
        "https://api.vendor.example:65536",
        "https://api.vendor.example:x",
        "https://api.vendor.example./v1",
        "https://-api.vendor.example",
        "https://api..example",
        "https://api_vendor.example",
        "https://api.vendor.example/v1/../admin",
        "https://api.vendor.example/./v1",
        "https://api.vendor.example//v1",
        "https://api.vendor.example/%2e%2e",
        "https://api.vendor.example/v1;x",
        "https://api.vendor.example/a b",
        "https://api.vendor.example\\@evil.example",
        "https://api.vendor.example\t/v1",
        "https://äpi.vendor.example",
        "https://127.1",
        "https://0x7f.0.0.1",
        "https://0x7f000001",
        "https://2130706433",
        "https://0177.0.0.1",
        "https://127.0.0.0x1",
        "https://1.2.3.4.5",
        "https://[fe80::1%25eth0]",
        "https://[::1",
        "https://[zz]",
    ],
)
def test_anything_else_is_refused_by_the_key_it_stands_under(url: str) -> None:
    with pytest.raises(ConfigError, match=r"^accounts\.books\.base_url: ") as caught:
        parse(url, allow_custom_host=True)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("segments", "target"),
    [
        (["invoices"], "/v1/invoices"),
        (["invoices", "123.json"], "/v1/invoices/123.json"),
        (["find", "2026/001"], "/v1/find/2026%2F001"),
        (["find", "a?b#c&d;e+f"], "/v1/find/a%3Fb%23c%26d%3Be%2Bf"),
        (["Activity_Invoice(44444444-0000-4000-8000-000000000000)"],) * 2,
        (["find", "factuur één"], "/v1/find/factuur%20%C3%A9%C3%A9n"),
        (["v1", "odata", "$metadata"], "/v1/v1/odata/$metadata"),
        ([], "/v1"),
    ],
)
def test_every_segment_is_escaped_for_itself(segments: list[str], target: str | list[str]) -> None:
    expected = target if isinstance(target, str) else f"/v1/{target[0]}"
    assert parse(BASE).target(segments) == expected


def test_a_path_can_end_with_a_slash_where_the_vendor_wants_one() -> None:
    assert parse(BASE).target(["invoices"], [("page", "1")], "/") == "/v1/invoices/?page=1"


def test_the_query_keeps_its_order_and_dollars_and_has_no_plus() -> None:
    query = [("$filter", "Phase/Code ne 'Paid' and contains(Subject,'a&b+c')"), ("filter[x][gt_eq]", "1"), ("a", "")]
    assert parse(BASE).target(["x"], query) == (
        "/v1/x?$filter=Phase%2FCode%20ne%20%27Paid%27%20and%20contains%28Subject%2C%27a%26b%2Bc%27%29"
        "&filter%5Bx%5D%5Bgt_eq%5D=1&a="
    )


HOSTILE = [
    "",
    " ",
    ".",
    "..",
    "...",
    ". .",
    ".. ",
    "../contacts/1",
    "..\\contacts",
    "1/..",
    "1/../2",
    "1/./2",
    "/etc/passwd",
    "//evil.example",
    "1//2",
    "1/",
    "/1",
    "1/ /2",
    "%2e%2e",
    "%2E%2E%2Fcontacts",
    "%252e%252e",
    "..%2f",
    "..%5c",
    "%00",
    "1%0d%0aX-Evil:1",
    "100%",
    "\\",
    "1\\2",
    "\\\\evil\\share",
    "\x00",
    "1\x00.json",
    "1\n2",
    "1\r\nHost: evil.example",
    "1\r\n\r\nGET / HTTP/1.1",
    "\t",
    "\x0b",
    "\x1b[2J",
    "\x7f",
    "\x80",
    "\x85",
    "\xa0",
    "\xad",
    "\u200b",
    "\u200e1",
    "\u202e1",
    "\u2028",
    "\u2029",
    "\u2060",
    "\ufeff",
    "\ud800",
    "1\udfff",
    "\U000e0001",
    "\uff0e\uff0e",
    "\u2024\u2024",
    "\u2025",
    "\u2026",
    "\uff0e\uff0e\uff0fcontacts",
    "\uff052e\uff052e",
    "1\uff3c2",
    "\ufe6812",
    "9" * 201,
    "../" * 100,
]


@pytest.mark.parametrize("segment", HOSTILE, ids=ascii)
async def test_a_hostile_segment_sends_nothing(segment: str, peer: Peer, connect: ConnectTo) -> None:
    client = connect(peer.url)
    for call in (
        lambda: client.get(["invoices", segment]),
        lambda: client.get([segment, "invoices"]),
        lambda: client.send("DELETE", ["invoices", segment]),
    ):
        with pytest.raises(InvalidRequest):
            await call()
    assert peer.connections == 0
    assert len(HOSTILE) >= 60


async def test_a_query_that_is_no_text_sends_nothing(peer: Peer, connect: ConnectTo) -> None:
    with pytest.raises(InvalidRequest):
        await connect(peer.url).get(["invoices"], [("text", "\ud800")])
    assert peer.connections == 0


async def test_an_address_that_is_too_long_sends_nothing(peer: Peer, connect: ConnectTo) -> None:
    with pytest.raises(TooLarge):
        await connect(peer.url).get(["invoices"], [("text", "x" * 8000)])
    assert peer.connections == 0


@settings(deadline=None, derandomize=True, max_examples=200)
@given(
    st.lists(st.text(max_size=12), min_size=1, max_size=4),
    st.lists(st.tuples(st.text(min_size=1, max_size=8), st.text(max_size=20)), max_size=4),
)
def test_what_is_accepted_is_what_the_vendor_reads(segments: list[str], query: list[tuple[str, str]]) -> None:
    try:
        target = parse(BASE).target(segments, query)
    except InvalidRequest:
        return
    parts = urlsplit(f"https://api.vendor.example{target}")
    assert [unquote(step) for step in parts.path.split("/")] == ["", "v1", *segments]
    assert parse_qsl(parts.query, keep_blank_values=True) == query
    assert "+" not in target
    assert target.isascii()


@pytest.mark.parametrize(
    ("link", "segments", "query", "ending"),
    [
        (f"{BASE}/invoices?page=2&per_page=100", ("invoices",), (("page", "2"), ("per_page", "100")), ""),
        ("https://API.vendor.example:443/v1/invoices", ("invoices",), (), ""),
        ("/v1/invoices?page=2", ("invoices",), (("page", "2"),), ""),
        ("?page=2", ("invoices",), (("page", "2"),), ""),
        ("invoices?$skiptoken=a%20b%2Bc", ("invoices",), (("$skiptoken", "a b+c"),), ""),
        ("invoices/?page=2", ("invoices",), (("page", "2"),), "/"),
        ("//api.vendor.example/v1/a/b.json", ("a", "b.json"), (), ""),
        ("/v1/find/2026%20001", ("find", "2026 001"), (), ""),
        ("?filter=a%26b&x=", ("invoices",), (("filter", "a&b"), ("x", "")), ""),
    ],
)
def test_a_next_link_within_the_origin_is_taken_apart(
    link: str, segments: tuple[str, ...], query: tuple[tuple[str, str], ...], ending: str
) -> None:
    found = parse(BASE).follow(link, ["invoices"])
    assert found is not None
    assert (found.segments, found.query, found.ending) == (segments, query, ending)


FOREIGN = [
    "https://evil.example/v1/invoices",
    "//evil.example/v1/invoices",
    "https://v.evil.example/v1/invoices",
    "https://api.vendor.example.evil.example/v1/invoices",
    "https://api.vendor.example@evil.example/v1/invoices",
    "https://user@api.vendor.example/v1/invoices",
    "http://api.vendor.example/v1/invoices",
    "https://api.vendor.example:8443/v1/invoices",
    "https://api.vendor.example:99999/v1/invoices",
    "https://api.vendor.example./v1/invoices",
    "https://api.vendor.example/v2/invoices",
    "https://api.vendor.example/v1",
    "https://api.vendor.example/v1/",
    "https://api.vendor.example/v1x/invoices",
    "https://api.vendor.example/v1/../admin",
    "https://api.vendor.example/v1/%2e%2e/admin",
    "https://api.vendor.example/v1/a%2F..%2Fb",
    "https://api.vendor.example/v1//evil",
    "https://api.vendor.example/v1/a%0d%0ab",
    "../../admin",
    "/admin?page=2",
    "\\\\evil.example\\v1",
    "/\\evil.example/v1/invoices",
    "https:\\\\evil.example\\v1\\invoices",
    "\thttps://evil.example/v1/invoices",
    "https://api.vendor.example\n.evil.example/v1/invoices",
    " https://api.vendor.example/v1/invoices",
    "https://api.vendor.example/v1/invoices#x",
    "https://[::1]/v1/invoices",
    "https://[::1/v1/invoices",
    "javascript:alert(1)",
    "data:,x",
    "",
    "?page=%ff",
    "?page=" + "9" * 8000,
    "?" + "&".join(f"a{n}=1" for n in range(101)),
]


@pytest.mark.parametrize("link", FOREIGN, ids=ascii)
async def test_a_next_link_that_leads_elsewhere_is_refused(link: str, connect: ConnectTo) -> None:
    client = connect(BASE)
    with pytest.raises(VendorContract) as caught:
        client.next_link(link, ["invoices"])
    assert "evil" not in f"{caught.value.message} {caught.value.next}"


async def test_a_next_link_reaches_the_page_it_names(peer: Peer, connect: ConnectTo) -> None:
    client = connect(peer.url)
    following = client.next_link(f"{peer.url}/invoices?page=2&filter=a%20b", ["invoices"])
    await client.get(following.segments, following.query, ending=following.ending)
    assert [request.target for request in peer.requests] == ["/v1/invoices?page=2&filter=a%20b"]


def test_the_root_can_be_the_base_path() -> None:
    at_root = origin("https://api.vendor.example")
    assert at_root.target(["v1", "x"]) == "/v1/x"
    assert at_root.target([]) == "/"
    assert at_root.follow("/v1/x?page=2", ["v1", "x"]) is not None
