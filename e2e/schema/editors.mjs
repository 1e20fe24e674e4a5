// Has the language servers of editors read configurations, and prints as JSON where they mark each.
// node editors.mjs DIRECTORY-WITH-NODE_MODULES SCHEMA DOCUMENTS FILE...
// DOCUMENTS is a JSON file: "texts" are documents in JSON, which are YAML, too; "ask" has a document in JSON and
// one in YAML, each with a place to point at, and one to write at. Each FILE is in YAML, and says itself which
// schema it has.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [dir, schemaFile, documentsFile, ...files] = process.argv.slice(2);
const require = createRequire(`${dir}/`);
const { getLanguageService, TextDocument } = require('vscode-json-languageservice');
const { findNodeAtOffset, getNodePath, parseTree } = require('jsonc-parser');
const rpc = require('vscode-jsonrpc/node');

// pointer is where a range of a document is, as a JSON Pointer: the smallest value that has it, or
// the field whose name has it.
function pointer(text, from, to) {
  let node = findNodeAtOffset(parseTree(text), from, true);
  while (node.parent && node.offset + node.length < to) node = node.parent;
  if (node.type === 'property') node = node.children[0];
  return getNodePath(node).map(name => '/' + String(name).replace(/~/g, '~0').replace(/\//g, '~1')).join('');
}

// marks says of each mark of an editor where it is, and what the editor says.
const marks = (document, text, diagnostics) => diagnostics.map(d => {
  const [from, to] = [d.range.start, d.range.end].map(place => document.offsetAt(place) - (document.getText().length - text.length));
  return { at: pointer(text, from, to), says: d.message };
});

// What an editor shows at the place that is pointed at, and offers at the place that is written at.
const help = (hover, completion) => ({
  shows: JSON.stringify(hover?.contents ?? ''),
  offers: (completion?.items ?? completion ?? []).map(item => item.label),
});

// Visual Studio Code, for JSON.
const service = getLanguageService({ schemaRequestService: async uri => readFileSync(new URL(uri), 'utf8') });
service.configure({ schemas: [{ uri: pathToFileURL(schemaFile).href, fileMatch: ['*.json'] }] });

async function askJSON({ text, point, write }) {
  const document = TextDocument.create('file:///asked.json', 'json', 1, text);
  const parsed = service.parseJSONDocument(document);
  return help(await service.doHover(document, document.positionAt(point), parsed),
    await service.doComplete(document, document.positionAt(write), parsed));
}

async function json(texts) {
  const all = [];
  for (const text of texts) {
    const document = TextDocument.create('file:///config.json', 'json', 1, text);
    all.push(marks(document, text, await service.doValidation(document, service.parseJSONDocument(document))));
  }
  return all;
}

// yaml-language-server as Neovim, Emacs and Visual Studio Code run it. startYAML returns a function that opens
// a document, and gives its diagnostics.
async function startYAML() {
  const server = spawn(process.execPath, [require.resolve('yaml-language-server/bin/yaml-language-server'), '--stdio'],
    { stdio: ['pipe', 'pipe', 'inherit'] });
  const connection = rpc.createMessageConnection(new rpc.StreamMessageReader(server.stdout), new rpc.StreamMessageWriter(server.stdin));
  const waiting = new Map();
  connection.onNotification('textDocument/publishDiagnostics', p => waiting.get(p.uri)?.(p.diagnostics));
  connection.onRequest('workspace/configuration', p => p.items.map(() => null));
  connection.onRequest('client/registerCapability', () => null);
  connection.listen();
  await connection.sendRequest('initialize', { processId: process.pid, rootUri: null, capabilities: {} });
  await connection.sendNotification('initialized', {});
  const open = (uri, text) => new Promise(resolve => {
    waiting.set(uri, resolve);
    connection.sendNotification('textDocument/didOpen', { textDocument: { uri, languageId: 'yaml', version: 1, text } });
  });
  const ask = (what, uri, position) => connection.sendRequest(`textDocument/${what}`, { textDocument: { uri }, position });
  return { open, ask, stop() { connection.dispose(); server.kill(); } };
}

async function askYAML(server, { text, point, write }) {
  const uri = 'file:///asked.yaml', head = `# yaml-language-server: $schema=${schemaFile}\n`;
  const document = TextDocument.create(uri, 'yaml', 1, head + text);
  await server.open(uri, head + text);
  return help(await server.ask('hover', uri, document.positionAt(head.length + point)),
    await server.ask('completion', uri, document.positionAt(head.length + write)));
}

// yaml has the documents read by the line that names their schema.
const yaml = (server, texts) => Promise.all(texts.map(async (text, i) => {
  const uri = `file:///config-${i}.yaml`;
  const whole = `# yaml-language-server: $schema=${schemaFile}\n${text}`;
  return marks(TextDocument.create(uri, 'yaml', 1, whole), text, await server.open(uri, whole));
}));

// inFiles says of each mark in a file where it is, as LINE:COLUMN, and what the editor says.
const inFiles = server => Promise.all(files.map(async file => {
  const diagnostics = await server.open(pathToFileURL(file).href, readFileSync(file, 'utf8'));
  return diagnostics.map(d => ({ at: `${d.range.start.line + 1}:${d.range.start.character + 1}`, says: d.message }));
}));

const { texts, ask } = JSON.parse(readFileSync(documentsFile, 'utf8'));
const server = await startYAML();
console.log(JSON.stringify({
  json: await json(texts), yaml: await yaml(server, texts), files: await inFiles(server),
  help: ask ? { json: await askJSON(ask.json), yaml: await askYAML(server, ask.yaml) } : null,
}));
server.stop();
