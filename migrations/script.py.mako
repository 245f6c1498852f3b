"""
${message.capitalize()}.

A migration runs beside the code of before it: first what is new is added, and only a later one takes the old away.
The way back is a restored backup, so there is no downgrade.
"""

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}
