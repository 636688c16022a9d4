"""A corpus of three questions, two authors and a few dozen lines, written into a folder: it builds in seconds."""

import hashlib
import json
from pathlib import Path

SOURCE = """1. What may the library lend?
The library lends books and maps.
1. Books may be kept for three weeks.
2. Maps may be kept for one day.
2. When is the library open in Oakville?
The library in Oakville is open from nine to five. It is closed on Sundays.
3. Who pays for a lost book?
The reader pays for a lost book. In most cases the price is ten dollars.
"""
PHRASINGS = {
    ("en", "one"): {
        1: ["what can i borrow", "do you have maps", "which things do you lend", "may i take books home"],
        2: ["when do you open", "are you open on sunday", "opening hours", "what time do you close"],
        3: ["i lost a book", "what does a lost book cost", "do i have to pay", "my dog ate the novel"],
    },
    ("en", "two"): {
        1: ["can i lend a map", "how many weeks can i keep a book", "what is there to borrow", "is a map lent out"],
        2: ["at what hour does it open", "is the place open today", "closing time please", "hours in oakville"],
        3: ["price of a missing book", "who has to pay for the loss", "book is gone, how much", "pay ten dollars?"],
    },
    ("es", "two"): {
        1: ["qué puedo llevar prestado", "prestan mapas"],
        2: ["a qué hora abren", "abren el domingo"],
        3: ["perdí un libro", "cuánto cuesta un libro perdido"],
    },
    ("es", "one"): {
        1: ["qué libros prestan", "puedo llevar un mapa"],
        2: ["cuándo cierran", "horario en oakville"],
        3: ["quién paga el libro", "hay que pagar si se pierde"],
    },
}
UNANSWERABLE = {
    "one": {"greeting": ["hello there"], "near_people": ["who is the librarian"], "offtopic": ["bake me a cake"]},
    "two": {"greeting": ["good day"], "near_events": ["is there a reading tonight"], "offtopic": ["who won the game"]},
}
TENSIONS = """
[[tension]]
note.en = "Two parts differ."
note.es = "Dos partes no coinciden."
[[tension.side]]
group = "lent"
question = 1
position = 1
quote = "The library lends books and maps."
[[tension.side]]
group = "paid"
question = 3
position = 1
quote = "The reader pays for a lost book."
"""
DOCUMENT = """
title = "The library"
origin = "written for the tests"
date = "undated"
obtained = "2026-01-01"
language = "en"
place = "Oakville"
sha256 = "{sha256}"
[notice]
en = "A test."
es = "Una prueba."
"""


def write_corpus(folder: Path, *, source: str = SOURCE) -> Path:
    """Write the corpus and return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    data = source.encode()
    (folder / "source.txt").write_bytes(data)
    sha256 = hashlib.sha256(data).hexdigest()
    (folder / "document.toml").write_text(DOCUMENT.format(sha256=sha256), encoding="utf-8")
    (folder / "tensions.toml").write_text(TENSIONS, encoding="utf-8")
    for language in ("en", "es"):
        rows = [
            {"q": text, "question": number, "author": author}
            for (spoken, author), questions in PHRASINGS.items()
            if spoken == language
            for number, texts in questions.items()
            for text in texts
        ]
        write_lines(folder / f"phrasings.{language}.jsonl", rows)
    rows = [
        {"q": text, "kind": kind, "author": author}
        for author, kinds in UNANSWERABLE.items()
        for kind, texts in kinds.items()
        for text in texts
    ]
    write_lines(folder / "unanswerable.jsonl", rows)
    talks = [
        {"turns": ["what do you lend", "and maps?"], "question": 1, "author": "one"},
        {"turns": ["what do you lend", "and when are you open"], "question": 2, "switch": True, "author": "two"},
    ]
    write_lines(folder / "followups.jsonl", talks)
    return folder


def write_lines(path: Path, rows: list[dict]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
