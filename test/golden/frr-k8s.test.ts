import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import type { BgpAnnouncements } from '../../src/announce/bgp/decision.ts'
import type { BgpPeer } from '../../src/announce/bgp/peer.ts'
import type { Address } from '../../src/model/address.ts'
import {
  configurationDifference,
  withoutPasswords,
} from '../../src/plan/bgp/configuration-difference.ts'
import { frrK8sProblems } from '../../src/render/bgp/frr-advertised.ts'
import { frrConfigurationOf } from '../../src/render/bgp/frr-configuration.ts'
import { peer as configuredPeer } from '../announce/bgp/objects.ts'
import { labels } from '../announce/objects.ts'
import { cases, everyOption, peer, route, wanted } from './bgp-cases.ts'

const A = '10.0.0.254'
const node = { name: 'n1', labels: labels({}) }

function configurationOf(announced: BgpAnnouncements, configured: readonly BgpPeer[] = []) {
  return frrConfigurationOf(announced, { node, namespace: 'kube-system', configured })
}

/** Of what FRR is told (test/golden/bgp), that for which frr-k8s has other words. */
const shared = [
  'attributes-differ-by-peer',
  'prefixes-that-are-treated-alike-share-a-class',
  'a-peer-gets-only-what-is-for-it',
  'a-peer-without-routes-has-a-session',
  'every-option-of-a-peer',
  'what-fits-only-other-systems-is-left-out-for-ones-own',
  'a-peer-on-an-interface-has-both-families',
  'each-vrf-has-a-router-and-maps',
  'of-a-bfd-profile-only-what-is-not-usual',
]

test.each(shared)('%s', async (name) => {
  const announced = cases[name]
  if (announced === undefined) throw new Error(`there is no case ${name}`)
  const text = stringify(withoutPasswords(configurationOf(announced)), { lineWidth: 0 })
  expect(text).not.toContain('hidden')
  await expect(text).toMatchFileSnapshot(`frr-k8s/${name}.yaml`)
})

test('a Secret is named, and the router identifier where a BGPPeer names it', async () => {
  const secret = { kind: 'secret', secret: 'metallb-system/tor' } as const
  const configured = [configuredPeer(A, { password: secret, routerId: '10.0.0.1' as Address })]
  const announced = wanted([peer(A, { families: ['ipv4', 'ipv6'] })])
  const text = stringify(configurationOf(announced, configured), { lineWidth: 0 })
  await expect(text).toMatchFileSnapshot('frr-k8s/a-secret-and-an-identifier-are-named.yaml')
})

test('the Node is selected by its label where that differs from its name', () => {
  const labelled = { name: 'n1', labels: labels({ 'kubernetes.io/hostname': 'n1.example' }) }
  const options = { node: labelled, namespace: 'kube-system', configured: [] }
  expect(frrConfigurationOf(wanted([]), options).spec).toMatchObject({
    nodeSelector: { matchLabels: { 'kubernetes.io/hostname': 'n1.example' } },
  })
})

test('what frr-k8s has no words for is told with its field, and a peer that it would refuse stays out', () => {
  const port = 20_000 as typeof everyOption.port
  const sessions = [everyOption, peer('10.0.0.9', { port })]
  expect(frrK8sProblems(sessions, { weightByEndpoints: true })).toEqual([
    {
      object: 'NodelbConfiguration',
      message:
        'announce.bgp.weightByEndpoints: found true, expected false with the engine frr-k8s, which has no word for the bandwidth of a route; all Nodes get the same share',
    },
    {
      object: `BGPPeer/${A}`,
      message:
        'spec.localASN: found 64700, expected none with the engine frr-k8s, whose v1beta1 has no such field in all versions; the peer sees AS 64501',
    },
    {
      object: 'BGPPeer/10.0.0.9',
      message:
        'spec.peerPort: found 20000, expected at most 16384 with the engine frr-k8s; its session does not run',
    },
  ])
  const text = JSON.stringify(configurationOf(wanted(sessions)))
  expect(text).not.toContain('10.0.0.9')
  expect(frrK8sProblems([peer(A)], { weightByEndpoints: false })).toEqual([])
})

const one = wanted([peer(A)], [route('198.51.100.10/32', [A])])
const changes: Readonly<Record<string, readonly [BgpAnnouncements | undefined, BgpAnnouncements]>> =
  {
    'nothing changes': [one, one],
    'there is none yet': [undefined, one],
    'a prefix comes and one goes': [one, wanted([peer(A)], [route('198.51.100.11/32', [A])])],
    'a prefix gets a community and localPref': [
      one,
      wanted(
        [peer(A)],
        [route('198.51.100.10/32', [A], { communities: ['64500:1'], localPref: 200 })],
      ),
    ],
    'a peer gets every option': [one, wanted([everyOption])],
    'a peer gets another AS': [one, wanted([peer(A, { remoteAs: { kind: 'external' } })])],
  }

test('differences', async () => {
  const sections = Object.entries(changes).map(([name, [from, to]]) => {
    const found = from === undefined ? {} : configurationOf(from).spec
    const lines = configurationDifference(found, configurationOf(to).spec)
    return `${name}\n${lines.map((line) => `  ${line}\n`).join('')}`
  })
  const text = sections.join('\n')
  expect(text).not.toContain('hidden')
  await expect(text).toMatchFileSnapshot('frr-k8s/differences.txt')
})
