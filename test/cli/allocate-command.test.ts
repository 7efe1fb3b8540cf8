import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { typed } from '../support/typed.ts'

/** What `nodelb allocate` and `nodelb render` say from the command line to the exit code. */

const folder = mkdtempSync(join(tmpdir(), 'nodelb-allocate-'))
afterAll(() => rmSync(folder, { recursive: true }))

function written(name: string, text: string): string {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

const pool = (addresses: string): string => `apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: { name: public, namespace: kube-system }
spec: { addresses: [${addresses}] }
---
`
const service = (name: string, spec = ''): string => `apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: shop }
spec: { type: LoadBalancer, ports: [{ port: 80 }], ipFamilies: [IPv4]${spec} }
---
`

test('what changes from some objects to others is what differs between them', async () => {
  const before = written('before.yaml', pool('192.0.2.1/32') + service('web') + service('late'))
  const after = written('after.yaml', pool('192.0.2.0/30') + service('web') + service('late'))
  const { code, out, said } = await typed('allocate', '-f', after, '--against', before)
  expect({ code, said }).toEqual({ code: 0, said: [] })
  expect(out).toContain(`Changes against ${before}:\n`)
  const json = await typed('allocate', '-f', after, '--against', before, '-o', 'json')
  const { services } = JSON.parse(json.out)
  expect(services).toMatchObject([
    { name: 'late', state: 'assigned' },
    { name: 'web', state: 'assigned' },
  ])
})

test('one Service alone, for programs, without the hints on others', async () => {
  const file = written('one.yaml', pool('192.0.2.0/30') + service('web') + service('other'))
  const words = ['allocate', '-f', file, '--service', 'shop/web', '-o', 'json']
  const { services } = JSON.parse((await typed(...words)).out)
  expect(services).toEqual([
    {
      ...{ namespace: 'shop', name: 'web', ingress: [{ ip: '192.0.2.1' }], pool: 'public' },
      ...{ state: 'assigned', reason: 'IPAddressPool public gives it' },
    },
  ])
})

test('objects that cannot be parsed are named, and are trouble', async () => {
  const file = written('good.yaml', pool('192.0.2.0/30') + service('web'))
  const broken = written('broken.yaml', 'kind: [')
  const { code, out, said } = await typed('allocate', '-f', file, broken)
  expect(code).toBe(2)
  expect(said).toEqual([expect.stringMatching(/broken\.yaml: .*syntax error/)])
  expect(out).toContain('shop/web')
})

test('render names the first addresses that a Service does not get, and counts the rest', async () => {
  const node = `apiVersion: v1
kind: Node
metadata: { name: n1 }
status: { addresses: [{ type: InternalIP, address: 192.0.2.250 }] }
---
`
  const ips = Array.from({ length: 6 }, (_, at) => `203.0.113.${at + 1}`)
  const claims = (name: string, last: number): string => `apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: shop, creationTimestamp: "2026-01-0${last}T00:00:00Z" }
spec:
  type: LoadBalancer
  clusterIP: 10.96.0.${last}
  clusterIPs: [10.96.0.${last}]
  externalIPs: [${ips.join(', ')}]
  ports: [{ port: 80, protocol: TCP }]
---
`
  const file = written('claims.yaml', node + claims('first', 1) + claims('second', 2))
  const { code, said } = await typed('render', '-f', file, '--node', 'n1')
  expect(code).toBe(0)
  const lines = said.filter((line) => line.startsWith('Service '))
  expect(lines).toHaveLength(4)
  expect(lines[0]).toMatch(/^Service shop\/second: 203\.0\.113\.\d:80\/tcp belongs to Service shop/)
  expect(lines[3]).toBe('Service shop/second: 3 more of its addresses and ports are not served')
})
