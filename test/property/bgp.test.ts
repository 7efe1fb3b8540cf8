import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { BgpAnnouncements } from '../../src/announce/bgp/decision.ts'
import { placeOf } from '../../src/announce/bgp/session-end.ts'
import { commandsOf } from '../../src/plan/bgp/commands.ts'
import { differenceOf } from '../../src/plan/bgp/difference.ts'
import { planBgp } from '../../src/plan/bgp/plan.ts'
import { treeOf } from '../../src/render/bgp/frr-tree.ts'
import { parseTree } from '../../src/ruleset/bgp/frr-parse.ts'
import { printTree } from '../../src/ruleset/bgp/frr-print.ts'
import { masked } from '../../src/ruleset/bgp/lines.ts'
import { sendsBy } from '../../src/ruleset/bgp/sends.ts'
import { kindOf, routerOf, type Tree, withLines } from '../../src/ruleset/bgp/tree.ts'
import { FrrModel } from '../support/frr-model.ts'
import { wantedBgp } from '../support/random-bgp.ts'
import { runs } from '../support/runs.ts'

const RUNS = runs(1_000)
/** Of plans, each for two configurations: 10,000 with all draws. */
const PLANS = runs(5_000)

/** What each peer is sent of each prefix, and with what, read plainly from the configuration. */
function sentBy(tree: Tree): ReadonlyMap<string, string> {
  const sent = new Map<string, string>()
  for (const [context, lines] of tree) {
    if (kindOf(context) !== 'family') continue
    const router = tree.get(routerOf(context)) ?? new Set()
    for (const [, prefix, own = ''] of found(lines, /^network (\S+) route-map (\S+)$/)) {
      const [tag = ''] = [...(tree.get(`route-map ${own} permit 1`) ?? [])]
      for (const [, peer = '', out = ''] of found(lines, /^neighbor (\S+) route-map (\S+) out$/)) {
        const isOn = lines.has(`neighbor ${peer} activate`)
        if (!isOn || router.has(`neighbor ${peer} shutdown`)) continue
        const entry = [...tree].find(
          ([each, held]) =>
            each.startsWith(`route-map ${out} permit `) && held.has(tag.replace('set', 'match')),
        )
        if (entry === undefined) continue
        const attributes = [...entry[1]].filter((line) => line.startsWith('set ')).sort()
        sent.set([context, peer, prefix].join(' '), attributes.join('; '))
      }
    }
  }
  return sent
}

function found(lines: ReadonlySet<string>, pattern: RegExp): readonly RegExpExecArray[] {
  return [...lines].map((line) => pattern.exec(line)).filter((match) => match !== null)
}

function configure(model: FrrModel, wanted: BgpAnnouncements, after: () => void = () => {}): void {
  for (const { commands } of commandsOf(planBgp(model.tree(), treeOf(wanted)))) {
    for (const { text } of commands) {
      model.run(text)
      after()
    }
  }
}

describe('what is wanted of FRR, at random', () => {
  test.each(['whole', 'shared'] as const)(
    'nothing is taken away that is to be kept: %s',
    (owned) => {
      fc.assert(
        fc.property(wantedBgp, wantedBgp, (before, after) => {
          const found = treeOf(before)
          const { plan } = differenceOf(found, treeOf(after), owned, true)
          const taken = plan.filter(
            (each) =>
              ['close', 'remove-neighbour'].includes(each.kind) ||
              (each.kind === 'unset' && !each.line.endsWith(' shutdown')),
          )
          expect(taken).toEqual([])
          expect(differenceOf(found, found, owned, true)).toEqual({ plan: [], problems: [] })
        }),
        { numRuns: RUNS },
      )
    },
  )

  test('what is printed is read again, but for passwords', () => {
    fc.assert(
      fc.property(wantedBgp, (wanted) => {
        const tree = treeOf(wanted)
        const read = parseTree(printTree(tree))
        expect(read).toEqual(withLines(tree, (_, lines) => [...lines].map(masked)))
        expect(printTree(read)).toBe(printTree(tree))
      }),
      { numRuns: RUNS },
    )
  })

  test('each prefix is sent to those who are to get it, and to them alone', () => {
    fc.assert(
      fc.property(wantedBgp, (wanted) => {
        const sends = sendsBy(treeOf(wanted))
        for (const { vrf, prefix, to } of wanted.routes) {
          const sent = wanted.peers.filter(
            ({ vrf: of, end }) => of === vrf && sends({ vrf, neighbour: placeOf(end), prefix }),
          )
          expect(sent.map(({ name }) => name).sort()).toEqual([...to.keys()].sort())
        }
      }),
      { numRuns: RUNS },
    )
  })

  test('the order of peers, routes and profiles does not show', () => {
    fc.assert(
      fc.property(wantedBgp, (wanted) => {
        const turned: BgpAnnouncements = {
          ...wanted,
          asns: new Map([...wanted.asns].toReversed()),
          peers: wanted.peers.toReversed(),
          routes: wanted.routes
            .map((route) => ({ ...route, to: new Map([...route.to].toReversed()) }))
            .toReversed(),
          bfdProfiles: wanted.bfdProfiles.toReversed(),
        }
        expect(treeOf(turned)).toEqual(treeOf(wanted))
      }),
      { numRuns: RUNS },
    )
  })

  test('a plan leads from one to the other, and a second one is empty', () => {
    fc.assert(
      fc.property(wantedBgp, wantedBgp, (before, after) => {
        const model = new FrrModel()
        for (const wanted of [before, after]) {
          configure(model, wanted)
          expect(model.tree()).toEqual(treeOf(wanted))
          expect(planBgp(model.tree(), treeOf(wanted))).toEqual([])
          const read = parseTree(printTree(model.tree()))
          expect(read).toEqual(withLines(treeOf(wanted), (_, lines) => [...lines].map(masked)))
        }
      }),
      { numRuns: PLANS },
    )
  })

  test('at each moment a route is sent as before or as after, and not withdrawn between', () => {
    fc.assert(
      fc.property(wantedBgp, wantedBgp, (before, after) => {
        const model = new FrrModel()
        configure(model, before)
        const [first, last] = [sentBy(model.tree()), sentBy(treeOf(after))]
        const kept = [...first.keys()].filter((route) => last.has(route))
        configure(model, after, () => {
          const now = sentBy(model.tree())
          for (const [route, attributes] of now) {
            expect([first.get(route), last.get(route)]).toContain(attributes)
          }
          expect(kept.filter((route) => !now.has(route))).toEqual([])
        })
      }),
      { numRuns: RUNS },
    )
  })
})

test('any text can be read as a configuration', () => {
  const words = fc.constantFrom(
    ...['router bgp 1', 'route-map a permit 1', 'bfd', 'profile x', 'address-family ipv4 unicast'],
    ...['neighbor 10.0.0.1 remote-as 1', 'no neighbor 10.0.0.1 activate', 'exit', '!', 'set', ''],
    ...['set community internet', 'neighbor x ebgp-multihop', 'network', '\t', '\r'],
  )
  const line = fc
    .tuple(fc.nat(3), fc.oneof(words, fc.string()))
    .map(([depth, text]) => `${' '.repeat(depth)}${text}`)
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      const tree = parseTree(lines.join('\n'))
      expect(parseTree(printTree(tree))).toBeInstanceOf(Map)
    }),
    { numRuns: RUNS },
  )
})
