import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, expect, test, vi } from 'vitest'
import { bundleCommand } from '../../src/cli/about/bundle.ts'
import type { BundleOptions } from '../../src/cli/about-arguments.ts'
import type { BinaryOutput } from '../../src/cli/output.ts'
import { ObjectApi } from '../support/object-api.ts'

const folder = mkdtempSync(join(tmpdir(), 'nodelb-bundle-'))
afterAll(() => rmSync(folder, { recursive: true }))

function write(name: string, text: string): string {
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

/** Every one of them is in what the bundle is made of, and none may be in it. */
const JWT = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJub2RlbGIifQ.c2lnbmF0dXJl'
const SECRETS = [
  ...['hunter2-of-a-peer', 'hunter3-of-a-log', 'hunter4-of-a-proxy', 'hunter5-of-an-annotation'],
  ...['hunter6-of-a-secret', 'hunter7-of-frr', 'hunter8-last-applied', 'MIIEvQIBADANBg', JWT],
]

const objects = `apiVersion: v1
kind: Service
metadata:
  name: web
  annotations:
    example.com/token: hunter5-of-an-annotation
    nodelb.io/ipvs-scheduler: rr
    kubectl.kubernetes.io/last-applied-configuration: '{"x":"hunter8-last-applied"}'
  managedFields: [{ manager: kubectl }]
spec: { type: LoadBalancer, ports: [{ port: 80 }] }
---
apiVersion: v1
kind: List
items:
  - { apiVersion: v1, kind: Secret, metadata: { name: s }, stringData: { any: hunter6-of-a-secret } }
  - apiVersion: metallb.io/v1beta2
    kind: BGPPeer
    metadata: { name: peer }
    spec: { peerASN: 64512, password: hunter2-of-a-peer }
`

const log = `{"level":"info","event":"started"}
{"level":"warn","reason":"password=hunter3-of-a-log was refused"}
{"level":"warn","reason":"proxy http://me:hunter4-of-a-proxy@proxy.example.com failed"}
{"level":"warn","line":"neighbor 192.0.2.1 password hunter7-of-frr"}
{"level":"warn","reason":"Bearer ${JWT}"}
-----BEGIN PRIVATE KEY-----
MIIEvQIBADANBg
-----END PRIVATE KEY-----
`

const nothing: BundleOptions = {
  file: '',
  objects: false,
  files: [],
  kubeconfig: undefined,
  config: undefined,
  statusSocket: join(folder, 'no.sock'),
  listen: '127.0.0.1:1',
  log: join(folder, 'no.log'),
}

/** An output of which only lines for people are kept. */
function outputInto(said: string[]): BinaryOutput {
  const none = () => undefined
  return { out: none, bytes: none, say: (line) => said.push(line), colour: false }
}

/** Makes a bundle and unpacks it with the system's tar. */
async function bundle(options: Partial<BundleOptions>) {
  const file = join(mkdtempSync(join(folder, 'made-')), 'bundle.tar.gz')
  const said: string[] = []
  const output = outputInto(said)
  const code = await bundleCommand({ ...nothing, file, ...options }, '1.2.3', output)
  const { stdout } = await execa('tar', ['tzf', file])
  const into = mkdtempSync(join(folder, 'unpacked-'))
  await execa('tar', ['xzf', file, '-C', into])
  const names = stdout.split('\n')
  const texts = new Map(names.map((name) => [name, readFileSync(join(into, name), 'utf8')]))
  return { code, file, names, said, text: (name: string) => texts.get(`nodelb/${name}`) ?? '' }
}

test('what can be had is in it, without secrets', async () => {
  const server = createServer((_, response) => response.end('nodelb_ready 1\n'))
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo
  const config = 'apiVersion: nodelb.io/v1alpha1\nkind: NodelbConfiguration\nscope: all\n'
  const made = await bundle({
    files: [write('objects.yaml', objects)],
    config: write('config.yaml', config),
    listen: `127.0.0.1:${port}`,
    log: write('agent.log', log),
  })
  server.close()
  expect(made.code).toBe(0)
  expect(statSync(made.file).mode & 0o777).toBe(0o600)
  expect(JSON.parse(made.text('versions.json'))).toMatchObject({ nodelb: '1.2.3' })
  expect(made.text('config.txt')).toMatch(/^scope +all +.*config\.yaml \(NodelbConfiguration\)$/m)
  expect(made.text('log.txt')).toContain('"event":"started"')
  expect(made.text('metrics.txt')).toBe('nodelb_ready 1\n')
  expect(made.text('sysctls.txt')).toMatch(/^net\.ipv4\.ip_forward = [01]$/m)
  expect(made.text('objects.yaml')).toContain('nodelb.io/ipvs-scheduler: rr')
  expect(made.text('objects.yaml')).toContain('password: "[secret]"')
  const all = made.names.map((name) => made.text(name.replace('nodelb/', ''))).join('\n')
  expect(SECRETS.filter((secret) => all.includes(secret))).toEqual([])
  // They were there to be found.
  expect(SECRETS.filter((secret) => (objects + log).includes(secret))).toEqual(SECRETS)
})

test('what cannot be had is said in it, and the rest is there', async () => {
  const made = await bundle({ config: join(folder, 'no.yaml') })
  expect(made.code).toBe(0)
  const summary = made.text('summary.txt')
  expect(summary).toMatch(/^status\.json +not there: no agent answers at .*no\.sock$/m)
  expect(summary).toMatch(/^log\.txt +not there: ENOENT/m)
  expect(summary).toMatch(/^metrics\.txt +not there: connect ECONNREFUSED/m)
  expect(summary).toMatch(/^objects\.yaml +not there: not asked for; --objects adds them$/m)
  expect(summary).toMatch(/^sysctls\.txt +\d+ bytes$/m)
  expect(made.text('config.txt')).toContain('no.yaml: found no such file')
  expect(made.said.join('\n')).toBe(summary.trimEnd())
})

test('of a long log it has the end, in whole lines', async () => {
  const lines = Array.from({ length: 60_000 }, (_, i) => `{"line":${i},"text":"of the log"}\n`)
  const { text } = await bundle({ log: write('long.log', lines.join('')) })
  const kept = text('log.txt')
  expect(kept.length).toBeLessThanOrEqual(1 << 20)
  expect(kept.endsWith(lines.at(-1) ?? '')).toBe(true)
  expect(() =>
    kept
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).not.toThrow()
})

test('a file that cannot be written is trouble', async () => {
  const said: string[] = []
  const output = outputInto(said)
  const options = { ...nothing, file: join(folder, 'no', 'bundle.tar.gz') }
  expect(await bundleCommand(options, '1.2.3', output)).toBe(2)
  expect(said).toEqual([expect.stringContaining('ENOENT')])
})

/** A page of a list, as the API server answers it. */
function page(kind: string, names: readonly string[], next?: string): string {
  const items = names.map((name) => ({ metadata: { name, namespace: 'shop' } }))
  const metadata = next === undefined ? {} : { continue: next }
  return JSON.stringify({ kind: `${kind}List`, apiVersion: 'v1', metadata, items })
}

test('objects of the API server come page by page, and what it refuses is said', async () => {
  const api = await ObjectApi.start([])
  const asked: (string | null)[] = []
  api.answer = ({ pathname, searchParams }) => {
    if (pathname !== '/api/v1/services') return undefined
    const from = searchParams.get('continue')
    asked.push(from)
    const text = from === '' ? page('Service', ['web'], 'a&b') : page('Service', ['mail'])
    return { status: 200, text }
  }
  api.instead = { '/v1/nodes': { status: 403, text: '{}' }, '/v1/endpointslices': { status: 0 } }
  const made = await bundle({ objects: true, kubeconfig: api.kubeconfig })
  const text = made.text('objects.yaml')
  expect(asked).toEqual(['', 'a&b'])
  expect(text).toContain('# /api/v1/nodes: status 403\n')
  expect(text).toMatch(/^# \/apis\/discovery\.k8s\.io\/v1\/endpointslices: .+$/m)
  expect(text).toMatch(/^kind: Service\nmetadata:\n {2}name: web\n/m)
  expect(text).toContain('name: mail')
})

test('an API server that gives nothing is named with its reason', async () => {
  const api = await ObjectApi.start([])
  api.instead = { '/api': { status: 503, text: 'not now' } }
  const { text } = await bundle({ objects: true, kubeconfig: api.kubeconfig })
  expect(text('summary.txt')).toMatch(
    /^objects\.yaml +not there: # \/api\/v1\/services: status 503 # \/api/m,
  )
})

test('where no API server is known, the objects are missing, and the rest is there', async () => {
  vi.stubEnv('KUBECONFIG', '/a:/b')
  const { code, text } = await bundle({ objects: true })
  vi.unstubAllEnvs()
  expect(code).toBe(0)
  expect(text('summary.txt')).toMatch(/^objects\.yaml +not there: KUBECONFIG: found 2 files/m)
})

test('files of objects that are not there are named among the objects', async () => {
  const { text } = await bundle({ files: [join(folder, 'none.yaml'), write('one.yaml', objects)] })
  expect(text('objects.yaml')).toMatch(/^# not read: no such file or folder$/m)
  expect(text('objects.yaml')).toContain('kind: Service')
})

test('whatever answers for the metrics or the status is told by its answer', async () => {
  const server = createServer((_, response) => response.writeHead(404).end('no'))
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo
  const socket = join(folder, 'odd.sock')
  const odd = createServer((_, response) => response.end('<html>'))
  await new Promise<void>((listening) => odd.listen(socket, listening))
  const made = await bundle({ listen: `:${port}`, statusSocket: socket })
  server.close()
  odd.close()
  const url = `http://127.0.0.1:${port}/metrics`
  expect(made.text('summary.txt')).toContain(`not there: ${url}: status 404`)
  expect(made.text('summary.txt')).toMatch(/^status\.json +not there: .*not JSON/m)
  const { text } = await bundle({ listen: 'no port' })
  expect(text('summary.txt')).toContain('--listen: "no port" is no host:port')
})

test('without --log it looks where the container runtime keeps logs', async () => {
  const { text } = await bundle({ log: undefined })
  const containers =
    /^log\.txt +(\d+ bytes|not there: \/var\/log\/containers has no log of an agent)/m
  expect(text('summary.txt')).toMatch(containers)
})

test('an annotation that is no text, and an object that is none, are not shown', async () => {
  const odd = `apiVersion: v1
kind: List
items: [null, 7, { apiVersion: v1, kind: Service, metadata: { name: odd, annotations: null } }]
---
- a list
---
kind: [Service]
`
  const { text } = await bundle({ files: [write('odd.yaml', odd)] })
  expect(text('objects.yaml')).toBe(
    'kind: Service\napiVersion: v1\nmetadata:\n  name: odd\n  annotations: {}\n',
  )
})

test('into a pipe it writes the archive alone, and the summary for people', async () => {
  const parts: Uint8Array[] = []
  const said: string[] = []
  const output = { ...outputInto(said), bytes: (bytes: Uint8Array) => void parts.push(bytes) }
  expect(await bundleCommand({ ...nothing, file: '-' }, '1.2.3', output)).toBe(0)
  const { stdout } = await execa('tar', ['tzf', '-'], { input: Buffer.concat(parts) })
  expect(stdout.split('\n')[0]).toBe('nodelb/summary.txt')
  expect(said.join()).toContain('versions.json')
})
