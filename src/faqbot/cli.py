"""The command line: `python -m faqbot ask|handout|build|eval|serve`. Thin: it reads arguments and prints.

Exit codes: 0 answered, 3 not covered, 2 bad usage, 1 failure.
"""

from __future__ import annotations

import argparse
import dataclasses
import io
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faqbot.errors import BrokenIndexError, FaqBotError, UsageError
from faqbot.settings import EMBEDDED, Settings, silence

if TYPE_CHECKING:
    from faqbot.bot import FaqBot

NOT_COVERED = 3
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
    serve.add_argument("--host")
    serve.add_argument("--port", type=int)
    serve.set_defaults(run=_serve)
    return parser


def _settings(options: argparse.Namespace) -> Settings:
    """Settings from the environment, with those given on the command line in their place."""
    names = {field.name for field in dataclasses.fields(Settings)}
    given = {name: value for name, value in vars(options).items() if name in names and value is not None}
    return dataclasses.replace(Settings.from_environment(), **given)


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
    from faqbot.web import serve

    serve(_load(settings), settings.host, settings.port)
    return 0
