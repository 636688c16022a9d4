"""The command line: `python -m faqbot ask|handout|build|eval|serve|password`. Thin: it reads arguments and prints.

Exit codes: 0 answered, 3 not covered, 2 bad usage, 1 failure.
"""

from __future__ import annotations

import argparse
import dataclasses
import io
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faqbot.errors import BrokenIndexError, FaqBotError, UsageError
from faqbot.settings import EMBEDDED, Settings, silence

if TYPE_CHECKING:
    from faqbot.bot import FaqBot

NOT_COVERED = 3
_OPEN_HOST = """--host {host} lets every machine that reaches this one ask,
and what people type crosses the network.
Choose one:
  a password:   python -m faqbot password NAME >> users.txt
                python app.py --host {host} --users users.txt
  no password:  python app.py --host {host} --public
Beyond this machine put TLS before it, or words and passwords can be read on the way: see docs/deployment.md."""
_ANSWERING = {"answered", "did_you_mean", "lookup", "list", "small_talk"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        settings = _settings(options)
        silence(offline=not _names_hub_model(settings.embedder))
        return int(options.run(options, settings))
    except FaqBotError as error:
        print(error, file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:  # stopped by hand, as a long build may be
        return 1
    except BrokenPipeError:  # the reader of a pipe went away, as `| head` does
        sys.stderr.close()
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m faqbot", description="Ask a numbered question-and-answer document in plain words."
    )
    places = argparse.ArgumentParser(add_help=False)
    places.add_argument("--corpus", type=Path, help="folder of the document and its language data")
    places.add_argument("--index", type=Path, help="folder of the built index")
    places.add_argument("--embedder", help=f"`{EMBEDDED}`, a folder, or the name of a sentence-transformers model")
    commands = parser.add_subparsers(dest="command", required=True)

    ask = commands.add_parser("ask", parents=[places], help="answer one question, or a file of them")
    ask.add_argument("question", nargs="?", help="the question, in English or Spanish")
    ask.add_argument("--json", action="store_true", help="print the JSON contract")
    ask.add_argument(
        "--batch",
        type=Path,
        metavar="FILE",
        help='lines of {"id", "q"} or {"id", "turns"}, or a .csv with a column "question"; - for stdin',
    )
    ask.add_argument("--csv", action="store_true", help="the batch is CSV, whatever its file is called")
    ask.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the answers of a CSV batch to a file")
    ask.set_defaults(run=_ask)

    handout = commands.add_parser("handout", parents=[places], help="passages as one page to print")
    handout.add_argument("places", nargs="+", metavar="PLACE", help='such as 7, 5.3 or "20 risks 3"')
    handout.add_argument("--lang", choices=("en", "es", "both"), default="en", help="of the page (en)")
    handout.add_argument("-o", "--output", type=Path, metavar="FILE.html", help="where to write it, else to stdout")
    handout.set_defaults(run=_handout)

    build = commands.add_parser("build", parents=[places], help="build the index from the corpus")
    build.add_argument("--if-stale", action="store_true", help="do nothing when the index fits the corpus")
    build.add_argument("--quiet", action="store_true", help="no progress bars")
    build.set_defaults(run=_build)

    evaluate = commands.add_parser("eval", parents=[places], help="measure on the benchmark questions")
    evaluate.add_argument("--questions", type=Path, help="folder of benchmark questions")
    evaluate.add_argument("--results", type=Path, help="folder to write results to")
    evaluate.add_argument("--full", action="store_true", help="also train without each author in turn (minutes)")
    evaluate.set_defaults(run=_evaluate)

    serve = commands.add_parser("serve", parents=[places], help="serve the chat")
    serve.add_argument("--host", help="address to listen on (127.0.0.1: this machine alone)")
    serve.add_argument("--port")
    serve.add_argument("--users", metavar="FILE", help="ask for a password; lines of `python -m faqbot password`")
    serve.add_argument("--public", action="store_const", const="1", help="let a network ask without a password")
    serve.add_argument("--root-path", metavar="/PATH", help="where a proxy shows the app")
    serve.add_argument(
        "--behind-proxy",
        nargs="?",
        const="127.0.0.1,::1",
        metavar="ADDRESSES",
        help="believe forwarded headers from these (without a value: from this machine)",
    )
    serve.add_argument("--rate", metavar="N", help="questions a minute of one address, 0 for no limit")
    serve.add_argument("--count", metavar="FILE", help="count questions and outcomes by the hour; no text, no address")
    serve.set_defaults(run=_serve)

    password = commands.add_parser("password", help="print a line for the file of --users")
    password.add_argument("name")
    password.set_defaults(run=_password)
    return parser


def _settings(options: argparse.Namespace) -> Settings:
    """Settings from the environment, with those given on the command line in their place."""
    names = {field.name for field in dataclasses.fields(Settings)}
    given = {name: str(value) for name, value in vars(options).items() if name in names and value is not None}
    return Settings.from_environment({**os.environ, **{f"FAQBOT_{name.upper()}": given[name] for name in given}})


def _names_hub_model(embedder: str) -> bool:
    from faqbot.embedding import may_use_hub

    return may_use_hub(embedder)


def _load(settings: Settings) -> FaqBot:
    from faqbot.bot import FaqBot

    return FaqBot.load(settings)


def _ask(options: argparse.Namespace, settings: Settings) -> int:
    if (options.question is None) == (options.batch is None):
        print("Give either a question or --batch FILE. See `python -m faqbot ask --help`.", file=sys.stderr)
        return 2
    from faqbot import render

    as_sheet = options.csv or (options.batch is not None and options.batch.suffix.lower() == ".csv")
    if (options.csv or options.output) and not (options.batch and as_sheet):
        raise UsageError("--csv and --output go with a CSV batch: python -m faqbot ask --batch FILE.csv -o ANSWERS.csv")
    if as_sheet:
        return _ask_sheet(options, settings)
    if options.batch:
        return _ask_batch(options, settings)
    bot = _load(settings)
    answer = bot.ask(options.question)
    if options.json:
        print(json.dumps(render.to_json(answer), ensure_ascii=False))
    else:
        print(render.to_text(answer, bot.document, colour=sys.stdout.isatty()))
    return 0 if answer.outcome in _ANSWERING else NOT_COVERED


def _ask_batch(options: argparse.Namespace, settings: Settings) -> int:
    if not options.json:
        print("--batch prints JSON lines: add --json.", file=sys.stderr)
        return 2
    lines = _batch_bytes(options.batch).split(b"\n")
    bot = _load(settings)
    for result in answer_lines(bot, lines):
        print(json.dumps(result, ensure_ascii=False))
    return 0


def _batch_bytes(path: Path) -> bytes:
    """What a batch holds; raises UsageError when it cannot be read."""
    try:
        return sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}).") from None


def _ask_sheet(options: argparse.Namespace, settings: Settings) -> int:
    from faqbot.spreadsheet import read_sheet, write_sheet

    if options.json:
        raise UsageError(f"{options.batch}: a CSV file is answered in CSV. Leave out --json.")
    sheet = read_sheet(_batch_bytes(options.batch), options.batch)
    bot = _load(settings)
    answers = [None if line.error else bot.ask(line.question) for line in sheet.lines]
    text = io.StringIO(newline="")
    write_sheet(text, sheet, answers, bot.document, path=options.batch)
    mark = "\ufeff" if options.output else ""  # by which a spreadsheet knows a file in UTF-8
    _write(mark + text.getvalue(), options.output, unlike=options.batch)
    return 0


def _handout(options: argparse.Namespace, settings: Settings) -> int:
    from faqbot.answer import TensionFinder
    from faqbot.corpus import load_tensions
    from faqbot.document import load_document
    from faqbot.handout import make, read_places
    from faqbot.handout_page import handout_page

    document = load_document(Path(settings.corpus))
    tensions = TensionFinder(load_tensions(Path(settings.corpus), document), document)
    handout = make(document, tensions, read_places(options.places, document), options.lang)
    _write(handout_page(handout).html, options.output)
    return 0


def _write(text: str, path: Path | None, *, unlike: Path | None = None) -> None:
    """To a file, or to stdout; raises UsageError when the file cannot be written or is the one that was read."""
    if path is None:
        sys.stdout.buffer.write(text.encode("utf-8"))
        sys.stdout.buffer.flush()
        return
    try:
        if unlike and path.exists() and unlike.exists() and path.samefile(unlike):
            raise UsageError(f"{path}: this is the file of the questions. Give another name with -o.")
        path.write_bytes(text.encode("utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror}).") from None


def answer_lines(bot: FaqBot, lines: Sequence[bytes]) -> Iterator[dict[str, Any]]:
    """The JSON contract for each line of a batch, in order; a bad line gets `{"id", "error"}` in its place."""
    from faqbot.asked import read_request
    from faqbot.render import to_json

    for line in lines:
        if not line.strip():
            continue
        row: Any = None
        try:
            row = json.loads(line.decode("utf-8-sig"))
            asked = read_request(row)
        except (ValueError, RecursionError, UsageError) as error:
            given = row.get("id") if isinstance(row, dict) else None
            yield {"id": given, "error": "not valid JSON in UTF-8" if row is None else str(error)}
        else:
            yield to_json(bot.ask(asked.message, asked.history, language=asked.language), id=asked.id)


def _build(options: argparse.Namespace, settings: Settings) -> int:
    from faqbot.index import stale_because

    if options.if_stale:
        try:
            reason = stale_because(Path(settings.index), Path(settings.corpus), settings.embedder)
        except BrokenIndexError as error:
            reason = str(error)
        if reason is None:
            return 0
        print(f"Building the index: {reason}")
    from faqbot.build import build_index

    build_index(Path(settings.corpus), Path(settings.index), embedder=settings.embedder, quiet=options.quiet)
    print(f"Built {settings.index}.")
    return 0


def _evaluate(options: argparse.Namespace, settings: Settings) -> int:
    from faqbot.evaluation import evaluate

    evaluate(settings, questions=options.questions, results=options.results, full=options.full)
    return 0


def _serve(options: argparse.Namespace, settings: Settings) -> int:
    from faqbot import logs
    from faqbot.limits import loopback

    if not loopback(settings.host) and not settings.users and not settings.public:
        raise UsageError(_OPEN_HOST.format(host=settings.host))
    logs.configure(settings.log_level)
    from faqbot.web import serve

    serve(settings)
    return 0


def _password(options: argparse.Namespace, settings: Settings) -> int:
    from faqbot.passwords import line

    if sys.stdin.isatty():
        import getpass

        password = getpass.getpass(f"Password for {options.name}: ")
        if getpass.getpass("The same again: ") != password:
            raise UsageError("The two were not the same. Nothing was printed.")
    else:
        password = sys.stdin.readline().rstrip("\n")
    print(line(options.name, password))
    return 0
