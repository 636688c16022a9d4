"""A program for test_no_trace.py: build a tiny index, start the real app, load the page, ask, look up, stop.

Given --alone it does so in a network namespace of its own, brings up the loopback there and tells at the end how
many packets of any process found no way out.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path

import httpx
from tiny import write_corpus

from faqbot.settings import ROOT

QUESTIONS = ["will they tell me if my data is shared?", "¿quién puede ver mis datos?", "7", "5.3", "list all questions"]
UP = 0x1 | 0x40  # IFF_UP, IFF_RUNNING


def loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        fcntl.ioctl(one, 0x8914, struct.pack("16sh", b"lo", UP))  # SIOCSIFFLAGS


def no_way_out() -> int:
    """Packets that had nowhere to go, as this network namespace counted them."""
    names, values = [
        line.split()[1:] for line in Path("/proc/self/net/snmp").read_text().splitlines() if line.startswith("Ip:")
    ]
    return int(dict(zip(names, values, strict=True))["OutNoRoutes"])


def main(folder: Path, alone: bool) -> dict[str, object]:
    if alone:
        loopback_up()
    before = no_way_out() if alone else 0
    corpus = write_corpus(folder / "corpus")
    build = [sys.executable, "-m", "faqbot", "build", "--quiet", "--corpus", str(corpus), "--index"]
    subprocess.run([*build, str(folder / "index")], check=True, stdout=sys.stderr)
    program = subprocess.Popen(
        [sys.executable, str(ROOT / "app.py"), "--port", "0"], cwd=folder, stdout=subprocess.PIPE, text=True
    )
    assert program.stdout is not None
    address = program.stdout.readline().split()[1]
    with httpx.Client(base_url=address, trust_env=False, timeout=60) as client:
        page = client.get("/").text
        parts = set(re.findall(r'(?:src|href)="\./?([\w/.-]+)"', page))
        found = [client.get(f"/{part}").status_code for part in sorted(parts)]
        asked = [client.post("/ask", json={"q": QUESTIONS[n % 5]}).status_code for n in range(25)]
        asked += [
            client.post(
                "/gradio_api/run/predict",
                json={"data": [QUESTIONS[n % 5], "[]", ""], "fn_index": 0, "session_hash": f"s{n}"},
            ).status_code
            for n in range(25)
        ]
        shown = client.get("/privacy").status_code
    program.send_signal(signal.SIGTERM)
    code = program.wait(timeout=60)
    report = {"parts": found, "asked": asked, "privacy": shown, "code": code}
    if alone:
        report["no way out"] = no_way_out() - before
        knock = "import socket; socket.create_connection(('192.0.2.1', 80), timeout=2)"
        command = [sys.executable, "-I", "-c", knock]  # -I: without the guard, to see that the counter counts
        subprocess.run(command, capture_output=True, check=False, timeout=30)
        report["counter works"] = no_way_out() - before > 0
    return report


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), "--alone" in sys.argv)))
    os._exit(0)
