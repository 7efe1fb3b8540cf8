import type { HeldFrontend } from '../../frontend/held-frontend.ts'
import { type IpFamily, parseAddress, parseCidr } from '../../model/address.ts'
import { familyOfTable, type TableFamily } from '../../model/family.ts'
import { present } from '../../model/present.ts'
import { type Tuple, tuple } from '../../model/tuple.ts'
import { DROP } from '../../ruleset/iptables/rule.ts'
import type { IptablesRuleset, RuleText } from '../../ruleset/iptables/types.ts'
import type { FrontChain } from './front-chains.ts'
import { type HeldFront, leavesOf } from './leaves.ts'

/** Returns the frontends that the chains of both families stand for. */
export function frontendsInChains(ruleset: IptablesRuleset): readonly HeldFrontend[] {
  return (['ip', 'ip6'] as const).flatMap((family) =>
    [...leavesOf(ruleset[family] ?? new Map()).fronts].map(([id, front]) =>
      heldFront(family, id, front),
    ),
  )
}

function heldFront(family: TableFamily, id: Tuple, held: HeldFront): HeldFrontend {
  const { label, refusal, source } = held
  const { serve, every, allow } = held.chains
  return {
    ...{ family, id, label, isLocal: every !== undefined },
    endpoints: endpointsIn(serve),
    inside: every && endpointsIn(every),
    unserved: refusal === undefined ? undefined : refusal.endsWith(DROP) ? 'drop' : 'reject',
    sources: source === undefined ? undefined : sourcesIn(allow, familyOfTable(family)),
    remembered: secondsIn([...(serve?.rules ?? []), ...(every?.rules ?? [])]),
  }
}

const ENDPOINT = / --to-destination \[?(.*?)\]?:(\d+)$/

/** Returns the endpoints that a chain leads to, sorted; with affinity each is in two rules. */
function endpointsIn(chain: FrontChain | undefined): readonly Tuple[] {
  const found = new Set<Tuple>()
  for (const rule of chain?.rules ?? []) {
    const match = ENDPOINT.exec(rule)
    if (match !== null) found.add(tuple(addressIn(present(match[1])), present(match[2])))
  }
  return [...found].sort()
}

const SOURCE = /^(?:-s (?<prefix>\S+) |-m iprange --src-range (?<range>\S+) )?-j RETURN$/

/** Returns the sources that a chain lets pass, sorted, in the text of sets. */
function sourcesIn(chain: FrontChain | undefined, family: IpFamily): readonly string[] {
  const found = (chain?.rules ?? []).flatMap((rule) => {
    const match = SOURCE.exec(rule)
    return match === null ? [] : sourceOf({ ...match.groups }, family)
  })
  return found.sort()
}

function sourceOf(
  { prefix, range }: { readonly prefix?: string; readonly range?: string },
  family: IpFamily,
): string {
  if (range !== undefined) return range.split('-').map(addressIn).join('-')
  if (prefix === undefined) return family === 'ipv4' ? '0.0.0.0/0' : '::/0'
  const host = prefix.replace(HOST[family], '')
  return host.includes('/') ? (parseCidr(host)?.value ?? host) : addressIn(host)
}

const HOST: Readonly<Record<IpFamily, RegExp>> = { ipv4: /\/32$/, ipv6: /\/128$/ }

/** Returns an address in canonical text. Others may have put rules with anything else there. */
function addressIn(text: string): string {
  return parseAddress(text)?.value ?? text
}

const SECONDS = / --update --seconds (\d+) /

function secondsIn(rules: readonly RuleText[]): number | undefined {
  const [seconds] = rules.flatMap((rule) => SECONDS.exec(rule)?.[1] ?? [])
  return seconds === undefined ? undefined : Number(seconds)
}
