import type { IpFamily } from '../../model/address.ts'
import type { ClusterInput } from './cluster-input.ts'

/** How full a pool is in one family. */
export interface PoolRow {
  readonly pool: string
  readonly family: IpFamily
  /** Addresses that may be given. */
  readonly size: bigint
  readonly used: number
  /** How many are left to give. */
  readonly free: bigint
  /** From 0 to 100, rounded down. */
  readonly percent: number
  /** The Services that have an address of it, in order of name. */
  readonly services: readonly string[]
}

/** Returns the pools in order of name, IPv4 first. */
export function poolList({ usage, given }: ClusterInput): readonly PoolRow[] {
  return usage.map(({ pool, family, size, held }): PoolRow => {
    const mine = given.filter((each) => {
      return each.pool === pool && each.address.includes(':') === (family === 'ipv6')
    })
    const free = size > BigInt(held) ? size - BigInt(held) : 0n
    const services = [...new Set(mine.map(({ service }) => service))].sort()
    return { pool, family, size, used: held, free, percent: percentOf(size, held), services }
  })
}

function percentOf(size: bigint, held: number): number {
  if (size === 0n || BigInt(held) >= size) return 100
  return Number((BigInt(held) * 100n) / size)
}
