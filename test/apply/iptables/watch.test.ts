import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { commitIptables, type IptablesCommit } from '../../../src/apply/iptables/commit.ts'
import type { ForeignChange } from '../../../src/apply/iptables/foreign-change.ts'
import { FLAVOURS, findPrograms } from '../../../src/apply/iptables/programs.ts'
import { readIptables } from '../../../src/apply/iptables/read.ts'
import { watchIptables } from '../../../src/apply/iptables/watch.ts'
import type { RestoreStep } from '../../../src/ruleset/iptables/print.ts'
import type { IptablesRuleset } from '../../../src/ruleset/iptables/types.ts'
import { enterNewNetwork, nft } from '../nftables/namespace.ts'
import { adding, iptables, restore } from './namespace.ts'

/** Milliseconds within which a change of others has to be noticed. */
const PROMISED = 10_000

const WEB = adding(
  {
    'NODELB-DISPATCH': ['-d 10.96.0.10/32 -g NODELB-S-WEB'],
    'NODELB-S-WEB': ['-p tcp -j DNAT --to-destination 10.244.1.10:8080'],
  },
  { PREROUTING: ['-j NODELB-DISPATCH'], OUTPUT: ['-j NODELB-DISPATCH'] },
)
const RESTRICT = adding(
  { 'NODELB-SOURCES': ['-d 203.0.113.10/32 -j DROP'] },
  { PREROUTING: ['-j NODELB-SOURCES'] },
  { table: 'mangle' },
)

beforeEach(() => enterNewNetwork())

describe.each(FLAVOURS)('%s', async (flavour) => {
  const programs = await findPrograms(flavour)

  interface Watched {
    /** Commits as nodelb does. */
    commit(...steps: readonly RestoreStep[]): Promise<IptablesCommit>
    /** The first change of others since the last call. */
    foreign(): Promise<ForeignChange>
    readonly heard: readonly ForeignChange[]
  }

  /** Watches, and does `meanwhile` while nodelb is about to commit. */
  async function watched(meanwhile?: () => Promise<void>): Promise<Watched> {
    const heard: ForeignChange[] = []
    let wake = (): void => undefined
    const watch = await watchIptables(flavour, (change) => {
      heard.push(change)
      wake()
    })
    onTestFinished(() => watch.close())
    return {
      heard,
      async commit(...steps) {
        const held = await ruleset()
        return watch.around(held, async () => {
          const result = await commitIptables(programs, held, steps)
          await meanwhile?.()
          return result
        })
      },
      async foreign() {
        const late = AbortSignal.timeout(PROMISED)
        while (heard.length === 0) {
          await new Promise<void>((resolve, reject) => {
            wake = resolve
            late.onabort = () => reject(new Error('not noticed'))
          })
        }
        return heard.splice(0)[0] as ForeignChange
      },
    }
  }

  async function ruleset(): Promise<IptablesRuleset> {
    const state = await readIptables(programs)
    if (state.kind !== 'read') throw new Error(state.obstacle.reason)
    return state.ruleset
  }

  test.each<{ what: string; by(): Promise<void> }>([
    {
      what: 'empties our chains',
      by: () => iptables(flavour, '-t nat -F NODELB-DISPATCH'),
    },
    {
      what: 'deletes a jump',
      by: () => iptables(flavour, '-t nat -D PREROUTING -j NODELB-DISPATCH'),
    },
    {
      what: 'puts a rule before a jump',
      by: () => iptables(flavour, '-t nat -I PREROUTING -p udp -j ACCEPT'),
    },
    {
      what: 'appends to a chain of ours',
      by: () => iptables(flavour, '-t mangle -A NODELB-SOURCES -j RETURN'),
    },
    {
      what: 'empties every table, as firewalld does',
      by: async () => {
        for (const table of ['mangle', 'nat', 'filter']) {
          await iptables(flavour, `-t ${table} -F`)
          await iptables(flavour, `-t ${table} -X`)
        }
      },
    },
    {
      what: 'restores a table as it was saved long ago',
      by: () => restore(flavour, '*nat\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n'),
    },
  ])('is noticed who $what', async ({ by }) => {
    const { commit, foreign } = await watched()
    await commit(WEB, RESTRICT)
    await by()
    const told = await foreign()
    if (flavour === 'nft') expect(told.by).toMatch(/^iptables-nft(-re)? \(\d+\)$/)
    else expect(told.by).toMatch(/^another size of ip (nat|mangle)/)
  })

  test('in IPv6 as well', async () => {
    const { commit, foreign } = await watched()
    await commit({ ...WEB, family: 'ip6', chains: new Map([['NODELB-DISPATCH', []]]) })
    await iptables(flavour, '-t nat -F OUTPUT', 'ip6')
    await foreign()
  })

  test('our own commits are no news, however large', async () => {
    const { commit, foreign, heard } = await watched()
    const many = Array.from({ length: 3_000 }, (_, index) => `NODELB-S-${index}`)
    await commit(WEB, RESTRICT)
    await commit(adding(Object.fromEntries(many.map((name) => [name, ['-j RETURN']]))))
    await commit({ ...WEB, chains: new Map([['NODELB-S-WEB', ['-j RETURN', '-j DROP']]]) })
    const { outcome } = await commit(
      adding({ 'NODELB-S-WEB': ['-j RETURN'] }),
      { ...adding({}), gone: many },
      // What nodelb says twice in one commit counts once.
      adding({ 'NODELB-S-WEB': [], 'NODELB-SOURCES': ['-j DROP'] }, {}, { table: 'mangle' }),
      adding({ 'NODELB-SOURCES': ['-j DROP', '-j DROP'] }, {}, { table: 'mangle' }),
    )
    expect(outcome).toEqual({ kind: 'committed' })
    expect(heard).toEqual([])
    // A watcher that hears nothing at all has no news either.
    await iptables(flavour, '-t nat -F NODELB-DISPATCH')
    await foreign()
  })

  test('neither are commits that the kernel refused', async () => {
    const { commit, heard } = await watched()
    await commit(WEB)
    const broken = adding({ 'NODELB-S-BAD': ['-p tcp -j MASQUERADE'] }, {}, { table: 'filter' })
    const { outcome } = await commit(adding({ 'NODELB-S-NEW': ['-j RETURN'] }), broken)
    expect(outcome.kind).toBe('rejected')
    await commit(adding({ 'NODELB-S-NEW': [] }))
    expect(heard).toEqual([])
  })

  test('what others do while we commit is noticed', async () => {
    let meanwhile = async (): Promise<void> => undefined
    const { commit, foreign, heard } = await watched(() => meanwhile())
    await commit(WEB)
    expect(heard).toEqual([])
    meanwhile = () => iptables(flavour, '-t nat -F NODELB-DISPATCH')
    await commit(adding({ 'NODELB-S-WEB': ['-j RETURN', '-j RETURN'] }))
    await foreign()
  })

  test('one that is closed tells nothing, while another does', async () => {
    const heard: ForeignChange[] = []
    const closed = await watchIptables(flavour, (change) => heard.push(change))
    const { commit, foreign } = await watched()
    closed.close()
    await commit(WEB)
    await iptables(flavour, '-t nat -F PREROUTING')
    await foreign()
    expect(heard).toEqual([])
  })
})

test('nft: rules of others in chains of their own are no news', async () => {
  const heard: ForeignChange[] = []
  let wake = (): void => undefined
  const watch = await watchIptables('nft', (change) => {
    heard.push(change)
    wake()
  })
  onTestFinished(() => watch.close())
  await iptables('nft', '-t nat -N DOCKER')
  await iptables('nft', '-t nat -A DOCKER -p tcp -j RETURN')
  await nft('add', 'table', 'ip', 'nodelb')
  const told = new Promise<void>((resolve) => {
    wake = resolve
  })
  await nft('delete', 'table', 'ip', 'nat')
  await told
  expect(heard).toEqual([{ by: expect.stringMatching(/^nft \(\d+\)$/) }])
})
