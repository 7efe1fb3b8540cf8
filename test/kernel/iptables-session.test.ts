import { beforeEach, describe, expect, test } from 'vitest'
import { FLAVOURS, findPrograms } from '../../src/apply/iptables/programs.ts'
import { iptables, listing, restore } from '../apply/iptables/namespace.ts'
import { enterNewNetwork } from '../apply/nftables/namespace.ts'
import {
  asterisk,
  begin,
  committed,
  heard,
  jellyfin,
  nginx,
  ranges,
  scale,
} from './iptables-session-setup.ts'
import { scaled, together } from './session-setup.ts'

const goal = together(jellyfin, asterisk, ranges)

beforeEach(() => enterNewNetwork())

describe.each(FLAVOURS)('%s', async (flavour) => {
  const programs = await findPrograms(flavour)

  async function rules(): Promise<string> {
    return `${await listing(flavour)}${await listing(flavour, 'ip6')}`.replace(/ \[.*\]$/gm, '')
  }

  test('starts on empty tables, and a restart finds nothing to do', async () => {
    const { first } = await begin(programs, goal)
    expect(first).toMatchObject({ refusals: [], changes: [], reread: 'start' })
    expect(first.operations).toBeGreaterThan(40)
    const before = await rules()
    expect(before).toContain('"voip/asterisk:sip load-balancer"')
    const again = await begin(programs, goal)
    expect(again.first).toMatchObject({ operations: 0, bytes: 0 })
    expect(await rules()).toBe(before)
  })

  test('a change sends the chains that it changes, and nothing else', async () => {
    const { session, first } = await begin(programs, goal)
    const before = await rules()
    const name = chainOf(before, 'media/jellyfin:web load-balancer')
    const chain = `-A ${name} `
    expect(linesOf(before, chain)).toHaveLength(1 + 5)
    scale(session, jellyfin, 4)
    const settled = committed(await session.sync())
    expect(settled.reread).toBeUndefined()
    const after = await rules()
    const changed = linesOf(after, chain)
    expect(changed).toHaveLength(1 + 4)
    expect(without(after, chain)).toEqual(without(before, chain))
    const head = `*nat\n:${name} - [0:0]\n`
    expect(settled.bytes).toBe(`${head}${changed.join('\n')}\nCOMMIT\n`.length)
    expect(settled.bytes).toBeLessThan(first.bytes / 10)
    expect(committed(await session.sync())).toMatchObject({ operations: 0, bytes: 0 })
    scale(session, jellyfin, 5)
    await session.sync()
    expect(await rules()).toBe(before)
  })

  test('tells of endpoints that leave while others take the chains away', async () => {
    const { session } = await begin(programs, jellyfin)
    const foreign = heard(session)
    await iptables(flavour, '-t nat -F')
    await foreign
    session.renderer.removeService('media/jellyfin')
    const { changes, reread } = committed(await session.sync())
    expect(reread).toBeDefined()
    const [gone] = changes.filter(({ after }) => !after.leads).map((change) => change.gone)
    expect(gone?.size).toBe(jellyfin.cluster.slices[0]?.endpoints.length)
  })

  test('follows Services that come, go, lose their endpoints, and ends where a start ends', async () => {
    const { session } = await begin(programs, goal)
    for (const slice of nginx.cluster.slices) session.renderer.setSlice(slice)
    for (const service of nginx.cluster.services) session.renderer.setService(service)
    scale(session, asterisk, 0)
    expect(committed(await session.sync()).reread).toBeUndefined()
    session.renderer.removeService('media/jellyfin')
    expect(committed(await session.sync()).reread).toBeUndefined()
    expect(await rules()).toContain(`-m comment --comment "voip/asterisk:sip`)
    expect(await rules()).not.toContain('media/jellyfin')
    const wanted = together(scaled(asterisk, 0), ranges, nginx)
    expect((await begin(programs, wanted)).first).toMatchObject({ operations: 0, bytes: 0 })
  })

  describe('what others do is heard of, and repaired by the next settle', () => {
    test.each<readonly [what: string, by: () => Promise<unknown>]>([
      ['the table is emptied', () => iptables(flavour, '-t nat -F')],
      ['a chain is emptied', () => iptables(flavour, '-t mangle -F NODELB-SOURCES')],
      [
        'the table is emptied and its chains are deleted',
        async () => {
          await iptables(flavour, '-t nat -F')
          await iptables(flavour, '-t nat -X')
        },
      ],
      ['a jump is deleted', () => iptables(flavour, '-t nat -D PREROUTING -j NODELB-DISPATCH')],
      ['a rule stands before a jump', () => iptables(flavour, '-t nat -I OUTPUT -j ACCEPT')],
      [
        'rules are put where they do not belong',
        () => iptables(flavour, '-t nat -I NODELB-VIPS -j RETURN'),
      ],
      ['tables are replaced, as firewalld does', () => restore(flavour, FIREWALLD)],
      ['the other family is emptied', () => iptables(flavour, '-t nat -F', 'ip6')],
    ])('%s', async (_, by) => {
      const { session } = await begin(programs, goal)
      const before = await rules()
      const told = heard(session)
      await by()
      expect((await told).touchesUs).toBe('yes')
      const settled = committed(await session.sync())
      expect(settled.operations).toBeGreaterThan(0)
      expect(settled.reread).toMatch(/ changed nodelb's chains$/)
      const frontends = [...session.served().all()]
      expect(frontends).toHaveLength(6)
      // Flows of any of them may be stale.
      expect(settled.changes.map(({ family, id }) => ({ family, id }))).toEqual(frontends)
      expect(linesOf(await rules(), /NODELB/)).toEqual(linesOf(before, /NODELB/))
      expect(await session.verify()).toMatchObject({ operations: 0, repaired: [] })
    })
  })

  test('what others do during a comparison is heard, and repaired by the next', async () => {
    const { session } = await begin(programs, goal)
    const before = await rules()
    for (let round = 0; round < 5; round++) {
      const told = heard(session)
      const comparing = session.verify()
      await iptables(flavour, '-t nat -F')
      await told
      expect(await comparing).toMatchObject({ kind: 'verified' })
      await session.sync()
      expect(await rules()).toBe(before)
    }
  })

  test('verify counts what it repairs, by Service', async () => {
    const { session } = await begin(programs, goal, { watch: false })
    const before = await rules()
    const chain = chainOf(before, 'media/jellyfin:web load-balancer')
    await iptables(flavour, `-t nat -D ${chain} 2`)
    await iptables(flavour, '-t nat -D PREROUTING -j NODELB-DISPATCH')
    await iptables(flavour, '-t nat -I OUTPUT -p 47 -j ACCEPT')
    const verified = await session.verify()
    expect(verified).toMatchObject({ kind: 'verified', operations: 3 })
    if (verified.kind === 'failed') throw new Error(verified.reason)
    // SYNs that came while rules were missing are to be forgotten.
    const late = verified.changes.filter(({ before, after }) => !before.leads && after.leads)
    expect(late.map(({ id }) => id)).toEqual([...session.served().all()].map(({ id }) => id))
    const repaired = verified.repaired.map(({ title, operations }) => [
      title,
      operations.map(({ sign }) => sign).join(''),
    ])
    expect(repaired).toEqual([
      ['media/jellyfin:web load-balancer', '+'],
      ['shared chains', '~+'],
    ])
    await iptables(flavour, '-t nat -D OUTPUT -p 47 -j ACCEPT')
    expect(await rules()).toBe(before)
    expect(await session.verify()).toMatchObject({ operations: 0, repaired: [] })
  })

  test('verify commits first what is due, which is no repair', async () => {
    const { session } = await begin(programs, goal)
    scale(session, jellyfin, 2)
    expect(await session.verify()).toMatchObject({ repaired: [], operations: 0 })
    expect(committed(await session.sync())).toMatchObject({ operations: 0 })
  })
})

/** What firewalld restores on a reload. */
const FIREWALLD = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:PREROUTING_direct - [0:0]
-A PREROUTING -j PREROUTING_direct
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:IN_public - [0:0]
-A INPUT -j IN_public
COMMIT
`

/** The chain that the rule with the label leads to. */
function chainOf(rules: string, label: string): string {
  const [, chain] = new RegExp(`"${label}" -g (\\S+)`).exec(rules) ?? []
  if (chain === undefined) throw new Error(`nothing leads to ${label}`)
  return chain
}

function linesOf(rules: string, part: string | RegExp): string[] {
  return rules.split('\n').filter((line) => line.search(part) >= 0)
}

function without(rules: string, part: string): string[] {
  return rules.split('\n').filter((line) => !line.startsWith(part))
}
