import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterEach } from 'vitest'
import type { Goal, Programmed } from '../../../src/dataplane/dataplane.ts'
import { Dataplanes } from '../../../src/dataplane/dataplanes.ts'
import type { Session, Synced, Verified } from '../../../src/dataplane/session.ts'
import type { BackendKind } from '../../../src/model/backend.ts'
import { grouped } from '../../../src/plan/explain.ts'
import { fixtureGoal } from '../../support/goal.ts'

const fixtures = fileURLToPath(new URL('../../../fixtures/', import.meta.url))

export function goalOf(name: string, backend: BackendKind = 'ipvs'): Goal {
  return fixtureGoal(`${fixtures}${name}`, 'input.yaml', backend)
}

/** The backends for a file of tests; after each the guest has nothing of nodelb. */
export function useDataplanes(): { (): Dataplanes; readonly said: string[] } {
  const said: string[] = []
  let open: Dataplanes | undefined
  const sysctlFile = '/run/nodelb-test/sysctls.json'
  afterEach(async () => {
    await open?.close()
    open = undefined
    const after = new Dataplanes({ sysctlFile })
    await after.remove()
    await after.close()
    await execa('modprobe', ['ip_vs'])
    await execa('ipvsadm', ['-C'])
    await execa('ip', ['link', 'delete', 'kube-ipvs0'], { reject: false })
    await execa('nft', ['flush', 'ruleset'])
  })
  const get = (): Dataplanes => {
    open ??= new Dataplanes({
      sysctlFile,
      onSysctl: ({ kind, name }) => said.push(`${kind} ${name}`),
    })
    return open
  }
  return Object.assign(get, { said })
}

export async function begin(dataplanes: Dataplanes, goal: Goal): Promise<Session> {
  const started = await dataplanes.start(goal, { watch: true })
  if (started.kind === 'failed') throw new Error(started.outcome.reason)
  return started.session
}

export async function proposed(dataplanes: Dataplanes, goal: Goal): Promise<readonly string[]> {
  const found = await dataplanes.of(goal.settings).propose(goal)
  if (found.kind === 'failed') throw new Error(found.reason)
  return grouped(found.operations).flatMap(({ operations }) =>
    operations.map(({ sign, text }) => `${sign} ${text}`),
  )
}

export function done<Outcome extends Synced | Verified | Programmed>(
  outcome: Outcome,
): Exclude<Outcome, { kind: 'failed' }> {
  if (outcome.kind === 'failed') throw new Error([outcome.reason, ...outcome.details].join('\n'))
  return outcome as Exclude<Outcome, { kind: 'failed' }>
}

/** `ipvsadm -ln`, without its counters. */
export async function servers(): Promise<string> {
  const { stdout } = await execa('ipvsadm', ['-l', '-n', '--sort'])
  const lines = stdout.split('\n').map((line) => line.replace(/ +\d+ +\d+ *$/, '').trimEnd())
  return `${lines.slice(3).join('\n')}\n`
}

/** What the dummy interface carries. */
export async function bound(dummy = 'kube-ipvs0'): Promise<readonly string[]> {
  const { stdout } = await execa('ip', ['-o', 'address', 'show', 'dev', dummy], {
    reject: false,
  })
  return [...stdout.matchAll(/inet6? (\S+)/g)].map(([, address = '']) => address).sort()
}

export async function table(): Promise<string> {
  return (await execa('nft', ['list', 'ruleset'])).stdout
}

export function sysctl(name: string): string {
  return readFileSync(`/proc/sys/${name.replaceAll('.', '/')}`, 'utf8').trim()
}
