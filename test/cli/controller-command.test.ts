import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { type Manifest, manifestsIn, ObjectApi } from '../support/object-api.ts'
import { Started } from '../support/typed.ts'

/** What `nodelb controller` does from its start to the signal that ends it, in this process. */

const folder = mkdtempSync(join(tmpdir(), 'nodelb-controller-'))
afterAll(() => rmSync(folder, { recursive: true }))

const objects = manifestsIn(`
apiVersion: v1
kind: Namespace
metadata: { name: shop }
---
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: { name: public, namespace: kube-system, resourceVersion: "1" }
spec: { addresses: [192.0.2.10-192.0.2.20] }
---
apiVersion: v1
kind: Service
metadata: { name: plain, namespace: shop, resourceVersion: "1", uid: a }
spec: { type: LoadBalancer, ports: [{ port: 80 }], ipFamilies: [IPv4], clusterIPs: [10.96.0.1] }
---
apiVersion: v1
kind: Service
metadata: { name: classy, namespace: shop, resourceVersion: "1", uid: b }
spec:
  type: LoadBalancer
  loadBalancerClass: example.com/own
  ports: [{ port: 80 }]
  ipFamilies: [IPv4]
  clusterIPs: [10.96.0.2]
`)

/** Replaces the configuration file at once, as nobody may read a half of it. */
function configure(fields: string): string {
  const file = join(folder, 'config.yaml')
  const head = 'apiVersion: nodelb.io/v1alpha1\nkind: NodelbConfiguration\n'
  writeFileSync(`${file}.new`, `${head}${fields}\n`)
  renameSync(`${file}.new`, file)
  return file
}

function addressOf(api: ObjectApi, name: string): unknown {
  const service = api.objects.find(({ kind, metadata }) => {
    return kind === 'Service' && metadata.name === name
  })
  const { status } = service as Manifest & { status?: { loadBalancer?: { ingress?: unknown } } }
  return status?.loadBalancer?.ingress
}

function start(api: ObjectApi, ...more: readonly string[]): Started {
  const listen = ['--listen', '127.0.0.1:0', '--kubeconfig', api.kubeconfig]
  return Started.start(['controller', ...listen, ...more])
}

test('gives addresses while it has the Lease, and gives the Lease back at the end', async () => {
  const api = await ObjectApi.start(objects)
  const controller = start(api, '--namespace', 'balance')
  await eventually(() => addressOf(api, 'plain') !== undefined)
  expect(addressOf(api, 'plain')).toMatchObject([{ ip: '192.0.2.10' }])
  const held = api.objects.find(({ kind }) => kind === 'Lease')
  expect(held).toMatchObject({ metadata: { namespace: 'balance', name: 'nodelb-controller' } })
  // An Event tells of the address.
  await eventually(() => api.paths.includes('/apis/events.k8s.io/v1/namespaces/shop/events'))
  expect(await controller.end('SIGTERM')).toBe(0)
  expect(await controller.line('controller-stopping')).toMatchObject({ level: 'info' })
  const given = api.objects.find(({ kind }) => kind === 'Lease')
  expect(given).toMatchObject({ spec: { holderIdentity: '' } })
})

test('follows its configuration: Services of a class that is added get addresses, too', async () => {
  const api = await ObjectApi.start(objects)
  const controller = start(api, '--config', configure('scope: all'))
  await eventually(() => addressOf(api, 'plain') !== undefined)
  expect(addressOf(api, 'classy')).toBeUndefined()
  configure('loadBalancerClass: example.com/own')
  expect(await controller.line('configuration-refused')).toMatchObject({
    source: join(folder, 'config.yaml'),
    reason: expect.stringContaining('loadBalancerClass: found an unknown field'),
  })
  configure('loadBalancerClasses: [example.com/own]')
  await eventually(() => addressOf(api, 'classy') !== undefined)
  expect(addressOf(api, 'classy')).toMatchObject([{ ip: '192.0.2.11' }])
  expect(await controller.end('SIGINT')).toBe(0)
})
