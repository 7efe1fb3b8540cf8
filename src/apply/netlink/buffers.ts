import type { RawSocket } from './raw-socket.ts'

/**
 * Bytes of the receive buffer that one queued error takes; the kernel doubles what is asked for.
 */
const ERROR_COST = 1024
/** Bytes of the send buffer that the kernel keeps for itself. */
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

  /**
   * Makes both buffers large enough if the kernel allows it; returns how many bytes may be sent.
   */
  makeRoom(bytes: number, requests: number): number {
    if (bytes > this.#sendLimit) this.#sendLimit = this.#raw.resize('send', bytes) - SEND_RESERVE
    if (requests * ERROR_COST > this.#receive) {
      this.#receive = requests * ERROR_COST
      this.#raw.resize('receive', this.#receive)
    }
    return this.#sendLimit
  }
}
