"""Anthropic's client, as it comes."""

import functools

import anthropic

import world

MESSAGES = [{"role": "user", "content": "Who are you?"}]


def asks(function):
    """Gives a function the client in the place of the world."""
    @functools.wraps(function)
    def call(world, model):
        with anthropic.Anthropic(base_url=world.url, api_key=world.token, max_retries=0) as client:
            return function(client, model)
    return call


@asks
def anthropic_message(client, model):
    return client.messages.create(model=model, max_tokens=9, messages=MESSAGES).content[0].text


@asks
def anthropic_beta(client, model):
    return client.beta.messages.create(model=model, max_tokens=9, messages=MESSAGES).content[0].text


@asks
def anthropic_stream(client, model):
    with client.messages.stream(model=model, max_tokens=9, messages=MESSAGES) as stream:
        return "".join(stream.text_stream)


@asks
def anthropic_count(client, model):
    return client.messages.count_tokens(model=model, messages=MESSAGES).input_tokens


@asks
def anthropic_models(client, _):
    return [m.id for m in client.models.list(limit=20)]


@asks
def anthropic_model(client, model):
    return client.models.retrieve(model).id


@asks
def anthropic_batch(client, model):
    params = {"model": model, "max_tokens": 9, "messages": MESSAGES}
    return client.messages.batches.create(requests=[{"custom_id": "a", "params": params}]).id


if __name__ == "__main__":
    world.main(globals(), lambda error: getattr(error, "status_code", None))
