"""Which of two languages the everyday words of a message speak for. Knows no document and no model.

A classifier trained on questions about one subject has not seen "hello"; these words it need not learn.
"""

from __future__ import annotations

from faqbot.text import words

_SPANISH = frozenset(
    """
    adios aqui ayuda buenas buenos como cual cuando cuanta cuantas cuanto cuantos del donde el ella ellos eres esa ese
    eso esta estan estas este esto estoy fue gracias hacer hay hola las les lo los mas mi mis mucha muchas mucho nos
    para pero por porque pregunta preguntas puede pueden puedo punto que quien quienes quiero se sin sobre socorro son
    soy su sus tengo tiene tienen toda todas todo todos tu ultima un una usted y ya yo
    """.split()
)
_ENGLISH = frozenset(
    """
    about an and any are at be but by can could did do does for from get good has have hello help hey hi how i if in is
    it item last morning my not of on or our question questions she should than thank thanks that the their them there
    they this thx to us was we were what when where which who whose why will with would you your
    """.split()
)


def spanish_signs(message: str) -> int:
    """Spanish signs in a message less English ones; 0 when it has neither.

    >>> spanish_signs("¿y me avisan?"), spanish_signs("hola"), spanish_signs("do they tell me"), spanish_signs("Q7")
    (3, 1, -2, 0)
    """
    found = words(message)
    marked = 2 if any(letter in "¿¡ñáéíóú" for letter in message.lower()) else 0
    return marked + sum(word in _SPANISH for word in found) - sum(word in _ENGLISH for word in found)
