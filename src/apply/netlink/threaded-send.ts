import koffi from 'koffi'
import { errnoName } from './netlink-error.ts'

type Send = (fd: number, bytes: Buffer, length: number, flags: number) => number
type Sent = (error: Error | null, length: number) => void
/** What koffi makes of a C function. */
type Callable = Send & {
  readonly async: (...call: [...parameters: Parameters<Send>, ended: Sent]) => void
}

let loaded: Callable | undefined

/**
 * Node.js is linked with libc, so its own symbols suffice; they are loaded when something is sent.
 */
function libcSend(): Callable {
  loaded ??= koffi.load(null).func('long send(int, const void *, size_t, int)') as Callable
  return loaded
}

/**
 * Sends from a thread of libuv's pool, because the kernel may take long before the call returns.
 * The event loop then calls `sent`, with the error code if sending failed (EMSGSIZE if only a part
 * was sent). The descriptor has to stay open until then.
 */
export function sendFromThread(fd: number, frame: Buffer, sent: (code?: string) => void): void {
  libcSend().async(fd, frame, frame.length, 0, (error, length) => {
    if (error !== null) sent('EIO')
    else if (length === frame.length) sent()
    else sent(length < 0 ? errnoName(koffi.errno()) : 'EMSGSIZE')
  })
}
