"""What the database keeps true of invoices, lines and payments, whatever the path.

The order in which a bulk import must write an invoice that is not a draft: its lines and payments
first, then the invoice row (foreign keys are checked at commit). One by one: draft, lines, issue, pay.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext_lazy as _

from healthcare.guards import Guard
from patients.guards import MERGING


def changed(columns: Iterable[str], vendor: str) -> str:
    """SQL: whether an UPDATE changes any of the columns, NULLs included."""
    differs = "IS NOT" if vendor == "sqlite" else "IS DISTINCT FROM"
    return " OR ".join(f"OLD.{column} {differs} NEW.{column}" for column in columns)


def _spelled_out(condition: str, vendor: str) -> str:
    before, mark, rest = condition.partition("{changed:")
    if not mark:
        return condition
    columns, _brace, after = rest.partition("}")
    return f"{before}({changed(columns.split(','), vendor)}){_spelled_out(after, vendor)}"


def refusing(
    name: str,
    table: str,
    message: Any,
    conditions: dict[str, str],
    field: str = "",
    first: str = "",
    when: str = "",
    **postgresql: str,
) -> Guard:
    """A guard that refuses a row change. `conditions`: event (`INSERT`, `UPDATE`, `DELETE`) -> SQL.

    `{changed:a,b}` in a condition stands for "one of these columns changes". A condition given in
    `postgresql` under the event's name in lower case replaces the common one there; `first` is a statement
    that PostgreSQL runs before, such as one that locks. `when` says of the row alone whether the guard looks at it:
    PostgreSQL need not call a function then, which is most of what such a guard costs.
    """
    sqlite, branches = [], []
    also = f"{when} AND " if when else ""
    for event, condition in conditions.items():
        trigger = f"{name}_{event.lower()}"
        sqlite += [
            f"DROP TRIGGER IF EXISTS {trigger}",
            f"CREATE TRIGGER {trigger} BEFORE {event} ON {table} WHEN {also}({_spelled_out(condition, 'sqlite')}) "
            f"BEGIN SELECT RAISE(ABORT, '{name}'); END",
        ]
        there = _spelled_out(postgresql.get(event.lower(), condition), "postgresql")
        branches.append(f"IF TG_OP = '{event}' THEN refused := ({there}); END IF;")
    return Guard(
        name=name,
        table=table,
        message=message,
        field=field,
        sqlite=tuple(sqlite),
        postgresql=(
            f"CREATE OR REPLACE FUNCTION {name}_check() RETURNS trigger LANGUAGE plpgsql AS $$ "
            f"DECLARE refused boolean := false; BEGIN {first} {' '.join(branches)} "
            f"IF refused THEN RAISE EXCEPTION '{name}' USING ERRCODE = 'integrity_constraint_violation'; END IF; "
            "IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END $$",
            f"DROP TRIGGER IF EXISTS {name} ON {table}",
            f"CREATE TRIGGER {name} BEFORE {' OR '.join(conditions)} ON {table} "
            f"FOR EACH ROW {f'WHEN ({when}) ' if when else ''}EXECUTE FUNCTION {name}_check()",
        ),
    )


def _not_a_draft(row: str, lock: str = "") -> str:
    # On PostgreSQL the invoice is locked, so that a line cannot slip in while another transaction issues it.
    return (
        "EXISTS (SELECT 1 FROM (SELECT status FROM invoices WHERE id = "
        f"{row}.invoice_id {lock}) AS parent WHERE parent.status <> 'draft')"
    )


_LINES_ADD_UP = (
    "ROUND(NEW.subtotal, 2) <> "
    "ROUND(COALESCE((SELECT SUM(line_total) FROM invoice_line_items WHERE invoice_id = NEW.id), -1), 2)"
)

#: What is paid differs from the payments that are not voided.
_OUT_OF_BALANCE = (
    "SELECT {select} FROM invoices WHERE id = {invoice} AND ROUND(amount_paid, 2) <> ROUND(COALESCE("
    "(SELECT SUM(amount) FROM payments WHERE invoice_id = {invoice} AND voided_at IS NULL), 0), 2)"
)


def _paid_adds_up() -> Guard:
    """amount_paid is the sum of the payments not voided, at every commit (RULE-INV-5).

    PostgreSQL has deferred constraint triggers. SQLite has none, but it has deferred foreign keys: an
    invoice that is out of balance gets a row that refers to an invoice that cannot exist, and loses it
    when the balance is right again. A commit with such a row fails ("FOREIGN KEY constraint failed").
    """
    name = "invoices_paid_adds_up"
    watched = {
        "payment_insert": ("INSERT ON payments", "NEW.invoice_id"),
        "payment_update": ("UPDATE OF voided_at, amount, invoice_id ON payments", "NEW.invoice_id"),
        "invoice_insert": ("INSERT ON invoices", "NEW.id"),
        "invoice_update": ("UPDATE OF amount_paid ON invoices", "NEW.id"),
    }
    sqlite = [
        "CREATE TABLE IF NOT EXISTS invoices_out_of_balance (invoice_id CHAR(32) NOT NULL PRIMARY KEY, "
        "settled CHAR(32) NOT NULL REFERENCES invoices (id) DEFERRABLE INITIALLY DEFERRED)"
    ]
    for suffix, (event, invoice) in watched.items():
        wrong = _OUT_OF_BALANCE.format(select="id, 'never'", invoice=invoice)
        sqlite += [
            f"DROP TRIGGER IF EXISTS {name}_{suffix}",
            f"CREATE TRIGGER {name}_{suffix} AFTER {event} BEGIN "
            f"DELETE FROM invoices_out_of_balance WHERE invoice_id = {invoice}; "
            f"INSERT INTO invoices_out_of_balance (invoice_id, settled) {wrong}; END",
        ]
    wrong = _OUT_OF_BALANCE.format(select="1", invoice="changed_invoice")
    postgresql = [
        f"CREATE OR REPLACE FUNCTION {name}_check() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "DECLARE changed_invoice uuid; BEGIN "
        "IF TG_TABLE_NAME = 'payments' THEN changed_invoice := NEW.invoice_id; "
        "ELSE changed_invoice := NEW.id; END IF; "
        f"IF EXISTS ({wrong}) THEN "
        f"RAISE EXCEPTION '{name}' USING ERRCODE = 'integrity_constraint_violation'; END IF; "
        "RETURN NULL; END $$"
    ]
    for table, event in (("payments", "INSERT OR UPDATE"), ("invoices", "INSERT OR UPDATE OF amount_paid")):
        postgresql += [
            f"DROP TRIGGER IF EXISTS {name} ON {table}",
            f"CREATE CONSTRAINT TRIGGER {name} AFTER {event} ON {table} DEFERRABLE INITIALLY DEFERRED "
            f"FOR EACH ROW EXECUTE FUNCTION {name}_check()",
        ]
    return Guard(name, "payments", _("Paid must be the sum of the payments."), tuple(sqlite), tuple(postgresql))


_WAITING = (
    "INSERT INTO unbilled_visits (id, created_at, updated_at, consultation_id, appointment_id, consultation_date) "
    "SELECT id, completed_at, completed_at, id, appointment_id, consultation_date FROM consultations "
    "WHERE {which} AND completed_at IS NOT NULL AND appointment_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM invoices "
    "WHERE invoices.appointment_id = consultations.appointment_id AND invoices.status <> 'cancelled')"
)


def _unbilled_visits() -> Guard:
    """Not a refusal but a list that the database writes: the completed visits without an invoice (BYD-5)."""
    name = "unbilled_visits_kept"
    counts = "(OLD.status = 'cancelled') <> (NEW.status = 'cancelled')"
    #: Suffix -> (event, the column that finds the visit, its values, when).
    watched = {
        "completed": ("INSERT ON consultations", "id", "NEW.id", "NEW.completed_at IS NOT NULL"),
        "changed": (
            "UPDATE OF completed_at, appointment_id, consultation_date ON consultations",
            "id",
            "NEW.id",
            "{changed:completed_at,appointment_id,consultation_date}",
        ),
        "invoiced": ("INSERT ON invoices", "appointment_id", "NEW.appointment_id", "NEW.appointment_id IS NOT NULL"),
        "cancelled": (
            "UPDATE OF status, appointment_id ON invoices",
            "appointment_id",
            "OLD.appointment_id, NEW.appointment_id",
            f"{counts} OR {{changed:appointment_id}}",
        ),
    }
    sqlite, postgresql = [], []
    for suffix, (event, column, values, when) in watched.items():
        trigger = f"{name}_{suffix}"
        known = "consultation_id" if column == "id" else column
        body = (
            f"DELETE FROM unbilled_visits WHERE {known} IN ({values}); "
            f"{_WAITING.format(which=f'{column} IN ({values})')}; "
        )
        sqlite += [
            f"DROP TRIGGER IF EXISTS {trigger}",
            f"CREATE TRIGGER {trigger} AFTER {event} WHEN {_spelled_out(when, 'sqlite')} BEGIN {body}END",
        ]
        table = event.rpartition(" ")[2]
        postgresql += [
            f"CREATE OR REPLACE FUNCTION {trigger}() RETURNS trigger LANGUAGE plpgsql AS $$ "
            f"BEGIN {body}RETURN NULL; END $$",
            f"DROP TRIGGER IF EXISTS {trigger} ON {table}",
            f"CREATE TRIGGER {trigger} AFTER {event} FOR EACH ROW WHEN ({_spelled_out(when, 'postgresql')}) "
            f"EXECUTE FUNCTION {trigger}()",
        ]
    return Guard(name, "unbilled_visits", "", tuple(sqlite), tuple(postgresql))


#: Money entered before the officer's last close was counted would be in no close at all.
_CLOSED = (
    "EXISTS (SELECT 1 FROM cash_closes WHERE officer_id = NEW.processed_by_user_id AND status <> 'rejected' "
    "AND starts_at <= NEW.created_at AND ends_at > NEW.created_at)"
)
#: PostgreSQL: wait for a close of this officer that is under way (SQLite has one writer anyway).
_WAIT_FOR_CLOSE = "PERFORM 1 FROM users WHERE id = NEW.processed_by_user_id FOR KEY SHARE;"
#: As above, of a payment that is voided: the count saw it, or has passed over the moment of voiding.
_VOIDED_WHILE_COUNTED = (
    "EXISTS (SELECT 1 FROM cash_closes WHERE status <> 'rejected' AND ends_at > NEW.voided_at "
    "AND ((officer_id = NEW.processed_by_user_id AND starts_at <= NEW.created_at AND ends_at > NEW.created_at) "
    "OR (officer_id = NEW.voided_by_user_id AND starts_at <= NEW.voided_at)))"
)
_COUNTED = (
    "officer_id,business_date,starts_at,ends_at,opening_float,expected,counted,denominations,expected_total,"
    "counted_total,variance,explanation"
)


def _not_while_closing(table: str) -> Guard:
    condition = f"NEW.kind = 'received' AND NEW.carried_from_id IS NULL AND {_CLOSED}"
    return refusing(
        f"{table}_not_in_closed_cash",
        table,
        _("The cash was counted a moment ago. Enter it once more: it belongs to the next close."),
        {"INSERT": condition if table == "payments" else _CLOSED},
        first=_WAIT_FOR_CLOSE,
    )


_FROZEN = (
    "appointment_id,invoice_date,due_date,subtotal,tax_amount,discount_amount,total_amount,covered_amount,"
    "notes,insurance_note,issued_at,issued_texts"
)

GUARDS = [
    refusing("invoices_not_deleted", "invoices", _("An invoice is cancelled, never deleted."), {"DELETE": "true"}),
    refusing("payments_not_deleted", "payments", _("A payment is voided, never deleted."), {"DELETE": "true"}),
    refusing(
        "invoices_frozen",
        "invoices",
        _("An issued invoice does not change: cancel it and make a new one."),
        {
            "UPDATE": "OLD.invoice_number <> NEW.invoice_number "
            "OR (OLD.status = 'cancelled' AND NEW.status <> 'cancelled') "
            "OR (OLD.status <> 'draft' AND (NEW.status = 'draft' OR {changed:" + _FROZEN + "} "
            f"OR ({{changed:patient_id}} AND NOT {MERGING})))"
        },
    ),
    refusing(
        "invoices_issued_with_lines",
        "invoices",
        _("An invoice needs at least one line, and its subtotal must be the sum of its lines."),
        {"UPDATE": _LINES_ADD_UP},
        when="OLD.status = 'draft' AND NEW.status NOT IN ('draft', 'cancelled')",
    ),
    refusing(
        "invoice_line_items_of_drafts",
        "invoice_line_items",
        _("Lines change only while the invoice is a draft."),
        {
            "INSERT": _not_a_draft("NEW"),
            "UPDATE": f"{_not_a_draft('OLD')} OR {_not_a_draft('NEW')}",
            "DELETE": _not_a_draft("OLD"),
        },
        insert=_not_a_draft("NEW", "FOR SHARE"),
        update=f"{_not_a_draft('OLD', 'FOR SHARE')} OR {_not_a_draft('NEW', 'FOR SHARE')}",
        delete=_not_a_draft("OLD", "FOR SHARE"),
    ),
    refusing(
        "payments_never_change",
        "payments",
        _("A payment is voided, never edited."),
        {
            "UPDATE": f"((OLD.voided_at IS NOT NULL OR {{changed:patient_id}}) AND NOT {MERGING}) "
            "OR {changed:id,invoice_id,payment_date,amount,"
            "kind,document_number,tendered,carried_from_id,part_of_id,payment_method,transaction_reference,notes,processed_by_user_id,created_at}"
        },
    ),
    refusing(
        "payments_of_issued_invoices",
        "payments",
        _("Only an issued invoice of this patient can be paid."),
        {
            "INSERT": "EXISTS (SELECT 1 FROM invoices WHERE id = NEW.invoice_id "
            "AND (status IN ('draft', 'cancelled') OR patient_id <> NEW.patient_id))"
        },
        field="invoice",
    ),
    refusing(
        "payments_carried_of_refunded",
        "payments",
        _("Only the rest of a refunded payment is carried on."),
        {
            "INSERT": "NOT EXISTS (SELECT 1 FROM payments AS refunded "
            "WHERE refunded.id = NEW.carried_from_id AND refunded.is_refunded AND refunded.amount > NEW.amount "
            "AND refunded.invoice_id = NEW.invoice_id)"
        },
        when="NEW.carried_from_id IS NOT NULL",
    ),
    refusing(
        "refunds_never_change",
        "refunds",
        _("A refund is never changed or deleted."),
        {"UPDATE": f"NOT {MERGING} OR {{changed:id,payment_id,invoice_id,amount,created_at}}", "DELETE": "true"},
    ),
    refusing(
        "refunds_of_payments",
        "refunds",
        _("At most the payment can be refunded, and once."),
        {
            "INSERT": "NOT EXISTS (SELECT 1 FROM payments WHERE payments.id = NEW.payment_id AND is_refunded "
            "AND kind = 'received' AND payments.amount >= NEW.amount AND payments.invoice_id = NEW.invoice_id "
            "AND payments.patient_id = NEW.patient_id)"
        },
    ),
    refusing(
        "cash_closes_locked",
        "cash_closes",
        _("A cash close is not changed: it is signed off or sent back."),
        {"UPDATE": f"OLD.status <> 'counted' OR {{changed:{_COUNTED}}}", "DELETE": "true"},
    ),
    refusing(
        "payments_voided_in_closed_cash",
        "payments",
        _("The cash was counted a moment ago. Void it once more: that belongs to the next close."),
        {"UPDATE": _VOIDED_WHILE_COUNTED},
        when="OLD.voided_at IS NULL AND NEW.voided_at IS NOT NULL AND NOT NEW.is_refunded",
        first="PERFORM 1 FROM users WHERE id IN (NEW.processed_by_user_id, NEW.voided_by_user_id) "
        "ORDER BY id FOR KEY SHARE;",
    ),
    refusing(
        "clinic_settings_currency_kept",
        "clinic_settings",
        _("Invoices were issued in the present currency: it stays."),
        {"UPDATE": "OLD.currency <> NEW.currency AND EXISTS (SELECT 1 FROM invoices WHERE issued_at IS NOT NULL)"},
        field="currency",
    ),
    _not_while_closing("payments"),
    _not_while_closing("refunds"),
    _paid_adds_up(),
    _unbilled_visits(),
]
