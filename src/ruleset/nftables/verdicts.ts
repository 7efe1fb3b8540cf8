import type { Tuple } from '../../model/tuple.ts'
import { splitNumber } from './sets.ts'
import type { ElementValue } from './types.ts'

/** Names the chain that remembers, for so many seconds, clients who were led to this seat. */
export function rememberChain(seconds: number, seat: number): string {
  return `${REMEMBER}-${seconds}-${seat}`
}

const REMEMBER = 'remember'

/** Returns what a chain of that name remembers; undefined for other chains, and for sets. */
export function remembering(
  name: string,
): { readonly seconds: number; readonly seat: number } | undefined {
  if (!name.startsWith(REMEMBER)) return undefined
  const [rest = '', seat] = splitNumber(name) ?? []
  const [stem, seconds] = splitNumber(rest) ?? []
  return stem !== REMEMBER || seat === undefined || seconds === undefined
    ? undefined
    : { seconds, seat }
}

/** Returns the data of a verdict map's element that leads to this chain. */
export function goTo(chain: string): Tuple {
  return `${GO_TO}${chain}` as Tuple
}

const GO_TO = 'goto '

/** Returns the chain that an element leads to; undefined if its data is no verdict. */
export function chainCalledBy({ data }: ElementValue): string | undefined {
  return data?.startsWith(GO_TO) ? data.slice(GO_TO.length) : undefined
}
