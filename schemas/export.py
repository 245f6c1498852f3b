"""
Write the contract: every schema of this folder as OpenAPI 3.1 components, and the vocabulary as enumerations.

`make contract` runs this and turns the result into pwa/src/generated/contract.ts. A test fails if either is not current.
"""

import enum
import inspect
import json
from pathlib import Path

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from schemas import account, audit, catalogue, chain, closing, erasure, evidence, finding, office, problem, report, sync
from schemas.base import EntitySchema, StrictSchema
from schemas.entities import ENTITIES
from server.domain import vocabulary

CONTRACT = Path(__file__).with_name("contract.json")


def build_contract() -> str:
    """The contract as JSON text, the same for the same schemas."""
    plugin = MarshmallowPlugin(schema_name_resolver=lambda schema: _component_name(schema))
    spec = APISpec("Auditbook", "1", "3.1.0", plugins=[plugin])
    modules = (account, audit, catalogue, chain, closing, erasure, evidence, finding, office, problem, report, sync)
    for module in modules:
        for name, schema in sorted(vars(module).items()):
            is_own = (
                inspect.isclass(schema) and issubclass(schema, StrictSchema) and schema.__module__ == module.__name__
            )
            if is_own and name.removesuffix("Schema") not in spec.components.schemas:
                spec.components.schema(name.removesuffix("Schema"), schema=schema)
    for kind, schema in ENTITIES.items():
        born = sorted(schema.born_fields())
        spec.components.schemas[schema.__name__.removesuffix("Schema")]["x-entity"] = {"kind": kind, "born": born}
    for name, words in sorted(vars(vocabulary).items()):
        if inspect.isclass(words) and issubclass(words, enum.StrEnum) and words is not enum.StrEnum:
            spec.components.schema(name, component={"type": "string", "enum": [word.value for word in words]})
    spec.options["paths"] = {}
    return json.dumps(spec.to_dict(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _component_name(schema: object) -> str:
    cls = schema if inspect.isclass(schema) else type(schema)
    return cls.__name__.removesuffix("Schema")


__all__ = ["CONTRACT", "EntitySchema", "build_contract"]

if __name__ == "__main__":
    CONTRACT.write_text(build_contract(), encoding="utf-8")
