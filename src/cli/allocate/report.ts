import type { Allocation, Grant, PoolUsage } from '../../allocate/allocation.ts'
import { byName } from '../../allocate/order.ts'
import type { ObjectProblem } from '../../decode/object-problem.ts'
import type { Address } from '../../model/address.ts'
import { serviceName } from '../../model/service-name.ts'

/** What `nodelb allocate` prints, before it is made text or JSON. */
export interface AllocationReport {
  readonly services: readonly ServiceEntry[]
  readonly problems: readonly ObjectProblem[]
  /** What is allowed and may not be as it was meant. */
  readonly hints: readonly ObjectProblem[]
  /** What an agent remembers of Services that are not in the files. */
  readonly gone: readonly GoneService[]
  readonly usage: readonly PoolUsage[]
}

export interface ServiceEntry {
  readonly namespace: string
  readonly name: string
  /** The addresses of the status before. */
  readonly before: readonly Address[]
  /** The addresses of the status as it has to be. */
  readonly ingress: readonly Address[]
  /** The pool of the addresses; undefined if they are of Nodes or of no pool. */
  readonly pool: string | undefined
  readonly state: 'assigned' | 'pending' | 'ignored'
  readonly reason: string
}

/** A Service that is not in the files, and whose addresses are kept until another one gets them. */
export interface GoneService {
  readonly namespace: string
  readonly name: string
  readonly addresses: readonly Address[]
  readonly pool: string | undefined
}

/** A Service to which we give no address, with what becomes of its status. */
export interface IgnoredService {
  readonly namespace: string
  readonly name: string
  readonly before: readonly Address[]
  readonly after: readonly Address[]
  readonly reason: string
}

/** What a report is made of. */
interface Findings extends Allocation {
  readonly hints: readonly ObjectProblem[]
  readonly gone: readonly GoneService[]
}

/** Returns the report on an allocation. `before` gives the statuses by `namespace/name`. */
export function reportOf(
  { grants, problems, hints, gone, usage }: Findings,
  ignored: readonly IgnoredService[],
  before: ReadonlyMap<string, readonly Address[]>,
  print: (reason: Grant['reason']) => string,
): AllocationReport {
  const given = grants.map((grant): ServiceEntry => {
    const { namespace, name, addresses, reason } = grant
    const ingress = addresses.map(({ address }) => address)
    return {
      namespace,
      name,
      before: before.get(serviceName(grant)) ?? [],
      ingress,
      pool: addresses.find(({ pool }) => pool !== undefined)?.pool,
      state: ingress.length > 0 ? 'assigned' : 'pending',
      reason: print(reason),
    }
  })
  const others = ignored.map(({ after, ...rest }): ServiceEntry => {
    return { ...rest, ingress: after, pool: undefined, state: 'ignored' }
  })
  return { services: [...given, ...others].sort(byName), problems, hints, gone, usage }
}

/** Returns the report on one Service, `namespace/name`, alone; undefined if there is none. */
export function reportOn(report: AllocationReport, service: string): AllocationReport | undefined {
  const services = report.services.filter((each) => serviceName(each) === service)
  if (services.length === 0) return undefined
  const problems = report.problems.filter(({ object }) => object === `Service/${service}`)
  return { ...report, services, problems, hints: [], gone: [] }
}
