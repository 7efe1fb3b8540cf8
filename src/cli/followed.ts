import type { Config } from '../config/config.ts'
import type { AllocationSettings } from '../model/allocation-settings.ts'
import type { EventSink } from '../telemetry/event-queue.ts'
import type { TellAddresses } from '../watch/addresses/address-news.ts'
import { allocatingSource } from '../watch/addresses/allocating-source.ts'
import { StateFolder } from '../watch/addresses/state-folder.ts'
import { ApiClient } from '../watch/api/client.ts'
import { followApiServer } from '../watch/api-source.ts'
import { folderSource } from '../watch/files/folder.ts'
import { NodeInterest } from '../watch/node-interest.ts'
import { NODE_RESOURCES } from '../watch/resources.ts'
import type { Source } from '../watch/source.ts'
import type { RunOptions } from './arguments.ts'
import { eventSink } from './event-sink.ts'

/** What the agent follows. */
export interface Followed {
  readonly source: Source
  readonly events: EventSink | undefined
  /** The interest in Nodes; undefined for files, which have all Nodes anyway. */
  readonly interest: NodeInterest | undefined
  /** Allocates addresses by other settings; undefined where a controller does that. */
  readonly allocate: ((settings: AllocationSettings) => void) | undefined
}

interface Following {
  readonly options: RunOptions
  readonly version: string
  readonly node: string
  readonly config: Config
}

/** Returns what the agent follows: files, whose Services are given addresses, or an API server. */
export function followed(following: Following, tell: TellAddresses, signal: AbortSignal): Followed {
  return following.options.files.length > 0
    ? followedFiles(following, tell)
    : followedServer(following, signal)
}

function followedFiles({ options, config }: Following, tell: TellAddresses): Followed {
  let settings = config.allocation
  const { source, again } = allocatingSource({
    follow: (kinds) => folderSource(options.files, kinds),
    settings: () => settings,
    memory: new StateFolder(options.state, tell),
    tell,
  })
  const allocate = (wanted: AllocationSettings): void => {
    if (JSON.stringify(wanted) === JSON.stringify(settings)) return
    settings = wanted
    again()
  }
  return { source, events: undefined, interest: undefined, allocate }
}

function followedServer(
  { options, version, node, config }: Following,
  signal: AbortSignal,
): Followed {
  const location =
    options.kubeconfig === undefined
      ? ({ kind: 'in-cluster' } as const)
      : ({ kind: 'kubeconfig', file: options.kubeconfig } as const)
  const client = new ApiClient(location, `nodelb/${version}`)
  // A credential plugin that hangs is killed when the agent ends.
  signal.addEventListener('abort', () => client.close())
  const interest = new NodeInterest(wantsAllNodes(config, options))
  const source = followApiServer({ client, followed: NODE_RESOURCES, node, interest })
  return { source, events: eventSink(client, signal), interest, allocate: undefined }
}

/**
 * Returns whether all Nodes are needed: with ipvs, a Service's address that is another Node's would
 * be taken by this node.
 */
export function wantsAllNodes(config: Config, { backend }: Pick<RunOptions, 'backend'>): boolean {
  return (backend ?? config.backend) === 'ipvs'
}
