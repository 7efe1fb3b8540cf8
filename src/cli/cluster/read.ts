import type { Config } from '../../config/config.ts'
import { toSettings } from '../../config/settings.ts'
import { type AgentPod, readAgentPod } from '../../decode/cluster/agent-pod.ts'
import { readLease } from '../../decode/cluster/lease.ts'
import { listAt, textAt } from '../../decode/cluster/text-at.ts'
import { readToldAnnouncer } from '../../decode/cluster/told-announcer.ts'
import { readToldNode } from '../../decode/cluster/told-node.ts'
import { readWaitingReason } from '../../decode/cluster/waiting-reason.ts'
import { readWarning } from '../../decode/cluster/warning.ts'
import type { Documents } from '../../decode/documents.ts'
import { objectProblem } from '../../decode/object-problem.ts'
import type { Problem } from '../../decode/problem.ts'
import type { NodeView } from '../../model/node.ts'
import type { ServiceName } from '../../model/service-name.ts'
import type { ClusterInput } from '../../view/cluster/cluster-input.ts'
import { servedBy } from '../../view/cluster/served.ts'
import type { Matter } from '../../view/look-at.ts'
import type { ClusterLists } from '../../watch/cluster-lists.ts'
import { type AnnouncingInput, AnnouncingReader } from '../../watch/files/read-announcing.ts'
import { readDocumentsOf } from '../../watch/files/read-files.ts'
import { type Input, readObjectsAmong } from '../../watch/files/read-objects.ts'
import { NODE_RESOURCES, resources } from '../../watch/resources.ts'
import { announcersReport } from '../announcers/announcers.ts'
import { withAssumedSecrets } from './assumed-secrets.ts'
import { givenBy } from './given.ts'

const SERVER = 'API server'

/** What an answer follows from. */
export interface Known {
  readonly lists: ClusterLists
  readonly config: Config
  /** The time of reading, RFC 3339. */
  readonly at: string
}

/** Returns the agents by their Pods. */
export function agentsIn({ told }: ClusterLists): readonly AgentPod[] {
  return told.pods.map(readAgentPod)
}

/** Returns what announcing depends on. */
export function announcingIn({ deciding }: ClusterLists, config: Config): AnnouncingInput {
  const reader = new AnnouncingReader(config.allocation)
  readDocumentsOf(deciding, SERVER, reader)
  return withAssumedSecrets(reader.end())
}

/** Returns what the rules of a node depend on. */
export function objectsIn({ deciding }: ClusterLists): Input {
  return readObjectsAmong(ofNodes(deciding), SERVER)
}

/** Returns what the API server says of nodelb, at a time (RFC 3339). */
export function clusterInput(lists: ClusterLists, config: Config, at: string): ClusterInput {
  const { told } = lists
  const objects = objectsIn(lists)
  const announcing = announcingIn(lists, config)
  const addresses = [...objects.nodes.values()].flatMap((node) => node.addresses)
  const node: NodeView = { name: '', zone: undefined, addresses, podCidrs: [] }
  const { settings } = toSettings(config, node)
  const announcers = [
    ...told.l2Statuses.flatMap((each) => readToldAnnouncer(each, 'layer2')),
    ...told.bgpStatuses.flatMap((each) => readToldAnnouncer(each, 'bgp')),
  ]
  const announced = new Set(announcers.map(({ service }) => service))
  return {
    at,
    unread: {
      agents: lists.untold.has('pods'),
      lease: lists.untold.has('leases'),
      announcers: lists.untold.has('l2Statuses') || lists.untold.has('bgpStatuses'),
      told: lists.untold.has('nodeStatuses'),
    },
    nodes: announcing.objects.nodes
      .filter(({ labels }) => !labels.has('nodelb.io/exclude'))
      .map(({ name }) => name),
    agents: agentsIn(lists),
    told: told.nodeStatuses.flatMap(readToldNode),
    lease: told.leases.map(readLease)[0],
    served: servedBy(objects.cluster, { node, settings }),
    ...givenBy(announcing.allocation, config.allocation, reasonsIn(lists)),
    announcers,
    silent: silentIn(withoutThose(announcing, announced), config).filter(({ about }) => {
      return !announced.has(about)
    }),
    problems: problemsOf([...objects.problems, ...announcing.problems]),
    warnings: told.events.flatMap(readWarning),
  }
}

/** Returns why Services have no address, in the words of the controller. */
function reasonsIn({ deciding }: ClusterLists): ReadonlyMap<ServiceName, string> {
  const services = deciding.values.find((each) => textAt(each, 'kind') === 'ServiceList')
  return new Map(listAt(services, 'items').flatMap(readWaitingReason))
}

/** Leaves out what determines no rules of a node, which would be noted as passed over. */
function ofNodes({ values, problems }: Documents): Documents {
  const lists = NODE_RESOURCES.map((resource) => `${resources[resource].kind}List`)
  return { values: values.filter((each) => lists.includes(textAt(each, 'kind'))), problems }
}

/**
 * Leaves out the Services that are announced: why nobody announces them is no question, and to work out who
 * would is what takes longest in a large cluster. Those that share an address go together.
 */
function withoutThose(input: AnnouncingInput, announced: ReadonlySet<string>): AnnouncingInput {
  const { objects } = input
  const silent = objects.services.filter(({ name }) => !announced.has(name))
  const addresses = new Set(silent.flatMap((each) => each.addresses))
  const services = objects.services.filter(({ name, addresses: mine }) => {
    return !announced.has(name) || mine.some((each) => addresses.has(each))
  })
  return { ...input, objects: { ...objects, services } }
}

/** The Services that nobody may announce; where nothing asks for it, nobody should. */
function silentIn(announcing: AnnouncingInput, config: Config): readonly Matter[] {
  if (announcing.objects.advertisements.length === 0) return []
  return announcersReport(announcing, config, { without: [] })
    .silences.filter(({ reason }) => reason.kind !== 'no-address' && reason.kind !== 'no-endpoint')
    .map(({ service, message }) => ({ about: service, text: message }))
}

/** Two readers find the same problems of one object. */
function problemsOf(problems: readonly Problem[]): readonly Matter[] {
  const found = new Map<string, Matter>()
  for (const problem of problems) {
    if (problem.severity === 'note' || problem.kind === undefined) continue
    const { object, message } = objectProblem(problem)
    found.set(`${object} ${message}`, { about: object.replace(/^Service\//, ''), text: message })
  }
  return [...found.values()]
}
