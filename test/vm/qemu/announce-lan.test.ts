import { execa } from 'execa'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { declareHandovers } from '../../support/lan-handovers.ts'
import { SettledLan } from '../../support/settled-lan.ts'

/** Slowness of the guest passes neither for a death nor for a loss. */
const layer2 = { hold: '10m', settle: '2s' }
const members = { interval: '1s', timeout: '20s' }
const watch = { questions: 10, connections: 4, answerWithin: 5_000, connectWithin: 60_000 }

let settled: SettledLan

beforeAll(async () => {
  await execa('modprobe', ['-a', 'bridge', 'veth', 'ip_vs', 'nft_fwd_netdev'])
  const configuration = { backend: 'ipvs' }
  // What kubeadm writes does not count where addresses are announced.
  const proxy = { ipvs: { strictARP: false } }
  const nodes = ['n1', 'n2', 'n3']
  settled = await SettledLan.build(
    { nodes, services: 4, configuration, proxy, layer2, members },
    watch,
  )
})
afterAll(() => settled?.remove())
beforeEach(() => settled.calm())

describe('three nodes that spread connections with ipvs', () => {
  test('have every address, and the kernel of each answers for its own alone', async () => {
    const { lan, nodes, first } = settled
    for (const name of nodes) {
      expect((await lan.announces(name)).responder).toBe('kernel')
      const bound = await lan.ip(name, 'address', 'show', 'dev', 'kube-ipvs0')
      const table = await lan.run(name, ['nft', 'list', 'table', 'netdev', 'nodelb-announce'])
      for (const [address, holder] of Object.entries(first)) {
        expect(bound).toContain(` ${address}/`)
        expect(table.includes(`${address} counter`)).toBe(holder === name)
      }
    }
  })

  test('would answer for each other without strict ARP', async () => {
    const { lan, other } = settled
    await lan.run(other, ['sysctl', '-qw', 'net.ipv4.conf.all.arp_ignore=0'])
    while ((await settled.reported()).doubles === 0);
    await lan.run(other, ['sysctl', '-qw', 'net.ipv4.conf.all.arp_ignore=1'])
    await settled.calm()
  })

  test('put back what is flushed, for a kernel before 6.9 lets others do that, and nothing moves', async () => {
    const { lan, busiest, first } = settled
    const table = (): Promise<string> => lan.run(busiest, ['nft', 'list', 'tables'])
    expect(await lan.agent(busiest).first('table-not-owned')).toMatchObject({
      reason: expect.stringContaining('it needs 6.9'),
    })
    await lan.run(busiest, ['nft', 'flush', 'ruleset'])
    while (!(await table()).includes('netdev nodelb-announce'));
    await settled.calm()
    expect(await lan.holders()).toEqual(first)
  })

  // A connection takes long in the guest, and one that is open at a handover breaks.
  declareHandovers(() => settled, { unanswered: 0 })
})
