"""Cohere's and Google's clients, as they come."""

import cohere
from google import genai

import world


def cohere_client(world):
    return cohere.ClientV2(api_key=world.token, base_url=world.url)


def cohere_chat(world, model):
    return cohere_client(world).chat(model=model, messages=[{"role": "user", "content": "Who are you?"}]).message.content[0].text


def cohere_embed(world, model):
    answer = cohere_client(world).embed(model=model, texts=["x"], input_type="search_query", embedding_types=["float"])
    return answer.embeddings.float_


def cohere_rerank(world, model):
    return cohere_client(world).rerank(model=model, query="x", documents=["x"]).results[0].index


def gemini_client(world):
    return genai.Client(api_key=world.token, http_options={"base_url": world.url})  # it closes when it is collected


def gemini_generate(world, model):
    client = gemini_client(world)
    return client.models.generate_content(model=model, contents="Who are you?").text


def gemini_stream(world, model):
    client = gemini_client(world)
    return "".join(part.text for part in client.models.generate_content_stream(model=model, contents="Who are you?"))


def gemini_count(world, model):
    client = gemini_client(world)
    return client.models.count_tokens(model=model, contents="Who are you?").total_tokens


def gemini_embed(world, model):
    client = gemini_client(world)
    return client.models.embed_content(model=model, contents="Who are you?").embeddings[0].values


if __name__ == "__main__":
    world.main(globals(), lambda error: getattr(error, "status_code", getattr(error, "code", None)))
