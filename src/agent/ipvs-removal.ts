import { commitIpvs } from '../apply/ipvs/commit.ts'
import { readIpvs } from '../apply/ipvs/read.ts'
import { type IpvsSockets, openIpvsSockets } from '../apply/ipvs/sockets.ts'
import { NetlinkError } from '../apply/netlink/netlink-error.ts'
import { listOwnDummies } from '../apply/rtnetlink/links.ts'
import { defaultIpvsSettings } from '../model/ipvs.ts'
import { planIpvs } from '../plan/ipvs.ts'
import { ipvsTextOf } from '../plan/ipvs-explain.ts'
import type { IpvsPlan } from '../plan/ipvs-operation.ts'
import type { RecordedServers } from '../plan/ipvs-ownership.ts'
import type { IpvsRules } from '../ruleset/ipvs.ts'

/**
 * Removes the virtual servers that are `recorded` as ours, and the interfaces that we made with all
 * that is on them; `keep` is the interface in use. Says what, a phrase each. Rejects with
 * NetlinkError where something stays.
 */
export async function removeIpvs(
  recorded: RecordedServers,
  keep?: string,
): Promise<readonly string[]> {
  const sockets = openIpvsSockets()
  try {
    const own = (await listOwnDummies(sockets.route)).map(({ name }) => name)
    const names = own.filter((name) => name !== keep)
    const plans: IpvsPlan[] = []
    for (const name of names) plans.push(await remove(sockets, name, recorded))
    const servers = keep === undefined && recorded !== undefined && recorded.size > 0
    if (names.length === 0 && servers) plans.push(await remove(sockets, NO_DUMMY, recorded))
    return phrases(plans.flat())
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
): Promise<IpvsPlan> {
  const reading = await readIpvs(sockets, dummy)
  if (reading.kind !== 'read') return []
  const { kernel: current } = reading
  const options = { recorded, excludedRanges: [] }
  const plan = planIpvs(current, { ...NOTHING, dummy }, options)
  const { failures } = await commitIpvs(sockets, plan, () => true)
  for (const { operation, errno, reason } of failures) {
    throw new NetlinkError(errno, ipvsTextOf(operation), { explanation: reason })
  }
  return plan
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
