"""A resource of the API, declared from its pages: they say who may, which rows, which form."""

from collections.abc import Callable
from contextlib import nullcontext
from copy import copy
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict

from healthcare.access import visible_or_denied
from healthcare.events import record
from healthcare.models import BaseQuerySet
from healthcare.rest.answers import answer, api_name, refusal_of_form
from healthcare.rest.bodies import form_data, given, own_fields
from healthcare.rest.confidential import closed_columns, open_chart, patient_asked, patient_column
from healthcare.rest.handlers import form_of
from healthcare.rest.idempotency import key_of
from healthcare.rest.lists import page_of
from healthcare.rest.nested import Brief, Nested
from healthcare.rest.schemas import described, of_column, reader_of
from healthcare.rest.versions import etag, version_seen
from healthcare.roles import may
from healthcare.workflow import WorkflowForm, lock, submit

#: Columns that no answer holds.
SENSITIVE = frozenset({"password", "search_text"})


@dataclass
class Resource:
    """Paths of one entity. Pages (or forms) give permission, rows and form; what is left out does not exist."""

    path: str
    list_page: Any
    detail_page: Any = None
    create: Any = None
    edit: Any = None
    delete: Any = None
    #: Name in the path -> page or form of a step on one row.
    actions: dict[str, Any] = field(default_factory=dict)
    #: Name in the path -> page that makes a row, under another name: `POST /payments/process`.
    aliases: tuple[str, ...] = ()
    #: The form that takes what the first one does not know, in the same transaction as it.
    create_then: Any = None
    #: Name of a list in the body -> the form of its rows.
    rows: dict[str, Any] = field(default_factory=dict)
    #: Permission -> columns that only those see who hold it.
    hidden: dict[str, tuple[str, ...]] = field(default_factory=dict)
    #: Columns that no answer holds.
    exclude: tuple[str, ...] = ()
    #: Name in the answer -> (how it is read from the row, its schema).
    computed: dict[str, tuple[Callable[[Any], Any], dict[str, Any]]] = field(default_factory=dict)
    details: dict[str, Nested | Brief] = field(default_factory=dict)
    details_related: tuple[str, ...] = ()
    list_related: tuple[str, ...] = ()
    list_defaults: dict[str, str] = field(default_factory=dict)
    #: Fields that a new row's form does not ask for although their column does (a number that is assigned).
    optional: tuple[str, ...] = ()
    #: Fields that a PUT keeps unless it gives them: a number that the clinic assigned.
    assigned: tuple[str, ...] = ()
    #: Columns that hold an object whose entries are fields of the form: a report's `parameters`.
    unfolded: tuple[str, ...] = ()
    #: Attributes of the form that are told once, such as a password that was made.
    once: tuple[str, ...] = ()
    #: Whether a POST to make a row may carry an Idempotency-Key.
    idempotent: bool = False

    def __post_init__(self) -> None:
        self.model = self.list_page.model
        self.name = self.model.__name__
        self.list_permission = self.list_page.permission
        self.view_permission = self.detail_page.permission if self.detail_page else self.list_permission
        left_out = SENSITIVE | set(self.exclude)
        columns = [f for f in self.model._meta.concrete_fields if f.name not in left_out]
        self.columns = [(f.attname, reader_of(f)) for f in columns]
        properties = {f.attname: of_column(f) for f in columns}
        properties |= {name: schema for name, (_read, schema) in self.computed.items()}
        secret = {name for names in self.hidden.values() for name in names}
        self.properties = properties
        self.closed = closed_columns(self.model, self.list_page)
        sure = [name for name in properties if name not in secret | self.closed]
        self.schema = described(self.name, properties, sure)
        self.patient_column = patient_column(self.model)
        own = self.model._default_manager.all()
        self.always_visible = type(own).visible_to is BaseQuerySet.visible_to

    # -- rows to JSON ------------------------------------------------------------------------

    def hidden_from(self, user: Any) -> frozenset[str]:
        """The columns that this person does not see."""
        return frozenset(
            name for permission, names in self.hidden.items() if not may(user, permission) for name in names
        )

    def unseen_by(self, user: Any) -> frozenset[str]:
        """The columns that no answer to this person holds."""
        return self.hidden_from(user) | SENSITIVE | set(self.exclude)

    def row(self, row: Any, user: Any, closed: frozenset[Any] = frozenset()) -> dict[str, Any]:
        """A row as this person may see it; shorter if its patient's chart is among the `closed` ones."""
        hidden = self.hidden_from(user)
        if closed and getattr(row, self.patient_column) in closed:
            hidden |= self.closed
        seen = {name: read(getattr(row, name)) for name, read in self.columns if name not in hidden}
        for name, (read, _schema) in self.computed.items():
            if name not in hidden:
                seen[name] = read(row)
        return seen

    def one(self, row: Any, user: Any, status: int = 200, **more: Any) -> HttpResponse:
        """The answer about one row, with its ETag."""
        return answer({**self.row(row, user), **more}, status, ETag=etag(row))

    # -- reading -----------------------------------------------------------------------------

    def find(self, request: HttpRequest, key: UUID) -> Any:
        """The row, if it is there and this person may see it."""
        return visible_or_denied(self.model._default_manager.all(), request.user, pk=key)

    def get_list(self, request: HttpRequest) -> HttpResponse:
        """A page of rows; a list of one patient's rows is read like a part of the chart, and audited as FHIR's is."""
        asked = patient_asked(request, self.list_page)
        found = page_of(self, request, asked)
        if asked and self.patient_column == "patient_id":
            record("view", entity_type=self.model.entity_name(), patient_id=asked, values={"list": sorted(request.GET)})
        return answer(found)

    def get_one(self, request: HttpRequest, id: UUID) -> HttpResponse:
        """One row; audited as its page is."""
        row = self.find(request, id)
        open_chart(request, row)
        if self.detail_page.audited:
            record("view", row)
        return self.one(row, request.user)

    def get_details(self, request: HttpRequest, id: UUID) -> HttpResponse:
        """One row with what belongs to it."""
        rows = self.model._default_manager.select_related(*self.details_related)
        row = visible_or_denied(rows, request.user, pk=id)
        open_chart(request, row)
        record("view", row)
        inner = {name: nested.read(row, request.user) for name, nested in self.details.items()}
        return self.one(row, request.user, **inner)

    # -- writing -----------------------------------------------------------------------------

    def saved(self, form: Any, request: HttpRequest, status: int = 200) -> HttpResponse:
        """The answer to a write, or the refusal."""
        if not form.is_valid() and not form.already_saved:
            raise refusal_of_form(form, api_names(form))
        row, user = form.instance, request.user
        more: dict[str, Any] = {"notices": [str(notice) for notice in form.notices]}
        more |= {name: getattr(form, name) for name in self.once if getattr(form, name, "")}
        if not may(user, self.view_permission) or not (
            self.always_visible or self.model._default_manager.visible_to(user).filter(pk=row.pk).exists()
        ):
            return answer({"id": str(row.pk), **more}, status)
        response = self.one(row, user, status, **more)
        if form.already_saved:
            response.headers["Idempotency-Replayed"] = "true"
        return response

    def post(self, request: HttpRequest, body: dict[str, Any], thing: Any) -> HttpResponse:
        """Make a row."""
        form_class = form_of(thing)
        for name in self.unfolded:
            inner = body.get(name)
            body = {**inner, **body} if isinstance(inner, dict) else body
        new_id = key_of(request, body) if self.idempotent else None
        # Both or neither; a form alone keeps its own transaction, whose commit may refuse it (deferred constraints).
        with transaction.atomic() if self.create_then else nullcontext():
            form = submit(
                form_class,
                actor=request.user,
                data=form_data(form_class, body, self.rows, new=True),
                new_id=new_id,
                **self.form_kwargs(thing, request),
            )
            if self.create_then and form.is_valid() and given(body, self.create_then).keys() - given(body, form_class):
                page = self.create_then(actor=request.user, instance=form.instance)
                data = form_data(self.create_then, body, self.rows, page=page)
                form = submit(self.create_then, actor=request.user, data=data, instance=form.instance)
                if not form.is_valid():
                    raise refusal_of_form(form, api_names(form))
        return self.saved(form, request, 201)

    def change(
        self, request: HttpRequest, key: UUID, body: dict[str, Any], thing: Any, *, partial: bool
    ) -> HttpResponse:
        """Change a row or take a step with it: PATCH and steps keep what is not given, PUT empties it."""
        form_class = form_of(thing)
        row = self.find(request, key)
        open_chart(request, row)  # as its page asks before it shows the form
        kwargs = self.form_kwargs(thing, request, key)
        partial = partial and bool(own_fields(form_class).keys() - given(body, form_class))
        with transaction.atomic() if partial else nullcontext():
            page = form_class(actor=request.user, instance=lock(row), **kwargs) if partial else None
            kept = {name: getattr(row, name) for name in self.assigned}
            data = form_data(form_class, kept | body, self.rows, page=page)
            seen = version_seen(request, row)
            if seen is not None:
                data["updated_at_seen"] = seen
            form = submit(form_class, actor=request.user, data=data, instance=row, **kwargs)
        if self.detail_page and self.detail_page.audited and form.is_valid() and said_by(row) == said_by(form.instance):
            record("view", row)  # a change that changes nothing only shows the row
        return self.saved(form, request)

    def form_kwargs(self, thing: Any, request: HttpRequest, key: Any = None) -> dict[str, Any]:
        """What the page would give to its form."""
        if issubclass(thing, WorkflowForm):
            return {}
        page = thing()
        quiet = copy(request)
        quiet.GET = QueryDict()  # type: ignore[assignment]
        page.setup(quiet, **({"pk": key} if key else {}))
        return page.get_form_kwargs()


# -- helpers -----------------------------------------------------------------------------------------


def said_by(row: Any) -> dict[str, Any]:
    """What a row says, whenever it was saved."""
    return {name: value for name, value in row.present_values().items() if name != "updated_at"}


def api_names(form: Any) -> dict[str, str]:
    """The API's names of a form's fields."""
    return {name: api_name(name, f) for name, f in form.fields.items()} | {"shown_patient": "patient_id"}
