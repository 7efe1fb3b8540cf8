import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { ApiServer } from './support/apiserver.ts'
import { balanced, installKinds, paths, pool } from './support/controllers.ts'
import { kubernetesTools } from './support/kubernetes-tools.ts'

/** `kubectl nodelb` by a real kubectl, on a real API server, with the rights of deploy/kubectl. */

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'nodelb-kubectl-'))
const roles = '/apis/rbac.authorization.k8s.io/v1/clusterroles'

let server: ApiServer
let kubectl = ''
let viewer = ''
let stranger = ''

beforeAll(async () => {
  kubectl = join(await kubernetesTools(), 'kubectl')
  symlinkSync(join(root, 'dist/nodelb.js'), join(folder, 'kubectl-nodelb'))
  server = await ApiServer.start()
  await installKinds(server)
  const manifests = readFileSync(join(root, 'deploy/kubectl/view.yaml'), 'utf8')
  for (const document of parseAllDocuments(manifests)) {
    await server.admin.call('POST', roles, document.toJS())
  }
  const account = async (name: string) => {
    return server.kubeconfig({ token: await server.serviceAccountToken('kube-system', name) })
  }
  viewer = await account('viewer')
  stranger = await account('stranger')
  await server.admin.call('POST', roles.replace(/s$/, 'bindings'), {
    metadata: { name: 'viewer' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'nodelb-view' },
    subjects: [{ kind: 'ServiceAccount', namespace: 'kube-system', name: 'viewer' }],
  })
  await fill()
}, 600_000)

afterAll(async () => {
  await server?.stop()
  rmSync(folder, { recursive: true })
})

/** A Node, a pool, a Service that has an address and one that waits. */
async function fill(): Promise<void> {
  const { admin } = server
  const services = paths.services('default')
  const spec = { podCIDR: '10.42.1.0/24', podCIDRs: ['10.42.1.0/24'] }
  await admin.call('POST', '/api/v1/nodes', { metadata: { name: 'n1' }, spec })
  await admin.call('POST', paths.pools, pool('public', ['192.0.2.10-192.0.2.13']))
  await admin.call('POST', services, balanced('web'))
  const ingress = [{ ip: '192.0.2.10' }]
  await admin.call('PATCH', `${services}/web/status`, { status: { loadBalancer: { ingress } } })
  await admin.call('POST', services, balanced('queue', { loadBalancerIP: '198.51.100.1' }))
  await admin.call('POST', '/api/v1/namespaces/kube-system/configmaps', {
    metadata: { name: 'nodelb' },
    data: { 'config.yaml': 'apiVersion: nodelb.io/v1alpha1\nkind: NodelbConfiguration\n' },
  })
  await admin.call('POST', '/api/v1/namespaces/kube-system/serviceaccounts', {
    metadata: { name: 'nodelb' },
  })
  await admin.call('POST', '/api/v1/namespaces/kube-system/pods', {
    metadata: { name: 'nodelb-1', labels: { 'app.kubernetes.io/name': 'nodelb' } },
    spec: {
      nodeName: 'n1',
      serviceAccountName: 'nodelb',
      automountServiceAccountToken: false,
      containers: [{ name: 'agent', image: 'registry.example.com/nodelb:0.1.0' }],
      volumes: [{ name: 'config', configMap: { name: 'nodelb' } }],
    },
  })
}

function nodelb(file: string, ...words: readonly string[]) {
  const env = { PATH: `${folder}:${process.env['PATH']}`, KUBECONFIG: file, NO_COLOR: '1' }
  return execa(kubectl, ['nodelb', ...words], { env, reject: false })
}

test('kubectl runs it, with rights to read alone', async () => {
  const { stdout, stderr, exitCode } = await nodelb(viewer, 'status')
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 1 })
  expect(stdout).toMatch(/^Agents +0 of 1 ready, for 1 Node; registry.example.com\/nodelb:0.1.0$/m)
  expect(stdout).toMatch(/default\/queue +waits for an address: No IPAddressPool has 198.51.100.1/)
  expect(stdout).toMatch(/^default\/web +192.0.2.10 +80 +public +- +0 +refuses$/m)
})

test('pools and Services, for programs', async () => {
  const pools = await nodelb(viewer, 'pools', '-o', 'json')
  expect(JSON.parse(pools.stdout)).toEqual({
    pools: [
      {
        pool: 'public',
        family: 'ipv4',
        size: 4,
        used: 1,
        free: 3,
        percent: 25,
        services: ['default/web'],
      },
    ],
  })
  const { stdout } = await nodelb(viewer, 'services', '-o', 'json')
  const { services } = JSON.parse(stdout)
  expect(services.map(({ service, state }: Record<string, string>) => [service, state])).toEqual([
    ['default/queue', 'waits'],
    ['default/web', 'refuses'],
  ])
})

test('a drain needs --dry-run, and then says who takes over', async () => {
  const bare = await nodelb(viewer, 'drain', 'n1')
  expect(bare).toMatchObject({ exitCode: 2, stdout: '' })
  expect(bare.stderr).toMatch(/--dry-run/)
  const { stdout, exitCode } = await nodelb(viewer, 'drain', 'n1', '--dry-run')
  expect({ stdout, exitCode }).toEqual({ stdout: 'Nothing changes without n1.', exitCode: 0 })
})

test('a packet is traced on a Node that is not this machine', async () => {
  const words = ['explain', '--node', 'n1', '--to', '192.0.2.10:80', '--from', '203.0.113.9']
  const { stdout, stderr, exitCode } = await nodelb(viewer, ...words)
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
  expect(stdout).toMatch(/^203.0.113.9 -> 192.0.2.10:80\/tcp: refused/)
  expect(stdout).toMatch(/This is what n1 should do/)
})

test('without what decides nothing is shown, and what may not be read is named', async () => {
  const { stdout, stderr, exitCode } = await nodelb(stranger, 'status')
  expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 })
  expect(stderr).toMatch(/^nodelb: nodes are not read: the server answers 403: nodes is forbidden/m)
})

test('a server that does not answer is trouble', async () => {
  const file = server.kubeconfig({ token: 'none' }, '127.0.0.1', 1)
  const { stdout, stderr, exitCode } = await nodelb(file, 'status')
  expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 })
  expect(stderr).toMatch(/ECONNREFUSED|refused/)
})

/** A Pod of the controller, which serves the page if it has the port. */
async function addController(name: string, ports: readonly object[]): Promise<void> {
  await server.admin.call('POST', '/api/v1/namespaces/kube-system/pods', {
    metadata: { name, labels: { 'app.kubernetes.io/name': 'nodelb-controller' } },
    spec: {
      nodeName: 'n1',
      serviceAccountName: 'nodelb',
      automountServiceAccountToken: false,
      containers: [{ name: 'controller', image: 'registry.example.com/nodelb:0.1.0', ports }],
    },
  })
}

describe('kubectl nodelb ui', () => {
  test('says that there is no controller, or none that serves a page', async () => {
    const none = await nodelb(viewer, 'ui')
    expect(none).toMatchObject({ exitCode: 2, stdout: '' })
    expect(none.stderr).toMatch(/found no controller/)
    await addController('controller-a', [])
    const bare = await nodelb(viewer, 'ui')
    expect(bare).toMatchObject({ exitCode: 2, stdout: '' })
    expect(bare.stderr).toMatch(/serves no page: expected ui\.enabled/)
  })

  test('leaves to the API server who may do it, in its own words', async () => {
    await addController('controller-b', [{ name: 'ui', containerPort: 10268 }])
    const { stderr, stdout, exitCode } = await nodelb(viewer, 'ui')
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 })
    expect(stderr).toMatch(/pods "controller-b" is forbidden|pod is not running/)
    const unread = await nodelb(stranger, 'ui')
    expect(unread).toMatchObject({ exitCode: 2, stdout: '' })
    expect(unread.stderr).toMatch(/Pods are not read: the server answers 403/)
  })

  test('has kubectl forward the port of the one that leads, tells where, and ends with it', async () => {
    const port = [{ name: 'ui', containerPort: 10299 }]
    await addController('controller-c', port)
    await addController('controller-d', port)
    const ready = { conditions: [{ type: 'Ready', status: 'True' }] }
    for (const name of ['controller-b', 'controller-c', 'controller-d']) {
      const path = `/api/v1/namespaces/kube-system/pods/${name}/status`
      await server.admin.call('PATCH', path, { status: ready })
    }
    const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases'
    await server.admin.call('POST', leases, {
      metadata: { name: 'nodelb-controller' },
      spec: { holderIdentity: 'controller-d_4f0a' },
    })
    // There is no kubelet that would forward anything: this stands for a kubectl that could.
    const file = join(folder, 'kubectl')
    const says = 'echo "$@" >&2; echo "Forwarding from 127.0.0.1:40123 -> 10299"'
    writeFileSync(file, `#!/bin/sh\n${says}\n`, { mode: 0o755 })
    const { stdout, stderr, exitCode } = await nodelb(viewer, 'ui', '--port', '0')
    rmSync(file)
    expect(stdout).toBe(
      'http://127.0.0.1:40123/  the page of kube-system/controller-d; Ctrl-C ends it',
    )
    expect(stderr).toBe(
      `--kubeconfig=${viewer} --namespace=kube-system port-forward pod/controller-d 0:10299`,
    )
    expect(exitCode).toBe(2)
  })

  test('refuses a port that is none', async () => {
    const { stderr, exitCode } = await nodelb(viewer, 'ui', '--port', '70000')
    expect(exitCode).toBe(2)
    expect(stderr).toMatch(/--port.*expected a number from 0 to 65535/)
  })
})
