"""Writes the corpora of fuzz_schema and fuzz_regex: one input for each keyword and each construct, good and bad."""

import json
from pathlib import Path

CORPORA = Path(__file__).parent / "corpora"

SCHEMAS = {
    "any": True,
    "never": False,
    "object": {"type": "object", "properties": {"a": {"type": "integer"}, "b\"é": {"type": "null"}},
               "required": ["a"]},
    "closed": {"properties": {"a": {}}, "additionalProperties": False, "minProperties": 1},
    "counted": {"type": "object", "minProperties": 1, "maxProperties": 2, "additionalProperties": {"type": "boolean"}},
    "array": {"type": "array", "prefixItems": [{"const": 1}], "items": {"type": "boolean"}, "minItems": 1,
              "maxItems": 4},
    "text": {"type": "string", "minLength": 2, "maxLength": 5},
    "pattern": {"type": "string", "pattern": "^(a|b)+c?$", "maxLength": 6},
    "formats": {"anyOf": [{"format": f} for f in ("date", "time", "date-time", "uuid", "ipv4", "email")]},
    "range": {"type": "integer", "minimum": -12, "exclusiveMaximum": 345},
    "fraction": {"type": "number", "exclusiveMinimum": -0.25, "maximum": 12.5},
    "multiple": {"type": "integer", "multipleOf": 7, "minimum": 3},
    "values": {"enum": [None, True, 1.5e3, "a\n\u2028", [1, {"k": []}], {"x": [0]}]},
    "one": {"oneOf": [{"type": "string"}, {"type": "object", "properties": {"k": {"const": 1}}, "required": ["k"]}]},
    "overlap": {"oneOf": [{"type": "integer"}, {"type": "number"}]},
    "all": {"allOf": [{"minimum": 1}, {"maximum": 3}, {"$ref": "#/$defs/i"}], "$defs": {"i": {"type": "integer"}}},
    "tree": {"$ref": "#/$defs/t", "$defs": {"t": {"type": "array", "items": {"$ref": "#/$defs/t"}}}},
    "itself": {"$ref": "#"},
    "left": {"anyOf": [{"$ref": "#"}, {"type": "null"}]},
    "endless": {"type": "array", "items": {"$ref": "#"}, "minItems": 1},
    "refused": {"not": {}},
    "pointer": {"$ref": "#/$defs/a~1b%20c", "$defs": {"a/b c": {"type": "null"}}},
}
TEXTS = {
    "empty": "", "cut": '{"type":', "deep": "[" * 200, "twice": '{"a":1,"a":2}', "surrogate": '{"const":"\\ud800"}',
    "number": '{"minimum":1e400}', "long": '{"maximum":123456789012345678}', "escape": '"\\x"',
}
EXPRESSIONS = [
    "", "abc", "a|b|", "(?:ab)*c+d?", "(?<n>x){2,4}", "[a-z0-9_-]{1,3}", "[^\\d\\s]", "\\u{1F600}|\\ud83d\\ude00",
    "^a$", "a^b", "(^|a)b($|c)", "(a*)*", "((a?){9}){9}", "(){4096}", "a{4097}", "(?=a)", "\\1", "\\b", "[z-a]", "(a",
    "a)", "*", "é[à-ü]", ".{0,20}", "\\cA\\x41\\0\\/", "[\\w-]", "x{", "[\\b\\]]",
]


def write(target: str, name: str, data: bytes) -> None:
    folder = CORPORA / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def main() -> None:
    for i, (name, schema) in enumerate(SCHEMAS.items()):
        write("fuzz_schema", name, bytes([i]) + json.dumps(schema, ensure_ascii=False).encode())
    for name, text in TEXTS.items():
        write("fuzz_schema", f"text_{name}", b"\x01" + text.encode())
    for i, text in enumerate(EXPRESSIONS):
        write("fuzz_regex", f"expression_{i:02d}", bytes([i * 4 + i % 4 & 255]) + text.encode())


if __name__ == "__main__":
    main()
