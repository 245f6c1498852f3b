"""The history of the database's shape, run by Alembic (server/storage/migrate.py)."""
