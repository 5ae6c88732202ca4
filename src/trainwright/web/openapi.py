"""The OpenAPI document: what FastAPI knows of the routes, with how callers show who they are and how errors look."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from trainwright.web.api.nouns import Problem

SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "description": "A token, made under Settings or by the server."},
}


def describe(app: FastAPI) -> dict[str, Any]:
    """The document, made once."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            openapi_version=app.openapi_version,
        )
        components = made.setdefault("components", {})
        components["securitySchemes"] = SCHEMES
        components.setdefault("schemas", {})["Problem"] = Problem.model_json_schema()
        made["security"] = [{"token": []}]
        app.openapi_schema = made
    return app.openapi_schema
