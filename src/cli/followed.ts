import type { Config } from '../config/config.ts'
import type { Announcing } from '../speaker/announcing.ts'
import { ServiceStatuses } from '../speaker/service-statuses.ts'
import type { EventSink } from '../telemetry/event-queue.ts'
import type { TellAddresses } from '../watch/addresses/address-news.ts'
import { allocatingSource } from '../watch/addresses/allocating-source.ts'
import { StateFolder } from '../watch/addresses/state-folder.ts'
import { ApiClient } from '../watch/api/client.ts'
import type { ApiLocation } from '../watch/api/credentials.ts'
import { followApiServer } from '../watch/api-source.ts'
import { folderSource } from '../watch/files/folder.ts'
import { NodeInterest } from '../watch/node-interest.ts'
import { relisting } from '../watch/relisting.ts'
import { NODE_RESOURCES, type Resource } from '../watch/resources.ts'
import type { Source } from '../watch/source.ts'
import type { RunOptions } from './arguments.ts'
import { eventSink } from './event-sink.ts'

/** What the agent follows. */
export interface Followed {
  readonly source: Source
  readonly events: EventSink | undefined
  /** What keeps the ServiceL2Statuses; undefined for files. */
  readonly statuses: ConstructorParameters<typeof Announcing>[0]['statuses']
  /** The interest in Nodes; undefined for files, which have all Nodes anyway. */
  readonly interest: NodeInterest | undefined
  /** The kinds of objects that are followed where addresses are announced. */
  readonly announced: readonly Resource[]
  /** Follows what another configuration asks for. */
  readonly configure: (config: Config) => void
}

interface Following {
  readonly options: RunOptions
  /** The API server, or the files of the options. */
  readonly location: ApiLocation | 'files'
  readonly version: string
  readonly node: string
  readonly config: Config
}

/** Returns what the agent follows: files, whose Services are given addresses, or an API server. */
export function followed(following: Following, tell: TellAddresses, signal: AbortSignal): Followed {
  const { location } = following
  return location === 'files'
    ? followedFiles(following, tell)
    : followedServer(following, location, signal)
}

function followedFiles({ options, config }: Following, tell: TellAddresses): Followed {
  let current = config
  const announced = ['ipaddresspools', 'l2advertisements', 'configmaps'] as const
  const { source, again } = allocatingSource({
    follow: (kinds) => folderSource(options.files, kinds),
    settings: () => current.allocation,
    passed: () => (current.announce.layer2.enabled ? announced : []),
    memory: new StateFolder(options.state, tell),
    tell,
  })
  const configure = (wanted: Config): void => {
    const before = current
    current = wanted
    const asks = ({ allocation, announce }: Config): string =>
      JSON.stringify([allocation, announce.layer2.enabled])
    if (asks(before) !== asks(wanted)) again()
  }
  return {
    ...{ source, events: undefined, statuses: undefined, interest: undefined, configure },
    announced: [...announced, ...NODE_RESOURCES],
  }
}

/** What is followed for announcing, besides what determines the rules of a node. */
const ANNOUNCED: readonly Resource[] = [
  'ipaddresspools',
  'l2advertisements',
  'excluded-interfaces',
  'agent-endpointslices',
]

function followedServer(
  { options, version, node, config }: Following,
  location: ApiLocation,
  signal: AbortSignal,
): Followed {
  const client = new ApiClient(location, `nodelb/${version}`)
  // A credential plugin that hangs is killed when the agent ends.
  signal.addEventListener('abort', () => client.close())
  const interest = new NodeInterest(wantsAllNodes(config, options))
  // The agent may read these only in its own namespace.
  const namespace = process.env['POD_NAMESPACE'] ?? 'kube-system'
  const namespaces = { 'excluded-interfaces': namespace, 'agent-endpointslices': namespace }
  let announces = config.announce.layer2.enabled
  let again = (): void => undefined
  const source: Source = (listener, until) => {
    const following = relisting((round) => {
      const followed = [...(announces ? ANNOUNCED : []), ...NODE_RESOURCES]
      return followApiServer({ client, followed, node, interest, namespaces })(listener, round)
    }, until)
    again = following.again
    return following.ended
  }
  const configure = ({ announce }: Config): void => {
    if (announce.layer2.enabled === announces) return
    announces = announce.layer2.enabled
    again()
  }
  return {
    ...{ source, interest, configure, announced: [...ANNOUNCED, ...NODE_RESOURCES] },
    events: eventSink(client, signal),
    statuses: (tell) => new ServiceStatuses({ client, namespace, node, pod: ownPod(), tell }),
  }
}

/** Returns the Pod of this process, as its environment tells it. */
function ownPod(): { readonly name: string; readonly uid: string } | undefined {
  const { POD_NAME: name, POD_UID: uid } = process.env
  return name && uid ? { name, uid } : undefined
}

/**
 * Returns whether all Nodes are needed: with ipvs, a Service's address that is another Node's would
 * be taken by this node; and any Node may be the one that announces an address.
 */
export function wantsAllNodes(config: Config, options: Pick<RunOptions, 'backend'>): boolean {
  return needsAllNodes(config, options) || config.announce.layer2.enabled
}

/** Returns whether nothing may be programmed before all Nodes are known. */
export function needsAllNodes(config: Config, { backend }: Pick<RunOptions, 'backend'>): boolean {
  return (backend ?? config.backend) === 'ipvs'
}
