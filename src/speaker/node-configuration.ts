import type { AnnounceProblem } from '../announce/eligibility.ts'
import { unreachable } from '../model/unreachable.ts'
import { type StateObject, sayConfiguration } from '../watch/configuration-state.ts'
import { withTimeLimit } from '../watch/time-limit.ts'
import { failed, LIMIT_MS, LONGEST_LABEL, type Writer } from './status-api.ts'
import { type Round, StatusRounds } from './status-rounds.ts'

interface Options extends Writer {
  /** Gets why the object does not say what it should; undefined when it does again. */
  readonly tell: (reason: string | undefined) => void
}

/** The ways of announcing. Each of them reads the objects. */
type Way = 'layer2' | 'bgp'

/** The kinds of objects that say what is announced, and how. */
const KINDS =
  /^(IPAddressPool|L2Advertisement|BGPPeer|BGPAdvertisement|BFDProfile|Community|ConfigMap)\//

/**
 * Tells in the ConfigurationState `speaker-<node>` (metallb.io/v1beta1) whether the objects of announcing
 * are as they should be, as this node reads them. It is written only where it differs, and not at all
 * where the kind is missing. Where this node announces no more, it stays as it is until its Pod goes.
 */
export class NodeConfiguration {
  readonly #options: Options
  readonly #object: StateObject
  readonly #rounds: StatusRounds
  readonly #judged: Map<Way, string> = new Map()
  #ways: readonly Way[] = []
  /** What is wrong; undefined where this node does not announce, or has not read all objects yet. */
  #wanted: readonly string[] | undefined

  constructor(options: Options) {
    this.#options = options
    this.#object = objectOf(options)
    this.#rounds = new StatusRounds({
      round: (signal) => this.#round(signal),
      what: `the ConfigurationState ${this.#object.name}`,
      tell: options.tell,
    })
  }

  /** Takes in which ways this node announces from now on. */
  follow(ways: readonly Way[]): void {
    for (const way of this.#judged.keys()) if (!ways.includes(way)) this.#judged.delete(way)
    this.#ways = ways
    this.#settle()
  }

  /** Takes everything that is wrong with objects for one way of announcing. */
  judge(way: Way, problems: readonly AnnounceProblem[]): void {
    if (!this.#ways.includes(way)) return
    const ours = problems.filter(({ object }) => KINDS.test(object))
    const text = JSON.stringify(ours.map(({ object, message }) => `${object}: ${message}`))
    if (text === this.#judged.get(way)) return
    this.#judged.set(way, text)
    this.#settle()
  }

  /** Writes after every change, until `signal` aborts. Never rejects. */
  run(signal: AbortSignal): Promise<void> {
    return this.#rounds.run(signal)
  }

  /** What one way has not read yet would seem to be mended for a moment. */
  #settle(): void {
    if (this.#ways.length === 0) this.#wanted = undefined
    const texts = this.#ways.map((way) => this.#judged.get(way))
    if (texts.length === 0 || texts.includes(undefined)) return
    const messages = texts.flatMap((text): readonly string[] => JSON.parse(text ?? '[]'))
    const wanted = [...new Set(messages)].sort()
    if (JSON.stringify(wanted) === JSON.stringify(this.#wanted)) return
    this.#wanted = wanted
    this.#rounds.changed()
  }

  async #round(signal: AbortSignal): Promise<Round> {
    // Where this node has ceased to announce, another program may, and write the object.
    if (this.#wanted === undefined) return { kind: 'right' }
    const outcome = await sayConfiguration(this.#object, this.#wanted, (call) =>
      withTimeLimit(LIMIT_MS, signal, (limited) =>
        this.#options.client.fetch({ ...call, signal: limited }),
      ),
    )
    switch (outcome.kind) {
      case 'right':
        return { kind: outcome.isOwn ? 'right' : 'passing' }
      case 'no-kind':
        return { kind: 'right' }
      case 'written':
      case 'overtaken':
        return { kind: 'written' }
      case 'failed':
        return failed(outcome.answer)
      default:
        return unreachable(outcome)
    }
  }
}

function objectOf({ namespace, node, pod }: Writer): StateObject {
  return {
    ...{ namespace, name: `speaker-${node}`, pod },
    labels: {
      'metallb.io/component-type': 'speaker',
      ...(node.length <= LONGEST_LABEL && { 'metallb.io/node-name': node }),
    },
    condition: 'configReconcilerValid',
    fine: 'The objects of announcing are as they should be',
  }
}
