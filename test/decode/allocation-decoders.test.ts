import { test } from 'vitest'
import { decodeAddressPool } from '../../src/decode/allocation/address-pool.ts'
import { decodeNamespace } from '../../src/decode/allocation/namespace.ts'
import { decodeCandidateNode } from '../../src/decode/allocation/node.ts'
import { decodeOldConfigMap } from '../../src/decode/allocation/old-config-map.ts'
import { decodePodNodes } from '../../src/decode/allocation/pod-nodes.ts'
import { decodeClaimant } from '../../src/decode/allocation/service.ts'
import { type DecoderCase, holdsForAnyJson } from './any-json.ts'

const decoders: readonly DecoderCase[] = [
  ['IPAddressPool', (value) => decodeAddressPool(value, 'x.json')],
  ['ConfigMap', (value) => decodeOldConfigMap(value, 'x.json')],
  ['Namespace', (value) => decodeNamespace(value, 'x.json')],
  ['Service', (value) => decodeClaimant(value, 'x.json', [])],
  ['Node', (value) => decodeCandidateNode(value, 'x.json')],
  ['EndpointSlice', (value) => decodePodNodes(value, 'x.json')],
]

test.each(decoders)(
  'any JSON as %s gives a value, every problem is one line, and the same comes again',
  (_, decode) => holdsForAnyJson(decode, 2000),
)
