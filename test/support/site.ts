import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Makes the site of the documentation as its workflow does, and returns its folder. */
export async function makeSite(tree: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'nodelb-site-'))
  await execa('npm', ['run', '--silent', 'site', '--', folder, tree], { cwd: root })
  return folder
}
