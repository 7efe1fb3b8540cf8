import { rename } from 'node:fs/promises'
import { release } from 'node:os'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import type { Goal } from '../../../src/dataplane/dataplane.ts'
import { ipvsOf } from '../../../src/model/backend.ts'
import type { Scheduler } from '../../../src/model/ipvs.ts'
import {
  begin,
  bound,
  done,
  goalOf,
  proposed,
  servers,
  sysctl,
  table,
  useDataplanes,
} from './ipvs.ts'

const dataplanes = useDataplanes()
const myweb = goalOf('myweb-without-kube-proxy')
const golden = './myweb.ipvsadm'

/** myweb with so many of its endpoints. */
function scaled(count: number): Goal {
  const slices = myweb.cluster.slices.map((slice) => ({
    ...slice,
    endpoints: slice.endpoints.slice(0, count),
  }))
  return { ...myweb, cluster: { ...myweb.cluster, slices } }
}

function withScheduler(scheduler: Scheduler): Goal {
  const services = myweb.cluster.services.map((service) => ({ ...service, scheduler }))
  return { ...myweb, cluster: { ...myweb.cluster, services } }
}

test('apply shows what ipvsadm shows under kube-proxy, a second one has nothing to do, cleanup restores', async () => {
  const before = [sysctl('net.ipv4.conf.all.arp_ignore'), sysctl('net.ipv4.conf.all.arp_announce')]
  const plane = dataplanes().of(myweb.settings)
  const wanted = await proposed(dataplanes(), myweb)
  expect(wanted).toContain('~ sysctl net.ipv4.conf.all.arp_ignore = 1 (now 0)')
  expect(wanted).toContain('+ -t 192.0.2.1:31313 -r 10.244.1.10:8080 -m -w 1')
  expect(await table()).toBe('')

  const first = done(await plane.program(myweb))
  expect(first).toMatchObject({ services: 1, refusals: [], denials: [] })
  await expect(await servers()).toMatchFileSnapshot(golden)
  expect(await bound()).toEqual(['10.233.19.105/32', '192.168.100.240/32'])
  expect(sysctl('net.ipv4.conf.all.arp_ignore')).toBe('1')
  expect(done(await plane.program(myweb)).operations).toBe(0)
  expect(await proposed(dataplanes(), myweb)).toEqual([])

  expect((await dataplanes().remove()).removed).toEqual([
    '3 virtual servers',
    'interface kube-ipvs0',
    'changes of 6 sysctls',
    '1 table',
  ])
  expect(await servers()).toBe('\n')
  expect(await table()).toBe('')
  expect([
    sysctl('net.ipv4.conf.all.arp_ignore'),
    sysctl('net.ipv4.conf.all.arp_announce'),
  ]).toEqual(before)
})

test('a session changes destinations in place, and a restart finds nothing to do', async () => {
  const session = await begin(dataplanes(), myweb)
  for (const slice of scaled(1).cluster.slices) session.renderer.setSlice(slice)
  const down = done(await session.sync())
  // Three servers lose two destinations each; one of the two was a local one, with a hairpin.
  expect(down.operations).toBe(7)
  expect((await servers()).match(/Masq/g)).toHaveLength(3)
  for (const slice of myweb.cluster.slices) session.renderer.setSlice(slice)
  expect(done(await session.sync()).operations).toBe(7)
  await expect(await servers()).toMatchFileSnapshot(golden)
  session.close()
  const again = await begin(dataplanes(), myweb)
  expect(done(await again.verify()).operations).toBe(0)
  again.close()
  expect(done(await dataplanes().of(myweb.settings).program(myweb)).operations).toBe(0)
})

test('what others take away is repaired', async () => {
  const session = await begin(dataplanes(), myweb)
  await execa('ipvsadm', ['-D', '-t', '192.0.2.1:31313'])
  await execa('ip', ['address', 'delete', '192.168.100.240/32', 'dev', 'kube-ipvs0'])
  await execa('sysctl', ['-w', 'net.ipv4.conf.all.arp_ignore=0'])
  const drift = done(await session.verify())
  expect(drift.operations).toBe(5)
  const texts = drift.repaired.flatMap(({ operations }) => operations.map(({ text }) => text))
  expect(texts).toContain('address 192.168.100.240/32 dev kube-ipvs0')
  await expect(await servers()).toMatchFileSnapshot(golden)
  expect(sysctl('net.ipv4.conf.all.arp_ignore')).toBe('1')

  await execa('ip', ['link', 'delete', 'kube-ipvs0'])
  await execa('nft', ['delete', 'table', 'ip', 'nodelb'])
  expect(done(await session.verify()).operations).toBeGreaterThan(0)
  expect(await bound()).toEqual(['10.233.19.105/32', '192.168.100.240/32'])
  await expect(await servers()).toMatchFileSnapshot(golden)
  session.close()
})

test('a server of another program is reported and left; ours takes its place when it goes', async () => {
  await execa('nft', ['add', 'table', 'ip', 'nodelb'])
  await execa('ipvsadm', ['-A', '-t', '192.168.100.240:80', '-s', 'wlc'])
  const session = await begin(dataplanes(), myweb)
  expect([...session.refusals().values()]).toEqual([
    {
      service: 'default/myweb',
      reason: '-t 192.168.100.240:80: another program has made this virtual server',
    },
  ])
  expect(await servers()).toContain('TCP  192.168.100.240:80 wlc\nTCP')
  expect(await table()).not.toContain('192.168.100.240')
  expect(await bound()).toEqual(['10.233.19.105/32'])
  for (const slice of scaled(2).cluster.slices) session.renderer.setSlice(slice)
  done(await session.sync())
  expect(session.refusals().size).toBe(1)
  expect(await servers()).toContain('TCP  192.168.100.240:80 wlc\nTCP')

  await execa('ipvsadm', ['-D', '-t', '192.168.100.240:80'])
  for (const slice of myweb.cluster.slices) session.renderer.setSlice(slice)
  session.retryRefused()
  done(await session.sync())
  expect(session.refusals().size).toBe(0)
  await expect(await servers()).toMatchFileSnapshot(golden)
  session.close()
})

test('a server made unnoticed is found by its refusal, and taken back from the table', async () => {
  const none = { ...myweb, cluster: { services: [], slices: [] } }
  const session = await begin(dataplanes(), none)
  await execa('ipvsadm', ['-A', '-t', '192.168.100.240:80', '-s', 'wlc'])
  for (const slice of myweb.cluster.slices) session.renderer.setSlice(slice)
  for (const service of myweb.cluster.services) session.renderer.setService(service)
  const settled = done(await session.sync())
  expect(settled.refusals).toHaveLength(1)
  expect(await table()).not.toContain('192.168.100.240')
  expect(await servers()).toContain('TCP  192.168.100.240:80 wlc\nTCP')
  session.close()
})

test('a scheduler without its module is told, and works once it is there', async () => {
  const module = `/usr/lib/modules/${release()}/kernel/net/netfilter/ipvs/ip_vs_lblcr.ko`
  await rename(module, `${module}.away`)
  const session = await begin(dataplanes(), withScheduler('lblcr'))
  expect([...session.refusals().values()]).toEqual([
    {
      service: 'default/myweb',
      reason:
        '-t 10.233.19.105:80 -s lblcr: ' +
        'no scheduler lblcr: load the kernel module ip_vs_lblcr, or choose another',
    },
  ])
  expect(await bound()).toEqual([])
  await rename(`${module}.away`, module)
  session.retryRefused()
  done(await session.sync())
  expect(session.refusals().size).toBe(0)
  expect(await servers()).toContain('TCP  192.168.100.240:80 lblcr\n')
  expect(await bound()).toEqual(['10.233.19.105/32', '192.168.100.240/32'])
  session.close()
})

test('an interface of that name that is no dummy is left alone, and nothing is changed', async () => {
  await execa('ip', ['link', 'add', 'kube-ipvs0', 'type', 'bridge'])
  const outcome = await dataplanes().of(myweb.settings).program(myweb)
  expect(outcome).toMatchObject({
    kind: 'failed',
    reason: expect.stringContaining('is of type bridge, not dummy: give nodelb another name'),
  })
  expect(await table()).toBe('')
  await dataplanes().remove()
  expect((await execa('ip', ['link', 'show', 'kube-ipvs0'])).exitCode).toBe(0)
})

test('a Service that cannot be read keeps what it has', async () => {
  done(await dataplanes().of(myweb.settings).program(myweb))
  const unread = {
    ...myweb,
    cluster: { services: [], slices: [] },
    unreadable: new Set(['default/myweb']),
  }
  expect(await proposed(dataplanes(), unread)).toEqual([])
  expect(done(await dataplanes().of(myweb.settings).program(unread)).operations).toBe(0)
  await expect(await servers()).toMatchFileSnapshot(golden)
})

test('from nftables to ipvs and back, each leaves what it should', async () => {
  const nftables = goalOf('myweb-without-kube-proxy', 'nftables')
  done(await dataplanes().program(nftables))
  expect((await dataplanes().remove()).removed).toEqual([])
  const plain = await table()

  const session = await begin(dataplanes(), myweb)
  expect((await dataplanes().remove()).removed).toEqual([])
  await expect(await servers()).toMatchFileSnapshot(golden)
  session.close()

  const back = await begin(dataplanes(), nftables)
  expect((await dataplanes().remove()).removed).toEqual([
    '3 virtual servers',
    'interface kube-ipvs0',
    'changes of 5 sysctls',
  ])
  expect(await servers()).toBe('\n')
  expect(sorted(await table())).toEqual(sorted(plain))
  expect(sysctl('net.ipv4.ip_forward')).toBe('1')
  back.close()
})

test('another interface in the configuration takes the place of the former one', async () => {
  done(await dataplanes().of(myweb.settings).program(myweb))
  const { settings } = myweb
  const renamed = {
    ...settings,
    backend: { kind: 'ipvs' as const, ...ipvsOf(settings), interface: 'lb0' },
  }
  done(await dataplanes().program({ ...myweb, settings: renamed }))
  expect((await dataplanes().remove()).removed).toEqual(['interface kube-ipvs0'])
  expect(await bound()).toEqual([])
  expect(await bound('lb0')).toEqual(['10.233.19.105/32', '192.168.100.240/32'])
  await expect(await servers()).toMatchFileSnapshot(golden)
})

test('an address that the node gets makes the session outdated', async () => {
  const session = await begin(dataplanes(), myweb)
  done(await session.verify())
  expect(session.outdated).toBe(false)
  await execa('ip', ['address', 'add', '198.51.100.7/32', 'dev', 'lo'])
  done(await session.verify())
  expect(session.outdated).toBe(true)
  await execa('ip', ['address', 'delete', '198.51.100.7/32', 'dev', 'lo'])
  session.close()
})

function sorted(listing: string): readonly string[] {
  return listing
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
    .sort()
}
