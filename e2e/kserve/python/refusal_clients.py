"""How each library tells its user that the gate has refused."""

import anthropic
import httpx
import ollama
import openai
import tritonclient.http
from tritonclient.utils import InferenceServerException

import world

MESSAGES = [{"role": "user", "content": "Who are you?"}]


def openai_of(world, base="/v1"):
    headers = {"host": world.llm}
    return openai.OpenAI(base_url=f"http://{world.addr}{base}", api_key=world.token, max_retries=0, default_headers=headers)


def anthropic_of(world):
    headers = {"host": world.llm}
    return anthropic.Anthropic(base_url=f"http://{world.addr}", auth_token=world.token, max_retries=0, default_headers=headers)


def openai_chat(world, model):
    with openai_of(world) as client:
        return client.chat.completions.create(model=model, messages=MESSAGES).id


def openai_stream(world, model):
    with openai_of(world) as client:
        return [c.id for c in client.chat.completions.create(model=model, messages=MESSAGES, stream=True)]


def openai_response(world, model):
    with openai_of(world) as client:
        return client.responses.create(model=model, input="Who are you?").id


def openai_embedding(world, model):
    with openai_of(world) as client:
        return client.embeddings.create(model=model, input="Who are you?").model


def openai_retrieve(world, model):
    with openai_of(world) as client:
        return client.models.retrieve(model).id


def openai_unknown(world, model):
    with openai_of(world, "/nowhere/v1") as client:
        return client.embeddings.create(model=model, input="Who are you?").model


def anthropic_message(world, model):
    with anthropic_of(world) as client:
        return client.messages.create(model=model, messages=MESSAGES, max_tokens=9).id


def anthropic_stream(world, model):
    with anthropic_of(world) as client, client.messages.stream(model=model, messages=MESSAGES, max_tokens=9) as stream:
        return stream.get_final_text()


def anthropic_anonymous(world, model):
    world.token = "none"
    return anthropic_message(world, model)


def ollama_chat(world, model):
    client = ollama.Client(host=f"http://{world.addr}", headers={"authorization": "Bearer " + world.token, "host": world.llm})
    return client.chat(model=model, messages=MESSAGES).message.content


def triton_metadata(world, model):
    with tritonclient.http.InferenceServerClient(world.addr) as client:
        return client.get_model_metadata(model, headers=world.headers())


def says(error):
    match error:
        case openai.APIStatusError():
            body = error.body if isinstance(error.body, dict) else {"message": error.body}  # of a reply that is not the gate's
            return f"{error.status_code} {error.type} {error.code} {body.get('message')}"
        case anthropic.APIStatusError():
            return f"{error.status_code} {error.body['error']['type']} {error.body['error']['message']}"
        case ollama.ResponseError():
            return f"{error.status_code} {error.error}"
        case InferenceServerException():
            return f"{error.status()} {error.message()}"
        case httpx.HTTPStatusError():
            return f"{error.response.status_code} {error.response.json()['error']}"
    return str(error)


if __name__ == "__main__":
    world.main(globals(), says)
