import { chmodSync, readFileSync } from 'node:fs'
import { afterEach, expect, test } from 'vitest'
import { parse } from 'yaml'
import { BgpLan } from '../support/bgp-lan.ts'
import { advertisement, bgpCluster, bgpPeer, bgpService } from '../support/bgp-objects.ts'

const patches = new URL('../../deploy/components/bgp/engine.yaml', import.meta.url)
const [{ value: engine }, { value: groups }] = parse(readFileSync(patches, 'utf8'))

let lan: BgpLan
afterEach(async () => {
  await lan?.remove()
})

/** Runs what follows without the right to gain any, as containers do. */
function confined(options: readonly string[]): readonly string[] {
  return ['setpriv', ...options, '--inh-caps=-all', '--ambient-caps=-all', '--no-new-privs', '--']
}

test('engine and agent announce with the rights that the component gives them', async () => {
  lan = await BgpLan.build({ daemons: [] })
  // As the kubelet makes the folder that both containers have.
  chmodSync(lan.node.folder, 0o777)
  const { runAsUser, runAsGroup, capabilities } = engine.securityContext
  expect(capabilities).toEqual({ drop: ['ALL'] })
  const user = [`--reuid=${runAsUser}`, `--regid=${runAsGroup}`, '--clear-groups']
  await lan.node.runAs(
    'bgpd',
    confined([...user, '--bounding-set=-all']),
    engine.args.map((each: string) => each.replaceAll('/run/frr', lan.node.folder)),
  )
  const password = bgpPeer('tor', { password: 'secret' })
  await lan.router.tell(
    'bgpd',
    ...['configure terminal', 'router bgp 65000', 'neighbor 10.0.0.1 password secret', 'end'],
  )
  lan.write(bgpCluster(password, advertisement('all'), bgpService('web', '198.51.100.10')))
  const rights = [`--groups=${groups.join(',')}`, '--bounding-set=-all,+net_admin']
  await lan.start((command) => [...confined(rights), ...command])
  await lan.until('198.51.100.10/32')
  expect((await lan.announces()).problems).toEqual([])
})
