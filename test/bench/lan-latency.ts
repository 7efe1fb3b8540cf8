// Asks for addresses one question after the other, and prints how long each answer took, as JSON. It
// runs in the namespace of the asker: MAC INDEX COUNT ADDRESS... It takes the addresses in turn, so that
// what disturbs this machine disturbs all of them alike.
import { parseFrame } from '../../src/announce/frames.ts'
import { openPacketSocket } from '../../src/apply/packet/packet-socket.ts'
import { ANSWERS } from '../support/lan-asker.ts'
import { arp, macOption, ndp } from '../support/link-frames.ts'
import { median, percentile } from './statistics.ts'

const [mac = '', index = '', count = '', ...addresses] = process.argv.slice(2)
/** An answer that has not come after so many milliseconds is lost. */
const PATIENCE_MS = 200

let isAnswered = false
const socket = openPacketSocket({
  index: Number(index),
  filter: ANSWERS,
  received: (bytes) => {
    isAnswered = parseFrame(bytes) !== undefined
  },
  broke: (code) => {
    throw new Error(code)
  },
})

function question(target: string): Buffer {
  if (!target.includes(':')) return arp({ source: mac, operation: 1, sender: '10.9.0.1', target })
  const option = macOption(1, mac)
  return ndp({ sourceMac: mac, source: 'fe80::9:1', type: 135, target, option })
}

/** Returns the microseconds until the answer; undefined if there was none. */
function ask(frame: Buffer): number | undefined {
  isAnswered = false
  const began = performance.now()
  socket.send(frame)
  for (;;) {
    socket.drain()
    const passed = performance.now() - began
    if (isAnswered) return passed * 1000
    if (passed > PATIENCE_MS) return undefined
  }
}

const frames = addresses.map((address) => ({
  address,
  frame: question(address),
  took: [] as number[],
}))
let lost = 0
for (let round = 0; round < Number(count); round++) {
  for (const { frame, took } of frames) {
    const time = ask(frame)
    if (time === undefined) lost += 1
    else took.push(time)
  }
}
const took = frames.map(({ took }) => ({ half: median(took), most: percentile(took, 0.99) }))
console.log(JSON.stringify({ lost, took }))
socket.close()
