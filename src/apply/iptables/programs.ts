// iptables comes in two flavours that do not see each other's rules: `legacy` keeps its tables in
// ip_tables, `nft` in nf_tables. A host can have the programs of both.

import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import type { TableFamily } from '../../model/family.ts'
import { runProgram } from './process.ts'

export const FLAVOURS = ['nft', 'legacy'] as const
export type Flavour = (typeof FLAVOURS)[number]

/** The absolute paths of the programs. */
export interface FamilyPrograms {
  readonly save: string
  readonly restore: string
}

/**
 * The programs of a family, or why the programs or the kernel's support for the family are missing.
 */
type Availability =
  | { readonly kind: 'programs'; readonly programs: FamilyPrograms }
  | { readonly kind: 'missing'; readonly reason: string }

export interface FlavourPrograms {
  readonly flavour: Flavour
  readonly families: { readonly [family in TableFamily]: Availability }
}

export const COMMAND: { readonly [family in TableFamily]: string } = {
  ip: 'iptables',
  ip6: 'ip6tables',
}

/**
 * Where the programs usually are; PATH may lack these folders for a service or for users other than
 * root.
 */
const USUAL_FOLDERS = [
  '/usr/local/sbin',
  '/usr/sbin',
  '/sbin',
  '/usr/local/bin',
  '/usr/bin',
  '/bin',
]

/**
 * Finds the programs of a flavour. Only absolute folders in `path`, the content of PATH, are
 * searched, then the `usual` ones.
 */
export async function findPrograms(
  flavour: Flavour,
  path: string = process.env['PATH'] ?? '',
  usual: readonly string[] = USUAL_FOLDERS,
): Promise<FlavourPrograms> {
  const folders = foldersOf(path, usual)
  const [ip, ip6] = await Promise.all([find('ip', flavour, folders), find('ip6', flavour, folders)])
  return { flavour, families: { ip, ip6: hasIpv6() ? ip6 : NO_IPV6 } }
}

/** Returns the flavour of the host's own `iptables`; undefined where there is none or it fails. */
export async function defaultFlavour(
  path: string = process.env['PATH'] ?? '',
): Promise<Flavour | undefined> {
  const program = findProgram(COMMAND.ip, foldersOf(path, USUAL_FOLDERS))
  return program === undefined ? undefined : await flavourOf(program)
}

/** A kernel that was started without IPv6 refuses its tables. */
function hasIpv6(): boolean {
  return existsSync('/proc/thread-self/net/if_inet6')
}

const NO_IPV6: Availability = { kind: 'missing', reason: 'the kernel has no IPv6' }

async function find(
  family: TableFamily,
  flavour: Flavour,
  folders: readonly string[],
): Promise<Availability> {
  const named = pair(`${COMMAND[family]}-${flavour}`, folders)
  if (named !== undefined) return { kind: 'programs', programs: named }
  // Where only one flavour is installed, its programs may have only the plain names.
  const plain = pair(COMMAND[family], folders)
  if (plain !== undefined && (await flavourOf(plain.restore)) === flavour) {
    return { kind: 'programs', programs: plain }
  }
  return { kind: 'missing', reason: `there is no program ${COMMAND[family]}-${flavour}-restore` }
}

function pair(prefix: string, folders: readonly string[]): FamilyPrograms | undefined {
  const save = findProgram(`${prefix}-save`, folders)
  const restore = findProgram(`${prefix}-restore`, folders)
  return save === undefined || restore === undefined ? undefined : { save, restore }
}

function foldersOf(path: string, usual: readonly string[]): readonly string[] {
  return [...path.split(delimiter).filter((folder) => isAbsolute(folder)), ...usual]
}

/** Does not resolve links, because the programs act by the name with which they are called. */
function findProgram(name: string, folders: readonly string[]): string | undefined {
  return folders.map((folder) => join(folder, name)).find((file) => isExecutable(file))
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Programs before 1.8 do not print their flavour, and are legacy. */
async function flavourOf(program: string): Promise<Flavour | undefined> {
  let version = ''
  const ended = await runProgram({
    file: program,
    args: ['--version'],
    onLine: (line) => {
      version += line
    },
  })
  if (ended.kind !== 'exited' || ended.code !== 0) return undefined
  return version.includes('(nf_tables)') ? 'nft' : 'legacy'
}
