import { type Matter, mattersOf } from './look-at.ts'
import { isInOrder, rowsOf, type ServiceRow } from './service-rows.ts'
import type { ServiceInput, StatusInput } from './status-input.ts'
import { between, clock, isDayBefore } from './times.ts'

/** What `nodelb status` shows of an agent. */
export interface StatusView {
  /** The node, what runs there and since when. */
  readonly node: string
  readonly about: string
  readonly ready: boolean
  readonly facts: readonly Fact[]
  /** What needs a person. */
  readonly matters: readonly Matter[]
  readonly rows: readonly ServiceRow[]
  /** How many rows are in order and left out. */
  readonly hidden: number
  /** How many Services have no address for clients outside, and are left out. */
  readonly inside: number
  /** The endpoints of the one Service that was asked for. */
  readonly details: readonly ServiceDetails[]
}

interface Fact {
  readonly name: string
  readonly text: string
}

export interface ServiceDetails extends Pick<ServiceInput, 'service' | 'origin'> {
  readonly endpoints: NonNullable<ServiceInput['endpointDetails']>
}

/** With more rows than this, only those are shown that are not in order. */
const MOST_ROWS = 20

/** Returns what is shown; with `all`, every Service, however many there are. */
export function statusView(status: StatusInput, { all }: { readonly all: boolean }): StatusView {
  const refused = new Set(status.refused.map(({ service }) => service))
  const details = status.services.flatMap(({ service, origin, endpointDetails: endpoints }) => {
    return endpoints === undefined ? [] : { service, origin, endpoints }
  })
  const isWhole = all || details.length > 0
  const byService = status.services.map((service) => {
    return rowsOf(service, { all: isWhole, refused: refused.has(service.service) })
  })
  const rows = byService.flat()
  const shown = isWhole || rows.length <= MOST_ROWS ? rows : rows.filter((row) => !isInOrder(row))
  return {
    node: status.node,
    about: aboutOf(status),
    ready: status.ready,
    facts: factsOf(status),
    matters: mattersOf(status),
    rows: shown,
    hidden: rows.length - shown.length,
    inside: byService.filter((each) => each.length === 0).length,
    details,
  }
}

function aboutOf({ version, backend, scope, startedAt, at }: StatusInput): string {
  return [
    `nodelb ${version}`,
    backend ?? 'no backend yet',
    ...(scope === null ? [] : [`scope ${scope}`]),
    `up ${between(startedAt, at)}`,
  ].join(', ')
}

function factsOf(status: StatusInput): readonly Fact[] {
  return [
    { name: 'Rules', text: rulesText(status) },
    { name: 'Follows', text: followsText(status) },
    { name: 'Repairs', text: repairsText(status) },
  ]
}

function rulesText({ lastCommit, doubt, failing, ownership, at }: StatusInput): string {
  const whose = OWNERS[ownership.kind]
  const why = ownership.reason === undefined ? '' : `: ${ownership.reason}`
  if (lastCommit === null) return 'no commit yet'
  const { operations, durationMs } = lastCommit
  const done = `${counted(operations, 'operation')} in ${Math.round(durationMs)} ms`
  const when = `${clock(lastCommit.at, at)} (${between(lastCommit.at, at)} ago)`
  const isSure = doubt === null && failing === null
  const state = isSure ? `in step since ${when}` : `last commit ${when}`
  return `${state}: ${done}${whose}${why}`
}

const OWNERS: Readonly<Record<StatusInput['ownership']['kind'], string>> = {
  unknown: '',
  owned: '; ours alone',
  'not-owned': '; not ours alone',
}

const NOUNS: Readonly<Record<string, string>> = {
  services: 'Service',
  endpointslices: 'EndpointSlice',
}

function followsText({ objects, backend }: StatusInput): string {
  const found = Object.entries(objects)
  // With ipvs the addresses of other Nodes count, too.
  const nodes = backend === 'ipvs' ? 'all Nodes' : '1 Node'
  return [
    ...found.map(([resource, number]) => {
      const noun = NOUNS[resource]
      return noun === undefined ? `${number} ${resource}` : counted(number, noun)
    }),
    nodes,
  ].join(', ')
}

function repairsText({ repairs, startedAt, at }: StatusInput): string {
  const last = repairs.at(-1)
  const time = isDayBefore(startedAt, at) ? 'in 24 h' : 'since the start'
  if (last === undefined) return `none ${time}`
  const when = `${clock(last.at, at)} (${between(last.at, at)} ago)`
  const latest = `${counted(last.operations, 'operation')} at ${when}`
  return `${repairs.length} ${time}, the last ${latest}`
}

function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
