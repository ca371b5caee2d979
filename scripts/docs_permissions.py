"""docs/permissions.md: the matrix of healthcare.roles and the roles of every route, from the resolver.

python -m scripts.docs_permissions
"""

from __future__ import annotations

from scripts.docs_sections import DOCS, set_up, table, write

PAGE = DOCS / "permissions.md"


def parts() -> dict[str, str]:
    """The generated parts of the page, by name."""
    return {"matrix": matrix(), "routes": route_table()}


def marks(roles: frozenset[str]) -> tuple[str, ...]:
    """One cell for each role, in the order of the heading."""
    from healthcare.roles import Role

    return tuple("yes" if role in roles else "" for role in Role)


def heads() -> tuple[str, ...]:
    """The roles' names."""
    from healthcare.roles import Role

    return tuple(str(role.label) for role in Role)


def matrix() -> str:
    """Every permission with its roles."""
    from healthcare.roles import PERMISSIONS

    return table(("permission", *heads()), [(f"`{name}`", *marks(roles)) for name, roles in PERMISSIONS.items()])


def route_table() -> str:
    """Every page's address with its permission and roles."""
    from healthcare.access import RoleView
    from healthcare.checks import SELF_GUARDED, routes
    from healthcare.roles import PUBLIC

    rows = []
    for path, pattern, namespaces in routes():
        view = getattr(pattern.callback, "view_class", object)
        if SELF_GUARDED & set(namespaces) or not issubclass(view, RoleView) or path.startswith("api/"):
            continue
        everybody = view.permission == PUBLIC
        cells = ("everybody", *[""] * (len(heads()) - 1)) if everybody else marks(view.allowed_roles())
        address = f"/{path.replace('<uuid:pk>', '{id}')}"
        rows.append((f"`{address}`", f"`{pattern.name}`", f"`{view.permission}`", *cells))
    return table(("address", "name", "permission", *heads()), rows)


if __name__ == "__main__":
    set_up()
    write(PAGE, parts())
