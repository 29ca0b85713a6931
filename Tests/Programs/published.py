"""The published schemas, read by their files: what the tests of schemas, examples and records share.
  published.py topics    prints the topics that records are sent to
  published.py analysed  prints the types of records that analysers send"""

import json
import pathlib
import sys

import jsonschema

FOLDER = pathlib.Path(__file__).resolve().parent.parent.parent / "schemas"


def load(name):
    return json.loads((FOLDER / f"{name}.json").read_text())


def names():
    """All schemas."""
    return sorted(path.stem for path in FOLDER.glob("*.json") if not path.stem.endswith(".example"))


def record_types():
    """Of each type of records: its schema and topic."""
    found = {}
    for name in names():
        schema = load(name)
        if "x-topic" in schema:
            member = schema["properties"].get("type") or schema["properties"]["ce_type"]
            found[member["const"]] = (name, schema["x-topic"])
    return found


def errors(value, name):
    """What of the value is not as the schema has it."""
    schema = load(name)
    resolver = jsonschema.RefResolver((FOLDER / f"{name}.json").as_uri(), schema)
    validator = jsonschema.Draft202012Validator(schema, resolver=resolver)
    return [f"{error.message[:300]} at {list(error.absolute_path)}" for error in validator.iter_errors(value)]


def required(name):
    """The members that a value of the schema must have, whichever schema says so."""
    schema = load(name)
    inherited = schema["$ref"].removesuffix(".json") if "$ref" in schema else None
    return schema.get("required", []) + (required(inherited) if inherited else [])


def mutations(value, name):
    """The value with each of its required members gone, or unlike what its constants say."""
    if not isinstance(value, dict):
        yield "another word", f"not {value}"
        return
    for member in required(name):
        yield f"without {member}", {key: item for key, item in value.items() if key != member}
    schema = load(name)
    for member, what in schema.get("properties", {}).items():
        if "const" in what and member in value:
            yield f"with another {member}", value | {member: f"not {what['const']}"}
    if schema.get("additionalProperties") is False:
        yield "with a member that nobody knows", value | {"nobody_knows": 1}


if __name__ == "__main__":
    if sys.argv[1:] == ["topics"]:
        print("\n".join(sorted({topic for _, topic in record_types().values()})))
    elif sys.argv[1:] == ["analysed"]:
        print("\n".join(sorted(type for type, (name, _) in record_types().items() if "x-analyser" in load(name))))
    else:
        sys.exit(__doc__)
