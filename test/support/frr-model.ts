import { contextOf, kindOf, pathOf, routerOf, type Tree } from '../../src/ruleset/bgp/tree.ts'

/** What stands for the value of an option, by how its lines begin. */
const OPTION =
  /^neighbor (\S+) (interface remote-as|remote-as|local-as|shutdown|bfd profile|bfd|password|port|ebgp-multihop|disable-connected-check|update-source|timers connect|timers|graceful-restart|activate|route-map)\b(.*)$/
const BFD_USUAL = [
  'detect-multiplier 3',
  'transmit-interval 300',
  'receive-interval 300',
  'echo transmit-interval 50',
  'echo receive-interval 50',
]

/**
 * Stands for FRR's daemons, as strict as they are or stricter: nothing may be used that is not there
 * or go that is in use, and `no` is refused where there is nothing to take away.
 */
export class FrrModel {
  readonly #blocks = new Map<string, Set<string>>()
  /** The headers of the block that commands are about; undefined outside of `configure terminal`. */
  #path: readonly string[] | undefined

  tree(): Tree {
    const held = [...this.#blocks].filter(
      ([context, lines]) => lines.size > 0 || (context !== 'bfd' && kindOf(context) !== 'family'),
    )
    return new Map(held.map(([context, lines]) => [context, new Set(lines)]))
  }

  /** Carries out a command; throws if FRR would not. */
  run(command: string): void {
    if (command === 'configure terminal') this.#path = []
    else if (command === 'end') this.#path = undefined
    else if (this.#path === undefined) throw new Error(`"${command}" outside of the configuration`)
    else if (!this.#enter(this.#path, command)) this.#change(this.#path, command)
  }

  #enter(path: readonly string[], command: string): boolean {
    const inRouter = path[0]?.startsWith('router bgp ') && command.startsWith('address-family ')
    const inBfd = path[0] === 'bfd' && command.startsWith('profile ')
    const isTop = /^(?:router bgp|route-map) |^bfd$/.test(command)
    if (isTop) {
      if (path.length > 0) throw new Error(`"${command}" inside of "${contextOf(path)}"`)
      this.#path = [command]
    } else if (path.length === 1 && (inRouter || inBfd)) this.#path = [...path, command]
    else return false
    const context = contextOf(this.#path ?? [])
    if (!this.#blocks.has(context)) this.#make(context)
    return true
  }

  #make(context: string): void {
    const vrf = (header: string): string => header.replace(/^router bgp \d+/, '')
    const same = [...this.#blocks.keys()].find(
      (each) => kindOf(each) === 'router' && vrf(each) === vrf(context),
    )
    if (kindOf(context) === 'router' && same !== undefined) throw new Error(`there is "${same}"`)
    this.#blocks.set(context, new Set())
  }

  #change(path: readonly string[], command: string): void {
    const context = contextOf(path)
    const [, gone] = /^no ((?:router bgp|route-map|profile) .+)$/.exec(command) ?? []
    if (gone !== undefined) this.#remove(contextOf([...path, gone]))
    else if (path.length === 0) throw new Error(`"${command}" belongs into a block`)
    else this.#changeLine(context, command)
  }

  #remove(context: string): void {
    if (!this.#blocks.has(context)) throw new Error(`there is no "${context}" to take away`)
    for (const each of [...this.#blocks.keys()]) {
      if (pathOf(context).every((header, at) => pathOf(each)[at] === header)) {
        this.#blocks.delete(each)
      }
    }
    this.#check()
  }

  #changeLine(context: string, command: string): void {
    const lines = this.#blocks.get(context) ?? new Set()
    const isStatement = /^no bgp (?:default ipv4-unicast|network import-check)$/.test(command)
    const [, neighbour] = /^no neighbor (\S+)$/.exec(command) ?? []
    if (neighbour !== undefined) this.#removeNeighbour(context, neighbour)
    else if (command.startsWith('no ') && !isStatement) this.#unset(lines, command.slice(3))
    else if (BFD_USUAL.includes(command)) this.#unset(lines, command.replace(/ \d+$/, ''))
    else this.#set(context, lines, command)
    this.#check()
  }

  #set(context: string, lines: Set<string>, line: string): void {
    const neighbour = /^neighbor (\S+) (?!(?:interface )?remote-as)/.exec(line)?.[1]
    const known = this.#blocks.get(routerOf(context)) ?? []
    if (neighbour !== undefined && ![...known].some((each) => isBegin(each, neighbour))) {
      throw new Error(`"${line}" is about no neighbour`)
    }
    for (const each of [...lines]) if (optionOf(each) === optionOf(line)) lines.delete(each)
    lines.add(line)
  }

  #unset(lines: Set<string>, words: string): void {
    const isIt = (line: string): boolean =>
      line === words || optionOf(line) === words || optionOf(line) === optionOf(words)
    const found = [...lines].find(isIt)
    if (found === undefined) throw new Error(`there is no "${words}" to take away`)
    lines.delete(found)
  }

  #removeNeighbour(router: string, neighbour: string): void {
    const lines = this.#blocks.get(router) ?? new Set()
    if (![...lines].some((line) => isBegin(line, neighbour))) {
      throw new Error(`there is no neighbour ${neighbour} to take away`)
    }
    for (const [context, held] of this.#blocks) {
      if (routerOf(context) !== router) continue
      for (const line of [...held]) if (line.startsWith(`neighbor ${neighbour} `)) held.delete(line)
    }
  }

  /** Every map that is named is there; whoever is not shut down has maps where it has a family. */
  #check(): void {
    const maps = new Set([...this.#blocks.keys()].map((context) => context.split(' ')[1]))
    for (const [context, lines] of this.#blocks) {
      for (const line of lines) {
        const map = / route-map (\S+)/.exec(line)?.[1]
        if (map !== undefined && !maps.has(map)) throw new Error(`"${line}" names no map`)
        const [, neighbour] = /^neighbor (\S+) activate$/.exec(line) ?? []
        const isDown = this.#blocks.get(routerOf(context))?.has(`neighbor ${neighbour} shutdown`)
        if (neighbour === undefined || isDown) continue
        const has = (way: string): boolean =>
          [...lines].some(
            (each) =>
              each.startsWith(`neighbor ${neighbour} route-map `) && each.endsWith(` ${way}`),
          )
        if (!has('in') || !has('out')) throw new Error(`${neighbour} is without maps`)
      }
    }
  }
}

function isBegin(line: string, neighbour: string): boolean {
  return (
    line.startsWith(`neighbor ${neighbour} remote-as `) ||
    line.startsWith(`neighbor ${neighbour} interface remote-as `)
  )
}

/** The words of a line without its value. */
function optionOf(line: string): string {
  const [, neighbour, option, rest = ''] = OPTION.exec(line) ?? []
  if (option !== undefined) {
    const way = option === 'route-map' ? rest.replace(/^ \S+/, '') : ''
    return `neighbor ${neighbour} ${option}${way}`
  }
  const [words] =
    /^(?:network \S+|bgp router-id|match tag|set \S+|detect-multiplier|(?:echo )?\S+-interval|minimum-ttl)/.exec(
      line,
    ) ?? []
  return words ?? line
}
