import { describe, expect, test } from 'vitest'
import { readConfig } from '../../src/config/config.ts'
import { printProblem } from '../../src/decode/problem.ts'

const kubeProxy = 'apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n'
const nodelb = 'apiVersion: nodelb.io/v1alpha1\nkind: NodelbConfiguration\n'

function read(text: string) {
  const result = readConfig(text, 'config.yaml')
  if (result.kind === 'config') return result.config
  throw new Error(result.problems.map(printProblem).join('\n'))
}

/** Every section says something else. */
const sections = `iptables: {masqueradeAll: true, masqueradeBit: 1, minSyncPeriod: 2s, syncPeriod: 1m}
ipvs: {minSyncPeriod: 3s, syncPeriod: 1m}
nftables: {masqueradeAll: false, masqueradeBit: 2, minSyncPeriod: 4s, syncPeriod: 1m}
`

describe('what kube-proxy would read for the mode is read, whatever the backend', () => {
  test.each([
    ['""', true, 1, 2_000],
    ['iptables', true, 1, 2_000],
    ['ipvs', true, 1, 3_000],
    ['nftables', false, 2, 4_000],
  ])('mode %s', (mode, masqueradeAll, masqueradeBit, minSyncPeriod) => {
    for (const backend of ['nftables', 'iptables', 'ipvs']) {
      const text = `${kubeProxy}mode: ${mode}\n${sections}---\n${nodelb}backend: ${backend}`
      expect(read(text)).toMatchObject({ masqueradeAll, masqueradeBit, minSyncPeriod })
    }
  })

  test.each([
    ['iptables', ['nftables.masqueradeBit', 'nftables.minSyncPeriod', 'nftables.syncPeriod']],
    ['nftables', ['iptables.masqueradeBit', 'iptables.masqueradeAll', 'iptables.minSyncPeriod']],
    ['ipvs', ['iptables.minSyncPeriod', 'iptables.syncPeriod', 'nftables.masqueradeBit']],
  ])('mode %s: what it does not read is named', (mode, fields) => {
    const { notUsed } = read(`${kubeProxy}mode: ${mode}\n${sections}`)
    expect([...notUsed]).toEqual(expect.arrayContaining(fields))
    expect(notUsed).not.toContain(`${mode}.minSyncPeriod`)
    if (mode !== 'nftables') expect(notUsed).not.toContain('iptables.masqueradeAll')
  })
})

test("nodelb's own minSyncPeriod wins; zero is kube-proxy's word for its default", () => {
  const theirs = `${kubeProxy}iptables: {minSyncPeriod: 2s}\n---\n${nodelb}`
  expect(read(theirs).minSyncPeriod).toBe(2_000)
  expect(read(`${theirs}minSyncPeriod: 50ms`).minSyncPeriod).toBe(50)
  expect(read(`${kubeProxy}iptables: {minSyncPeriod: 0s}`).minSyncPeriod).toBe(100)
  expect(read(nodelb).minSyncPeriod).toBe(100)
})

test.each([
  [
    'iptables: {masqueradeBit: 32}',
    'iptables.masqueradeBit: found 32, expected a bit from 0 to 31',
  ],
  [
    'iptables: {localhostNodePorts: "no"}',
    'iptables.localhostNodePorts: found "no", expected true or false',
  ],
])('refuses %s', (text, line) => {
  const result = readConfig(kubeProxy + text, 'config.yaml')
  expect(result.problems.map(printProblem)).toEqual([
    `config.yaml: KubeProxyConfiguration: ${line}`,
  ])
})
