import { cpus } from 'node:os'
import type { ConntrackSettings } from '../../model/conntrack.ts'
import { unreachable } from '../../model/unreachable.ts'
import {
  differs,
  type WantedSysctl,
  wantedBuckets,
  wantedSysctls,
} from '../../plan/sysctls/conntrack.ts'
import { readNumber, sysctlFile, writeNumber } from './files.ts'

export type SysctlOutcome =
  | { readonly kind: 'kept'; readonly name: string; readonly value: number }
  | { readonly kind: 'set'; readonly name: string; readonly from: number; readonly to: number }
  | {
      readonly kind: 'not-set'
      readonly name: string
      /** Undefined where the setting cannot be read. */
      readonly found: number | undefined
      readonly wanted: number
      readonly errno: string
      readonly remedy: string
    }

interface Machine {
  /** The folder that holds `proc` and `sys`; default: the machine's own. */
  readonly root?: string
  /** All processors of the machine, even if a container may use only some of them. */
  readonly processors?: number
}

const BUCKETS = '/sys/module/nf_conntrack/parameters/hashsize'

/**
 * Sets the kernel's connection tracking as configured, and returns the outcome for each setting. It
 * writes only what differs, so that it needs no rights after `nodelb prepare`.
 */
export function prepareNode(
  settings: ConntrackSettings,
  { root = '', processors = cpus().length }: Machine = {},
): readonly SysctlOutcome[] {
  const wanted = wantedSysctls(settings, processors)
  const buckets = wantedBuckets(wanted)
  return [
    ...wanted.map((sysctl) => ensure(sysctl, sysctlFile(root, sysctl.name))),
    ...(buckets === undefined ? [] : ensureBuckets(buckets, root + BUCKETS)),
  ]
}

/** Does the same for one setting on which no other depends. */
export function ensureSysctl(wanted: WantedSysctl, root = ''): SysctlOutcome {
  return ensure(wanted, sysctlFile(root, wanted.name))
}

/**
 * Returns a line such as `net.netfilter.nf_conntrack_max: is 65536, should be 131072 (EROFS); run
 * …`.
 */
export function printSysctl(outcome: SysctlOutcome): string {
  switch (outcome.kind) {
    case 'kept':
      return `${outcome.name}: ${outcome.value}`
    case 'set':
      return `${outcome.name}: ${outcome.from} -> ${outcome.to}`
    case 'not-set': {
      const { name, found, wanted, errno, remedy } = outcome
      return `${name}: is ${found ?? 'unknown'}, should be ${wanted} (${errno}); ${remedy}`
    }
    default:
      return unreachable(outcome)
  }
}

function ensure(wanted: WantedSysctl, file: string): SysctlOutcome {
  const { name, value } = wanted
  const found = readNumber(file)
  if (found.kind === 'unreadable') return notSet(name, undefined, value, found.errno)
  if (!differs(found.value, wanted)) return { kind: 'kept', name, value: found.value }
  const written = writeNumber(file, value)
  if (written.kind === 'refused') return notSet(name, found.value, value, written.errno)
  return { kind: 'set', name, from: found.value, to: value }
}

/**
 * Fewer buckets only make lookups slower, and a container cannot change them. Where they cannot be
 * read or written (outside the first network namespace, or with sysfs read-only), they are left as
 * they are, as kube-proxy does.
 */
function ensureBuckets(value: number, file: string): readonly SysctlOutcome[] {
  const outcome = ensure({ name: BUCKETS, value, orMore: true }, file)
  return outcome.kind === 'not-set' ? [] : [outcome]
}

/** Returns the outcome with what the operator can do about it. */
export function notSet(
  name: string,
  found: number | undefined,
  wanted: number,
  errno: string,
): SysctlOutcome {
  return { kind: 'not-set', name, found, wanted, errno, remedy: remedy(name, wanted, errno) }
}

function remedy(name: string, wanted: number, errno: string): string {
  if (errno === 'ENOENT') {
    return `load the kernel module ${name.startsWith('net.ipv4.vs.') ? 'ip_vs' : 'nf_conntrack'}`
  }
  return `run the init container "nodelb prepare", or on the node: sysctl -w ${name}=${wanted}`
}
