import { execa } from 'execa'
import { beforeEach, describe, expect, test } from 'vitest'
import { FLAVOURS, findPrograms } from '../../src/apply/iptables/programs.ts'
import { programIptables } from '../../src/dataplane/iptables/program.ts'
import { removeChains } from '../../src/dataplane/iptables/removal.ts'
import type { IptablesSession } from '../../src/dataplane/iptables/session.ts'
import { otherPrograms } from '../apply/iptables/hosts.ts'
import { iptables, listing, restore } from '../apply/iptables/namespace.ts'
import { enterNewNetwork } from '../apply/nftables/namespace.ts'
import { nodelb } from '../support/lab.ts'
import {
  asterisk,
  begin,
  committed,
  jellyfin,
  nginx,
  ranges,
  scale,
} from './iptables-session-setup.ts'
import { fixtures, together } from './session-setup.ts'

const CHANGES = 100
const goal = together(jellyfin, asterisk, nginx, ranges)

beforeEach(() => enterNewNetwork())

describe.each(FLAVOURS)('%s', async (flavour) => {
  const programs = await findPrograms(flavour)

  async function tables(): Promise<string> {
    return `${await listing(flavour)}${await listing(flavour, 'ip6')}`
  }

  test(`what others have is the same after apply, ${CHANGES} changes and cleanup`, async () => {
    await restore(flavour, otherPrograms('ip'))
    await restore(flavour, otherPrograms('ip6'), 'ip6')
    const before = await tables()
    expect(before.match(/^-A/gm)?.length).toBeGreaterThan(30)
    expect(await programIptables(programs, goal)).toMatchObject({ kind: 'committed', refusals: [] })
    expect(ofOthers(await tables())).toBe(before)
    const { session } = await begin(programs, goal)
    for (let change = 0; change < CHANGES; change++) {
      alter(session, change)
      const settled = committed(await session.sync())
      expect(settled).toMatchObject({ refusals: [] })
      expect(settled.operations).toBeGreaterThan(0)
      expect(settled.reread).toBeUndefined()
      if (change % 10 === 0) expect(ofOthers(await tables())).toBe(before)
    }
    const after = await tables()
    expect(ofOthers(after)).toBe(before)
    expect(after).toContain('NODELB-VIPS')
    session.close()
    const { removed } = await removeChains(flavour)
    expect(removed).toEqual([expect.stringMatching(new RegExp(`^\\d+ chains .*\\(${flavour}\\)$`))])
    expect(await tables()).toBe(before)
  })
})

describe('with CAP_NET_ADMIN alone, where others have legacy tables', () => {
  beforeEach(() => restore('legacy', otherPrograms('ip')))

  test('another backend is programmed and cleaned up all the same', async () => {
    const before = await listing('legacy')
    expect(await confined('apply', ...objects, '--backend', 'nftables')).toMatchObject({
      exitCode: 0,
      stderr: '',
    })
    expect(await confined('cleanup')).toMatchObject({ exitCode: 0, stderr: '' })
    expect(await listing('legacy')).toBe(before)
  })

  test('chains of nodelb there are said to stay', async () => {
    await iptables('legacy', '-t nat -N NODELB-VIPS')
    for (const args of [['cleanup'], ['apply', ...objects, '--backend', 'nftables']]) {
      const { exitCode, stderr } = await confined(...args)
      expect(exitCode).toBe(2)
      expect(stderr).toContain('give nodelb the capabilities NET_ADMIN and NET_RAW')
    }
  })

  const folder = `${fixtures}load-balancer`
  const objects = ['-f', `${folder}/input.yaml`, `${folder}/node.yaml`, '--node', 'node-a']

  function confined(...args: readonly string[]) {
    const rights = ['--bounding-set=-all,+net_admin', '--inh-caps=-all']
    const command = [...rights, process.execPath, nodelb, ...args]
    return execa('setpriv', command, { reject: false })
  }
})

/** Endpoints come and go, so do whole Services, and with them shared chains and jumps. */
function alter(session: IptablesSession, change: number): void {
  const { renderer } = session
  const [service] = ranges.cluster.services
  if (service === undefined) throw new Error('fixture')
  if (change % 4 === 0)
    scale(session, jellyfin, (change / 4) % 6 === 5 ? 0 : 1 + ((change / 4) % 5))
  else if (change % 4 === 1) scale(session, asterisk, ((change - 1) / 4) % 2)
  else if (change % 4 === 2) scale(session, nginx, 1 - (((change - 2) / 4) % 2))
  else if (change % 8 === 3) renderer.removeService(`${service.namespace}/${service.name}`)
  else renderer.setService(service)
}

/** Without what is nodelb's. */
function ofOthers(rules: string): string {
  const own = /^:NODELB-|^-A NODELB-|^-A [A-Z]+ .*-j NODELB-[A-Z]+$/
  const lines = rules.split('\n').filter((line) => !own.test(line))
  return lines.join('\n')
}
