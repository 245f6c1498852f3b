"""
Create every table.

A migration runs beside the code of before it: first what is new is added, and only a later one takes the old away.
The way back is a restored backup, so there is no downgrade.
"""

import sqlalchemy as sa
from alembic import op

from migrations.walls import raise_wall

revision = "ef3b7bc6"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("password_set_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint("email", name="uq_account_email"),
    )
    op.create_table(
        "job",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("queue", sa.String(length=30), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("args", sa.Text(), nullable=False),
        sa.Column("dedup", sa.String(length=200), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("run_at", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'done', 'failed')", name="ck_job_state"),
        sa.PrimaryKeyConstraint("id", name="pk_job"),
        sa.UniqueConstraint("dedup", name="uq_job_dedup"),
    )
    op.create_index("ix_job_queue_state_run_at", "job", ["queue", "state", "run_at"], unique=False)

    op.create_table(
        "server_state",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("installation", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("asked_version", sa.String(length=40), nullable=True),
        sa.Column("former", sa.Text(), nullable=False),
        sa.Column("backed_up_at", sa.BigInteger(), nullable=True),
        sa.Column("log_key", sa.String(length=64), nullable=True),
        sa.CheckConstraint("id = 1", name="ck_server_state_one_row"),
        sa.PrimaryKeyConstraint("id", name="pk_server_state"),
    )
    op.create_table(
        "catalogue",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("standard", sa.String(length=60), nullable=False),
        sa.Column("tree", sa.Text(), nullable=False),
        sa.Column("kept_at", sa.BigInteger(), nullable=False),
        sa.Column("brought_by", sa.Uuid(as_uuid=False), nullable=True),
        sa.PrimaryKeyConstraint("sha256", name="pk_catalogue"),
    )
    op.create_table(
        "throttle",
        sa.Column("subject_sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("window_ends_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("subject_sha256", name="pk_throttle"),
    )
    op.create_index("ix_throttle_window_ends_at", "throttle", ["window_ends_at"], unique=False)

    op.create_table(
        "workspace",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_workspace"),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("workspace_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("is_held", sa.Boolean(), nullable=False),
        sa.Column("audit_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("head_seq", sa.Integer(), nullable=False),
        sa.Column("head_hash", sa.String(length=64), nullable=False),
        sa.Column("latest_receipt", sa.BigInteger(), nullable=False),
        sa.Column("backed_up_seq", sa.Integer(), nullable=False),
        sa.Column("restored_seq", sa.Integer(), nullable=True),
        sa.Column("first_restored_seq", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("reference", sa.String(length=60), nullable=True),
        sa.Column("title", sa.String(length=300), nullable=True),
        sa.Column("type", sa.String(length=40), nullable=True),
        sa.Column("client_name", sa.String(length=300), nullable=True),
        sa.Column("starts_on", sa.String(length=10), nullable=True),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name="fk_audit_workspace_id"),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        sa.UniqueConstraint("workspace_id", "id", name="uq_audit_workspace_id_id"),
    )
    op.create_index("ix_audit_audit_id", "audit", ["audit_id"], unique=False)

    op.create_table(
        "audit_client",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("workspace_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name="fk_audit_client_workspace_id"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_client"),
    )
    op.create_index("ix_audit_client_workspace_id", "audit_client", ["workspace_id"], unique=False)

    op.create_table(
        "blob",
        sa.Column("workspace_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("audit_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("stored_at", sa.BigInteger(), nullable=False),
        sa.Column("is_backed_up", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "audit_id"], ["audit.workspace_id", "audit.id"], name="fk_blob_workspace_id_audit_id"
        ),
        sa.PrimaryKeyConstraint("workspace_id", "audit_id", "sha256", name="pk_blob"),
    )
    op.create_table(
        "history",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("workspace_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("noun", sa.String(length=40), nullable=False),
        sa.Column("row_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name="fk_history_workspace_id"),
        sa.PrimaryKeyConstraint("id", name="pk_history"),
    )
    op.create_index("ix_history_workspace_id_noun_row_id", "history", ["workspace_id", "noun", "row_id"], unique=False)

    op.create_table(
        "installation",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("account_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=True),
        sa.Column("enrolled_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("vouched_by", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_installation_account_id"),
        sa.PrimaryKeyConstraint("id", "account_id", name="pk_installation"),
    )
    op.create_index("ix_installation_account_id", "installation", ["account_id"], unique=False)

    op.create_table(
        "invitation",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("roles", sa.String(length=300), nullable=False),
        sa.Column("is_founding", sa.Boolean(), nullable=False),
        sa.Column("token_sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("invited_by", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.Column("workspace_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.ForeignKeyConstraint(["invited_by"], ["account.id"], name="fk_invitation_invited_by"),
        sa.PrimaryKeyConstraint("id", name="pk_invitation"),
        sa.UniqueConstraint("token_sha256", name="uq_invitation_token_sha256"),
    )
    op.create_index("ix_invitation_workspace_id", "invitation", ["workspace_id"], unique=False)

    op.create_table(
        "mail",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("workspace_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("message_id", sa.String(length=400), nullable=True),
        sa.Column("recipient", sa.String(length=320), nullable=False),
        sa.Column("subject", sa.String(length=998), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("holds_code", sa.Boolean(), nullable=False),
        sa.Column("report_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("queued_at", sa.BigInteger(), nullable=False),
        sa.Column("attempted_at", sa.BigInteger(), nullable=True),
        sa.Column("next_attempt_at", sa.BigInteger(), nullable=True),
        sa.Column("last_error", sa.String(length=2000), nullable=True),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'sent', 'written', 'failed')", name="ck_mail_state"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name="fk_mail_workspace_id"),
        sa.PrimaryKeyConstraint("id", name="pk_mail"),
        sa.UniqueConstraint("message_id", name="uq_mail_message_id"),
    )
    op.create_index("ix_mail_report_id", "mail", ["report_id"], unique=False)
    op.create_index("ix_mail_workspace_id", "mail", ["workspace_id"], unique=False)

    op.create_table(
        "membership",
        sa.Column("workspace_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("account_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_membership_account_id"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name="fk_membership_workspace_id"),
        sa.PrimaryKeyConstraint("workspace_id", "account_id", "role", name="pk_membership"),
    )
    op.create_index("ix_membership_account_id", "membership", ["account_id"], unique=False)

    op.create_table(
        "password_reset",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("account_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("token_sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_password_reset_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_password_reset"),
        sa.UniqueConstraint("token_sha256", name="uq_password_reset_token_sha256"),
    )
    op.create_index("ix_password_reset_account_id", "password_reset", ["account_id"], unique=False)

    op.create_table(
        "sign_in_session",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("account_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("token_sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("device", sa.String(length=200), nullable=False),
        sa.Column("installation", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_sign_in_session_account_id"),
        sa.ForeignKeyConstraint(
            ["installation", "account_id"],
            ["installation.id", "installation.account_id"],
            name="fk_sign_in_session_installation",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_sign_in_session"),
        sa.UniqueConstraint("token_sha256", name="uq_sign_in_session_token_sha256"),
    )
    op.create_index("ix_sign_in_session_account_id", "sign_in_session", ["account_id"], unique=False)

    op.create_table(
        "session_installation",
        sa.Column("session_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("installation_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("account_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["installation_id", "account_id"],
            ["installation.id", "installation.account_id"],
            name="fk_session_installation_installation_id",
        ),
        sa.ForeignKeyConstraint(["session_id"], ["sign_in_session.id"], name="fk_session_installation_session_id"),
        sa.PrimaryKeyConstraint("session_id", "installation_id", name="pk_session_installation"),
    )

    op.create_table(
        "workspace_settings",
        sa.Column("workspace_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name="fk_workspace_settings_workspace_id"),
        sa.PrimaryKeyConstraint("workspace_id", name="pk_workspace_settings"),
    )
    op.create_table(
        "audit_team",
        sa.Column("audit_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("account_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("workspace_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("team_role", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id", "audit_id"], ["audit.workspace_id", "audit.id"], name="fk_audit_team_workspace_id_audit_id"
        ),
        sa.PrimaryKeyConstraint("audit_id", "account_id", name="pk_audit_team"),
    )
    op.create_index("ix_audit_team_account_id", "audit_team", ["account_id"], unique=False)

    op.create_table(
        "chain",
        sa.Column("audit_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("installation", sa.String(length=36), nullable=False),
        sa.Column("account", sa.String(length=36), nullable=False),
        sa.Column("workspace_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("tip_dseq", sa.BigInteger(), nullable=False),
        sa.Column("tip_digest", sa.String(length=64), nullable=False),
        sa.Column("announced_dseq", sa.BigInteger(), nullable=False),
        sa.Column("announced_digest", sa.String(length=64), nullable=False),
        sa.Column("wrong_signature_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id", "audit_id"], ["audit.workspace_id", "audit.id"], name="fk_chain_workspace_id_audit_id"
        ),
        sa.PrimaryKeyConstraint("audit_id", "installation", "account", name="pk_chain"),
    )
    op.create_table(
        "chain_head",
        sa.Column("audit_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("installation", sa.String(length=36), nullable=False),
        sa.Column("account", sa.String(length=36), nullable=False),
        sa.Column("dseq", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("workspace_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("signature", sa.String(length=120), nullable=False),
        sa.Column("key_sha256", sa.String(length=64), nullable=True),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "audit_id"], ["audit.workspace_id", "audit.id"], name="fk_chain_head_workspace_id_audit_id"
        ),
        sa.PrimaryKeyConstraint("audit_id", "installation", "account", "dseq", "digest", name="pk_chain_head"),
    )
    op.create_table(
        "erasure",
        sa.Column("audit_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("workspace_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("reason", sa.String(length=2000), nullable=False),
        sa.Column("decided_by", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("erased_at", sa.BigInteger(), nullable=False),
        sa.Column("record", sa.Text(), nullable=True),
        sa.Column("evidence_sha256", sa.String(length=64), nullable=True),
        sa.Column("member", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name="fk_erasure_workspace_id_workspace"),
        sa.PrimaryKeyConstraint("audit_id", "digest", name="pk_erasure"),
    )
    op.create_table(
        "installation_key",
        sa.Column("installation_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("account_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("enrolled_at", sa.BigInteger(), nullable=False),
        sa.Column("vouched_by", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(
            ["installation_id", "account_id"],
            ["installation.id", "installation.account_id"],
            name="fk_installation_key_installation_id_account_id",
        ),
        sa.PrimaryKeyConstraint("installation_id", "account_id", "sha256", name="pk_installation_key"),
    )
    op.create_table(
        "operation",
        sa.Column("audit_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("workspace_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("content_sha256", sa.String(length=64), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("origin", sa.String(length=8), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("sent_by_account", sa.String(length=36), nullable=False),
        sa.Column("sent_by_installation", sa.String(length=36), nullable=False),
        sa.Column("chain_account", sa.String(length=36), nullable=True),
        sa.Column("chain_installation", sa.String(length=36), nullable=True),
        sa.Column("dseq", sa.BigInteger(), nullable=True),
        sa.Column("is_branch", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=True),
        sa.Column("entity_kind", sa.String(length=40), nullable=True),
        sa.Column("entity", sa.String(length=241), nullable=True),
        sa.Column("field", sa.String(length=60), nullable=True),
        sa.Column("verdict", sa.String(length=12), nullable=True),
        sa.Column("verdict_code", sa.String(length=60), nullable=True),
        sa.Column("verdict_facts", sa.Text(), nullable=True),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("is_of_old_log", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "audit_id"], ["audit.workspace_id", "audit.id"], name="fk_operation_workspace_id_audit_id"
        ),
        sa.PrimaryKeyConstraint("audit_id", "seq", name="pk_operation"),
        sa.UniqueConstraint("audit_id", "digest", name="uq_operation_audit_id_digest"),
    )
    op.create_index("ix_operation_audit_id_entity", "operation", ["audit_id", "entity"], unique=False)
    op.create_index("ix_operation_audit_id_entity_kind", "operation", ["audit_id", "entity_kind"], unique=False)
    op.create_index("ix_operation_audit_id_verdict", "operation", ["audit_id", "verdict"], unique=False)
    op.create_index(
        "ix_operation_revoked",
        "operation",
        ["sent_by_installation", "sent_by_account"],
        unique=False,
        sqlite_where=sa.text("verdict_code = 'account.installation_revoked'"),
        postgresql_where=sa.text("verdict_code = 'account.installation_revoked'"),
    )
    op.create_index(
        "ix_operation_issued",
        "operation",
        ["audit_id"],
        unique=False,
        sqlite_where=sa.text("kind = 'issuance'"),
        postgresql_where=sa.text("kind = 'issuance'"),
    )

    op.create_table(
        "report",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("workspace_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("audit_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("report_record", sa.String(length=200), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("is_provisional", sa.Boolean(), nullable=False),
        sa.Column("requested_by", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("requested_at", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=True),
        sa.Column("pdf_sha256", sa.String(length=64), nullable=True),
        sa.Column("file_name", sa.String(length=200), nullable=True),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'made', 'failed')", name="ck_report_state"),
        sa.ForeignKeyConstraint(
            ["workspace_id", "audit_id"], ["audit.workspace_id", "audit.id"], name="fk_report_workspace_id_audit_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_report"),
        sa.UniqueConstraint("audit_id", "report_record", name="uq_report_audit_id_report_record"),
    )
    has_its_number = sa.text("state <> 'failed' OR made_at IS NOT NULL")
    op.create_index(
        "ix_report_audit_id_revision", "report", ["audit_id", "revision"],
        unique=True, sqlite_where=has_its_number, postgresql_where=has_its_number,
    )  # fmt: skip
    op.create_table(
        "opened_original",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("workspace_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("audit_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "audit_id"],
            ["audit.workspace_id", "audit.id"],
            name="fk_opened_original_workspace_id_audit_id",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_opened_original"),
    )
    op.create_index("ix_opened_original_audit_id", "opened_original", ["audit_id"], unique=False)

    op.create_table(
        "upload",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("workspace_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("audit_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("account_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("completed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id", "audit_id"], ["audit.workspace_id", "audit.id"], name="fk_upload_workspace_id_audit_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_upload"),
    )
    raise_wall(
        "audit",
        "audit_client",
        "audit_team",
        "blob",
        "chain",
        "chain_head",
        "erasure",
        "history",
        "invitation",
        "membership",
        "opened_original",
        "operation",
        "report",
        "upload",
        "workspace_settings",
    )
