"""Which addresses are connected to: public ones, and this machine only for an account that is on it."""

import ssl

import pytest
import trustme

from invoice_mcp.errors import PolicyRefused, VendorUnavailable
from invoice_mcp.net.addresses import may_connect, resolve
from tests.net.conftest import ConnectTo, FakeSecret, Names, bearer
from tests.net.peer import Peer

PUBLIC = ["9.9.9.9", "93.184.216.34", "2606:4700:4700::1111", "64:ff9b::909:909", "::ffff:9.9.9.9"]
LOCAL = ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"]
FORBIDDEN = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.251",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::127.0.0.1",
    "::10.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:9.9.9.9",
    "64:ff9b::a00:1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a00:1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "fc00::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "",
    "localhost",
    "0x7f.1",
    "0177.0.0.1",
    "2130706433",
    "127.1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_for_accounts_elsewhere(address: str) -> None:
    assert may_connect(address, on_this_machine=False)
    assert not may_connect(address, on_this_machine=True)


@pytest.mark.parametrize("address", LOCAL)
def test_a_loopback_address_is_for_accounts_on_this_machine(address: str) -> None:
    assert may_connect(address, on_this_machine=True)
    assert not may_connect(address, on_this_machine=False)


@pytest.mark.parametrize("address", FORBIDDEN)
def test_a_private_address_is_for_nobody(address: str) -> None:
    assert not may_connect(address, on_this_machine=True)
    assert not may_connect(address, on_this_machine=False)


@pytest.mark.parametrize("spelling", ["0x7f.1", "0177.0.0.1", "2130706433", "127.1", "0x7f000001", "017700000001"])
async def test_however_an_address_is_spelled_it_is_judged_as_what_it_resolves_to(spelling: str) -> None:
    found = await resolve(spelling, 443)
    assert found == ["127.0.0.1"]
    assert not may_connect(found[0], on_this_machine=False)


@pytest.mark.parametrize("address", [*LOCAL, *FORBIDDEN])
async def test_a_name_that_leads_into_a_private_network_is_not_connected_to(
    address: str, peer: Peer, connect: ConnectTo
) -> None:
    names = Names([address])
    client = connect(f"https://api.vendor.example:{peer.port}", resolve=names)
    for call in (client.get(["x"]), client.send("POST", ["x"])):
        with pytest.raises(PolicyRefused, match="not public"):
            await call
    assert (peer.connections, names.asked) == (0, 2)


async def test_of_several_addresses_only_those_that_are_allowed_are_tried(peer: Peer, connect: ConnectTo) -> None:
    client = connect(peer.url, resolve=Names(["10.255.255.1", "169.254.169.254", "127.0.0.1"]), timeout_s=3)
    assert (await client.get(["x"])).status == 200


async def test_the_connection_goes_to_the_address_that_was_judged_whatever_the_name_says_next(
    peer: Peer, connect: ConnectTo
) -> None:
    names = Names(["127.0.0.1"], ["10.0.0.1"])
    client = connect(f"http://localhost:{peer.port}/v1", resolve=names)
    for _ in range(3):
        await client.get(["x"])
        await client.send("POST", ["x"])
    assert (len(peer.requests), names.asked) == (6, 1)
    assert {request.headers["host"] for request in peer.requests} == {f"localhost:{peer.port}"}


async def test_an_address_that_stopped_working_is_looked_up_anew(peer: Peer, connect: ConnectTo) -> None:
    names = Names(["127.0.0.1"])
    client = connect(peer.url, resolve=names)
    await client.send("POST", ["x"])
    address, peer.on_accept = client._transport, []
    address._address = "127.0.0.9"
    await client.send("POST", ["x"])
    assert (len(peer.requests), names.asked) == (2, 2)


class TestTls:
    @pytest.fixture
    def authority(self) -> trustme.CA:
        return trustme.CA()

    @pytest.fixture
    def trusting(self, authority: trustme.CA) -> ssl.SSLContext:
        context = ssl.create_default_context()
        authority.configure_trust(context)
        return context

    @staticmethod
    def serving(authority: trustme.CA, name: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(context)
        return context

    async def test_the_certificate_is_that_of_the_host_though_its_address_is_connected_to(
        self, authority: trustme.CA, trusting: ssl.SSLContext, connect: ConnectTo
    ) -> None:
        async with Peer(self.serving(authority, "localhost")) as peer:
            client = connect(f"https://localhost:{peer.port}", tls=trusting, resolve=Names(["127.0.0.1"]))
            assert (await client.get(["x"])).status == 200
            assert (await client.send("POST", ["x"])).status == 200

    @pytest.mark.parametrize("kind", ["other name", "unknown authority"])
    async def test_a_certificate_that_is_not_the_hosts_means_nothing_is_sent(
        self, kind: str, authority: trustme.CA, trusting: ssl.SSLContext, connect: ConnectTo
    ) -> None:
        name, trust = ("other.example", trusting) if kind == "other name" else ("localhost", None)
        async with Peer(self.serving(authority, name)) as peer:
            client = connect(
                f"https://localhost:{peer.port}",
                tls=trust,
                resolve=Names(["127.0.0.1"]),
                auth=bearer(FakeSecret("sesame")),
            )
            with pytest.raises(VendorUnavailable):
                await client.send("POST", ["x"])
            assert peer.requests == []
