import type { PoolUsage } from '../../allocate/allocation.ts'
import type { ObjectProblem } from '../../decode/object-problem.ts'
import type { Address } from '../../model/address.ts'
import { sameMembers } from '../../model/same-members.ts'
import { serviceName } from '../../model/service-name.ts'
import { columns, section } from '../columns.ts'
import type { AllocationReport, GoneService, ServiceEntry } from './report.ts'

/** Returns the report for programs, one line of JSON. */
export function reportAsJson({ services, problems, hints, gone }: AllocationReport): string {
  const entries = services.map(({ namespace, name, ingress, pool, state, reason }) => ({
    namespace,
    name,
    ingress: ingress.map((ip) => ({ ip })),
    ...(pool !== undefined && { pool }),
    state,
    reason,
  }))
  const told = {
    problems: problems.map(plain),
    ...(hints.length > 0 && { hints: hints.map(plain) }),
    ...(gone.length > 0 && { gone: gone.map(goneEntry) }),
  }
  return `${JSON.stringify({ services: entries, ...told })}\n`
}

/** Returns the report for people. `against` says with what the changes were found. */
export function reportAsText(report: AllocationReport, against: string): string {
  const { services, problems, hints, gone } = report
  const inState = (state: ServiceEntry['state']): readonly ServiceEntry[] =>
    services.filter((each) => each.state === state)
  const changed = services.filter(({ before, ingress }) => !sameMembers(before, ingress))
  const ignored = inState('ignored')
  const released = ignored.filter((each) => changed.includes(each))
  const untouched = ignored.filter((each) => !changed.includes(each))
  return [
    section('Services with an address', columns(inState('assigned').map(assignedRow))),
    section('Services that wait', columns(inState('pending').map(reasonRow))),
    section('Services whose addresses are taken back', columns(released.map(reasonRow))),
    section('Services left alone', columns(untouched.map(untouchedRow))),
    section('Kept for Services that are not in the files', columns(gone.map(goneRow))),
    section(`Changes against ${against}`, columns(changed.map(changeRow))),
    section('Pools', columns(report.usage.map(usageRow))),
    section('Problems', columns(problems.map(problemRow))),
    section('Hints', columns(hints.map(problemRow))),
  ]
    .filter((text) => text !== '')
    .join('\n')
}

/** Leaves out what is of no interest to others. */
function plain({ object, message }: ObjectProblem): ObjectProblem {
  return { object, message }
}

function problemRow({ object, message }: ObjectProblem): readonly string[] {
  return [object, message]
}

function assignedRow(entry: ServiceEntry): readonly string[] {
  return [serviceName(entry), entry.ingress.join(' '), entry.pool ?? '-', entry.reason]
}

function reasonRow(entry: ServiceEntry): readonly string[] {
  return [serviceName(entry), entry.reason]
}

function untouchedRow(entry: ServiceEntry): readonly string[] {
  const { ingress, reason } = entry
  return [serviceName(entry), ingress.length === 0 ? '-' : ingress.join(' '), reason]
}

function goneEntry({ namespace, name, addresses, pool }: GoneService): object {
  const ingress = addresses.map((ip) => ({ ip }))
  return { namespace, name, ingress, ...(pool !== undefined && { pool }) }
}

function goneRow(service: GoneService): readonly string[] {
  return [serviceName(service), service.addresses.join(' '), service.pool ?? '-']
}

function changeRow(entry: ServiceEntry): readonly string[] {
  return [serviceName(entry), `${listed(entry.before)} -> ${listed(entry.ingress)}`]
}

function usageRow({ pool, family, size, held }: PoolUsage): readonly string[] {
  const share = size === 0n ? '' : ` (${(BigInt(held) * 100n) / size} %)`
  return [pool, family === 'ipv4' ? 'IPv4' : 'IPv6', `${held} of ${size} in use${share}`]
}

function listed(addresses: readonly Address[]): string {
  return addresses.length === 0 ? 'none' : addresses.join(' ')
}
