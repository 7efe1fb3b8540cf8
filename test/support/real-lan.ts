import { randomBytes } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import type { AnnounceView } from '../../src/speaker/view.ts'
import { Agent } from './agent.ts'
import { agentStatus } from './agent-status.ts'
import { Janitor, nodelb } from './lab.ts'
import type { LanReport } from './lan-client.ts'
import { clusterOf, configurationOf, FIRST, type LanOptions } from './real-lan-files.ts'
import { RunningAgent } from './running-agent.ts'

/**
 * A connection that moved away leaves its socket at the server. A new one that comes to the same pod from
 * the same port, by another address, would not get past that.
 */
const IDLE_MS = 2_000

/**
 * The agent tells what it does when asked, so it is asked again after so many milliseconds, or after four times as
 * long as that took.
 */
const POLL_MS = 20

const client = fileURLToPath(new URL('lan-client.ts', import.meta.url))

/** How the client watches. */
export interface Watch {
  /** Questions for all addresses together, in a second. */
  readonly questions?: number
  /** Connections in a second. */
  readonly connections?: number
  /** Milliseconds after which a question counts as unanswered. */
  readonly answerWithin?: number
  /** Milliseconds after which a connection counts as lost. */
  readonly connectWithin?: number
}

/** A node of the LAN. */
interface LanNode {
  readonly name: string
  readonly namespace: string
  readonly mac: string
  readonly server: Agent
  agent: RunningAgent | undefined
}

/**
 * A LAN of nodes and a client, each a network namespace at a bridge. The nodes run the shipped program
 * on a folder of objects, and each has the endpoint of all Services itself, which answers by its name.
 */
export class RealLan {
  readonly #prefix = `nlan-${process.pid}-${randomBytes(2).toString('hex')}`
  readonly #folder = mkdtempSync(join(tmpdir(), 'nodelb-lan-'))
  readonly #options: LanOptions
  readonly #janitor: Janitor
  readonly #nodes: Map<string, LanNode> = new Map()
  #client: Agent | undefined
  #stranger: Agent | undefined

  private constructor(options: LanOptions) {
    this.#options = options
    const names = ['lan', 'client', 'stranger', ...options.nodes]
    this.#janitor = new Janitor(
      names.map((name) => this.namespace(name)),
      this.#folder,
    )
  }

  static async build(options: LanOptions): Promise<RealLan> {
    const lan = new RealLan(options)
    try {
      await lan.#build()
      return lan
    } catch (error) {
      await lan.remove()
      throw error
    }
  }

  namespace(name: string): string {
    return `${this.#prefix}-${name}`
  }

  /** The MAC address tells whose it is: of the nodes in their order, then the others. */
  mac(name: string): string {
    return `02:00:00:00:00:${this.#number(name).toString(16).padStart(2, '0')}`
  }

  #number(name: string): number {
    const { nodes, first = FIRST } = this.#options
    return first.machine + [...nodes, 'client', 'stranger'].indexOf(name)
  }

  /** The addresses of a machine of the LAN, one of each family. */
  ownAddresses(name: string): readonly [string, string] {
    return [`192.0.2.${this.#number(name)}`, `2001:db8:1::${this.#number(name)}`]
  }

  /**
   * Writes the objects; `left` are Nodes with the label that takes them out, `more` the numbers of
   * Services besides.
   */
  write(
    left: readonly string[] = [],
    services: number = this.#options.services,
    more: readonly number[] = [],
  ): void {
    const text = clusterOf({ ...this.#options, services }, left, more)
    writeFileSync(join(this.#folder, 'objects.json'), text)
  }

  /** Turns announcing on or off in the configuration of a node. */
  configure(name: string, enabled: boolean): void {
    const text = configurationOf(this.#options, join(this.#folder, `${name}.key`), enabled)
    writeFileSync(join(this.#folder, `${name}.yaml`), text)
  }

  /** Replaces the key of one node. */
  setKey(name: string, key: string): void {
    writeFileSync(join(this.#folder, `${name}.key`), key)
  }

  /** Starts the program on a node, and resolves with it when the rules are programmed. */
  async start(name: string, flags: readonly string[] = []): Promise<RunningAgent> {
    const node = this.#node(name)
    node.agent = RunningAgent.start(
      ['ip', 'netns', 'exec', node.namespace, ...(await this.#withOwnRun(name))],
      [...this.agentOptions(name), ...flags],
      this.#options.confine,
    )
    await node.agent.first('agent-ready')
    return node.agent
  }

  /** The options of the agent on a node. */
  agentOptions(name: string): readonly string[] {
    const listen = ['--listen', '127.0.0.1:10266']
    const state = ['--state', join(this.#folder, name)]
    return [...this.sources(name), ...state, ...listen, ...this.statusOptions(name)]
  }

  /** The options of commands that read the objects and the configuration of a node. */
  sources(name: string): readonly string[] {
    const { source = ['-f', join(this.#folder, 'objects.json')] } = this.#options
    return [...source, '--node', name, '--config', join(this.#folder, `${name}.yaml`)]
  }

  /** The options of commands that ask the agent of a node. */
  statusOptions(name: string): readonly string[] {
    return ['--status-socket', this.#socket(name)]
  }

  agent(name: string): RunningAgent {
    const { agent } = this.#node(name)
    if (agent === undefined) throw new Error(`${name} has no agent`)
    return agent
  }

  /** Resolves with what a node announces, as its agent tells it, once that is as expected. */
  async announces(
    name: string,
    isExpected: (view: AnnounceView) => boolean = () => true,
  ): Promise<AnnounceView> {
    for (;;) {
      const began = performance.now()
      const answer = await agentStatus(this.#socket(name))
      if (answer.kind !== 'status') throw new Error(`${name}: ${JSON.stringify(answer)}`)
      const { announce } = answer.status
      if (announce !== null && isExpected(announce)) return announce
      await pause(Math.max(POLL_MS, 4 * (performance.now() - began)))
    }
  }

  /** Returns the lines of a node's status about announcing. */
  async announcing(name: string): Promise<readonly string[]> {
    const text = await this.nodelb(name, ['status', ...this.statusOptions(name)])
    const lines = text.slice(text.indexOf('Announcing:')).split('\n')
    return lines.slice(0, lines.indexOf(''))
  }

  /** Returns the lines of a node's metrics. */
  async metrics(name: string): Promise<readonly string[]> {
    const script = `fetch('http://127.0.0.1:10266/metrics').then((a) => a.text()).then(console.log)`
    return (await this.run(name, [process.execPath, '-e', script])).split('\n')
  }

  /** Returns what the program tells of a packet to an address, at a node: where it goes, and who answers. */
  async explained(name: string, from: string, to: string): Promise<readonly string[]> {
    const packet = ['--from', from, '--to', to]
    const text = await this.nodelb(name, ['explain', ...packet, ...this.sources(name)])
    const lines = text.split('\n')
    return lines.slice(0, lines.indexOf(''))
  }

  /** Runs a command of the program on a node. */
  nodelb(name: string, args: readonly string[]): Promise<string> {
    return this.run(name, [process.execPath, nodelb, ...args])
  }

  /** Where the agent keeps what settings were is not shared between machines. */
  async #withOwnRun(name: string): Promise<readonly string[]> {
    const folder = join(this.#folder, `${name}-run`)
    await mkdir(folder, { recursive: true })
    return ['sh', '-c', 'mount --bind "$0" /run && exec "$@"', folder]
  }

  #socket(name: string): string {
    return join(this.#folder, `${name}.sock`)
  }

  /** Makes one LAN of two, whose machines have other numbers. */
  async join(other: RealLan): Promise<void> {
    const peer = ['peer', 'name', 'joined', 'netns', other.namespace('lan')]
    await this.ip('lan', 'link', 'add', 'joined', 'type', 'veth', ...peer)
    for (const lan of [this, other]) {
      await lan.ip('lan', 'link', 'set', 'joined', 'master', 'br0', 'up')
    }
  }

  /** Cuts a node off the LAN, or plugs it in again, behind its switch: it keeps its carrier. */
  async cable(name: string, state: 'in' | 'out'): Promise<void> {
    await this.ip(
      'lan',
      'link',
      'set',
      name,
      ...(state === 'in' ? ['master', 'br0'] : ['nomaster']),
    )
  }

  /** Takes the carrier of a node away or gives it back: the node sees that its cable is out. */
  async carrier(name: string, state: 'up' | 'down'): Promise<void> {
    await this.ip('lan', 'link', 'set', name, state)
  }

  /** Has nodes drop the beats of others, or not any more. */
  async beats(names: readonly string[], pass: boolean): Promise<void> {
    const rules = pass
      ? 'delete table inet cut'
      : 'table inet cut { chain in { type filter hook input priority 0; udp dport 7950 drop; }; }'
    await Promise.all(names.map((name) => this.run(name, ['nft', rules])))
  }

  /** Runs `ip` in a namespace. */
  async ip(name: string, ...args: readonly string[]): Promise<string> {
    return (await execa('ip', ['-n', this.namespace(name), ...args])).stdout
  }

  /** Runs a command in a namespace; resolves with what it prints, whatever its exit code. */
  async run(name: string, command: readonly string[]): Promise<string> {
    const args = ['netns', 'exec', this.namespace(name), ...command]
    const { stdout, stderr } = await execa('ip', args, { reject: false })
    return `${stdout}${stderr}`
  }

  /** Has the client ask for these addresses, connect to them, and to the stranger as a control. */
  async watch(
    addresses: readonly string[],
    { questions = 200, connections = 100, answerWithin = 1_000, connectWithin = 1_000 }: Watch = {},
  ): Promise<void> {
    const index = Number((await this.ip('client', '-o', 'link', 'show', 'eth0')).split(':')[0])
    const mac = this.mac('client')
    await this.#ask('watch', { mac, index, addresses, rate: questions, patience: answerWithin })
    const asked = { targets: addresses, beside: this.ownAddresses('stranger') }
    await this.#ask('connect', { ...asked, rate: connections, patience: connectWithin })
  }

  /** Resolves when the client gets its answers for an address from this party. */
  async until(address: string, name: string): Promise<void> {
    await this.#ask('until', { address, mac: this.mac(name) })
  }

  /** Returns what the client saw since the last report. */
  report(): Promise<LanReport> {
    return this.#ask('report', {})
  }

  /** Returns who last answered for each address. */
  async holders(): Promise<Readonly<Record<string, string | undefined>>> {
    const macs = await this.#ask<Record<string, string | null>>('holders', {})
    const names = new Map(
      [...this.#options.nodes, 'stranger'].map((name) => [this.mac(name), name]),
    )
    return Object.fromEntries(
      Object.entries(macs).map(([address, mac]) => [address, names.get(mac ?? '')]),
    )
  }

  async remove(): Promise<void> {
    for (const { agent } of this.#nodes.values()) agent?.kill('SIGKILL')
    await Promise.all([...this.#nodes.values()].map(({ server }) => server.end()))
    await this.#client?.end()
    await this.#stranger?.end()
    await this.#janitor.clean()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove()
  }

  #node(name: string): LanNode {
    const node = this.#nodes.get(name)
    if (node === undefined) throw new Error(`there is no node ${name}`)
    return node
  }

  #ask<Result>(command: string, parameters: object): Promise<Result> {
    if (this.#client === undefined) throw new Error('the LAN is not built')
    return this.#client.request<Result>(command, parameters)
  }

  async #build(): Promise<void> {
    await execa('ip', ['netns', 'add', this.namespace('lan')])
    const bridge = ['type', 'bridge', 'mcast_snooping', '0', 'forward_delay', '0']
    await this.ip('lan', 'link', 'add', 'br0', ...bridge)
    await this.ip('lan', 'link', 'set', 'br0', 'up')
    const { nodes } = this.#options
    for (const name of [...nodes, 'client', 'stranger']) await this.#plug(name)
    this.#client = new Agent(this.namespace('client'), undefined, ['--import', 'tsx', client])
    this.#stranger = new Agent(this.namespace('stranger'))
    await listen(this.#stranger, 'stranger', this.ownAddresses('stranger'), 80)
    const key = randomBytes(64).toString('base64')
    for (const name of nodes) {
      this.setKey(name, key)
      this.configure(name, true)
      const namespace = this.namespace(name)
      const server = new Agent(namespace)
      this.#nodes.set(name, { name, namespace, server, mac: this.mac(name), agent: undefined })
      await listen(server, name, ['10.244.0.10', 'fd00:10:244::10'], 8080)
    }
    this.write()
  }

  /** Addresses are used at once, and all but the client's are those of the endpoint, too. */
  async #plug(name: string): Promise<void> {
    const namespace = this.namespace(name)
    await execa('ip', ['netns', 'add', namespace])
    const peer = ['peer', 'name', 'eth0', 'netns', namespace]
    await this.ip('lan', 'link', 'add', name, 'type', 'veth', ...peer)
    await this.ip('lan', 'link', 'set', name, 'master', 'br0', 'up')
    const [v4, v6] = this.ownAddresses(name)
    const isNode = this.#options.nodes.includes(name)
    // A client that forwards would look for the senders that its questions pretend to have, and fill
    // the table of neighbours, whose limit all namespaces share.
    const forwarding = ['net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1']
    const settings = ['net.ipv6.conf.eth0.accept_dad=0', ...(isNode ? forwarding : [])]
    await this.run(name, ['sysctl', '-qw', ...settings])
    await this.ip(name, 'link', 'set', 'lo', 'up')
    await this.ip(name, 'link', 'set', 'eth0', 'address', this.mac(name), 'up')
    await this.ip(name, 'address', 'add', `${v4}/20`, 'dev', 'eth0')
    await this.ip(name, 'address', 'add', `${v6}/64`, 'dev', 'eth0', 'nodad')
    if (!isNode) return
    await this.ip(name, 'address', 'add', '10.244.0.10/32', 'dev', 'lo')
    await this.ip(name, 'address', 'add', 'fd00:10:244::10/128', 'dev', 'lo', 'nodad')
  }
}

function listen(
  server: Agent,
  name: string,
  addresses: readonly string[],
  port: number,
): Promise<void> {
  const answerers = [{ name, addresses }]
  return server.request('listen', { answerers, ports: [port], idle: IDLE_MS })
}
