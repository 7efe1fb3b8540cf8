import type { AgentPod } from '../../decode/cluster/agent-pod.ts'
import type { Matter } from '../look-at.ts'
import { between } from '../times.ts'
import type { ClusterInput } from './cluster-input.ts'
import { clusterMatters } from './cluster-matters.ts'
import { heardOf, isInStep, milliseconds, type NodeRow, nodeList } from './node-list.ts'
import { poolList } from './pool-list.ts'
import { type ClusterServiceRow, isFine, serviceList } from './service-list.ts'
import { slowestNode } from './slowest-node.ts'

/** What `kubectl nodelb status` shows. */
export interface ClusterView {
  /** The time of reading, RFC 3339. */
  readonly at: string
  readonly facts: readonly { readonly name: string; readonly text: string }[]
  /** What needs a person. */
  readonly matters: readonly Matter[]
  readonly rows: readonly ClusterServiceRow[]
  /** How many rows are in order and left out. */
  readonly hidden: number
  readonly agents: readonly AgentPod[]
  readonly nodes: readonly NodeRow[]
}

/** With more rows than this, only those that are not in order are shown. */
const MOST_ROWS = 20

/** Returns what is shown of a cluster. */
export function clusterView(input: ClusterInput): ClusterView {
  const rows = serviceList(input)
  const shown = rows.length > MOST_ROWS ? rows.filter((row) => !isFine(row)) : rows
  return {
    at: input.at,
    facts: [
      { name: 'Agents', text: agentsText(input) },
      { name: 'Kernels', text: kernelsText(input) },
      { name: 'Controller', text: controllerText(input) },
      { name: 'Pools', text: poolsText(input) },
      { name: 'Announced', text: announcedText(input) },
      { name: 'Services', text: servicesText(rows) },
    ],
    matters: clusterMatters(input),
    rows: shown,
    hidden: rows.length - shown.length,
    agents: input.agents.toSorted((a, b) => (a.node < b.node ? -1 : 1)),
    nodes: nodeList(input),
  }
}

const NOT_READ = 'not read'

function agentsText({ agents, nodes, unread }: ClusterInput): string {
  if (unread.agents) return NOT_READ
  if (agents.length === 0) return 'none'
  const ready = agents.filter((each) => each.ready).length
  const images = new Set(agents.map(({ image }) => image))
  const image = images.size === 1 ? [...images].join() : `${images.size} images`
  return `${ready} of ${agents.length} ready, for ${counted(nodes.length, 'Node')}; ${image}`
}

function kernelsText(input: ClusterInput): string {
  if (input.unread.told) return NOT_READ
  const heard = heardOf(input)
  if (heard.length === 0) return 'no Node tells of itself'
  const inStep = nodeList(input).filter(isInStep).length
  const repairs = heard.reduce((sum, each) => sum + each.repairs, 0)
  const slowest = slowestNode(input)
  const p99 = slowest === undefined ? 'no change in an hour' : `p99 ${milliseconds(slowest.ms)}`
  const repaired = repairs === 0 ? 'no repairs' : counted(repairs, 'repair')
  return `${inStep} of ${counted(heard.length, 'Node')} in step, ${p99}, ${repaired} in 24 h`
}

function controllerText({ lease, at, unread }: ClusterInput): string {
  if (unread.lease) return NOT_READ
  if (lease === undefined) return 'none'
  if (lease.holder === '') return 'nobody holds the Lease'
  const renewed = lease.renewed === '' ? '' : `, renewed ${between(lease.renewed, at)} ago`
  return `${lease.namespace}/${lease.holder}${renewed}`
}

function poolsText(input: ClusterInput): string {
  const rows = poolList(input)
  const fullest = rows.toSorted((a, b) => b.percent - a.percent)[0]
  if (fullest === undefined) return 'none'
  const { pool, used, size, percent } = fullest
  const names = new Set(rows.map((each) => each.pool)).size
  const first = names === 1 ? '' : `${names}, the fullest is `
  return `${first}${pool} with ${used} of ${size} in use (${percent} %)`
}

function announcedText({ announcers, unread }: ClusterInput): string {
  if (unread.announcers) return NOT_READ
  const told = (protocol: 'layer2' | 'bgp', by: string): readonly string[] => {
    const mine = announcers.filter((each) => each.protocol === protocol)
    if (mine.length === 0) return []
    const services = new Set(mine.map(({ service }) => service)).size
    const nodes = new Set(mine.map(({ node }) => node)).size
    return [`${counted(services, 'Service')} ${by} from ${counted(nodes, 'Node')}`]
  }
  return [...told('layer2', 'on layer 2'), ...told('bgp', 'by BGP')].join('; ') || 'nothing'
}

function counted(number: number, thing: string): string {
  return number === 1 ? `1 ${thing}` : `${number} ${thing}s`
}

function servicesText(rows: readonly ClusterServiceRow[]): string {
  const waiting = rows.filter(({ state }) => state === 'waits').length
  const without: readonly ClusterServiceRow['state'][] = ['waits', 'contested', 'refused']
  const addressed = new Set(
    rows.filter(({ state }) => !without.includes(state)).map(({ service }) => service),
  )
  const more = waiting === 0 ? '' : `; ${waiting} without one`
  return `${addressed.size} with an address for clients outside${more}`
}
