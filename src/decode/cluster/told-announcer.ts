import { listAt, textAt } from './text-at.ts'

/** Who announces a Service, as the ServiceL2Statuses and ServiceBGPStatuses tell it. */
export interface ToldAnnouncer {
  readonly service: string
  readonly node: string
  readonly protocol: 'layer2' | 'bgp'
  /** The interfaces, or the names of the peers; empty if the status names none. */
  readonly over: readonly string[]
}

/** Reads a ServiceL2Status or a ServiceBGPStatus; nothing if it does not say who announces what. */
export function readToldAnnouncer(
  object: unknown,
  protocol: ToldAnnouncer['protocol'],
): readonly ToldAnnouncer[] {
  const [node, name] = [textAt(object, 'status', 'node'), textAt(object, 'status', 'serviceName')]
  if (node === '' || name === '') return []
  const over =
    protocol === 'layer2'
      ? listAt(object, 'status', 'interfaces').map((each) => textAt(each, 'name'))
      : listAt(object, 'status', 'peers').map(String)
  const service = `${textAt(object, 'status', 'serviceNamespace')}/${name}`
  return [{ service, node, protocol, over }]
}
