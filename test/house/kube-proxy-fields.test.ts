import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from 'vitest'
import { defaultConfig } from '../../src/config/config.ts'
import { type Known, kubeProxyFields, nodelbFields } from '../../src/config/known-fields.ts'
import { decodeKubeProxyConfig, type KubeProxyConfig } from '../../src/config/kube-proxy-config.ts'
import { kubeProxyTable } from '../../src/config/kube-proxy-table.ts'
import { nodelbTable } from '../../src/config/nodelb-table.ts'
import { printProblem, report as startReport } from '../../src/decode/problem.ts'
import { FIELDS, FORMER_FIELDS, type Sample } from './kube-proxy-fields.ts'

const docs = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8')
const ALL: Readonly<Record<string, Sample>> = { ...FIELDS, ...FORMER_FIELDS }
const HEAD = '| Field | Here | Default | Meaning, or why it has none |'

/** What stands in the column Here, by field. */
const table = new Map(
  (docs.split(HEAD)[1]?.split('\n\n')[0] ?? '')
    .split('\n')
    .slice(2)
    .map((row) => row.split('|').map((cell) => cell.trim()))
    .map(([, field = '', here = '']): [string, string] => [field.replaceAll('`', ''), here]),
)

function paths(known: Known, path: string): string[] {
  if (typeof known === 'string' || Array.isArray(known)) return [path]
  return Object.entries(known).flatMap(([field, inside]) =>
    paths(inside, path === '' ? field : `${path}.${field}`),
  )
}

function decode({ beside }: Sample, path: string, value: unknown): KubeProxyConfig {
  const [section = '', field] = path.split('.')
  const at = field === undefined ? { [section]: value } : { [section]: { [field]: value } }
  const report = startReport('config.yaml')
  const config = decodeKubeProxyConfig({ ...beside, ...(value !== undefined && at) }, report)
  if (config === undefined) throw new Error(report.problems.map(printProblem).join('\n'))
  return config
}

/** Sorted, without those that say which kind of document it is. */
function fieldsOf(known: Known): string[] {
  const all = paths(known, '').filter((path) => path !== 'apiVersion' && path !== 'kind')
  return all.sort()
}

/** Without what is undefined. */
function plain(config: KubeProxyConfig): unknown {
  return JSON.parse(JSON.stringify(config))
}

describe('every field of a KubeProxyConfiguration', () => {
  test('is known to the code, and no other is', () => {
    expect(fieldsOf(kubeProxyFields)).toEqual(Object.keys(ALL).sort())
  })

  test('is in the table of docs/configuration.md once, and no other is', () => {
    expect([...table.keys()].sort()).toEqual(Object.keys(ALL).sort())
    expect(docs.split(HEAD).length).toBe(2)
  })

  test.each(Object.entries(ALL))('%s does here what the table says', (path, sample) => {
    const without = decode(sample, path, sample.before)
    const config = decode(sample, path, sample.value)
    const { notUsed } = config
    const changes = !isDeepStrictEqual(plain({ ...config, notUsed: [] }), plain(without))
    switch (table.get(path)) {
      case 'used':
      case 'otherwise':
        expect({ changes, notUsed }).toEqual({ changes: true, notUsed: [] })
        return
      case 'no':
        expect({ changes, notUsed }).toEqual({ changes: false, notUsed: [path] })
        return
      default:
        expect.unreachable(`${path}: ${table.get(path)}`)
    }
  })
})

test('nodelb config shows every field that is used, or the one that stands in for it', () => {
  const shown = (['iptables', 'nftables'] as const).flatMap((mode) =>
    kubeProxyTable({ ...defaultConfig, mode }).map(({ path }) => path),
  )
  const used = [...table].filter(([, here]) => here !== 'no').map(([path]) => path)
  const missing = used.filter((path) => !shown.includes(path))
  expect(missing.sort()).toEqual([
    'conntrack.tcpBeLiberal',
    'healthzBindAddress',
    'iptables.minSyncPeriod',
    'ipvs.minSyncPeriod',
    'metricsBindAddress',
    'nftables.minSyncPeriod',
  ])
  expect(shown.filter((path) => !used.includes(path))).toEqual([])
})

test('the table of a NodelbConfiguration has every field that the code knows, and no other', () => {
  const rows = docs.split('| Field | Values | Default | Meaning |')[1]?.split('\n\n')[0] ?? ''
  const cells = rows.split('\n').map((row) => row.split('|')[1] ?? '')
  const listed = cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name))
  expect(listed.sort()).toEqual(fieldsOf(nodelbFields))
  expect(nodelbTable.map(({ path }) => path).sort()).toEqual(fieldsOf(nodelbFields))
})
