import { type OpenIpvsSockets, openIpvsSockets } from '../../apply/ipvs/sockets.ts'
import { readKernel } from '../../apply/nftables/read.ts'
import { wantedOnNode } from '../../apply/sysctl/ipvs-node.ts'
import type { SysctlOutcome } from '../../apply/sysctl/prepare-node.ts'
import { differingSysctls, setSaved } from '../../apply/sysctl/saved.ts'
import type { IpFamily } from '../../model/address.ts'
import { ipvsOf } from '../../model/backend.ts'
import type { Settings } from '../../model/node.ts'
import { allAtOnce } from '../../model/steps.ts'
import type { ShownOperation } from '../../plan/explain.ts'
import { shownIpvs } from '../../plan/ipvs/explain.ts'
import { frontendsOfServers } from '../../plan/ipvs/held-frontends.ts'
import { labelOf, recordedServers } from '../../plan/ipvs/ownership.ts'
import { aroundIpvs } from '../../plan/ipvs/steps.ts'
import { shown } from '../../plan/nftables/explain.ts'
import { owners } from '../../plan/nftables/owners.ts'
import { plan } from '../../plan/nftables/plan.ts'
import type { NodeSysctl } from '../../plan/sysctls/ipvs.ts'
import type { KernelRuleset, Ruleset } from '../../ruleset/nftables/types.ts'
import type { Dataplane, Goal, Programmed, Proposed } from '../dataplane.ts'
import { nameKernel } from '../nftables/program.ts'
import type { ReopeningSocket } from '../reopening-socket.ts'
import type { SessionOptions, Started } from '../session.ts'
import { intrusions, ipvsTask } from './compare.ts'
import { startIpvsSession } from './session.ts'
import { type IpvsState, readIpvsState, renderBesideIpvs } from './state.ts'

interface IpvsDataplaneParts {
  readonly socket: ReopeningSocket
  /** The file that keeps the former values of the kernel's settings. */
  readonly sysctlFile: string
  readonly onSysctl: (outcome: SysctlOutcome) => void
  /** Replaces the sockets of this machine. */
  readonly open?: OpenIpvsSockets
}

/**
 * Programs virtual servers, a dummy interface with their addresses, and a small table beside them.
 */
export class IpvsDataplane implements Dataplane {
  readonly #parts: Required<IpvsDataplaneParts>

  constructor(parts: IpvsDataplaneParts) {
    this.#parts = { open: openIpvsSockets, ...parts }
  }

  async propose(goal: Goal): Promise<Proposed> {
    const sockets = this.#parts.open()
    try {
      const { settings } = goal
      const { interface: dummy } = ipvsOf(settings)
      const { ruleset: tables } = await readKernel(this.#parts.socket.open())
      const found = await readIpvsState(sockets, dummy)
      return proposeBeside(goal, tables, found, {
        named: (desired) => nameKernel(tables, desired, settings),
        sysctls: (desired) => differing(wantedFor(settings, familiesOf(desired))),
      })
    } finally {
      sockets.close()
    }
  }

  /**
   * Tables with flags from an owning process keep them: they are complete, and without the flags
   * they would have to be made again.
   */
  async program(goal: Goal): Promise<Programmed> {
    const { ruleset } = await readKernel(await this.#parts.socket.working())
    const flagged = [ruleset.ip, ruleset.ip6].some((table) => (table?.flags ?? 0) !== 0)
    const started = await this.start(goal, { ownership: flagged ? 'kernel' : 'none' })
    if (started.kind === 'failed') return started.outcome
    const { session, first } = started
    const { operations, bytes } = first
    const { renderer } = session
    const refusals = [...session.refusals().values()]
    const [services, denials] = [renderer.services(), renderer.denials()]
    const { situation } = renderer
    const { holds } = session
    session.close()
    const told = { services, refusals, denials, situation, holds }
    return { kind: 'committed', operations, bytes, ...told }
  }

  async start(goal: Goal, options: SessionOptions): Promise<Started> {
    const { socket, sysctlFile: file, onSysctl, open } = this.#parts
    const prepare = (families: readonly IpFamily[]): void => {
      for (const outcome of setSaved(wantedFor(goal.settings, families), { file })) {
        onSysctl(outcome)
      }
    }
    return startIpvsSession(await socket.working(), goal, options, { open, prepare })
  }
}

/** What only a look at the node can provide besides what was found. */
interface OfNode {
  /** Returns the found tables with the texts of their rules. */
  readonly named: (desired: Ruleset) => KernelRuleset
  /** Returns the settings of the node that differ. */
  readonly sysctls: (desired: Ruleset) => readonly ShownOperation[]
}

/**
 * Returns what is missing compared with what was found; Services whose servers are taken are
 * exempt.
 */
export function proposeBeside(
  goal: Goal,
  tables: KernelRuleset,
  found: IpvsState,
  { named, sysctls }: OfNode,
): Proposed {
  const { excludedRanges } = ipvsOf(goal.settings)
  const renderer = allAtOnce(renderBesideIpvs(goal, tables, found))
  const compared = { tables, current: found.ipvs, recorded: recordedServers(tables) }
  for (const { refusal, lost } of intrusions(compared, renderer)) {
    renderer.refuse(refusal, lost)
  }
  const desired = renderer.ruleset()
  const kernel = named(desired)
  const { before, after } = aroundIpvs(plan(kernel, desired))
  const ownerOf = owners(kernel, desired)
  const task = ipvsTask(compared, renderer, excludedRanges)
  const operations = [
    ...sysctls(desired),
    ...shown(before, ownerOf),
    ...shownIpvs(task.plan, (key) => labelOf(desired, key) ?? labelOf(tables, key)),
    ...shown(after, ownerOf),
  ]
  const denials = renderer.denials()
  const refusals = [...renderer.refusals().values()]
  const { situation } = renderer
  const servers = renderer.ipvs()?.servers ?? new Map()
  const frontends = () => ({
    before: frontendsOfServers(tables, found.ipvs.servers),
    after: frontendsOfServers(desired, servers),
  })
  const count = operations.length
  return { kind: 'proposed', operations, count, frontends, denials, situation, refusals }
}

/** Returns the settings that the node needs where these families have tables. */
function wantedFor(settings: Settings, families: readonly IpFamily[]): readonly NodeSysctl[] {
  const { strictArp } = ipvsOf(settings)
  return wantedOnNode({ families, strictArp })
}

function familiesOf({ ip, ip6 }: { ip?: unknown; ip6?: unknown }): readonly IpFamily[] {
  return [...(ip ? (['ipv4'] as const) : []), ...(ip6 ? (['ipv6'] as const) : [])]
}

function differing(wanted: readonly NodeSysctl[]): readonly ShownOperation[] {
  return differingSysctls(wanted).map(({ name, from, to }) => ({
    kind: 'set-sysctl',
    family: undefined,
    owner: undefined,
    about: 'sysctls',
    sign: '~',
    text: `sysctl ${name} = ${to} (now ${from ?? 'unknown'})`,
  }))
}
