"""What the importing commands do alike."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError
from django.utils.translation import gettext as _

from healthcare.planner import renew_statistics
from healthcare.synthea.reading import UnusableFile
from healthcare.synthea.rejects import Ledger


class ImportCommand(BaseCommand):
    """An import that tells what became of each row, and says in a file why it left some out."""

    def carry_out(self, rejects: Path, work: Callable[[Ledger], None]) -> None:
        """Import, then tell. Raises CommandError for files that cannot be used and a database that is gone."""
        try:
            ledger = Ledger(rejects)
        except OSError as error:
            raise CommandError(_("The rejects cannot be written: %(error)s") % {"error": error}) from error
        try:
            work(ledger)
        except UnusableFile as error:
            raise CommandError(str(error)) from error
        except OperationalError as error:
            raise CommandError(
                _("The database stopped answering (%(error)s). Run the same command again to go on.")
                % {"error": str(error).strip()}
            ) from error
        finally:
            ledger.close()
        renew_statistics()
        self.stdout.write(ledger.table())
        self.stdout.write(
            _("What was left out, with the reason of each: %(path)s") % {"path": ledger.path}
            if ledger.rejected
            else _("Nothing was left out.")
        )
