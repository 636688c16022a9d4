"""An `Answer` as JSON or plain text. Knows no Gradio."""

from __future__ import annotations

from typing import Any

from faqbot import texts
from faqbot.corpus import Document
from faqbot.schema import Answer, Citation, Language, Passage


def citation_label(passage: Passage, language: Language) -> str:
    """How a passage is cited, in the reader's language: "Question 5, item 3"."""
    parts = [texts.label(language, "question", number=passage.question), passage.section]
    if passage.item is not None:
        parts.append(texts.label(language, "item", number=passage.item))
    return ", ".join(part for part in parts if part)


def to_json(answer: Answer, *, id: object = None) -> dict[str, Any]:
    """The JSON contract of `ask`; `id` is passed through."""
    data: dict[str, Any] = {} if id is None else {"id": id}
    return data | {
        "query": answer.query,
        "language": answer.language,
        "outcome": answer.outcome,
        "confidence": answer.confidence,
        "message": answer.message,
        "ranking": list(answer.ranking),
        "citations": [_citation_json(citation) for citation in answer.citations],
        "tensions": [
            {"note": tension.note, "citations": [_citation_json(citation) for citation in tension.citations]}
            for tension in answer.tensions
        ],
        "related": list(answer.related),
        "offered": list(answer.offered),
    }


def _citation_json(citation: Citation) -> dict[str, Any]:
    passage = citation.passage
    return {
        "question": passage.question,
        "position": passage.position,
        "item": passage.item,
        "section": passage.section,
        "label": passage.label,
        "question_text": citation.question_text,
        "quote": passage.text,
        "start": passage.start,
        "end": passage.end,
        "marked": citation.marked_text,
        "scope": passage.scope,
    }


def to_text(answer: Answer, document: Document, *, colour: bool = False) -> str:
    """An answer for a terminal; `colour` marks the answering sentence in bold instead of by »«."""
    language = answer.language
    lines = [answer.message]
    if answer.confidence and answer.outcome == "answered":
        lines[0] = f"{texts.label(language, answer.confidence)}. {answer.message}"
    if answer.outcome != "did_you_mean":
        for number in dict.fromkeys(citation.passage.question for citation in answer.citations):
            own = [citation for citation in answer.citations if citation.passage.question == number]
            heading = texts.label(language, "question", number=number)
            scope = scope_label(own[0].passage, document, language)
            lines += ["", _bold(f"{heading}. {own[0].question_text}", colour), f"  [{scope}]"]
            lines += [
                f"  {_marked(citation, colour)}  ({citation_label(citation.passage, language)})" for citation in own
            ]
    for tension in answer.tensions:
        lines += ["", _bold(texts.label(language, "tension"), colour), f"  {tension.note}"]
        for citation in tension.citations:
            lines.append(f"  - “{citation.marked_text}”  ({citation_label(citation.passage, language)})")
    listed = answer.ranking if answer.outcome == "list" else answer.offered or answer.related
    if listed:
        title = "try_these" if answer.outcome in ("not_covered", "did_you_mean", "list") else "related"
        lines += ["", f"{texts.label(language, title)}:"]
        lines += [f"  {number:>3}. {document.question(number).text}" for number in listed]
    if answer.citations:
        lines += ["", document.notice[language]]
    return "\n".join(lines)


def scope_label(passage: Passage, document: Document, language: Language) -> str:
    """Whether the answer is about the document's place or general, in words."""
    name = "general" if passage.scope == "general" else "wisconsin"
    return texts.label(language, name, place=document.place)


def _marked(citation: Citation, colour: bool) -> str:
    passage = citation.passage
    if citation.marked.start == passage.start and citation.marked.end == passage.end:
        return passage.text
    start, end = citation.marked.start - passage.start, citation.marked.end - passage.start
    marked = _bold(passage.text[start:end], True) if colour else f"»{passage.text[start:end]}«"
    return passage.text[:start] + marked + passage.text[end:]


def _bold(text: str, colour: bool) -> str:
    return f"\033[1m{text}\033[0m" if colour else text
