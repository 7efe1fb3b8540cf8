import type { ServiceObject } from '../model/service.ts'
import type { Tuple } from '../ruleset/types.ts'
import { type Claim, type Conflict, outranks, type ServiceName, serviceName } from './claims.ts'

/** Who asks for which address, and who has it. */
export interface ClaimBook {
  /** Replaces the claims of a Service and returns the Services whose claims were won or lost by it. */
  replace(
    name: ServiceName,
    service: ServiceObject | undefined,
    claims: readonly Claim[],
  ): Set<ServiceName>
  /** The claims that the Service has won. */
  won(name: ServiceName): readonly Claim[]
  conflicts(): readonly Conflict[]
}

export function claimBook(): ClaimBook {
  const services = new Map<ServiceName, { service: ServiceObject; claims: readonly Claim[] }>()
  // Nearly every address has one claimant; a set of names for each would weigh more than its claim.
  const holders = new Map<Tuple, ServiceName>()
  const contested = new Map<Tuple, Set<ServiceName>>()

  const winner = (rivals: ReadonlySet<ServiceName>): ServiceName | undefined => {
    let best: ServiceObject | undefined
    for (const name of rivals) {
      const rival = services.get(name)?.service
      if (rival !== undefined && (best === undefined || outranks(rival, best))) best = rival
    }
    return best === undefined ? undefined : serviceName(best)
  }

  const enter = (key: Tuple, name: ServiceName): void => {
    const rivals = contested.get(key)
    const holder = holders.get(key)
    if (rivals !== undefined) rivals.add(name)
    else if (holder === undefined || holder === name) holders.set(key, name)
    else {
      holders.delete(key)
      contested.set(key, new Set([holder, name]))
    }
  }

  const leave = (key: Tuple, name: ServiceName): void => {
    const rivals = contested.get(key)
    if (rivals === undefined) {
      holders.delete(key)
      return
    }
    rivals.delete(name)
    const [last, ...others] = rivals
    if (last === undefined || others.length > 0) return
    contested.delete(key)
    holders.set(key, last)
  }

  return {
    replace(name, service, claims) {
      const before = services.get(name)?.claims ?? []
      const affected = new Set<ServiceName>([name])
      const rivals = (): void => {
        for (const { key } of [...before, ...claims]) {
          for (const rival of contested.get(key) ?? []) affected.add(rival)
        }
      }
      rivals()
      for (const { key } of before) leave(key, name)
      if (service === undefined) services.delete(name)
      else {
        services.set(name, { service, claims })
        for (const { key } of claims) enter(key, name)
      }
      rivals()
      return affected
    },
    won: (name) =>
      (services.get(name)?.claims ?? []).filter(({ key }) => {
        const rivals = contested.get(key)
        return rivals === undefined || winner(rivals) === name
      }),
    conflicts: () =>
      [...contested.keys()].sort().flatMap((key) => {
        const rivals = contested.get(key) ?? new Set()
        const best = winner(rivals)
        if (best === undefined) return []
        const losers = [...rivals].filter((name) => name !== best).sort()
        return losers.map((loser) => ({ key, winner: best, loser }))
      }),
  }
}
