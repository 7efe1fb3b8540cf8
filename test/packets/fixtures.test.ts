import { afterAll, describe, expect, test } from 'vitest'
import { lacking } from '../support/differences.ts'
import { packetFixtures } from '../support/fixtures.ts'
import { LabPool } from '../support/lab-pool.ts'
import { clean, play, type Subject } from '../support/played-packets.ts'
import { isTried } from '../support/runs.ts'

// Most of the time goes by waiting for packets that are to be dropped.
const labs = new LabPool(3)
afterAll(() => labs.remove())

/** ipvs has its turn in a kernel of its own: test/vm. */
const subjects: readonly Subject[] = [
  { title: 'nftables', backend: 'nftables' },
  { title: 'iptables (nft)', backend: 'iptables', flavour: 'nft' },
  { title: 'iptables (legacy)', backend: 'iptables', flavour: 'legacy' },
]

describe.concurrent.each(subjects)('packets by $title', (subject) => {
  for (const fixture of packetFixtures().filter((_, at) => isTried(at, subject.flavour))) {
    const why = lacking(fixture.name, subject.backend)
    test.skipIf(why !== undefined)(`${fixture.name}: ${fixture.sentence}`, async () => {
      expect(fixture.steps.flatMap(({ packets }) => packets).length).toBeGreaterThan(0)
      await labs.use(async (lab) => {
        await play(lab, fixture, subject)
        await clean(lab)
      })
    })
  }
})
