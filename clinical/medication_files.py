"""Published catalogues of medications, read into ours: FDA Orange Book, DrugCentral, EMA, and our own columns."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from clinical.models import Medication
from clinical.safety import resolve_medication
from healthcare.events import record

Product = dict[str, str]
BATCH = 1000
KEY = ("name", "strength", "form", "route")
_REMARK = re.compile(r"\s*\*\*.*$")
_NUMBER = re.compile(r"(?<=\d)(?=[A-Z])")


class UnusableFile(Exception):
    """The file is no catalogue that is known here."""


def small(text: str) -> str:
    """FDA writes everything in capitals: `TABLET, EXTENDED RELEASE` reads better small."""
    return " ".join(text.split()).lower()


def strength(text: str) -> str:
    """`EQ 500MG BASE;EQ 125MG BASE` as `500 mg / 125 mg`."""
    parts = [part.removeprefix("EQ ").removesuffix(" BASE") for part in _REMARK.sub("", text).split(";")]
    return " / ".join(_NUMBER.sub(" ", part.strip()).lower() for part in parts)


def international(names: str, separator: str = ";") -> str:
    """Ingredients under their international names, where the safety check knows them exactly; else as written."""
    return "; ".join(dict.fromkeys(_inn(" ".join(name.split())) for name in names.split(separator) if name.strip()))


@lru_cache(maxsize=10_000)
def _inn(name: str) -> str:
    medicine = resolve_medication(name)
    exact = len(medicine.ingredients) == 1 and not medicine.read_as
    return next(iter(medicine.ingredients)) if exact else name.lower()


def titled(trade: str, power: str, form: str) -> str:
    """The name to choose by: `Amoxil 500 mg capsule`."""
    named = " ".join(trade.split())
    return " ".join(part for part in (named.title() if named.isupper() else named, power, form) if part)


def orange_book(row: Product) -> Iterator[Product]:
    """FDA Orange Book `products.txt`; what is no longer sold is left out."""
    if row["Type"] in ("RX", "OTC"):
        form, _semicolon, route = row["DF;Route"].partition(";")
        form, power = small(form), strength(row["Strength"])
        yield {
            "name": titled(row["Trade_Name"], power, form),
            "ingredients": international(row["Ingredient"]),
            "form": form,
            "strength": power,
            "route": small(route),
        }


def drug_central(row: Product) -> Iterator[Product]:
    """Marketed products with their FDA class: one product for each strength."""
    form = small(row["forms"].split("|")[0])
    for text in row["strengths"].split("|"):
        power = strength(text)
        yield {
            "name": titled(row["trade_name"], power, form),
            "ingredients": international(row["ingredients"]),
            "drug_class": row["fda_epc"].split("|")[0],
            "form": form,
            "strength": power,
            "route": small(row["route"]),
        }


def ema(row: Product) -> Iterator[Product]:
    """European authorisations, which know ATC codes but neither forms nor strengths."""
    if row["status"] == "Authorised":
        # "A10AB01;A10AC01", "Not yet assigned": the first code that is one.
        codes = [code for code in row["atc_code"].split(";") if code[1:2].isdigit()]
        yield {
            "name": row["name"],
            "ingredients": international(row["inn"] or row["active_substance"]),
            "atc_code": codes[0] if codes else "",
            "drug_class": row["pharmacotherapeutic_group"],
        }


def own(row: Product) -> Iterator[Product]:
    """Our own columns, as in the shipped catalogue; columns that are not there stay empty."""
    names = [f.name for f in Medication._meta.fields if f.name in row and f.name not in ("id", "search_text")]
    yield {name: row[name] for name in names}


#: The columns by which a layout is known, what separates them, and who reads a row.
LAYOUTS: tuple[tuple[set[str], Callable[[Product], Iterator[Product]]], ...] = (
    ({"Ingredient", "DF;Route", "Trade_Name", "Strength", "Type"}, orange_book),
    ({"trade_name", "ingredients", "route", "forms", "strengths", "fda_epc"}, drug_central),
    ({"name", "inn", "active_substance", "atc_code", "status"}, ema),
    ({"name", "ingredients", "form", "strength", "route"}, own),
)


@dataclass
class Outcome:
    """What became of the file's rows."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    left_out: int = 0
    rejected: list[tuple[int, str]] = field(default_factory=list)


def rows_of(path: Path) -> tuple[Callable[[Product], Iterator[Product]], Iterator[tuple[int, Product | None]]]:
    """The reader that knows the file's layout, and its rows (None: a broken one) with their line numbers."""
    try:
        head = path.open(encoding="utf-8-sig").readline()
    except (OSError, UnicodeDecodeError) as error:
        raise UnusableFile(_("%(path)s cannot be read: %(error)s") % {"path": path, "error": error}) from error
    tilde = head.count("~") > 3
    columns = {name.strip() for name in (head.strip().split("~") if tilde else next(csv.reader([head]), []))}
    reader = next((reader for known, reader in LAYOUTS if known <= columns), None)
    if reader is None:
        raise UnusableFile(
            _("%(path)s is no catalogue known here: its columns are %(columns)s.")
            % {"path": path.name, "columns": ", ".join(sorted(columns)) or _("none")}
        )

    def read() -> Iterator[tuple[int, Product | None]]:
        with path.open(encoding="utf-8-sig", newline="") as file:
            # The Orange Book is not quoted: a quotation mark in it is an inch.
            lines = csv.DictReader(file, delimiter="~", quoting=csv.QUOTE_NONE) if tilde else csv.DictReader(file)
            for row in lines:
                broken = None in row or None in row.values()
                yield lines.line_num, None if broken else {name: value.strip() for name, value in row.items()}

    return reader, read()


def load(path: Path, progress: Callable[[int], None] = lambda done: None) -> Outcome:
    """Add what is new and fill in what is empty; what the clinic has written itself stays. Repeatable."""
    reader, rows = rows_of(path)
    outcome, shelf = Outcome(), Shelf()
    for number, (line, row) in enumerate(rows, 1):
        if number % BATCH == 0:
            progress(number)
        products = list(reader(row)) if row is not None else None
        if products is None:
            outcome.rejected.append((line, _("wrong number of columns")))
            continue
        outcome.left_out += not products
        for product in products:
            try:
                outcome.unchanged += not shelf.take(product)
            except ValidationError as error:
                reasons = (f"{name}: {' '.join(said)}" for name, said in sorted(error.message_dict.items()))
                outcome.rejected.append((line, "; ".join(reasons)))
    with transaction.atomic():
        shelf.save()
        outcome.added, outcome.changed = len(shelf.new), len(shelf.changed)
        if shelf.new or shelf.changed:
            # Thousands of rows at once are one act: the file, and how many.
            record(
                "import",
                entity_type="medication",
                values={"file": path.name, "added": outcome.added, "changed": outcome.changed},
            )
    return outcome


class Shelf:
    """The catalogue as it is, with what a file adds to it."""

    def __init__(self) -> None:
        self.known = {tuple(getattr(m, name) for name in KEY): m for m in Medication.objects.all()}
        self.new: dict[tuple[str, ...], Medication] = {}
        self.changed: dict[tuple[str, ...], Medication] = {}

    def take(self, product: Product) -> bool:
        """Whether the product says anything new; ValidationError if it does not fit into the table."""
        key = tuple(product.get(name, "") for name in KEY)
        medication = self.known.get(key) or self.new.get(key)
        if medication is None:
            medication = Medication(**product)
            medication.clean_fields()
            medication.search_text = medication.build_search_text()
            self.new[key] = medication
            return True
        fill = {name: value for name, value in product.items() if value and not getattr(medication, name)}
        for name, value in fill.items():
            setattr(medication, name, value)
        if fill and key in self.known:
            self.changed[key] = medication
        return bool(fill)

    def save(self) -> None:
        """Write it, within the caller's transaction."""
        Medication.objects.bulk_create(self.new.values(), batch_size=BATCH)
        for medication in self.changed.values():
            medication.save()
