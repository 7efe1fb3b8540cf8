import {
  type Config,
  type ConfigDocument,
  type ConfigFile,
  defaultConfig,
  readConfig,
} from '../config/config.ts'
import { conntrackOf, meteredIn, toSettings } from '../config/settings.ts'
import type { Goal } from '../dataplane/dataplane.ts'
import { isGap, type Problem, type Report, said, report as startReport } from '../decode/problem.ts'
import type { Address } from '../model/address.ts'
import type { ConntrackSettings } from '../model/conntrack.ts'
import type { NodeView } from '../model/node.ts'
import type { GivenAddresses } from '../watch/addresses/given.ts'
import { readStateFolder } from '../watch/addresses/state-folder.ts'
import { attempt, filesAt, readText, readToEnd } from '../watch/files/files.ts'
import { type AnnouncingInput, AnnouncingReader } from '../watch/files/read-announcing.ts'
import { readFiles, together } from '../watch/files/read-files.ts'
import { type Input, ObjectsReader, readObjects } from '../watch/files/read-objects.ts'
import { NODE_RESOURCES, resources } from '../watch/resources.ts'
import type { Sources } from './arguments.ts'

export type Loaded =
  | {
      readonly kind: 'loaded'
      readonly goal: Goal
      /** The wanted conntrack settings; undefined if they are left as they are. */
      readonly conntrack: ConntrackSettings | undefined
      readonly config: Config
      /** What announcing and giving addresses depend on; undefined if that was not asked for. */
      readonly announcing: AnnouncingInput | undefined
      readonly problems: readonly Problem[]
    }
  | { readonly kind: 'failed'; readonly problems: readonly Problem[] }

const STDIN = 0

/** Returns all that comes on standard input. */
export const readStdin = (): string => readToEnd(STDIN)

/** Returns whether the objects on which announcing depends are read, too. */
export type AsksForAnnouncing = (config: Config) => boolean

/**
 * Reads objects and configuration. Everything that is wrong is in `problems`; returns `failed` if
 * the rest cannot be used.
 */
export function load(sources: Sources, announces: AsksForAnnouncing = () => false): Loaded {
  const read = loadConfig(sources.config)
  if (read.config === undefined) return { kind: 'failed', problems: read.problems }
  const { given, problems: unread } = givenIn(sources.state)
  // Without their addresses, Services that are served would lose what is programmed for them.
  if (unread.length > 0) return { kind: 'failed', problems: [...read.problems, ...unread] }
  const { limits, allocation } = read.config
  const options = { limits, given, metered: meteredIn(read.config) }
  const [input, announcing] = announces(read.config)
    ? readFiles(sources.files, readStdin, () =>
        together(new ObjectsReader(options), new AnnouncingReader(allocation, given)),
      )
    : [readObjects(sources.files, readStdin, options), undefined]
  const { layer2, bgp } = read.config.announce
  const own = layer2.enabled || bgp.enabled ? ofItsOwn(announcing) : []
  const problems = [...read.problems, ...input.problems, ...own]
  const node = chooseNode(sources, read.config, input, problems)
  if (node === undefined) return { kind: 'failed', problems }
  const { scope, backend } = sources
  const { settings, problems: more } = toSettings(read.config, node, { scope, backend })
  problems.push(...more)
  if (more.some(({ severity }) => severity === 'error')) return { kind: 'failed', problems }
  const { cluster, unread: unreadable } = input
  const incomplete = input.problems.some(isGap)
  const conntrack = conntrackOf(read.config, settings)
  const goal = { cluster, node, settings, unreadable, incomplete }
  return { kind: 'loaded', goal, conntrack, config: read.config, announcing, problems }
}

/** Returns the problems with objects of kinds that determine no rules, which no other reader reports. */
function ofItsOwn(announcing: AnnouncingInput | undefined): readonly Problem[] {
  const others = NODE_RESOURCES.map((resource) => resources[resource].kind)
  return (announcing?.problems ?? []).filter(({ kind }) => kind && !others.includes(kind))
}

/** Loads other objects for the same node; if they have no such Node, it is as in `goal`. */
export function loadOther(sources: Sources, files: readonly string[], { node }: Goal): Loaded {
  const { config } = loadConfig(sources.config)
  if (config === undefined) return { kind: 'failed', problems: [] }
  const { given } = givenIn(sources.state)
  const { cluster, nodes, problems } = readObjects(files, readStdin, {
    limits: config.limits,
    given,
    metered: meteredIn(config),
  })
  const view = nodes.get(node.name) ?? node
  // These objects are the basis of the comparison, so all of them have to be readable.
  if (problems.some(isGap)) return { kind: 'failed', problems }
  // The problems of the configuration have been printed before.
  const { settings } = toSettings(config, view, { scope: sources.scope, backend: sources.backend })
  const goal = { cluster, node: view, settings }
  const conntrack = conntrackOf(config, settings)
  return { kind: 'loaded', goal, conntrack, config, announcing: undefined, problems }
}

/** Returns what the agent gave to the Services of a folder, as its state folder has it. */
export function givenIn(folder: string | undefined): {
  readonly given: GivenAddresses
  readonly problems: readonly Problem[]
} {
  if (folder === undefined) return { given: new Map(), problems: [] }
  const read = readStateFolder(folder)
  const trouble = read === undefined ? 'nothing' : read.trouble
  const report = startReport(folder)
  if (trouble !== undefined) report.error('', said(trouble), 'the addresses that the agent gave')
  return { given: read?.given ?? new Map(), problems: report.problems }
}

/**
 * Returns the configuration in a file, in the files of a folder together, or, for `-`, on standard input;
 * the default without any; undefined, with problems, if it cannot be used.
 */
export function loadConfig(path: string | undefined): {
  readonly config: Config | undefined
  /** The documents as they were read; missing if they cannot be used. */
  readonly documents?: readonly ConfigDocument[]
  readonly problems: readonly Problem[]
} {
  if (path === undefined) return { config: defaultConfig, problems: [] }
  const report = startReport(path)
  const [first, ...more] = configFiles(path, report)
  if (first === undefined || report.problems.length > 0) {
    return { config: undefined, problems: report.problems }
  }
  const read = readConfig(first.text, first.source, more)
  if (read.kind === 'invalid') return { config: undefined, problems: read.problems }
  const { notUsed } = read.config
  if (notUsed.length > 0) {
    const expected = 'fields that nodelb uses'
    report.note('', said(notUsed.join(', ')), expected, 'these fields are accepted and not used')
  }
  const problems = [...read.problems, ...report.problems]
  return { config: read.config, documents: read.documents, problems }
}

let onStdin: string | undefined

/** Some commands read their configuration more than once, and standard input ends only once. */
function configOnStdin(): string {
  onStdin ??= readStdin()
  return onStdin
}

function configFiles(path: string, report: Report): ConfigFile[] {
  if (path === '-') {
    const text = attempt(configOnStdin, report, 'a configuration')
    return text === undefined ? [] : [{ text, source: 'stdin' }]
  }
  return filesAt(path, report).flatMap((source) => {
    const own = startReport(source)
    const text = readText(source, own)
    report.problems.push(...own.problems)
    return text === undefined ? [] : [{ text, source }]
  })
}

function chooseNode(
  sources: Sources,
  config: Config,
  input: Input,
  problems: Problem[],
): NodeView | undefined {
  const wanted = sources.node ?? config.hostname ?? process.env['NODE_NAME']
  const names = [...input.nodes.keys()].sort()
  const node = wanted === undefined ? undefined : input.nodes.get(wanted)
  if (node !== undefined) return { ...node, otherNodes: otherAddresses(node, input) }
  const report = startReport('command line')
  const known = names.length === 0 ? 'a Node object among the files' : `one of ${names.join(', ')}`
  report.error('--node', wanted === undefined ? said('nothing') : wanted, known)
  problems.push(...report.problems)
  return undefined
}

function otherAddresses({ name }: NodeView, { nodes }: Input): ReadonlySet<Address> {
  const others = [...nodes.values()].filter((each) => each.name !== name)
  return new Set(others.flatMap((each) => each.addresses))
}
