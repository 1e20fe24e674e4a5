// Writes what Node's clients send: see clients.py, whose lines it has.
import { createRequire } from 'node:module'

const require = createRequire(process.argv[2] + '/package.json')
const FormDataOfNpm = require('form-data')

const show = (name, type, body) => console.log(JSON.stringify([name, type, Buffer.from(body).toString('base64')]))

for (const filename of ['a.wav', 'é "1";x.wav', 'C:\\a\\b.wav', '模型.mp3', 'model']) {
  const form = new FormData()
  form.append('model', 'base')
  form.append('timestamp_granularities[]', 'word')
  form.append('file', new Blob(['RIFF\r\n--\0'], { type: 'audio/wav' }), filename)
  const response = new Response(form)
  show('fetch ' + filename, response.headers.get('content-type'), await response.arrayBuffer())

  const npm = new FormDataOfNpm()
  npm.append('model', 'base')
  npm.append('file', Buffer.from('RIFF\r\n--\0'), { filename, contentType: 'audio/wav' })
  show('form-data ' + filename, npm.getHeaders()['content-type'], npm.getBuffer())
}
