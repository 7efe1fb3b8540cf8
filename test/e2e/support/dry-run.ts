import { join } from 'node:path'
import { execa } from 'execa'
import { nodelb } from '../../support/lab.ts'
import type { ApiServer } from './apiserver.ts'

const READ = ['services', 'namespaces', 'nodes', 'endpointslices', 'ipaddresspools']

/**
 * Returns the changes that `nodelb allocate` finds in what the API server has, as docs/addresses.md
 * says to try it; an empty text if there are none.
 */
export async function wouldChange(server: ApiServer): Promise<string> {
  const kubectl = join(server.programs, 'kubectl')
  const config = `--kubeconfig=${server.kubeconfig()}`
  const get = await execa(kubectl, [config, 'get', READ.join(), '-A', '-o', 'yaml'])
  const { stdout } = await execa(process.execPath, [nodelb, 'allocate', '-f', '-'], {
    input: get.stdout,
  })
  const [, changes = ''] = /^(Changes(?:.+\n?)+)/m.exec(stdout) ?? []
  return changes
}
