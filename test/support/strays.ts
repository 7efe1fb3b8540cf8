import { execa } from 'execa'
import type { Lab } from './lab.ts'
import type { Namespace } from './topology.ts'

/** A segment that leaves with a number that is far outside the window. */
export interface Stray {
  /** How many segments of data left unchanged after it. */
  soundOnes(): Promise<number>
  remove(): Promise<void>
}

/**
 * Moves the next segment of data to the other end of the numbers; TCP sends it again, unchanged.
 * `match` is nft's, as in `tcp dport 80`, and says which segments of a namespace.
 */
export async function sendStray(lab: Lab, from: Namespace, match: string): Promise<Stray> {
  const nft = async (args: readonly string[], input = ''): Promise<string> => {
    const command = ['netns', 'exec', lab.namespace(from), 'nft', ...args]
    return (await execa('ip', command, { input })).stdout
  }
  const data = `${match} tcp flags & psh == psh`
  await nft(
    ['-f', '-'],
    `table inet strays {
  chain output {
    type filter hook output priority -400
    ${data} limit rate 1/day burst 1 packets tcp sequence set tcp sequence ^ 0x80000000 counter accept
    ${data} counter
  }
}
`,
  )
  return {
    async soundOnes() {
      const listed = await nft(['list', 'chain', 'inet', 'strays', 'output'])
      const counters = [...listed.matchAll(/counter packets (\d+)/g)]
      const [strays = 0, sound = 0] = counters.map((found) => Number(found[1]))
      return strays === 0 ? 0 : sound
    },
    async remove() {
      await nft(['delete', 'table', 'inet', 'strays'])
    },
  }
}
