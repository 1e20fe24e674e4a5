"""OpenAI's client, as it comes."""

import openai

import world


def client_of(world):
    return openai.OpenAI(base_url=f"http://{world.addr}/v1", api_key=world.token, max_retries=0, default_headers={"host": world.llm})


MESSAGES = [{"role": "user", "content": "Who are you?"}]


def openai_chat(world, model):
    with client_of(world) as client:
        return client.chat.completions.create(model=model, messages=MESSAGES).choices[0].message.content


def openai_stream(world, model):
    with client_of(world) as client:
        chunks = client.chat.completions.create(model=model, messages=MESSAGES, stream=True)
        return "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)


def openai_completion(world, model):
    with client_of(world) as client:
        return client.completions.create(model=model, prompt="Who are you?").choices[0].text


def openai_embedding(world, model):
    with client_of(world) as client:
        return len(client.embeddings.create(model=model, input="Who are you?", encoding_format="float").data)


def openai_list(world, _):
    with client_of(world) as client:
        return [m.id for m in client.models.list()]


def openai_retrieve(world, model):
    with client_of(world) as client:
        return client.models.retrieve(model).id


def openai_query(world, model):
    """The body names a model that may be used; the query, another."""
    with client_of(world) as client:
        return client.chat.completions.create(model="allowed", messages=MESSAGES, extra_query={"model": model}).choices[0].message.content


def openai_fallbacks(world, model):
    with client_of(world) as client:
        return client.chat.completions.create(model="broken", messages=MESSAGES, extra_body={"fallbacks": [model]}).choices[0].message.content


def says(error):
    if isinstance(error, openai.APIStatusError):
        return f"{error.status_code} {error.code or str(error.body).removeprefix('model gate: ')}"
    return str(error)


if __name__ == "__main__":
    world.main(globals(), says)
