"""Which role holds which permission: data, evaluated in one place, and deny by default."""

from collections.abc import Mapping

Permission = str

ROLES: Mapping[str, frozenset[Permission]] = {
    "customer": frozenset(),
    "content-editor": frozenset({"catalog.edit"}),
    "pharmacist": frozenset({"catalog.edit", "catalog.classify"}),
    "superintendent-pharmacist": frozenset({"catalog.edit", "catalog.classify", "catalog.publish"}),
    "warehouse": frozenset(),
    "auditor": frozenset(),
    "administrator": frozenset({"catalog.edit", "catalog.classify", "catalog.publish"}),
    "service:importer": frozenset({"catalog.edit", "catalog.classify", "catalog.publish"}),
}


def allowed(role: str, permission: Permission) -> bool:
    """Whether the role holds the permission; an unknown role holds none."""
    return permission in ROLES.get(role, frozenset())
