"""Allergy texts in the neighbours' languages: the little words around a name, said in English.

Names themselves need no dictionary: an INN differs from language to language in its ending and its spelling by
sound, which `text.skeleton` takes away. What is left are the words that deny, and the word for allergy, which
decide whether a name counts. Spanish, Portuguese, French, Italian and German, and the simplest phrases of Dutch,
the Scandinavian languages, Polish and Russian (in Latin letters, see `scripts`); anything else stays as it is and is
shown as not checked.
"""

from __future__ import annotations

import re

_OF = r"(?: (?:a la|a las|a los|al|ala|alla|alle|ai|agli|a|aux|au|aos|as|ao|gegen|auf|to|la|les|le|las|los|l|di|de))?"
_ALLERGY = (
    r"(?:alergias?|alergicos?|alergic[ao]|allergies?|allergi[ae]s?|allergien?|allergique|allergi(?:ch|c|sch)?[aeo]?)"
)
_KNOWN = (
    r"(?: (?:medicamenteuses?|medicamentos[ao]s?|farmacologic[ah]e?|a medicamentos|conocidas?|conhecidas?|"
    r"connues?|not[ae]s?|bekannte?n?|bekannt))*"
)

# (pattern over folded text, English). The first that fits wins, so the longer phrases come first.
_PHRASES = tuple(
    (re.compile(pattern), english)
    for pattern, english in (
        # nothing known
        (rf"\b(?:sin|nenhuma|sem|nessuna|senza|aucune|keine|no refiere|no tiene|niega|nega)\s+{_ALLERGY}{_KNOWN}"
         r"(?=\s*(?:[.,;\n]|$))", "no known allergies"),
        (rf"\bpas d ?{_ALLERGY}{_KNOWN}(?=\s*(?:[.,;\n]|$))", "no known allergies"),
        (r"\b(?:allergii net|net allergii|bez allergii)(?=\s*(?:[.,;\n]|$))", "no known allergies"),
        (r"\b(?:geen|ingen|ingen kendte|brak|zadne)\s+(?:bekende )?(?:allergie[en]*|allergier?|alergii|uczulen)"
         r"(?: bekend| kendt)?(?=\s*(?:[.,;\n]|$))", "no known allergies"),
        # denied for a name
        (r"\b(?:net|bez) allergii na ", "no allergy to "),
        (r"\ballergi[a-z]* na |\b(?:uczuleni[ea]|alergi[ae]) na ", "allergic to "),
        (r"\b(?:geen|ingen) allergi[e]? (?:voor|mot|mod|for) ", "no allergy to "),
        (r"\b(?:allergisch|allergie) voor |\ballergi(?:sk)? (?:mot|mod|for|overfor) ", "allergic to "),
        (rf"\b(?:sin|sem|senza|aucune|keine|nessuna|nenhuma)\s+{_ALLERGY}{_KNOWN},?\s+"
         r"(?:ausser|sauf|hormis|excepto|exceto|eccetto|salvo|tranne)\b", "no known allergies except"),
        (rf"\b(?:pas d ?|aucune |pas )(?:{_ALLERGY}){_OF} ", "no allergy to "),
        (rf"\b(?:keine|keinerlei)\s+{_ALLERGY}{_OF} ", "no allergy to "),
        (rf"\bnicht\s+{_ALLERGY}{_OF} ", "not allergic to "),
        (rf"\b(?:niega|nega)\s+(?:ser )?{_ALLERGY}{_OF} ", "denies allergy to "),
        (rf"\b(?:sin|sem|senza|nessuna|nenhuma)\s+{_ALLERGY}{_OF} ", "no allergy to "),
        (rf"\bno(?: es| tiene)?\s+(?:alergic[ao]|alergia){_OF} ", "not allergic to "),
        (rf"\bnon(?: e)?\s+allergic[ao]{_OF} ", "not allergic to "),
        (r"\b(?:geen|ingen) (?=\w+ ?allergi)", "no "),
        (r"\bkeine (?=\w+ (?:allergie|unvertraglichkeit))", "no "),
        (r"\b(?:ne|no|non|nao) (?:tolere|tolera|tollera)(?: pas)? ", "does not tolerate "),
        (r"\bvertragt (?:kein\w*|nicht) ", "does not tolerate "),
        (r"\bvertragt (\w+) nicht\b", r"does not tolerate \1"),
        (r"\b(?:vertragt|tolere|tolera|tollera) (?=\w)", "tolerates "),
        (r"\b(?:ausser|sauf|hormis|excepto|exceto|eccetto|salvo|tranne)\b", "except"),
        # said of a name
        (rf"\b{_ALLERGY}{_OF} (?=[a-z]{{4,}})", "allergic to "),
        (r"\b(?:allergie|allergia|alergia|unvertraglichkeit)\b", "allergy"),
    )
)  # fmt: skip
#: "Penicillinallergie", "Sulfonamidallergie": German writes the two together.
_COMPOUND = re.compile(r"\b([a-z]{4,}?)(?:s?allergi(?:en?|a)?|unvertraglichkeit)\b")
_ENGLISH = re.compile(r"\ballerg(?:y|ies|ic)\b")
_HINT = re.compile(
    r"\b(?:sin|sem|niega|nega|alerg\w+|allergi[aen]\w*|aucune|pas|keine\w*|nessuna|senza|nenhuma|nicht|non|tolere|"
    r"vertragt|tolera|tollera)\b|allergi[ea]"
)


def in_english(text: str) -> str:
    """A folded text with the foreign words around the names in English; English text as it is."""
    if not _HINT.search(text):
        return text
    text = _COMPOUND.sub(lambda m: m.group() if _ENGLISH.fullmatch(m.group()) else f"{m.group(1)} allergie", text)
    for pattern, english in _PHRASES:
        text = pattern.sub(english, text)
    return text
