import { afterEach, describe, expect, test } from 'vitest'
import { BgpLan, NODE } from '../support/bgp-lan.ts'
import { advertisement, bgpCluster, bgpPeer, bgpService } from '../support/bgp-objects.ts'
import { eventually } from '../support/eventually.ts'

let lan: BgpLan
afterEach(async () => {
  await lan?.remove()
})

const VIP = '198.51.100.10/32'
const web = bgpService('web', '198.51.100.10')

describe('an FRR that others configure', () => {
  const theirs = [
    ...['configure terminal', 'router bgp 64501', `bgp router-id ${NODE}`],
    'no bgp network import-check',
    ...['neighbor 10.0.0.88 remote-as 65088', 'address-family ipv4 unicast'],
    ...['network 192.0.2.0/24', 'end'],
  ]

  /** What others configured, as FRR prints it. */
  async function remaining(): Promise<readonly string[]> {
    const [text = ''] = await lan.node.tell('bgpd', 'show running-config')
    const lines = text.split('\n').map((line) => line.trim())
    return lines.filter((line) => /10\.0\.0\.88|192\.0\.2\.0|^router bgp/.test(line))
  }

  test('keeps all that is not ours, before, during and after', async () => {
    lan = await BgpLan.build()
    await lan.node.tell('bgpd', ...theirs)
    const before = await remaining()
    expect(before).toHaveLength(3)
    const frr = { sockets: lan.node.folder, shared: true }
    lan.configure({ frr })
    lan.write(bgpCluster(bgpPeer('tor'), advertisement('all'), web))
    const agent = await lan.start()
    await lan.until(VIP)
    expect(await lan.prefixes()).toEqual([VIP])
    expect(await remaining()).toEqual(before)
    lan.configure({ frr, enabled: false })
    await agent.next('bgp-withdrawn')
    await lan.gone(VIP)
    expect(await remaining()).toEqual(before)
  })

  test('keeps its own network, which counts as not announced by nodelb', async () => {
    lan = await BgpLan.build()
    const own = theirs.map((line) => line.replace('192.0.2.0/24', VIP))
    await lan.node.tell('bgpd', ...own)
    lan.configure({ frr: { sockets: lan.node.folder, shared: true } })
    lan.write(
      bgpCluster(bgpPeer('tor'), advertisement('all'), web, bgpService('b', '198.51.100.11')),
    )
    const agent = await lan.start()
    await lan.until('198.51.100.11/32')
    const view = await lan.announces(({ addresses }) => addresses.length > 0)
    expect(view.addresses).toMatchObject([{ address: '198.51.100.11', peers: ['tor'] }])
    expect(view.notAnnounced).toMatchObject([
      { service: 'shop/web', addresses: ['198.51.100.10'], peer: 'tor', reason: 'not-in-frr' },
    ])
    expect(view.problems).toMatchObject([{ object: 'FRR' }])
    const told = agent.lines.filter(({ event }) => event === 'bgp-service-announced')
    expect(told).toMatchObject([{ service: 'shop/b', peers: ['tor'], began: true }])
  })

  test('loses what is ours by `nodelb cleanup`, which shows it first, and keeps the rest', async () => {
    lan = await BgpLan.build()
    await lan.node.tell('bgpd', ...theirs)
    const [before] = await lan.node.tell('bgpd', 'show running-config')
    lan.configure({ frr: { sockets: lan.node.folder, shared: true } })
    lan.write(bgpCluster(bgpPeer('tor'), advertisement('all'), web))
    const agent = await lan.start()
    await lan.until(VIP)
    const refused = await lan.nodelb('cleanup', ...lan.configuration)
    // The agent is there and would configure it again.
    expect(refused.said).toContain('not all is removed')
    expect(refused.out).toBe('')
    expect(await agent.end('SIGTERM')).toBe(0)
    expect(await lan.received(VIP)).toBeDefined()
    const { out, said } = await lan.nodelb('cleanup', ...lan.configuration)
    expect(said).toBe('')
    const [shown, removed] = out.split('cleaned up: ')
    expect(shown).toMatch(/^announced by BGP, in FRR\n {2}router bgp 64501\n/)
    expect(shown).toContain(`      - network ${VIP} route-map nodelb-`)
    expect(shown).toContain('    - neighbor 10.0.0.254   # ends the session\n')
    expect(shown).not.toMatch(/10\.0\.0\.88|192\.0\.2\.0/)
    expect(removed).toMatch(/nodelb's part of FRR removed$/)
    await lan.gone(VIP)
    expect(await lan.node.tell('bgpd', 'show running-config')).toEqual([before])
    const again = await lan.nodelb('cleanup', ...lan.configuration)
    expect(again).toEqual({ out: 'cleaned up: nothing removed', said: '' })
  })

  test('without an identifier, and without zebra, has no session, and that is told', async () => {
    lan = await BgpLan.build()
    const others = theirs.filter((line) => !line.startsWith('bgp router-id'))
    await lan.node.tell('bgpd', ...others)
    lan.configure({ frr: { sockets: lan.node.folder, shared: true } })
    lan.write(bgpCluster(bgpPeer('tor'), advertisement('all'), web))
    const agent = await lan.start()
    const { problems } = await lan.announces((view) => view.problems.length > 0)
    expect(problems).toEqual([
      {
        object: 'FRR',
        problem:
          '"router bgp 64501", line "bgp router-id": found none, expected an IPv4 address: FRR has no session without an identifier, and takes an address of the node for it only where zebra runs; add the line',
      },
    ])
    const { said } = await lan.nodelb('apply', ...lan.sources)
    expect(said).toContain('"router bgp 64501", line "bgp router-id": found none')
    const line = `bgp router-id ${NODE}`
    await lan.node.tell('bgpd', 'configure terminal', 'router bgp 64501', line, 'end')
    await agent.next('bgp-in-order', ({ object }) => object === 'FRR')
    await lan.until(VIP)
  })

  test('for another AS is told, and left as it is', async () => {
    lan = await BgpLan.build()
    await lan.node.tell('bgpd', ...theirs)
    lan.configure({ frr: { sockets: lan.node.folder, shared: true } })
    lan.write(bgpCluster(bgpPeer('tor', { myASN: 64777 }), advertisement('all'), web))
    await lan.start()
    const { problems } = await lan.announces((view) => view.problems.length > 0)
    expect(problems[0]).toMatchObject({
      object: 'FRR',
      problem: expect.stringContaining('FRR has "router bgp 64501"'),
    })
    expect(await remaining()).toHaveLength(3)
  })
})

describe('cleanup where nobody else configures FRR', () => {
  async function cleaned(bgp: object): Promise<string> {
    lan = await BgpLan.build()
    lan.write(bgpCluster(bgpPeer('tor'), advertisement('all'), web))
    const agent = await lan.start()
    await lan.until(VIP)
    await agent.end('SIGTERM')
    lan.configure(bgp)
    const { out, said } = await lan.nodelb('cleanup', ...lan.configuration)
    expect([out, said]).toEqual([expect.stringContaining("nodelb's part of FRR"), ''])
    await lan.gone(VIP)
    const [left = ''] = await lan.node.tell('bgpd', 'show running-config')
    // The folder of the log has the program's name, too.
    return left.replace(/^!.*$/gm, '')
  }

  test('removes all of its BGP', async () => {
    expect(await cleaned({})).not.toMatch(/nodelb|router bgp/)
  })

  test('knows what is ours by its name where the configuration does not say whose FRR is', async () => {
    const left = await cleaned({ enabled: false })
    expect(left).not.toMatch(/nodelb|neighbor|network \d/)
    expect(left).toContain('router bgp 64501')
  })

  test('has nothing to do where FRR does not run, and says so', async () => {
    lan = await BgpLan.build()
    await lan.node.kill('bgpd')
    const { out, said } = await lan.nodelb('cleanup', ...lan.configuration)
    expect(out).toBe('cleaned up: nothing removed')
    expect(said).toMatch(/^nodelb: nothing is removed from FRR: bgpd cannot be asked: /)
    lan.configure({ enabled: false })
    expect((await lan.nodelb('cleanup', ...lan.configuration)).said).toBe('')
  })
})

test('a peer over IPv6 gets IPv6 prefixes', async () => {
  lan = await BgpLan.build()
  await lan.node.ip('address', 'add', 'fd00::1/64', 'dev', 'eth0', 'nodad')
  await lan.router.ip('address', 'add', 'fd00::254/64', 'dev', 'eth0', 'nodad')
  await lan.router.tell(
    'bgpd',
    ...['configure terminal', 'router bgp 65000', 'neighbor fd00::1 remote-as external'],
    ...['neighbor fd00::1 passive', 'address-family ipv6 unicast', 'neighbor fd00::1 activate'],
    'end',
  )
  const six = bgpPeer('six', { peerAddress: 'fd00::254' })
  lan.write(
    bgpCluster(bgpPeer('tor'), six, advertisement('all'), web, bgpService('six', '2001:db8::10')),
  )
  const prefixes = async (): Promise<readonly string[]> => {
    const [text = ''] = await lan.router.tell('bgpd', 'show bgp ipv6 unicast json')
    return Object.keys(JSON.parse(text).routes ?? {})
  }
  await lan.start()
  await lan.until(VIP)
  await eventually(async () => (await prefixes()).length > 0)
  expect(await prefixes()).toEqual(['2001:db8::10/128'])
  // Each family goes to its peer.
  expect(await lan.prefixes()).toEqual([VIP])
})
