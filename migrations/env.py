"""
Runs the migrations over a connection that was opened by server/storage/migrate.py.

All of them in one transaction on either database: a migration that fails leaves nothing behind. On PostgreSQL it waits for a lock
for a few seconds only, so that a forgotten session cannot hold up a start for ever.
"""

from alembic import context
from sqlalchemy import Connection, text

import server.storage.tables  # noqa: F401  registers every table
from server.database import Base

connection: Connection | None = context.config.attributes.get("connection")
if connection is None:
    raise RuntimeError("Migrations are run by `auditbook serve`, or by server/storage/migrate.py.")

if connection.dialect.name == "postgresql":
    connection.execute(text("SET LOCAL lock_timeout = '4s'"))
    connection.execute(text("SET LOCAL statement_timeout = '300s'"))

context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=True,
    compare_type=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
