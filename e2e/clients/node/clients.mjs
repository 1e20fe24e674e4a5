// The clients of OpenAI, Anthropic and Ollama for Node, as they come. The argument is the
// directory that has them; standard input and output are those of python/world.py.
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";

const require = createRequire(`${process.argv[2]}/`);
const { default: Anthropic } = require("@anthropic-ai/sdk");
const { Ollama } = require("ollama");
const { default: OpenAI, toFile } = require("openai");

const { addr, token, calls } = JSON.parse(await text(process.stdin));
const url = `http://${addr}`;
const messages = [{ role: "user", content: "Who are you?" }];
const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: token, maxRetries: 0 });
const anthropic = new Anthropic({ baseURL: url, apiKey: token, maxRetries: 0 });
const ollama = new Ollama({ host: url, headers: { authorization: `Bearer ${token}` } });
const sound = () => toFile(Buffer.alloc(65536, "RIFF\r\n--"), "who.wav");

const functions = {
  node_openai_chat: async (model) => (await openai.chat.completions.create({ model, messages })).choices[0].message.content,
  node_openai_stream: async (model) => {
    let said = "";
    for await (const part of await openai.chat.completions.create({ model, messages, stream: true })) said += part.choices[0].delta.content ?? "";
    return said;
  },
  node_openai_transcription: async (model) => (await openai.audio.transcriptions.create({ model, file: await sound() })).text,
  node_openai_image_edit: async (model) => (await openai.images.edit({ model, prompt: "yourself", image: await sound() })).data[0].url,
  node_openai_models: async () => (await openai.models.list()).data.map((m) => m.id),
  node_anthropic_message: async (model) => (await anthropic.messages.create({ model, max_tokens: 9, messages })).content[0].text,
  node_anthropic_beta: async (model) => (await anthropic.beta.messages.create({ model, max_tokens: 9, messages })).content[0].text,
  node_anthropic_count: async (model) => (await anthropic.messages.countTokens({ model, messages })).input_tokens,
  node_anthropic_models: async () => (await anthropic.models.list()).data.map((m) => m.id),
  node_ollama_chat: async (model) => (await ollama.chat({ model, messages })).message.content,
  node_ollama_list: async () => (await ollama.list()).models.map((m) => m.name),
};

for (const { call, model } of calls) {
  try {
    console.log(JSON.stringify({ answer: JSON.stringify(await functions[call](model)) }));
  } catch (error) {
    const status = error.status ?? error.status_code;
    console.log(JSON.stringify({ error: "node." + error.constructor.name, says: `${status} ${error.error?.error ? JSON.stringify(error.error) : error.message}` }));
  }
}
