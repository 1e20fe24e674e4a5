"""LangChain's chat models and embeddings, as they come."""

from langchain_anthropic import ChatAnthropic
from langchain_ollama import ChatOllama, OllamaEmbeddings
from langchain_openai import ChatOpenAI, OpenAIEmbeddings

import world


def openai(world, model, **more):
    return ChatOpenAI(base_url=world.url + "/v1", api_key=world.token, model=model, max_retries=0, **more)


def langchain_openai(world, model):
    return openai(world, model).invoke("Who are you?").content


def langchain_openai_stream(world, model):
    return "".join(part.content for part in openai(world, model).stream("Who are you?"))


def langchain_openai_responses(world, model):
    return openai(world, model, use_responses_api=True).invoke("Who are you?").text


def langchain_openai_embedding(world, model):
    embeddings = OpenAIEmbeddings(base_url=world.url + "/v1", api_key=world.token, model=model, max_retries=0, check_embedding_ctx_length=False)
    return embeddings.embed_query("Who are you?")


def langchain_anthropic(world, model):
    return ChatAnthropic(base_url=world.url, api_key=world.token, model=model, max_retries=0).invoke("Who are you?").content


def ollama_options(world):
    return {"base_url": world.url, "client_kwargs": {"headers": {"authorization": "Bearer " + world.token}}}


def langchain_ollama(world, model):
    return ChatOllama(model=model, **ollama_options(world)).invoke("Who are you?").content


def langchain_ollama_embedding(world, model):
    return OllamaEmbeddings(model=model, **ollama_options(world)).embed_query("Who are you?")


if __name__ == "__main__":
    world.main(globals(), lambda error: getattr(error, "status_code", None))
