"""Ollama's client, as it comes, with the header that it documents for proxies."""

import functools

import ollama

import world

MESSAGES = [{"role": "user", "content": "Who are you?"}]


def asks(function):
    """Gives a function the client in the place of the world."""
    @functools.wraps(function)
    def call(world, model):
        return function(ollama.Client(host=world.url, headers={"authorization": "Bearer " + world.token}), model)
    return call


@asks
def ollama_chat(client, model):
    return client.chat(model=model, messages=MESSAGES).message.content


@asks
def ollama_stream(client, model):
    return "".join(part.message.content for part in client.chat(model=model, messages=MESSAGES, stream=True))


@asks
def ollama_generate(client, model):
    return client.generate(model=model, prompt="Who are you?").response


@asks
def ollama_embed(client, model):
    return len(client.embed(model=model, input="Who are you?").embeddings)


@asks
def ollama_show(client, model):
    return client.show(model).details.family


@asks
def ollama_list(client, _):
    return [m.model for m in client.list().models]


@asks
def ollama_ps(client, _):
    return [m.model for m in client.ps().models]


@asks
def ollama_pull(client, model):
    return client.pull(model).status


@asks
def ollama_create(client, model):
    return client.create(model="mine", from_=model).status


@asks
def ollama_copy(client, model):
    return client.copy(model, "mine").status


@asks
def ollama_delete(client, model):
    return client.delete(model).status


if __name__ == "__main__":
    world.main(globals(), lambda error: getattr(error, "status_code", None))
