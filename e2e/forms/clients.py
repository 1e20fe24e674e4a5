"""Writes what Python's clients send: a line of JSON for each, with its name, the media type
and the body in base64. OpenAI's SDK sends what httpx makes of its fields and files."""

import base64
import io
import json

import httpx
import requests

fields = {"model": "base", "language": "en", "timestamp_granularities[]": ["word", "segment"]}
url = "http://localhost/"


def show(name, media_type, body):
    print(json.dumps([name, media_type, base64.b64encode(body).decode()]))


for filename in ["a.wav", "é \"1\";x.wav", "C:\\a\\b.wav", "模型.mp3", "a'b=c.wav", "model"]:
    files = {"file": (filename, b"RIFF\r\n--\x00", "audio/wav")}
    request = httpx.Request("POST", url, data=fields, files=files)
    show("httpx " + filename, request.headers["content-type"], request.read())
    request = requests.Request("POST", url, data=fields, files=files).prepare()
    show("requests " + filename, request.headers["content-type"], request.body)
request = httpx.Request("POST", url, data=fields, files={"file": io.BytesIO(b"RIFF")})
show("httpx, a file without a name", request.headers["content-type"], request.read())
request = httpx.Request("POST", url, files=[("file", ("a", b"x")), ("image[]", ("b", b"y")), ("model", (None, "base"))])
show("httpx, the model as one of the files", request.headers["content-type"], request.read())
request = requests.Request("POST", url, files={"model": (None, "base"), "file": b"RIFF"}).prepare()
show("requests, the model as one of the files", request.headers["content-type"], request.body)
