import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Instead, type Manifest, manifestsIn, ObjectApi } from '../support/object-api.ts'
import { type Typed, typed, typedAs } from '../support/typed.ts'

/** What `kubectl nodelb` says, from the connection to the API server to the exit code. */

const GOLDENS = new URL('../golden/cluster/', import.meta.url).pathname
const folder = mkdtempSync(join(tmpdir(), 'nodelb-cluster-'))
afterAll(() => rmSync(folder, { recursive: true }))
beforeEach(() => vi.stubEnv('KUBECONFIG', undefined))
afterEach(() => vi.unstubAllEnvs())

const shop = manifestsIn(readFileSync(`${GOLDENS}shop.yaml`, 'utf8'))
const calm = manifestsIn(readFileSync(`${GOLDENS}calm.yaml`, 'utf8'))

interface Server {
  readonly objects?: readonly Manifest[]
  readonly instead?: Instead
}

/** Asks a server that has these objects; KUBECONFIG names it. */
async function asked(
  words: readonly string[],
  { objects = shop, instead = {} }: Server = {},
): Promise<Typed & { readonly paths: readonly string[] }> {
  const api = await ObjectApi.start(objects)
  api.instead = instead
  vi.stubEnv('KUBECONFIG', api.kubeconfig)
  return { ...(await typed('cluster', ...words)), paths: api.paths }
}

const golden = (name: string): string => readFileSync(`${GOLDENS}${name}`, 'utf8')

function written(name: string, text: string): string {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

describe('what is asked of the API server is answered', () => {
  test.each([
    ['services', ['services']],
    ['pools', ['pools']],
    ['announcers', ['announcers']],
    ['drain-n1', ['drain', 'n1', '--dry-run']],
  ])('%s, as text and for programs', async (name, words) => {
    const text = await asked(words)
    expect(text).toMatchObject({ code: 0, said: [] })
    // The goldens are as wide as a terminal; here is none, so nothing is shortened.
    expect(text.out.replaceAll(/ +/g, ' ')).toBe(golden(`shop-${name}.txt`).replaceAll(/ +/g, ' '))
    expect((await asked([...words, '-o', 'json'])).out).toBe(golden(`shop-${name}.jsonl`))
  })

  test('status, whose exit code says that something needs a person', async () => {
    const { code, out, said } = await asked(['status'])
    expect({ code, said }).toEqual({ code: 1, said: [] })
    expect(out).toContain('shop/queue')
    expect(out).toContain('waits for an address: no IPAddressPool has 192.168.9.9')
  })

  test('explain, which says that this is only what the Node should do', async () => {
    const words = ['explain', '--node', 'n1', '--to', 'shop/web:http', '--from', '192.0.2.1']
    const { code, out, said } = await asked(words)
    expect({ code, said }).toEqual({ code: 0, said: [] })
    expect(out).toBe(golden('shop-explain-n1.txt'))
  })

  test('under the name with which kubectl finds plugins, without the word cluster', async () => {
    const { kubeconfig } = await ObjectApi.start(calm)
    const words = ['pools', '--kubeconfig', kubeconfig]
    const plugin = await typedAs('/usr/local/bin/kubectl-nodelb', words)
    expect(plugin).toMatchObject({ code: 0, said: [] })
    expect(plugin.out).toContain('POOL')
    expect(await typedAs('kubectl-nodelb-other', words)).toMatchObject({
      code: 2,
      said: [expect.stringContaining("unknown command 'pools'")],
    })
  })
})

describe('what is asked wrongly is refused', () => {
  test.each([
    [['drain', 'n9', '--dry-run'], 'nodelb: drain: found "n9", expected the name of a Node'],
    [['announcers', '--node', 'n9'], 'nodelb: --node: found "n9", expected the name of a Node'],
    [
      ['explain', '--node', 'n9', '--to', '192.168.1.240:80'],
      'nodelb: --node: found "n9", expected the name of a Node',
    ],
    [
      ['explain', '--node', 'n1', '--to', '192.168.1.240'],
      expect.stringMatching(/^nodelb: --to: found "192\.168\.1\.240", expected ADDRESS:PORT/),
    ],
    [
      ['explain', '--node', 'n1', '--to', 'shop/nothing'],
      expect.stringMatching(/^nodelb: --to: found "shop\/nothing", expected a Service that has/),
    ],
    [
      ['explain', '--node', 'n1', '--to', 'shop/web:ssh'],
      expect.stringMatching(/found "shop\/web:ssh", .*; its ports: http, https$/),
    ],
  ])('%j', async (words, line) => {
    expect(await asked(words)).toMatchObject({ code: 2, out: '', said: [line] })
  })

  test('where there is no way to the API server', async () => {
    vi.stubEnv('HOME', folder)
    vi.stubEnv('KUBERNETES_SERVICE_HOST', undefined)
    const line = expect.stringMatching(
      /^nodelb: --kubeconfig: found nothing, expected a kubeconfig/,
    )
    expect(await typed('cluster', 'status')).toEqual({ code: 2, out: '', said: [line] })
  })
})

describe('what the server does not give', () => {
  const forbidden = { status: 403, text: '{"kind":"Status","message":"you may not"}' }

  test('of what decides, ends everything: the rest would mislead', async () => {
    const { code, out, said } = await asked(['status'], { instead: { '/v1/services': forbidden } })
    expect({ code, out, said }).toEqual({
      ...{ code: 2, out: '' },
      said: ['nodelb: services are not read: the server answers 403: you may not'],
    })
  })

  test('of what only tells how nodelb fares, is left out, with exit code 2', async () => {
    const instead = { '/v1/pods': forbidden }
    const { code, out, said } = await asked(['status'], { objects: calm, instead })
    expect({ code, said }).toEqual({
      code: 2,
      said: ['nodelb: Pods are not read: the server answers 403: you may not'],
    })
    expect(out).toMatch(/^Agents +not read$/m)
  })

  test('of MetalLB is no trouble: a cluster need not have its kinds', async () => {
    const instead = { '/apis/metallb.io/': { status: 404, text: 'page not found' } }
    const objects = calm.filter(({ apiVersion }) => !apiVersion.startsWith('metallb.io/'))
    const { code, out, said } = await asked(['pools'], { objects, instead })
    expect({ code, out, said }).toEqual({ code: 0, out: 'There is no pool.\n', said: [] })
  })

  test('is named with the reason if it answers nonsense', async () => {
    const instead = { '/v1/nodes': { status: 200, text: '<html>' } }
    const { code, said } = await asked(['pools'], { instead })
    expect(code).toBe(2)
    expect(said).toEqual([expect.stringMatching(/^nodelb: nodes are not read: /)])
  })
})

describe('the configuration', () => {
  const agent = (namespace: string): Manifest => ({
    ...{ apiVersion: 'v1', kind: 'Pod' },
    metadata: { name: 'nodelb-x', namespace },
    spec: {
      ...{ nodeName: 'n1', containers: [{ name: 'agent', image: 'nodelb:1' }] },
      volumes: [{ name: 'config', configMap: { name: 'nodelb' } }],
    },
  })
  const configMap = (data: Readonly<Record<string, string>> | undefined): Manifest => ({
    ...{ apiVersion: 'v1', kind: 'ConfigMap', data },
    metadata: { name: 'nodelb', namespace: 'balance' },
  })
  const nodelb = (fields: string): string =>
    `apiVersion: nodelb.io/v1alpha1\nkind: NodelbConfiguration\n${fields}\n`
  const others = shop.filter(({ kind }) => kind !== 'Pod')
  const withMap = (...maps: readonly Manifest[]) => ({
    objects: [...others, agent('balance'), ...maps],
  })
  const BY_BGP = nodelb('announce: {bgp: {enabled: true}}')

  test('is the one that the agents mount', async () => {
    const known = withMap(configMap({ 'config.yaml': BY_BGP }))
    const { code, out, said, paths } = await asked(['announcers', '-o', 'json'], known)
    expect({ code, said }).toEqual({ code: 0, said: [] })
    expect(paths).toContain('/api/v1/namespaces/balance/configmaps/nodelb')
    expect(JSON.parse(out).bgp).not.toBeNull()
  })

  test.each([
    [['announcers', '-o', 'json'], ''],
    [['pools'], 'POOL'],
  ])('is the default where no agent mounts any: %j', async (words, out) => {
    const answer = await asked(words)
    expect(answer).toMatchObject({ code: 0, said: [], out: expect.stringContaining(out) })
    expect(answer.paths.filter((path) => path.includes('configmaps'))).toEqual([])
  })

  test('is the default if the ConfigMap is not there, which is said', async () => {
    const { code, said } = await asked(['pools'], withMap())
    expect({ code, said }).toEqual({
      code: 0,
      said: [
        'nodelb: ConfigMap balance/nodelb is not read, and the defaults count: the server answers 404',
      ],
    })
  })

  test.each([
    ['has no data', undefined],
    ['is empty', {}],
  ])('is the default if the ConfigMap %s', async (_, data) => {
    expect(await asked(['pools'], withMap(configMap(data)))).toMatchObject({ code: 0, said: [] })
  })

  test('is the default if the ConfigMap has what cannot be used, which is said', async () => {
    const known = withMap(configMap({ 'config.yaml': nodelb('announce: {layer3: {}}') }))
    const { code, said } = await asked(['pools'], known)
    expect({ code, said }).toEqual({
      code: 0,
      said: [
        'ConfigMap balance/nodelb: config.yaml: NodelbConfiguration: announce.layer3: found an unknown field, expected one of ping, bgp, layer2',
      ],
    })
  })

  test('of --config goes before it', async () => {
    const known = withMap(configMap({ 'config.yaml': BY_BGP }))
    const config = written('config.yaml', nodelb('scope: all'))
    const { code, said, paths } = await asked(['announcers', '--config', config], known)
    expect({ code, said }).toEqual({ code: 0, said: [] })
    expect(paths.filter((path) => path.includes('configmaps'))).toEqual([])
  })

  test('of --config that cannot be read is trouble', async () => {
    const { code, out, said } = await asked(['pools', '--config', join(folder, 'none.yaml')])
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(said).toEqual([expect.stringContaining('none.yaml: found no such file or folder')])
  })

  test('is not known if the server ends before it is read: the defaults count', async () => {
    const instead = { configmaps: { status: 0 } }
    const { code, said } = await asked(['pools'], { ...withMap(), instead })
    expect(code).toBe(0)
    expect(said).toEqual([
      expect.stringMatching(/ConfigMap balance\/nodelb is not read, .*count: /),
    ])
  })
})
