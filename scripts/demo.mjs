// npm run demo: a load balancer at work, in network namespaces that are gone afterwards.
// Everything shown is done by the real dist/nodelb.js and by real connections.
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import picocolors from 'picocolors'
import { register } from 'tsx/esm/api'

const folder = fileURLToPath(new URL('../fixtures/demo/', import.meta.url))
const address = '192.168.100.240:80'
const pooled = '192.168.100.250:80'
const connections = 30
/** What the pods see: the node's address towards them, as externalTrafficPolicy is Cluster. */
const source = '10.244.1.1'
/** One endpoint that comes or goes costs a handful of operations, whatever the rest holds. */
const few = 10
const live = process.stdout.isTTY === true
const coloured = live && !process.env.NO_COLOR
const pc = picocolors.createColors(coloured)
let steps = 0

class BrokenPromise extends Error {}

if (process.getuid?.() !== 0) {
  console.error('The demo builds network namespaces: run it as root (sudo npm run demo).')
  process.exit(1)
}
// nodelb writes into a pipe here: tell it what stands behind that.
process.env[coloured ? 'FORCE_COLOR' : 'NO_COLOR'] = '1'

register()
const { Lab } = await import('../test/support/lab.ts')
const { RunningAgent } = await import('../test/support/running-agent.ts')
const { showLan } = await import('./demo-lan.mjs')
const started = performance.now()
const lab = await Lab.build()
try {
  await show()
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  say(
    `\n  ${pc.green('✔')} everything as promised, in ${seconds} s; the namespaces are gone again\n`,
  )
} catch (error) {
  if (!(error instanceof BrokenPromise)) throw error
  console.error(`\n  ${pc.red('✘')} ${error.message}\n`)
  process.exitCode = 1
} finally {
  await lab.remove()
}

async function show() {
  say(`\n  ${pc.bold('nodelb')}: Kubernetes Services in, one flat nftables rule set in the kernel`)
  say(pc.dim('\n  client 192.0.2.2 ─── node 192.0.2.1 ─┬─ pod-a 10.244.1.10'))
  say(pc.dim('                                       ├─ pod-b 10.244.1.11'))
  say(pc.dim('                                       └─ pod-c 10.244.1.12'))

  await step('A Service of type LoadBalancer, as MetalLB or k3s leaves it; two pods are ready')
  say(`    ${pc.dim('NAME  TYPE          EXTERNAL-IP      PORT(S)        ENDPOINTS')}`)
  say('    web   LoadBalancer  192.168.100.240  80:31380/TCP   10.244.1.10:8080,10.244.1.11:8080')

  await step('What would change? Nothing is touched yet')
  await diff('1-web.yaml', 1)
  await apply('1-web.yaml')
  await connect(['pod-a', 'pod-b'])

  await step('Scale to three pods: only what changed is sent')
  await diff('2-scaled.yaml', 1)
  atMost(await apply('2-scaled.yaml'), few)
  await connect(['pod-a', 'pod-b', 'pod-c'])

  await step('Apply the same again: nothing to do')
  await diff('2-scaled.yaml', 0)
  atMost(await apply('2-scaled.yaml'), 0)

  await drain()

  await agent()

  await step('Clean up: nothing of nodelb stays behind')
  await nodelb(['cleanup'], 0)
  const { stdout } = await lab.run('nft', ['list', 'tables'])
  promise(stdout === '', `these tables stayed behind: ${stdout}`)
  say(pc.dim('    $ nft list tables\n    (none)'))

  await showLan({ say, step, promise, pc })
}

/** Takes pod-c away while a client is still talking to it. */
async function drain() {
  await step('Scale down while a client is in the middle of a conversation with pod-c')
  const conversation = await converseWith('pod-c')
  atMost(await apply('1-web.yaml'), few)
  await connect(['pod-a', 'pod-b'])
  const { exchanges, failure } = await conversation.release()
  promise(failure === undefined, `the conversation with pod-c broke off: ${failure}`)
  promise(exchanges > 0, 'the conversation with pod-c stood still')
  say(`    the old conversation with pod-c went on: ${exchanges} questions, ${exchanges} answers`)
}

/** Lets the agent follow a Service that nobody gave an address yet. */
async function agent() {
  await step('A machine without an API server: the agent gives the address, from a pool')
  const place = mkdtempSync(join(tmpdir(), 'nodelb-demo-'))
  try {
    for (const file of ['3-pool.yaml', 'node.yaml']) copyFileSync(fixture(file), join(place, file))
    say(`    ${pc.dim('NAME  TYPE          EXTERNAL-IP  PORT(S)')}`)
    say('    api   LoadBalancer  <pending>    80/TCP')
    say('    pool  192.168.100.250-192.168.100.254')
    await follow(place, [])
    say(pc.dim('    an older Service comes, and the agent is started again'))
    copyFileSync(fixture('4-older.yaml'), join(place, '4-older.yaml'))
    await follow(place, ['default/api'])
  } finally {
    rmSync(place, { recursive: true })
  }
}

/** Runs the agent until the address leads to pods, and ends it. These Services keep theirs. */
async function follow(place, kept) {
  const socket = join(place, 'status.sock')
  const args = ['run', '-f', place, '--node', 'node-a', '--state', join(place, 'state')]
  say(`    ${pc.dim('$')} ${pc.cyan(`nodelb ${args.join(' ').replaceAll(place, '/srv/web')} &`)}`)
  const running = RunningAgent.start(
    ['ip', 'netns', 'exec', lab.namespace('node')],
    [...args.slice(1), '--status-socket', socket],
  )
  try {
    const given = await running.next('addresses-changed')
    await running.next('agent-ready')
    say(`    ${given.service} gets ${given.addresses}: ${given.reason}`)
    promise(!kept.includes(given.service), `${given.service} did not keep its address`)
    await connect(['pod-a', 'pod-b'], pooled)
  } finally {
    await running.end('SIGTERM')
  }
}

function fixture(file) {
  return `${folder}${file}`
}

async function converseWith(pod) {
  for (let attempt = 0; attempt < 100; attempt++) {
    const conversation = await lab.hold({ from: 'client', to: address })
    if (conversation.pod === pod) return conversation
    await conversation.release()
  }
  throw new BrokenPromise(`${pod} answered none of 100 connections`)
}

async function diff(input, exitCode) {
  return nodelb(['diff', ...inputs(input)], exitCode)
}

/** Applies and tells how many operations that took. */
async function apply(input) {
  const output = await nodelb(['apply', ...inputs(input)], 0)
  const operations = /(\d+) operations?/.exec(output)
  promise(operations !== null, 'apply did not say how many operations it took')
  return Number(operations[1])
}

function inputs(input) {
  return ['-f', `${folder}${input}`, '-f', `${folder}node.yaml`, '--node', 'node-a']
}

async function nodelb(args, exitCode) {
  const command = `nodelb ${args.join(' ').replaceAll(folder, 'fixtures/demo/')}`
  say(`    ${pc.dim('$')} ${pc.cyan(command)}`)
  const result = await lab.nodelb(args)
  print(`${result.stdout}\n${result.stderr}`)
  promise(
    result.exitCode === exitCode && result.stderr === '',
    `${command} ended with ${result.exitCode}`,
  )
  await sleep(live ? 600 : 0)
  return result.stdout
}

/** The first screenful: the rule set's frame is the same for every cluster. */
function print(output, limit = 24) {
  const lines = output.split('\n').filter((line) => line.trim() !== '')
  for (const line of lines.slice(0, limit)) say(`    ${shorten(line)}`)
  const rest = lines.length - limit
  if (rest > 0) say(pc.dim(`    … and ${rest} more lines: the frame that every Service shares`))
}

function shorten(line) {
  const columns = process.stdout.columns ?? 0
  if (!live || columns === 0) return line
  // Colours go before the cut: half an escape sequence would colour all the rest.
  const plain = stripVTControlCharacters(line)
  return plain.length < columns - 4 ? line : `${plain.slice(0, columns - 6)}…`
}

/** Opens connections one by one and draws who answered. */
async function connect(pods, to = address) {
  say(`    ${pc.dim('$')} ${pc.cyan(`${connections} connections from 192.0.2.2 to ${to}`)}`)
  const counts = new Map(pods.map((pod) => [pod, 0]))
  const sources = new Map(pods.map((pod) => [pod, new Set()]))
  if (live) draw(counts, sources)
  for (let made = 0; made < connections; made++) {
    const [result] = await lab.probe({ from: 'client', to, count: 1, timeout: 5_000 })
    promise(result.kind === 'answered', `connection ${made + 1}: ${result.error ?? result.kind}`)
    promise(counts.has(result.pod), `${result.pod} answered, which is not among ${pods}`)
    counts.set(result.pod, counts.get(result.pod) + 1)
    sources.get(result.pod).add(result.peer)
    if (live) {
      process.stdout.write(`\u001b[${counts.size}A\u001b[J`)
      draw(counts, sources)
      await sleep(30)
    }
  }
  if (!live) draw(counts, sources)
  for (const [pod, count] of counts) {
    promise(count > 0, `${pod} answered none of ${connections} connections`)
    const seen = [...sources.get(pod)].join()
    promise(seen === source, `${pod} saw ${seen} instead of ${source}`)
  }
}

function draw(counts, sources) {
  for (const [pod, count] of counts) {
    const bar = pc.green('█'.repeat(count)) + pc.dim('·'.repeat(connections - count))
    const seen = [...sources.get(pod)].join()
    const saw = seen === '' ? '' : pc.dim(`saw ${seen}`)
    say(`    ${pod} ${bar} ${String(count).padStart(2)}  ${saw}`)
  }
}

function atMost(operations, limit) {
  promise(operations <= limit, `${operations} operations where at most ${limit} were promised`)
}

function promise(kept, otherwise) {
  if (!kept) throw new BrokenPromise(otherwise)
}

async function step(title) {
  steps++
  await sleep(live ? 900 : 0)
  say(`\n  ${pc.bold(pc.yellow(String(steps)))}  ${pc.bold(title)}`)
}

function say(line) {
  console.log(line)
}
