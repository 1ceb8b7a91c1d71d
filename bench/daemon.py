"""The memory of the real daemon with a thousand sources, workers included."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from bench.measure import pss

ENTRIES = 10
PATIENCE = 600.0


def daemon_memory(port: int, feeds: int) -> tuple[float, float]:
    """MB of the daemon when every source was polled: the sum of PSS, and the highest seen on the way."""
    told = json.dumps({"mood": "first", "newest": ENTRIES, "feeds": feeds, "entries": ENTRIES}).encode()
    asked = urllib.request.Request(
        f"http://127.0.0.1:{port}/mood", told, {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(asked).read()
    with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        listen = probe.getsockname()[1]
        probe.close()
        (Path(folder) / "config.toml").write_text(_configuration(port, listen, feeds))
        environment = {name: value for name, value in os.environ.items() if not name.startswith("FEEDBOT_")}
        daemon = subprocess.Popen(
            [sys.executable, "-m", "feedbot", "--config", f"{folder}/config.toml", "run"],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            return _watch(daemon, listen, feeds)
        finally:
            daemon.send_signal(signal.SIGTERM)
            daemon.wait(60)


def _configuration(port: int, listen: int, feeds: int) -> str:
    sources = "".join(
        f'[[source]]\nid = "feed-{at}"\nurl = "http://127.0.0.1:{port}/feed/{at}"\ncategory = "news"\n'
        for at in range(feeds)
    )
    return (
        f'[feedbot]\nbase_url = "http://127.0.0.1:{listen}"\n[web]\nlisten = "127.0.0.1:{listen}"\n'
        f'[fetch]\nallow_networks = ["127.0.0.1/32:{port}"]\nhost_gap = "0s"\nhost_concurrency = 16\n'
        f'[[category]]\nslug = "news"\ntitle = "News"\n{sources}'
    )


def _watch(daemon: "subprocess.Popen[bytes]", listen: int, feeds: int) -> tuple[float, float]:
    deadline, highest = time.monotonic() + PATIENCE, 0.0
    while time.monotonic() < deadline and daemon.poll() is None:
        time.sleep(1)
        highest = max(highest, pss(daemon.pid))
        if _polled(listen) >= feeds:
            time.sleep(5)
            return pss(daemon.pid), highest
    raise RuntimeError("the daemon did not poll every source in time")


def _polled(listen: int) -> float:
    try:
        text = urllib.request.urlopen(f"http://127.0.0.1:{listen}/metrics").read().decode()
    except OSError:
        return 0
    found = [line for line in text.splitlines() if line.startswith('feedbot_polls_total{result="ok"}')]
    return sum(float(line.rpartition(" ")[2]) for line in found)
