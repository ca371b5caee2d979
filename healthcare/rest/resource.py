"""A resource of the API, declared from its pages: they say who may, which rows, which form."""

from collections.abc import Callable
from contextlib import nullcontext
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from pydantic import BaseModel

from healthcare.access import visible_or_denied
from healthcare.events import record
from healthcare.models import BaseQuerySet
from healthcare.rest.answers import answer, api_name, refusal_of_form
from healthcare.rest.bodies import form_data, given, own_fields
from healthcare.rest.confidential import open_chart
from healthcare.rest.handlers import changes, form_of, guarded, makes, reads_details, reads_list, reads_one, steps
from healthcare.rest.idempotency import key_of
from healthcare.rest.lists import page_of, query_of
from healthcare.rest.schemas import body_of, described, listed, of_column, plain, reader_of, success
from healthcare.roles import may
from healthcare.workflow import WorkflowForm, lock, submit

#: Columns that no answer holds.
SENSITIVE = frozenset({"password", "search_text"})


@dataclass(frozen=True)
class Nested:
    """Another resource's rows within `details`: one behind a key, or the newest of many."""

    path: str
    resource: "Resource"
    order: str = ""
    limit: int = 50

    def read(self, row: Any, user: Any) -> Any:
        """The row or rows that this person may see; None without the permission."""
        if not may(user, self.resource.list_permission):
            return None
        found = row
        for step in self.path.split("."):
            found = getattr(found, step, None)
            if found is None:
                return None
        if not self.order:
            return self.resource.row(found, user)
        rows = found.visible_to(user).order_by(self.order, "pk")[: self.limit]
        return [self.resource.row(each, user) for each in rows]


@dataclass(frozen=True)
class Brief:
    """What every page about the row says of another one: some of its columns, such as a doctor's name."""

    path: str
    names: tuple[str, ...]

    def read(self, row: Any, user: Any) -> Any:
        """The columns, or None where there is no such row."""
        found = getattr(row, self.path)
        return None if found is None else {name: plain(getattr(found, name)) for name in self.names}


@dataclass(frozen=True)
class Operation:
    """One path and verb: its permission, its handler, its types."""

    verb: str
    path: str
    permission: str
    handler: Callable[..., HttpResponse]
    summary: str
    answer: Any
    status: int = 200
    tag: str = ""
    #: For OpenAPI: query parameters, names of headers, and what a file may be.
    query: dict[str, dict[str, Any]] = field(default_factory=dict)
    headers: tuple[str, ...] = ()
    content: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """As the tables of tests know it: `GET /patients`."""
        return f"{self.verb} {self.path.replace('{uuid:', '{')}"


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
        self.schema = described(self.name, properties, [name for name in properties if name not in secret])
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

    def row(self, row: Any, user: Any) -> dict[str, Any]:
        """A row as this person may see it."""
        hidden = self.hidden_from(user)
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
        """A page of rows."""
        return answer(page_of(self, request))

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

    # -- types ----------------------------------------------------------------------------------

    def saved_schema(self) -> type[BaseModel]:
        """What a write answers: the row, and what was noticed; the id alone where the role does not see the row."""
        more: dict[str, Any] = {"notices": {"type": "array", "items": {"type": "string"}}}
        more |= {name: {"type": "string"} for name in self.once}
        return described(f"{self.name}Saved", self.properties | more, ["id", "notices"])

    def details_schema(self) -> type[BaseModel]:
        """The row with the rows that belong to it."""
        many = {"type": ["array", "null"], "items": {"type": "object"}}
        inner = {
            name: many if getattr(each, "order", "") else {"type": ["object", "null"]}
            for name, each in self.details.items()
        }
        required = self.schema.model_json_schema().get("required", [])
        return described(f"{self.name}Details", self.properties | inner, [*required, *inner])

    # -- paths -------------------------------------------------------------------------------

    def operations(self) -> list[Operation]:
        """Every path and verb of this resource."""
        one, found = f"/{self.path}/{{uuid:id}}", []
        label = str(self.model._meta.verbose_name)

        def add(
            verb: str, path: str, permission: str, handler: Any, summary: str, schema: Any, status: int = 200
        ) -> None:
            found.append(
                Operation(verb, path, permission, guarded(permission, handler), summary, schema, status, self.path)
            )

        answers = success(f"{self.name}Answer", self.schema)
        saved = success(f"{self.name}SavedAnswer", self.saved_schema())
        add(
            "GET",
            f"/{self.path}",
            self.list_permission,
            reads_list(self),
            f"List: {label}",
            success(f"{self.name}ListAnswer", listed(f"{self.name}List", self.schema)),
        )
        found[0] = replace(found[0], query=query_of(self))
        if self.create:
            schema = body_of(
                f"{self.name}New",
                form_of(self.create),
                self.rows,
                optional=self.optional,
                unfolded=self.unfolded,
                then=self.create_then,
            )
            for alias in ("", *(f"/{name}" for name in self.aliases)):
                add(
                    "POST",
                    f"/{self.path}{alias}",
                    permission_of(self.create),
                    makes(self, self.create, schema),
                    f"New: {label}{alias.replace('/', ' ')}",
                    saved,
                    201,
                )
        if self.detail_page:
            add("GET", one, self.view_permission, reads_one(self), f"One: {label}", answers)
        if self.details:
            add(
                "GET",
                f"{one}/details",
                self.view_permission,
                reads_details(self),
                f"With what belongs to it: {label}",
                success(f"{self.name}DetailsAnswer", self.details_schema()),
            )
        if self.edit:
            for verb, partial in (("PUT", False), ("PATCH", True)):
                schema = body_of(
                    f"{self.name}{verb.title()}",
                    form_of(self.edit),
                    self.rows,
                    partial=partial,
                    optional=self.assigned,
                )
                add(
                    verb,
                    one,
                    permission_of(self.edit),
                    changes(self, self.edit, schema, partial),
                    f"{'Change' if partial else 'Replace'}: {label}",
                    saved,
                )
        if self.delete:
            schema = body_of(f"{self.name}Delete", form_of(self.delete), {})
            add(
                "DELETE",
                one,
                permission_of(self.delete),
                steps(self, self.delete, schema),
                f"{form_of(self.delete).submit_label}: {label}",
                saved,
            )
        for name, thing in self.actions.items():
            title = name.title().replace("-", "")
            schema = body_of(f"{self.name}{title}", form_of(thing), self.rows if has_rows(thing) else {}, partial=True)
            add(
                "POST",
                f"{one}/{name}",
                permission_of(thing),
                steps(self, thing, schema),
                f"{form_of(thing).submit_label}: {label}",
                saved,
            )
        return [replace(each, headers=self.headers_of(each)) for each in found]

    def headers_of(self, operation: Operation) -> tuple[str, ...]:
        """The headers that an operation heeds."""
        if operation.verb == "POST" and "{" not in operation.path:
            return ("Idempotency-Key",) if self.idempotent else ()
        return ("If-Match",) if operation.verb != "GET" else ()


# -- helpers -----------------------------------------------------------------------------------------


def permission_of(thing: Any) -> str:
    """Whoever may use the page."""
    return str(thing.permission)


def has_rows(thing: Any) -> bool:
    """Whether the form has rows within it."""
    return form_of(thing).build_formsets is not WorkflowForm.build_formsets


def api_names(form: Any) -> dict[str, str]:
    """The API's names of a form's fields."""
    return {name: api_name(name, f) for name, f in form.fields.items()}


def etag(row: Any) -> str:
    """The row's version."""
    return f'"{plain(row.updated_at)}"'


def version_seen(request: HttpRequest, row: Any) -> str | None:
    """The version that the caller saw, as the form takes it; None if they do not say."""
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return None
    tags = [tag.strip().removeprefix("W/").strip('"') for tag in header.split(",")]
    now = plain(row.updated_at)
    return row.updated_at.isoformat() if now in tags else (tags[0].replace("Z", "+00:00") or "never")


__all__ = ["Brief", "Nested", "Operation", "Resource"]
