import { valueAt } from '../fields.ts'
import { listAt, textAt } from './text-at.ts'

/** A Pod of the agents' DaemonSet. */
export interface AgentPod {
  /** `namespace/name`. */
  readonly pod: string
  /** The Node; empty while the Pod has none. */
  readonly node: string
  readonly image: string
  readonly ready: boolean
  /** Why it is not ready, in the words of Kubernetes; empty if nothing says it. */
  readonly reason: string
  readonly restarts: number
  /** The ConfigMap with its configuration, `namespace/name`; undefined if it mounts none. */
  readonly config: string | undefined
}

/** Reads a Pod; what is missing is left empty. */
export function readAgentPod(object: unknown): AgentPod {
  const namespace = textAt(object, 'metadata', 'namespace')
  const containers = listAt(object, 'spec', 'containers')
  const container = containers.find((each) => textAt(each, 'name') === 'agent') ?? containers[0]
  const agent = listAt(object, 'status', 'containerStatuses').find(
    (each) => textAt(each, 'name') === textAt(container, 'name'),
  )
  const ready = listAt(object, 'status', 'conditions').find(
    (each) => textAt(each, 'type') === 'Ready',
  )
  const restarts = valueAt(agent, ['restartCount'])
  const config = listAt(object, 'spec', 'volumes').find((each) => textAt(each, 'name') === 'config')
  const map = textAt(config, 'configMap', 'name')
  return {
    pod: `${namespace}/${textAt(object, 'metadata', 'name')}`,
    node: textAt(object, 'spec', 'nodeName'),
    image: textAt(container, 'image'),
    ready: textAt(ready, 'status') === 'True',
    reason:
      textAt(agent, 'state', 'waiting', 'reason') ||
      textAt(ready, 'message') ||
      textAt(object, 'status', 'phase'),
    restarts: typeof restarts === 'number' ? restarts : 0,
    config: map === '' ? undefined : `${namespace}/${map}`,
  }
}
