import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { NODE } from '../soak/manifests.ts'
import { FIRST } from '../soak/schedule.ts'
import { Watcher } from '../soak/watcher.ts'
import { Lab } from '../support/lab.ts'
import { list } from '../support/web.ts'

let folder: string
let lab: Lab
let watcher: Watcher
let ready: boolean
let moments: string[]

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nodelb-watcher-'))
  lab = await Lab.build()
  ready = true
  moments = []
})

afterEach(async () => {
  await watcher?.stop()
  await lab?.remove()
  rmSync(folder, { recursive: true })
})

async function program(): Promise<void> {
  const file = join(folder, 'objects.json')
  const namespaced = FIRST.objects.map((object) => {
    return { ...object, metadata: { ...object.metadata, namespace: 'default' } }
  })
  writeFileSync(file, list(namespaced))
  const applied = await lab.nodelb(['apply', '-f', file, '--node', NODE, '--backend', 'nftables'])
  expect(applied, applied.stderr).toMatchObject({ exitCode: 0 })
}

const flush = async (): Promise<void> => {
  expect(await lab.run('nft', ['flush', 'ruleset'])).toMatchObject({ exitCode: 0 })
}

function watch(): void {
  watcher = new Watcher(
    lab,
    async () => ready,
    (what) => moments.push(what),
  )
}

/** Resolves when it has looked at both families several times more. */
async function looks(): Promise<void> {
  const before = watcher.looks
  await expect.poll(() => watcher.looks, { timeout: 30_000 }).toBeGreaterThan(before + 8)
}

test('rules that go unpardoned while the agent says ready are a moment, told once a family', async () => {
  await program()
  watch()
  await looks()
  expect(moments).toEqual([])
  await flush()
  await looks()
  expect(moments.sort()).toEqual([
    expect.stringContaining('203.0.113.100:80 is not served'),
    expect.stringContaining('[2001:db8:100::64]:80 is not served'),
  ])
  await program()
  await looks()
  await flush()
  await looks()
  expect(moments).toHaveLength(4)
})

test('an agent that does not say ready may have no rules', async () => {
  ready = false
  watch()
  await looks()
  expect(moments).toEqual([])
  ready = true
  await looks()
  expect(moments).toHaveLength(2)
})

test('damage is pardoned until it is repaired, and no longer', async () => {
  await program()
  watch()
  await watcher.pardon(flush)
  await looks()
  expect(moments).toEqual([])
  await program()
  await watcher.healed()
  await looks()
  await flush()
  await looks()
  expect(moments).toHaveLength(2)
})
