"""What the clients' programs share. Each asks through a gate as users do, with one
library's own classes.

Standard input is one JSON object: where things are, and "calls". Each line of
standard output is what one of them came to: the answer, or the class of the
client's own error with what it says.
"""

import asyncio
import json
import logging
import sys

FLOWER = [[6.8, 2.8, 4.8, 1.4]]


class World:
    """Where the gate is, and who calls."""

    def __init__(self, addr, host, llm, token):
        self.addr, self.host, self.llm, self.token = addr, host, llm, token
        self.bearer = {"authorization": "Bearer " + token}

    def headers(self):
        return {**self.bearer, "host": self.host}

    def channel(self):
        """Options of a gRPC channel: the name that the service is known by."""
        return [("grpc.default_authority", self.host), ("grpc.enable_retries", 0)]


def main(functions, says):
    """Runs the calls. says puts what an error of the library's says into words."""
    question = json.load(sys.stdin)
    logging.disable(logging.CRITICAL)
    for call in question.pop("calls"):
        try:
            result = functions[call["call"]](World(**question), call["model"])
            if asyncio.iscoroutine(result):
                result = asyncio.run(result)
            line = {"answer": json.dumps(result, default=str)}
        except Exception as error:
            kind = type(error).__module__.split(".")[0] + "." + type(error).__name__
            line = {"error": kind, "says": says(error)}
        print(json.dumps(line), flush=True)
