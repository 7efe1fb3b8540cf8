import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { Asker, type Epoch } from './lan-asker.ts'
import { type ConnectionReport, Connections, type Open } from './lan-connections.ts'

// The client of a LAN: asks for addresses at a fixed rate, sees every frame, and connects. It runs in
// the client's namespace; commands are lines of JSON on stdin, answers are lines of JSON on stdout.

/** What was seen since the last report. Times are milliseconds. */
export type LanReport = Readonly<Epoch> &
  ConnectionReport & {
    /** Those lost that began before another party answered for their address. */
    readonly inFlight: number
    /** Connections beside the path that is watched: what they lack is this machine's doing. */
    readonly control: ConnectionReport
  }

let asker: Asker | undefined
let connections: Connections | undefined
let control: Connections | undefined

const commands: Readonly<Record<string, (parameters: never) => unknown>> = {
  watch({ mac, index, addresses, rate, patience }: Watch) {
    asker = new Asker(mac, index, addresses, patience)
    asker.start(rate)
  },
  connect({ targets, beside, rate, patience }: Connect) {
    const open: Open = (host, done) => dial(host, patience, done)
    connections = new Connections(open, targets)
    control = new Connections(open, beside)
    connections.start(rate)
    control.start(rate)
  },
  until: ({ address, mac }: Until) => asker?.until(address, mac),
  holders: () => asker?.holders(),
  report: async () => {
    const all = [asker?.report(), connections?.report(), control?.report()] as const
    const [asked, connected, beside] = await Promise.all(all)
    const isInFlight = ({ host, at }: { readonly host: string; readonly at: number }): boolean =>
      at <= (asker?.changedAt(host) ?? 0)
    const inFlight = connected?.losses.filter(isInFlight).length ?? 0
    return { ...asked, ...connected, inFlight, control: beside }
  },
}

/** Connects, and tells the name with which the server answers. */
function dial(host: string, patience: number, done: (name?: string) => void): void {
  const socket = connect({ host, port: 80 })
  // What has arrived when the time is over is read first: this process may have been late itself.
  const timer = setTimeout(() => setImmediate(() => socket.destroy()), patience)
  let text = ''
  socket.setEncoding('utf8')
  socket.on('data', (chunk) => {
    text += chunk
    if (text.includes('\n')) socket.destroy()
  })
  socket.on('error', () => undefined)
  socket.on('close', () => {
    clearTimeout(timer)
    done(text.includes('\n') ? JSON.parse(text).pod : undefined)
  })
}

interface Watch {
  readonly mac: string
  readonly index: number
  readonly addresses: readonly string[]
  readonly rate: number
  /** Milliseconds for an answer. */
  readonly patience: number
}

interface Connect {
  readonly targets: readonly string[]
  readonly beside: readonly string[]
  readonly rate: number
  /** Milliseconds for an answer. */
  readonly patience: number
}

interface Until {
  readonly address: string
  readonly mac: string
}

for await (const line of createInterface({ input: process.stdin })) {
  const { id, command, ...parameters } = JSON.parse(line)
  Promise.resolve(commands[command]?.(parameters as never)).then(
    (result) => say({ id, result: result ?? null }),
    (error) => say({ id, error: String(error) }),
  )
}
process.exit(0)

function say(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}
