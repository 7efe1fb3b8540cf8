import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { follow, isFollowing, isLost } from '../e2e/support/follow.ts'
import { makeKeyPair, ScriptedApi, serveNothing } from '../support/scripted-api.ts'

const pace = { watch: 60_000, silence: 60_000 }

async function start() {
  const api = await ScriptedApi.start(serveNothing)
  const [one, two] = [await makeKeyPair(api.folder, 'one'), await makeKeyPair(api.folder, 'two')]
  return { api, one, two }
}

test.each([
  ['belongs to another certificate', 'two.key', /key values mismatch/],
  ['is cut short', 'short.key', /DECODER|PEM|bad/],
])('a key that %s is told, and the right one taken when it is there', async (_, wrong, reason) => {
  const { api } = await start()
  const at = (name: string) => join(api.folder, name)
  writeFileSync(at('short.key'), readFileSync(at('one.key'), 'utf8').slice(0, 100))
  copyFileSync(at(wrong), at('client.key'))
  const user = { 'client-certificate': 'one.crt', 'client-key': 'client.key' }
  const { states } = follow(api.location(user), 'services', pace)
  expect(await states.find(isLost)).toMatchObject({ reason: expect.stringMatching(reason) })
  copyFileSync(at('one.key'), at('client.key'))
  await states.find(isFollowing)
})

test('a new authority is read as soon as the old one vouches for the server no more', async () => {
  const { api, two } = await start()
  const { states } = follow(api.location(), 'services', pace)
  await states.find(isFollowing)
  api.show(two)
  const lost = await states.find(
    (state) => state.kind === 'lost' && /certificate/.test(state.reason),
  )
  copyFileSync(join(api.folder, 'two.crt'), join(api.folder, 'server.crt'))
  await states.find(isFollowing, states.items.indexOf(lost))
})
