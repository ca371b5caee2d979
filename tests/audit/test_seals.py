"""The trail proves itself: whatever is done to its table or to its seals behind the clinic's back is named (AUD-3)."""

import io
from datetime import timedelta
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from audit import digests
from audit.digests import HALF, levels_of, root_of, split
from audit.models import AuditLog, AuditSeal
from audit.proofs import first_seal_since, follow, path_of, proof_of
from audit.sealing import Sealer, Tampered
from healthcare.clock import at, now
from healthcare.events import create_all, record
from healthcare.models import BaseQuerySet
from tests.factories import DepartmentFactory

pytestmark = [pytest.mark.django_db, pytest.mark.spec("AUD-3")]


@pytest.fixture(autouse=True)
def head(settings, tmp_path):
    """Where the newest seal is published."""
    settings.AUDIT_HEAD_FILE = tmp_path / "audit.head"
    return settings.AUDIT_HEAD_FILE


def happen(count=3):
    """So many things happen."""
    for number in range(count):
        record("print", entity_type="report", values={"number": number, "amount": 36.5, "name": "Žoë \u2028 x"})
    return list(AuditLog.objects.order_by("created_at", "id"))


@pytest.fixture
def trail():
    """Three seals: the first, empty one, and two of three rows each; the rows."""
    sealer = Sealer()
    sealer.tick()
    happen()
    sealer.tick()
    rows = happen()
    sealer.tick()
    assert AuditSeal.objects.count() == 3
    assert verify() == ""
    return rows


def verify():
    """What verify_audit finds, or nothing."""
    out = io.StringIO()
    try:
        call_command("verify_audit", stdout=out, no_color=True)
    except CommandError as error:
        assert "tampered" in str(error)
        return out.getvalue()
    assert "as it was written" in out.getvalue()
    return ""


def by_hand(statement, *values):
    """Change the tables as somebody with the database's password would: the triggers taken off first."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'audit_%'")
            for (name,) in cursor.fetchall():
                cursor.execute(f"DROP TRIGGER {name}")
        else:
            for table in ("audit_logs", "audit_seals"):
                cursor.execute(f"DROP TRIGGER IF EXISTS {table}_append_only ON {table}")
        cursor.execute(statement, values)
        assert cursor.rowcount > 0 or statement.startswith("CREATE")


def put_in(row):
    """Insert a row as SQL does: round everything of the clinic."""
    BaseQuerySet(AuditLog).bulk_create([row])


def key(row):
    """A row's key as its column holds it."""
    return row.pk if connection.vendor == "postgresql" else row.pk.hex


@pytest.mark.parametrize(
    ("column", "value"),
    [("action", "view"), ("entity_type", "user"), ("new_values", '{"number": 9}'), ("ip_address", "10.9.9.9")],
)
def test_a_changed_row_is_named(trail, column, value):
    by_hand(f"UPDATE audit_logs SET {column} = %s WHERE id = %s", value, key(trail[1]))
    assert f"row {trail[1].pk}: changed since seal 2" in verify()


@pytest.mark.parametrize(
    ("column", "value"),
    [("ip_address", "hidden"), ("entity_id", "x"), ("created_at", "yesterday"), ("mac", "0" * 64), ("mac", "é")],
)
def test_a_row_that_cannot_be_read_any_more_is_named_and_so_is_what_comes_after_it(trail, column, value):
    """verify_audit broke off there, naming nothing; SQLite keeps any text in any column."""
    if connection.vendor == "postgresql" and column != "mac":
        pytest.skip("PostgreSQL refuses such a value itself")
    by_hand(f"UPDATE audit_logs SET {column} = %s WHERE id = %s", value, key(trail[1]))
    by_hand("DELETE FROM audit_logs WHERE id = %s", key(trail[4]))
    found = verify()
    assert f"row {trail[1].pk}: changed since seal 2" in found
    assert f"row {trail[4].pk}: deleted (it was in seal 3)" in found


def test_a_row_that_cannot_be_read_does_not_stop_the_sealer(trail):
    """Its code is no hexadecimal text, at which the sealer fell over, again at each start."""
    forged = AuditLog(action="view", entity_type="patient", mac="é")
    put_in(forged)
    honest = happen(1)[-1]
    Sealer().tick()
    assert proof_of(honest) is not None
    assert verify().splitlines()[0] == (
        f"row {forged.pk}: inserted or back-dated, dated {forged.created_at:%Y-%m-%d %H:%M:%S}"
    )


@pytest.mark.parametrize("spelling", [str.upper, lambda hex_key: str(UUID(hex_key)), lambda _hex_key: "no key"])
def test_a_row_under_another_spelling_of_a_key_is_named(trail, spelling):
    """It passed for the sealed row whose key it borrowed."""
    if connection.vendor == "postgresql":
        pytest.skip("PostgreSQL knows one spelling")
    by_hand("CREATE TEMPORARY TABLE borrowed AS SELECT * FROM audit_logs WHERE id = %s", key(trail[1]))
    by_hand("UPDATE borrowed SET id = %s, action = 'view'", spelling(key(trail[1])))
    by_hand("INSERT INTO audit_logs SELECT * FROM borrowed")
    assert f"row {spelling(key(trail[1]))}: inserted" in verify()


def test_a_deleted_row_is_named(trail):
    by_hand("DELETE FROM audit_logs WHERE id = %s", key(trail[4]))
    assert f"row {trail[4].pk}: deleted (it was in seal 3)" in verify()


@pytest.mark.parametrize("ago", [timedelta(0), timedelta(days=30)])
def test_a_row_put_in_by_hand_is_named_and_never_sealed(trail, ago):
    forged = AuditLog(action="view", entity_type="patient", created_at=now() - ago, updated_at=now())
    put_in(forged)
    Sealer().tick()
    assert f"row {forged.pk}: inserted or back-dated" in verify()


def test_a_row_that_was_moved_in_time_is_named(trail):
    by_hand("UPDATE audit_logs SET created_at = %s WHERE id = %s", now() - timedelta(days=9), key(trail[2]))
    assert f"row {trail[2].pk}: changed" in verify()


def test_a_copied_row_is_named(trail):
    copy = AuditLog.objects.get(pk=trail[0].pk)
    copy.pk = None
    copy.pk = AuditLog._meta.pk.get_default()
    put_in(copy)
    assert f"row {copy.pk}: inserted" in verify()


def test_a_removed_seal_is_named(trail):
    by_hand("DELETE FROM audit_seals WHERE number = 2")
    found = verify()
    assert "seal 2: removed" in found
    assert f"row {trail[0].pk}" not in found  # its own code still shows that the clinic wrote it


def test_the_newest_seal_removed_with_its_rows_is_named_against_the_published_head(trail):
    by_hand("DELETE FROM audit_seals WHERE number = 3")
    by_hand("DELETE FROM audit_logs WHERE id IN (%s, %s, %s)", *(key(row) for row in trail[3:]))
    assert "seal 3: removed (published" in verify()
    with pytest.raises(Tampered):
        Sealer()
    with pytest.raises(CommandError, match="missing"):
        call_command("seal_audit", once=True)


def test_all_seals_removed_does_not_begin_a_new_chain(trail):
    by_hand("DELETE FROM audit_seals")
    with pytest.raises(Tampered):
        Sealer()
    assert "seal 1: removed" in verify()


@pytest.mark.parametrize("column", ["root", "previous", "mac"])
def test_a_changed_seal_is_named(trail, column):
    by_hand(f"UPDATE audit_seals SET {column} = %s WHERE number = 2", "0" * 64)
    assert "seal 2:" in verify()


@pytest.mark.parametrize(
    ("column", "value"),
    [("mac", "é"), ("leaves", b"cut"), ("leaves", "text"), ("created_at", "yesterday"), ("id", "none")],
)
def test_a_seal_that_cannot_be_read_any_more_is_named_and_so_is_what_comes_after_it(trail, column, value):
    if connection.vendor == "postgresql" and not (column == "mac" or isinstance(value, bytes)):
        pytest.skip("PostgreSQL refuses such a value itself")
    by_hand(f"UPDATE audit_seals SET {column} = %s WHERE number = 2", value)
    by_hand("DELETE FROM audit_logs WHERE id = %s", key(trail[4]))
    found = verify()
    assert "seal 2: changed" in found
    assert f"row {trail[4].pk}: deleted (it was in seal 3)" in found


def test_another_key_is_told_from_tampering(trail, settings):
    digests.key.cache_clear()
    settings.AUDIT_KEY = "of another clinic"
    try:
        found = verify()
    finally:
        digests.key.cache_clear()
    assert "No seal was made with this key" in found
    assert "seal 1: changed" in found  # it is not taken for well
    settings.AUDIT_KEY = "test"
    by_hand("UPDATE audit_seals SET mac = %s WHERE number = 2", "0" * 64)
    assert "No seal was made with this key" not in verify()


def test_without_a_published_head_it_says_what_it_cannot_tell(trail, head, capsys):
    head.unlink()
    call_command("verify_audit")
    assert "cannot be told" in capsys.readouterr().out


def test_seals_refuse_change_and_their_table_too(trail):
    from django.db import IntegrityError, transaction

    for statement in ("UPDATE audit_seals SET number = 9", "DELETE FROM audit_seals"):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_a_row_that_commits_late_is_sealed_once_and_soon(trail):
    with at(now() - timedelta(minutes=5)):
        record("print", entity_type="report")
    sealer = Sealer()
    assert sealer.tick() == 1
    assert sealer.tick() == 0
    assert Sealer().tick() == 0
    assert verify() == ""


def test_what_was_there_before_sealing_began_is_adopted_and_guarded_from_then_on():
    old = AuditLog(action="view", entity_type="patient", created_at=now() - timedelta(days=400))
    put_in(old)
    call_command("seal_audit", once=True, stdout=io.StringIO())
    assert AuditSeal.objects.get().adopted
    assert verify() == ""
    by_hand("UPDATE audit_logs SET action = 'print' WHERE id = %s", key(old))
    assert f"row {old.pk}: changed" in verify()


def test_rows_that_are_written_together_carry_their_codes_and_are_sealed_like_all_others(trail):
    create_all([DepartmentFactory.build(), DepartmentFactory.build()])  # lines of an invoice, parts of a payment
    AuditLog.objects.bulk_create([AuditLog(action="import", entity_type="patient")])  # the importers
    assert Sealer().tick() == 3
    assert verify() == ""


def test_a_clock_that_is_set_back_leaves_nothing_unsealed(trail):
    sealer = Sealer()
    sealer.tick()
    with at(now() - timedelta(hours=1)):
        # Written by a transaction that took longer than a glance.
        AuditLog.objects.bulk_create([AuditLog(action="print", created_at=now() - timedelta(seconds=40))])
        assert sealer.tick() == 1
    assert verify() == ""


def test_an_adoption_is_told_with_how_many_rows_carry_no_code(trail):
    put_in(AuditLog(action="import", entity_type="patient", created_at=now() - timedelta(days=400)))
    AuditLog.objects.bulk_create([AuditLog(action="view", entity_type="patient", created_at=now() - timedelta(days=9))])
    found = verify()
    assert "inserted or back-dated" in found and "never sealed" in found
    call_command("seal_audit", adopt=True, stdout=io.StringIO())
    told = AuditLog.objects.get(entity_type="audit_seal")
    assert told.new_values == {"adopted_rows": 2, "without_code": 1}
    assert verify() == ""


def test_each_row_is_proved_in_its_seal_and_a_touched_one_is_not(trail, monkeypatch):
    for row in trail:
        proof = proof_of(row)
        assert proof.seal.number == (2 if row in trail[:3] else 3)
        assert set(proof.checks()) == {"row", "code", "path", "seal", "head"} and all(proof.checks().values())
    by_hand("UPDATE audit_logs SET entity_type = 'user' WHERE id = %s", key(trail[1]))
    checks = proof_of(AuditLog.objects.get(pk=trail[1].pk)).checks()
    assert {name for name, holds in checks.items() if not holds} == {"row", "code"}
    by_hand("UPDATE audit_seals SET root = %s WHERE number = 2", "0" * 64)
    checks = proof_of(trail[0]).checks()
    assert {name for name, holds in checks.items() if not holds} == {"path", "seal"}
    assert proof_of(happen(1)[-1]) is None  # not sealed yet


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8])
def test_a_path_leads_from_every_place_to_the_root_and_from_no_other_leaf(count):
    leaves = [bytes([n]) * 2 * HALF for n in range(count)]
    for place, leaf in enumerate(leaves):
        assert follow(leaf, path_of(leaves, place)) == root_of(leaves)
        assert follow(bytes([99]) * 2 * HALF, path_of(leaves, place)) != root_of(leaves)


def test_the_first_seal_of_a_moment_is_found_by_halving_whatever_is_missing(trail):
    made = list(AuditSeal.objects.order_by("number").values_list("created_at", flat=True))
    assert [first_seal_since(moment) for moment in (made[0] - timedelta(1), *made, made[2] + timedelta(1))] == [
        *(1, 1, 2, 3, 4),
    ]
    by_hand("DELETE FROM audit_seals WHERE number = 2")
    assert first_seal_since(made[1]) in (2, 3)
    assert proof_of(trail[0]) is None and proof_of(trail[5]).seal.number == 3


def test_each_leaf_leads_to_the_root():
    leaves = [bytes([n]) * 2 * HALF for n in range(1, 8)]
    assert split(b"".join(leaves)) == leaves
    assert len({root_of(leaves[:n]) for n in range(1, 8)}) == 7
    assert levels_of(leaves)[-1][0].hex() == root_of(leaves)
    assert UUID(bytes=leaves[0][:HALF])
