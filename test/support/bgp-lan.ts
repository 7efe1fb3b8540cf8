import { chmodSync, mkdtempSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { present } from '../../src/model/present.ts'
import type { BgpView } from '../../src/speaker/bgp/view.ts'
import { agentStatus } from './agent-status.ts'
import { eventually } from './eventually.ts'
import { type FrrDaemon, FrrLab } from './frr.ts'
import { Janitor, nodelb } from './lab.ts'
import { RunningAgent } from './running-agent.ts'

export const ROUTER = '10.0.0.254'
export const NODE = '10.0.0.1'

/** How a router has a prefix. */
export interface Received {
  readonly communities: readonly string[]
  readonly largeCommunities: readonly string[]
  readonly localPref: number | undefined
}

/** What the router says of its session with the node. */
export interface Counters {
  readonly state: string
  readonly established: number
  readonly dropped: number
}

interface BgpLanOptions {
  /** The autonomous system of the router; the node's is 64501. */
  readonly routerAs?: number
  /** Fields of announce.bgp besides `enabled` and `frr`. */
  readonly settings?: object
  /** Where the objects come from: a folder unless told otherwise. */
  readonly source?: readonly string[]
  /** The daemons of the node's FRR; bgpd alone unless told otherwise, as for plain peers. */
  readonly daemons?: readonly FrrDaemon[]
}

/**
 * A router and a node, each a network namespace with a bgpd of its own; the node runs the shipped program
 * on a folder of objects.
 */
export class BgpLan {
  readonly node: FrrLab
  readonly router: FrrLab
  readonly folder: string = mkdtempSync(join(tmpdir(), 'nodelb-bgp-'))
  readonly #janitor: Janitor
  readonly #agents: RunningAgent[] = []
  readonly #options: BgpLanOptions

  private constructor(node: FrrLab, router: FrrLab, options: BgpLanOptions) {
    this.node = node
    this.router = router
    this.#options = options
    this.#janitor = new Janitor([], this.folder)
    chmodSync(this.folder, 0o755)
  }

  static async build(options: BgpLanOptions = {}): Promise<BgpLan> {
    const node = await FrrLab.start(...(options.daemons ?? ['bgpd']))
    const router = await FrrLab.start('zebra', 'bgpd')
    await node.connect(router, `${NODE}/24`, `${ROUTER}/24`)
    const { routerAs = 65000 } = options
    await router.tell(
      'bgpd',
      ...['configure terminal', `router bgp ${routerAs}`, 'no bgp ebgp-requires-policy'],
      ...[`bgp router-id ${ROUTER}`, `neighbor ${NODE} remote-as 64501`],
      ...[`neighbor ${NODE} passive`, 'end'],
    )
    const lan = new BgpLan(node, router, options)
    lan.configure({})
    return lan
  }

  /** Writes the objects that the agent follows; it never sees a file that is half written. */
  write(objects: readonly object[]): void {
    const list = { apiVersion: 'v1', kind: 'List', items: objects }
    writeFileSync(join(this.folder, 'objects.new'), JSON.stringify(list))
    renameSync(join(this.folder, 'objects.new'), join(this.folder, 'objects.json'))
  }

  /** Writes the configuration; `bgp` has fields of announce.bgp. */
  configure(bgp: object): void {
    const { settings } = this.#options
    const frr = { sockets: this.node.folder }
    const text = JSON.stringify({
      ...{ apiVersion: 'nodelb.io/v1alpha1', kind: 'NodelbConfiguration' },
      announce: { bgp: { enabled: true, frr, ...settings, ...bgp } },
    })
    writeFileSync(join(this.folder, 'config.yaml'), text)
  }

  /**
   * Starts the program on the node, and resolves with it when the rules are programmed. `confine` makes
   * of a command one that has less rights.
   */
  async start(
    confine?: (command: readonly string[]) => readonly string[],
    ...more: readonly string[]
  ): Promise<RunningAgent> {
    const enter = ['ip', 'netns', 'exec', this.node.namespace]
    const agent = RunningAgent.start(enter, [...this.agentOptions, ...more], confine)
    this.#agents.push(agent)
    await agent.first('agent-ready')
    return agent
  }

  /** The options of the agent on the node. */
  get agentOptions(): readonly string[] {
    const { source = ['-f', join(this.folder, 'objects.json')] } = this.#options
    return [
      ...[...source, '--node', 'n1', ...this.configuration],
      ...['--state', join(this.folder, 'state'), '--listen', '127.0.0.1:10266'],
      ...this.statusOptions,
    ]
  }

  /** The options of commands that ask the agent. */
  get statusOptions(): readonly string[] {
    return ['--status-socket', this.#socket]
  }

  get #socket(): string {
    return join(this.folder, 'agent.sock')
  }

  /** Runs a command of the program on the node; resolves with what it prints, whatever its exit code. */
  async nodelb(
    ...args: readonly string[]
  ): Promise<{ readonly out: string; readonly said: string }> {
    const command = ['netns', 'exec', this.node.namespace, process.execPath, nodelb, ...args]
    const { stdout: out, stderr: said } = await execa('ip', command, { reject: false })
    return { out, said }
  }

  /** The options of commands that read the objects and the configuration. */
  get sources(): readonly string[] {
    return ['-f', join(this.folder, 'objects.json'), ...this.configuration, '--node', 'n1']
  }

  /** The option of commands that read the configuration. */
  get configuration(): readonly string[] {
    return ['--config', join(this.folder, 'config.yaml')]
  }

  /** Prints the status as its users see it. */
  async statusText(): Promise<string> {
    return (await this.nodelb('status', ...this.statusOptions)).out
  }

  /** Returns the metrics. */
  async metrics(): Promise<string> {
    const fetched = `fetch('http://127.0.0.1:10266/metrics').then((a) => a.text()).then(console.log)`
    const args = ['netns', 'exec', this.node.namespace, process.execPath, '-e', fetched]
    return (await execa('ip', args)).stdout
  }

  /** Resolves with the status once what it says of BGP is as expected. */
  async announces(isExpected: (view: BgpView) => boolean = () => true): Promise<BgpView> {
    let view: BgpView | undefined
    const late = () => `not announced as expected: ${JSON.stringify(view)}`
    await eventually(
      async () => {
        const answer = await agentStatus(this.#socket)
        if (answer.kind !== 'status') throw new Error(JSON.stringify(answer))
        view = answer.status.bgp ?? undefined
        return view !== undefined && isExpected(view)
      },
      { late },
    )
    return present(view)
  }

  /** Returns how the router has a prefix; undefined if it has not. */
  async received(prefix: string): Promise<Received | undefined> {
    const [text = ''] = await this.router.tell('bgpd', `show bgp ipv4 unicast ${prefix} json`)
    return receivedIn(text)
  }

  /** Returns how the router has all prefixes that it has. */
  async table(): Promise<ReadonlyMap<string, Received>> {
    const prefixes = await this.prefixes()
    const shows = prefixes.map((prefix) => `show bgp ipv4 unicast ${prefix} json`)
    const texts = await this.router.tell('bgpd', ...shows)
    return new Map(
      prefixes.flatMap((prefix, at) => {
        const received = receivedIn(texts[at] ?? '')
        return received === undefined ? [] : [[prefix, received] as const]
      }),
    )
  }

  /** Resolves with how the router has a prefix once that is as expected. */
  async until(
    prefix: string,
    isExpected: (received: Received | undefined) => boolean = (received) => received !== undefined,
  ): Promise<Received | undefined> {
    let received: Received | undefined
    const late = () => `${prefix} is not received as expected: ${JSON.stringify(received)}`
    await eventually(
      async () => {
        received = await this.received(prefix)
        return isExpected(received)
      },
      { late },
    )
    return received
  }

  /** Resolves when the router has a prefix no more. */
  async gone(prefix: string): Promise<void> {
    await this.until(prefix, (received) => received === undefined)
  }

  /** Returns all prefixes that the router has. */
  async prefixes(): Promise<readonly string[]> {
    const [text = ''] = await this.router.tell('bgpd', 'show bgp ipv4 unicast json')
    return Object.keys(JSON.parse(text).routes ?? {}).sort()
  }

  /** Has the router write down every update that it gets, and the FRR of the node all that it is told. */
  async record(): Promise<void> {
    await this.router.tell('bgpd', 'debug bgp updates in')
    await this.node.tell('bgpd', 'configure terminal', 'log commands', 'end')
  }

  /** Returns the prefixes that the node took back since `record`, in that order, each time. */
  withdrawn(): readonly string[] {
    const log = readFileSync(join(this.router.folder, 'bgpd.log'), 'utf8')
    return [...log.matchAll(/rcvd UPDATE about (\S+) .*-- withdrawn/g)].map(
      ([, prefix]) => prefix ?? '',
    )
  }

  /**
   * Returns the prefixes of which the FRR of the node was told since `record` that they go, in that order,
   * each time. Of one that comes again with the next commands it may send nothing at all, as it looks at
   * its prefixes only after what it has been told; whether it does is luck, and no router tells.
   */
  takenBack(): readonly string[] {
    const log = readFileSync(join(this.node.folder, 'bgpd.log'), 'utf8')
    return [...log.matchAll(/# no network (\S+)/g)].map(([, prefix]) => prefix ?? '')
  }

  /** Returns how many prefixes the router has from the node. */
  async count(): Promise<number> {
    const [text = ''] = await this.router.tell('bgpd', 'show bgp ipv4 unicast summary json')
    return JSON.parse(text).peers[NODE].pfxRcd
  }

  /** Returns what the router counts of its session with the node. */
  async counters(): Promise<Counters> {
    const [text = ''] = await this.router.tell('bgpd', 'show bgp ipv4 unicast summary json')
    const peer = JSON.parse(text).peers[NODE]
    const { state, connectionsEstablished, connectionsDropped } = peer
    return { state, established: connectionsEstablished, dropped: connectionsDropped }
  }

  /** Resolves once the session has lasted for a while: FRR 10.3 lets BFD end none in the second in which it began. */
  async lasting(): Promise<void> {
    await eventually(async () => {
      const [text = ''] = await this.router.tell('bgpd', 'show bgp ipv4 unicast summary json')
      const { state, peerUptimeMsec } = JSON.parse(text).peers[NODE]
      return state === 'Established' && peerUptimeMsec > 1_000
    })
  }

  async remove(): Promise<void> {
    for (const agent of this.#agents) agent.kill('SIGKILL')
    await this.#janitor.clean()
    await this.node.remove()
    await this.router.remove()
  }
}

/** Reads what the router says of a prefix. */
function receivedIn(text: string): Received | undefined {
  const [path] = JSON.parse(text.trim() === '' ? '{}' : text).paths ?? []
  if (path === undefined) return undefined
  return {
    communities: path.community?.list ?? [],
    largeCommunities: path.largeCommunity?.list ?? [],
    localPref: path.locPrf,
  }
}
