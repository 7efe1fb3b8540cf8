import fc from 'fast-check'
import { expect, test } from 'vitest'
import { defaultConfig, readConfig } from '../../src/config/config.ts'
import { type Chosen, inForce, sourceText } from '../../src/config/in-force.ts'
import { nested } from '../../src/config/nested.ts'
import { nodelbTable } from '../../src/config/nodelb-table.ts'
import { writeDuration } from '../../src/config/write-value.ts'
import { parseDuration } from '../../src/decode/duration.ts'
import { printProblem } from '../../src/decode/problem.ts'
import { anyFields } from './config-values.ts'

const kubeProxy = 'apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n'
const nodelb = 'apiVersion: nodelb.io/v1alpha1\nkind: NodelbConfiguration\n'
const nothing: Chosen = {
  scope: undefined,
  backend: undefined,
  node: undefined,
  nodeName: undefined,
}

function read(text: string) {
  const result = readConfig(text, 'config.yaml')
  if (result.kind !== 'config') throw new Error(result.problems.map(printProblem).join('\n'))
  return result
}

/** What is in force of a text, by path: the value and the source. */
function fieldsOf(text: string, chosen: Partial<Chosen> = {}) {
  const { config, documents } = read(text)
  const fields = inForce(config, documents, { ...nothing, ...chosen })
  return Object.fromEntries(
    fields.map(({ path, value, source }) => [path, [value, sourceText(source)]]),
  )
}

const OWN = 'config.yaml (NodelbConfiguration)'
const PROXY = 'config.yaml (KubeProxyConfiguration)'

test('a value comes from its document, and what is not set from the defaults', () => {
  const text = `${nodelb}announce: { layer2: { hold: 90s, members: { keyFile: /key } } }\ntarget: null\n`
  expect(fieldsOf(text)).toMatchObject({
    'announce.layer2.hold': ['1m30s', OWN],
    'announce.layer2.members.keyFile': ['/key', OWN],
    'announce.layer2.members.timeout': ['600ms', 'default'],
    target: ['pods', 'default'],
    scope: ['load-balancer', 'default'],
    mode: [null, 'default'],
  })
})

test('flags and the environment win in the order of the documentation', () => {
  const name = `${kubeProxy}hostnameOverride: of-file\n`
  expect(fieldsOf(name, { nodeName: 'of-environment' })).toMatchObject({
    hostnameOverride: ['of-file', PROXY],
  })
  expect(fieldsOf(name, { node: 'of-flag' })).toMatchObject({
    hostnameOverride: ['of-flag', '--node'],
  })
  const text = `${nodelb}scope: load-balancer\nbackend: ipvs\n`
  expect(fieldsOf(text, { scope: 'all', backend: 'auto', nodeName: 'node-a' })).toMatchObject({
    scope: ['all', '--scope'],
    backend: ['auto', '--backend'],
    hostnameOverride: ['node-a', 'NODE_NAME'],
    // With the scope of the flag these are on.
    'conntrack.tcpBeLiberal': [true, 'default'],
    metricsBindAddress: ['127.0.0.1:10249', 'default'],
  })
})

test('one document decides about a field of the other where the documentation says so', () => {
  const ipv6 = 'bindAddress: fd00::1\niptables: { minSyncPeriod: 1s, masqueradeAll: true }\n'
  const text = `${kubeProxy}${ipv6}healthzBindAddress: 192.0.2.1\nipvs: { strictARP: false }\n`
  expect(fieldsOf(`${text}---\n${nodelb}scope: all\n`)).toMatchObject({
    minSyncPeriod: ['1s', PROXY],
    healthzBindAddress: ['192.0.2.1:10256', PROXY],
    metricsBindAddress: ['[::1]:10249', 'default'],
    'iptables.masqueradeAll': [true, PROXY],
    'ipvs.strictARP': [false, PROXY],
  })
  const both = `${text}---\n${nodelb}scope: all\nminSyncPeriod: 0s\nhealthzBindAddress: ""\n`
  expect(fieldsOf(`${both}announce: { layer2: { enabled: true } }\n`)).toMatchObject({
    minSyncPeriod: ['0s', OWN],
    healthzBindAddress: ['', OWN],
    'ipvs.strictARP': [true, OWN],
  })
})

test('what kubeadm spells out empty is not what decides', () => {
  const empty = 'nftables: { minSyncPeriod: 0s }\nhealthzBindAddress: ""\nmode: nftables\n'
  expect(fieldsOf(`${kubeProxy}${empty}---\n${nodelb}scope: all\n`)).toMatchObject({
    minSyncPeriod: ['100ms', 'default'],
    healthzBindAddress: ['0.0.0.0:10256', 'default'],
    'nftables.masqueradeBit': [14, 'default'],
  })
})

test('values written into a file again are in force as they are', () => {
  fc.assert(
    fc.property(anyFields, (fields) => {
      const document = { apiVersion: 'nodelb.io/v1alpha1', kind: 'NodelbConfiguration', ...fields }
      const { config } = read(JSON.stringify(document))
      const values = nodelbTable.map(({ path, of }) => [path, of(config)] as const)
      const again = read(
        JSON.stringify({
          apiVersion: document.apiVersion,
          kind: document.kind,
          ...nested(values),
        }),
      )
      expect(nodelbTable.map(({ path, of }) => [path, of(again.config)])).toEqual(values)
    }),
  )
})

test('durations are written so that they are read as they were', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 100_000_000 }), (milliseconds) => {
      const text = writeDuration(milliseconds)
      expect(Math.round((parseDuration(text) ?? Number.NaN) * 1000)).toBe(milliseconds)
    }),
  )
  expect([0, 1, 1_500, 90_000, 86_400_000, 5_400_000].map(writeDuration)).toEqual([
    ...['0s', '1ms', '1.5s', '1m30s', '24h', '1h30m'],
  ])
})

test('without a file everything is a default', () => {
  const sources = inForce(defaultConfig, [], nothing).map(({ source }) => source.kind)
  expect(new Set(sources)).toEqual(new Set(['default']))
})
