import { valueAt } from '../fields.ts'
import { listAt, textAt } from './text-at.ts'

/** A Pod of the controller. */
export interface ControllerPod {
  readonly namespace: string
  readonly name: string
  readonly ready: boolean
  /** The port of the page; undefined if the Pod has none of that name. */
  readonly ui: number | undefined
}

/** Reads a Pod; what is missing is left empty. */
export function readControllerPod(object: unknown): ControllerPod {
  const ready = listAt(object, 'status', 'conditions').find(
    (each) => textAt(each, 'type') === 'Ready',
  )
  const ports = listAt(object, 'spec', 'containers').flatMap((each) => listAt(each, 'ports'))
  const ui = valueAt(
    ports.find((each) => textAt(each, 'name') === 'ui'),
    ['containerPort'],
  )
  return {
    namespace: textAt(object, 'metadata', 'namespace'),
    name: textAt(object, 'metadata', 'name'),
    ready: textAt(ready, 'status') === 'True',
    ui: typeof ui === 'number' ? ui : undefined,
  }
}
