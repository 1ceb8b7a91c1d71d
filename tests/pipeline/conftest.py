"""The servers and clients of the net's tests serve here too."""

from tests.net.conftest import make_client, server

__all__ = ["make_client", "server"]
