import { textAt } from './text-at.ts'

/** A warning of an agent or of the controller, which the API server keeps for an hour. */
export interface Warning {
  /** Such as `shop/web`, or `IPAddressPool/public` for what is no Service. */
  readonly about: string
  readonly reason: string
  readonly message: string
  /** RFC 3339, when it was last seen; empty if the Event does not say it. */
  readonly at: string
}

const OURS = ['nodelb', 'nodelb-controller']

/** Reads an Event of the core group; nothing if it is not one of ours. */
export function readWarning(object: unknown): readonly Warning[] {
  if (!OURS.includes(textAt(object, 'reportingComponent'))) return []
  const kind = textAt(object, 'involvedObject', 'kind')
  const name = textAt(object, 'involvedObject', 'name')
  const about =
    kind === 'Service'
      ? `${textAt(object, 'involvedObject', 'namespace')}/${name}`
      : `${kind}/${name}`
  return [
    {
      about,
      reason: textAt(object, 'reason'),
      message: textAt(object, 'message'),
      at:
        textAt(object, 'series', 'lastObservedTime') ||
        textAt(object, 'lastTimestamp') ||
        textAt(object, 'eventTime'),
    },
  ]
}
