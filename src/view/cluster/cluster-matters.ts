import { reasonOf, winnerOf } from '../../frontend/denials.ts'
import { frontendText } from '../../model/frontend-id.ts'
import type { Matter } from '../look-at.ts'
import { between } from '../times.ts'
import type { ClusterInput } from './cluster-input.ts'

/** What a view says of the cluster as a whole. */
const CLUSTER = 'cluster'

/**
 * A controller renews its Lease every 2 s. The clocks of the cluster and of this machine may differ
 * by less than this, in milliseconds.
 */
const LONGEST_SILENCE = 60_000

/** Returns what needs a person, that of nodelb itself first. */
export function clusterMatters(input: ClusterInput): readonly Matter[] {
  const first = [
    ...ofAgents(input),
    ...ofController(input),
    ...input.waiting.map(({ about, text }) => ({ about, text: `waits for an address: ${text}` })),
    ...ofAddresses(input),
    ...ofServices(input),
    ...input.silent.map(({ about, text }) => ({ about, text: `nobody announces it: ${text}` })),
    ...input.problems,
  ]
  const told = new Set(first.map(({ about }) => about))
  return [...first, ...ofWarnings(input).filter(({ about }) => !told.has(about))]
}

function ofAgents({ nodes, agents, unread }: ClusterInput): readonly Matter[] {
  if (unread.agents) return []
  if (agents.length === 0) {
    const text = 'no agent runs: no Pod has the label app.kubernetes.io/name=nodelb'
    return [{ about: CLUSTER, text }]
  }
  const covered = new Set(agents.map(({ node }) => node))
  const images = new Set(agents.map(({ image }) => image))
  return [
    ...agents
      .filter(({ ready }) => !ready)
      .map(({ node, pod, reason }) => {
        return { about: node || pod, text: `its agent ${pod} is not ready: ${reason}` }
      }),
    ...nodes
      .filter((node) => !covered.has(node))
      .map((about) => ({ about, text: 'has no agent, so it serves no address' })),
    ...(images.size > 1
      ? [{ about: CLUSTER, text: `agents of ${images.size} images run: ${[...images].join(', ')}` }]
      : []),
  ]
}

function ofController({ lease, at, waiting, unread }: ClusterInput): readonly Matter[] {
  if (unread.lease) return []
  const about = 'controller'
  if (lease === undefined) {
    const text = 'none has ever run here, so no Service gets an address from nodelb'
    return waiting.length === 0 ? [] : [{ about, text }]
  }
  if (lease.holder === '') return [{ about, text: 'the last one ended, and none took its place' }]
  if (!isSilent({ lease, at })) return []
  const text = `${lease.holder} has not renewed the Lease for ${between(lease.renewed, at)}: none runs`
  return [{ about, text }]
}

/** Returns whether the controller that has the Lease does not renew it any more. */
export function isSilent({ lease, at }: Pick<ClusterInput, 'lease' | 'at'>): boolean {
  if (lease === undefined || lease.renewed === '') return false
  return Date.parse(at) - Date.parse(lease.renewed) >= LONGEST_SILENCE
}

function ofAddresses({ served }: ClusterInput): readonly Matter[] {
  return served.denials.map((denial) => {
    const winner = winnerOf(denial)
    const address = frontendText(denial.key)
    const isContested = denial.why.kind === 'contested' && winner !== undefined
    const text = isContested ? `is served for ${winner}, which goes before` : reasonOf(denial)
    return { about: denial.service, text: `${address} ${text}` }
  })
}

/** An address behind which nothing stands. */
function ofServices({ served }: ClusterInput): readonly Matter[] {
  return served.services.flatMap(({ service, frontends }) => {
    const refusing = frontends.filter(({ state, kind }) => {
      return state === 'refuses' && (kind === 'load-balancer' || kind === 'external-ip')
    })
    if (refusing.length === 0) return []
    const addresses = refusing.map(({ address }) => address).join(', ')
    return [{ about: service, text: `no endpoint is ready: ${addresses} refuses connections` }]
  })
}

function ofWarnings({ warnings, at }: ClusterInput): readonly Matter[] {
  const newest = new Map<string, Matter>()
  for (const { about, reason, message, at: seen } of warnings.toSorted(byTime)) {
    const when = seen === '' ? '' : ` (${between(seen, at)} ago)`
    newest.set(`${about} ${reason}`, { about, text: `${reason}: ${message}${when}` })
  }
  return [...newest.values()]
}

function byTime(a: { readonly at: string }, b: { readonly at: string }): number {
  return a.at < b.at ? -1 : 1
}
