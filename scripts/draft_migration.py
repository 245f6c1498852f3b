"""
Draft a migration from what the tables say now and what the migrations lead to: `python scripts/draft_migration.py "add ..."`.

The draft is read and finished by hand: a table behind the wall needs its policy (migrations/walls.py), data needs its move.
"""

import secrets
import sys

import sqlalchemy as sa
from alembic import command

from server.storage.migrate import alembic_config


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with sa.create_engine("sqlite://").connect() as connection:
        config = alembic_config(connection)
        command.upgrade(config, "head")
        script = command.revision(config, message=sys.argv[1], autogenerate=True, rev_id=secrets.token_hex(4))
    if script is not None and not isinstance(script, list):
        print(f"Read and finish {script.path}")


if __name__ == "__main__":
    main()
