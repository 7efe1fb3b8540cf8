/** Sent to this MAC address, a frame reaches everybody on the LAN. */
export const BROADCAST = 'ff:ff:ff:ff:ff:ff'

/** Returns 6 bytes as `02:00:00:00:00:01`. */
export function macText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':')
}

/** Returns the 6 bytes of a MAC address that `macText` wrote. */
export function macBytes(mac: string): Uint8Array {
  return Uint8Array.from(mac.split(':'), (byte) => Number.parseInt(byte, 16))
}
