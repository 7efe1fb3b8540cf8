import { rename } from 'node:fs/promises'
import { release } from 'node:os'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import type { IpvsCommit } from '../../../src/apply/ipvs/commit.ts'
import type { Address } from '../../../src/model/address.ts'
import type { IpvsOperation } from '../../../src/plan/ipvs/operation.ts'
import { commit, destination, dummy, id, properties, read, saved, useIpvs } from './ipvs.ts'

const sockets = useIpvs()

const web = id('10.96.0.10', 80)
const dns = id('10.96.0.11', 53, 'udp')
const pod = destination('10.244.1.10', 8080)
const modules = `/usr/lib/modules/${release()}/kernel/net/netfilter/ipvs`

/** What a server needs to be reachable, in the order of a plan. */
function serve(server: typeof web, scheduler = 'rr'): readonly IpvsOperation[] {
  return [
    { kind: 'add-server', server, properties: properties({ scheduler }) },
    { kind: 'add-destination', server, destination: pod },
  ]
}

function bind({ address }: typeof web): IpvsOperation {
  return { kind: 'add-address', dummy, address }
}

function told({ failures }: IpvsCommit): readonly string[] {
  return failures.map(({ operation: { kind }, errno, reason }) => `${kind}: ${errno}: ${reason}`)
}

test('a scheduler without its module stops its own server only, and works once it is there', async () => {
  const plan: readonly IpvsOperation[] = [
    { kind: 'add-dummy', name: dummy },
    ...serve(web, 'lblcr'),
    ...serve(dns),
    bind(web),
    bind(dns),
  ]
  await rename(`${modules}/ip_vs_lblcr.ko`, `${modules}/away`)
  const outcome = await commit(sockets(), plan)
  await rename(`${modules}/away`, `${modules}/ip_vs_lblcr.ko`)
  expect(outcome.done).toBe(4)
  expect(told(outcome)).toEqual([
    'add-server: ENOENT: no scheduler lblcr: load the kernel module ip_vs_lblcr, or choose another',
    'add-destination: ECANCELED: its virtual server was refused',
    'add-address: ECANCELED: none of its virtual servers could be made',
  ])
  expect([...(await read(sockets())).addresses]).toEqual(['10.96.0.11'])

  const again = await commit(
    sockets(),
    outcome.failures.map(({ operation }) => operation),
  )
  expect(again).toEqual({ done: 3, failures: [] })
  expect(await saved()).toContain('-A -t 10.96.0.10:80 -s lblcr')
})

test('an address that another server still answers on is bound all the same', async () => {
  await commit(sockets(), [{ kind: 'add-dummy', name: dummy }, ...serve(web)])
  const outcome = await commit(
    sockets(),
    [...serve(id(web.address, 443), 'nonesuch'), bind(web)],
    await read(sockets()),
  )
  expect(outcome.failures.map(({ operation: { kind } }) => kind)).toEqual([
    'add-server',
    'add-destination',
  ])
  expect([...(await read(sockets())).addresses]).toEqual([web.address])
})

test('what another program made or removed meanwhile is told, and the rest goes on', async () => {
  await commit(sockets(), serve(web))
  const outcome = await commit(sockets(), [
    ...serve(web, 'lc'),
    { kind: 'edit-destination', server: web, destination: destination('10.244.9.9', 80) },
    { kind: 'edit-server', server: dns, properties: properties() },
    { kind: 'delete-destination', server: web, destination: destination('10.244.9.9', 80) },
    { kind: 'delete-server', server: dns },
    ...serve(dns),
  ])
  expect(told(outcome)).toEqual([
    'add-server: EEXIST: another program made this virtual server meanwhile',
    'add-destination: ECANCELED: its virtual server was refused',
    'edit-destination: ENOENT: another program removed this destination meanwhile',
    'edit-server: ESRCH: another program removed this virtual server meanwhile',
  ])
  expect(outcome.done).toBe(4)
  expect(await saved()).toContain('-A -u 10.96.0.11:53 -s rr')
})

test('without the capability each operation says so', async () => {
  const plan = [{ kind: 'add-dummy', name: dummy }, ...serve(web)]
  await execa('modprobe', ['ip_vs'])
  const script = fileURLToPath(new URL('commit-alone.ts', import.meta.url))
  const { stdout } = await execa('setpriv', [
    '--bounding-set=-net_admin',
    '--inh-caps=-net_admin',
    'node_modules/.bin/tsx',
    script,
    JSON.stringify(plan),
  ])
  const reason = 'EPERM: not allowed: give nodelb the capability NET_ADMIN'
  expect(told(JSON.parse(stdout))).toEqual([
    `add-dummy: ${reason}`,
    `add-server: ${reason}`,
    'add-destination: ECANCELED: its virtual server was refused',
  ])
})

test('5,000 refused operations are told one by one', async () => {
  const plan = Array.from({ length: 5_000 }, (_, i): IpvsOperation => {
    const server = id(`10.98.${i >> 8}.${i & 255}`, 80)
    return { kind: 'edit-server', server, properties: properties() }
  })
  const { done, failures } = await commit(sockets(), plan)
  expect(done).toBe(0)
  expect(failures.map(({ operation }) => operation)).toEqual(plan)
})

test('IPv6 that is off on the interface is told', async () => {
  await commit(sockets(), [{ kind: 'add-dummy', name: dummy }])
  await execa('sysctl', ['-w', `net.ipv6.conf.${dummy}.disable_ipv6=1`])
  const address = 'fd00:10:96::10' as Address
  expect(told(await commit(sockets(), [{ kind: 'add-address', dummy, address }]))).toEqual([
    'add-address: EACCES: IPv6 is off on kube-ipvs0: ' +
      'set net.ipv6.conf.kube-ipvs0.disable_ipv6 to 0',
  ])
})
