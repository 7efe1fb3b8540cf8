import type { RawSocket } from './raw-socket.ts'

/** What one queued error costs of the receive buffer; the kernel doubles what is asked for. */
const ERROR_COST = 1024
/** The kernel keeps this much of the send buffer for itself. */
const SEND_RESERVE = 32

/** The two buffers of a socket, which grow with what is sent. */
export class Buffers {
  readonly #raw: Pick<RawSocket, 'resize'>
  #sendLimit = 0
  #receive: number

  /** `receive`: bytes of the receive buffer as it was opened. */
  constructor(raw: Pick<RawSocket, 'resize'>, receive: number) {
    this.#raw = raw
    this.#receive = receive
  }

  /** Makes both large enough if the kernel lets us; returns how much may be sent. */
  makeRoom(bytes: number, requests: number): number {
    if (bytes > this.#sendLimit) this.#sendLimit = this.#raw.resize('send', bytes) - SEND_RESERVE
    if (requests * ERROR_COST > this.#receive) {
      this.#receive = requests * ERROR_COST
      this.#raw.resize('receive', this.#receive)
    }
    return this.#sendLimit
  }
}
