import { writeFileSync } from 'node:fs'
import { beforeAll, test } from 'vitest'
import { enterNewNetwork } from '../apply/nftables/namespace.ts'
import { typed } from '../support/typed.ts'

const F = '/tmp/wt/cova/fixtures/'
beforeAll(() => enterNewNetwork())
const lb = ['-f', `${F}load-balancer/input.yaml`, `${F}load-balancer/node.yaml`, '--node', 'node-a']
test('x', async () => {
  let log = ''
  for (const words of [
    ['prepare'],
    ['prepare', '--config', '/nowhere'],
    ['cleanup'],
    ['cleanup', '--config', '/nowhere'],
    ['apply', ...lb],
    ['apply', ...lb, '-o', 'json'],
    ['apply', ...lb, '--backend', 'iptables'],
    ['cleanup'],
    ['explain', '--to', '203.0.113.10:80'],
    ['apply', ...lb, '--backend', 'iptables'],
    ['explain', '--to', '203.0.113.10:80'],
    ['explain', '--to', 'default/web'],
    ['apply', ...lb],
    ['explain', '--to', '203.0.113.10:80', '--full'],
    ['explain', '--to', 'default/web', '--from', '198.51.100.7'],
    ['explain', '--to', 'default/web:http', '--from', '198.51.100.7', '--in', 'nosuch'],
    ['explain', '--to', 'default/web:http', '--from', '198.51.100.7', '--in', 'lo'],
    ['explain', '--to', 'default/nothing'],
    ['explain', '--to', 'x:y', '--from', 'z', '--in', 'lo'],
    ['explain', '--to', '[::1]:80', '--from', '1.2.3.4'],
    ['explain', '--to', '1.1.1.1:80', '--from', '::1'],
    ['bundle', '-o', '/tmp/cova-b.tar.gz'],
    ['version', '-o', 'json'],
    ['status'],
    ['apply', ...lb, '--backend', 'ipvs'],
    ['cleanup'],
    ['cleanup'],
  ]) {
    const r = await typed(...words)
    log += `$ ${words.join(' ')}\n${r.code}\n${r.out.slice(0, 3000)}\n${r.said.map((l) => `! ${l}\n`).join('')}\n`
  }
  writeFileSync('/tmp/cova.log', log)
})
