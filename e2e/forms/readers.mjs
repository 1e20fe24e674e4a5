// Says what Node's readers of forms find for "model": see readers.py, whose protocol it has.
// The argument is the directory with node_modules.
import { createRequire } from 'node:module'

const require = createRequire(process.argv[2] + '/package.json')
const busboy = require('busboy')
const appendField = require('append-field')

// fields reads a form with busboy: [name, string, or false for a file].
function fields (type, body) {
  return new Promise((resolve, reject) => {
    const all = []
    const parser = busboy({ headers: { 'content-type': type } })
    parser.on('field', (name, value) => all.push([name, value]))
    parser.on('file', (name, stream) => { all.push([name, false]); stream.on('error', reject).resume() })
    parser.on('error', reject).on('close', () => resolve(all))
    const half = body.length >> 1
    parser.write(body.subarray(0, half))
    parser.end(body.subarray(half))
  })
}

async function readBusboy (type, body) {
  return (await fields(type, body)).filter(([name]) => name === 'model').map(([, value]) => value)
}

// As multer does, which makes objects and arrays of names with brackets.
async function readMulter (type, body) {
  const object = Object.create(null)
  for (const [name, value] of await fields(type, body)) {
    if (value !== false) appendField(object, name, value)
  }
  return object.model === undefined ? [] : [object.model]
}

async function readFetch (type, body) {
  const form = await new Response(body, { headers: { 'content-type': type } }).formData()
  return form.getAll('model').map(value => typeof value === 'string' ? value : false)
}

// Of some forms Node's fetch never makes anything: that is a refusal too.
async function answer (read, type, body) {
  let timer
  const late = new Promise((resolve, reject) => { timer = setTimeout(reject, 200) })
  try {
    return await Promise.race([read(type, body), late])
  } catch {
    return null
  } finally {
    clearTimeout(timer)
  }
}

let input = Buffer.alloc(0)
for await (const chunk of process.stdin) {
  input = input.length ? Buffer.concat([input, chunk]) : chunk
  for (;;) {
    if (input.length < 4) break
    const typeEnd = 4 + input.readUInt32BE(0)
    if (input.length < typeEnd + 4) break
    const end = typeEnd + 4 + input.readUInt32BE(typeEnd)
    if (input.length < end) break
    const type = input.latin1Slice(4, typeEnd)
    const body = input.subarray(typeEnd + 4, end)
    const all = []
    for (const read of [readBusboy, readMulter, readFetch]) all.push(await answer(read, type, body))
    process.stdout.write(JSON.stringify(all) + '\n')
    input = input.subarray(end)
  }
}
