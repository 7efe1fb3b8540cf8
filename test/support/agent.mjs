// One process per namespace of the lab: answers on the addresses it is given, and sends probes.
// Commands are lines of JSON on stdin, answers are lines of JSON on stdout. Ends with its stdin.
import { createSocket } from 'node:dgram'
import { existsSync, writeFileSync } from 'node:fs'
import { connect, createServer, isIPv6 } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

const commands = { settings, listen, probe, hold, fared, release, pour, stop, get }
/** Long-lived connections and running streams by name. */
const held = new Map()
const streams = new Map()
/** Linux's default ip_local_port_range, and how many of it were used. */
const EPHEMERAL = { first: 32_768, count: 28_232 }
let portsUsed = 0

for await (const line of createInterface({ input: process.stdin })) {
  const { id, command, ...parameters } = JSON.parse(line)
  commands[command](parameters).then(
    (result) => say({ id, result }),
    (error) => say({ id, error: String(error?.stack ?? error) }),
  )
}
process.exit(0)

function say(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}

async function settings({ values }) {
  for (const [path, value] of Object.entries(values)) {
    // Some settings belong to newer kernels (6.13), some to a module that may not be loaded.
    if (existsSync(`/proc/sys/net/${path}`)) writeFileSync(`/proc/sys/net/${path}`, value)
  }
}

/** Connections on which nothing comes for `idle` milliseconds are reset, if that is given. */
async function listen({ answerers, ports, idle }) {
  const waiting = []
  for (const { name, addresses } of answerers) {
    for (const address of addresses) {
      for (const port of ports) {
        waiting.push(listenTcp(name, address, port, idle), listenUdp(name, address, port))
      }
    }
  }
  await Promise.all(waiting)
}

function listenTcp(name, host, port, idle) {
  const server = createServer((socket) => {
    if (idle !== undefined) socket.setTimeout(idle, () => socket.resetAndDestroy())
    socket.on('error', () => {})
    socket.write(answer(name, socket.remoteAddress))
    // Whatever comes is sent back: long-lived connections count on it.
    socket.pipe(socket)
  })
  return new Promise((resolve, reject) => {
    server.on('error', reject).listen({ host, port, backlog: 4096 }, resolve)
  })
}

function listenUdp(name, address, port) {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
  socket.on('message', (_, peer) => {
    socket.send(answer(name, peer.address), peer.port, peer.address, () => {})
  })
  return new Promise((resolve, reject) => {
    socket.on('error', reject).bind(port, address, resolve)
  })
}

function answer(pod, peer) {
  return `${JSON.stringify({ pod, peer })}\n`
}

async function probe({ target, connections, concurrency }) {
  const results = []
  let left = connections
  const worker = async () => {
    while (left-- > 0) results.push(await once(target))
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  return results
}

/** The status with which a server answers, or nothing where none does. */
async function get({ url, timeout }) {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(timeout) })).status
  } catch {
    return null
  }
}

function once(target) {
  return target.protocol === 'udp' ? onceUdp(target) : onceTcp(target)
}

function onceTcp({ host, port, bind, timeout }) {
  return new Promise((resolve) => {
    const socket = connect({ host, port, ...(bind && { localAddress: bind }) })
    let text = ''
    const done = (result) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(result)
    }
    const timer = setTimeout(() => done({ kind: 'dropped' }), timeout)
    socket.setEncoding('utf8')
    socket.on('data', (chunk) => {
      text += chunk
      if (text.includes('\n')) done({ kind: 'answered', ...JSON.parse(text) })
    })
    socket.on('error', (error) => done(failure(error)))
    socket.on('end', () => done({ kind: 'failed', error: 'closed without an answer' }))
  })
}

function onceUdp(target) {
  const { host, port, bind, timeout } = target
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
    const done = (result) => {
      clearTimeout(timer)
      socket.removeAllListeners().on('error', () => {})
      socket.close()
      resolve(result)
    }
    const timer = setTimeout(() => done({ kind: 'dropped' }), timeout)
    socket.on('message', (message) => done({ kind: 'answered', ...JSON.parse(message) }))
    socket.on('error', (error) => {
      if (error.syscall === 'bind' && error.code === 'EADDRINUSE') done(onceUdp(target))
      else done(failure(error))
    })
    socket.bind(freshPort(), bind, () => {
      // Only a connected socket hears that its port is unreachable.
      socket.connect(port, host, (error) => {
        if (error) return done(failure(error))
        socket.send('who?\n', (sendError) => sendError && done(failure(sendError)))
      })
    })
  })
}

/**
 * A port that was not used for long. The kernel draws one by lot, and a datagram from a port of a
 * moment ago goes where conntrack leads that former flow, whatever the rules say by now.
 */
function freshPort() {
  return EPHEMERAL.first + (portsUsed++ % EPHEMERAL.count)
}

function failure(error) {
  if (error.code === 'ECONNREFUSED') return { kind: 'refused' }
  return { kind: 'failed', error: error.code ?? String(error) }
}

/** Opens a connection that says a line, waits for it to come back, and so on until released. */
function hold({ name, target: { host, port, bind, timeout } }) {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, ...(bind && { localAddress: bind }) })
    const state = { socket, exchanges: 0, failure: undefined, released: false }
    const lines = createInterface({ input: socket })
    let patience
    const fail = (reason) => {
      if (state.released || state.failure !== undefined) return
      state.failure = reason
      clearTimeout(patience)
      reject(new Error(`${host} port ${port}: ${reason}`))
    }
    const speak = () => {
      patience = setTimeout(() => fail('no answer'), timeout)
      socket.write(`${state.exchanges}\n`)
    }
    socket.on('error', (error) => fail(error.code ?? String(error)))
    socket.on('close', () => fail('closed'))
    patience = setTimeout(() => fail('no answer'), timeout)
    lines.once('line', (greeting) => {
      held.set(name, state)
      resolve(JSON.parse(greeting))
      clearTimeout(patience)
      speak()
      lines.on('line', (line) => {
        clearTimeout(patience)
        if (line !== String(state.exchanges)) fail(`expected ${state.exchanges}, got ${line}`)
        state.exchanges++
        // A hundred that speak without a pause would keep the machine from all else.
        if (!state.released) setTimeout(speak, 25)
      })
    })
    lines.on('error', () => {})
  })
}

async function fared({ name }) {
  const { failure } = held.get(name)
  return failure === undefined ? {} : { failure }
}

async function release({ name }) {
  const state = held.get(name)
  held.delete(name)
  state.released = true
  state.socket.destroy()
  return { exchanges: state.exchanges, ...(state.failure && { failure: state.failure }) }
}

/** Opens one connection after another until stopped, and counts what became of them. */
async function pour({ name, target, concurrency, pause }) {
  const stream = { running: true, counts: {}, first: undefined }
  const heard = new Promise((resolve) => {
    stream.first = resolve
  })
  const worker = async () => {
    while (stream.running) {
      const result = await once(target)
      const key = result.kind === 'answered' ? result.pod : (result.error ?? result.kind)
      stream.counts[key] = (stream.counts[key] ?? 0) + 1
      stream.first()
      // Full speed would use up the ports of one address within a minute.
      await sleep(pause)
    }
  }
  stream.workers = Promise.all(Array.from({ length: concurrency }, worker))
  streams.set(name, stream)
  await heard
}

async function stop({ name }) {
  const stream = streams.get(name)
  streams.delete(name)
  stream.running = false
  await stream.workers
  return stream.counts
}
