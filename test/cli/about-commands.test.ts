import { expect, test } from 'vitest'
import { typed, VERSION } from '../support/typed.ts'

/** What the program says of itself, from the command line to the output. */

test.each([
  ['bash', 'complete -o default -F _nodelb nodelb\n'],
  ['zsh', '#compdef nodelb'],
  ['fish', 'complete -c nodelb'],
])('completion for %s', async (shell, line) => {
  const { code, out, said } = await typed('completion', shell)
  expect({ code, said }).toEqual({ code: 0, said: [] })
  expect(out).toContain(line)
})

test('the manual page names the version and every group of commands', async () => {
  const { code, out, said } = await typed('man')
  expect({ code, said }).toEqual({ code: 0, said: [] })
  expect(out.startsWith(`.TH NODELB 1 "" "nodelb ${VERSION}" "User Commands"\n`)).toBe(true)
  for (const group of ['LOOK', 'CHANGE', 'RUN']) expect(out).toContain(`\n.SH ${group}\n`)
})

test('the JSON Schema of a configuration', async () => {
  const { code, out } = await typed('config', 'schema')
  expect(code).toBe(0)
  expect(JSON.parse(out)).toMatchObject({ type: 'object', title: expect.any(String) })
})

test('the configuration in force says of each field where its value comes from', async () => {
  const { code, out, said } = await typed('config', '--scope', 'all', '--node', 'n1', '-o', 'json')
  expect({ code, said }).toEqual({ code: 0, said: [] })
  expect(JSON.parse(out)).toMatchObject({
    scope: { value: 'all', source: '--scope' },
    backend: { value: 'auto', source: 'default' },
  })
  expect((await typed('config')).out).toMatch(/^scope +load-balancer +default$/m)
})
