import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest'
import { ApiServer } from '../e2e/support/apiserver.ts'
import { Lab } from '../support/lab.ts'
import { blocksOf, isShell } from '../support/pages.ts'
import { commandsOf } from '../support/shell-words.ts'
import { Cluster } from './cluster.ts'
import { API_SERVER, Kubelet } from './kubelet.ts'
import { Newcomer } from './newcomer.ts'

// What README says below "Install", done as a newcomer does it: the commands as they stand there, real helm and
// kubectl on a real API server, the image that the first of them builds, and a client on the LAN of the node.

const blocks = blocksOf('README.md')
const commands = blocks.find((block) => isShell(block) && block.text.includes('helm install'))
const pool = blocks.find(({ language }) => language === 'yaml')

let server: ApiServer
let lab: Lab
let kubelet: Kubelet
let cluster: Cluster
let newcomer: Newcomer
const folder = mkdtempSync(join(tmpdir(), 'nodelb-readme-'))

beforeAll(async () => {
  server = await ApiServer.start({ addresses: [API_SERVER.host] })
  lab = await Lab.build()
  newcomer = await Newcomer.at(server, folder, lab.namespace('client'))
  kubelet = new Kubelet(server, folder, () => newcomer.images())
  cluster = new Cluster(server, lab, kubelet)
  await cluster.prepare()
}, 600_000)

afterAll(async () => {
  await cluster?.end()
  await lab?.remove()
  await server?.stop()
  rmSync(folder, { recursive: true })
})

test('README leads to an address that answers with five commands', async () => {
  onTestFailed(() => console.error(kubelet.transcript()))
  const { text } = commands ?? { text: '' }
  expect(commandsOf(text).map(([program]) => program)).toEqual([
    'docker',
    'helm',
    'kubectl',
    'kubectl',
    'curl',
  ])
  newcomer.write('pool.yaml', pool?.text ?? '')
  const [said] = await Promise.all([newcomer.type(text), cluster.follow()])
  expect(said.trimEnd().split('\n').at(-1)).toMatch(/^pod-[ab]$/)

  const services = await newcomer.type('kubectl get services web')
  expect(services).toMatch(/^web +LoadBalancer +\S+ +192\.168\.1\.240 +80:/m)
  const status = await kubelet.exec('nodelb-x7k2p', ['nodelb', 'status'])
  expect(status).toMatch(/^default\/web +192\.168\.1\.240 +80 +2 +serves$/m)
}, 900_000)
