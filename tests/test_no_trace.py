"""No request leaves the machine, and no question is anywhere once it is answered: the side of the server.

What is promised is in docs/trust.md. The side of the browser is test_no_trace_browser.py.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from faqbot.settings import ROOT

HERE = Path(__file__).parent
STEM = "zqxcanary"  # stands in no file of this project but the tests; each way of asking adds its number
PREDICT, ASK, JOIN = "/gradio_api/run/predict", "/gradio_api/run/ask", "/gradio_api/queue/join"


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Every place where a program may leave something lies in `folder`."""
    places = {}
    for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "HF_HOME"):
        places[name] = str(folder / name.lower())
        (folder / name.lower()).mkdir(parents=True, exist_ok=True)
    # Gradio imports matplotlib where there is one (only for developers), which makes a list of fonts for a minute
    places["MPLCONFIGDIR"] = str(Path.home() / ".cache" / "matplotlib")
    path = os.pathsep.join([str(ROOT / "src"), str(HERE)])
    return os.environ | places | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"} | more


# ---- no request leaves the machine


def guarded(folder: Path) -> dict[str, str]:
    found = environment(folder, SOCKET_GUARD=str(folder / "refused.txt"))
    return found | {"PYTHONPATH": os.pathsep.join([str(HERE / "guard"), found["PYTHONPATH"]])}


def whole_run(folder: Path, *before: str, alone: bool = False) -> dict[str, object]:
    command = [*before, sys.executable, str(HERE / "whole_run.py"), str(folder), *(["--alone"] if alone else [])]
    done = subprocess.run(
        command, env=guarded(folder), cwd=folder, capture_output=True, text=True, timeout=500, check=False
    )
    assert done.returncode == 0, done.stderr
    report: dict[str, object] = json.loads(done.stdout)
    assert report["asked"] == [200] * 50
    assert len(report["parts"]) >= 3  # type: ignore[arg-type]
    assert (set(report["parts"]), report["privacy"]) == ({200}, 200)  # type: ignore[call-overload]
    assert report["code"] in (0, -signal.SIGTERM)
    assert not (folder / "refused.txt").exists(), (folder / "refused.txt").read_text()
    return report


@pytest.mark.trust
def test_the_whole_run_speaks_to_this_machine_alone(tmp_path: Path) -> None:
    """Build, start, page, 50 questions, look-ups, end: every process refuses a connection or a name of elsewhere."""
    whole_run(tmp_path)


@pytest.mark.trust
def test_the_whole_run_needs_no_network_and_tries_none(tmp_path: Path) -> None:
    """The same where there is none but the loopback; the kernel counts what any process, in any language, tried."""
    unshare = ["unshare", "--net"] if os.getuid() == 0 else ["unshare", "--net", "--map-root-user"]
    tried = shutil.which("unshare") and subprocess.run([*unshare, "true"], capture_output=True, check=False)
    if not tried or tried.returncode:
        # A container may forbid it: no fault of the program.
        pytest.skip("no network namespace is allowed here (`unshare --net`)")  # the guard above proves the same
    report = whole_run(tmp_path, *unshare, alone=True)
    assert report["no way out"] == 0
    assert report["counter works"]


@pytest.mark.parametrize(
    "code",
    [
        "socket.create_connection(('192.0.2.1', 80), timeout=1)",
        "socket.getaddrinfo('example.org', 80)",
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
        "socket.socket().bind(('0.0.0.0', 0))",
        "__import__('urllib.request').request.urlopen('http://example.org')",
    ],
)
def test_the_guard_would_see_it(tmp_path: Path, code: str) -> None:
    command = [sys.executable, "-c", f"import socket\n{code}"]
    done = subprocess.run(command, env=guarded(tmp_path), capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "guarded: socket." in done.stderr
    assert (tmp_path / "refused.txt").read_text().startswith("socket.")


# ---- no question is kept

FAULTY = """
import runpy, sys
from faqbot.settings import silence
silence()
import faqbot.bot, faqbot.view, faqbot.web
ask, turn = faqbot.bot.FaqBot._reply_to, faqbot.view.turn
def failing(self, message, history, language):
    if "breakinside" in message:
        raise ValueError(message)
    return ask(self, message, history, language)
def unshown(answer, document, *, key):
    if "breakoutside" in answer.query:
        raise KeyError(answer.query)
    return turn(answer, document, key=key)
faqbot.bot.FaqBot._reply_to, faqbot.view.turn = failing, unshown
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def words() -> Iterator[str]:
    """A word of its own for each way of asking, so that what is found says how it came."""
    number = 0
    while True:
        number += 1
        yield f"{STEM}{number:03d}"


def ask_in_every_way(address: str) -> int:
    """Ask with the canary in each way that there is; returns how many that were."""
    word, ways = words(), 0
    with httpx.Client(base_url=address, trust_env=False, timeout=60) as client:

        def post(path: str, **options: object) -> None:
            nonlocal ways
            ways += 1
            client.post(path, **options)  # type: ignore[arg-type]

        def asked(path: str, text: str, earlier: str = "[]", **more: object) -> None:
            body = {"data": [text, earlier, "es"], "fn_index": 0, "session_hash": next(word)} | more
            post(path, json=body if path != ASK else {"data": [text]})

        for shape in (  # of a message
            "does {} know if my data is shared?",
            "¿{} puede ver mis datos?",
            "{}",
            "my phone is 414-555-0199 and my name is {}",
            "{} 123-45-6789",
            "ICE is at my door now {}",
            "hello {}",
            "question 7 {}",
            "{} " * 300,
            "\u202e{}😀",
            "breakinside {}",
            "breakoutside {}",
        ):
            text = shape.replace("{}", next(word))
            post("/ask", json={"q": text})
            post("/ask", json={"turns": [f"and {next(word)}", text, "and why?"]})
            asked(PREDICT, text, json.dumps([next(word), text]))
            asked(ASK, text)
        for body in (  # that is no request
            next(word).encode() + b"{",
            b'{"q": "' + next(word).encode(),
            json.dumps({"q": [next(word)]}).encode(),
            json.dumps({next(word): 1}).encode(),
            json.dumps({"q": "7", "id": {next(word): 1}}).encode(),
            json.dumps({"q": "7", "language": next(word)}).encode(),
            b"[" * 3000 + next(word).encode(),
            next(word).encode("utf-16"),
            next(word).encode() * 9000,  # too large
        ):
            post("/ask", content=body, headers={"content-type": "application/json"})
            post(PREDICT, content=body, headers={"content-type": "application/json"})
        for data in ([next(word)], [[next(word)], next(word)], [None, next(word)], [{next(word): next(word)}], []):
            for fn_index in (0, 2, 99, next(word)):
                post(PREDICT, json={"data": data, "fn_index": fn_index, "session_hash": next(word)})
            post(JOIN, json={"data": data, "fn_index": 2, "session_hash": next(word)})
        post(f"/ask?q={next(word)}", json={"q": next(word)}, headers={"referer": f"{address}/{next(word)}"})
        post(f"/{next(word)}", content=b"")
        for path in (f"/?q={next(word)}", f"/{next(word)}", f"/assets/{next(word)}.js", f"/gradio_api/{next(word)}"):
            ways += 1
            client.get(path, headers={"cookie": f"a={next(word)}", "user-agent": next(word), "accept-language": "xx"})
    host, port = address.removeprefix("http://").split(":")
    for sent in (
        b"nonsense " + next(word).encode(),
        b"POST /ask HTTP/1.1\r\nContent-Length: 99\r\n\r\n" + next(word).encode(),
    ):
        ways += 1
        with socket.create_connection((host, int(port)), timeout=20) as one:
            one.sendall(sent + b"\r\n\r\n")
            if sent.startswith(b"nonsense"):
                one.recv(1000)
    return ways


def traces(*folders: Path) -> list[str]:
    """Files that hold the canary, or are named by it, whatever the case and the encoding."""
    found = []
    needles = [STEM.encode(form) for form in ("utf-8", "utf-16-le", "utf-16-be")]
    for folder in folders:
        for path in folder.rglob("*"):
            held = path.read_bytes().lower() if path.is_file() else b""
            if STEM in path.name.lower() or any(needle in held for needle in needles):
                found.append(str(path))
    return found


def test_the_search_would_find_it(tmp_path: Path) -> None:
    for number, form in enumerate(("utf-8", "utf-16-le", "utf-16-be")):
        (tmp_path / f"{number}.bin").write_bytes(b"\0\1" + f"a{STEM.upper()}9".encode(form))
    (tmp_path / STEM).mkdir()
    assert len(traces(tmp_path)) == 4


@pytest.mark.parametrize("level", ["debug", "info"])
def test_a_question_asked_in_every_way_is_nowhere_afterwards(tmp_path: Path, level: str) -> None:
    work = tmp_path / "work"
    work.mkdir()
    command = [sys.executable, "-c", FAULTY, str(ROOT / "app.py"), "--port", "0", "--count", str(work / "counts.json")]
    with (tmp_path / "said.txt").open("w") as said:
        program = subprocess.Popen(
            command,
            cwd=work,
            env=environment(tmp_path, FAQBOT_LOG_LEVEL=level),
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        )
        try:
            assert program.stdout is not None
            ready = program.stdout.readline()
            assert ready.startswith("Ready: "), (tmp_path / "said.txt").read_text()
            ways = ask_in_every_way(ready.split()[1])
            assert ways >= 50
            if Path(f"/proc/{program.pid}/limits").exists():  # a crash must not leave its memory on the disk
                limits = Path(f"/proc/{program.pid}/limits").read_text()
                assert [line.split()[4:6] for line in limits.splitlines() if "core file" in line] == [["0", "0"]]
            program.send_signal(signal.SIGTERM)
            rest = program.stdout.read()
            assert program.wait(timeout=60) in (0, -signal.SIGTERM)
        finally:
            program.kill()
    (tmp_path / "printed.txt").write_text(rest)
    log = [json.loads(line) for line in (tmp_path / "said.txt").read_text().splitlines()]
    assert len([one for one in log if one["event"] == "fault"]) >= 4  # those that were provoked came, without words
    assert (work / "counts.json").exists()
    assert traces(tmp_path) == []


def test_the_command_line_leaves_nothing(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    for arguments in (["ask", f"{STEM} who sees my data?"], ["ask", "--json", STEM], ["ask", "--batch", "-", "--json"]):
        done = subprocess.run(
            [sys.executable, "-m", "faqbot", *arguments],
            cwd=work,
            env=environment(tmp_path, FAQBOT_LOG_LEVEL="debug"),
            input=f'{{"q": "{STEM}"}}\n{STEM}\n',
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode in (0, 3)
        assert STEM not in done.stderr
    assert traces(tmp_path) == []
