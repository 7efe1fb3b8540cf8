// Runs inside a network namespace of its own. For every fixture: commit over netlink, list, commit
// again, then load the rendered text with nft and list that. Prints one JSON line a fixture.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { NetlinkSocket } from '../../src/apply/netlink/socket.ts'
import { program } from '../../src/dataplane/nftables/program.ts'
import { removeTables } from '../../src/dataplane/nftables/removal.ts'
import { renderCluster } from '../../src/render/render.ts'
import { printRuleset } from '../../src/ruleset/nftables/print.ts'
import { fixtureGoal } from '../support/goal.ts'

export interface Committed {
  readonly name: string
  readonly refusals: number
  /** Operations of the second commit. */
  readonly again: number
  readonly listed: string
  readonly loaded: string
}

const scratch = mkdtempSync(`${tmpdir()}/nodelb-kernel-`)
const socket = NetlinkSocket.open()

for (const directory of process.argv.slice(2)) {
  const goal = fixtureGoal(directory)
  const first = await program(socket, goal)
  if (first.kind === 'failed') throw new Error(`${directory}: ${first.reason}`)
  const listed = list()
  const second = await program(socket, goal)
  await removeTables(socket)
  if (list() !== '') throw new Error(`${directory}: cleanup left ${list()}`)
  const { cluster, node, settings } = goal
  writeFileSync(
    `${scratch}/text.nft`,
    printRuleset(renderCluster(cluster, node, settings).ruleset()),
  )
  execFileSync('nft', ['-f', `${scratch}/text.nft`])
  const loaded = list()
  execFileSync('nft', ['flush', 'ruleset'])
  const result: Committed = {
    name: directory,
    refusals: first.refusals.length,
    again: second.kind === 'committed' ? second.operations : -1,
    listed,
    loaded,
  }
  console.log(JSON.stringify(result))
}
socket.close()
rmSync(scratch, { recursive: true })

function list(): string {
  return execFileSync('nft', ['list', 'ruleset'], { encoding: 'utf8', maxBuffer: 1 << 28 })
}
