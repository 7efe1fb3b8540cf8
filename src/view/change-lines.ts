import type { HeldFrontend } from '../frontend/held-frontend.ts'
import { frontendAddress } from '../model/frontend-id.ts'
import { present } from '../model/present.ts'
import { lastFields, type Tuple, withoutLastFields } from '../model/tuple.ts'
import type { Sign } from '../plan/explain.ts'

/** One line about a change: what comes or goes, in words between which it may be broken. */
export interface Line {
  readonly sign: Sign
  readonly words: readonly string[]
  /** What follows from it; empty if nothing has to be said. */
  readonly note: string
}

/** Returns what differs between a frontend before and after; at least one of them is there. */
export function changeLines(
  before: HeldFrontend | undefined,
  after: HeldFrontend | undefined,
): readonly Line[] {
  if (after === undefined) return [removedLine(present(before))]
  return [
    ...endpointLines(before, after),
    ...insideLines(before, after),
    ...drainedLines(before, after),
    ...sourceLines(before, after),
    ...policyLines(before, after),
    ...affinityLines(before, after),
  ]
}

/** Returns endpoints as people write them, such as `10.244.1.10:8080` or `[fd00::1]:8080`. */
export function textsOf(endpoints: readonly Tuple[]): readonly string[] {
  return endpoints.map((endpoint) => {
    const address = withoutLastFields(endpoint, 1)
    const host = address.includes(':') ? `[${address}]` : address
    return `${host}:${lastFields(endpoint, 1)}`
  })
}

function removedLine({ id, endpoints }: HeldFrontend): Line {
  const goesOn = frontendAddress(id).protocol === 'tcp' && endpoints.length > 0
  const words = [`${counted(endpoints.length)}${goesOn ? ';' : ''}`]
  if (goesOn) words.push(...'open connections go on until they end'.split(' '))
  return { sign: '-', words, note: '' }
}

function counted(endpoints: number): string {
  return endpoints === 1 ? '1 endpoint' : `${endpoints} endpoints`
}

function endpointLines(before: HeldFrontend | undefined, after: HeldFrontend): readonly Line[] {
  const [old, now] = [before?.endpoints ?? [], after.endpoints]
  const [first, ...more] = listed('', old, now)
  if (first !== undefined) {
    const note =
      before === undefined ? '' : `${old.length} -> ${counted(now.length)}${share(after)}`
    return [{ ...first, note }, ...more]
  }
  if (now.length > 0 || before?.unserved === after.unserved) return []
  return [{ sign: '~', words: ['no endpoint here'], note: end(after) }]
}

function share(after: HeldFrontend): string {
  const { endpoints, isLocal } = after
  if (endpoints.length === 0) return `: ${end(after)}`
  if (isLocal) return ', on this node'
  return endpoints.length === 1 ? '' : `, each 1/${endpoints.length}`
}

function end({ unserved }: HeldFrontend): string {
  return unserved === 'reject' ? 'connections are refused' : 'dropped here, other Nodes have some'
}

/** Returns what comes and goes among endpoints; `whose` says for whom they are. */
function listed(whose: string, old: readonly Tuple[], now: readonly Tuple[]): readonly Line[] {
  const [had, has] = [new Set(old), new Set(now)]
  const line = (sign: Sign, all: readonly Tuple[]): readonly Line[] => {
    if (all.length === 0) return []
    const noun = all.length === 1 ? 'endpoint' : 'endpoints'
    return [{ sign, words: [`${noun}${whose}`, ...some(textsOf(all))], note: '' }]
  }
  return [
    ...line(
      '+',
      now.filter((each) => !had.has(each)),
    ),
    ...line(
      '-',
      old.filter((each) => !has.has(each)),
    ),
  ]
}

/** The most endpoints that a line names; the rest is counted, and JSON has all. */
const MOST_NAMED = 5

function some(texts: readonly string[]): readonly string[] {
  const more = texts.length - MOST_NAMED
  const shown = more > 1 ? texts.slice(0, MOST_NAMED) : texts
  const words = shown.map((text, at) => (at < shown.length - 1 ? `${text},` : text))
  return more > 1 ? [...words, `and ${more} more`] : words
}

/**
 * Under policy Local pods and the node use all endpoints, clients from outside those here. Where
 * the policy itself changes, that is said instead.
 */
function insideLines(before: HeldFrontend | undefined, after: HeldFrontend): readonly Line[] {
  if (before?.inside === undefined || after.inside === undefined) return []
  const here = new Set([...before.endpoints, ...after.endpoints])
  const elsewhere = ({ inside = [] }: HeldFrontend): readonly Tuple[] =>
    inside.filter((each) => !here.has(each))
  return listed(' for pods and the node', elsewhere(before), elsewhere(after))
}

/** An endpoint that gets no new connections goes when it has ended; only ipvs knows of it. */
function drainedLines(before: HeldFrontend | undefined, after: HeldFrontend): readonly Line[] {
  const [old = [], now = []] = [before?.draining, after.draining]
  const stays = new Set([...now, ...after.endpoints])
  const gone = old.filter((each) => !stays.has(each))
  return gone.length === 0
    ? []
    : [{ sign: '-', words: ['drained', ...some(textsOf(gone))], note: '' }]
}

function sourceLines(before: HeldFrontend | undefined, after: HeldFrontend): readonly Line[] {
  const [old, now] = [textOfSources(before), textOfSources(after)]
  if (old === now) return []
  const words = present(now ?? old).split(' ')
  return [
    {
      sign: signOf(old, now),
      words: ['only for', ...words, '(loadBalancerSourceRanges)'],
      note: '',
    },
  ]
}

function textOfSources(held: HeldFrontend | undefined): string | undefined {
  if (held?.sources === undefined) return undefined
  // The address itself is among them so that the node may reach it, which nobody asks about.
  const own: string | undefined = frontendAddress(held.id).address
  const others = held.sources.filter((source) => source !== own)
  return others.length === 0 ? 'nobody' : others.join(', ')
}

function policyLines(before: HeldFrontend | undefined, after: HeldFrontend): readonly Line[] {
  if (isSilent(before, after)) return []
  if ((before?.isLocal ?? false) === after.isLocal) return []
  const words = ['externalTrafficPolicy', 'Local']
  return [{ sign: after.isLocal ? '+' : '-', words, note: '' }]
}

/** Rules without endpoints have neither policy nor affinity, whatever the Service says. */
function isSilent(before: HeldFrontend | undefined, after: HeldFrontend): boolean {
  return [before, after].some((held) => held?.unserved === 'reject')
}

function affinityLines(before: HeldFrontend | undefined, after: HeldFrontend): readonly Line[] {
  const [old, now] = [before?.remembered, after.remembered]
  if (old === now || isSilent(before, after)) return []
  const sign = signOf(old, now)
  return [{ sign, words: ['session affinity,', `${now ?? old} s`], note: '' }]
}

function signOf(old: unknown, now: unknown): Sign {
  if (now === undefined) return '-'
  return old === undefined ? '+' : '~'
}
