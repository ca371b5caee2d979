"""The people of the clinic in front of their browsers, and everything that goes wrong on their screens."""

from __future__ import annotations

import io
import re
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import BrowserContext, Locator, Page, expect
from pypdf import PdfReader

PASSWORD = "Clinic-demo-2026!"
EMAILS = {
    "administrator": "administrator@clinic.example",
    "doctor": "doctor@clinic.example",
    "nurse": "nurse@clinic.example",
    "receptionist": "receptionist@clinic.example",
    "receptionist2": "receptionist2@clinic.example",
    "billing_officer": "billing@clinic.example",
}
AXE = (Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js").read_text()
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 375, "height": 812}


def squeezed(text: str) -> str:
    """A text without any blanks."""
    return re.sub(r"\s+", "", text)


class Person:
    """One member of staff at a browser of their own."""

    def __init__(self, clinic, context: BrowserContext, role: str) -> None:
        self.clinic, self.context, self.role = clinic, context, role
        #: Errors of the console, refusals of the content security policy, answers that are no success.
        self.problems: list[str] = []
        self.expected: set[int] = set()
        self.page = self.open_tab()

    def open_tab(self) -> Page:
        """A window of this person, watched."""
        page = self.context.new_page()
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.problems.append(f"{page.url}: {error}"))
        page.on("response", self._response)
        page.on("requestfailed", self._failed)
        return page

    def _console(self, message) -> None:
        # What the browser says about an answer's status is judged by `_response`.
        if message.type in ("error", "warning") and "the server responded with a status of" not in message.text:
            self.problems.append(f"{message.location.get('url', '')}: {message.type}: {message.text}")

    def _response(self, response) -> None:
        if response.status >= 400 and response.status not in self.expected:
            self.problems.append(f"{response.request.method} {response.url}: {response.status}")

    def _failed(self, request) -> None:
        # A navigation away cancels what the old page still wanted.
        if request.failure != "net::ERR_ABORTED":
            self.problems.append(f"{request.url}: {request.failure}")

    @contextmanager
    def expecting(self, status: int):
        """An answer of this status is what should happen here."""
        self.expected.add(status)
        try:
            yield
        finally:
            self.expected.discard(status)

    # -- moving about ------------------------------------------------------------------------

    def log_in(self) -> Person:
        """Through the log-in page."""
        self.go("/login/")
        self.page.fill("[name=username]", EMAILS[self.role])
        self.page.fill("[name=password]", PASSWORD)
        self.press("Log in")
        expect(self.page.locator("#user-menu")).to_be_visible()
        return self

    def go(self, path: str) -> Page:
        """Open a page by its address."""
        self.page.goto(self.clinic.url + path)
        return self.page

    def press(self, name: str, within: Locator | None = None) -> None:
        """A button."""
        (within or self.page).get_by_role("button", name=name, exact=True).click()

    def follow(self, name: str, within: Locator | None = None) -> None:
        """A link."""
        (within or self.page).get_by_role("link", name=name, exact=True).first.click()

    def menu(self, name: str) -> None:
        """An entry of the side menu."""
        self.follow(name, self.page.locator("#side-menu"))

    def fill(self, prefix: str = "", **values: str) -> None:
        """Fields by their names; a select by the words of its option."""
        for name, value in values.items():
            field = self.page.locator(f"[name='{prefix}{name}']")
            if field.evaluate("field => field.tagName") == "SELECT":
                self.select(f"{prefix}{name}", value)
            else:
                field.fill(value)

    def select(self, name: str, words: str) -> None:
        """An option of a select, searched for where the select can be searched."""
        native = self.page.locator(f"select[name='{name}']")
        if not native.evaluate("select => Boolean(select.tomselect)"):
            native.select_option(label=words)
            return
        box = self.page.locator(f"#id_{name}-ts-control")
        box.click()
        box.press_sequentially(words)
        self.page.locator(f"#id_{name}-ts-dropdown .option", has_text=words).first.click()

    def row(self, *words: str) -> Locator:
        """The first row of a table with these words."""
        rows = self.page.locator("main tbody tr")
        for word in words:
            rows = rows.filter(has_text=word)
        return rows.first

    def sees(self, *texts: str) -> None:
        """All of these stand on the page."""
        for text in texts:
            expect(self.page.locator("body")).to_contain_text(text)

    def address(self, name: str) -> str:
        """Where a link leads, as a path."""
        link = self.page.get_by_role("link", name=name, exact=True).first
        return link.evaluate("link => link.pathname + link.search")

    # -- what is looked at -------------------------------------------------------------------

    def download(self, path: str) -> bytes:
        """A file, fetched with this person's session."""
        response = self.context.request.get(self.clinic.url + path)
        assert response.status == 200, (path, response.status)
        return response.body()

    def reads(self, path: str, *words: str) -> None:
        """A PDF in which all of these are printed, wherever its lines break."""
        body = self.download(path)
        assert body.startswith(b"%PDF-")
        text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(body)).pages)
        missing = [word for word in words if squeezed(word) not in squeezed(text)]
        assert not missing, f"{missing} not in {path}: {text}"

    def overflow(self) -> int:
        """By how many pixels the page is wider than the screen."""
        self.page.wait_for_load_state()
        return self.page.evaluate(
            "() => Math.max(document.documentElement.scrollWidth, document.body.scrollWidth) - window.innerWidth"
        )

    def accessibility_faults(self) -> list[str]:
        """What axe finds on the page at its present width and colours, by WCAG 2.2 A and AA and its best practices.

        The whole page is on the screen meanwhile, so that nothing depends on how far it is scrolled.
        """
        # A click waits until the next page begins, not until there is any of it.
        self.page.wait_for_load_state()
        size = self.page.viewport_size
        height = self.page.evaluate("() => document.documentElement.scrollHeight")
        self.page.set_viewport_size({"width": size["width"], "height": max(size["height"], height)})
        # Colours that are still on their way from the other theme are nobody's choice.
        self.page.evaluate(
            """async () => {
                for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
                await Promise.all(document.getAnimations().map(one => one.finished.catch(() => 0)));
            }"""
        )
        if not self.page.evaluate("() => Boolean(window.axe)"):
            self.page.evaluate(AXE)
        found = self.page.evaluate(
            """async () => {
                const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
                const result = await window.axe.run(document, {runOnly: tags, resultTypes: ["violations"]});
                return result.violations.map(v => [v.id, v.nodes.slice(0, 4).map(n => n.html.slice(0, 160)
                    + " :: " + (n.any[0] || n.all[0] || n.none[0] || {message: ""}).message.slice(0, 160))]);
            }"""
        )
        self.page.set_viewport_size(size)
        return [f"{rule}: {node}" for rule, nodes in found for node in nodes]
