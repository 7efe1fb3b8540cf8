// One client with one port: node talker.mjs PROTOCOL HOST PORT LOCAL-ADDRESS LOCAL-PORT. Says
// something for each line on stdin, and prints who answered, or what came instead.
import { createSocket } from 'node:dgram'
import { connect, isIPv6 } from 'node:net'
import { createInterface } from 'node:readline'

const [protocol, host, port, localAddress, localPort] = process.argv.slice(2)
const PATIENCE = 2_000
let heard = () => {}

const say = await (protocol === 'udp' ? overUdp() : overTcp())
for await (const _ of createInterface({ input: process.stdin })) {
  const answer = new Promise((resolve) => {
    heard = resolve
  })
  const timer = setTimeout(() => heard('silence'), PATIENCE)
  say()
  process.stdout.write(`${await answer}\n`)
  clearTimeout(timer)
}
process.exit(0)

/** Connected, for only such a socket hears that its port is unreachable. */
function overUdp() {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
  socket.on('message', (message) => heard(JSON.parse(message).pod))
  socket.on('error', (error) => heard(error.code))
  return new Promise((resolve) => {
    socket.bind(Number(localPort), localAddress, () => {
      socket.connect(Number(port), host, () => resolve(() => socket.send('who?\n')))
    })
  })
}

/** The pod greets, then echoes. */
function overTcp() {
  return new Promise((resolve) => {
    const socket = connect({ host, port, localAddress, localPort: Number(localPort) })
    let pod
    createInterface({ input: socket })
      .on('line', (line) => {
        if (pod !== undefined) return heard(pod)
        pod = JSON.parse(line).pod
        resolve(() => socket.write('still there?\n'))
      })
      .on('error', () => {})
    socket.on('error', (error) => heard(error.code))
    socket.on('close', () => heard('closed'))
  })
}
