import { commitIpvs } from '../../apply/ipvs/commit.ts'
import type { IpvsFailure } from '../../apply/ipvs/failure.ts'
import { readIpvs } from '../../apply/ipvs/read.ts'
import {
  type IpvsSockets,
  type OpenIpvsSockets,
  openIpvsSockets,
} from '../../apply/ipvs/sockets.ts'
import { listOwnDummies } from '../../apply/rtnetlink/links.ts'
import { defaultIpvsSettings } from '../../model/ipvs.ts'
import { ipvsTextOf } from '../../plan/ipvs/explain.ts'
import type { IpvsPlan } from '../../plan/ipvs/operation.ts'
import type { RecordedServers } from '../../plan/ipvs/ownership.ts'
import { planIpvs } from '../../plan/ipvs/plan.ts'
import type { IpvsRules } from '../../ruleset/ipvs/types.ts'
import type { PartRemoval } from '../removal.ts'

interface IpvsRemoval {
  /** The virtual servers that are known to be nodelb's. */
  readonly recorded: RecordedServers
  /** The interface in use, which stays. */
  readonly keep?: string | undefined
  readonly signal?: AbortSignal | undefined
  /** Replaces the sockets of this machine. */
  readonly open?: OpenIpvsSockets
}

/**
 * Removes nodelb's virtual servers, and the interfaces that it made with all their addresses, one
 * after the other until the signal is aborted. Rejects with NetlinkError.
 */
export async function removeIpvs({
  recorded,
  keep,
  signal,
  open = openIpvsSockets,
}: IpvsRemoval): Promise<PartRemoval> {
  const sockets = open()
  try {
    const own = (await listOwnDummies(sockets.route)).map(({ name }) => name)
    const names = own.filter((name) => name !== keep)
    const servers = keep === undefined && recorded !== undefined && recorded.size > 0
    const done: IpvsPlan[] = []
    for (const name of names.length === 0 && servers ? [NO_DUMMY] : names) {
      if (signal?.aborted) break
      const { plan, failures } = await remove(sockets, name, recorded)
      done.push(plan)
      const [first] = failures
      if (first !== undefined) return { removed: phrases(done.flat()), remains: textOf(first) }
    }
    return { removed: phrases(done.flat()) }
  } finally {
    sockets.close()
  }
}

/** A name that no interface can have. */
const NO_DUMMY = ' '

async function remove(
  sockets: IpvsSockets,
  dummy: string,
  recorded: RecordedServers,
): Promise<{ readonly plan: IpvsPlan; readonly failures: readonly IpvsFailure[] }> {
  const reading = await readIpvs(sockets, dummy)
  if (reading.kind !== 'read') return { plan: [], failures: [] }
  const { kernel: current } = reading
  const options = { recorded, excludedRanges: [] }
  const plan = planIpvs(current, { ...NOTHING, dummy }, options)
  const { failures } = await commitIpvs(sockets, plan, () => true)
  const failed = new Set(failures.map(({ operation }) => operation))
  return { plan: plan.filter((operation) => !failed.has(operation)), failures }
}

function textOf({ operation, errno, reason }: IpvsFailure): string {
  return `${ipvsTextOf(operation)}: ${errno}, ${reason}`
}

const NOTHING: IpvsRules = {
  servers: new Map(),
  addresses: new Set(),
  dummy: defaultIpvsSettings.interface,
  timeouts: undefined,
  filter: {},
}

function phrases(plan: IpvsPlan): readonly string[] {
  const servers = plan.filter(({ kind }) => kind === 'delete-server').length
  const dummies = plan.flatMap((each) => (each.kind === 'delete-dummy' ? [each.name] : []))
  return [
    ...(servers === 0 ? [] : [`${servers} virtual server${servers === 1 ? '' : 's'}`]),
    ...dummies.map((name) => `interface ${name}`),
  ]
}
