// The part of the demo with a LAN: three nodes, a client, and a node that dies.
import { register } from 'tsx/esm/api'

register()
const { RealLan } = await import('../test/support/real-lan.ts')
const { lanAddress } = await import('../test/support/real-lan-files.ts')

const nodes = ['n1', 'n2', 'n3']
const address = lanAddress(0)
const client = '192.0.2.4'

/** `stage` has the ways of the demo to say something, and to keep its promises. */
export async function showLan(stage) {
  const { say, step, promise, pc } = stage
  await step('A LAN of three nodes: for each address one answers, and the others stand by')
  const lan = await RealLan.build({ nodes, services: 1 })
  try {
    say(pc.dim(`    client ${client} ─── LAN ─┬─ n1 192.0.2.1`))
    say(pc.dim('                              ├─ n2 192.0.2.2'))
    say(pc.dim('                              └─ n3 192.0.2.3'))
    say(`    Service shop/web-0 has ${address} of a pool; an L2Advertisement is for that pool`)
    await Promise.all(nodes.map((name) => lan.start(name)))
    await lan.watch([address])
    const { owner, others } = await settled(lan)
    say(`    ${pc.dim('$')} ${pc.cyan(`arping -c 1 ${address}`)}`)
    const reply = (await arping(lan)).replace(lan.mac(owner), `${lan.mac(owner)} is ${owner}`)
    promise(reply.includes(owner), `${owner} did not answer: ${reply}`)
    say(`    ${reply}`)
    say(`    ${pc.dim('$')} ${pc.cyan('nodelb status')} ${pc.dim(`on ${owner}`)}`)
    for (const line of await lan.announcing(owner)) say(`    ${line}`)
    const question = `nodelb explain --from ${client} --to ${address}:80`
    say(`    ${pc.dim('$')} ${pc.cyan(question)} ${pc.dim(`-f … on ${others[0]}`)}`)
    for (const line of await lan.explained(others[0], client, `${address}:80`)) say(`    ${line}`)

    await step(`${owner} dies, while a client connects 100 times a second`)
    await lan.report()
    await lan.cable(owner, 'out')
    await lan.agent(owner).end('SIGKILL')
    await Promise.race(others.map((name) => lan.until(address, name)))
    const { silence } = await lan.report()
    const taker = (await lan.holders())[address]
    say(`    ${taker} answers: for ${Math.round(silence)} ms nobody did`)
    const { connections, lost } = await later(lan)
    promise(lost === 0, `${lost} of ${connections} connections were lost after ${taker} answered`)
    say(`    ${connections} connections since: none is lost`)
    say(`    ${pc.dim('$')} ${pc.cyan('nodelb status')} ${pc.dim(`on ${taker}`)}`)
    for (const line of await lan.announcing(taker)) say(`    ${line}`)
  } finally {
    await lan.remove()
  }
}

async function settled(lan) {
  for (const name of nodes) await lan.announces(name, ({ settled: is }) => is)
  const whole = ({ members }) => members.length === 2 && members.every((each) => each.settled)
  const { addresses } = await lan.announces('n1', whole)
  const [owner, ...others] = addresses.find((each) => each.address === address).candidates
  await lan.until(address, owner)
  return { owner, others }
}

async function arping(lan) {
  const printed = await lan.run('client', ['arping', '-c', '1', '-I', 'eth0', address])
  return printed.split('\n').find((line) => line.includes('reply')) ?? printed
}

/** What became of connections, once there are enough of them. */
async function later(lan) {
  let [connections, lost] = [0, 0]
  while (connections < 50) {
    const report = await lan.report()
    connections += report.connections
    lost += report.lost
  }
  return { connections, lost }
}
