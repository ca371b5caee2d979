"""Who is denied: negation, toleration, exceptions and family history, each with its scope.

A sentence is rewritten with every allergen as a placeholder (§0§, §1§ ...), so that the patterns see only the
words around the allergens. When in doubt an allergen counts: a needless warning costs a click.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from .model import Mention

_SLOT = r"§(\d+)§"
_CHAIN_LINK = r"(?: (?:, (?:and |or |nor )?|and/or |and |or |nor |/ |& |\+ |plus )§\d+§)*"
_CHAIN = rf"§\d+§{_CHAIN_LINK}"
_EXCEPT = re.compile(
    r"\b(?:except(?:ing|ion of)?(?: for| to)?|other than|apart from|aside from|besides|with the exception of|"
    r"save for|bar)\b"
)
# "rash while taking penicillin" contrasts nothing.
_CONTRAST = re.compile(
    r"\b(?:but|however|although|though|whereas|while(?! (?:on|taking|using|receiving|being|having|i|he|she|they)))\b"
)
_ALLERGY = (
    r"(?:allerg\w*|alerg\w*|hypersensitiv\w*|sensitiv\w*|intoleran\w*|reaction\w*|react\w*|adrs?|adverse|"
    r"anaphyla\w*|problems?|issues?|history|hx)"
)
_DOUBT = re.compile(
    r"\b(?:sure|certain|clear|whether|if|only|just|toler\w*|exclude\w*|ruled?|aware|confirmed|give|given|take|use|"
    r"have any|prescribe|until|unless|longer able|able)\b"
)
_DENIES = re.compile(r"\b(?:denie[sd]|deny|denying|negative for|neg for|absence of)\b")
_NOT = re.compile(r"\b(?:no|not|never|without|neither|nor|nil|isnt|wasnt|doesnt|didnt|arent|hasnt|havent)\b")
_INTOLERANT = re.compile(
    r"\b(?:not|cannot|cant|unable to|doesnt|didnt|never|poorly|dont|wont|couldnt|can not)(?: \w+)?$"
)
_TOLERATES = re.compile(
    rf"\b(?:tolerat(?:es|ed|ing|e)|can (?:safely |only )?(?:take|have|use|tolerate)|"
    rf"(?:ok|okay|fine|well|safe) (?:with|on)|"
    rf"no (?:problems?|issues?|trouble) (?:with|on))(?: \w+){{0,4}}? ({_CHAIN})"
)
_TOLERATED_AFTER = re.compile(
    r"^(?: (?![§;])\S+){0,6}? (?:tolerated|tolerates|tolerating|(?:is |are |was )?(?:ok|okay|fine|safe)|"
    r"(?:without|no) (?:any |a )?(?:problems?|issues?|incident|trouble|difficulty|difficulties))\b"
    r"(?! (?:poorly|badly|§|\?))(?! \S+ §)"
)
_REFUTED = re.compile(
    r"^(?: (?!§)\S+){0,7}? (?:ruled out|excluded|delabel\w*|de - label\w*|de label\w*|disproved|disproven|"
    r"refuted|unfounded|no longer (?:allergic|valid|considered|active)|not allergic|no allergy|"
    r"entered in error|in error|erroneous\w*|(?:is |was )(?:incorrect|not true|a mistake)|"
    r"(?:allergy|label|allergy label) (?:was |has been |is )?removed|"
    r"outgrown|outgrew|"
    r"(?:denied|denies)(?= ,| \)|$)|allergy resolved|"
    r"(?:skin |patch |allergy |oral |drug |challenge |provocation |ige )+(?:tests?|testing|challenge)? ?"
    r"(?:was |is |were )?negative|tested negative|"
    r"negative (?:skin|patch|allergy|oral|challenge|testing|test|ige|drug|provocation)|"
    r"passed (?:an |the )?(?:oral |drug )?challenge)"
)
_BARE_NO = re.compile(
    r"^(?: allerg\w+)? [:=?-] (?:no|none|nil|negative|neg|denies|denied|n|nein|non|nao|nee|nej|net)(?: known)?"
    r"(?= ,|$| §| \))"
)
_UNDONE = re.compile(
    r"\b(?:not|never|cannot|cant|to be|needs?|should|if|isnt|hasnt|wasnt|until|pending|can not)"
    r"(?: be| been| yet| formally)*$"
)
# These belong to the next allergen when one follows: "sulfa, not allergic to penicillin".
# What the patient takes now is no allergy, if nothing else is said about it: "ramipril cough, on losartan".
# Behind another allergen only: "rash, on amoxicillin" tells what the rash came from.
_TAKES_NOW = re.compile(
    rf"(?:(?:^|§[^§]*?(?:,|;))(?: now| currently)* (?:on|taking|takes|uses|carries|switched to)|"
    rf"\b(?:changed|switched|swapped) to|\breplaced (?:by|with)) ({_CHAIN})"
    r"(?: (?:\d+|mg|mcg|g|daily|regularly|once|twice|a|day|every|at|night|morning|od|bd|since|for|(?:19|20)\d\d|years|"
    r"months|pain|headaches?|\w+day))*(?= ,| \)|$)"
)
# What a reaction was treated with: "anaphylaxis to penicillin, given adrenaline"; not if it caused one in its turn.
_TREATED = re.compile(
    r"§\d+§[^§]*?(?:(?:treated|managed|controlled|relieved|helped) (?:with|by|on)|"
    r"[,(-] (?:given|took|needed|required|received|resolved with|responded to)) (§\d+§)"
    r"(?= instead| with good|,| ,| \)| and (?:recovered|improved)|$)"
)
_REACTED = (
    r"(?:anaphyla|rash|hives|urticaria|wheez|swell|swollen|angio|itch|react|allerg|vomit|collaps|breath|sick|sjs)"
)
# "fine with aspirin for years; now wheeze"
_NOW_REACTS = re.compile(rf"^(?:but )?(?:now|then|later|recently)\b.*{_REACTED}")
_RELAPSE = re.compile(
    rf"\b(?:now|then|later|but|until|recently|subsequently|this time|and)\b"
    rf"(?: (?!no\b|not\b|without\b|never\b|any\b|denies\b)[^§\s]+){{0,5}} {_REACTED}"
)
_REFUTES = re.compile(
    rf"^[^§]*?\b(?:outgrew|outgrown|de ?-? ?label\w*|ruled out|disproved|refuted)(?: :)?"
    rf"(?: \w+){{0,3}} ({_CHAIN})"
)
_TAKES_BACK = re.compile(
    r"^(?: (?:now|has|have|since|later|then|was|is|had|it|subsequently|allergy))*"
    r" (?:tolerat(?:es|ed)(?! poorly| badly)|ruled out|de ?-? ?label\w*|disproved|refuted|no longer allergic)"
)
_LOOKS_AHEAD = re.compile(r"(?:not allergic|no allergy|denied|denies|no longer \w+|negative(?: \w+)?)$")
_CHALLENGED = re.compile(
    rf"\b(?:passed|negative|tolerated)(?: \w+){{0,3}} ({_CHAIN})(?: \w+)? (?:challenge|test|testing|prick)\b"
)
_FAMILY = re.compile(rf"\b(?:family (?:history|hx)|fhx|fh)\b(?: (?!§)\S+){{0,5}} ({_CHAIN})")
_RELATIVE = re.compile(
    r"\b(?:mother|father|sister|brother|mum|mom|dad|daughter|son|wife|husband|sibling|siblings|parents?|aunt|uncle|"
    r"grand\w+|cousin)s? (?:is |was |has |had |with |are |were |have )?(?:an? |severely |also |a severe )*"
    rf"(?:allerg\w+|anaphyla\w+|reacts|reacted|reaction)(?: (?!§)\S+){{0,3}} ({_CHAIN})"
)
_RELATIVES_OWN = re.compile(
    r"\b(?:mother|father|sister|brother|mum|mom|dad|daughter|son|wife|husband)s? (?:has|had) (?:an? )?"
    rf"({_CHAIN}) allerg"
)
# "Mum gets hives with amoxicillin"
_RELATIVES_REACTION = re.compile(
    r"\b(?:mother|father|sister|brother|mum|mom|dad|daughter|son|wife|husband) (?:has|had|gets|got) (?:an? |severe )*"
    rf"{_REACTED}\w* (?:with|to|from|after|on) ({_CHAIN})"
)
_RELATIVE_LIST = re.compile(
    rf"\b(?:mother|father|sister|brother|mum|mom|dad|daughter|son|wife|husband)s? : ({_CHAIN})(?= {_REACTED}|,| ,|$)"
)
_TO = re.compile(rf"{_ALLERGY}(?: \w+){{0,3}}? (?:to|of|with|from|for|against)(?: \w+){{0,3}}$")
# "not penicillin - it was sulfa"
_CORRECTED = re.compile(r"^ [-,:] (?:it (?:was|is)|rather|actually|instead) §")
_ENDS_IN_NOT = re.compile(r"\b(?:not|nor|neither)$")
_AFTER_ALLERGY = re.compile(
    r"^(?: drug| medication)? (?:allerg(?:y|ies)|alergy|sensitivit\w+|hypersensitiv\w+|intoleran\w+|"
    r"reactions?|adrs?)\b"
)


def _slots(text: str) -> list[int]:
    return [int(n) for n in re.findall(_SLOT, text)]


def _scope(chain: str) -> list[int]:
    """The allergens a prefixed negation reaches: across commas only if the list is closed by and/or/nor."""
    if "," in chain and not re.search(r"\b(?:and|or|nor)\b", chain):
        chain = chain.split(",")[0]
    return _slots(chain)


def _rewrite(words: Sequence[str], before: Sequence[str], spans: Sequence[tuple[int, int]]) -> str:
    starts = {start: (index, end) for index, (start, end) in enumerate(spans)}
    parts: list[str] = []
    position = 0
    while position < len(words):
        if before[position]:
            parts.append(before[position])
        if position in starts:
            index, end = starts[position]
            parts.append(f"§{index}§")
            position = end
        else:
            parts.append(words[position])
            position += 1
    return " " + " ".join(parts)


def judge(words: Sequence[str], before: Sequence[str], spans: Sequence[tuple[int, int]]) -> list[str]:
    """For each allergen of a sentence: "", "negated", "tolerated" or "family"."""
    text = _rewrite(words, before, spans)
    verdicts = [""] * len(spans)
    pieces = _EXCEPT.split(text)
    for number, piece in enumerate(pieces):
        if number and _is_positive(pieces[number - 1], verdicts):
            # "all penicillins except amoxicillin": the exception is what the patient may take.
            chain = re.search(_CHAIN, piece)
            for slot in _scope(chain.group()) if chain else []:
                verdicts[slot] = "tolerated"
            continue
        for order, clause in enumerate(_CONTRAST.split(piece)):
            if order and not _slots(clause) and _TAKES_BACK.match(clause):
                # "penicillin rash, but has since tolerated it"
                before_it = _slots(text.split(clause)[0])
                _set(verdicts, before_it[-1:])
            _judge_clause(clause, verdicts, first=number == order == 0)
    for slot, verdict in enumerate(verdicts):
        after = text.partition(f"§{slot}§")[2].split("§")[0]
        if verdict == "tolerated" and _RELAPSE.search(after):
            verdicts[slot] = ""  # "tolerated in 2010 but hives in 2019"
    return verdicts


def _is_positive(piece: str, verdicts: Sequence[str]) -> bool:
    if _slots(piece):
        return any(verdicts[slot] == "" for slot in _slots(piece))
    # "allergic to everything except" is positive, "tolerates everything except" and "none except" are not.
    return bool(re.search(r"\b(?:everything|all|every)\b", piece)) and not re.search(
        r"\b(?:no|not|none|nil|toler\w*|denie\w*|nk\w*|can|fine|ok|negative)\b", piece
    )


def _judge_clause(clause: str, verdicts: list[str], *, first: bool) -> None:
    for match in _CHALLENGED.finditer(clause):
        _set(verdicts, _slots(match.group(1)))
    for match in _TAKES_NOW.finditer(clause):
        if re.search(rf"\b{_REACTED}", clause[match.end() :].split("§")[0]):
            continue  # "takes aspirin daily, causes rash"
        for slot in _scope(match.group(1)):
            verdicts[slot] = "tolerated"
    refutes = _REFUTES.match(clause)
    if refutes and not _UNDONE.search(clause[: refutes.start(1)].split(" ruled")[0]):
        _set(verdicts, _slots(refutes.group(1)))
    for match in _TREATED.finditer(clause):
        _set(verdicts, _slots(match.group(1)))
    for pattern in (_FAMILY, _RELATIVE, _RELATIVES_OWN, _RELATIVES_REACTION, _RELATIVE_LIST):
        for match in pattern.finditer(clause):
            for slot in _slots(match.group(1)):
                verdicts[slot] = "family"
    _judge_after(clause, verdicts)
    for match in _TOLERATES.finditer(clause):
        asked = clause.startswith(" ?", match.end())
        if not asked and not _INTOLERANT.search(clause[: match.start()].rstrip()):
            for slot in _scope(match.group(1)):
                verdicts[slot] = "tolerated"
    _judge_before(clause, verdicts, first=first)


def _judge_before(clause: str, verdicts: list[str], *, first: bool) -> None:
    """Negation in front: "denies ...", "no allergy to ...", "no ... allergy"; but not "no penicillin"."""
    for chain in re.finditer(_CHAIN, clause):
        head = clause[: chain.start()].rstrip()
        tail = clause[chain.end() :]
        scope = _scope(chain.group())
        if len(scope) < len(_slots(chain.group())):
            tail = clause[clause.index("§", chain.start() + 1) + 1 :]
        denial = _last(_DENIES, head)
        if denial is not None and "," not in denial and "§" not in denial and not _DOUBT.search(denial):
            _set(verdicts, scope)
            continue
        between = _last(_NOT, head)
        if between is None or "," in between or "§" in between or _DOUBT.search(between):
            continue
        names_allergy = bool(_TO.search(between)) or between == "allergic :"
        followed = bool(_AFTER_ALLERGY.match(tail)) and len(between.split()) <= 6
        # "sulfa, not penicillin" and "sulfa but not penicillin"; alone, "not penicillin" may be an order.
        corrected = _CORRECTED.match(clause[chain.end() :])
        plain_not = between == "" and _ENDS_IN_NOT.search(head) and (len(head.split()) > 1 or not first or corrected)
        if names_allergy or followed or plain_not:
            _set(verdicts, scope)


def _last(pattern: re.Pattern[str], head: str) -> str | None:
    """The words between the last cue and the allergen, or None without a cue."""
    cues = list(pattern.finditer(head))
    return head[cues[-1].end() :].strip() if cues else None


def _set(verdicts: list[str], slots: Sequence[int]) -> None:
    for slot in slots:
        verdicts[slot] = verdicts[slot] or "negated"


def _judge_after(clause: str, verdicts: list[str]) -> None:
    """Negation behind: "... ruled out", "... delabelled", "...: none", "... tolerated"."""
    for chain in re.finditer(_CHAIN, clause):
        slots = _slots(chain.group())
        tail = clause[chain.end() :]
        tail = tail.split("§")[0]
        refuted = _REFUTED.match(tail)
        if refuted:
            cue = refuted.group()
            lead = re.sub(
                r"(?:ruled out|excluded|delabel\w*|de label\w*|disprove[dn]|refuted|removed)$", "", cue
            ).rstrip()
            ahead = "§" in clause[chain.end() :] and _LOOKS_AHEAD.search(cue) and "," not in tail[len(cue) :]
            if not _UNDONE.search(lead) and not ahead:
                _set(verdicts, slots if "," not in chain.group() else slots[-1:])
                continue
        if _BARE_NO.match(tail):
            _set(verdicts, slots if "," not in chain.group() else slots[-1:])
            continue
        after = _TOLERATED_AFTER.match(tail)
        rest = clause[chain.end() :]
        if (
            after
            and "§" not in rest[after.end() :][:40]
            and not _INTOLERANT.search(re.sub(r"\S+$", "", after.group()).rstrip())
        ):
            verdicts[slots[-1]] = "tolerated"


def apply_to_previous(sentence: str, mentions: list[Mention]) -> list[Mention]:
    """A sentence without an allergen may take back the one before: "Penicillin. Delabelled 2022."""
    if (
        mentions
        and mentions[-1].tolerated
        and re.search(rf"\b{_REACTED}", sentence)
        and not re.search(r"\b(?:no|not|none|nil|never|without|any|denie[sd]|nk\w*|unknown)\b", sentence)
    ):
        return [*mentions[:-1], replace(mentions[-1], tolerated=False)]  # "on aspirin for years; now wheeze"
    if mentions and re.match(
        r"^(?:since )?(?:ruled out|delabel\w*|de label\w*|tolerated(?! poorly)|allergy ruled out|"
        r"no longer allergic|"
        r"entered in error|disproved|not allergic)\b",
        sentence,
    ):
        return [*mentions[:-1], replace(mentions[-1], negated=True)]
    return mentions
