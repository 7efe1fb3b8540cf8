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
  const claimants = new Map<Tuple, Set<ServiceName>>()
  const contested = new Set<Tuple>()

  const winner = (key: Tuple): ServiceName | undefined => {
    let best: ServiceObject | undefined
    for (const name of claimants.get(key) ?? []) {
      const rival = services.get(name)?.service
      if (rival !== undefined && (best === undefined || outranks(rival, best))) best = rival
    }
    return best === undefined ? undefined : serviceName(best)
  }

  const settleKey = (key: Tuple, name: ServiceName, present: boolean): void => {
    const names = claimants.get(key) ?? new Set()
    if (present) names.add(name)
    else names.delete(name)
    if (names.size === 0) claimants.delete(key)
    else claimants.set(key, names)
    if (names.size > 1) contested.add(key)
    else contested.delete(key)
  }

  return {
    replace(name, service, claims) {
      const before = services.get(name)?.claims ?? []
      const affected = new Set<ServiceName>([name])
      const rivals = (): void => {
        for (const { key } of [...before, ...claims]) {
          if (contested.has(key)) for (const rival of claimants.get(key) ?? []) affected.add(rival)
        }
      }
      rivals()
      for (const { key } of before) settleKey(key, name, false)
      if (service === undefined) services.delete(name)
      else {
        services.set(name, { service, claims })
        for (const { key } of claims) settleKey(key, name, true)
      }
      rivals()
      return affected
    },
    won: (name) =>
      (services.get(name)?.claims ?? []).filter(
        ({ key }) => !contested.has(key) || winner(key) === name,
      ),
    conflicts: () =>
      [...contested].sort().flatMap((key) => {
        const best = winner(key)
        if (best === undefined) return []
        const losers = [...(claimants.get(key) ?? [])].filter((name) => name !== best).sort()
        return losers.map((loser) => ({ key, winner: best, loser }))
      }),
  }
}
