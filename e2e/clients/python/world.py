"""What the programs share. Standard input is one JSON object: the gate's address, the
caller's token, and "calls". Each line of standard output is what one of them came to: the
answer, or the class of the library's own error with what it says."""

import json
import logging
import sys


class World:
    def __init__(self, addr, token):
        self.url, self.token = f"http://{addr}", token


def main(functions, status):
    """Runs the calls. status returns the status of a library's error, or None."""
    question = json.load(sys.stdin)
    logging.disable(logging.CRITICAL)
    world = World(question["addr"], question["token"])
    for call in question["calls"]:
        try:
            line = {"answer": json.dumps(functions[call["call"]](world, call["model"]), default=str)}
        except Exception as error:
            kind = type(error).__module__.split(".")[0] + "." + type(error).__name__
            line = {"error": kind, "says": f"{status(error)} {error}"}
        print(json.dumps(line), flush=True)
