import { type NodeSysctl, satisfies } from '../../plan/sysctls/ipvs.ts'
import { readNumber, sysctlFile, writeNumber } from './files.ts'
import { notSet, type SysctlOutcome } from './prepare-node.ts'
import { readSaved, type SavedSysctl, type SavedSysctls, writeSaved } from './state-file.ts'

export interface SavedPlace {
  /** The file that keeps the former values of settings. */
  readonly file: string
  /** The folder that holds `proc`; default: the machine's own. */
  readonly root?: string
}

/**
 * Sets what is wanted, in the given order, after saving the former values. A setting whose former
 * value cannot be saved is not changed, because nothing could put it back.
 */
export function setSaved(
  wanted: readonly NodeSysctl[],
  { file, root = '' }: SavedPlace,
): readonly SysctlOutcome[] {
  const compared = wanted.map((sysctl) => compare(sysctl, root))
  const changes = compared.filter((one) => one.kind === 'differs')
  const trouble = changes.length === 0 ? undefined : note(changes, file)
  return compared.map((one): SysctlOutcome => {
    const { name, value } = one.sysctl
    if (one.kind === 'kept') return { kind: 'kept', name, value: one.found }
    if (one.kind === 'unreadable') return notSet(name, undefined, value, one.errno)
    if (trouble !== undefined && !trouble.noted.has(name)) {
      const { errno, remedy } = trouble
      return { kind: 'not-set', name, found: one.found, wanted: value, errno, remedy }
    }
    const written = writeNumber(sysctlFile(root, name), value)
    if (written.kind === 'refused') return notSet(name, one.found, value, written.errno)
    return { kind: 'set', name, from: one.found, to: value }
  })
}

/**
 * Returns the settings that `setSaved` would change or cannot read; changes nothing. `from` is
 * undefined where the setting cannot be read.
 */
export function differingSysctls(
  wanted: readonly NodeSysctl[],
  root = '',
): readonly { readonly name: string; readonly from: number | undefined; readonly to: number }[] {
  return wanted.flatMap((sysctl) => {
    const { name, value: to } = sysctl
    const one = compare(sysctl, root)
    if (one.kind === 'kept') return []
    return [{ name, from: one.kind === 'differs' ? one.found : undefined, to }]
  })
}

interface Change {
  readonly kind: 'differs'
  readonly sysctl: NodeSysctl
  readonly found: number
}

type Compared =
  | Change
  | { readonly kind: 'kept'; readonly sysctl: NodeSysctl; readonly found: number }
  | { readonly kind: 'unreadable'; readonly sysctl: NodeSysctl; readonly errno: string }

function compare(sysctl: NodeSysctl, root: string): Compared {
  const read = readNumber(sysctlFile(root, sysctl.name))
  if (read.kind === 'unreadable') return { kind: 'unreadable', sysctl, errno: read.errno }
  const kind = satisfies(read.value, sysctl) ? 'kept' : 'differs'
  return { kind, sysctl, found: read.value }
}

/** Why the former values could not be saved, and which ones had been saved before. */
interface Trouble {
  readonly noted: SavedSysctls
  readonly errno: string
  readonly remedy: string
}

/** Saves the former values. A value that was saved once stays: it is from before nodelb. */
function note(changes: readonly Change[], file: string): Trouble | undefined {
  const before = readSaved(file)
  if (before.kind === 'unreadable') {
    const remedy = `${file} cannot be read, which holds what settings were: repair or remove it`
    return { noted: new Map(), errno: before.errno, remedy }
  }
  const noted = new Map<string, SavedSysctl>(before.sysctls)
  for (const { sysctl, found } of changes) {
    const { name, value: set } = sysctl
    noted.set(name, { before: noted.get(name)?.before ?? found, set })
  }
  const written = writeSaved(file, noted)
  if (written.kind === 'written') return undefined
  const remedy = `${file} cannot be written, to note what it was: make room, or let nodelb write there`
  return { noted: before.sysctls, errno: written.errno, remedy }
}
