"""Judges a race for doctors' time, knowing nothing of the clinic's code: who held which minutes, and when.

Each decision was made at some moment between its beginning and its end. So a held time has a span in which it certainly
held, and a wider one in which it may have. A saved claim is wrong if another one certainly held the same minutes;
a refusal is wrong if none may have.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import inf
from typing import Any

#: Those that ask for a doctor's time; the others give it back.
CLAIMS = {"book", "move", "resize", "reactivate"}


@dataclass
class Holding:
    """One visit's time, from the decision that took it to the one that gave it back."""

    key: str
    doctor: str
    patient: str
    first: int
    last: int
    taken: tuple[float, float]
    given_back: tuple[float, float] = (inf, inf)

    @property
    def minutes(self) -> tuple[str, int, int]:
        """Whose, from when, until when."""
        return self.doctor, self.first, self.last

    def shares_minutes(self, other: Holding) -> bool:
        """Whether two visits want a minute in common."""
        return self.key != other.key and self.first < other.last and other.first < self.last

    def certainly_throughout(self, moment: tuple[float, float]) -> bool:
        """Whether it held before a decision began, and still did when it was over."""
        return self.taken[1] < moment[0] and moment[1] < self.given_back[0]

    def perhaps_during(self, moment: tuple[float, float]) -> bool:
        """Whether it may have held at some time of a decision."""
        return self.taken[0] < moment[1] and moment[0] < self.given_back[1]

    def certainly_together(self, other: Holding) -> bool:
        """Whether there is a moment at which certainly both held."""
        return max(self.taken[1], other.taken[1]) < min(self.given_back[0], other.given_back[0])


def holdings(decisions: list[dict[str, Any]]) -> list[Holding]:
    """What the saved decisions held. One process alone decides about a visit, so its decisions follow each other."""
    found, current = [], {}
    for one in sorted(decisions, key=lambda one: one["moment"]):
        if not one["saved"]:
            continue
        if before := current.pop(one["key"], None):
            before.given_back = tuple(one["moment"])
        if one["kind"] in CLAIMS:
            current[one["key"]] = claim_of(one)
            found.append(current[one["key"]])
    return found


def claim_of(one: dict[str, Any]) -> Holding:
    """What a decision asked for."""
    want = one["want"]
    first, last = want["minute"], want["minute"] + want["length"]
    return Holding(one["key"], want["doctor"], want["patient"], first, last, tuple(one["moment"]))


def disagreements(decisions: list[dict[str, Any]], rows: list[dict[str, Any]]) -> list[str]:
    """Every answer that cannot have been right, and every row that ended otherwise."""
    held = holdings(decisions)
    wrong = [
        f"twice at once: {one} and {other}"
        for one, other in combinations(held, 2)
        if one.doctor == other.doctor and one.shares_minutes(other) and one.certainly_together(other)
    ]
    for one in decisions:
        wrong += judge(one, held)
    kept = {one.key: one.minutes for one in held if one.given_back[0] == inf}
    ended = {
        row["key"]: (row["doctor"], row["minute"], row["minute"] + row["length"])
        for row in rows
        if row["status"] == "scheduled"
    }
    return wrong + [f"ended otherwise: {key}" for key in kept.keys() | ended.keys() if kept.get(key) != ended.get(key)]


def judge(one: dict[str, Any], held: list[Holding]) -> list[str]:
    """What is wrong with the answer to one decision."""
    if one["kind"] not in CLAIMS:
        return [] if one["saved"] else [f"refused to give a time back: {one}"]
    claim, moment = claim_of(one), tuple(one["moment"])
    own = [other for other in held if other.key == claim.key]
    rivals = [other for other in held if claim.shares_minutes(other)]
    same_doctor = [other for other in rivals if other.doctor == claim.doctor]
    same_patient = [other for other in rivals if other.patient == claim.patient]
    if one["saved"]:
        unchanged = any(other.given_back == moment and other.minutes == claim.minutes for other in own)
        # Bringing back what was booked warns of nothing, nor does saving a visit as it was.
        warned = not unchanged and one["kind"] != "reactivate"
        missed = [*same_doctor, *(same_patient if warned else [])]
        return [f"saved over {other}: {one}" for other in missed if other.certainly_throughout(moment)]
    reasons = {"overlap": same_doctor, "safety_warning": same_patient}
    return [
        f"refused for nothing: {one}"
        for code in one["codes"] or ["?"]
        if not any(other.perhaps_during(moment) for other in reasons.get(code, []))
    ]
