"""OpenAI's and Anthropic's clients, as they come, for vLLM. Standard input is one JSON object:
where the gate is, the host of the server, a token, and "calls". Each line of standard output
is what one of them came to: the answer, or the client's own error with what it says."""

import json
import sys

import anthropic
import openai

MESSAGES = [{"role": "user", "content": "which model are you"}]


class World:
    def __init__(self, addr, host, token):
        more = {"max_retries": 0, "default_headers": {"host": host}}
        self.openai = openai.OpenAI(base_url=f"http://{addr}/v1", api_key=token, **more)
        self.anthropic = anthropic.Anthropic(base_url=f"http://{addr}", api_key=None, auth_token=token, **more)


def chat(world, model):
    return world.openai.chat.completions.create(model=model, max_tokens=3, messages=MESSAGES).model


def chat_stream(world, model):
    return {part.model for part in world.openai.chat.completions.create(model=model, max_tokens=3, messages=MESSAGES, stream=True)}.pop()


def completion(world, model):
    return world.openai.completions.create(model=model, max_tokens=3, prompt="which").model


def response(world, model):
    return world.openai.responses.create(model=model, max_output_tokens=16, input="which", store=False).model


def models(world, _):
    return [m.id for m in world.openai.models.list()]


def message(world, model):
    return world.anthropic.messages.create(model=model, max_tokens=3, messages=MESSAGES).model


def message_stream(world, model):
    with world.anthropic.messages.stream(model=model, max_tokens=3, messages=MESSAGES) as stream:
        return stream.get_final_message().model


def count_tokens(world, model):
    return world.anthropic.messages.count_tokens(model=model, messages=MESSAGES).input_tokens > 0


def main():
    question = json.load(sys.stdin)
    calls = question.pop("calls")
    world = World(**question)
    for call in calls:
        try:
            got = "answer " + json.dumps(globals()[call["call"]](world, call["model"]))
        except (openai.APIStatusError, anthropic.APIStatusError) as error:
            got = f"{type(error).__name__} {error.status_code} {error}"
        print(json.dumps({"got": got}), flush=True)


main()
