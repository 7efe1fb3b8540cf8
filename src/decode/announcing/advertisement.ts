import * as z from 'zod'
import type { Advertisement, Preference } from '../../announce/objects.ts'
import { type Entries, readEntries, readSelectors, restriction } from '../entries.ts'
import { FieldReader } from '../field-reader.ts'
import {
  anything,
  fields,
  nameOf,
  namespaceName,
  objectName,
  parseFields,
  readField,
} from '../fields.ts'
import { readSelector } from '../labels.ts'
import { joinPath, type Problem, report as startReport } from '../problem.ts'
import { readPoolRule } from './pool-rule.ts'

type DecodedAdvertisement =
  | {
      readonly kind: 'advertisement'
      readonly advertisement: Advertisement
      readonly problems: readonly Problem[]
    }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] }

/** The specification may be left out: then all pools are announced by all Nodes. */
const advertisementSchema = fields({
  metadata: fields({ name: objectName, namespace: namespaceName }),
  spec: fields({
    ipAddressPools: anything,
    ipAddressPoolSelectors: anything,
    nodeSelectors: anything,
    interfaces: anything,
    serviceSelectors: anything,
    preferredNodeSelectors: anything,
  }).nullish(),
})

const WEIGHT = 'a whole number from 1 to 100'

const weight = z.int({ error: WEIGHT }).min(1, { error: WEIGHT }).max(100, { error: WEIGHT })

const preferenceSchema = fields({ weight, preference: anything })

const INTERFACE = 'the name of an interface, of 1 to 15 characters'

/** The names that the kernel takes (dev_valid_name in net/core/dev.c). */
const interfaceName = z
  .string({ error: INTERFACE })
  .regex(/^(?!\.\.?$)[^\s/:]{1,15}$/, { error: INTERFACE })

/**
 * Reads an L2Advertisement (metallb.io/v1beta1). A bad entry of a list is reported and left out, and
 * a list without a readable entry means nothing rather than everything: less is announced than was
 * meant, never more. It is `invalid` if its name or the shape of its specification cannot be read.
 */
export function decodeAdvertisement(json: unknown, source: string): DecodedAdvertisement {
  const report = startReport(source, 'L2Advertisement', nameOf(json, true))
  const { problems } = report
  const read = parseFields(advertisementSchema, json, '', report)
  if (read === undefined) return { kind: 'invalid', problems }
  const { metadata, spec } = read
  const reader = new FieldReader(report)
  const advertisement: Advertisement = {
    name: metadata.name,
    pools: readPoolRule(spec, reader),
    nodes: restriction(readSelectors(spec?.nodeSelectors, 'spec.nodeSelectors', reader)),
    services: restriction(readSelectors(spec?.serviceSelectors, 'spec.serviceSelectors', reader)),
    interfaces: restriction(readInterfaces(spec?.interfaces, reader)),
    preferred: readPreferred(spec?.preferredNodeSelectors, reader),
  }
  return { kind: 'advertisement', advertisement, problems }
}

function readInterfaces(value: unknown, reader: FieldReader): Entries<string> {
  return readEntries(value, 'spec.interfaces', reader, (each, place) => {
    return reader.read(each, interfaceName, place, undefined)
  })
}

function readPreferred(value: unknown, reader: FieldReader): readonly Preference[] {
  const path = 'spec.preferredNodeSelectors'
  return (reader.list(value, path) ?? []).flatMap((each, i) => {
    const place = joinPath(path, i)
    const read = readField(preferenceSchema, each, place, reader.report)
    if (read === undefined) return []
    const selector = joinPath(place, 'preference')
    const nodes = readSelector(read.value.preference, selector, reader.report)
    return nodes === undefined ? [] : [{ weight: read.value.weight, nodes }]
  })
}
