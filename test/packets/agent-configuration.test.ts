import { afterEach, beforeEach, expect, test } from 'vitest'
import { AgentLab } from '../support/agent-lab.ts'
import { WEB, webNode, webObjects, webService, webSlices } from '../support/web.ts'

let place: AgentLab

beforeEach(async () => {
  place = await AgentLab.build()
})

afterEach(() => place?.remove())

const clusterIp = { to: WEB.cluster[0], from: 'pod-c' } as const

test('scope: load-balancer takes ClusterIPs away in one commit, all brings them back', async () => {
  place.write(webObjects(['pod-a']))
  const agent = place.start('--config', place.configure({ scope: 'all' }))
  await agent.next('agent-ready')
  expect(await place.answers(clusterIp)).toEqual(['pod-a'])
  place.configure({ scope: 'load-balancer' })
  await agent.next('configuration-loaded')
  const { operations } = await agent.next('kernel-committed')
  expect(operations).toBeGreaterThan(0)
  expect(await place.rules()).not.toContain('10.96.0.10')
  expect(await place.answers()).toEqual(['pod-a'])
  place.configure({ scope: 'all' })
  await agent.next('kernel-committed')
  expect(await place.answers(clusterIp)).toEqual(['pod-a'])
})

test('what cannot be used leaves the configuration before it in force', async () => {
  place.write(webObjects(['pod-a']))
  const agent = place.start('--config', place.configure({ scope: 'all' }))
  await agent.next('agent-ready')
  for (const wrong of [{ scope: 'everything' }, { scope: 'all', target: 'cluster-ip' }]) {
    place.configure(wrong)
    await agent.next('configuration-refused')
    const pods = [JSON.stringify(wrong).length % 2 === 0 ? 'pod-b' : 'pod-c'] as const
    place.write(webObjects(pods))
    await agent.next('kernel-committed')
    expect(await place.answers()).toEqual(pods)
    expect(await place.answers({ ...clusterIp, from: 'client' })).toEqual(pods)
  }
  place.configure({ scope: 'all' })
  await agent.next('configuration-loaded')
  expect(await agent.next('kernel-committed')).toMatchObject({ operations: 0 })
})

test.each([
  [{ scope: 'everything' }, 'scope: found "everything"'],
  [{ scope: 'all', target: 'cluster-ip' }, 'target: found "cluster-ip"'],
])('an agent does not start with %o', async (fields, found) => {
  place.write(webObjects(['pod-a']))
  const agent = place.start('--config', place.configure(fields))
  expect(await agent.ended()).toBe(2)
  expect(agent.noise.join('\n')).toContain(found)
  expect(agent.lines).toEqual([])
})

test('ownership is given up and taken again, and no rule changes', async () => {
  place.write(webObjects(['pod-a']))
  const agent = place.start('--config', place.configure({ scope: 'all' }))
  await agent.next('table-owned')
  await agent.next('kernel-committed')
  const before = await place.rules()
  const stream = await place.lab.pour({ from: 'client', to: WEB.loadBalancer[0], pause: 20 })
  place.configure({ scope: 'all', ownership: 'none' })
  await agent.next('table-not-owned')
  expect(await place.rules()).toBe(before)
  expect((await place.lab.run('nft', ['delete', 'table', 'ip6', 'nodelb'])).exitCode).toBe(0)
  await agent.next('kernel-committed', ({ operations }) => Number(operations) > 10)
  place.configure({ scope: 'all' })
  await agent.next('table-owned')
  await agent.next('kernel-committed')
  expect(await place.rules()).toBe(before)
  expect((await place.lab.run('nft', ['delete', 'table', 'ip6', 'nodelb'])).exitCode).not.toBe(0)
  expect(Object.keys(await stream.stop())).toEqual(['pod-a'])
  expect(agent.lines.filter(({ event }) => event === 'commit-failed')).toEqual([])
})

test('a Node that comes late, changes, and goes', async () => {
  const { metadata } = webNode as { metadata: object }
  const ports = [{ name: 'tcp', port: 80, targetPort: 8080, nodePort: 30080 }]
  const objects = [webService({ ports }), ...webSlices(['pod-a'])]
  const at = (address: string) => ({ to: `${address}:30080` })
  const node = (addresses: readonly string[], podCIDRs: readonly string[]) => ({
    ...webNode,
    metadata,
    spec: { podCIDRs },
    status: { addresses: addresses.map((address) => ({ type: 'InternalIP', address })) },
  })
  place.write(objects)
  const agent = place.start()
  expect(await agent.next('node-missing')).toMatchObject({ node: 'node-a' })
  expect(await place.rules()).not.toContain('nodelb')
  place.write([...objects, node(['192.0.2.1', '2001:db8:1::1'], [])])
  const notes = (await agent.next('configuration-loaded'))['notes']
  expect(String(notes)).toContain(
    'only traffic from ranges that are programmed already counts as that of pods',
  )
  await agent.next('agent-ready')
  expect(await place.answers(at('192.0.2.1'))).toEqual(['pod-a'])
  expect(await place.answers(at('[2001:db8:1::1]'))).toEqual(['pod-a'])
  place.write([...objects, node(['198.51.100.1', '2001:db8:2::1'], ['10.244.1.0/24'])])
  expect(await agent.next('configuration-loaded')).toMatchObject({ notes: [] })
  await agent.next('kernel-committed')
  expect(await place.answers(at('198.51.100.1'))).toEqual(['pod-a'])
  expect(await place.answers(at('[2001:db8:2::1]'))).toEqual(['pod-a'])
  expect(await place.rules()).not.toContain('192.0.2.1')
  place.write([webService({ ports }), ...webSlices(['pod-b'])])
  await agent.next('kernel-committed')
  expect(await place.answers(at('198.51.100.1'))).toEqual(['pod-b'])
})

test('settings of connection tracking follow the configuration', async () => {
  const sysctl = 'net.netfilter.nf_conntrack_tcp_timeout_close_wait'
  const seconds = async () => (await place.lab.run('sysctl', ['-n', sysctl])).stdout
  const kubeProxy = (tcpCloseWaitTimeout: string) =>
    place.configure({
      apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
      kind: 'KubeProxyConfiguration',
      conntrack: { tcpCloseWaitTimeout },
    })
  place.write(webObjects(['pod-a']))
  const agent = place.start('--scope', 'all', '--config', kubeProxy('2h'))
  await agent.next('agent-ready')
  expect(await seconds()).toBe('7200')
  kubeProxy('3h')
  const found = `${sysctl}: 7200 -> 10800`
  expect(await agent.next('sysctl-set')).toMatchObject({ sysctl, found })
  expect(await seconds()).toBe('10800')
})
