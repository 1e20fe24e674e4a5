"""Says what Python's readers of forms find for "model".

Forms come on standard input: the media type and the body, each after four bytes of length,
big endian. For each there is a line of JSON: a list with, for each reader, null if it
refuses the form, or the list of what it has for "model": a string, or false for a file.
"""

import asyncio
import email
import io
import json
import logging
import struct
import sys

import multipart
from starlette.requests import Request
from werkzeug.formparser import parse_form_data


loop = asyncio.new_event_loop()


def starlette(media_type, body):
    return loop.run_until_complete(starlette_form(media_type, body))


async def starlette_form(media_type, body):
    half = len(body) // 2
    chunks = [body[:half], body[half:]]

    async def receive():
        return {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)}

    request = Request({"type": "http", "headers": [(b"content-type", media_type)]}, receive)
    async with request.form() as form:
        return [v if isinstance(v, str) else False for v in form.getlist("model")]


def environ(media_type, body):
    return {
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": media_type.decode("latin-1"),
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }


def werkzeug(media_type, body):
    _, form, files = parse_form_data(environ(media_type, body), silent=False)
    return form.getlist("model") + [False] * len(files.getlist("model"))


def bottle(media_type, body):
    form, files = multipart.parse_form_data(environ(media_type, body))
    return form.getall("model") + [False] * len(files.getall("model"))


def stdlib(media_type, body):
    message = email.message_from_bytes(b"Content-Type: " + media_type + b"\r\n\r\n" + body)
    if not message.is_multipart():
        raise ValueError("no parts")
    found = []
    for part in message.get_payload():
        if part.get_param("name", header="content-disposition") == "model":
            value = part.get_payload(decode=True)
            found.append(False if part.get_filename() is not None else value.decode("latin-1"))
    return found


def answer(reader, media_type, body):
    try:
        return reader(media_type, body)
    except Exception:  # each has errors of its own, and some raise what comes
        return None


def main():
    logging.disable(logging.CRITICAL)
    readers = [starlette, werkzeug, bottle, stdlib]
    read = sys.stdin.buffer.read
    while header := read(4):
        media_type = read(struct.unpack(">I", header)[0])
        body = read(struct.unpack(">I", read(4))[0])
        print(json.dumps([answer(r, media_type, body) for r in readers]))


main()
