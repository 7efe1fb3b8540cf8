import type { MemberState } from '../announce/member.ts'
import type { Address } from '../model/address.ts'

/** Where an address is answered for, and for which Services. */
interface Place {
  readonly address: Address
  readonly interface: string
  readonly services: readonly string[]
}

/** What is reported of announcing on layer 2. */
export type SpeakerNews =
  /** Who answers: the kernel, or this process, and then why. */
  | { readonly event: 'responder-chosen'; readonly responder: string; readonly reason?: string }
  /** Nothing can be announced by this node, such as because the kernel refuses. */
  | { readonly event: 'announcing-failed'; readonly reason: string }
  | { readonly event: 'announcing-resumed' }
  /** The switch was not renewed in time, so the node had fallen silent. */
  | { readonly event: 'announcing-interrupted' }
  /** `from`: the Node that handed it over; absent if the wire was silent. */
  | ({ readonly event: 'announce-taken'; readonly from?: string } & Place)
  /** `to`: the Node that answers now; absent if nobody may, or the interface is gone. */
  | ({ readonly event: 'announce-given'; readonly to?: string } & Place)
  /** This node is the owner, and waits: a member answers, a stranger, or the kernel refused. */
  | ({
      readonly event: 'announce-held'
      readonly mac?: string
      /** The Node that answers. */
      readonly holder?: string
    } & Place)
  | ({ readonly event: 'announce-conflict'; readonly mac: string } & Place)
  | ({ readonly event: 'announce-refused' } & Place)
  /** It answered, and stopped because another member answers as well, or may. */
  | ({ readonly event: 'announce-withdrawn'; readonly mac?: string } & Place)
  /** It answers, and one that is no member claims the address. */
  | ({ readonly event: 'announce-disputed'; readonly mac: string } & Place)
  /** One that is no member had the address or claimed it; this node answers, and that one no longer does. */
  | ({ readonly event: 'announce-undisputed'; readonly mac: string } & Place)
  /** This node now announces an address of the Service, and did not before; or the opposite. */
  | { readonly event: 'service-announced'; readonly service: string }
  | { readonly event: 'service-not-announced'; readonly service: string }
  /** The ServiceL2Statuses in the API server are not what they should be. */
  | { readonly event: 'statuses-not-written'; readonly reason: string }
  | { readonly event: 'statuses-written' }
  /** The ConfigurationState of this node in the API server is not what it should be. */
  | { readonly event: 'configuration-state-not-written'; readonly reason: string }
  | { readonly event: 'configuration-state-written' }
  | { readonly event: 'interface-refused'; readonly interface: string; readonly reason: string }
  | { readonly event: 'interface-accepted'; readonly interface: string }
  | { readonly event: 'member-changed'; readonly member: string; readonly state: MemberState }
  /** Beats cannot be sent or believed; addresses stay where they are. */
  | { readonly event: 'members-problem'; readonly about: MembersTrouble; readonly reason: string }
  | { readonly event: 'members-in-order'; readonly about: MembersTrouble }
  /** All problems of one object, such as an advertisement that names a pool which is not there. */
  | {
      readonly event: 'announce-problem'
      readonly object: string
      readonly problems: readonly string[]
    }
  | { readonly event: 'announce-in-order'; readonly object: string }
  | { readonly event: 'bug'; readonly reason: string }

/** The key, the port, or beats of a Node that are signed with another key. */
type MembersTrouble = 'key' | 'port' | 'foreign-key'

export type TellSpeaker = (news: SpeakerNews) => void
