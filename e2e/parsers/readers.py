"""Says what Python's JSON readers select from documents.

Documents come on standard input: four bytes of length, big endian, and the
document. For each, and for each reader, the answer is what it selects for
"model" and for "parameters" / "model": a letter and, for a string, four bytes of
length and UTF-8.

    R  the reader refuses the document (once, for both)
    A  absent, and so is what would be inside of a value that is no object
    O  something else than a string, or a string that is no Unicode
    S  a string
"""

import json
import struct
import sys

import orjson


def answer(document, path):
    for name in path:
        if not isinstance(document, dict) or name not in document:
            return b"A"
        document = document[name]
    try:
        text = document.encode()
    except (AttributeError, UnicodeEncodeError):
        return b"O"
    return b"S" + struct.pack(">I", len(text)) + text


def answers(loads, document):
    try:
        document = loads(document)
    except (ValueError, RecursionError):
        return b"R"
    return answer(document, ("model",)) + answer(document, ("parameters", "model"))


read, write = sys.stdin.buffer.read, sys.stdout.buffer.write
while header := read(4):
    body = read(struct.unpack(">I", header)[0])
    write(answers(json.loads, body) + answers(orjson.loads, body))
