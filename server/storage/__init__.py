"""The only folder that speaks SQL or touches a disk or a bucket."""

from sqlalchemy.orm import Session

__all__ = ["Session"]
"""A use case opens a transaction and hands it on; what it is, only this folder knows."""
