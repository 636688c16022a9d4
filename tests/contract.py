"""The JSON contract of `ask`, checked field by field. Shared by the tests of every door."""

OUTCOMES = {
    *("answered", "did_you_mean", "not_covered", "lookup", "list", "out_of_range"),
    *("small_talk", "urgent", "personal_details", "empty"),
}
CITATION = {
    "question": int,
    "item": int | None,
    "section": str | None,
    "label": str,
    "question_text": str,
    "quote": str,
    "start": int,
    "end": int,
    "marked": str,
    "scope": str,
}


def check_contract(data: dict, source: str, *, spanish: str | None = None, questions: int = 20) -> None:
    """Every promised field, its type, and that every citation can be proved from the source and its translation."""
    translated = spanish if data["language"] == "es" else None
    assert isinstance(data["query"], str)
    assert data["language"] in ("en", "es")
    assert data["outcome"] in OUTCOMES
    assert data["confidence"] in ("strong", "possible", None)
    assert isinstance(data["message"], str)
    assert data["message"].strip()
    everything = list(range(1, questions + 1))
    assert sorted(data["ranking"]) == everything or (data["ranking"] == [] and data["outcome"] == "empty")
    for citation in data["citations"]:
        check_citation(citation, source, translated)
    for tension in data["tensions"]:
        assert tension["note"].strip()
        assert len(tension["citations"]) >= 2
        for citation in tension["citations"]:
            check_citation(citation, source, translated)
    assert set(data["related"]) <= set(everything)
    cited = {citation["question"] for citation in data["citations"]}
    if data["outcome"] in ("answered", "lookup"):
        assert data["citations"]
        assert data["confidence"] is not None
        assert not cited & set(data["related"])
        assert data["ranking"][0] in cited
    elif data["outcome"] == "did_you_mean":  # offers without claiming
        assert data["confidence"] is None
    else:
        assert data["citations"] == data["tensions"] == []
        assert data["confidence"] is None


def check_citation(citation: dict, source: str, translated: str | None) -> None:
    for name, kind in CITATION.items():
        assert isinstance(citation[name], kind), name
    assert source[citation["start"] : citation["end"]] == citation["quote"]
    assert citation["marked"]
    assert citation["marked"] in citation["quote"]
    assert citation["question_text"].endswith("?")
    assert f"\n{citation['question']}. {citation['question_text']}\n" in f"\n{source}"
    parts = [f"Question {citation['question']}", citation["section"], citation["item"] and f"item {citation['item']}"]
    assert citation["label"] == ", ".join(part for part in parts if part)
    assert citation["scope"] in ("wisconsin", "general")
    if translated is None:
        assert "translation" not in citation
        return
    translation = citation["translation"]
    assert set(translation) == {"quote", "marked", "start", "end"}
    assert translated[translation["start"] : translation["end"]] == translation["quote"]
    assert translation["marked"]
    assert translation["marked"] in translation["quote"]
    if citation["marked"] == citation["quote"]:
        assert translation["marked"] == translation["quote"]
