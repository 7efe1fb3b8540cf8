import type { FrontendInput, ServiceInput, StatusInput } from './status-input.ts'
import { between } from './times.ts'

/** Something that needs a person: what it is about, and what is the matter. */
export interface Matter {
  readonly about: string
  readonly text: string
}

/** Returns what needs a person, that of the whole node first. */
export function mattersOf(status: StatusInput): readonly Matter[] {
  return [...ofNode(status), ...ofKernel(status), ...ofAddresses(status), ...ofObjects(status)]
}

function ofNode(status: StatusInput): readonly Matter[] {
  const { node: about, ready, reason, conditions } = status
  return [
    ...(ready ? [] : [`not ready: ${reason}`]),
    ...lastingTroubles(status),
    ...conditions,
    ...watchTroubles(status),
  ].map((text) => ({ about, text }))
}

function lastingTroubles(status: StatusInput): readonly string[] {
  const { failing, waiting, refusedConfiguration: refused, doubt, at } = status
  const text = (what: string, { since, reason }: { since: string; reason: string }): string =>
    `${what} for ${between(since, at)}: ${reason}`
  const waits = waiting?.failed ? 'fails' : 'waits'
  return [
    ...(failing ? [text('commits fail', failing)] : []),
    ...(waiting ? [text(`configuration ${waiting.source} ${waits}`, waiting)] : []),
    ...(refused ? [text(`configuration ${refused.source} cannot be used`, refused)] : []),
    ...(doubt ? [text('the kernel is not verified', doubt)] : []),
  ]
}

function watchTroubles({ watches, at }: StatusInput): readonly string[] {
  const lost = Object.entries(watches).filter(([, { kind }]) => kind !== 'following')
  return lost.map(([resource, { kind, since, reason }]) => {
    const why = reason === undefined ? '' : `: ${reason}`
    return `${resource} are not followed for ${between(since, at)}: ${kind}${why}`
  })
}

function ofKernel({ refused }: StatusInput): readonly Matter[] {
  return refused.map(({ service, reason }) => {
    return { about: service, text: `stays as it was, for the kernel refuses it: ${reason}` }
  })
}

function ofObjects(status: StatusInput): readonly Matter[] {
  const { node, invalid, problems, healthChecksWaiting, allocation } = status
  const told = new Set(invalid.flatMap((each) => each.problems))
  return [
    ...problems.flatMap((text) => (told.has(text) ? [] : { about: node, text })),
    ...invalid.flatMap(({ object, service, problems: mine }) =>
      mine.map((text) => ({ about: service ?? nameOf(object), text })),
    ),
    ...healthChecksWaiting.map(({ service, port, reason }) => {
      return { about: service, text: `health-check port ${port} cannot be opened: ${reason}` }
    }),
    ...allocation.map(({ object, problem }) => ({ about: nameOf(object), text: problem })),
  ]
}

/** Returns `shop/web` of `Service shop/web` and of `Service/shop/web`. */
function nameOf(object: string): string {
  return object.replace(/^Service[ /]/, '')
}

function ofAddresses(status: StatusInput): readonly Matter[] {
  const { contested, refusedAddresses, moreAddresses, heldPorts } = status
  const services = new Map(status.services.map((each) => [each.service, each]))
  return [
    ...contested.map(({ service, address, winner }) => {
      const why = whyFirst(address, services.get(winner), services.get(service))
      return { about: service, text: `${address} is served for ${winner}, ${why}` }
    }),
    ...refusedAddresses.map(({ service, address, reason }) => {
      return { about: service, text: `${address} ${reason}` }
    }),
    ...moreAddresses.map(({ service, addresses }) => {
      return { about: service, text: `${addresses} more of its addresses are not served` }
    }),
    ...heldPorts.map(({ service, ports }) => {
      const text = `${ports.join(', ')} ${ports.length === 1 ? 'is' : 'are'} served for it, so what else listens there on this node gets no connections (ss -lntup shows it)`
      return { about: service, text }
    }),
  ]
}

const KINDS: Readonly<Record<FrontendInput['kind'], string>> = {
  'cluster-ip': 'ClusterIP',
  'node-port': 'NodePort',
  'load-balancer': 'load-balancer address',
  'external-ip': 'externalIP',
}

/** Says by which rule a Service goes before another one, as far as the two tell. */
function whyFirst(
  address: string,
  winner: ServiceInput | undefined,
  loser: ServiceInput | undefined,
): string {
  const first = kindAt(address, winner)
  const second = kindAt(address, loser)
  if (winner === undefined || loser === undefined || first === undefined) return 'which goes before'
  if (first !== second) return `whose ${KINDS[first]} it is`
  if (winner.created === loser.created) return 'which is as old and has the smaller name'
  return 'which is older'
}

function kindAt(
  address: string,
  service: ServiceInput | undefined,
): FrontendInput['kind'] | undefined {
  return service?.frontends.find((each) => each.address === address)?.kind
}
