import { reasonOf, winnerOf } from '../../frontend/denials.ts'
import { frontendText } from '../../model/frontend-id.ts'
import type { Matter } from '../look-at.ts'
import { between } from '../times.ts'
import type { ClusterInput } from './cluster-input.ts'
import { heardOf, isOld } from './node-list.ts'

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
    ...ofNodes(input),
    ...input.waiting.map(({ about, text }) => ({ about, text: `waits for an address: ${text}` })),
    ...ofAddresses(input),
    ...ofServices(input),
    ...ofKernels(input),
    ...input.silent.map(({ about, text }) => ({ about, text: `nobody announces it: ${text}` })),
    ...input.problems,
  ]
  const told = new Set(first.map(({ about }) => about))
  return [...first, ...ofWarnings(input).filter(({ about }) => !told.has(about))]
}

/**
 * What the kubelet says of containers that run and are not ready (pkg/kubelet/status/generate.go). It knows no more,
 * and the agent itself knows why; of one that does not run, what it told before says nothing.
 */
const RUNS_UNREADY = /^containers with unready status: /

function ofAgents(input: ClusterInput): readonly Matter[] {
  const { nodes, agents, unread } = input
  if (unread.agents) return []
  if (agents.length === 0) {
    const text = 'no agent runs: no Pod has the label app.kubernetes.io/name=nodelb'
    return [{ about: CLUSTER, text }]
  }
  const covered = new Set(agents.map(({ node }) => node))
  const images = new Set(agents.map(({ image }) => image))
  const whys = new Map(heardOf(input).map((each) => [each.node, each.ready ? '' : each.reason]))
  return [
    ...agents
      .filter(({ ready }) => !ready)
      .map(({ node, pod, reason }) => {
        const why = RUNS_UNREADY.test(reason) ? whys.get(node) : ''
        return { about: node || pod, text: `its agent ${pod} is not ready: ${why || reason}` }
      }),
    ...nodes
      .filter((node) => !covered.has(node))
      .map((about) => ({ about, text: 'has no agent, so it serves no address' })),
    ...(images.size > 1
      ? [{ about: CLUSTER, text: `agents of ${images.size} images run: ${[...images].join(', ')}` }]
      : []),
  ]
}

/** The Nodes whose agents are ready, and do not tell of them any more. */
function ofNodes({ told, agents, at }: ClusterInput): readonly Matter[] {
  const up = new Set(agents.flatMap(({ node, ready }) => (ready ? node : [])))
  return told.flatMap((each) => {
    const { node: about, observedAt } = each
    if (!up.has(about) || !isOld(each, at)) return []
    return [{ about, text: `its agent has not told how it fares for ${between(observedAt, at)}` }]
  })
}

/** The Services that kernels refused, each with the Nodes where that is so and the reason that one of them gives. */
function ofKernels(input: ClusterInput): readonly Matter[] {
  const found = new Map<string, { readonly nodes: string[]; readonly reason: string }>()
  for (const { node, refused } of heardOf(input)) {
    for (const { service, reason } of refused) {
      const known = found.get(service) ?? { nodes: [], reason }
      known.nodes.push(node)
      found.set(service, known)
    }
  }
  return [...found].map(([about, { nodes, reason }]) => {
    const where = nodes.length === 1 ? nodes[0] : `${nodes.length} Nodes`
    return { about, text: `stays as it was on ${where}, for the kernel refuses it: ${reason}` }
  })
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
function isSilent({ lease, at }: Pick<ClusterInput, 'lease' | 'at'>): boolean {
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
