import { mkdirSync, mkdtempSync, renameSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { Agent } from './agent.ts'
import {
  FABRIC_ROUTER,
  fabricObjects,
  nodeAddress,
  podAddress,
  type Scene,
  serviceOf,
} from './bgp-fabric-files.ts'
import { bgpAddress } from './bgp-objects.ts'
import { eventually } from './eventually.ts'
import { type FrrDaemon, FrrLab } from './frr.ts'
import { Janitor } from './lab.ts'
import type { ConnectionReport } from './lan-connections.ts'
import { RouteMonitor } from './route-monitor.ts'
import { RunningAgent } from './running-agent.ts'

const CLIENT_SIDE = '10.1.0.254'
/** An endpoint resets a connection on which nothing comes for so many milliseconds. */
const IDLE_MS = 2_000

const client = fileURLToPath(new URL('lan-client.ts', import.meta.url))

/** What became of the connections of the client; `control`: of those that no node has to do with. */
export type Connected = ConnectionReport & { readonly control: ConnectionReport }

interface FabricOptions {
  readonly scene: Scene
  /** Fields of announce.bgp besides `enabled` and `frr`. */
  readonly settings?: object
}

/** A node of the fabric. */
interface FabricNode {
  readonly frr: FrrLab
  readonly server: Agent
  agent: RunningAgent | undefined
}

/**
 * Nodes behind a router, and a client behind it on the other side, each a network namespace. The router is
 * an FRR that routes by what it learns, over all nodes that it has a route from. The nodes run FRR and the
 * shipped program, and each has an endpoint, which answers by the name of its node.
 */
export class BgpFabric {
  readonly router: FrrLab
  readonly routes: RouteMonitor
  readonly #client: FrrLab
  readonly #folder: string = mkdtempSync(join(tmpdir(), 'nodelb-fabric-'))
  readonly #janitor: Janitor = new Janitor([], this.#folder)
  readonly #nodes = new Map<string, FabricNode>()
  readonly #settings: object
  #scene: Scene
  #asking: Agent | undefined
  #beside: Agent | undefined

  private constructor(router: FrrLab, asking: FrrLab, { scene, settings = {} }: FabricOptions) {
    this.router = router
    this.#client = asking
    this.routes = new RouteMonitor(router.namespace)
    this.#scene = scene
    this.#settings = settings
    mkdirSync(join(this.#folder, 'objects'))
  }

  static async build(options: FabricOptions): Promise<BgpFabric> {
    const router = await FrrLab.start('zebra', 'bfdd', 'bgpd')
    const fabric = new BgpFabric(router, await FrrLab.start(), options)
    try {
      await fabric.#build()
      return fabric
    } catch (error) {
      await fabric.remove()
      throw error
    }
  }

  /** Changes the objects, for all agents at once; they never see a file that is half written. */
  write(change: Partial<Scene> = {}): void {
    this.#scene = { ...this.#scene, ...change }
    this.#put('all', fabricObjects(this.#scene))
  }

  /** Has the Services with these numbers besides, in a file of their own. */
  add(...services: readonly number[]): void {
    this.#more(services, this.#scene)
  }

  /** The same, but they have no endpoint. */
  addWithoutEndpoints(...services: readonly number[]): void {
    this.#more(services, { ...this.#scene, endpoints: [] })
  }

  #more(services: readonly number[], scene: Scene): void {
    this.#put(
      'more',
      services.flatMap((each) => serviceOf(each, scene)),
    )
  }

  #put(name: string, items: readonly object[]): void {
    const [written, path] = [`${name}.new`, `objects/${name}.json`].map((each) =>
      join(this.#folder, each),
    ) as [string, string]
    writeFileSync(written, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
    renameSync(written, path)
  }

  /** Starts the program on a node; it is ready when the rules are programmed. */
  start(name: string): RunningAgent {
    const file = (suffix: string): string => join(this.#folder, `${name}${suffix}`)
    mkdirSync(file('-run'), { recursive: true })
    // Where the agent keeps what settings were is not shared between machines.
    const own = ['sh', '-c', 'mount --bind "$0" /run && exec "$@"', file('-run')]
    const node = this.#node(name)
    node.agent = RunningAgent.start(
      ['ip', 'netns', 'exec', node.frr.namespace, ...own],
      [
        ...['-f', join(this.#folder, 'objects'), '--node', name],
        ...['--config', file('.yaml'), '--state', file(''), '--listen', '127.0.0.1:10266'],
        ...['--status-socket', file('.sock')],
      ],
    )
    return node.agent
  }

  agent(name: string): RunningAgent {
    const { agent } = this.#node(name)
    if (agent === undefined) throw new Error(`${name} has no agent`)
    return agent
  }

  frr(name: string): FrrLab {
    return this.#node(name).frr
  }

  /** Resolves once exactly these nodes are the next hops to all Services, with the time of it. */
  routed(names: readonly string[], services: number = this.#scene.services): Promise<number> {
    const { nodes } = this.#scene
    const hops = names.map((name) => nodeAddress(nodes.indexOf(name))).toSorted()
    const all = Array.from({ length: services }, (_, at) => bgpAddress(at))
    return this.routes.until((routes) =>
      all.every((each) => (routes.get(each) ?? []).join() === hops.join()),
    )
  }

  /** Resolves once the router hears these nodes by BFD. */
  async watched(names: readonly string[]): Promise<void> {
    const { nodes } = this.#scene
    await eventually(async () => {
      const [text = ''] = await this.router.tell('bfdd', 'show bfd peers json')
      const heard = JSON.parse(text).filter(({ status }: { status: string }) => status === 'up')
      const peers = heard.map(({ peer }: { peer: string }) => peer)
      return names.every((name) => peers.includes(nodeAddress(nodes.indexOf(name))))
    })
  }

  /** Resolves once the router has no prefix from a node, with the time of it. */
  async withdrawn(name: string): Promise<number> {
    const address = nodeAddress(this.#scene.nodes.indexOf(name))
    await eventually(
      async () => {
        const [text = ''] = await this.router.tell('bgpd', 'show bgp ipv4 unicast summary json')
        return JSON.parse(text).peers[address].pfxRcd === 0
      },
      { every: 10 },
    )
    return performance.now()
  }

  /** Cuts a node off, or plugs it in again, behind its switch: it keeps its carrier, and so does the router. */
  async cable(name: string, state: 'in' | 'out'): Promise<void> {
    const to = state === 'in' ? ['master', 'br0'] : ['nomaster']
    await this.router.ip('link', 'set', name, ...to)
  }

  /** Has the client connect to all Services in turn, so often in a second. */
  async watch(rate: number, patience: number = 900): Promise<void> {
    const { services } = this.#scene
    const targets = Array.from({ length: services }, (_, at) => bgpAddress(at))
    await this.#asking?.request('connect', { targets, beside: [CLIENT_SIDE], rate, patience })
  }

  /** Returns what became of the client's connections since the last report. */
  async report(): Promise<Connected> {
    if (this.#asking === undefined) throw new Error('there is no client')
    return this.#asking.request<Connected>('report', {})
  }

  async remove(): Promise<void> {
    this.routes.end()
    for (const { agent } of this.#nodes.values()) agent?.kill('SIGKILL')
    const servers = [...this.#nodes.values()].map(({ server }) => server)
    await Promise.all([this.#asking, this.#beside, ...servers].map((each) => each?.end()))
    const labs = [...this.#nodes.values()].map(({ frr }) => frr)
    await Promise.all([...labs, this.router, this.#client].map((lab) => lab.remove()))
    await this.#janitor.clean()
  }

  #node(name: string): FabricNode {
    const node = this.#nodes.get(name)
    if (node === undefined) throw new Error(`there is no node ${name}`)
    return node
  }

  async #build(): Promise<void> {
    const { router } = this
    await sysctl(router, 'net.ipv4.ip_forward=1', 'net.ipv4.fib_multipath_hash_policy=1')
    await router.ip('link', 'add', 'br0', 'type', 'bridge', 'mcast_snooping', '0')
    await router.ip('address', 'add', `${FABRIC_ROUTER}/24`, 'dev', 'br0')
    await router.ip('link', 'set', 'br0', 'up')
    await this.#client.connect(router, '10.1.0.2/24', `${CLIENT_SIDE}/24`)
    await this.#client.ip('route', 'add', 'default', 'via', CLIENT_SIDE)
    const { nodes, bfd } = this.#scene
    for (const name of nodes) await this.#plug(name)
    // The slower end of BFD counts.
    const intervals = ['transmit-interval 100', 'receive-interval 100', 'end']
    await router.tell('bfdd', 'configure terminal', 'bfd', 'profile fast', ...intervals)
    await router.tell('bgpd', ...routerCommands(nodes.length, bfd))
    this.#asking = new Agent(this.#client.namespace, undefined, ['--import', 'tsx', client])
    this.#beside = new Agent(router.namespace)
    await listen(this.#beside, 'router', CLIENT_SIDE, 80)
    this.write()
  }

  async #plug(name: string): Promise<void> {
    const { nodes, bfd } = this.#scene
    const at = nodes.indexOf(name)
    const daemons: readonly FrrDaemon[] = bfd ? ['zebra', 'bfdd', 'bgpd'] : ['bgpd']
    const frr = await FrrLab.start(...daemons)
    const server = new Agent(frr.namespace)
    this.#nodes.set(name, { frr, server, agent: undefined })
    const peer = ['peer', 'name', 'eth0', 'netns', frr.namespace]
    await this.router.ip('link', 'add', name, 'type', 'veth', ...peer)
    await this.router.ip('link', 'set', name, 'master', 'br0', 'up')
    await frr.ip('address', 'add', `${nodeAddress(at)}/24`, 'dev', 'eth0')
    await frr.ip('link', 'set', 'eth0', 'up')
    await frr.ip('route', 'add', 'default', 'via', FABRIC_ROUTER)
    for (const other of nodes.keys()) {
      if (other === at) continue
      await frr.ip('route', 'add', `10.244.${other + 1}.0/24`, 'via', nodeAddress(other))
    }
    await frr.ip('address', 'add', `${podAddress(at)}/32`, 'dev', 'lo')
    await sysctl(frr, 'net.ipv4.ip_forward=1')
    await listen(server, name, podAddress(at), 8080)
    const bgp = { enabled: true, frr: { sockets: frr.folder }, ...this.#settings }
    const configuration = { apiVersion: 'nodelb.io/v1alpha1', kind: 'NodelbConfiguration' }
    const text = JSON.stringify({ ...configuration, announce: { bgp } })
    writeFileSync(join(this.#folder, `${name}.yaml`), text)
  }
}

/** A router that routes over all nodes at once, and honours GRACEFUL_SHUTDOWN (RFC 8326). */
function routerCommands(nodes: number, bfd: boolean): readonly string[] {
  const neighbours = Array.from({ length: nodes }, (_, at) => `neighbor ${nodeAddress(at)}`)
  return [
    // What the daemons of the tests are started with keeps routes out of the kernel.
    ...['configure terminal', 'no bgp no-rib'],
    ...['bgp community-list standard leaving permit 65535:0', 'route-map from-node permit 10'],
    ...['match community leaving', 'set local-preference 0'],
    ...['route-map from-node permit 20', 'router bgp 65000', `bgp router-id ${FABRIC_ROUTER}`],
    ...neighbours.flatMap((each) => [
      ...[`${each} remote-as 64501`, `${each} passive`],
      ...(bfd ? [`${each} bfd profile fast`] : []),
    ]),
    ...['address-family ipv4 unicast', 'maximum-paths 8'],
    ...neighbours.map((each) => `${each} route-map from-node in`),
    'end',
  ]
}

async function sysctl({ namespace }: FrrLab, ...settings: readonly string[]): Promise<void> {
  await execa('ip', ['netns', 'exec', namespace, 'sysctl', '-qw', ...settings])
}

function listen(server: Agent, name: string, address: string, port: number): Promise<void> {
  const answerers = [{ name, addresses: [address] }]
  return server.request('listen', { answerers, ports: [port], idle: IDLE_MS })
}
