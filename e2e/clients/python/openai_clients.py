"""OpenAI's client, as it comes."""

import functools
import io

import openai

import world

MESSAGES = [{"role": "user", "content": "Who are you?"}]


def asks(function):
    """Gives a function the client in the place of the world."""
    @functools.wraps(function)
    def call(world, model):
        with openai.OpenAI(base_url=world.url + "/v1", api_key=world.token, max_retries=0) as client:
            return function(client, model)
    return call


def sound():
    file = io.BytesIO(b"RIFF\r\n--not a boundary\r\n" + bytes(range(256)) * 64)
    file.name = "who.wav"
    return file


@asks
def openai_chat(client, model):
    return client.chat.completions.create(model=model, messages=MESSAGES).choices[0].message.content


@asks
def openai_stream(client, model):
    chunks = client.chat.completions.create(model=model, messages=MESSAGES, stream=True)
    return "".join(c.choices[0].delta.content or "" for c in chunks)


@asks
def openai_completion(client, model):
    return client.completions.create(model=model, prompt="Who are you?").choices[0].text


@asks
def openai_response(client, model):
    return client.responses.create(model=model, input="Who are you?").output_text


@asks
def openai_embedding(client, model):
    return len(client.embeddings.create(model=model, input="Who are you?", encoding_format="float").data)


@asks
def openai_moderation(client, model):
    return client.moderations.create(model=model, input="Who are you?").results[0].flagged


@asks
def openai_speech(client, model):
    return client.audio.speech.create(model=model, input="Who are you?", voice="alloy").read().decode()


@asks
def openai_transcription(client, model):
    return client.audio.transcriptions.create(model=model, file=sound(), timestamp_granularities=["word"]).text


@asks
def openai_translation(client, model):
    return client.audio.translations.create(model=model, file=sound()).text


@asks
def openai_image(client, model):
    return client.images.generate(model=model, prompt="yourself").data[0].url


@asks
def openai_image_edit(client, model):
    return client.images.edit(model=model, prompt="yourself", image=[sound(), sound()]).data[0].url


@asks
def openai_models(client, _):
    return [m.id for m in client.models.list()]


@asks
def openai_model(client, model):
    return client.models.retrieve(model).id


@asks
def openai_batch(client, model):
    return client.batches.create(input_file_id=model, endpoint="/v1/chat/completions", completion_window="24h").id


@asks
def openai_file(client, _):
    return client.files.create(file=sound(), purpose="batch").id


if __name__ == "__main__":
    world.main(globals(), lambda error: getattr(error, "status_code", None))
