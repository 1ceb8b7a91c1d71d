"""The egress guard as shipped: strangers reach no address but the public internet's, by no spelling."""

import socket
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbot.errors import FetchError
from feedbot.net.client import Client, Limit
from feedbot.net.guard import Guard, RefusedAddressError, is_public
from tests.net.raw import RawServer, answer, guard_for

QUICK = replace(Limit.FEED, seconds=3.0)

INNER_4 = """
    0.0.0.0 0.1.2.3 0.255.255.255 10.0.0.0 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200
    100.127.255.255 127.0.0.1 127.0.0.53 127.255.255.255 168.63.129.16 169.254.0.1 169.254.169.253
    169.254.169.254 169.254.170.2 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.170 192.0.0.192 192.0.2.1
    192.31.196.1 192.52.193.1 192.88.99.1 192.168.0.1 192.168.255.255 192.175.48.1 198.18.0.1 198.19.255.255
    198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.254 255.255.255.255
""".split()
INNER_6 = """
    :: ::1 ::7f00:1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:10.0.0.1 ::ffff:169.254.169.254
    ::ffff:0:127.0.0.1 64:ff9b::127.0.0.1 64:ff9b::7f00:1 64:ff9b::a00:1 64:ff9b::8.8.8.8 64:ff9b:1::1
    64:ff9b:1::10.0.0.1 100::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:2::1 2001:10::1 2001:20::1
    2001:db8::1 2002:7f00:1::1 2002:a00:1::1 2002:a9fe:a9fe::1 2620:4f:8000::1 3fff::1 3ffe::1 4000::1
    5f00::1 fc00::1 fd00::1 fd00:ec2::254 fd20:ce::254 fe80::1 fec0::1 ff02::1 ff05::2
    ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 0:0:0:0:0:0:0:1 0000::0001
""".split()
OUTER = """
    1.1.1.1 8.8.8.8 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1 169.253.255.255 172.15.255.255
    172.32.0.0 192.0.1.1 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255
    2606:4700::1111 2a00:1450::1 2001:4860:4860::8888 2001:200::1 2003::1 2400::1 ::ffff:8.8.8.8
""".split()
SPELLINGS = """
    2130706433 017700000001 0x7f000001 0x7F000001 0x7f.0.0.1 0x7f.1 0177.0.0.1 0177.0.0.01 127.1 127.0.1
    127.0.0.01 0 0x0 0.0 00000.00000.00000.00000 4294967295 3232235521 2852039166 0xa9fea9fe
    0xa9.0xfe.0xa9.0xfe 0251.0376.0251.0376 169.254.43518 127.0.0.1. 127.0.0.1.. 10.1
    192.168.257 １２７.０.０.１ 127。0。0。1 ①②⑦.0.0.1 127．0．0．1 ⑯⑨。②⑤④。⑯⑨｡②⑤④
    127.0.0.1%00 127.0.0.1%2f 0x7f.0x0.0x0.0x1
""".split()
NAMES = """
    localhost LOCALHOST localhost. LocalHost.LocalDomain ⓛⓞⓒⓐⓛⓗⓞⓢⓣ localhost6 ip6-localhost ip6-loopback
    metadata metadata.google.internal inward.example 127.0.0.1.inward.example inward.example.
    xn--inward-.example mixed6.example
""".split()
WHOLE = [
    "http://[::1%25lo]/", "http://[fe80::1%25eth0]/", "http://[fe80::1%eth0]/", "http://user@127.0.0.1/",
    "http://8.8.8.8@127.0.0.1/", "http://8.8.8.8:80@127.0.0.1/", "http://8.8.8.8%40127.0.0.1/",
    "http://8.8.8.8\\@127.0.0.1/", "http://127.0.0.1\\@8.8.8.8/", "http://127.0.0.1#@8.8.8.8/",
    "http://127.0.0.1?@8.8.8.8/", "http://a:b@127.0.0.1:22/",
    "http:127.0.0.1/",
    "http:/127.0.0.1/", "http:///127.0.0.1/", "http:////127.0.0.1/", "//127.0.0.1/", "\thttp://127.0.0.1/",
    "http://127.0.0.1\t/", "http://127.0.\n0.1/", "http://127.0.0.1:80:80/", "http://[::1]:80:80/", "http://[127.0.0.1]/",
    "http://[::ffff:127.0.0.1]:8080/", "https://127.0.0.1/", "https://localhost/", "HTTP://127.0.0.1/",
    "http://8.8.8.8:22/", "http://8.8.8.8:25/", "http://8.8.8.8:6379/", "http://8.8.8.8:7999/", "http://8.8.8.8:9000/",
    "http://8.8.8.8:65535/", "http://8.8.8.8:0/", "http://8.8.8.8:65536/", "http://8.8.8.8:-80/", "http://outward.example:5432/",
    "http://[2606:4700::1111]:22/", "ftp://8.8.8.8/", "file:///etc/passwd", "gopher://127.0.0.1:6379/_x", "dict://127.0.0.1/",
    "unix:///run/docker.sock", "http+unix://%2Frun%2Fdocker.sock/", "ws://127.0.0.1/", "jar:http://127.0.0.1!/",
]  # fmt: skip
TARGETS = [
    *(f"http://{text}/" for text in INNER_4),
    *(f"http://[{text}]/" for text in INNER_6),
    *(f"http://{text}/" for text in SPELLINGS),
    *(f"http://{text}:8080/" for text in NAMES),
    *WHOLE,
]


class Recording(Guard):
    """A guard that remembers for what it made a socket."""

    def __init__(self, networks: Any = ()) -> None:
        super().__init__(networks)
        self.made: list[object] = []

    def make_socket(self, info: Any) -> socket.socket:
        made = super().make_socket(info)
        self.made.append(info[4])
        return made


def inward(host: str, port: int, *, family: int, type: int, flags: int) -> list[Any]:  # noqa: A002
    """A resolver for which every name leads inside; numbers are what the machine makes of them."""
    try:
        return socket.getaddrinfo(host, port, family=family, type=type, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::ffff:10.0.0.1", port, 0, 0)),
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("fe80::1", port, 0, 2)),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)),
        ]


async def at_once(_: float) -> None:
    """No pause."""


def test_the_matrix_is_as_large_as_it_should_be() -> None:
    assert len(set(TARGETS)) == len(TARGETS)
    assert len(TARGETS) >= 150


async def test_no_target_of_the_matrix_is_dialled(make_client: Callable[..., Client]) -> None:
    guard = Recording()
    client = make_client(guard, lookup=inward, sleep=at_once)
    for target in TARGETS:
        with pytest.raises(FetchError) as caught:
            await client.get(target, limit=QUICK)
        assert guard.made == [], target
        assert "10.0.0.1" not in str(caught.value).replace(target, "") or "10.0.0.1" in target


async def test_no_target_of_the_matrix_is_reached_by_a_redirect(
    make_client: Callable[..., Client], server: RawServer
) -> None:
    guard = Recording([(ip_network("127.0.0.1/32"), server.port)])
    client = make_client(guard, lookup=inward, sleep=at_once)
    for target in TARGETS:
        where = target.encode("utf-8", "surrogateescape").translate(None, b"\t\n")
        url = server.on("/start", answer(b"302 Found", b"Location: " + where))
        with pytest.raises(FetchError):
            await client.get(url, limit=QUICK)
        if not where.startswith((b"http:/1", b"http:1", b"http:///", b"http:////")):
            assert len(server.requests) == 1, target
        server.requests.clear()
    assert set(guard.made) == {("127.0.0.1", server.port)}


async def test_a_refusal_names_the_host_and_not_where_it_leads(make_client: Callable[..., Client]) -> None:
    with pytest.raises(FetchError) as caught:
        await make_client(Guard(), lookup=inward).get("http://inward.example/feed", limit=QUICK)
    assert str(caught.value) == (
        "http://inward.example/feed: the address of inward.example is not public, or its port is none of the"
        " web's; allow it with fetch.allow_networks"
    )


async def test_of_a_mixed_answer_only_what_is_allowed_is_dialled(
    make_client: Callable[..., Client], server: RawServer
) -> None:
    guard = Recording([(ip_network("127.0.0.1/32"), server.port)])

    def mixed(host: str, port: int, **_: object) -> list[Any]:
        numbers = ["10.0.0.1", "169.254.169.254", "127.0.0.1", "192.168.0.1"]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, port)) for number in numbers]

    server.on("/feed", answer(body=b"<rss/>"))
    url = server.url("/feed", "mixed.example")
    assert (await make_client(guard, lookup=mixed).get(url, limit=QUICK)).body == b"<rss/>"
    assert guard.made == [("127.0.0.1", server.port)]


async def test_a_name_that_turns_inward_later_is_refused_then(
    make_client: Callable[..., Client], server: RawServer
) -> None:
    answers = iter(["127.0.0.1", "127.0.0.2"])

    def turning(host: str, port: int, **_: object) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    client = make_client(guard_for(server), lookup=turning, sleep=at_once)
    server.on("/feed", answer(b"200 OK", b"Connection: close", body=b"<rss/>"))
    url = server.url("/feed", "turning.example")
    await client.get(url, limit=QUICK)
    with pytest.raises(FetchError, match="not public"):
        await client.get(url, limit=QUICK)


async def test_what_is_allowed_is_one_address_and_one_port(
    make_client: Callable[..., Client], server: RawServer, other: RawServer
) -> None:
    client = make_client(guard_for(server), lookup=inward, sleep=at_once)
    server.on("/feed", answer(body=b"<rss/>"))
    server.on("/away", answer(b"302 Found", b"Location: " + other.url("/feed").encode()))
    assert (await client.get(server.url("/feed"), limit=QUICK)).body == b"<rss/>"
    assert (await client.get(server.url("/feed", "[::ffff:127.0.0.1]"), limit=QUICK)).body == b"<rss/>"
    for refused in (other.url("/feed"), server.url("/feed", "127.0.0.2"), server.url("/away")):
        with pytest.raises(FetchError, match="not public"):
            await client.get(refused, limit=QUICK)
    assert other.connections == 0


@pytest.mark.parametrize("text", [*INNER_4, *INNER_6])
def test_an_inner_address_is_not_public(text: str) -> None:
    assert not is_public(ip_address(text))
    assert not Guard().allows(text, 80)


@pytest.mark.parametrize("text", OUTER)
def test_a_public_address_is_public(text: str) -> None:
    assert is_public(ip_address(text))
    assert all(Guard().allows(text, port) for port in (80, 443, 8000, 8080, 8999))
    assert not any(Guard().allows(text, port) for port in (0, 22, 81, 444, 7999, 9000, 65535))


def test_an_address_with_a_zone_is_never_dialled() -> None:
    for guard in (Guard(), Guard([(ip_network("fe80::/10"), None)])):
        with pytest.raises(RefusedAddressError):
            guard.make_socket((socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("fe80::1", 80, 0, 1)))
    assert not Guard().allows("fe80::1%eth0", 80)
    assert not Guard().allows("2606:4700::1111%1", 80)


@given(st.ip_addresses(), st.integers(0, 65535))
@settings(max_examples=80, deadline=None)
def test_what_the_standard_library_calls_private_is_refused(address: Any, port: int) -> None:
    guard = Guard()
    if not address.is_global or address.is_multicast:
        assert not guard.allows(str(address), port)


def test_operators_hosts_are_those_of_allow_networks() -> None:
    guard = Guard([(ip_network("127.0.0.1/32"), 8099), (ip_network("10.1.2.0/24"), None)])
    assert guard.is_operators_host("127.0.0.1", 8099)
    assert guard.is_operators_host("localhost", 8099)
    assert guard.is_operators_host("10.1.2.9", 80)
    assert not guard.is_operators_host("127.0.0.1", 8098)
    assert not guard.is_operators_host("10.1.3.9", 80)
    assert not guard.is_operators_host("nas.example", 80)
