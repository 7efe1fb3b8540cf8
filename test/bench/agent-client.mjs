// The least that a client of the API server can do, for comparison: lists and watches, and parses
// nothing. Arguments: a kubeconfig written as JSON, `list` or `watch`, paths with their queries.
// `list` ends when all pages are there; `watch` prints a line for each event: milliseconds, name.
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { createInterface } from 'node:readline'
import { gunzipSync } from 'node:zlib'

const [file, verb, ...paths] = process.argv.slice(2)
const { clusters, users } = JSON.parse(readFileSync(file, 'utf8'))
const { server, 'certificate-authority-data': ca } = clusters[0].cluster
const agent = new Agent({ keepAlive: true, ca: Buffer.from(ca, 'base64') })
const headers = { authorization: `Bearer ${users[0].user.token}`, accept: 'application/json' }

function open(path, more = {}) {
  return new Promise((resolve, reject) => {
    const options = { agent, headers: { ...headers, ...more } }
    request(`${server}${path}`, options, resolve).on('error', reject).end()
  })
}

async function get(path) {
  const answer = await open(path, { 'accept-encoding': 'gzip' })
  const chunks = []
  for await (const chunk of answer) chunks.push(chunk)
  const body = Buffer.concat(chunks)
  const text = answer.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
  if (answer.statusCode !== 200) throw new Error(`${path}: ${answer.statusCode} ${text}`)
  return text.toString()
}

async function list(path) {
  let next = ''
  do {
    const text = await get(`${path}&limit=500${next}`)
    const found = /"continue":"([^"]+)"/.exec(text)?.[1]
    next = found ? `&continue=${encodeURIComponent(found)}` : undefined
  } while (next !== undefined)
}

async function watch(path) {
  const { metadata } = JSON.parse(await get(`${path}&limit=1`))
  const answer = await open(`${path}&watch=true&resourceVersion=${metadata.resourceVersion}`)
  process.stdout.write('open\n')
  for await (const line of createInterface(answer)) {
    const name = /"metadata":\{.*?"name":"([^"]+)"/.exec(line)?.[1]
    process.stdout.write(`${Date.now()} ${name}\n`)
  }
}

await Promise.all(paths.map(verb === 'list' ? list : watch))
agent.destroy()
