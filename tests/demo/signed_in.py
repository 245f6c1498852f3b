"""Somebody of the demonstration, signed in with the printed password."""

from typing import Any

from flask import Flask

from server.demo.seed import PASSWORD


def signed_in(app: Flask, email: str) -> tuple[Any, Any]:
    """A client with a session, and the workspace that the person works in."""
    api = app.test_client()
    answer = api.post("/api/session", json={"email": email, "password": PASSWORD})
    assert answer.status_code == 200, email
    return api, answer.json["workspaces"][0]
