import { writeFileSync } from 'node:fs'
import type { TableFamily } from '../../src/model/family.ts'
import { renderChains } from '../../src/render/iptables/render.ts'
import type { Frame } from '../../src/render/nftables/table.ts'
import { renderCluster } from '../../src/render/render.ts'
import type { Delta, Renderer } from '../../src/render/renderer.ts'
import { iptablesSections } from '../../src/ruleset/iptables/print.ts'
import {
  printElement,
  printRule,
  printRuleset,
  setHeader,
} from '../../src/ruleset/nftables/print.ts'
import { setsOf } from '../../src/ruleset/nftables/sets.ts'
import type { Ruleset, Table } from '../../src/ruleset/nftables/types.ts'
import { makeCluster, makeSlices, node, type Size, settings } from './cluster.ts'
import type { Answers, Change } from './protocol.ts'

const FAMILIES: readonly TableFamily[] = ['ip', 'ip6']

/** Writes for nft what nodelb sends over netlink: a whole cluster, or one change. */
export class Writer {
  size: Size | undefined
  #renderer: Renderer | undefined

  print(file: string, extraFile: string): Answers['print'] {
    if (this.size === undefined) throw new Error('no size')
    this.#renderer = renderCluster(makeCluster(this.size), node, settings)
    const ruleset = this.#renderer.ruleset()
    writeFileSync(file, printRuleset(ruleset))
    const extra = FAMILIES.map((family) => externalAddresses(ruleset[family]))
    writeFileSync(extraFile, extra.map(({ text }) => text).join(''))
    return {
      elements: FAMILIES.reduce((sum, family) => sum + countElements(ruleset, family), 0),
      extraElements: extra.reduce((sum, { count }) => sum + count, 0),
    }
  }

  /** For IPv4 alone: `iptables-restore` knows one family. */
  printChains(file: string): Answers['printChains'] {
    if (this.size === undefined) throw new Error('no size')
    const { lowering } = renderChains(makeCluster(this.size), node, settings)
    const [section] = iptablesSections(lowering.rules())
    const text = section?.text ?? ''
    writeFileSync(file, text)
    return { rules: text.match(/^-[AI] /gm)?.length ?? 0 }
  }

  change({ service, count, fresh }: Change): string {
    const renderer = this.#renderer
    if (this.size === undefined || renderer === undefined) throw new Error('not printed')
    const before = new Map(FAMILIES.map((family) => [family, renderer.frame(family)]))
    for (const slice of makeSlices(this.size, service, count, fresh)) renderer.setSlice(slice)
    const delta = renderer.takeChanges()
    return FAMILIES.flatMap((family) => changeLines(family, delta, before.get(family))).join('\n')
  }
}

/** The same operations in the same order; rules by chain, for their handles are not known. */
function changeLines(family: TableFamily, delta: Delta, before: Frame | undefined): string[] {
  const after = delta.frames.get(family) ?? before
  if (before === undefined || after === undefined) return []
  const changes = delta.elements.filter((change) => change.family === family)
  const added = [...after.sets].filter(([name]) => !before.sets.has(name))
  const gone = [...before.sets.keys()].filter((name) => !after.sets.has(name))
  return [
    ...added.map(([name, schema]) => {
      const header = setHeader(family, schema).join('; ')
      return `add ${schema.data ? 'map' : 'set'} ${family} nodelb ${name} { ${header}; }`
    }),
    ...changes
      .filter(({ set, before }) => before !== undefined && after.sets.has(set))
      .map(({ set, key }) => `delete element ${family} nodelb ${set} { ${key} }`),
    ...(before === after ? [] : chainLines(family, before, after)),
    ...changes.flatMap(({ set, key, after }) =>
      after ? [`add element ${family} nodelb ${set} { ${printElement(key, after)} }`] : [],
    ),
    ...gone.map((name) => `delete set ${family} nodelb ${name}`),
  ]
}

function chainLines(family: TableFamily, before: Frame, after: Frame): string[] {
  return [...after.chains].flatMap(([name, { rules }]) => {
    const old = before.chains.get(name)
    if (old === undefined) throw new Error(`a new chain ${name}: not a change of one endpoint`)
    const texts = rules.map((rule) => printRule(family, rule))
    const same = old.rules.map((rule) => printRule(family, rule)).join('\n') === texts.join('\n')
    if (same) return []
    return [
      `flush chain ${family} nodelb ${name}`,
      ...texts.map((text) => `add rule ${family} nodelb ${name} ${text}`),
    ]
  })
}

/** The set that masquerading would look up in postrouting if packets were not marked. */
function externalAddresses(table: Table | undefined): { text: string; count: number } {
  if (table === undefined) return { text: '', count: 0 }
  const keys = [...(table.elements.get(setsOf('vip').masquerade)?.keys() ?? [])]
  const ports = [...(table.elements.get(setsOf('node-port').masquerade)?.keys() ?? [])]
  if (keys.length + ports.length === 0) return { text: '', count: 0 }
  const text = [
    `table ${table.family} nodelb {`,
    `set more-services { type ${table.family === 'ip' ? 'ipv4' : 'ipv6'}_addr . inet_proto . inet_service`,
    `elements = { ${keys.join(',\n')} } }`,
    'set more-node-ports { type inet_proto . inet_service',
    `elements = { ${ports.join(',\n')} } }`,
    '}\n',
  ].join('\n')
  return { text, count: keys.length + ports.length }
}

function countElements(ruleset: Ruleset, family: TableFamily): number {
  const sets = [...(ruleset[family]?.elements.values() ?? [])]
  return sets.reduce((sum, elements) => sum + elements.size, 0)
}
