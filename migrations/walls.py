"""
The wall between workspaces on PostgreSQL: row-level security, for the owner of the tables as well.

The server says at the beginning of each transaction which workspaces it may see (server/database.py). Who says nothing sees nothing.
A superuser would walk through: the server's role must not be one.
"""

from alembic import op

_SAID = "current_setting('auditbook.workspaces', true)"
_INSIDE = f"(SELECT {_SAID}) = '*' OR workspace_id::text = ANY ((SELECT string_to_array({_SAID}, ','))::text[])"


def raise_wall(*tables: str) -> None:
    """Let these tables, which all have a `workspace_id`, be read and written inside the wall only. SQLite has no such thing."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in tables:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY wall ON {table} USING ({_INSIDE}) WITH CHECK ({_INSIDE})")
