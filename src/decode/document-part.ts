/** What documents come as if a long List among them comes item by item. */
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
