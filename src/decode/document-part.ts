/** A part of a text with documents: a whole one, or of a long List first what it is, and then each of its items. */
export type DocumentPart =
  | { readonly kind: 'document'; readonly value: unknown }
  /** A List, without its items: they come next. */
  | { readonly kind: 'list'; readonly envelope: ListEnvelope }
  | { readonly kind: 'item'; readonly value: unknown }

/** The fields by which a List tells what its items are. */
export interface ListEnvelope {
  readonly apiVersion: string
  readonly kind: string
}
