import type { BgpSecret } from '../../announce/bgp/password.ts'
import { SecretText } from '../../announce/bgp/secret-text.ts'
import type { AnnouncingInput } from '../../watch/files/read-announcing.ts'

/**
 * Returns the input as it would be with every Secret that a BGPPeer names: passwords are not read, and
 * which address is announced to which peer does not depend on what they are.
 */
export function withAssumedSecrets(input: AnnouncingInput): AnnouncingInput {
  const named = input.bgp.peers.flatMap(({ password }): readonly BgpSecret[] => {
    if (password.kind !== 'secret') return []
    const type = 'kubernetes.io/basic-auth'
    return [{ name: password.secret, type, password: new SecretText('not-read') }]
  })
  const secrets = new Map(named.map((secret) => [secret.name, secret]))
  return { ...input, bgp: { ...input.bgp, secrets } }
}
