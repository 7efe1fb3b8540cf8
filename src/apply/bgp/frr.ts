import { join } from 'node:path'
import type { Cidr } from '../../model/address.ts'
import { commandsOf, type Daemon } from '../../plan/bgp/commands.ts'
import { type Difference, differenceOf, type Ownership } from '../../plan/bgp/difference.ts'
import { effectOnSession } from '../../plan/bgp/effect-on-session.ts'
import type { Operation, Plan } from '../../plan/bgp/operation.ts'
import { joinTrees, parseTree } from '../../ruleset/bgp/frr-parse.ts'
import { secretIn } from '../../ruleset/bgp/lines.ts'
import type { Tree } from '../../ruleset/bgp/tree.ts'
import { type AskedPeer, advertisedCommand, readAdvertised } from './advertised.ts'
import { BFD_COMMANDS, readBfd } from './bfd.ts'
import { readSessions, SESSIONS_COMMANDS, type WatchedSession, withBfd } from './sessions.ts'
import { Vty } from './vty.ts'

interface FrrOptions {
  /** The folder with bgpd.vty, and with bfdd.vty where BFD runs. */
  readonly folder: string
  readonly ownership: Ownership
  /** Called once when a daemon has ended the conversation: all that was known of FRR is void then. */
  readonly broke: (reason: string) => void
}

/** The conversation is over or of no use; open another one. */
interface Broken {
  readonly kind: 'broken'
  readonly reason: string
}

/** A step that FRR did not take. Its line may have a password in it: print it with plan/bgp/print.ts. */
interface Refused {
  readonly operation: Operation
  /** What FRR said to it, without passwords; it may have said nothing. */
  readonly said: string
}

export type Brought =
  /** FRR is configured as wanted, but for what it refused. */
  | ({
      readonly kind: 'brought'
      readonly refused: readonly Refused[]
      /** How FRR was configured before. */
      readonly before: Tree
      /** How it is configured now, as it was read. */
      readonly now: Tree
    } & Difference)
  | Broken

type OpenedFrr =
  | { readonly kind: 'open'; readonly frr: Frr }
  /** With `isAbsent` no bgpd runs there. */
  | (Broken & { readonly isAbsent: boolean })

/** What was said to steps that were not answered with success. */
type Said = Map<string, string>

/** What FRR has, and what differs from what is wanted. */
type Different = { readonly kind: 'different'; readonly found: Tree } & Difference

interface Bringing {
  /** Nothing is taken away. */
  readonly keeps?: boolean
  /**
   * FRR counts as having what it was last read to have, as long as nothing that could touch a session
   * follows from that; what others have changed since is found only by a step that changes something.
   */
  readonly trusts?: boolean
}

/** A running FRR: its bgpd, and its bfdd if there is one. */
export class Frr {
  readonly #daemons: ReadonlyMap<Daemon, Vty>
  readonly #ownership: Ownership
  /** How FRR was when it was last read to be brought to something. */
  #last: Tree | undefined

  private constructor(daemons: ReadonlyMap<Daemon, Vty>, ownership: Ownership) {
    this.#daemons = daemons
    this.#ownership = ownership
  }

  /** Begins to talk to a running FRR. Where bfdd does not run, BFD profiles are refused later. */
  static async open({ folder, ownership, broke }: FrrOptions): Promise<OpenedFrr> {
    const daemons = new Map<Daemon, Vty>()
    const closeAll = (): void => {
      for (const vty of daemons.values()) vty.close()
    }
    for (const daemon of ['bgpd', 'bfdd'] as const) {
      const ended = (reason: string): void => {
        closeAll()
        broke(`${daemon}: ${reason}`)
      }
      const opened = await Vty.open({ path: join(folder, `${daemon}.vty`), broke: ended })
      if (opened.kind === 'open') daemons.set(daemon, opened.vty)
      else if (daemon === 'bgpd' || !isAbsent(opened.code)) {
        closeAll()
        const reason = `${daemon} cannot be asked: ${opened.reason}`
        return { kind: 'broken', reason, isAbsent: isAbsent(opened.code) }
      }
    }
    return { kind: 'open', frr: new Frr(daemons, ownership) }
  }

  /** Returns how FRR is configured now. */
  async read(): Promise<{ readonly kind: 'read'; readonly tree: Tree } | Broken> {
    const trees: Tree[] = []
    for (const [daemon, vty] of this.#daemons) {
      const asked = await vty.ask(['show running-config'])
      if (asked.kind === 'broken') return asked
      const [answer] = asked.answers
      if (answer?.code !== 0) {
        return { kind: 'broken', reason: `${daemon} does not show its configuration` }
      }
      trees.push(parseTree(answer.text))
    }
    return { kind: 'read', tree: joinTrees(trees) }
  }

  /**
   * Configures FRR as wanted. An answer that is not success proves nothing (FRR refuses
   * `graceful-restart` and sets it), so that FRR is read again, and what differs then is refused.
   */
  async bring(wanted: Tree, { keeps = false, trusts = false }: Bringing = {}): Promise<Brought> {
    const remembered = trusts ? this.#remembered(wanted, keeps) : undefined
    const first = remembered ?? (await this.#difference(wanted, keeps))
    if (first.kind === 'broken') return first
    const { plan, problems, found: before } = first
    const brought = { kind: 'brought', plan, problems, before } as const
    if (plan.length === 0) return { ...brought, now: before, refused: [] }
    const sent = await this.#send(plan)
    if (sent.kind === 'broken') return sent
    const after = await this.#difference(wanted, keeps)
    if (after.kind === 'broken') return after
    // FRR may not have been what it was taken for.
    if (remembered !== undefined && after.plan.length > 0) return this.bring(wanted, { keeps })
    const refused = after.plan.map((operation) => ({
      operation,
      said: sent.said.get(keyOf(operation)) ?? '',
    }))
    return { ...brought, now: after.found, refused }
  }

  /** Returns how the sessions with all peers are. */
  async sessions(): Promise<{ kind: 'sessions'; sessions: readonly WatchedSession[] } | Broken> {
    const [asked, watched] = await Promise.all([
      this.#ask('bgpd', SESSIONS_COMMANDS),
      this.#ask('bfdd', BFD_COMMANDS),
    ])
    if (asked.kind === 'broken') return asked
    if (watched.kind === 'broken') return watched
    const [summary = '', neighbours] = asked.answers.map(({ text }) => text)
    const [peers = '', counters = ''] = watched.answers.map(({ text }) => text)
    const sessions = readSessions(summary, neighbours)
    if (sessions !== undefined) {
      return { kind: 'sessions', sessions: withBfd(sessions, readBfd(peers, counters)) }
    }
    const commands = SESSIONS_COMMANDS.join('" or "')
    return { kind: 'broken', reason: `bgpd answers "${commands}" with what is no JSON` }
  }

  /** Returns what was sent to each of the peers, in their order. */
  async advertised(
    peers: readonly AskedPeer[],
  ): Promise<
    { readonly kind: 'advertised'; readonly prefixes: readonly (readonly Cidr[])[] } | Broken
  > {
    const asked = await this.#ask('bgpd', peers.map(advertisedCommand))
    if (asked.kind === 'broken') return asked
    return { kind: 'advertised', prefixes: asked.answers.map(({ text }) => readAdvertised(text)) }
  }

  close(): void {
    for (const vty of this.#daemons.values()) vty.close()
  }

  async #difference(wanted: Tree, keeps: boolean): Promise<Different | Broken> {
    const read = await this.read()
    if (read.kind === 'broken') return read
    this.#last = read.tree
    return this.#from(read.tree, wanted, keeps)
  }

  /** Undefined where what FRR was is not to be relied on; others may change what is shared. */
  #remembered(wanted: Tree, keeps: boolean): Different | undefined {
    if (this.#last === undefined || this.#ownership === 'shared') return undefined
    const different = this.#from(this.#last, wanted, keeps)
    return different.plan.every(isHarmless) ? different : undefined
  }

  #from(found: Tree, wanted: Tree, keeps: boolean): Different {
    return { kind: 'different', found, ...differenceOf(found, wanted, this.#ownership, keeps) }
  }

  async #send(plan: Plan): Promise<{ readonly kind: 'sent'; readonly said: Said } | Broken> {
    const said: Said = new Map()
    for (const { daemon, commands } of commandsOf(plan)) {
      const asked = await this.#ask(
        daemon,
        commands.map(({ text }) => text),
      )
      if (asked.kind === 'broken') return asked
      for (const [at, { code, text }] of asked.answers.entries()) {
        const operation = commands[at]?.operation
        if (code !== 0 && operation) said.set(keyOf(operation), shown(text, operation))
      }
    }
    return { kind: 'sent', said }
  }

  /** A daemon that does not run refuses everything. */
  #ask(daemon: Daemon, commands: readonly string[]): ReturnType<Vty['ask']> {
    const vty = this.#daemons.get(daemon)
    if (vty !== undefined) return vty.ask(commands)
    const answers = commands.map(() => ({ code: FAILED, text: `${daemon} does not run` }))
    return Promise.resolve({ kind: 'answered', answers })
  }
}

/** Whether a step does nothing to sessions, even if the neighbour that it would make is there. */
function isHarmless(operation: Operation): boolean {
  const step = 'isNew' in operation ? { ...operation, isNew: false } : operation
  return effectOnSession(step) === 'nothing'
}

/** CMD_WARNING_CONFIG_FAILED of FRR's lib/command.h. */
const FAILED = 13

function isAbsent(code: string): boolean {
  return code === 'ENOENT' || code === 'ECONNREFUSED'
}

function keyOf(operation: Operation): string {
  const { kind, context } = operation
  const what = 'line' in operation ? operation.line : ''
  return [kind, context, what].join('\n')
}

/** FRR repeats in its answers what it does not understand. */
function shown(text: string, operation: Operation): string {
  const secret = 'line' in operation ? secretIn(operation.line) : undefined
  const hidden = secret === undefined ? text : text.replaceAll(secret, '***')
  return hidden.trim()
}
