import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { ApiServer } from './support/apiserver.ts'

const program = fileURLToPath(new URL('../../dist/nodelb.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'nodelb-bundle-'))
let server: ApiServer

beforeAll(async () => {
  server = await ApiServer.start()
}, 600_000)
afterAll(async () => {
  await server?.stop()
  rmSync(folder, { recursive: true })
})

/** More than a page of a list. */
const SERVICES = 120

function service(i: number): unknown {
  const annotations = { 'example.com/note': 'hunter2', 'nodelb.io/ipvs-scheduler': 'rr' }
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: `web-${i}`, annotations },
    spec: { type: 'ExternalName', externalName: `web-${i}.example.com` },
  }
}

test('has the objects of the API server, in all their pages, and says which kinds are not there', async () => {
  const services = Array.from({ length: SERVICES }, (_, i) => service(i))
  await server.admin.create('/api/v1/namespaces/default/services', services)
  const secret = { metadata: { name: 's' }, stringData: { password: 'hunter3' } }
  await server.admin.call('POST', '/api/v1/namespaces/default/secrets', secret)
  const file = join(folder, 'bundle.tar.gz')
  const args = ['bundle', '-o', file, '--objects', '--kubeconfig', server.kubeconfig()]
  await execa(process.execPath, [program, ...args])
  const { stdout } = await execa('tar', ['xzOf', file, 'nodelb/objects.yaml'])
  const objects = parseAllDocuments(stdout).map((document) => document.toJS())
  const named = objects.map(({ metadata }) => metadata.name)
  expect(named).toEqual(expect.arrayContaining(services.map((_, i) => `web-${i}`)))
  expect(objects.find(({ metadata }) => metadata.name === 'web-0')).toMatchObject({
    kind: 'Service',
    metadata: {
      annotations: { 'example.com/note': '[not shown]', 'nodelb.io/ipvs-scheduler': 'rr' },
    },
  })
  expect(stdout).toContain('# /apis/metallb.io/v1beta1/ipaddresspools: status 404\n')
  const { stdout: all } = await execa('tar', ['xzOf', file])
  expect(all).not.toContain('hunter')
})
