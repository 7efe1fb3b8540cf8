import { visible } from '../../decode/problem.ts'
import type { Ownership } from '../../report/status/agent-state.ts'
import type { Status } from '../../report/status/status.ts'
import { announceLines } from './announce-text.ts'
import { bgpLines } from './bgp-text.ts'
import { printService } from './service-text.ts'

/** The most lines of a section; further ones are only counted, and `-o json` has all. */
const LISTED = 100

/** Returns the status as text, which ends with a newline. */
export function printStatus(status: Status): string {
  const parts = [
    head(status),
    section('Conditions', status.conditions),
    section(
      'Refused by the kernel',
      status.refused.map(({ service, reason, since }) => `${service}: ${reason} (since ${since})`),
    ),
    ...denials(status),
    section(
      'Health check ports that cannot be opened',
      status.healthChecksWaiting.map(
        ({ service, port, reason }) => `${service}: ${port}: ${reason}`,
      ),
    ),
    section(
      'Addresses to be settled',
      status.allocation.map(({ object, problem }) => `${object}: ${problem}`),
    ),
    section('Problems of objects', status.problems),
    ...announcing(status),
    section(`Services (${status.services.length})`, status.services.map(printService)),
  ]
  return parts
    .flat()
    .map((line) => `${visible(line)}\n`)
    .join('')
}

function denials(status: Status): readonly (readonly string[])[] {
  return [
    section(
      'Contested addresses',
      status.contested.map(({ service, address, winner }) => {
        return `${service}: ${address} belongs to ${winner}`
      }),
    ),
    section(
      'Refused addresses',
      status.refusedAddresses.map(
        ({ service, address, reason }) => `${service}: ${address} ${reason}`,
      ),
    ),
    section(
      'More contested or refused addresses',
      status.moreAddresses.map(({ service, addresses }) => `${service}: ${addresses}`),
    ),
  ]
}

function announcing({ announce, bgp }: Status): readonly (readonly string[])[] {
  return [
    section('Announcing', announce === null ? [] : announceLines(announce)),
    section('Announcing by BGP', bgp === null ? [] : bgpLines(bgp)),
  ]
}

function head(status: Status): readonly string[] {
  const { lastCommit, failing, waiting, refusedConfiguration: refused } = status
  const watches = Object.entries(status.watches).map(([resource, watch]) => {
    const reason = 'reason' in watch ? `: ${watch.reason}` : ''
    return `  ${resource}: ${watch.kind}${reason} (since ${watch.since})`
  })
  const objects = Object.entries(status.objects).map(([resource, count]) => `${count} ${resource}`)
  return [
    `nodelb ${status.version} on ${status.node}, process ${status.pid}, since ${status.startedAt}`,
    status.ready ? 'ready' : `NOT READY: ${status.reason}`,
    lastCommit
      ? `last commit ${lastCommit.at}: ${lastCommit.operations} operations in ` +
        `${Math.round(lastCommit.durationMs)} ms`
      : 'no commit yet',
    ...printVerified(status),
    ...(waiting
      ? [
          `configuration ${waiting.source} ${waiting.failed ? 'fails' : 'waits'} since ` +
            `${waiting.since}: ${waiting.reason}`,
        ]
      : []),
    ...(refused
      ? [`configuration ${refused.source} cannot be used since ${refused.since}: ${refused.reason}`]
      : []),
    ...(failing ? [`commits fail since ${failing.since}: ${failing.reason}`] : []),
    `tables: ${printOwnership(status.ownership)}`,
    `objects: ${objects.join(', ')}`,
    'watches:',
    ...watches,
  ]
}

function printVerified({ backend, verified, doubt }: Status): readonly string[] {
  const compared = verified?.comparedAt
  const read = compared ? `, all read and compared ${compared}` : ''
  return [
    ...(verified ? [`kernel verified ${verified.at} (${backend ?? 'no backend'})${read}`] : []),
    ...(doubt ? [`NOT VERIFIED since ${doubt.since}: ${doubt.reason}`] : []),
  ]
}

function printOwnership(ownership: Ownership): string {
  switch (ownership.kind) {
    case 'unknown':
      return 'not made yet'
    case 'owned':
      return 'owned, and kept when the agent ends'
    case 'not-owned':
      return `not owned: ${ownership.reason}`
  }
}

function section(title: string, lines: readonly string[]): readonly string[] {
  if (lines.length === 0) return []
  const more = lines.length - LISTED
  const shown = lines.slice(0, LISTED).map((line) => `  ${line}`)
  return ['', `${title}:`, ...shown, ...(more > 0 ? [`  and ${more} more (-o json has all)`] : [])]
}
