import type { Sharing } from '../../allocate/world.ts'
import type { Labels } from '../../model/label-selector.ts'
import type { TrafficPolicy } from '../../model/service.ts'
import type { FieldReader } from '../field-reader.ts'
import { fields, parseFields, port, protocol } from '../fields.ts'
import { readTexts } from '../labels.ts'
import { joinPath } from '../problem.ts'
import { metallbAnnotation } from './annotations.ts'

const portSchema = fields({ protocol, port })

interface Spec {
  readonly ports?: unknown
  readonly selector?: unknown
}

/**
 * Returns with whom a Service may share an address; a bad port is reported and left out. Services
 * with policy Local share only if they lead to the same pods, so their selector counts.
 */
export function readSharing(
  spec: Spec,
  annotations: Labels,
  policy: TrafficPolicy,
  reader: FieldReader,
): Sharing {
  const ports = (reader.list(spec.ports, 'spec.ports') ?? []).flatMap((value, i) => {
    return parseFields(portSchema, value, joinPath('spec.ports', i), reader.report) ?? []
  })
  const selector = readTexts(spec.selector, 'spec.selector', reader.report)
  const pairs = [...selector].map(([key, value]) => `${key}=${value}`).sort()
  return {
    key: metallbAnnotation(annotations, 'allow-shared-ip')?.value,
    ports,
    backend: policy === 'local' ? pairs.join(',') : '',
  }
}
