import type { TableFamily } from '../model/family.ts'
import type { Situation } from '../model/node.ts'
import { SETS } from '../ruleset/nftables/sets.ts'
import type { Table } from '../ruleset/nftables/types.ts'
import type { Assembly } from './assembly.ts'
import { type BaseSets, configuration } from './nftables/configuration.ts'
import { assemble, type Frame, makeFrame } from './nftables/table.ts'

/** The frame of each family's table; it is made anew when other sets have elements than before. */
export class Frames {
  readonly #situation: Situation
  readonly #base: Readonly<Record<TableFamily, BaseSets>>
  readonly #assembly: Pick<Assembly, 'sets' | 'calls'>
  readonly #frames: Partial<Record<TableFamily, Frame>> = {}
  /** The names of the sets and chains for which a frame was made. */
  readonly #madeFor: Partial<Record<TableFamily, string>> = {}

  constructor(situation: Situation, assembly: Pick<Assembly, 'sets' | 'calls'>) {
    this.#situation = situation
    this.#base = configuration(situation.node, situation.settings)
    this.#assembly = assembly
  }

  /** Makes the frame for what the assembly holds now. Returns whether it was made anew. */
  renew(family: TableFamily): boolean {
    const { sets, calls } = this.#assembly
    const names = new Set([...sets[family].keys(), ...calls[family].keys()])
    const id = [...names].sort().join(' ')
    if (this.#madeFor[family] === id) return false
    this.#madeFor[family] = id
    const base = this.#base[family]
    if (names.size === 0 && !base.has(SETS.serviceRanges)) delete this.#frames[family]
    else this.#frames[family] = makeFrame(family, this.#situation.settings, names, base)
    return true
  }

  /** Returns the frame; undefined if the family has no table. */
  of(family: TableFamily): Frame | undefined {
    return this.#frames[family]
  }

  /** Returns the frame with the elements of the Services; undefined if the family has no table. */
  table(family: TableFamily): Table | undefined {
    const made = this.#frames[family]
    return made && assemble(family, made, this.#assembly.sets[family])
  }
}
