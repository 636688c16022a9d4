"""An `Answer` as JSON or plain text. Knows no Gradio."""

from __future__ import annotations

from typing import Any

from faqbot import texts
from faqbot.document import UNDATED, Document, Text
from faqbot.schema import Answer, Citation, Language, Passage

_SHORT = 12  # characters of a fingerprint


def citation_label(passage: Passage, language: Language) -> str:
    """How a passage is cited, in the words of a language: "Question 5, item 3"."""
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
    data: dict[str, Any] = {
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
    if citation.translation:  # start and end are offsets into the translation's file
        translated = citation.translation.passage
        data["translation"] = {
            "quote": translated.text,
            "marked": citation.translation.marked_text,
            "start": translated.start,
            "end": translated.end,
        }
    return data


def to_text(answer: Answer, document: Document, *, colour: bool = False) -> str:
    """An answer for a terminal; `colour` marks the answering sentence in bold instead of by »«."""
    language = answer.language
    original = texts.label(language, "original")
    lines = [answer.message]
    if answer.confidence and answer.outcome == "answered":
        lines[0] = f"{texts.label(language, answer.confidence)}. {answer.message}"
    label = translation_label(answer, document)
    if label:
        lines.append(f"({label}.)")
    if answer.outcome != "did_you_mean":
        for number in dict.fromkeys(citation.passage.question for citation in answer.citations):
            own = [citation for citation in answer.citations if citation.passage.question == number]
            heading = texts.label(language, "question", number=number)
            scope = scope_label(own[0].passage, document, language)
            lines += ["", _bold(f"{heading}. {own[0].shown.question_text}", colour), f"  [{scope}]"]
            for citation in own:
                lines.append(
                    f"  {_marked(citation.shown, colour)}  ({citation_label(citation.shown.passage, language)})"
                )
                if citation.translation:
                    lines.append(f"    {original}: {citation.passage.text}  ({citation.passage.label})")
    for tension in answer.tensions:
        lines += ["", _bold(texts.label(language, "tension"), colour), f"  {tension.note}"]
        for citation in tension.citations:
            shown = citation.shown
            lines.append(f"  - “{shown.marked_text}”  ({citation_label(shown.passage, language)})")
            if citation.translation:
                lines.append(f"    {original}: “{citation.marked_text}”  ({citation.passage.label})")
    listed = questions_listed(answer)
    if listed:
        title = "try_these" if answer.outcome in ("not_covered", "did_you_mean", "list") else "related"
        lines += ["", f"{texts.label(language, title)}:"]
        lines += [f"  {number:>3}. {document.text_for(language).question(number).text}" for number in listed]
    if answer.citations:
        lines += ["", *source_card(document, language)]
    return "\n".join(lines)


def questions_listed(answer: Answer) -> tuple[int, ...]:
    """The questions to press or type next: all of them for a list, those offered, or the related ones."""
    return answer.ranking if answer.outcome == "list" else answer.offered or answer.related


def translation_label(answer: Answer, document: Document) -> str | None:
    """That a translation is unofficial, if the answer shows any words of one."""
    translation = document.translation(answer.language)
    shows = answer.citations or answer.tensions or questions_listed(answer)
    return translation.label[answer.language] if translation and shows else None


def scope_label(passage: Passage, document: Document, language: Language) -> str:
    """Whether the answer is about the document's place or general, in words."""
    name = "general" if passage.scope == "general" else "wisconsin"
    return texts.label(language, name, place=document.place)


def source_card(document: Document, language: Language) -> tuple[str, ...]:
    """Where the words come from, a line a fact: titles, origin, date, fingerprints, and what the document is not."""
    translation = document.translation(language)
    return (
        *((translation.title,) if translation else ()),
        document.title,
        f"{texts.ui(language, 'origin')}: {document.origin}",
        f"{texts.ui(language, 'date')}: {dated(document, language)}",
        f"{texts.ui(language, 'fingerprint')}: {short_hash(document)}",
        *((f"{translation.label[language]} ({short_hash(translation)})",) if translation else ()),
        document.notice[language],
    )


def dated(document: Document, language: Language) -> str:
    """The document's date, or that it has none, and when it was received."""
    date = texts.ui(language, "undated") if document.date == UNDATED else document.date
    return texts.ui(language, "date_value", date=date, obtained=document.obtained)


def short_hash(text: Text) -> str:
    """The beginning of a text's fingerprint, as it is shown to people."""
    return text.sha256[:_SHORT] + "…"


def _marked(citation: Citation, colour: bool) -> str:
    text, span = citation.passage.text, citation.marked_in_passage
    if citation.whole:
        return text
    marked = _bold(citation.marked_text, True) if colour else f"»{citation.marked_text}«"
    return text[: span.start] + marked + text[span.end :]


def _bold(text: str, colour: bool) -> str:
    return f"\033[1m{text}\033[0m" if colour else text
