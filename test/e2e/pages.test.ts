import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { blocksOf } from '../support/pages.ts'
import { ApiServer } from './support/apiserver.ts'
import { balanced, installKinds, paths, pool } from './support/controllers.ts'
import { Manual } from './support/manual.ts'

/** What these pages ask a cluster is asked a real API server; docs/migration.md has a test of its own. */

let server: ApiServer
let manual: Manual

beforeAll(async () => {
  server = await ApiServer.start()
  await installKinds(server)
  manual = new Manual('docs/kubectl.md', server)
  const { admin } = server
  const spec = { podCIDR: '10.42.1.0/24', podCIDRs: ['10.42.1.0/24'] }
  await admin.call('POST', '/api/v1/nodes', { metadata: { name: hostname().toLowerCase() }, spec })
  await admin.call('POST', '/api/v1/namespaces', { metadata: { name: 'metallb-system' } })
  await admin.call('POST', paths.pools, pool('public', ['192.0.2.10-192.0.2.13']))
  await admin.call('POST', paths.services('default'), balanced('web'))
  const status = { loadBalancer: { ingress: [{ ip: '192.0.2.10' }] } }
  await admin.call('PATCH', `${paths.services('default')}/web/status`, { status })
  const kubeProxy = new URL('../cli/kube-proxy-files/kubeadm-1.33.yaml', import.meta.url)
  const configMap = parse(readFileSync(kubeProxy, 'utf8'))
  await admin.call('POST', '/api/v1/namespaces/kube-system/configmaps', configMap)
}, 600_000)

afterAll(async () => {
  manual?.close()
  await server?.stop()
})

describe.each([
  ['docs/addresses.md', 'default/web'],
  ['docs/bgp.md', 'rolebinding.rbac.authorization.k8s.io/nodelb-bgp created'],
  ['docs/configuration.md', '10.244.0.0/16,fd00:10:244::/48'],
  ['docs/kubectl.md', 'clusterrole.rbac.authorization.k8s.io/nodelb-view created'],
  ['docs/layer2.md', 'secret/nodelb-members created'],
])('%s', (page, said) => {
  // A link in /usr/local is the reader's own.
  const blocks = blocksOf(page).filter(
    ({ mark, text }) => mark === 'needs a cluster' && !text.includes('/usr/local'),
  )

  test(`works, and says ${said}`, async () => {
    let out = ''
    for (const { text } of blocks) out += await manual.run(text)
    expect(out).toContain(said)
  })
})

test('docs/command-line.md shows what a whole cluster means for this machine', async () => {
  const [block] = blocksOf('docs/command-line.md').filter(({ mark }) => mark === 'needs a cluster')
  // The exit code 1 says that there are differences.
  const said = await manual.run(`${block?.text.trimEnd()} || test $? = 1`)
  expect(said).toContain('+ default/web:80  192.0.2.10:80/tcp')
})
