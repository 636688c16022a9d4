"""What kind of message this is, from its form alone: empty, a look-up by number, a list, personal details.

Knows how people write question numbers in English and Spanish, not what the document says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from faqbot.schema import Language
from faqbot.text import fold

MessageKind = Literal["empty", "emergency", "lookup", "list", "personal_details", "question"]


@dataclass(frozen=True, slots=True)
class Target:
    """A question number, an item of it and a heading if they were named. All may lie outside the document."""

    question: int
    item: int | None = None
    heading: str | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """How to treat a message. `targets` only for a look-up, in the order named."""

    kind: MessageKind
    targets: tuple[Target, ...] = ()
    language: Language | None = None  # where the form tells it


_UNITS = {
    "en": "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciseis "
    "diecisiete dieciocho diecinueve veinte",
    "en-ordinal": "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth "
    "fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth",
    "es-ordinal": "cero primera segunda tercera cuarta quinta sexta septima octava novena decima undecima duodecima "
    "decimotercera decimocuarta decimoquinta decimosexta decimoseptima decimoctava decimonovena vigesima",
}
_NUMBER_WORDS = {word: value for line in _UNITS.values() for value, word in enumerate(line.split())}
_NUMBER_WORDS |= {"primer": 1, "tercer": 3, "una": 1}
_LARGEST_BARE = 999  # a number above, without the word question, is a year or a code
_SERVICES = {211, 287, 311, 411, 511, 611, 711, 811}  # telephone services and 287(g), not look-ups
# Cries for help of one word, with their language; the numbers are lines for emergencies.
_CRIES: dict[str, Language | None] = {"911": None, "988": None, "sos": None, "help": "en"}
_CRIES |= {"ayuda": "es", "auxilio": "es", "socorro": "es"}
_LAST = -1  # stands for the last question until the document is known
_ORDINALS = {word for name in ("en-ordinal", "es-ordinal") for word in _UNITS[name].split()} | {"primer", "tercer"}
QUESTION_WORDS = set(
    "question questions answer answers pregunta preguntas respuesta respuestas q qs p # no num nr".split()
)
ITEM_WORDS = set("item items point points part parts bullet paragraph punto puntos inciso parte numeral".split())
_LAST_WORDS = {"last", "final", "ultima", "ultimo"}
_RANGE_WORDS = {"-", "to", "through", "thru", "till", "until", "a", "al", "hasta"}
_AND_WORDS = {",", "and", "y", "&", "+", "also"}
_OF_WORDS = {"of", "from", "in", "under", "de", "del", "en"}
_ONLY = {"just", "only", "solo"}
_FILLER = set(
    """
    please pls por favor hey hi hola ok can could would you u i me let lets us want need like quiero necesito puede
    puedes muestrame to what what's whats is are does do say says said que cual es dice show see read open give go jump
    look up get display view tell bring pull just ver lee leer muestra mostrar abre abrir ve ir dame ensename the la las
    el los lo text texto full whole number numero for about it that this document again thanks gracias only solo a
    """.split()
)
# The shape of a look-up: Q a word for question, I for item, N a number, L "last", - a range, & and, o of, S a heading.
_SHAPES: tuple[tuple[str, str], ...] = (
    (r"Q*L", "last"),
    (r"LQ+", "last"),
    (r"Q*NQ*-Q*N", "range"),
    (r"Q*N[.,:]?S?,?I+,?N", "item"),
    (r"Q*NS,?N", "item"),
    (r"Q*N[.:/]N", "item"),
    (r"Q*N\(N\)?", "item"),
    (r"IN,?o?S?,?o?Q*N", "item_first"),
    (r"NIo?Q*N", "item_first"),
    (r"Q*N(?:(?:,|&)+Q*N)+", "several"),
    (r"(?:Q\.?)*NQ*", "one"),
)


def route(message: str, *, headings: tuple[str, ...] = ()) -> Route:
    """Sort a message by its form. `headings` are the section names of the document, such as "Risks".

    >>> route("Q5 item 3").targets
    (Target(question=5, item=3, heading=None),)
    >>> route("how long, 10 years?").kind
    'question'
    """
    if not re.search(r"\w", message):
        return Route("empty")
    if (cry := fold(message).strip(" .!?¡¿")) in _CRIES:
        return Route("emergency", language=_CRIES[cry])
    if _PERSONAL.search(message):
        return Route("personal_details")
    text = fold(message).strip(" .?:;\"'*()").removesuffix("!")
    if _LIST.fullmatch(text):
        return Route("list")
    targets = _lookup(text, {fold(heading): heading for heading in headings})
    return Route("lookup", targets) if targets else Route("question")


def _lookup(text: str, headings: dict[str, str]) -> tuple[Target, ...]:
    shape, numbers, heading = "", [], None
    text = re.sub(r"\b(\d+)(?:st|nd|rd|th|[oa]|ra|da|ta|va|ma)\b(?: one\b)?", r"\1", text)
    tokens = re.findall(r"\d+|[^\W\d_]+(?:['-][^\W\d_]+)*|[^\w\s]", text)
    for place, token in enumerate(tokens):
        ordinal_before = place > 0 and tokens[place - 1] in _ORDINALS | _LAST_WORDS
        if token == "one" and ordinal_before:
            continue
        counting = token in _NUMBER_WORDS and token not in _ORDINALS and not shape
        if counting and (_ONLY & set(tokens) or QUESTION_WORDS & set(tokens[place + 1 : place + 2])):
            return ()  # "one question" and "just one?" count; "question one" refers
        if token.isdecimal() or token in _NUMBER_WORDS:
            shape += "N"
            numbers.append(int(token) if token.isdecimal() else _NUMBER_WORDS[token])
        elif token in headings:
            shape, heading = shape + "S", headings[token]
        elif token in _RANGE_WORDS and shape.endswith("N") and place + 1 < len(tokens):
            shape += "-"
        elif token in _AND_WORDS:
            shape += "," if token == "," else "&"
        elif token in _OF_WORDS:
            shape += "o" if "I" in shape else ""
        elif token in QUESTION_WORDS:
            shape += "Q"
        elif token in ITEM_WORDS:
            shape += "I"
        elif token in _LAST_WORDS:
            shape += "L"
        elif token in (".", ":", "/", "(", ")"):
            shape += token
        elif token not in _FILLER:
            return ()
    shape = shape.strip("&,-:.")
    kind = next((kind for pattern, kind in _SHAPES if re.fullmatch(pattern, shape)), None)
    if kind is None or ("Q" not in shape and max(numbers, default=0) > _LARGEST_BARE):
        return ()
    if shape == "N" and numbers[0] in _SERVICES:
        return ()
    if kind == "last":
        return (Target(_LAST),)
    if kind == "item":
        return (Target(numbers[0], numbers[1], heading),)
    if kind == "item_first":
        return (Target(numbers[1], numbers[0], heading),)
    if kind == "range" and numbers[0] < numbers[1] < 100:
        return tuple(Target(number) for number in range(numbers[0], numbers[1] + 1))
    return tuple(Target(number) for number in numbers)


def resolve_last(targets: tuple[Target, ...], questions: int) -> tuple[Target, ...]:
    """Put the number of the last question where it was named by that word."""
    return tuple(replace(target, question=questions) if target.question == _LAST else target for target in targets)


_LIST = re.compile(
    r"""
    (?:please\ |can\ you\ |could\ you\ |puedes?\ )*
    (?:
      (?:list|show|see|give|display|read|view|print|lista|listar|mostrar|muestra|muestrame|ver|dame|ensename)
        (?:\ me|\ us)?\ ?(?:of\ )?(?:all\ |every\ |todas?\ )?(?:of\ )?(?:the\ |las\ |la\ )?
        (?:20\ |available\ )?(?:questions?|topics|contents|preguntas|temas|everything|all)
      |all\ (?:of\ )?(?:the\ )?(?:20\ )?questions|every\ question
      |(?:the\ )?(?:list|index|menu|contents|table\ of\ contents|toc|topics|questions)
      |what\ (?:questions\ )?can\ i\ ask(?:\ you|\ here|\ about)?
      |(?:what|which)\ (?:all\ )?(?:questions|topics|things)\ (?:are\ there|do\ you\ (?:have|answer|cover|know)
        |can\ (?:you|i)\ (?:answer|ask(?:\ about)?))
      |(?:show|give)(?:\ me)?\ the\ (?:full\ )?list
      |indice|menu|temas|todas\ las\ preguntas|(?:la\ )?lista(?:\ de\ (?:las\ )?preguntas|\ completa)?
      |(?:las\ )?preguntas|contenido|tabla\ de\ contenido
      |que\ (?:le\ |te\ )?puedo\ preguntar(?:le|te)?
      |(?:cuales|que)\ (?:son\ las\ )?preguntas\ ?(?:hay|tienes?|puedo\ hacer|puedes\ contestar)?
    )
    (?:\ please|\ por\ favor|\ again|\ you\ (?:have|answer|know)|\ (?:in|of)\ (?:the|this)\ document|\ del\ documento
      |\ que\ (?:hay|tienes?))?
    """,
    re.VERBOSE,
)

_STREET = (
    r"(?:street|st|avenue|ave|road|rd|drive|dr|lane|ln|boulevard|blvd|court|ct|way|place|pl|circle|terrace|highway|hwy)"
)
# Words that a street is not called by: "3 cars on my street", "5 measures in place", "2 federal court cases".
_NO_STREET = (
    r"(?!(?:an?|and|are|at|by|did|do|does|down|for|from|her|his|in|is|my|no|of|off|on|or|our|per|that|the|their|this|to"
    r"|up|was|were|with|your|its|make|makes|made|before|after|until|till|since|outside|near|men|people|children|families"
    r"|(?:second|minute|hour|day|night|week|month|year|block|mile|time|agent|car|cop|kid|officer|van|guy)s?"
    r"|(?:appeals|circuit|county|district|federal|immigration|state|supreme) court)\b)"
)
_NO_CALLE = (
    r"(?!(?:a|al|ahora|como|con|cuando|desde|donde|en|est[aá]n?|hace|hay|me|mi|nos|por|porque|que|qué|se|si|su|van"
    r"|y|ya)\b)"
)
_PERSONAL = re.compile(
    "|".join(
        (
            r"\b\d{3}[-–— .]?\d{2}[-–— .]\d{4}\b",  # a social security number
            r"(?<![\w.])\d{9}(?!\w|\.\d)",  # the same, or an A-number, without dashes
            r"\bA[- #:]{0,3}\d{2,3}[- ]?\d{3}[- ]?\d{3}\b",  # an alien registration number
            r"(?:\+?1[-. ]?)?(?:\(\d{3}\) ?|\b\d{3}[-–. ])\d{3}[-–. ]?\d{4}\b",  # a telephone number
            r"(?<!\d)\d{10,11}(?!\d)",
            r"\+\d{1,3}(?:[-. ]?\d){8,11}\b",
            r"[\w.+-]+@[\w-]+\.\w{2,}",  # an e-mail address
            rf"\b\d{{1,5}} (?:[nsew]\.? )?(?:{_NO_STREET}[\w']+ ){{1,3}}{_STREET}\b",  # a street address
            rf"\b(?:calle|avenida|av(?:da)?\.?) (?:{_NO_CALLE}[\w.]+ ){{1,4}}(?:#|no\.? ?|n[uú]mero )?\d{{1,5}}\b",
            rf"\b\d{{1,5}},? (?:de la )?(?:calle|avenida) {_NO_CALLE}\w",
        )
    ),
    re.IGNORECASE,
)


def redact(message: str) -> str:
    """A message with a blank in place of every personal detail that is recognised."""
    return _PERSONAL.sub(" ", message)
