"""What breaks around the program: a clear error or the old good state, and the same answers afterwards.

The table of faults and outcomes is in docs/trust.md.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tiny import write_corpus

from faqbot.bot import FaqBot
from faqbot.build import build_index
from faqbot.corpus import load_corpus
from faqbot.errors import BrokenIndexError, CorpusError, FaqBotError
from faqbot.render import to_json
from faqbot.settings import ROOT, Settings

pytestmark = pytest.mark.trust
ASKED = ("what can i borrow", "who pays for a lost book", "cuándo cierran", "2", "1.2", "is there a reading tonight")
KILLS, FLIPS, CUTS = 20, 500, 100


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    build_index(write_corpus(folder / "corpus"), folder / "index", quiet=True)
    return folder


@pytest.fixture
def copied(built: Path, tmp_path: Path) -> Path:
    shutil.copytree(built, tmp_path / "copy", ignore=shutil.ignore_patterns(".*"))
    return tmp_path / "copy"


def answers(folder: Path) -> list[dict[str, object]]:
    bot = FaqBot.load(Settings(corpus=folder / "corpus", index=folder / "index"))
    return [to_json(bot.ask(text)) for text in ASKED]


def faqbot(*arguments: str, folder: Path, before: str = "") -> str:
    """A line of shell that runs the program on a folder."""
    places = f"--corpus {folder}/corpus --index {folder}/index"
    return f"{before} {sys.executable} -m faqbot {' '.join(arguments)} {places}"


def in_a_shell(script: str, *, wrapped: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    return subprocess.run(
        [*wrapped, "sh", "-euc", script],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )


@pytest.fixture
def mounts() -> tuple[str, ...]:
    """How to run a script that may mount folders of its own, which are gone when it ends."""
    wrapped = ("unshare", "--mount") if os.getuid() == 0 else ("unshare", "--mount", "--map-root-user")
    if not shutil.which("unshare") or in_a_shell("mount -t tmpfs tmpfs /mnt", wrapped=wrapped).returncode:
        # A container may forbid it: no fault of the program, and a limit on the size of a file stands in for it below.
        pytest.skip("no mount of one's own is allowed here (`unshare --mount`)")  # a full disk is tested all the same
    return wrapped


ASK = "ask 'what can i borrow' --json"


def test_a_full_disk_while_building(copied: Path, tmp_path: Path, mounts: tuple[str, ...]) -> None:
    """A disk of its own, filled to the brim; then room is made and the same build goes through."""
    place = tmp_path / "disk"
    place.mkdir()
    needed = sum(path.stat().st_size for path in copied.rglob("*") if path.is_file()) // 1024
    done = in_a_shell(
        f"""
        mount -t tmpfs -o size={needed * 2 + 600}k tmpfs {place}
        cp -r {copied}/corpus {copied}/index {place}
        {faqbot(ASK, folder=place)} > {tmp_path}/before
        head -c {needed * 3 // 4}k /dev/zero > {place}/filler
        code=0; {faqbot("build", "--quiet", folder=place)} 2> {tmp_path}/said || code=$?
        echo $code > {tmp_path}/code
        ls -A {place} > {tmp_path}/left
        {faqbot(ASK, folder=place)} > {tmp_path}/after
        rm {place}/filler
        {faqbot("build", "--quiet", folder=place)} > {tmp_path}/built
        {faqbot(ASK, folder=place)} > {tmp_path}/afterwards
        """,
        wrapped=mounts,
    )
    assert done.returncode == 0, done.stderr
    said = (tmp_path / "said").read_text()
    assert (tmp_path / "code").read_text() == "1\n", said
    assert "No space left" in said
    assert "The old index is untouched" in said
    assert "Traceback" not in said
    assert set((tmp_path / "left").read_text().split()) <= {"corpus", "index", "filler", ".index.lock"}
    before = (tmp_path / "before").read_text()
    assert json.loads(before)["outcome"] == "answered"
    assert (tmp_path / "after").read_text() == (tmp_path / "afterwards").read_text() == before


def test_a_read_only_disk(copied: Path, tmp_path: Path, mounts: tuple[str, ...]) -> None:
    """Building is refused in words; asking goes on, since it writes nothing."""
    place = tmp_path / "disk"
    place.mkdir()
    done = in_a_shell(
        f"""
        mount -t tmpfs tmpfs {place}
        cp -r {copied}/corpus {copied}/index {place}
        {faqbot(ASK, folder=place)} > {tmp_path}/before
        mount -o remount,ro {place}
        code=0; {faqbot("build", "--quiet", folder=place)} 2> {tmp_path}/said || code=$?
        echo $code > {tmp_path}/code
        {faqbot(ASK, folder=place)} > {tmp_path}/after
        """,
        wrapped=mounts,
    )
    assert done.returncode == 0, done.stderr
    said = (tmp_path / "said").read_text()
    assert (tmp_path / "code").read_text() == "1\n", said
    assert "Read-only file system" in said
    assert "Traceback" not in said
    assert (tmp_path / "after").read_text() == (tmp_path / "before").read_text()


def test_a_file_that_cannot_be_written_whole(copied: Path) -> None:
    """A limit of the size of files, for machines on which nothing can be mounted."""
    before = answers(copied)
    done = in_a_shell(faqbot("build", "--quiet", folder=copied, before="ulimit -f 20;"))
    assert done.returncode == 1
    assert "The old index is untouched" in done.stderr
    assert "Traceback" not in done.stderr
    assert answers(copied) == before
    assert sorted(path.name for path in copied.iterdir()) == [".index.lock", "corpus", "index"]


def test_killed_at_twenty_random_moments(copied: Path) -> None:
    """One process builds over and over; it is killed wherever it then is, and the answers are the same each time."""
    before, dice = answers(copied), random.Random(20)
    code = (
        "import sys; from pathlib import Path; from faqbot.build import build_index; import faqbot.training\n"
        "print('ready', flush=True)\n"
        "while True: build_index(Path(sys.argv[1]), Path(sys.argv[2]), quiet=True)"
    )
    command = [sys.executable, "-c", code, str(copied / "corpus"), str(copied / "index")]
    for _ in range(KILLS):
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        time.sleep(dice.uniform(0.0, 3.0))
        assert process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=60)
        assert answers(copied) == before
    build_index(copied / "corpus", copied / "index", quiet=True)
    assert answers(copied) == before


def test_five_hundred_flipped_bytes(copied: Path) -> None:
    """Any byte of any file of the index: named, or (a version in the manifest) of no account."""
    before, dice = answers(copied), random.Random(500)
    files = sorted(path for path in (copied / "index").rglob("*") if path.is_file())
    said = []
    for number in range(FLIPS):
        path = files[number % len(files)]
        good = path.read_bytes()
        place = dice.randrange(len(good))
        with path.open("r+b") as file:
            file.seek(place)
            file.write(bytes([good[place] ^ dice.randrange(1, 256)]))
        try:
            after = answers(copied)
        except BrokenIndexError as error:
            said.append(str(error))
        else:
            assert path.name == "manifest.json"
            assert after == before
        path.write_bytes(good)
    assert len(said) > FLIPS * 0.9
    assert [one for one in said if "Run `make index`" not in one] == []
    assert answers(copied) == before


def test_a_phrasings_file_cut_anywhere(copied: Path) -> None:
    """It is seen at the next start and at the next build, and names the line where that is torn."""
    before, dice = answers(copied), random.Random(100)
    path = copied / "corpus" / "phrasings.en.jsonl"
    good = path.read_bytes()
    torn: list[tuple[int, str]] = []
    for _ in range(CUTS):
        cut = good[: dice.randrange(len(good))]
        path.write_bytes(cut)
        with pytest.raises(FaqBotError, match=r"phrasings\.en\.jsonl"):
            answers(copied)
        try:
            load_corpus(copied / "corpus")
        except CorpusError as error:
            torn.append((cut.count(b"\n") + 1, str(error)))
    assert len(torn) > CUTS / 2
    assert [one for line, one in torn if f"phrasings.en.jsonl:{line}: " not in one] == []
    path.write_bytes(good[:-20])
    with pytest.raises(CorpusError):  # the builder says the same and keeps its hands off the index
        build_index(copied / "corpus", copied / "index", quiet=True)
    path.write_bytes(good)
    assert answers(copied) == before
