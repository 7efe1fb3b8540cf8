import { test } from 'vitest'
import { decodeLabelledPool } from '../../src/decode/announcing/address-pool.ts'
import { decodeAdvertisement } from '../../src/decode/announcing/advertisement.ts'
import { decodeBgpAdvertisement } from '../../src/decode/announcing/bgp-advertisement.ts'
import { decodeBfdProfile } from '../../src/decode/announcing/bgp-bfd-profile.ts'
import { decodeCommunity } from '../../src/decode/announcing/bgp-community.ts'
import { decodeBgpPeer } from '../../src/decode/announcing/bgp-peer.ts'
import { decodeBgpSecret } from '../../src/decode/announcing/bgp-secret.ts'
import { decodeExcludedInterfaces } from '../../src/decode/announcing/excluded-interfaces.ts'
import { decodeAnnouncerNode } from '../../src/decode/announcing/node.ts'
import { decodeAnnouncedService } from '../../src/decode/announcing/service.ts'
import { decodeServingEndpoints } from '../../src/decode/announcing/serving-endpoints.ts'
import { type DecoderCase, holdsForAnyJson } from './any-json.ts'

/** Only a ConfigMap of this name is read. */
function renamed(value: unknown): unknown {
  const object = typeof value === 'object' && !Array.isArray(value) ? value : {}
  return { ...object, metadata: { name: 'metallb-excludel2' } }
}

const decoders: readonly DecoderCase[] = [
  ['IPAddressPool', (value) => decodeLabelledPool(value, 'x.json')],
  ['L2Advertisement', (value) => decodeAdvertisement(value, 'x.json')],
  ['ConfigMap', (value) => decodeExcludedInterfaces(renamed(value), 'x.json')],
  ['BGPPeer', (value) => decodeBgpPeer(value, 'x.json')],
  ['BGPAdvertisement', (value) => decodeBgpAdvertisement(value, 'x.json')],
  ['BFDProfile', (value) => decodeBfdProfile(value, 'x.json')],
  ['Community', (value) => decodeCommunity(value, 'x.json')],
  ['Secret', (value) => decodeBgpSecret(value, 'x.json')],
  ['Service', (value) => decodeAnnouncedService(value, 'x.json')],
  ['Node', (value) => decodeAnnouncerNode(value, 'x.json')],
  ['EndpointSlice', (value) => decodeServingEndpoints(value, 'x.json')],
]

test.each(decoders)('any JSON as %s gives a value or a problem for announcing', (_, decode) =>
  holdsForAnyJson(decode, 500),
)
