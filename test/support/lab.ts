import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { isIPv6 } from 'node:net'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { Agent, type ProbeResult, type Target } from './agent.ts'
import {
  answerers,
  cabling,
  interiors,
  type Namespace,
  namespaces,
  outsideRules,
  type PartyName,
  parties,
  portsOf,
  settings,
} from './topology.ts'

/** The program under test, as it is shipped. */
export const nodelb: string = fileURLToPath(new URL('../../dist/nodelb.js', import.meta.url))

export interface Connection {
  readonly from: PartyName
  /** "203.0.113.10:80" or "[2001:db8:100::10]:80" */
  readonly to: string
  readonly protocol?: 'tcp' | 'udp'
  /** Milliseconds without an answer after which a connection counts as dropped; default 1000. */
  readonly timeout?: number
}

export interface Probe extends Connection {
  readonly count?: number
  readonly concurrency?: number
}

export interface Pour extends Connection {
  readonly concurrency?: number
  readonly pause?: number
}

export interface Ran {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** A connection that is kept busy; `release` tells how it fared. */
export interface HeldConnection {
  readonly pod: string
  readonly peer: string
  /** What ended it, if anything has. */
  failure(): Promise<string | undefined>
  release(): Promise<{ readonly exchanges: number; readonly failure?: string }>
}

/** Connections opened without pause; `stop` tells how many ended how, by pod or by failure. */
export interface Stream {
  stop(): Promise<Readonly<Record<string, number>>>
}

/** A client, a node, its pods, another node and the rest of the world, each a network namespace. */
export class Lab {
  readonly #prefix = `nodelb-${process.pid}-${randomBytes(3).toString('hex')}`
  readonly #janitor: Janitor
  readonly #agents = new Map<Namespace, Agent>()
  #names = 0

  private constructor() {
    this.#janitor = new Janitor(namespaces.map((namespace) => this.namespace(namespace)))
  }

  static async build(): Promise<Lab> {
    const lab = new Lab()
    try {
      await lab.#build()
      return lab
    } catch (error) {
      await lab.remove()
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove()
  }

  /** The name under which `ip netns` knows a part of the lab. */
  namespace(namespace: Namespace): string {
    return `${this.#prefix}-${namespace}`
  }

  /** Makes connections (40 unless told otherwise) and tells what became of each. */
  probe({ count = 40, concurrency = 20, ...connection }: Probe): Promise<ProbeResult[]> {
    return this.#agent(connection.from).request('probe', {
      target: target(connection),
      connections: count,
      concurrency,
    })
  }

  /** Opens a connection that is kept talking until it is released. */
  async hold(connection: Connection): Promise<HeldConnection> {
    const agent = this.#agent(connection.from)
    const name = this.#names++
    const greeting = await agent.request<{ pod: string; peer: string }>('hold', {
      name,
      target: target({ timeout: 5_000, ...connection }),
    })
    return {
      ...greeting,
      failure: async () => (await agent.request<{ failure?: string }>('fared', { name })).failure,
      release: () => agent.request('release', { name }),
    }
  }

  /** Makes one new connection after another (`pause` milliseconds apart) until stopped. */
  async pour({ concurrency = 4, pause = 20, ...connection }: Pour): Promise<Stream> {
    const agent = this.#agent(connection.from)
    const name = this.#names++
    await agent.request('pour', {
      name,
      concurrency,
      pause,
      target: target({ timeout: 5_000, ...connection }),
    })
    return { stop: () => agent.request('stop', { name }) }
  }

  /** The status with which an HTTP server there answers; null if it does not, within a second. */
  get(from: PartyName, url: string): Promise<number | null> {
    return this.#agent(from).request('get', { url, timeout: 1_000 })
  }

  /** Runs a command in the node's network namespace. */
  run(file: string, args: readonly string[] = [], input = ''): Promise<Ran> {
    return run('ip', ['netns', 'exec', this.namespace('node'), file, ...args], input)
  }

  /** Runs the shipped program in the node's network namespace. */
  nodelb(args: readonly string[], input = ''): Promise<Ran> {
    return this.run(process.execPath, [nodelb, ...args], input)
  }

  /** Forgets every connection the node's kernel tracks, as after a long silence. */
  async flushConnections(): Promise<void> {
    await must(await this.run('conntrack', ['-F']))
  }

  async remove(): Promise<void> {
    await Promise.all([...this.#agents.values()].map((agent) => agent.end()))
    await this.#janitor.clean()
  }

  async #build(): Promise<void> {
    await batch(
      [],
      cabling((namespace) => this.namespace(namespace)),
    )
    await Promise.all(namespaces.map((namespace) => this.#furnish(namespace)))
    await must(
      await run('ip', ['netns', 'exec', this.namespace('outside'), 'nft', '-f', '-'], outsideRules),
    )
  }

  async #furnish(namespace: Namespace): Promise<void> {
    const agent = new Agent(this.namespace(namespace))
    this.#agents.set(namespace, agent)
    await agent.request('settings', { values: settings(namespace) })
    await batch(['-n', this.namespace(namespace)], interiors[namespace])
    await agent.request('listen', {
      answerers: answerers[namespace],
      ports: portsOf(namespace),
    })
  }

  #agent(from: PartyName): Agent {
    const agent = this.#agents.get(parties[from].namespace)
    if (agent === undefined) throw new Error(`the lab has no ${from}`)
    return agent
  }
}

/** A namespace lives as long as a process is in it, whatever becomes of its name. */
const WITH_FOLDER = `cat >/dev/null; folder=$1; shift
for name; do ip netns pids "$name" | xargs -r kill -9; done; rm -rf "$folder"`

/** Removes the namespaces when told, and also when this process ends in whatever way. */
export class Janitor {
  readonly #cleaned: Promise<void>
  readonly #stdin: NodeJS.WritableStream

  /** `folder`: one that is removed with them, and with whatever still runs in them. */
  constructor(names: readonly string[], folder = '') {
    const remove = `for name; do ip netns delete "$name"; done`
    const script = folder === '' ? `cat >/dev/null; ${remove}` : `${WITH_FOLDER}; ${remove}`
    const args = folder === '' ? names : [folder, ...names]
    // In a session of its own, so that a Ctrl-C for the tests does not reach it.
    const shell = spawn('sh', ['-c', script, 'janitor', ...args], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    })
    this.#stdin = shell.stdin
    this.#cleaned = new Promise((resolve) => {
      shell.once('exit', () => resolve())
    })
  }

  async clean(): Promise<void> {
    this.#stdin.end()
    await this.#cleaned
  }
}

function target({ from, to, protocol = 'tcp', timeout = 1_000 }: Connection): Target {
  const { host, port } = parseDestination(to)
  const bind = parties[from].addresses?.[isIPv6(host) ? 1 : 0]
  return { host, port, protocol, timeout, ...(bind !== undefined && { bind }) }
}

export function parseDestination(to: string): { host: string; port: number } {
  const { hostname, port } = new URL(`tcp://${to}`)
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) }
}

async function batch(options: readonly string[], commands: readonly string[]): Promise<void> {
  await must(await run('ip', [...options, '-batch', '-'], `${commands.join('\n')}\n`))
}

async function run(file: string, args: readonly string[], input: string): Promise<Ran> {
  const result = await execa(file, args, { input, reject: false })
  const stderr = result.exitCode === undefined ? String(result.message) : result.stderr
  return { exitCode: result.exitCode ?? -1, stdout: result.stdout, stderr }
}

async function must({ exitCode, stderr, stdout }: Ran): Promise<void> {
  if (exitCode !== 0) throw new Error(`${stderr}${stdout}`)
}
